/** Figures out of a load's samples. */
import { build } from "hdr-histogram-js";
import type { Sample } from "./load.ts";

/** The histogram counts microseconds with three digits. */
const MICROSECONDS = 1_000;

/** Recovered: from a second on, each second has at most so many errors … */
const ERRORS_BACK = 0.01;

/** … and a p99 of at most three times the healthy one, or of this, ms. */
const P99_BACK = 200;
const P99_BACK_FACTOR = 3;

export interface Figures {
  requests: number;
  /** Share of requests that failed. */
  errors: number;
  /** Of every request, failed or not, ms: as long as players waited. */
  mean: number;
  p50: number;
  p99: number;
}

export function figuresOf(samples: readonly Sample[]): Figures {
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  let failed = 0;
  for (const { ms, ok } of samples) {
    histogram.recordValue(Math.max(1, Math.round(ms * MICROSECONDS)));
    if (!ok) failed += 1;
  }
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / MICROSECONDS;
  return {
    requests: samples.length,
    errors: samples.length === 0 ? 0 : failed / samples.length,
    mean: histogram.mean / MICROSECONDS,
    p50: at(50),
    p99: at(99),
  };
}

/**
 * Seconds from `healedAt` (ms) until errors and p99 are back to normal for the
 * rest of the load; undefined: not before its end.
 */
export function secondsToRecover(
  samples: readonly Sample[],
  healedAt: number,
  healthyP99: number,
): number | undefined {
  const seconds = Map.groupBy(
    samples.filter(({ at }) => at >= healedAt),
    ({ at }) => Math.floor((at - healedAt) / 1_000),
  );
  const last = Math.max(...seconds.keys());
  let recovered: number | undefined;
  for (let second = last; second >= 0; second -= 1) {
    const { errors, p99 } = figuresOf(seconds.get(second) ?? []);
    if (errors > ERRORS_BACK || p99 > Math.max(P99_BACK, P99_BACK_FACTOR * healthyP99)) break;
    recovered = second;
  }
  return recovered;
}
