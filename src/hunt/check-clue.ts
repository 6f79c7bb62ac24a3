/** The part of `compile` that checks one clue by itself: the keys that its kind needs and must not have, and what they hold. */
import type * as z from "zod";
import type { ClueDefinition } from "./definition.ts";
import { KIND_KEYS, kindOf } from "./kinds/all.ts";
import type { Report } from "./report.ts";

/** Each key that belongs to a kind, and as JSON the value it has in a clue that does not give it. */
const KEYS = Object.entries<z.ZodType>(KIND_KEYS).map(([key, schema]) => ({
  key: key as keyof typeof KIND_KEYS,
  absent: JSON.stringify(schema.safeParse(undefined).data),
}));

/** Checks the clue at `path`; issues go to `report`. */
export function checkClue(clue: ClueDefinition, path: string, report: Report): void {
  const kind = kindOf(clue);
  for (const { key, absent } of KEYS) {
    const isGiven = JSON.stringify((clue as Record<string, unknown>)[key]) !== absent;
    const needed = kind.needs.find((name) => name === key);
    if (!isGiven && needed !== undefined) {
      const message = `a clue of kind ${clue.kind} needs ${key}`;
      report({ path: `${path}.${key}`, code: `${needed}-missing`, message });
    }
    if (isGiven && !(key in kind.keys)) {
      const message = `a clue of kind ${clue.kind} has no ${key}`;
      report({ path: `${path}.${key}`, code: `${key}-superfluous`, message });
    }
  }
  checkRange(clue, path, report);
  kind.check?.(clue, path, report);
}

/** Points that a judge gives. */
function checkRange({ kind, range }: ClueDefinition, path: string, report: Report): void {
  if (!range) return;
  if (kind !== "submission") {
    const message =
      "only a submission has points that a judge gives: of a clue of another kind they are a number";
    report({ path: `${path}.points`, code: "range-superfluous", message });
  }
  if (range.from > range.to) {
    report({ path: `${path}.points`, code: "range-empty", message: "from is more than to" });
  }
}
