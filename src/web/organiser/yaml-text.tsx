/**
 * The text of a definition: CodeMirror with completion from the engine's own JSON
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
import { effect } from "@preact/signals";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "preact/hooks";
import { call } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { keysAt, pathAt, type Schema, valuesAt } from "./complete.ts";
import { issueWords } from "./engine.ts";
import { placed } from "./issue-lines.ts";
import { PHRASES } from "./messages/editor/phrases.ts";
import { IssueWords } from "./words.tsx";
import { type Work, wordsOf } from "./work.ts";

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

export function YamlText({ work }: { work: Work }) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const text = work.text.value ?? "";
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const schema = call<Schema>("/schema/hunt.json");
    const made = new EditorView({
      root: shadow,
      parent: shadow,
      state: EditorState.create({
        doc: work.text.peek() ?? "",
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
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) work.change(state.doc.toString(), "text");
          }),
        ],
      }),
    });
    // It scrolls, so the keyboard must reach it.
    made.scrollDOM.tabIndex = 0;
    view.current = made;
    const stop = effect(() => {
      const issues = work.issues.value;
      const warnings = work.warnings.value;
      if (work.state.value !== "checked") return;
      const now = made.state.doc.toString();
      if (now !== work.text.peek()) return;
      const diagnostics = placed(now, [...issues, ...warnings]).map(
        ({ issue, from, to }): Diagnostic => ({
          from,
          to,
          severity: issues.includes(issue) ? "error" : "warning",
          message: `${wordsOf(issue)} (${issue.code})`,
        }),
      );
      made.dispatch(setDiagnostics(made.state, diagnostics));
    });
    return () => {
      stop();
      made.destroy();
      view.current = undefined;
    };
  }, [work]);
  useEffect(() => {
    // Changed elsewhere: discarded, taken from somebody else. What was drawn last may be behind what is typed.
    const made = view.current;
    const now = work.text.peek() ?? "";
    if (!made || made.state.doc.toString() === now) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: now } });
  }, [text]);
  const go = (line: number): void => {
    const made = view.current;
    if (!made) return;
    const { from } = made.state.doc.line(Math.min(line, made.state.doc.lines));
    made.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    made.focus();
  };
  return (
    <>
      <div ref={place} class="editor" dir="ltr" />
      <ul class="issues">
        {placed(text, [...work.issues.value, ...work.warnings.value]).map(({ issue, line }) => (
          <li key={`${issue.path}${issue.code}${issue.message}`}>
            <button type="button" class="quiet" onClick={() => go(line)}>
              {t("line", { line })} · <code dir="ltr">{issue.path}</code>{" "}
              <span dir="auto">{wordsOf(issue)}</span>
            </button>
            <IssueWords words={issueWords(issue)} />
          </li>
        ))}
      </ul>
    </>
  );
}
