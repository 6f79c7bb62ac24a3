/** What an experiment is: one parameter, measured where it acts. */
import { PARAMETERS } from "../../../src/config.ts";

export type ParameterName = keyof typeof PARAMETERS;

/** Measured figures by the name of their metric. */
export type Figures = Readonly<Record<string, number>>;

export interface Metric {
  name: string;
  /** For people, such as "age of the standings". */
  what: string;
  unit: string;
  better: "less" | "more";
  /** The floor's figure that this one includes, and that the machine moves: it is taken off. */
  overFloor?: string;
}

/** The hunts that values are recommended for. */
export const SIZES = {
  small: "a small hunt: 30 teams, one evening",
  city: "a city campaign: 3,000 teams, some weeks",
  television: "a television spot: 100,000 players within minutes",
} as const;
export type Size = keyof typeof SIZES;

/** A bound that a hunt of some size sets on one of the metrics. */
export interface Wish {
  metric: string;
  most?: number;
  least?: number;
}

/** One value in one round, and the floor of the same minute. */
export interface Measured {
  value: number;
  figures: Figures;
  floor: Figures;
}

/** An experiment that is set up: engines that run, or nothing at all where it is simulated. */
export interface Bench {
  /** Measures every value once, in the same minute. */
  round(number: number): Promise<Measured[]>;
  close(): Promise<void>;
}

interface Declared {
  parameter: ParameterName;
  /** What is done to the engine, for people. */
  condition: string;
  /** At least three, rising, the default among them. */
  values: readonly number[];
  /** The first is what the parameter is about; the others are what it costs. */
  metrics: readonly [Metric, ...Metric[]];
  /** What stands beside each value, for people. */
  floor: string;
  /** Bounds; of the values within them the one with the best first metric is recommended. */
  wishes: Readonly<Record<Size, readonly Wish[]>>;
}

export interface Experiment extends Declared {
  /** The engine in workerd, or its own classes in virtual time. */
  how: "engine" | "simulation";
  rounds: number;
  open(seed: number): Promise<Bench>;
}

/** Rounds of a simulation: each has a chance of its own. */
const SIMULATED_ROUNDS = 12;

/** Chance of one round is this far from that of the next. */
const SEED_STEP = 1_000;

/**
 * An experiment in virtual time, which no machine can disturb. In a round every
 * value has the same chance, and so has the floor: the same without the mechanism.
 */
export function simulated({
  trial,
  without,
  rounds = SIMULATED_ROUNDS,
  ...declared
}: Declared & {
  rounds?: number;
  trial(value: number, seed: number): Figures | Promise<Figures>;
  without(seed: number): Figures | Promise<Figures>;
}): Experiment {
  return {
    ...declared,
    how: "simulation",
    rounds,
    open: async (base) => ({
      async round(number) {
        const seed = base + number * SEED_STEP;
        const floor = await without(seed);
        const measured: Measured[] = [];
        for (const value of declared.values) {
          measured.push({ value, figures: await trial(value, seed), floor });
        }
        return measured;
      },
      close: async () => undefined,
    }),
  };
}

export const defaultOf = (name: ParameterName): number => Number(PARAMETERS[name].default);

/** Its range; of a choice there is none. */
export function boundsOf(name: ParameterName): { min?: number; max?: number } {
  const parameter = PARAMETERS[name];
  return parameter.kind === "number" ? { min: parameter.min, max: parameter.max } : {};
}
