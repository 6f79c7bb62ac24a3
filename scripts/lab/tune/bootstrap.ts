/** Intervals of a difference by resampling (percentile bootstrap). Pure. */
import { below, type Chance } from "../measure/chance.ts";
import { medianOf, quantileOf, rising } from "../measure/statistics.ts";

export interface Interval {
  /** Median of the differences of pairs. */
  difference: number;
  low: number;
  high: number;
}

const RESAMPLES = 2_000;

/** 95 % interval of the median of `after − before`, pair by pair. */
export function differenceOf(before: readonly number[], after: readonly number[], random: Chance): Interval {
  const differences = before.map((value, index) => (after[index] ?? value) - value);
  const medians = rising(
    Array.from({ length: RESAMPLES }, () =>
      medianOf(differences.map(() => differences[below(random, differences.length)] ?? 0)),
    ),
  );
  return {
    difference: medianOf(differences),
    low: quantileOf(medians, 0.025),
    high: quantileOf(medians, 0.975),
  };
}

/** Whether the interval leaves zero out: else there is no measured effect. */
export const isEffect = ({ low, high }: Interval): boolean => low > 0 || high < 0;
