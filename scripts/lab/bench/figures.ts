/** A figure of a benchmark report, from its rounds. */

import { medianOf } from "../measure/statistics.ts";

export interface Case {
  name: string;
  unit: string;
  /** Median of the rounds. */
  value: number;
  /** Lowest and highest round. */
  spread: [number, number];
}

export function caseOf(name: string, unit: string, all: readonly number[]): Case {
  return { name, unit, value: medianOf(all), spread: [Math.min(...all), Math.max(...all)] };
}

/** Round by round the ratio to the floor of the same round, so that a noisy machine disturbs both alike. */
export function ratioOf(name: string, all: readonly number[], floor: readonly number[]): Case {
  return caseOf(
    name,
    "ratio",
    all.map((figure, round) => figure / (floor[round] ?? Number.NaN)),
  );
}
