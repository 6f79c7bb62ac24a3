/** Quantiles of what many teams or runs came to. PURE. */
import type { Band, Spread } from "../contract/simulation.ts";

/** Of rising values, that below which the share `quantile` of them lies. */
const at = (rising: ArrayLike<number>, quantile: number): number =>
  rising[Math.min(rising.length - 1, Math.floor(rising.length * quantile))] ?? 0;

/** Rounded, so that no last bit is in a report. */
export const rounded = (value: number, digits: number): number => {
  const unit = 10 ** digits;
  return Math.round(value * unit) / unit;
};

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] as number;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Of units, points, moments: whole ones, and their mean. Of no values at all: undefined. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const rising = Float64Array.from(values).sort();
  const told = (quantile: number): number => rounded(at(rising, quantile), 0);
  return {
    mean: rounded(meanOf(rising), 2),
    p10: told(0.1),
    p25: told(0.25),
    p50: told(0.5),
    p75: told(0.75),
    p90: told(0.9),
  };
}

export const NOTHING: Spread = { mean: 0, p10: 0, p25: 0, p50: 0, p75: 0, p90: 0 };

/** Digits of a share. */
const SHARE_DIGITS = 4;

/** Of one share a run. */
export function bandOf(shares: readonly number[]): Band {
  const { low, high } = ninety(shares);
  return { mean: rounded(meanOf(shares), SHARE_DIGITS), low, high };
}

/** Between which nine tenths of the runs lie, and the middle one. */
export function ninety(shares: readonly number[]): { low: number; mid: number; high: number } {
  const rising = Float64Array.from(shares).sort();
  const last = rising.length - 1;
  const low = Math.floor(rising.length * 0.05);
  return {
    low: rounded(rising[low] ?? 0, SHARE_DIGITS),
    mid: rounded(at(rising, 0.5), SHARE_DIGITS),
    high: rounded(rising[last - low] ?? 0, SHARE_DIGITS),
  };
}
