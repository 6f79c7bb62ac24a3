/** Intervals of a difference by resampling (percentile bootstrap). Pure. */
import { medianOf } from "../bench/figures.ts";

export interface Interval {
  /** Median of the differences of pairs. */
  difference: number;
  low: number;
  high: number;
}

const RESAMPLES = 2_000;

/** 95 % interval of the median of `after − before`, pair by pair. */
export function differenceOf(
  before: readonly number[],
  after: readonly number[],
  random: () => number,
): Interval {
  const differences = before.map((value, index) => (after[index] ?? value) - value);
  const medians = Array.from({ length: RESAMPLES }, () =>
    medianOf(differences.map(() => differences[Math.floor(random() * differences.length)] ?? 0)),
  ).sort((a, b) => a - b);
  return {
    difference: medianOf(differences),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? 0,
    high: medians[Math.floor(RESAMPLES * 0.975)] ?? 0,
  };
}

/** Whether the interval leaves zero out: else there is no measured effect. */
export const isEffect = ({ low, high }: Interval): boolean => low > 0 || high < 0;
