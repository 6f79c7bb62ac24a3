/**
 * Tails: latency under an open loop at half of the capacity, from the intended
 * start times; and what the tails of closed loops come from.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build as histogram } from "hdr-histogram-js";
import { startEngine } from "../engine.ts";
import { type Call, Connection, closedLoop, quantileOf } from "./client.ts";
import { type Case, caseOf, medianOf } from "./figures.ts";
import { startFloor } from "./floor.ts";
import { openBenchHunt } from "./hunt.ts";
import { arrivals, atTheirTimes, mulberry32 } from "./open-loop.ts";
import type { Settings } from "./rounds.ts";

/** Seconds of each open loop: enough for p99.9 to stand on more than a few requests. */
const SECONDS = 8;

/** µs of a ms: the histogram holds whole numbers. */
const MICROS = 1_000;

/** What a closed loop shows of its own tail. */
export interface TailFigures {
  name: string;
  p50: number;
  p99: number;
  /** Longest latency, ms. */
  max: number;
  /** Longest time in which no connection at all was answered, ms. */
  longestGap: number;
  /** Requests of the connection that got the fewest, and the most. */
  perConnection: [number, number];
}

export async function measureTails(
  scratch: string,
  settings: Settings,
): Promise<{ cases: Case[]; tails: TailFigures[] }> {
  const floor = await startFloor(scratch);
  const engine = await startEngine({
    dataDir: join(scratch, "tails"),
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" },
    direct: true,
  });
  try {
    const hunt = await openBenchHunt(engine, { teams: 500 });
    const origin = (engine.directUrl ?? engine.url).origin;
    const { connections, seconds } = settings;
    const post = (path: string) => (): Call => ({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: hunt.body(),
    });
    const contenders = [
      {
        name: "hello",
        origin: floor.url,
        next: (): Call => ({ method: "GET", path: "/hello", headers: {} }),
      },
      { name: "rpc", origin: floor.url, next: post("/rpc") },
      { name: "row", origin: floor.url, next: post("/row") },
      { name: "event", origin, next: () => hunt.event() },
    ];
    const capacities: number[] = [];
    const tails: TailFigures[] = [];
    for (const { name, ...contender } of contenders) {
      await closedLoop({ ...contender, connections, seconds: 2 });
      const run = await closedLoop({ ...contender, connections, seconds: Math.max(4, seconds) });
      if (name === "event") capacities.push(run.requests / run.seconds);
      tails.push({
        name,
        p50: quantileOf(run.latencies, 0.5),
        p99: quantileOf(run.latencies, 0.99),
        max: run.latencies.at(-1) ?? Number.NaN,
        longestGap: run.longestGap,
        perConnection: run.perConnection,
      });
    }
    const rate = medianOf(capacities) / 2;
    const p50: number[] = [];
    const p99: number[] = [];
    const p999: number[] = [];
    const late: number[] = [];
    for (let round = 0; round < settings.rounds; round += 1) {
      await sleep(1_000);
      const open = await openRun(origin, rate, round + 1, () => hunt.event());
      p50.push(open.at(50));
      p99.push(open.at(99));
      p999.push(open.at(99.9));
      late.push(open.latestSend);
      settings.say(
        `round ${round + 1} open loop at ${rate.toFixed(0)}/s: p99 ${open.at(99).toFixed(1)} ms, p99.9 ${open.at(99.9).toFixed(1)} ms`,
      );
    }
    return {
      cases: [
        caseOf("open loop: rate, half of the capacity", "1/s", [rate]),
        caseOf("open loop: p50", "ms", p50),
        caseOf("open loop: p99", "ms", p99),
        caseOf("open loop: p99.9", "ms", p999),
        caseOf("open loop: latest send of the generator", "ms", late),
      ],
      tails,
    };
  } finally {
    await engine.stop();
    await floor.stop();
  }
}

async function openRun(origin: string, rate: number, seed: number, next: () => Call) {
  const latencies = histogram({ numberOfSignificantValueDigits: 3 });
  const idle: Connection[] = Array.from({ length: 32 }, () => new Connection(origin));
  const all = [...idle];
  const { latestSend } = await atTheirTimes(
    arrivals(rate, SECONDS, mulberry32(seed)),
    async (_, intended) => {
      // Nobody waits for another's connection: players have one each.
      let connection = idle.pop();
      if (!connection) {
        connection = new Connection(origin);
        all.push(connection);
      }
      const { status, body } = await connection.send(next());
      idle.push(connection);
      if (status >= 300) throw new Error(`${status} ${body.slice(0, 200)}`);
      latencies.recordValue(Math.round((performance.now() - intended) * MICROS));
    },
  );
  for (const connection of all) connection.close();
  return { latestSend, at: (percentile: number) => latencies.getValueAtPercentile(percentile) / MICROS };
}
