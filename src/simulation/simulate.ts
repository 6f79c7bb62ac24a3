/** A hunt played many times by many teams, and what came of it. PURE: the same seed gives the same report. */
import {
  LASTS_MAX,
  PACE_MIN,
  RUNS_MAX,
  SIMULATED_MAX,
  type SimulationOptions,
  type SimulationReport,
} from "../contract/simulation.ts";
import { hash53 } from "../hash.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import { CALIBRATED, type Model } from "./model.ts";
import { reportOf } from "./report.ts";
import { playRun, type RunTold } from "./run.ts";

/** When a hunt opens whose definition names no time at all, epoch ms: any moment does. */
const SOME_TIME = Date.UTC(2026, 0, 1, 18);

/** How long an evening lasts, where neither the definition nor the caller says, ms. */
export const LASTS_DEFAULT = 3 * 3_600_000;

/** What cannot be simulated; undefined: everything can. */
export function objectionTo(hunt: CompiledHunt, options: SimulationOptions): string | undefined {
  const { runs, teams, pace, come = 1, paces = {}, opened = {} } = options;
  if (runs < 1 || runs > RUNS_MAX) return `runs are from 1 to ${RUNS_MAX}`;
  if (teams < 1 || teams * runs > SIMULATED_MAX) return `teams of all runs are from 1 to ${SIMULATED_MAX}`;
  if (!(come >= 0 && come <= 1)) return "the share of teams that come is from 0 to 1";
  const ids = new Set(hunt.clues.map(({ id }) => id));
  const unknown = [...Object.keys(paces), ...Object.keys(opened)].find((id) => !ids.has(id));
  if (unknown !== undefined) return `there is no clue ${unknown}`;
  for (const each of [pace, ...Object.values(paces)]) {
    if (!(each >= PACE_MIN && each <= LASTS_MAX)) return "a pace is from a second to 366 days";
  }
  const { opensAt, endsAt } = timesOf(hunt, options);
  if (!(endsAt - opensAt >= PACE_MIN && endsAt - opensAt <= LASTS_MAX)) {
    return "a hunt lasts from a second to 366 days";
  }
  return undefined;
}

/** When the simulated hunt opens and ends, epoch ms. */
export function timesOf(
  { opens, closes }: Pick<CompiledHunt, "opens" | "closes">,
  { lasts }: Pick<SimulationOptions, "lasts">,
): { opensAt: number; endsAt: number } {
  const length = lasts ?? LASTS_DEFAULT;
  const opensAt = opens ?? (closes === undefined ? SOME_TIME : closes - length);
  return { opensAt, endsAt: lasts === undefined ? (closes ?? opensAt + length) : opensAt + lasts };
}

/** One step a run, so that others get their turn between them; the last one gives the report. */
export function* simulating(
  hunt: CompiledHunt,
  options: SimulationOptions,
  model: Model = CALIBRATED,
): Generator<number, SimulationReport> {
  const runs: RunTold[] = [];
  for (let run = 0; run < options.runs; run += 1) {
    runs.push(runOf(hunt, options, run, model));
    yield run + 1;
  }
  return reportOf(hunt, options, timesOf(hunt, options), runs);
}

/** All runs in one go. */
export function simulate(
  hunt: CompiledHunt,
  options: SimulationOptions,
  model: Model = CALIBRATED,
): SimulationReport {
  const steps = simulating(hunt, options, model);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** One of the runs. */
export function runOf(hunt: CompiledHunt, options: SimulationOptions, run: number, model: Model): RunTold {
  const { seed, teams, pace, come = model.began, paces = {}, opened = {} } = options;
  const { opensAt, endsAt } = timesOf(hunt, options);
  const placeOf = new Map(hunt.clues.map(({ id }, place) => [id, place]));
  return playRun({
    hunt,
    model: { ...model, began: come },
    clueKeys: hunt.clues.map(({ id }) => hash53(id)),
    seed,
    run,
    teams,
    opensAt,
    endsAt,
    paces: hunt.clues.map(({ id }) => paces[id] ?? pace),
    known: new Set(Object.keys(paces)),
    pace,
    opened: new Map(Object.entries(opened).map(([id, at]) => [placeOf.get(id) ?? -1, opensAt + at])),
  });
}
