/**
 * What a clue is worth: the decay of docs/hunt-format.md. Integers are
 * computed as integers, so that a value which is exactly 70 is never rounded
 * up to 71 by a float's last bit, and every side computes the same value.
 */
import type { Scoring } from "./compiled.ts";

/** What a sum of fractional points may be off by; far below any point anybody gives. */
const FLOAT_NOISE = 1e-9;

/**
 * The present value of a clue for each of its solvers, in points.
 *
 * `points` is the clue's base value in the definition, `solves` the number of
 * teams that count as having solved it (neither banned nor hidden). With
 * k = max(0, solves − 1): linear falls by (points − minimum) · min(1, k / decay.solves),
 * log by the square of that share; the result is rounded up. 0 points stay 0,
 * and a clue worth less than the minimum keeps its worth: decay never raises a value. O(1).
 */
export function clueValue(scoring: Scoring, points: number, solves: number): number {
  const { kind, solves: span } = scoring.decay;
  const minimum = Math.min(scoring.decay.minimum, points);
  if (kind === "none" || points === 0) return points;
  const beyondFirst = Math.max(0, solves - 1);
  if (beyondFirst === 0) return Math.ceil(points);
  if (beyondFirst >= span) return Math.ceil(minimum);
  const power = kind === "linear" ? 1 : 2;
  const drop = points - minimum;
  if (Number.isInteger(points) && Number.isInteger(drop)) {
    return points - floorOfShare(drop, beyondFirst ** power, span ** power);
  }
  return Math.ceil(points - drop * (beyondFirst / span) ** power - FLOAT_NOISE);
}

/** Whether a clue's worth depends on other teams: only the standings then know a score. O(1). */
export function isDynamic(scoring: Scoring): boolean {
  return scoring.decay.kind !== "none" || scoring.firstSolves.length > 0;
}

/**
 * ⌊drop · numerator / denominator⌋ of what is not negative. The floor of a quotient of safe integers is
 * exact in floats; beyond them BigInt takes over.
 */
function floorOfShare(drop: number, numerator: number, denominator: number): number {
  const product = drop * numerator;
  if (Number.isSafeInteger(product) && Number.isSafeInteger(denominator)) {
    return Math.floor(product / denominator);
  }
  return Number((BigInt(drop) * BigInt(numerator)) / BigInt(denominator));
}

/** What of a compiled hunt decides the standings. Points are whole numbers. */
export interface StandingsRules {
  scoring: Scoring;
  clues: { id: string; points: number }[];
  brackets: string[];
}
