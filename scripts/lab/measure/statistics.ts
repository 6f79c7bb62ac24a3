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

/**
 * Mann and Whitney's test of two samples: the chance that a value of the first
 * lies below one of the second (ties count half), and how many standard errors
 * that is from a half, as it would be were they alike (normal approximation,
 * without the correction for ties).
 */
export function mannWhitney(first: Values, second: Values): { below: number; z: number } {
  const all = [
    ...Array.from(first, (value) => ({ value, own: true })),
    ...Array.from(second, (value) => ({ value, own: false })),
  ].sort((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1;
    const rank = (from + to + 1) / 2; // the mean of the ranks from + 1 to `to`
    for (let index = from; index < to; index += 1) if (all[index]?.own) ranks += rank;
    from = to;
  }
  const [n, m] = [first.length, second.length];
  const above = (ranks - (n * (n + 1)) / 2) / (n * m);
  const error = Math.sqrt((n + m + 1) / (12 * n * m));
  return { below: 1 - above, z: (0.5 - above) / error };
}
