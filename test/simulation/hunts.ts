/** Small hunts to simulate. */
import type { CompiledHunt } from "../../src/hunt/compiled.ts";
import { compiledFrom } from "../../src/simulation/compiled.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const OPTIONS = { seed: 3, runs: 4, teams: 60, pace: 10 * MINUTE, come: 1 };

/** A clue `id` of kind answer that is open from the start, with what is given. */
export const clue = (id: string, more: object = {}): object => ({
  id,
  round: "r",
  title: id,
  kind: "answer",
  points: 10,
  answers: [`right ${id}`],
  ...more,
});

export function huntOf(clues: readonly object[], more: object = {}): CompiledHunt {
  const definition = {
    format: 1,
    title: "A hunt",
    teams: { mode: "teams", maxSize: 6 },
    rounds: [{ id: "r", title: "R" }],
    clues,
    ...more,
  };
  const compiled = compiledFrom(JSON.stringify(definition), "json", "h");
  if (compiled.issues) throw new Error(JSON.stringify(compiled.issues));
  return compiled.hunt;
}
