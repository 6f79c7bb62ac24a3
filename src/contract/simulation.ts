/**
 * What a simulation of a hunt tells: `hunt simulate --json`, and the console. No route has it: it is made where it
 * is shown. Times are milliseconds since the hunt opened, shares from 0 to 1.
 */

/** Of values: the mean, and below which value a tenth, a quarter, the half … of them lie. */
export interface Spread {
  mean: number;
  p10: number;
  p25: number;
  p50: number;
  p75: number;
  p90: number;
}

/** A share of the teams: the mean of the runs, and between which two nine tenths of the runs lie. */
export interface Band {
  mean: number;
  low: number;
  high: number;
}

export interface SimulatedClue {
  clue: string;
  title: string;
  /** Teams for which it opened. */
  opened: Band;
  solved: Band;
  /** From its opening to the solve, of teams that solved it; absent: none did. */
  took?: Spread;
  /** Wrong tries of a team for which it opened. */
  wrong: number;
  /** Teams that used up all their tries at it. */
  exhausted: number;
  /** Teams that took a hint of it. */
  hinted: number;
  /** Teams that got stuck while it was open to them and not solved. */
  stuck: number;
}

export interface SimulatedPrize {
  prize: string;
  title: string;
  stock: number;
  /** Units won in a run. */
  won: Spread;
  /** Runs in which every unit was won. */
  gone: number;
  /** When the last unit was won, of those runs; absent: there were none. */
  goneAt?: Spread;
}

/** A share of the teams over time, at the times of `SimulationReport.curves`. */
export interface Curve {
  low: number[];
  mid: number[];
  high: number[];
}

export interface SimulationReport {
  hunt: string;
  seed: number;
  /** How often the hunt was played; in each, clues are as hard as chance has it. */
  runs: number;
  /** Teams of a run. */
  teams: number;
  /** How long the hunt lasts. */
  lasts: number;
  /** How long a middling team works on a middling clue. */
  pace: number;
  /** The clue that ends the hunt for a team; absent: all clues. */
  finish?: string;
  /** Teams that come and play. */
  began: Band;
  finished: Band;
  /** When teams finished; absent: none did. */
  finishedAt?: Spread;
  /** Teams that got stuck, and of these those to which nothing was open. */
  stuck: Band;
  waiting: Band;
  /** Of teams that played. */
  solves: Spread;
  score: Spread;
  clues: SimulatedClue[];
  prizes: SimulatedPrize[];
  curves: { at: number[]; clues: ({ clue: string } & Curve)[] };
  /** Clues that nothing but an organiser opens, and nobody said when. */
  closed: string[];
  /** Clues of a kind whose events are not simulated: they count as solved by hand. */
  byHand: string[];
}

/** A figure that differs between the simulations of two versions. */
export interface Difference {
  /** As it is called in the report. */
  figure: string;
  /** The clue or prize that it is about; absent: the hunt. */
  about?: string;
  /** Absent: that version has no such figure. */
  before?: number;
  after?: number;
}

export interface SimulationOptions {
  seed: number;
  runs: number;
  teams: number;
  /** Absent: as the definition says by `opens` and `closes`. */
  lasts?: number;
  pace: number;
  /** Share of the teams that come and play; absent: as at the real hunt. */
  come?: number;
  /** By clue: how long a middling team works on it, where that is known. */
  paces?: Readonly<Record<string, number>>;
  /** By clue: when an organiser opens it. */
  opened?: Readonly<Record<string, number>>;
}

/** Teams in all runs at most: minutes of one processor. */
export const SIMULATED_MAX = 200_000;
export const RUNS_MAX = 200;
export const SEED_MAX = 2 ** 31 - 1;
/** A second to a year, ms. */
export const PACE_MIN = 1_000;
export const LASTS_MAX = 366 * 86_400_000;
