/**
 * The kind `choice`: solved by picking one of the right choices, or the right ones of them (`select: many`), or
 * these in the right order (`order`). The answer is the choice's id, or the list of the ids, letter for letter.
 */
import * as z from "zod";
import { CHOICES_MAX } from "../../contract/play.ts";
import type { CompareMode } from "../../protocol.ts";
import { slugSchema, titleSchema } from "../fields.ts";
import { isListMode, listIn } from "../listed.ts";
import { checkUnique } from "../report.ts";
import type { CommandOf, Kind } from "./kind.ts";
import {
  answerEvent,
  checkTexts,
  compileTexts,
  prepareTexts,
  type Texts,
  textKeys,
  type WhyUnfit,
} from "./texts.ts";

const SELECTS = ["one", "many", "order"] as const;
type Select = (typeof SELECTS)[number];

const keys = {
  ...textKeys,
  choices: z
    .array(z.strictObject({ id: slugSchema, label: titleSchema }))
    .min(1)
    .max(CHOICES_MAX)
    .optional()
    .describe("What a choice clue offers"),
  select: z
    .enum(SELECTS)
    .optional()
    .describe("one (default): one choice is picked; many: several; order: several, in the right order"),
};

interface Choices {
  choices: { id: string; label: string }[];
}

const MODES: Record<Select, CompareMode> = { one: "exact", many: "set", order: "sequence" };
const modeOf = ({ select = "one" }: { select?: Select | undefined }): CompareMode => MODES[select];
const selectOf = (mode: CompareMode): Select => SELECTS.find((select) => MODES[select] === mode) ?? "one";

export const choice: Kind<CommandOf<"answer">, typeof keys, Texts & Choices, Choices & { select: Select }> = {
  event: answerEvent,
  keys,
  needs: ["answers", "choices"],
  check(clue, path, report) {
    const choices = clue.choices ?? [];
    checkUnique(choices, `${path}.choices`, report);
    checkTexts(clue, modeOf(clue), path, report, new Set(choices.map(({ id }) => id)));
  },
  compile: (clue, digest) => ({ ...compileTexts(clue, modeOf(clue), digest), choices: clue.choices ?? [] }),
  prepare: (clue) => prepareTexts(clue, unfitFor(clue)),
  view: ({ choices, compare }) => ({ choices, select: selectOf(compare) }),
};

function unfitFor({ compare, choices }: Texts & Choices): WhyUnfit {
  const known = new Set(choices.map(({ id }) => id));
  return ({ answer, listed = false }, digest) => {
    if (!listed) return isListMode(compare) ? "this clue takes a list of choices" : undefined;
    const ids = listIn(answer);
    if (!isListMode(compare) && ids.length > 1) return "this clue takes one choice";
    if (!ids.every((id) => known.has(id))) return "there is no such choice";
    return digest === null ? "a choice is named twice" : undefined;
  };
}
