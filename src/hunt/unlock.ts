/**
 * When is a clue open for a team? Openness is never stored: it follows from
 * the team's solves, the clock and what an organiser opened by hand. A
 * condition that once holds keeps holding, so each has one first moment.
 */
import type { CompiledClue, Condition } from "./compiled.ts";
import type { IndexedHunt } from "./indexed.ts";
import { hasOwnClock } from "./own-clock.ts";
import { recordedScore, type Team } from "./team.ts";

/** What a condition may ask about a team. Times are epoch ms; Infinity: not (yet). */
export interface Progress {
  /** The later of: the hunt opened, the team joined; with clocks of their own, it started. Nothing is open before. */
  since: number;
  solvedAt(clue: string): number;
  /** When the team's score first was at least `points`. */
  reachedAt(points: number): number;
  /** A recorded moment, or the team's start when the clock that recorded it was ahead. */
  happened(at: number): number;
}

/** The first moment `condition` holds, `Infinity` if nothing known makes it hold. */
export function holdsAt(hunt: IndexedHunt, condition: Condition, progress: Progress): number {
  switch (condition.op) {
    case "start":
      return progress.since;
    case "manual":
      return Number.POSITIVE_INFINITY;
    case "solved":
      return progress.solvedAt(condition.clue);
    case "solvedIn": {
      const times: number[] = [];
      for (const round of condition.rounds) {
        for (const clue of hunt.rounds.get(round) ?? []) times.push(progress.solvedAt(clue));
      }
      return earliestSum(
        times.map((at) => ({ at, weight: 1 })),
        condition.atLeast,
      );
    }
    case "points":
      return progress.reachedAt(condition.points);
    case "at":
      return condition.time;
    case "after":
      return progress.since + condition.duration;
    case "since":
      return progress.solvedAt(condition.clue) + condition.duration;
    case "all":
      return condition.of.reduce((at, part) => Math.max(at, holdsAt(hunt, part, progress)), progress.since);
    case "any":
      return condition.of.reduce(
        (at, part) => Math.min(at, holdsAt(hunt, part, progress)),
        Number.POSITIVE_INFINITY,
      );
    case "atLeast":
      return earliestSum(
        condition.of.map((entry) => ({ at: holdsAt(hunt, entry.condition, progress), weight: entry.weight })),
        condition.atLeast,
      );
  }
}

/** When the weights of the moments that have come first sum to `atLeast`. */
function earliestSum(entries: { at: number; weight: number }[], atLeast: number): number {
  let sum = 0;
  if (atLeast <= 0) return Number.NEGATIVE_INFINITY;
  for (const { at, weight } of entries.sort((a, b) => a.at - b.at)) {
    if (at === Number.POSITIVE_INFINITY) break;
    sum += weight;
    if (sum >= atLeast) return at;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * A team's progress as conditions see it at `now` (epoch ms). What is recorded
 * has happened: a moment ahead of the clock was recorded while the clock was
 * wrong, and counts as the team's start, so that nothing stays locked until the
 * clock gets there. `plus` adds a solve that is being decided, so that its
 * unlocks can be told before it is recorded.
 */
export function progressOf(
  hunt: IndexedHunt,
  team: Team,
  openedAt: number,
  now: number,
  plus?: { clue: string; at: number; points: number; reached: readonly number[] },
): Progress {
  // Dated ahead: it may have been any time since the hunt opened, and nobody waits for what comes after it.
  const joinedAt = team.joinedAt > now ? Math.min(openedAt, now) : team.joinedAt;
  const since = Math.max(openedAt, hasOwnClock(hunt) ? startOf(team, joinedAt, now) : joinedAt);
  const happened = (at: number): number => (at > now && at !== Number.POSITIVE_INFINITY ? since : at);
  return {
    since,
    happened,
    solvedAt: (clue) => (clue === plus?.clue ? plus.at : happened(team.solves.timeOf(clue))),
    reachedAt(points) {
      if (points <= 0) return joinedAt;
      let first = Number.POSITIVE_INFINITY;
      // Whoever met a higher threshold met this one, also under another version of the hunt.
      for (const [met, at] of team.reached) if (met >= points) first = Math.min(first, happened(at));
      if (!hunt.dynamic) {
        const peak = team.peaks.firstAt(points);
        if (peak !== undefined) first = Math.min(first, happened(peak));
      }
      if (first !== Number.POSITIVE_INFINITY || !plus) return first;
      const meets = hunt.dynamic
        ? plus.reached.some((met) => met >= points)
        : recordedScore(team) + plus.points >= points;
      return meets ? plus.at : first;
    },
  };
}

/** When the team's own time began; `Infinity`: not yet. */
function startOf({ startedAt = Number.POSITIVE_INFINITY }: Team, joinedAt: number, now: number): number {
  return startedAt > now && startedAt !== Number.POSITIVE_INFINITY ? joinedAt : startedAt;
}

/**
 * When `clue` opened or will open for the team; `Infinity`: nothing known opens
 * it. What the team solved, under an earlier version or by an organiser's hand, is not locked.
 */
export function opensAt(hunt: IndexedHunt, clue: CompiledClue, team: Team, progress: Progress): number {
  const byHand = progress.happened(team.opened.get(clue.id) ?? Number.POSITIVE_INFINITY);
  const opened = Math.max(progress.since, Math.min(byHand, holdsAt(hunt, clue.opens, progress)));
  const solvedAt = progress.happened(team.solves.timeOf(clue.id));
  return Math.min(opened, Math.max(progress.since, solvedAt));
}

/** When the clue, which opened for a team at `openedAt`, can be solved no more; `Infinity`: it stays open. Epoch ms. */
export function closesAt({ closes }: Pick<CompiledClue, "closes">, openedAt: number): number {
  if (!closes) return Number.POSITIVE_INFINITY;
  return "at" in closes ? closes.at : openedAt + closes.after;
}

/**
 * When the clues open for the team, as it is known at `now` (epoch ms); by their
 * places in the definition. `Infinity`: nothing known opens it. See `openings.ts`.
 */
export function openingsOf(hunt: IndexedHunt, team: Team, openedAt: number, now: number): readonly number[] {
  const known = hunt.openings.get(team, openedAt, now);
  if (known) return known;
  const times = timesOf(hunt, team, openedAt, now);
  let until = Number.POSITIVE_INFINITY;
  for (const at of times) if (at > now) until = Math.min(until, at);
  hunt.openings.set(team, openedAt, now, times, until);
  return times;
}

/** The same, worked out and not remembered: of a team that is only supposed. */
export function timesOf(hunt: IndexedHunt, team: Team, openedAt: number, now: number): readonly number[] {
  const progress = progressOf(hunt, team, openedAt, now);
  return hunt.compiled.clues.map((clue) => opensAt(hunt, clue, team, progress));
}
