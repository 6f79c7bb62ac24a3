/** A definition that is being changed: its text, and what the engine says of it. One a hunt, whatever view shows it. */
import { signal } from "@preact/signals";
import type { Issue } from "../../contract/problem.ts";
import { Problem } from "../shared/api.ts";
import type { Theirs } from "./conflict.tsx";
import { numberOf, put, readDefinition } from "./definition.ts";
import { History } from "./document/history.ts";
import { forgetDraft, keepDraft, readDraft } from "./drafts.ts";
import { engineText, issueText } from "./engine.ts";

/** How long nothing is typed before the engine is asked, ms. */
export const PAUSE = 600;

export class Work {
  readonly hunt: string;
  /** Undefined: not read yet. */
  readonly text = signal<string | undefined>(undefined);
  readonly issues = signal<readonly Issue[]>([]);
  readonly warnings = signal<readonly Issue[]>([]);
  /** Before the first check nothing is known to be right. */
  readonly state = signal<"checking" | "checked">("checking");
  /** Its ETag; undefined: not known. */
  readonly version = signal<string | undefined>(undefined);
  readonly theirs = signal<Theirs | undefined>(undefined);
  readonly drafted = signal(false);
  /** Grows with each step of the history, so that buttons are drawn anew. */
  readonly steps = signal(0);
  /** The text as the engine has it, where that is known. */
  published = "";
  history = new History();
  #timer = 0;
  #isKept = true;

  constructor(hunt: string) {
    this.hunt = hunt;
  }

  /** Reads what was being written, else what is published. Throws `Problem`. */
  async open(): Promise<void> {
    const draft = readDraft(this.hunt);
    const { text, version } = draft ?? (await readDefinition(this.hunt));
    this.history = new History();
    this.version.value = version;
    this.theirs.value = undefined;
    this.drafted.value = draft !== undefined;
    this.published = draft === undefined ? text : "";
    this.#isKept = true;
    this.text.value = text;
    void this.check();
  }

  /** `about`: what changes it; changes of the same within a moment are one step back. */
  change(text: string, about: string): void {
    const before = this.text.peek();
    if (before === undefined || before === text) return;
    this.history.record(before, about, Date.now());
    this.#become(text);
  }

  undo(): void {
    this.#step((now) => this.history.undo(now));
  }

  redo(): void {
    this.#step((now) => this.history.redo(now));
  }

  #step(of: (now: string) => string | undefined): void {
    const text = of(this.text.peek() ?? "");
    if (text !== undefined) this.#become(text);
  }

  #become(text: string): void {
    this.text.value = text;
    this.steps.value += 1;
    this.#isKept = false;
    this.state.value = "checking";
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.keep();
      void this.check();
    }, PAUSE);
  }

  /** Keeps what was written until it is published or the tab is closed. */
  keep(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    const text = this.text.peek() ?? "";
    const version = this.version.peek();
    if (text === this.published) forgetDraft(this.hunt);
    else keepDraft(this.hunt, { text, ...(version === undefined ? {} : { version }) });
  }

  /** The text was published as this version. */
  accepted(text: string, version: number): void {
    this.version.value = `"${version}"`;
    this.theirs.value = undefined;
    this.published = text;
    this.#isKept = false;
    this.keep();
    this.drafted.value = false;
    void this.check();
  }

  /** Forgets what was written, and begins with what is published. Throws `Problem`. */
  async begin(): Promise<void> {
    window.clearTimeout(this.#timer);
    this.#isKept = true;
    forgetDraft(this.hunt);
    await this.open();
  }

  /** Asks the engine what it thinks of the text. */
  async check(): Promise<void> {
    const text = this.text.peek();
    if (text === undefined) return;
    this.state.value = "checking";
    let bad: readonly Issue[] = [];
    let doubtful: readonly Issue[] = [];
    try {
      const told = await put(this.hunt, text, { dryRun: true });
      doubtful = told.warnings;
      this.#noticeTheirs(`"${told.version}"`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      bad = error.issues.length > 0 ? error.issues : [{ path: "", code: error.code, message: error.message }];
    }
    // What was typed meanwhile is checked by itself.
    if (this.text.peek() !== text) return;
    this.issues.value = bad;
    this.warnings.value = doubtful;
    this.state.value = "checked";
  }

  /** `now`: ETag of the published version. */
  #noticeTheirs(now: string): void {
    const base = this.version.peek();
    // The result of a check may come after this page published.
    if (base === undefined || numberOf(now) <= numberOf(base)) return;
    if (this.theirs.peek()?.version !== now) this.theirs.value = { version: now };
  }
}

/** By hunt: a check or a publication may end after the reader went to the editor of another one. */
const works = new Map<string, Work>();

export function workOf(hunt: string): Work {
  const work = works.get(hunt) ?? new Work(hunt);
  works.set(hunt, work);
  return work;
}

/** A refusal without issues is listed with them, by the problem's code. */
export const wordsOf = (issue: Issue): string =>
  issueText({ ...issue, message: engineText("problem", issue.code, issue.message) });
