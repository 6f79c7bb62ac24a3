/**
 * Growth of one shard: with 10⁴ to 10⁶ facts in its log, how long it takes to
 * respond after an eviction, and how fast it plays. Its teams made the facts, and
 * all of them play on; the sizes take turns, so that a noisy machine disturbs all alike.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stats } from "../../../src/contract/data.ts";
import type { Teams } from "../../../src/contract/teams.ts";
import type { Engine, EngineOptions } from "../../local/engine.ts";
import { closedLoop } from "./client.ts";
import { type BenchEngine, startEngines, stopAll } from "./engines.ts";
import { type Case, caseOf, ratioOf } from "./figures.ts";
import { BENCH_HUNT, type BenchHunt, openBenchHunt, organise } from "./hunt.ts";
import { type Contender, type Settings, takeTurns } from "./rounds.ts";

/** The shard's size before it is measured; a team has a hundred facts at the largest. */
export const SIZES = [
  { facts: 10_000, teams: 1_000 },
  { facts: 100_000, teams: 5_000 },
  { facts: 1_000_000, teams: 10_000 },
];

/** Evictions of each size. */
const EVICTIONS = 5;

/** Events of a request that fills a shard, at most, and requests at the same time. */
const FILLING = { events: 100, connections: 16, secondsMax: 600 };

/** Longest play before a turn, seconds. */
const WARM_UP_MAX = 30;

/** Longest wait until the origin has what filled the shard, ms. */
const SETTLING_MAX = 240_000;

export interface GrowthFigures {
  facts: number;
  teams: number;
  /** Evicted → responding, ms. */
  recovery: Case;
  /** Events per second. */
  rate: Case;
  p99: Case;
}

/** A shard of one size, in an engine of its own. */
export interface Grown extends BenchEngine {
  facts: number;
  teams: number;
  hunt: BenchHunt;
}

/** `cases`: ratios to the smallest size. */
export async function measureGrowth(
  scratch: string,
  settings: Settings,
): Promise<{ growth: GrowthFigures[]; cases: Case[] }> {
  const grown: Grown[] = [];
  try {
    const recovery = new Map<Grown, Case>();
    for (const size of SIZES) {
      const one = await grow(join(scratch, String(size.facts)), size, settings);
      grown.push(one);
      const own = caseOf(`recovery, ${nameOf(one)}`, "ms", await recoveries(one.engine));
      settings.say(`${own.name}: ${own.value.toFixed(0)} ms`);
      recovery.set(one, own);
    }
    const all = await takeTurns(grown.map(contenderOf), settings);
    const figures = (one: Grown) => {
      const rounds = all.get(contenderOf(one).name);
      if (!rounds) throw new Error("a size was not measured");
      return rounds;
    };
    const [smallest, ...others] = grown;
    const least = smallest && figures(smallest);
    return {
      growth: grown.map((one) => {
        const { rates, p99 } = figures(one);
        const name = contenderOf(one).name;
        return {
          facts: one.facts,
          teams: one.teams,
          recovery: recovery.get(one) as Case,
          rate: caseOf(name, "1/s", rates),
          p99: caseOf(`${name}: p99`, "ms", p99),
        };
      }),
      cases: [
        ...grown.map((one) => caseOf(`${contenderOf(one).name}: CPU per event`, "µs", figures(one).cpu)),
        ...others.flatMap((one) => {
          const { rates, p99, cpu } = figures(one);
          const title = `${nameOf(one)} / ${smallest ? nameOf(smallest) : ""}`;
          return [
            ratioOf(`${title}: rate`, rates, least?.rates ?? []),
            ratioOf(`${title}: p99`, p99, least?.p99 ?? []),
            ratioOf(`${title}: CPU per event`, cpu, least?.cpu ?? []),
          ];
        }),
      ],
    };
  } finally {
    await stopAll(grown);
  }
}

const nameOf = ({ facts, teams }: { facts: number; teams: number }): string =>
  `${facts} facts, ${teams} teams`;

const playOf = ({ origin, hunt }: Grown): Pick<Contender, "origin" | "next"> => ({
  origin,
  next: () => hunt.mixed(1),
});

/** All of its teams play on in turn, an event each: three in ten are right. */
export const contenderOf = (one: Grown): Contender => ({
  name: `event, ${nameOf(one)}`,
  pid: one.pid,
  // While the others had their turns, the shard may have been put away, and its teams with it: each has an event first.
  before: async () => {
    await closedLoop({ ...playOf(one), connections: 64, seconds: WARM_UP_MAX, requests: one.teams });
  },
  ...playOf(one),
  check: (body) => body.includes('"seq":'),
});

/** An engine whose one shard has so many teams and facts, all of them in the origin, too. */
export async function grow(
  scratch: string,
  { facts, teams }: { facts: number; teams: number },
  { say }: Pick<Settings, "say">,
  options: EngineOptions = {},
): Promise<Grown> {
  const [one] = await startEngines(scratch, undefined, options);
  if (!one) throw new Error("no engine was started");
  try {
    say(`filling a shard with ${facts} facts of ${teams} teams`);
    const hunt = await openBenchHunt(one.engine, { teams });
    const each = Math.min(FILLING.events, Math.floor(facts / teams) - 1);
    const run = await closedLoop({
      origin: one.origin,
      connections: FILLING.connections,
      seconds: FILLING.secondsMax,
      requests: Math.ceil((facts - teams) / each),
      next: () => hunt.mixed(each),
    });
    if (run.failed > 0) throw new Error(`${run.failed} responses are wrong: ${run.failure}`);
    await settled(one.engine);
    return { ...one, facts, teams, hunt };
  } catch (error) {
    await one.engine.stop();
    throw error;
  }
}

/** What follows from filling must not fall into what is measured. */
async function settled(engine: Engine): Promise<void> {
  const until = Date.now() + SETTLING_MAX;
  for (;;) {
    const { shards } = (await organise(engine, "GET", `/v1/hunts/${BENCH_HUNT}/stats`)) as Stats;
    if (shards.every(({ seq, archived }) => archived >= seq)) return;
    if (Date.now() > until) throw new Error("the origin did not get the facts in time");
    await sleep(1_000);
  }
}

async function recoveries(engine: Engine): Promise<number[]> {
  const page = (await organise(engine, "GET", `/v1/hunts/${BENCH_HUNT}/teams?limit=5`)) as Teams;
  const team = page.teams[3]?.id ?? "";
  const shard = team.split("-").slice(0, 2).join("-");
  const read = async (): Promise<number> => {
    const sent = performance.now();
    const response = await fetch(new URL(`/v1/hunts/${BENCH_HUNT}/leaderboard/${team}/history`, engine.url));
    await response.text();
    if (!response.ok) throw new Error(`the shard responded with ${response.status}`);
    return performance.now() - sent;
  };
  const times: number[] = [];
  for (let round = 0; round < EVICTIONS; round += 1) {
    await read();
    await engine.miniflare.unsafeEvictDurableObject("treasure-hunt-engine", "HuntShard", {
      name: `${BENCH_HUNT}/${shard}`,
    });
    times.push(await read());
  }
  return times;
}
