/**
 * What a clue is worth: the decay of docs/hunt-format.md. Integers are
 * computed as integers, so that a value which is exactly 70 is never rounded
 * up to 71 by a float's last bit, and every side computes the same value.
 */
import type { Decay, Scoring, Speed } from "./compiled.ts";

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
export function clueValue(scoring: Pick<Scoring, "decay">, points: number, solves: number): number {
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

/** What a clue says of its own worth. */
interface Worth {
  speed?: Speed | true | undefined;
  decay?: Decay | undefined;
  firstSolves?: number[] | undefined;
}

const NO_DECAY: Decay = { kind: "none", minimum: 0, solves: 1 };

/** How the clue's value falls with its solves. One whose points fall with time has the same value for all. O(1). */
export const decayOf = (scoring: Pick<Scoring, "decay">, { speed, decay }: Worth): Decay =>
  speed ? NO_DECAY : (decay ?? scoring.decay);

/** The clue's bonuses. O(1). */
export const firstSolvesOf = (
  scoring: Pick<Scoring, "firstSolves">,
  { firstSolves }: Pick<Worth, "firstSolves">,
): readonly number[] => firstSolves ?? scoring.firstSolves;

/** First solves of a clue that get a bonus, at most. O(clues). */
export const bonusesAtMost = ({ scoring, clues }: Pick<StandingsRules, "scoring" | "clues">): number =>
  clues.reduce(
    (most, { firstSolves = [] }) => Math.max(most, firstSolves.length),
    scoring.firstSolves.length,
  );

/** Whether a clue's worth depends on other teams: only the standings then know a score. O(clues). */
export const isDynamic = ({
  scoring,
  clues,
}: {
  scoring: Pick<Scoring, "decay" | "firstSolves">;
  clues: readonly Worth[];
}): boolean =>
  scoring.decay.kind !== "none" ||
  scoring.firstSolves.length > 0 ||
  clues.some(
    ({ decay, firstSolves = [] }) => (decay !== undefined && decay.kind !== "none") || firstSolves.length > 0,
  );

/** Points that are left so many ms after the clue opened for the team: whole ones, rounded up. O(1). */
export function speedValue({ full, none, minimum }: Speed, points: number, elapsed: number): number {
  const least = Math.min(minimum, points);
  if (elapsed <= full) return points;
  if (elapsed >= none) return least;
  const drop = points - least;
  if (Number.isInteger(points) && Number.isInteger(drop)) {
    return points - floorOfShare(drop, elapsed - full, none - full);
  }
  return Math.ceil(points - drop * ((elapsed - full) / (none - full)) - FLOAT_NOISE);
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

/** `speed`: its points fall with time, for each team by itself. */
export interface StandingsClue {
  id: string;
  points: number;
  speed?: true;
  decay?: Decay;
  firstSolves?: number[];
}

/** What of a compiled hunt decides the standings. Points are whole numbers. */
export interface StandingsRules {
  scoring: Scoring;
  clues: StandingsClue[];
  brackets: string[];
  /** Ties by score are broken by the time since each team's own start. */
  ownClock?: true;
}
