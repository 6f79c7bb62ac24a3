/** A team's score now, and the thresholds that it meets. */
import type { NewFact } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import { recordedScore, type Team } from "./team.ts";

/**
 * The context as players see it: while the standings stand still, values and bonuses are as of then.
 * The engine itself decides by the present ones.
 */
export const asSeen = (context: Context): Context =>
  context.shown ? { ...context, word: context.shown } : context;

/** The points that the clue gives now to a team that solves it: static, or by the standings as last reported. */
export function presentValue(context: Context, clue: CompiledClue): number {
  return context.word?.values.get(clue.id) ?? clue.points;
}

/** The team's score now: exact with static scoring, else as of the standings as last reported. */
export function scoreOf(context: Context, team: Team): number {
  if (!context.hunt.dynamic) return recordedScore(team);
  let score = team.adjusted + (context.word?.bonuses.get(team.id) ?? 0);
  for (const id of team.solves.keys()) {
    const clue = context.hunt.clues.get(id);
    if (clue) score += presentValue(context, clue);
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
