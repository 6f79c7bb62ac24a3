/**
 * How long the collector stops the thread, and how often: it is in no report by itself, so that it is fitted to the
 * medians and tails of four measured runs. Pure: the same for the same report.
 */
import { chance } from "../measure/chance.ts";
import { type BenchReport, figure, unitCosts } from "./costs.ts";
import {
  type Load,
  PAUSE_MEAN,
  type Pauses,
  type Simulated,
  simulateShard,
  type UnitCosts,
} from "./simulate.ts";

/** Candidates that are tried, and the share of the thread's time that pauses may take. */
const CANDIDATES = 250;
const SHARE_MAX = 0.4;

/** Simulated of each run, s. */
const SECONDS = 6;

/** A measured run. `p50` and `p99`: s. */
export interface MeasuredRun {
  name: string;
  load: Load;
  eventsPerRequest: number;
  rate: number;
  p50: number;
  p99: number;
}

export function runsIn(report: BenchReport): MeasuredRun[] {
  const run = (name: string, load: Load, eventsPerRequest = 1, rate = name): MeasuredRun => ({
    name,
    load,
    eventsPerRequest,
    rate: figure(report, rate),
    p50: figure(report, `${name}: p50`) / 1_000,
    p99: figure(report, `${name}: p99`) / 1_000,
  });
  const open = "open loop of event: rate";
  return [
    run("event", { kind: "closed", clients: 64 }),
    run("event, connections: 1", { kind: "closed", clients: 1 }),
    run("event in batches of 50", { kind: "closed", clients: 16 }, 50),
    run("open loop of event", { kind: "open", rate: figure(report, open) }, 1, open),
  ];
}

/** What the simulation gives of each run, under the same candidate. */
export interface Fit {
  costs: UnitCosts;
  runs: { run: MeasuredRun; simulated: Simulated }[];
}

/** Every candidate, simulated. */
export function candidates(report: BenchReport): Fit[] {
  const plain = unitCosts(report);
  const alone = figure(report, "event, connections: 1: p50") / 1_000;
  const runs = runsIn(report);
  const random = chance(5);
  const between = (least: number, most: number): number => least * (most / least) ** random();
  const fits: Fit[] = [];
  for (let tried = 0; tried < CANDIDATES; tried += 1) {
    const small = { every: between(0.005, 0.08), longest: between(0.0008, 0.008) };
    const full = { every: between(0.1, 1), longest: between(0.03, 0.14) };
    const share = shareOf({ small, full });
    if (share > SHARE_MAX) continue;
    // The CPU time that was measured has the collections in it.
    const work = 1 / (1 + share);
    const request = plain.request * work;
    const commit = plain.commit * work;
    const way = Math.max(0, alone - request - commit);
    const costs: UnitCosts = { request, event: plain.event * work, commit, way, pauses: { small, full } };
    fits.push({ costs, runs: runs.map((run) => ({ run, simulated: simulate(costs, run) })) });
  }
  return fits;
}

const shareOf = (pauses: Pauses): number =>
  Object.values(pauses).reduce(
    (sum, { every, longest }: Pauses["full"]) => sum + (PAUSE_MEAN * longest) / every,
    0,
  );

const simulate = (costs: UnitCosts, { load, eventsPerRequest }: MeasuredRun): Simulated =>
  simulateShard({ costs, load, eventsPerRequest, waitingMax: 2_000, seconds: SECONDS, random: chance(1) });

/** The candidate that comes nearest to the runs, but for the one named `without`. */
export function bestOf(fits: readonly Fit[], without?: string): Fit {
  const distance = ({ runs }: Fit): number =>
    runs.reduce((sum, { run, simulated }) => {
      if (run.name === without) return sum;
      const off = (value: number, truth: number): number => Math.log(value / truth) ** 2;
      return (
        sum + off(simulated.p50, run.p50) + off(simulated.p99, run.p99) + off(simulated.rate, run.rate) / 2
      );
    }, 0);
  const [first, ...rest] = fits;
  if (!first) throw new Error("there is nothing to choose from");
  return rest.reduce((best, fit) => (distance(fit) < distance(best) ? fit : best), first);
}
