/** Statistics of measured values; of none at all they are NaN. */

type Values = readonly number[] | Float64Array;

/** Gives the values in rising order, in a new array. */
export function rising(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Gives the value below which the share `quantile` of the values lies; they must rise. */
export function quantileOf(values: Values, quantile: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * quantile))] ?? Number.NaN;
}

/** Gives the middle value, or the mean of the two in the middle. */
export function medianOf(values: Values): number {
  const sorted = rising(values);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

export function meanOf(values: Values): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
