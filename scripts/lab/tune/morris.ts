/**
 * Screening by elementary effects (Morris 1991; μ* by Campolongo 2007): few
 * runs tell which of many parameters matter at all. Pure.
 */

import { below, type Chance } from "../measure/chance.ts";
import { meanOf } from "../measure/statistics.ts";

export interface Factor {
  name: string;
  /** Sensible values, in order. */
  levels: readonly number[];
}

/** A point: the index of each factor's level. */
export type Point = number[];

/** A path through the levels that changes each factor once, in random order. */
export function trajectory(factors: readonly Factor[], random: Chance): Point[] {
  const start = factors.map(({ levels }) => below(random, levels.length));
  const order = factors.map((_, index) => index);
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = below(random, index + 1);
    [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
  }
  const points = [start];
  for (const changed of order) {
    const last = points.at(-1) ?? start;
    const { length } = factors[changed]?.levels ?? [];
    const level = last[changed] ?? 0;
    // Half of the levels away, within them.
    const jump = Math.max(1, Math.floor(length / 2));
    const next = [...last];
    next[changed] = level + jump < length ? level + jump : level - jump;
    points.push(next);
  }
  return points;
}

export interface Effect {
  name: string;
  /** Mean of the effects' sizes. */
  muStar: number;
  /** Mean with sign: above 0, a higher level raises the response. */
  mu: number;
  /** Their spread: much of it means interaction, or noise. */
  sigma: number;
}

/** `runs`: trajectories with the response at each of their points. Largest effect first. */
export function effectsOf(
  factors: readonly Factor[],
  runs: readonly { points: readonly Point[]; responses: readonly number[] }[],
): Effect[] {
  const all = factors.map(() => [] as number[]);
  for (const { points, responses } of runs) {
    for (let index = 1; index < points.length; index += 1) {
      const before = points[index - 1] ?? [];
      const after = points[index] ?? [];
      const changed = after.findIndex((level, factor) => level !== before[factor]);
      const up = (after[changed] ?? 0) > (before[changed] ?? 0) ? 1 : -1;
      all[changed]?.push(((responses[index] ?? 0) - (responses[index - 1] ?? 0)) * up);
    }
  }
  return factors
    .map(({ name }, factor) => {
      // A run that ends early may have no effect of a parameter.
      const effects = all[factor]?.length ? all[factor] : [0];
      const mu = meanOf(effects);
      return {
        name,
        mu,
        muStar: meanOf(effects.map(Math.abs)),
        sigma: Math.sqrt(meanOf(effects.map((effect) => (effect - mu) ** 2))),
      };
    })
    .sort((a, b) => b.muStar - a.muStar);
}
