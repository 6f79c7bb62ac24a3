/** A team's score now, and the thresholds that it meets. */
import type { NewFact } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import { POINTS_MAX } from "./condition.ts";
import type { Context } from "./context.ts";
import type { IndexedHunt } from "./indexed.ts";
import { speedValue } from "./score.ts";
import { recordedScore, type Team } from "./team.ts";

/**
 * The context as players see it: while the standings stand still, values and bonuses are as of then.
 * The engine itself decides by the present ones.
 */
export const asSeen = (context: Context): Context =>
  context.shown ? { ...context, word: context.shown } : context;

/** The points that the clue gives now to a team that solves it: static, or by the standings as last reported. */
export function presentValue(context: Context, clue: CompiledClue): number {
  const { hunt, word } = context;
  return (hunt.dynamic ? word?.values.get(clue.id) : undefined) ?? clue.points;
}

/**
 * Points that time and wrong tries take from the clue's value, for a solve so many ms after it opened for the team and
 * after so many counted wrong tries.
 */
export function lessOf(
  { compiled }: IndexedHunt,
  clue: CompiledClue,
  elapsed: number,
  wrong: number,
): number {
  const { penalty } = compiled.scoring;
  if (!clue.speed && !penalty) return 0;
  const late = clue.speed ? clue.points - speedValue(clue.speed, clue.points, Math.max(0, elapsed)) : 0;
  return Math.min(POINTS_MAX, late + (penalty?.points ?? 0) * wrong);
}

/** What a solve at `at` of a clue that opened for the team at `openedAt` (epoch ms) gives to it. */
export function worthOf(
  context: Context,
  team: Team,
  clue: CompiledClue,
  openedAt: number,
  at: number,
): { points: number; less?: number } {
  const value = presentValue(context, clue);
  if (!clue.speed && !context.hunt.compiled.scoring.penalty) return { points: value };
  const less = lessOf(context.hunt, clue, at - openedAt, team.attempts.wrongOf(clue.id));
  return less === 0 ? { points: value } : { points: Math.max(0, value - less), less };
}

/** What the team's solve of the clue brings now. */
export const broughtBy = (context: Context, team: Team, clue: CompiledClue): number =>
  Math.max(0, presentValue(context, clue) - team.solves.lessOf(clue.id));

/** The team's score now: exact with static scoring, else as of the standings as last reported. */
export function scoreOf(context: Context, team: Team): number {
  if (!context.hunt.dynamic) return recordedScore(team);
  let score = team.adjusted + (context.word?.bonuses.get(team.id) ?? 0);
  for (const id of team.solves.keys()) {
    const clue = context.hunt.clues.get(id);
    if (clue) score += broughtBy(context, team, clue);
  }
  return score;
}

/**
 * With moving scores a `{points: n}` condition must be noted when it is met,
 * because the score may fall again. The thresholds `score` meets for the first time.
 */
export function newlyReached({ hunt, word }: Context, team: Team, score: number): number[] {
  // Before the standings reported, a score is a guess; a threshold that is noted stays met.
  if (!hunt.dynamic || !word) return [];
  return hunt.thresholds.filter((points) => points > 0 && score >= points && !team.reached.has(points));
}

/** The facts that note `newlyReached`. */
export function reachedFacts(team: string, reached: readonly number[], now: number): NewFact[] {
  return reached.map((points) => ({ at: now, team, type: "reached" as const, points }));
}
