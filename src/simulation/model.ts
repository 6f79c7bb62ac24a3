/**
 * How simulated teams behave. The figures under `CALIBRATED` were found on one half of the teams of a real hunt by
 * scripts/lab/simulate/calibrate.ts; docs/simulation.md says how, and how far they are off on the other half.
 * Those under `ASSUMED` no data tells.
 */

export interface Model {
  /** Share of the teams that joined that come to play. */
  began: number;
  /** A team works e^(skill · normal) times as fast as a middling one. */
  skill: number;
  /** A clue takes e^(difficulty · normal) times as long as a middling one. */
  difficulty: number;
  /** The same team on the same clue: e^(luck · normal). */
  luck: number;
  /** For how long a middling team plays on without a solve, as a multiple of the pace. */
  patience: number;
  /** The patience of a team: e^(patienceSpread · normal) times that of a middling one. */
  patienceSpread: number;
  /** And a team whose skill is one deviation higher has e^patienceBySkill times as much. */
  patienceBySkill: number;
  /** Clues that a team works on at a time, for each player it may have; at least one. */
  hands: number;
  /** After this long a team does half as much in an hour as at first, ms: people sleep, and have other things to do. */
  tires: number;
  /** Wrong tries of a team at a clue that it works on to the end. */
  wrong: number;
}

export const CALIBRATED: Model = {
  began: 0.716,
  skill: 0.49,
  difficulty: 1.003,
  luck: 0.382,
  patience: 10.24,
  patienceSpread: 0.74,
  patienceBySkill: 0.319,
  hands: 0.181,
  tires: 12.72 * 3_600_000,
  wrong: 1.99,
};

/** The pace at which the real hunt was played, ms. */
export const CALIBRATED_PACE = 2.07 * 3_600_000;

export const ASSUMED = {
  /** Of wrong answers to a clue with nudges: the share that is a near miss. */
  nearMiss: 0.3,
  /** A team takes a hint once it has worked on the clue as long as a middling team needs, times this … */
  hintAfter: 1,
  /** … and then has this share of its work left. */
  hintLeaves: 0.5,
  /** How long a team waits that won nothing before it claims again, ms. */
  claimAgain: 300_000,
  /** Without a solve for so many times the pace, a team that plays at the end was stuck. */
  stuckAfter: 4,
} as const;
