/** What a prize asks of a team, as a short list that names nothing which the team cannot see. PURE. */
import type { PrizeView, Wanted } from "../contract/me.ts";
import type { Condition } from "./compiled.ts";
import type { Context } from "./context.ts";
import { iso } from "./moment.ts";
import type { Seen } from "./seen.ts";
import type { Team } from "./team.ts";
import { holdsAt, type Progress, progressOf } from "./unlock.ts";

/** Entries of a list that people still read. */
const WANTED_MAX = 20;

/** `clues`: those that the team sees. Only they and their rounds are named. */
export function wantedOf(
  { hunt, openedAt }: Context,
  team: Team,
  condition: Condition,
  clues: readonly Seen[],
  now: number,
): NonNullable<PrizeView["requires"]> {
  const progress = progressOf(hunt, team, openedAt, now);
  const seen = new Set(clues.map(({ id }) => id));
  const seenRounds = new Set(clues.map(({ round }) => round));
  const isDone = (part: Condition): boolean => holdsAt(hunt, part, progress) <= now;
  const one = (part: Condition): Wanted => {
    const done = isDone(part);
    switch (part.op) {
      case "solved":
        return { kind: "solved", done, ...(seen.has(part.clue) ? { clue: part.clue } : {}) };
      case "solvedIn":
        return {
          kind: "solvedIn",
          done,
          ...(part.rounds.every((round) => seenRounds.has(round)) ? { rounds: part.rounds } : {}),
          count: part.atLeast,
          have: solvedIn(hunt, part.rounds, progress, now),
        };
      case "points":
        return { kind: "points", done, count: part.points };
      case "at":
        return { kind: "from", done, at: iso(part.time) };
      case "after":
        return Number.isFinite(progress.since)
          ? { kind: "from", done, at: iso(progress.since + part.duration) }
          : { kind: "several", done };
      case "since": {
        const at = holdsAt(hunt, part, progress);
        if (Number.isFinite(at)) return { kind: "from", done, at: iso(at) };
        return { kind: "solved", done, ...(seen.has(part.clue) ? { clue: part.clue } : {}) };
      }
      default:
        return { kind: "several", done };
    }
  };
  const { atLeast, of } = listOf(condition);
  return of.length > WANTED_MAX
    ? { atLeast: 1, of: [{ kind: "several", done: isDone(condition) }] }
    : { atLeast, of: of.map(one) };
}

/** A condition as a list of which so many must hold. */
function listOf(condition: Condition): { atLeast: number; of: readonly Condition[] } {
  switch (condition.op) {
    case "all": {
      const of = condition.of.flatMap((part) => (part.op === "all" ? listOf(part).of : [part]));
      return { atLeast: of.length, of };
    }
    case "any":
      return {
        atLeast: 1,
        of: condition.of.flatMap((part) => (part.op === "any" ? listOf(part).of : [part])),
      };
    case "atLeast":
      return condition.of.every(({ weight }) => weight === 1)
        ? { atLeast: condition.atLeast, of: condition.of.map((entry) => entry.condition) }
        : { atLeast: 1, of: [condition] };
    default:
      return { atLeast: 1, of: [condition] };
  }
}

function solvedIn(hunt: Context["hunt"], rounds: readonly string[], progress: Progress, now: number): number {
  return rounds
    .flatMap((round) => [...(hunt.rounds.get(round) ?? [])])
    .filter((clue) => progress.solvedAt(clue) <= now).length;
}
