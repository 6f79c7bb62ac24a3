/** Fits how simulated teams behave to one half of a real hunt's teams, and says how far off the other half is. */
import type { SimulationOptions } from "../../../src/contract/simulation.ts";
import { exp, ln } from "../../../src/simulation/arithmetic.ts";
import type { Model } from "../../../src/simulation/model.ts";
import type { RunTold } from "../../../src/simulation/run.ts";
import { runOf } from "../../../src/simulation/simulate.ts";
import { type Chance, chance } from "../measure/chance.ts";
import type { RealHunt, RealTeam } from "./real-hunt.ts";

const HOUR = 3_600_000;

/** Teams of a simulated run while the figures are looked for, and when they are judged. */
const TEAMS_FITTED = 500;
const TEAMS_JUDGED = 4_000;

/** By how much a clue's difficulty follows what its solve share is off, each time; and how often. */
const FOLLOWS = 0.7;
const STEPS_FIRST = 12;
const STEPS = 2;

/** Solves of a team at which the distributions are compared. */
const SOLVES_AT = [1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 36, 43];
/** Hours since the opening at which the solves so far are. */
const HOURS_AT = [1, 3, 6, 12, 24, 48, 96, 144, 192, 228];

/** What is compared: of teams, whether real or simulated. */
export interface Seen {
  teams: number;
  /** Solves of each team that joined, rising. */
  solves: Float64Array;
  /** By clue: the share of the teams that solved it. */
  shares: number[];
  /** Solves a team by each of `HOURS_AT`. */
  byHour: number[];
  finished: number;
}

/** The figures, and how hard each clue is (a power of e on the pace). */
export interface Fit {
  model: Model;
  pace: number;
  difficulties: number[];
}

export function seenOf(teams: readonly RealTeam[], clues: readonly string[], finish: string): Seen {
  const times = teams.flatMap((team) => [...team.values()]);
  return {
    teams: teams.length,
    solves: Float64Array.from(teams, (team) => team.size).sort(),
    shares: clues.map((clue) => teams.filter((team) => team.has(clue)).length / teams.length),
    byHour: HOURS_AT.map((hours) => times.filter((at) => at <= hours * HOUR).length / teams.length),
    finished: teams.filter((team) => team.has(finish)).length / teams.length,
  };
}

/** Of simulated teams; those that did not come to play solved nothing. */
export function seenIn(told: RunTold, teams: number): Seen {
  const solves = new Float64Array(teams);
  for (const [index, played] of told.played.entries()) solves[index] = played.solves;
  const times = told.clues.flatMap(({ solvedAt }) => solvedAt);
  return {
    teams,
    solves: solves.sort(),
    shares: told.clues.map(({ solvedAt }) => solvedAt.length / teams),
    byHour: HOURS_AT.map((hours) => times.filter((at) => at <= hours * HOUR).length / teams),
    finished: told.played.filter(({ finishedAt }) => finishedAt !== undefined).length / teams,
  };
}

const shareFrom = (rising: Float64Array, least: number): number => {
  let below = 0;
  while (below < rising.length && (rising[below] as number) < least) below += 1;
  return 1 - below / rising.length;
};

export const meanOf = ({ solves }: Seen): number =>
  solves.reduce((sum, count) => sum + count, 0) / solves.length;

/** The largest difference between the shares of teams with at least so many solves. */
export function distanceOf(a: Seen, b: Seen, most: number): number {
  let distance = 0;
  for (let least = 1; least <= most; least += 1) {
    distance = Math.max(distance, Math.abs(shareFrom(a.solves, least) - shareFrom(b.solves, least)));
  }
  return distance;
}

/** How badly simulated teams resemble real ones. */
function lossOf(real: Seen, simulated: Seen): number {
  const all = meanOf(real);
  let loss = ((all - meanOf(simulated)) / all) ** 2;
  for (const least of SOLVES_AT) {
    loss += (shareFrom(real.solves, least) - shareFrom(simulated.solves, least)) ** 2;
  }
  for (const [index, count] of real.byHour.entries()) {
    loss += 0.3 * ((count - (simulated.byHour[index] ?? 0)) / all) ** 2;
  }
  for (const [index, share] of real.shares.entries()) {
    loss += (share - (simulated.shares[index] ?? 0)) ** 2 / real.shares.length;
  }
  return loss + (real.finished - simulated.finished) ** 2;
}

export function optionsOf(
  { hunt }: RealHunt,
  { pace, difficulties }: Pick<Fit, "pace" | "difficulties">,
  teams: number,
  seed: number,
): SimulationOptions {
  const paces = Object.fromEntries(
    hunt.clues.map(({ id }, place) => [id, Math.max(1_000, pace * exp(difficulties[place] ?? 0))]),
  );
  return { seed, runs: 1, teams, pace, paces };
}

const playedBy = (real: RealHunt, fit: Fit, teams: number, seed: number): Seen =>
  seenIn(runOf(real.hunt, optionsOf(real, fit, teams, seed), 0, fit.model), teams);

const logit = (share: number, teams: number): number => {
  const held = Math.min(1 - 0.5 / teams, Math.max(0.5 / teams, share));
  return ln(held / (1 - held));
};

/** Makes each clue as hard as the fitted half found it. */
export function withDifficulties(real: RealHunt, fit: Fit, target: Seen, steps: number, seed: number): Fit {
  let now = fit;
  for (let step = 0; step < steps; step += 1) {
    const simulated = playedBy(real, now, TEAMS_FITTED, seed + step);
    now = {
      ...now,
      difficulties: now.difficulties.map((difficulty, place) => {
        const off =
          logit(simulated.shares[place] ?? 0, TEAMS_FITTED) - logit(target.shares[place] ?? 0, target.teams);
        return difficulty + FOLLOWS * Math.max(-2, Math.min(2, off));
      }),
    };
  }
  return now;
}

/** The figures that are looked for, and how far a step goes: those that must be positive by factors. */
const LOOKED_FOR: readonly {
  figure: Exclude<keyof Model, "difficulty" | "wrong">;
  step: number;
  by: "factor" | "sum";
}[] = [
  { figure: "began", step: 0.03, by: "sum" },
  { figure: "skill", step: 0.25, by: "factor" },
  { figure: "luck", step: 0.25, by: "factor" },
  { figure: "patience", step: 0.35, by: "factor" },
  { figure: "patienceSpread", step: 0.25, by: "factor" },
  { figure: "patienceBySkill", step: 0.3, by: "sum" },
  { figure: "hands", step: 0.35, by: "factor" },
  { figure: "tires", step: 0.4, by: "factor" },
];

function varied(model: Model, random: Chance, width: number): Model {
  const other = { ...model };
  for (const { figure, step, by } of LOOKED_FOR) {
    if (random() < 0.5) continue;
    const moved = (random() * 2 - 1) * step * width;
    other[figure] = by === "factor" ? model[figure] * exp(moved) : Math.max(0, model[figure] + moved);
  }
  other.began = Math.min(1, other.began);
  return other;
}

/** Looks for the figures that make simulated teams most like the fitted half. */
export function fitted(real: RealHunt, start: Fit, tries: number, say: (line: string) => void): Fit {
  const finish = real.hunt.scoring.finish ?? "";
  const target = seenOf(
    real.fitted,
    real.hunt.clues.map(({ id }) => id),
    finish,
  );
  const random = chance(20);
  let best = withDifficulties(real, start, target, STEPS_FIRST, 100);
  let least = lossOf(target, playedBy(real, best, TEAMS_FITTED, 7));
  for (let index = 0; index < tries; index += 1) {
    const width = 1 - (0.8 * index) / tries;
    const candidate = withDifficulties(
      real,
      { ...best, model: varied(best.model, random, width) },
      target,
      STEPS,
      200 + index * STEPS,
    );
    const loss =
      (lossOf(target, playedBy(real, candidate, TEAMS_FITTED, 7)) +
        lossOf(target, playedBy(real, candidate, TEAMS_FITTED, 8))) /
      2;
    if (index > 0 && loss >= least) continue;
    least = loss;
    best = candidate;
    say(`${index + 1}: ${loss.toFixed(4)} ${JSON.stringify(best.model)}`);
  }
  return centred(withDifficulties(real, best, target, STEPS_FIRST / 2, 9_000));
}

/** The pace is that of the clue in the middle, and the difficulties are around it. */
function centred({ model, pace, difficulties }: Fit): Fit {
  const mean = difficulties.reduce((sum, each) => sum + each, 0) / difficulties.length;
  const off = difficulties.map((each) => each - mean);
  const variance = off.reduce((sum, each) => sum + each * each, 0) / (off.length - 1);
  // Patience is a multiple of the pace: a team's stays as it is.
  const patience = model.patience / exp(mean);
  return {
    model: { ...model, patience, difficulty: Math.sqrt(variance) },
    pace: pace * exp(mean),
    difficulties: off,
  };
}

export interface Judged {
  /** Solves a team: real and simulated. */
  real: number;
  simulated: number;
  /** See `distanceOf`. */
  distance: number;
  /** Mean of what the clues' solve shares are off. */
  shares: number;
  /** Share of the teams that finish. */
  realFinished: number;
  finished: number;
}

/** How far off the figures are on one half. */
export function judged(real: RealHunt, half: readonly RealTeam[], fit: Fit): Judged {
  const { clues, scoring } = real.hunt;
  const seen = seenOf(
    half,
    clues.map(({ id }) => id),
    scoring.finish ?? "",
  );
  const simulated = playedBy(real, fit, TEAMS_JUDGED, 1);
  return {
    real: meanOf(seen),
    simulated: meanOf(simulated),
    distance: distanceOf(seen, simulated, clues.length),
    shares:
      seen.shares.reduce((sum, share, place) => sum + Math.abs(share - (simulated.shares[place] ?? 0)), 0) /
      clues.length,
    realFinished: seen.finished,
    finished: simulated.finished,
  };
}
