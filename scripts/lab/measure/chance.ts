/** Chance that a seed repeats: the same seed gives the same numbers on every machine. */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { mersenne } from "pure-rand/generator/mersenne";

/** Gives the next number, from 0 to below 1. */
export type Chance = () => number;

export function chance(seed: number): Chance {
  // Of the library's generators the one whose first numbers do not show how small a seed is.
  const generator = mersenne(seed);
  return () => uniformFloat64(generator);
}

/** Gives an integer from 0 to below `bound`. */
export function below(random: Chance, bound: number): number {
  return Math.floor(random() * bound);
}

/** Gives the time to the next of independent arrivals, of which `rate` come in a unit of time. */
export function waitOf(random: Chance, rate: number): number {
  return -Math.log(1 - random()) / rate;
}
