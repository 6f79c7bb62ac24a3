/** Tries given back by an organiser: full buckets, and `perClue` counted anew. PURE. */
import type { Fact } from "../protocol.ts";
import type { Team } from "./team.ts";

/** More tokens than any bucket has: as many as it takes. */
const FULL = 1_000_000_000;

/** Wrong texts stay remembered: given again they take no try. */
export function refill(team: Team, { clue, codes, at }: Fact & { type: "reset" }): Team {
  const ids = clue === undefined && !codes ? [...team.attempts.keys()] : clue === undefined ? [] : [clue];
  for (const id of ids) team.attempts.refill(id, FULL, at);
  if (codes || clue === undefined) delete team.codes;
  if (clue === undefined && !codes) delete team.tries;
  return team;
}

/** Whether there is anything to give back. */
export const hasTried = (team: Team, clue: string | undefined, codes: boolean): boolean =>
  clue === undefined
    ? team.attempts.size > 0 || team.codes !== undefined || team.tries !== undefined
    : team.attempts.has(clue) || (codes && team.codes !== undefined);
