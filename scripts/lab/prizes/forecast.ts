/**
 * The stock of prizes against the players that are expected: the vault's own
 * allocation and draw, played many times with seeded crowds.
 */
import type { PrizeRules } from "../../../src/hunt/prize-changes.ts";
import { Allocation, stockOf } from "../../../src/prizes/allocate.ts";
import { below, type Chance } from "../measure/chance.ts";
import { quantileOf, rising } from "../measure/statistics.ts";

export interface Crowd {
  /** Teams that will meet what the prize requires. */
  teams: number;
  /** Claims of a team until it wins or gives up. */
  claims: number;
  /** From when to when they claim, epoch ms. */
  from: number;
  to: number;
  /** Share of the claims that come in the first tenth of the time: crowds come at once. */
  rush: number;
}

/** Of one prize over all runs; quantiles are [5 %, 50 %, 95 %]. */
export interface Forecast {
  prize: string;
  mode: PrizeRules["mode"];
  stock: number;
  won: Quantiles;
  /** Claims told that nothing is left, as a share of all. */
  refused: Quantiles;
  /** Seconds from the first claim until nothing was left, over the runs in which that happened. */
  drainedAfter?: Quantiles;
  /** Share of the runs in which that happened. */
  drained: number;
}

export type Quantiles = [number, number, number];

/** Claims in one run at most, so that a run fits into memory. */
export const CLAIMS_MAX = 2_000_000;

export function forecast(rules: PrizeRules, crowd: Crowd, runs: number, random: Chance): Forecast {
  const won: number[] = [];
  const refused: number[] = [];
  const drainedAfter: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const played = playOnce(rules, crowd, `${run}-${random()}`, random);
    won.push(played.won);
    refused.push(played.claims === 0 ? 0 : played.refused / played.claims);
    if (played.drainedAt !== undefined) drainedAfter.push((played.drainedAt - crowd.from) / 1_000);
  }
  return {
    prize: rules.id,
    mode: rules.mode,
    stock: stockOf(rules),
    won: quantiles(won),
    refused: quantiles(refused),
    ...(drainedAfter.length > 0 ? { drainedAfter: quantiles(drainedAfter) } : {}),
    drained: drainedAfter.length / runs,
  };
}

function playOnce(rules: PrizeRules, crowd: Crowd, seed: string, random: Chance) {
  const total = Math.min(CLAIMS_MAX, crowd.teams * crowd.claims);
  const times = new Float64Array(total).map(() => {
    const share = random() < crowd.rush ? random() / 10 : random();
    return crowd.from + share * (crowd.to - crowd.from);
  });
  times.sort();
  const allocation = new Allocation(rules, seed, new Set());
  const wins = new Uint32Array(crowd.teams);
  let claims = 0;
  let refused = 0;
  let drainedAt: number | undefined;
  for (const at of times) {
    const team = below(random, crowd.teams);
    const own = wins[team] ?? 0;
    if (own >= rules.perTeam) continue;
    claims += 1;
    const claim = { prize: rules.id, team: `t${team}`, player: "p", event: `e${claims}` };
    const { outcome } = allocation.decide(claim, own, own, at);
    if (outcome === "won") wins[team] = own + 1;
    if (outcome === "sold_out") refused += 1;
    if (allocation.left === 0) drainedAt ??= at;
  }
  return { claims, refused, won: allocation.taken.size, drainedAt };
}

function quantiles(values: number[]): Quantiles {
  const sorted = rising(values);
  return [quantileOf(sorted, 0.05), quantileOf(sorted, 0.5), quantileOf(sorted, 0.95)];
}
