/** The schema of unlock conditions: what authors write, and the tree it becomes. */
import * as z from "zod";
import type { Condition } from "./compiled.ts";
import { slugSchema } from "./fields.ts";
import { durationSchema, timeSchema } from "./moment.ts";

/** Entries of one all, any, of or list of rounds. */
const ENTRIES_MAX = 500;
/** Points; a sum over all clues stays an exact integer. */
export const POINTS_MAX = 1_000_000;
const WEIGHT_MAX = 1_000;
const COUNT_MAX = ENTRIES_MAX * WEIGHT_MAX;

export type ConditionInput =
  | "start"
  | "manual"
  | { solved: string }
  | { solvedIn: string | string[]; atLeast: number }
  | { points: number }
  | { at: string }
  | { after: string; since?: string | undefined }
  | { all: ConditionInput[] }
  | { any: ConditionInput[] }
  | { atLeast: number; of: EntryInput[] };
type EntryInput = ConditionInput | (Exclude<ConditionInput, string> & { weight?: number | undefined });

interface Entry {
  weight: number;
  condition: Condition;
}

const count = z.number().int().min(1).max(COUNT_MAX);
const weightSchema = z
  .number()
  .int()
  .min(1)
  .max(WEIGHT_MAX)
  .default(1)
  .describe("What this entry counts for");

const FORMS =
  "a condition is start, manual, or an object with one of solved, solvedIn + atLeast, points, at, after, all, any, atLeast + of";

/** A condition as in `opens` and `requires`. Recursion is bounded by the nesting of the source. */
export const conditionSchema = z
  .lazy(() =>
    z.union([start, manual, ...objectForms().map((form) => form.transform(toCondition))], { error: FORMS }),
  )
  .meta({
    id: "Condition",
    title: "Condition",
    description: `When something opens; ${FORMS}.`,
  }) as unknown as z.ZodType<Condition, ConditionInput>;

const entrySchema = z
  .lazy(() =>
    z.union(
      [
        start.transform((condition) => ({ weight: 1, condition })),
        manual.transform((condition) => ({ weight: 1, condition })),
        ...objectForms().map((form) =>
          form
            .extend({ weight: weightSchema })
            .transform(({ weight, ...written }) => ({ weight, condition: toCondition(written) })),
        ),
      ],
      { error: FORMS },
    ),
  )
  .meta({ id: "WeightedCondition", title: "Condition with a weight" }) as unknown as z.ZodType<
  Entry,
  EntryInput
>;

const start = z
  .literal("start")
  .transform((): Condition => ({ op: "start" }))
  .describe("Open from the start");
const manual = z
  .literal("manual")
  .transform((): Condition => ({ op: "manual" }))
  .describe("Only an organiser opens it");

/**
 * The object forms. Loosely typed, because a union of so many shapes that
 * contain each other is more than the compiler infers; `toCondition` is where
 * the shapes are named.
 */
function objectForms(): z.ZodObject[] {
  const list = z.array(conditionSchema).min(1).max(ENTRIES_MAX);
  const rounds = z.union([slugSchema, z.array(slugSchema).min(1).max(ENTRIES_MAX)], {
    error: "solvedIn takes the id of a round or a list of them",
  });
  return [
    z.strictObject({ solved: slugSchema.describe("The team solved this clue") }),
    z.strictObject({
      solvedIn: rounds.describe("Round or rounds whose solved clues count, metas not"),
      atLeast: count.describe("How many of them"),
    }),
    z.strictObject({
      points: z.number().int().min(1).max(POINTS_MAX).describe("The team's score reached this once"),
    }),
    z.strictObject({ at: timeSchema.describe("From this time on") }),
    z.strictObject({
      after: durationSchema.describe(
        "This long after the team joined or the hunt opened, whichever is later",
      ),
      since: slugSchema.optional().describe("A clue: this long after the team solved it instead"),
    }),
    z.strictObject({ all: list.describe("Every one of these holds") }),
    z.strictObject({ any: list.describe("One of these holds") }),
    z.strictObject({
      atLeast: count.describe("The sum of weights that must hold"),
      of: z.array(entrySchema).min(1).max(ENTRIES_MAX).describe("Conditions, each with a weight if wanted"),
    }),
  ];
}

/** What the object forms parse to. */
type Written =
  | { solved: string }
  | { solvedIn: string | string[]; atLeast: number }
  | { points: number }
  | { at: number }
  | { after: number; since?: string }
  | { all: Condition[] }
  | { any: Condition[] }
  | { atLeast: number; of: Entry[] };

function toCondition(parsed: Record<string, unknown>): Condition {
  const written = parsed as Written;
  if ("solved" in written) return { op: "solved", clue: written.solved };
  if ("solvedIn" in written) {
    const rounds = typeof written.solvedIn === "string" ? [written.solvedIn] : [...new Set(written.solvedIn)];
    return { op: "solvedIn", rounds, atLeast: written.atLeast };
  }
  if ("points" in written) return { op: "points", points: written.points };
  if ("at" in written) return { op: "at", time: written.at };
  if ("after" in written) {
    const { after: duration, since: clue } = written;
    return clue === undefined ? { op: "after", duration } : { op: "since", clue, duration };
  }
  if ("all" in written) return { op: "all", of: written.all };
  if ("any" in written) return { op: "any", of: written.any };
  return { op: "atLeast", atLeast: written.atLeast, of: written.of };
}
