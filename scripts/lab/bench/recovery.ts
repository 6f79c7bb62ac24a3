/**
 * Growth of one shard: with 10⁴ to 10⁶ facts in its log, how long it takes to
 * respond after an eviction, and how fast it plays.
 */
import { join } from "node:path";
import type { ImportLine } from "../../../src/contract/data.ts";
import type { Teams } from "../../../src/contract/teams.ts";
import { type Engine, startEngine } from "../../local/engine.ts";
import { quantileOf } from "../measure/statistics.ts";
import { closedLoop } from "./client.ts";
import { BENCH_VARS } from "./engines.ts";
import { type Case, caseOf } from "./figures.ts";
import { BENCH_HUNT, benchDefinition, joinPlayers, organise } from "./hunt.ts";
import type { Settings } from "./rounds.ts";

/** The shard's size before anybody plays; a team has a hundred facts at the largest. */
const SIZES = [
  { facts: 10_000, teams: 1_000 },
  { facts: 100_000, teams: 5_000 },
  { facts: 1_000_000, teams: 10_000 },
];

/** Evictions of each size. */
const EVICTIONS = 5;

/** Lines per import request. */
const LINES = 20_000;

/** Players who join the full shard and play. */
const PLAYERS = 200;

export interface GrowthFigures {
  facts: number;
  teams: number;
  /** Evicted → responding, ms. */
  recovery: Case;
  /** Events per second. */
  rate: Case;
  p99: Case;
}

export async function measureGrowth(scratch: string, settings: Settings): Promise<GrowthFigures[]> {
  const figures: GrowthFigures[] = [];
  for (const { facts, teams } of SIZES) {
    const engine = await startEngine({
      dataDir: join(scratch, `recovery-${facts}`),
      vars: BENCH_VARS,
    });
    try {
      const size = `${facts} facts, ${teams} teams`;
      settings.say(`importing ${size} into one shard`);
      await importFacts(engine, facts, teams);
      const recovery = caseOf(`recovery, ${size}`, "ms", await recoveries(engine));
      settings.say(`${recovery.name}: ${recovery.value.toFixed(0)} ms`);
      const { event } = await joinPlayers(engine, PLAYERS);
      const origin = engine.url.origin;
      const rates: number[] = [];
      const p99: number[] = [];
      for (let round = -1; round < settings.rounds; round += 1) {
        const { connections, seconds } = settings;
        const run = await closedLoop({ origin, connections, seconds, next: event });
        if (run.failed > 0) throw new Error(`${run.failed} responses are wrong: ${run.failure}`);
        if (round < 0) continue; // warming up
        rates.push(run.requests / run.seconds);
        p99.push(quantileOf(run.latencies, 0.99));
      }
      const rate = caseOf(`event, ${size}`, "1/s", rates);
      settings.say(`${rate.name}: ${rate.value.toFixed(0)}/s`);
      figures.push({ facts, teams, recovery, rate, p99: caseOf(`event, ${size}: p99`, "ms", p99) });
    } finally {
      await engine.stop();
    }
  }
  return figures;
}

async function importFacts(engine: Engine, facts: number, teams: number): Promise<void> {
  await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, benchDefinition);
  const start = Date.now() - 10 * 86_400_000;
  let lines: string[] = [];
  for (let fact = 0; fact < facts; fact += 1) {
    const team = fact % teams;
    const turn = Math.floor(fact / teams);
    const at = new Date(start + fact * 20).toISOString();
    // Every third answer is right, until the team has solved everything.
    const clue = Math.floor(turn / 3) % 50;
    const right = turn % 3 === 0 && turn < 150;
    const answer = right ? `answer ${clue}` : `wrong ${fact}`;
    const line: ImportLine =
      turn === 0
        ? { at, team: `t${team}`, type: "join" }
        : { at, team: `t${team}`, type: "answer", clue: `clue-${right ? clue : 49}`, answer };
    lines.push(JSON.stringify(line));
    if (lines.length === LINES || fact + 1 === facts) {
      await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/import`, lines.join("\n"));
      lines = [];
    }
  }
  await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/phase`, { phase: "live" });
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
