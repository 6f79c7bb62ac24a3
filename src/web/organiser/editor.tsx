/**
 * Writing a definition: CodeMirror with completion from the engine's own JSON
 * Schema and the engine's own judgement while one types. In a shadow root,
 * because there its styles are adopted sheets, which the pages' policy allows.
 */

import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { signal } from "@preact/signals";
import { basicSetup } from "codemirror";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Published } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Issue } from "../../contract/problem.ts";
import { call, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { clueIdsIn } from "./clue-ids.ts";
import { keysAt, pathAt, type Schema, valuesAt } from "./complete.ts";
import { Conflict, type Theirs } from "./conflict.tsx";
import { numberOf, onlyEnds, put, readDefinition, readHunt } from "./definition.ts";
import { askFor } from "./dialog.tsx";
import { forgetDraft, keepDraft, readDraft, whileTyping } from "./drafts.ts";
import { engineText, issueLine, issueText, issueWords } from "./engine.ts";
import { placed } from "./issue-lines.ts";
import { PHRASES } from "./messages/editor/phrases.ts";
import { PreviewPane } from "./preview.tsx";
import { Consequences, type Plan, planOf } from "./publishing.tsx";
import { attempt, tell } from "./state.ts";
import { ToldAt } from "./told.tsx";
import { IssueWords } from "./words.tsx";

/** How long nothing is typed before the engine is asked, ms. */
const PAUSE = 600;

/** An issue, and the line it is on. */
type Listed = Issue & { line: number };

/** What the page knows of a definition that is being changed. */
class Work {
  readonly issues = signal<readonly Listed[]>([]);
  readonly warnings = signal<readonly Listed[]>([]);
  /** Before the first check nothing is known to be right. */
  readonly state = signal<"checking" | "checked">("checking");
  /** Its ETag; undefined: not known. */
  readonly version = signal<string | undefined>(undefined);
  readonly theirs = signal<Theirs | undefined>(undefined);
  readonly drafted = signal(false);
  /** The text that was checked last. */
  readonly checked = signal("");
  /** The text as the engine has it, where that is known. */
  published = "";
}

/** By hunt: a check or a publication may end after the reader went to the editor of another one. */
const works = new Map<string, Work>();

function workOf(hunt: string): Work {
  const work = works.get(hunt) ?? new Work();
  works.set(hunt, work);
  return work;
}

async function check(hunt: string, view: EditorView): Promise<void> {
  const { issues, warnings, state, checked } = workOf(hunt);
  const text = view.state.doc.toString();
  state.value = "checking";
  let bad: readonly Issue[] = [];
  let doubtful: readonly Issue[] = [];
  try {
    const told = await put(hunt, text, { dryRun: true });
    doubtful = told.warnings;
    noticeTheirs(hunt, `"${told.version}"`);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    bad = error.issues.length > 0 ? error.issues : [{ path: "", code: error.code, message: error.message }];
  }
  // What was typed meanwhile is checked by itself.
  if (view.state.doc.toString() !== text) return;
  const errors = placed(text, bad);
  const hints = placed(text, doubtful);
  const diagnostics = [...errors, ...hints].map(
    ({ issue, from, to }): Diagnostic => ({
      from,
      to,
      severity: bad.includes(issue) ? "error" : "warning",
      message: `${wordsOf(issue)} (${issue.code})`,
    }),
  );
  view.dispatch(setDiagnostics(view.state, diagnostics));
  checked.value = text;
  issues.value = errors.map(({ issue, line }) => ({ ...issue, line }));
  warnings.value = hints.map(({ issue, line }) => ({ ...issue, line }));
  state.value = "checked";
}

/** A refusal without issues is listed with them, by the problem's code. */
const wordsOf = (issue: Issue): string =>
  issueText({ ...issue, message: engineText("problem", issue.code, issue.message) });

/** `now`: ETag of the published version. */
function noticeTheirs(hunt: string, now: string): void {
  const { version, theirs } = workOf(hunt);
  const base = version.value;
  // The result of a check may come after this page published.
  if (base === undefined || numberOf(now) <= numberOf(base) || theirs.value?.version === now) return;
  theirs.value = { version: now };
}

function completer(schema: Promise<Schema>) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const root = await schema;
    const lines = context.state.doc.toString().split("\n");
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const value = /^(\s*(?:- )*)([A-Za-z][\w-]*):\s+(\S*)$/.exec(before);
    if (value) {
      const options = valuesAt(root, [...pathAt(lines, line.number - 1), value[2] ?? ""]);
      return options.length === 0 ? null : { from: context.pos - (value[3] ?? "").length, options };
    }
    const key = /^\s*(?:- )*([\w-]*)$/.exec(before);
    if (!key || (key[1] === "" && !context.explicit)) return null;
    const options = keysAt(root, pathAt(lines, line.number - 1)).map(({ label, detail }) => ({
      label,
      apply: `${label}: `,
      info: detail,
    }));
    return { from: context.pos - (key[1] ?? "").length, options };
  };
}

const LOOK = EditorView.theme({
  "&": { fontSize: "15px", height: "65vh", color: "inherit" },
  ".cm-scroller": { fontFamily: "ui-monospace, Menlo, Consolas, monospace", lineHeight: "1.5" },
  ".cm-gutters": { background: "transparent", color: "inherit", opacity: "0.75", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "rgb(128 128 128 / 14%)" },
  ".cm-tooltip": { background: "var(--card)", color: "var(--ink)", border: "1px solid var(--line)" },
  "&.cm-focused": { outline: "3px solid var(--focus)" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
});

/** Colours of the pages, which are readable on light and on dark. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--focus)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--ink-soft)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.keyword, tags.atom], color: "var(--warn)" },
]);

/** Keeps what is being written until it is published or the tab is closed. */
function keepText(hunt: string, text: string): void {
  const { published, version } = workOf(hunt);
  if (text === published) forgetDraft(hunt);
  else keepDraft(hunt, { text, ...(version.value === undefined ? {} : { version: version.value }) });
}

export function Editor({ hunt }: { hunt: string }) {
  const work = workOf(hunt);
  const { issues, warnings, state, version, theirs, drafted, checked } = work;
  const look = state.value === "checking" ? "" : issues.value.length > 0 ? "bad" : "good";
  const here = `edit/${hunt}`;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const [round, setRound] = useState(0);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    let timer = 0;
    let over = false;
    let typed = false;
    const keep = (): void => {
      if (typed && view.current) keepText(hunt, view.current.state.doc.toString());
      typed = false;
    };
    const stopTyping = whileTyping(keep);
    const open = async (): Promise<void> => {
      const draft = readDraft(hunt);
      const { text, version: base } = draft ?? (await readDefinition(hunt));
      if (over) return;
      state.value = "checking";
      version.value = base;
      theirs.value = undefined;
      drafted.value = draft !== undefined;
      work.published = draft === undefined ? text : "";
      const schema = call<Schema>("/schema/hunt.json");
      const made = new EditorView({
        root: shadow,
        parent: shadow,
        state: EditorState.create({
          doc: text,
          extensions: [
            basicSetup,
            yaml(),
            lintGutter(),
            LOOK,
            // On a phone a line that is cut off is as good as lost.
            EditorView.lineWrapping,
            syntaxHighlighting(COLOURS),
            autocompletion({ override: [completer(schema)] }),
            EditorState.phrases.of(Object.fromEntries(PHRASES.map((text) => [text, t(`editor_${text}`)]))),
            EditorView.contentAttributes.of({ "aria-label": t("editor") }),
            EditorView.updateListener.of(({ docChanged }) => {
              if (!docChanged) return;
              typed = true;
              window.clearTimeout(timer);
              timer = window.setTimeout(() => {
                keep();
                void check(hunt, made);
              }, PAUSE);
            }),
          ],
        }),
      });
      // It scrolls, so the keyboard must reach it.
      made.scrollDOM.tabIndex = 0;
      view.current = made;
      void check(hunt, made);
    };
    void attempt(here, "", open);
    return () => {
      over = true;
      window.clearTimeout(timer);
      stopTyping();
      keep();
      view.current?.destroy();
      view.current = undefined;
    };
  }, [hunt, round]);

  const textNow = (): string => view.current?.state.doc.toString() ?? "";

  /** Publishes the text over the version of this ETag; asks first where players would notice. */
  const publish = async (over: string | undefined): Promise<void> => {
    setBusy(true);
    try {
      await publishText(textNow(), over);
    } finally {
      setBusy(false);
    }
  };
  const publishText = async (text: string, over: string | undefined): Promise<void> => {
    let known: Hunt | undefined;
    let plan: Plan | undefined;
    const isPlanned = await attempt(here, "", async () => {
      known = await readHunt(hunt);
      if (known && known.phase !== "draft") plan = await planOf(hunt, text);
    });
    if (!isPlanned) return;
    if (plan && known) {
      const title = t(plan.ends ? "publishEnds" : "publishRunning");
      const confirm = t(plan.ends ? "publishAndEnd" : "publish");
      if (!(await askFor(title, <Consequences plan={plan} phase={known.phase} />, [], confirm))) return;
    }
    let made: Published | undefined;
    await attempt(here, "", async () => {
      try {
        made = await put(hunt, text, { endNow: plan?.ends ?? false, ifMatch: over });
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error;
        theirs.value = { version: (await readDefinition(hunt)).version ?? "" };
      }
    });
    if (!made) return;
    version.value = `"${made.version}"`;
    theirs.value = undefined;
    work.published = text;
    keepText(hunt, view.current ? textNow() : text);
    drafted.value = false;
    tell(here, {
      state: "good",
      text: t("published", { version: made.version }),
      lines: made.warnings.map(issueLine),
    });
    if (view.current) void check(hunt, view.current);
  };
  /** Forgets what was written, and begins with what is published. */
  const begin = (): void => {
    view.current?.destroy();
    view.current = undefined;
    forgetDraft(hunt);
    setRound(round + 1);
  };
  const discard = async (): Promise<void> => {
    if (await askFor(t("discard"), t("discardSure"))) begin();
  };
  const go = (line: number): void => {
    const editor = view.current;
    if (!editor) return;
    const { from } = editor.state.doc.line(Math.min(line, editor.state.doc.lines));
    editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    editor.focus();
  };
  const found = [...issues.value, ...warnings.value];
  const isRefused = issues.value.length > 0 && !onlyEnds(issues.value);
  return (
    <section class="stack">
      <div class="row spread">
        <p role="status" class={`note ${look}`}>
          {state.value === "checking"
            ? t("checking")
            : issues.value.length > 0
              ? t("issues", { count: issues.value.length })
              : t("valid")}
          {warnings.value.length > 0 && ` · ${t("warnings", { count: warnings.value.length })}`}
        </p>
        <button type="button" disabled={isRefused || isBusy} onClick={() => void publish(version.value)}>
          {t("publish")}
        </button>
      </div>
      <ToldAt place={here} />
      {theirs.value && (
        <Conflict
          hunt={hunt}
          theirs={theirs.value}
          mine={textNow}
          seen={(now) => {
            theirs.value = now;
          }}
          take={begin}
          publish={() => void publish(theirs.value?.version)}
        />
      )}
      {drafted.value && (
        <p class="note row spread">
          <span>{t("drafted")}</span>
          <button type="button" class="quiet" onClick={() => void discard()}>
            {t("discard")}
          </button>
        </p>
      )}
      <div ref={place} class="editor" dir="ltr" />
      <PreviewPane
        hunt={hunt}
        text={isRefused || checked.value === "" ? undefined : checked.value}
        clues={clueIdsIn(checked.value)}
      />
      <ul class="issues">
        {found.map((issue) => (
          <li key={`${issue.path}${issue.code}${issue.message}`}>
            <button type="button" class="quiet" onClick={() => go(issue.line)}>
              {t("line", { line: issue.line })} · <code dir="ltr">{issue.path}</code>{" "}
              <span dir="auto">{wordsOf(issue)}</span>
            </button>
            <IssueWords words={issueWords(issue)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
