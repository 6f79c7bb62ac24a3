/**
 * The state of a hunt as control stores it, beside the definition's text: one
 * row, with its key and the version of its form. Organisers' changes go through
 * `change`, so that each has a revision of its own and is told to everyone.
 */
import type { Phase, PhaseState } from "../hunt/phase.ts";
import type { PrizeChanges } from "../hunt/prize-changes.ts";
import type { Announcement } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";

const KEY = "state";

/** The form of the row. A row without `v` was written before there were versions, and has form 1. */
const FORM = 1;

export interface HuntState {
  /** Grows with each change; an object that knows a higher one ignores a lower one. */
  revision: number;
  /** Of the definition. */
  version: number;
  phase: PhaseState;
  /** Those that shards are told; all are in a table of their own (announcements.ts). */
  announcements: Announcement[];
  /** Shards that took part so far. */
  shards: string[];
  /** Active shards per region: new teams land on 0 … n − 1. */
  shardsPerRegion: number;
  /** The key that made the hunt's printed codes: it stays when the ring turns. */
  codeKey: string;
  /** The pepper that shards' answers were digested with at the last publication. Absent before that was noted. */
  pepper?: string;
  /** Of the prize draws: made once, public after the end. Absent in hunts published before there were prizes. */
  drawSeed?: string;
  prizes?: PrizeChanges;
  format: "json" | "yaml";
  /** The last fan-out reached everyone. */
  told: boolean;
}

/** The phases that an organiser can set. */
export type PhaseByHand = Exclude<Phase, "draft">;

interface StateDeps {
  texts: Pick<StoredText, "read" | "write">;
  /** Called with every change, in the same turn: the alarm it sets is as durable as the change. */
  changed(): void;
}

export class StateStore {
  readonly #deps: StateDeps;
  #state: HuntState | undefined;

  constructor(deps: StateDeps) {
    this.#deps = deps;
    const text = deps.texts.read(KEY);
    if (text !== undefined) this.#state = readState(text);
  }

  /** Undefined: the hunt was never published. */
  get current(): Readonly<HuntState> | undefined {
    return this.#state;
  }

  get shards(): readonly string[] {
    return this.#state?.shards ?? [];
  }

  /** The first publication. */
  create(state: Omit<HuntState, "revision" | "told">): void {
    this.#write({ ...state, revision: 1, told: false });
    this.#deps.changed();
  }

  /** A change that everyone must be told of. */
  change(changes: Partial<Omit<HuntState, "revision" | "told">>): void {
    const state = this.#existing();
    this.#write({ ...state, ...changes, revision: state.revision + 1, told: false });
    this.#deps.changed();
  }

  /** Something that only control itself needs to know: no revision, and nobody is told. */
  note(notes: Partial<Pick<HuntState, "shards" | "drawSeed" | "told" | "pepper">>): void {
    this.#write({ ...this.#existing(), ...notes });
  }

  #existing(): HuntState {
    if (!this.#state) throw new Error("a hunt that does not exist cannot change");
    return this.#state;
  }

  #write(state: HuntState): void {
    this.#state = state;
    this.#deps.texts.write(KEY, JSON.stringify({ v: FORM, ...state }));
  }
}

/** The row's state; throws for a form that only a newer engine knows. */
export function readState(text: string): HuntState {
  const { v, ...state } = JSON.parse(text) as HuntState & { v?: number };
  assertKnownForm("the hunt's state", { v }, FORM);
  return state;
}
