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
import { LineCounter, parseDocument } from "yaml";
import type { Published } from "../../contract/definition.ts";
import type { Issue } from "../../contract/problem.ts";
import { call, fetched, Problem } from "../shared/api.ts";
import { tab } from "../shared/device.ts";
import { t } from "../shared/i18n.ts";
import { hasTexts, objectIn } from "../shared/outside.ts";
import { keysAt, pathAt, type Schema, valuesAt } from "./complete.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, token, told } from "./state.ts";

/** How long nothing is typed before the engine is asked, ms. */
const PAUSE = 600;

/** An issue, and the line it is on. */
interface Placed extends Issue {
  line?: number;
}

const issues = signal<readonly Placed[]>([]);
const warnings = signal<readonly Placed[]>([]);
const state = signal<"checking" | "checked">("checked");
/** Of the definition that is being changed; undefined: there is none yet. */
const version = signal<string | undefined>(undefined);

const TEMPLATE = `format: 1
title: A new hunt
description: What it is about.
teams: { mode: teams, maxSize: 6 }
rounds:
  - { id: first, title: The First Round }
clues:
  - id: beginning
    round: first
    title: The Beginning
    body: What is a sentence **made of**?
    kind: answer
    points: 100
    answers: [word]
`;

const put = (hunt: string, body: string, dryRun: boolean, ifMatch?: string): Promise<Published> =>
  ask<Published>(huntPath(hunt, dryRun ? "?dryRun=true" : ""), {
    method: "PUT",
    body,
    type: body.trimStart().startsWith("{") ? "application/json" : "application/yaml",
    ...(ifMatch === undefined ? {} : { headers: { "if-match": ifMatch } }),
  });

/** Where in the text a dotted path is. */
function placed(
  text: string,
  found: readonly Placed[],
): { issue: Placed; from: number; to: number; line: number }[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, keepSourceTokens: false });
  return found.map((issue) => {
    const steps =
      issue.path === ""
        ? []
        : issue.path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    for (let length = steps.length; length >= 0; length -= 1) {
      const node = document.getIn(steps.slice(0, length), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (!node?.range || length === 0) continue;
      const [from, to] = node.range;
      return { issue, from, to: Math.min(to, text.length), line: counter.linePos(from).line };
    }
    return { issue, from: 0, to: Math.min(1, text.length), line: 1 };
  });
}

async function check(hunt: string, view: EditorView): Promise<void> {
  const text = view.state.doc.toString();
  state.value = "checking";
  let bad: readonly Placed[] = [];
  let doubtful: readonly Placed[] = [];
  try {
    ({ warnings: doubtful } = await put(hunt, text, true));
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
      message: `${issue.message} (${issue.code})`,
    }),
  );
  view.dispatch(setDiagnostics(view.state, diagnostics));
  issues.value = errors.map(({ issue, line }) => ({ ...issue, line }));
  warnings.value = hints.map(({ issue, line }) => ({ ...issue, line }));
  state.value = "checked";
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

/** What is being written, kept until it is published or the tab is closed. */
interface Draft {
  text: string;
  /** The version it changes. */
  version?: string;
}

const draftKey = (hunt: string): string => `draft/${hunt}`;

function readDraft(hunt: string): Draft | undefined {
  const kept = objectIn(tab.recall(draftKey(hunt)));
  if (!hasTexts(kept, "text")) return undefined;
  return { text: String(kept.text), ...(hasTexts(kept, "version") ? { version: String(kept.version) } : {}) };
}

/** The definition as the engine has it, where that is known. */
let published = "";

function keepDraft(hunt: string, text: string): void {
  if (text === published) {
    tab.forget(draftKey(hunt));
    return;
  }
  const draft: Draft = { text, ...(version.value === undefined ? {} : { version: version.value }) };
  tab.remember(draftKey(hunt), JSON.stringify(draft));
}

/** The published definition, or where there is none, a first one. */
async function readDefinition(hunt: string): Promise<Draft> {
  const response = await fetched(huntPath(hunt, "/definition"), token.value);
  // Whoever publishes it first is not overwritten.
  if (response.status === 404) return { text: TEMPLATE, version: '"0"' };
  if (!response.ok) throw new Problem(response.status, "", response.statusText);
  const etag = response.headers.get("etag");
  return { text: await response.text(), ...(etag === null ? {} : { version: etag }) };
}

const drafted = signal(false);

export function Editor({ hunt }: { hunt: string }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    let timer = 0;
    let over = false;
    let typed = false;
    const keep = (): void => {
      if (typed && view.current) keepDraft(hunt, view.current.state.doc.toString());
      typed = false;
    };
    const open = async (): Promise<void> => {
      const draft = readDraft(hunt);
      const { text, version: base } = draft ?? (await readDefinition(hunt));
      if (over) return;
      version.value = base;
      drafted.value = draft !== undefined;
      published = draft === undefined ? text : "";
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
            syntaxHighlighting(COLOURS),
            autocompletion({ override: [completer(schema)] }),
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
      view.current = made;
      void check(hunt, made);
    };
    void attempt("", open);
    return () => {
      over = true;
      window.clearTimeout(timer);
      keep();
      view.current?.destroy();
      view.current = undefined;
    };
  }, [hunt, round]);

  const publish = async (): Promise<void> => {
    const text = view.current?.state.doc.toString() ?? "";
    let made: Published | undefined;
    const done = await attempt("", async () => {
      made = await put(hunt, text, false, version.value);
    });
    if (!done || !made) return;
    version.value = `"${made.version}"`;
    published = text;
    keepDraft(hunt, view.current?.state.doc.toString() ?? text);
    drafted.value = false;
    told.value = { good: true, text: t("published", { version: made.version }) };
  };
  const discard = async (): Promise<void> => {
    if (!(await askFor(t("discard"), t("discardSure")))) return;
    view.current?.destroy();
    view.current = undefined;
    tab.forget(draftKey(hunt));
    setRound(round + 1);
  };
  const go = (line: number | undefined): void => {
    const editor = view.current;
    if (!editor || line === undefined) return;
    const { from } = editor.state.doc.line(Math.min(line, editor.state.doc.lines));
    editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    editor.focus();
  };
  const found = [...issues.value, ...warnings.value];
  return (
    <section class="stack">
      <div class="row spread">
        <p role="status" class={`note ${issues.value.length > 0 ? "bad" : "good"}`}>
          {state.value === "checking"
            ? t("checking")
            : issues.value.length > 0
              ? t("issues", { count: issues.value.length })
              : t("valid")}
          {warnings.value.length > 0 && ` · ${t("warnings", { count: warnings.value.length })}`}
        </p>
        <button type="button" disabled={issues.value.length > 0} onClick={() => void publish()}>
          {t("publish")}
        </button>
      </div>
      {drafted.value && (
        <p class="note row spread">
          <span>{t("drafted")}</span>
          <button type="button" class="quiet" onClick={() => void discard()}>
            {t("discard")}
          </button>
        </p>
      )}
      <div ref={place} class="editor" dir="ltr" />
      <ul class="issues">
        {found.map((issue) => (
          <li key={`${issue.path}${issue.code}${issue.message}`}>
            <button type="button" class="quiet" onClick={() => go(issue.line)}>
              {issue.line !== undefined && t("line", { line: issue.line })} ·{" "}
              <code dir="ltr">{issue.path}</code> <span dir="auto">{issue.message}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
