/** A box that tries an answer: it is compared as the engine compares it. */
import { useState } from "preact/hooks";
import { normaliseAnswer } from "../../../hunt/normalise.ts";
import { t } from "../../shared/i18n.ts";
import { type Path, textAt, valueAt } from "../document/path.ts";
import { fieldId } from "./fields.tsx";
import { useModel } from "./model.ts";

const MODES = ["letters", "words", "exact", "number"] as const;

export type Tried = { outcome: "correct" | "incorrect" | "unfit" } | { outcome: "nudge"; say: string };

/** What a team that gives `text` would be told; undefined: a way of comparing that this page does not know. */
export function tried(clue: unknown, text: string): Tried | undefined {
  const mode = MODES.find((each) => each === (textAt(clue, ["compare"]) || "letters"));
  if (mode === undefined) return undefined;
  const given = normaliseAnswer(mode, text.trim());
  if (given === null) return { outcome: mode === "number" ? "unfit" : "incorrect" };
  const isOne = (of: unknown): boolean =>
    wordsIn(of).some((word) => normaliseAnswer(mode, word.trim()) === given);
  if (isOne(valueAt(clue, ["answers"]))) return { outcome: "correct" };
  const nudges = valueAt(clue, ["nudges"]);
  const hit = (Array.isArray(nudges) ? nudges : []).find((nudge) => isOne(valueAt(nudge, ["match"])));
  return hit === undefined
    ? { outcome: "incorrect" }
    : { outcome: "nudge", say: saidBy(valueAt(hit, ["say"])) };
}

/** Answers of all languages count: a list, or one for each language. */
const wordsIn = (of: unknown): string[] => {
  if (Array.isArray(of)) return of.flatMap(wordsIn);
  if (typeof of === "object" && of !== null) return Object.values(of).flatMap(wordsIn);
  return typeof of === "string" ? [of] : [];
};

const saidBy = (say: unknown): string => wordsIn(say)[0] ?? "";

export function TryAnswers({ path }: { path: Path }) {
  const model = useModel();
  const [text, setText] = useState("");
  const told = text.trim() === "" ? undefined : tried(model.at(path), text);
  const id = fieldId(path, "-try");
  return (
    <div class="field try">
      <label htmlFor={id}>{t("tryAnswer")}</label>
      <input
        id={id}
        dir="auto"
        autocomplete="off"
        value={text}
        onInput={({ currentTarget: { value } }) => setText(value)}
      />
      <p
        role="status"
        class={
          told ? `note ${told.outcome === "correct" ? "good" : told.outcome === "nudge" ? "" : "bad"}` : ""
        }
      >
        {told && t(`tried_${told.outcome}`)} {told?.outcome === "nudge" && <bdi>{told.say}</bdi>}
      </p>
    </div>
  );
}
