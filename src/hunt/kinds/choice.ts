/** The kind `choice`: solved by picking one of the right choices. The answer is the choice's id, letter for letter. */
import * as z from "zod";
import { slugSchema, titleSchema } from "../fields.ts";
import { checkUnique } from "../report.ts";
import type { CommandOf, Kind } from "./kind.ts";
import { answerEvent, checkTexts, compileTexts, prepareTexts, type Texts, textKeys } from "./texts.ts";

const CHOICES_PER_CLUE_MAX = 100;

const keys = {
  ...textKeys,
  choices: z
    .array(z.strictObject({ id: slugSchema, label: titleSchema }))
    .min(1)
    .max(CHOICES_PER_CLUE_MAX)
    .optional()
    .describe("What a choice clue offers"),
};

interface Choices {
  choices: { id: string; label: string }[];
}

export const choice: Kind<CommandOf<"answer">, typeof keys, Texts & Choices, Choices> = {
  event: answerEvent,
  keys,
  needs: ["answers", "choices"],
  check(clue, path, report) {
    const choices = clue.choices ?? [];
    checkUnique(choices, `${path}.choices`, report);
    checkTexts(clue, "exact", path, report, new Set(choices.map(({ id }) => id)));
  },
  compile: (clue, digest) => ({ ...compileTexts(clue, "exact", digest), choices: clue.choices ?? [] }),
  prepare: prepareTexts,
  view: ({ choices }) => ({ choices }),
};
