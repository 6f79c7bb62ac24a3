/**
 * Tails: latency under an open loop at half of the capacity, from the intended
 * start times; and the causes of the tails of closed loops.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build as histogram } from "hdr-histogram-js";
import { startEngine } from "../../local/engine.ts";
import { chance } from "../measure/chance.ts";
import { arrivals, atTheirTimes } from "../measure/open-loop.ts";
import { medianOf, quantileOf } from "../measure/statistics.ts";
import { type Call, Connection, closedLoop } from "./client.ts";
import { BENCH_VARS } from "./engines.ts";
import { type Case, caseOf } from "./figures.ts";
import { startFloor } from "./floor.ts";
import { openBenchHunt } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
import type { Settings } from "./rounds.ts";
import { socketLoop } from "./socket.ts";

/** Seconds of each open loop: enough for p99.9 to stand on more than a few requests. */
const SECONDS = 8;

/** Players of the open loop over sockets: as many as may have 16 frames each under way. */
const OPEN_SOCKETS = 256;

/** µs of a ms: the histogram holds whole numbers. */
const MICROS = 1_000;

/** The tail of a closed loop. */
export interface TailFigures {
  name: string;
  p50: number;
  p99: number;
  /** Longest latency, ms. */
  max: number;
  /** Longest time in which no connection at all got a response, ms. */
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
    vars: BENCH_VARS,
  });
  try {
    const hunt = await openBenchHunt(engine, { teams: 500 });
    const origin = engine.url.origin;
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
    const sockets = await openPlayerSockets(hunt, origin, OPEN_SOCKETS);
    const overSocket = await socketLoop(sockets, {
      inFlight: 4,
      seconds: Math.max(4, seconds),
      next: () => hunt.body(),
      check: recorded,
    });
    const socketRate = overSocket.frames / overSocket.seconds / 2;
    let turn = 0;
    const runs = [
      { name: "rpc", rate, run: (seed: number) => openRun(floor.url, rate, seed, post("/rpc")) },
      { name: "event", rate, run: (seed: number) => openRun(origin, rate, seed, () => hunt.event()) },
      {
        name: "event over a socket",
        rate: socketRate,
        run: (seed: number) =>
          openLoop(socketRate, seed, async () => {
            turn += 1;
            const response = await sockets[turn % sockets.length]?.send(hunt.body());
            if (!recorded(response ?? "")) throw new Error(`a wrong response: ${response?.slice(0, 200)}`);
          }),
      },
    ];
    const figures = runs.map(() => ({
      p50: [] as number[],
      p99: [] as number[],
      p999: [] as number[],
      late: [] as number[],
    }));
    for (let round = 0; round < settings.rounds; round += 1) {
      for (const [index, { name, rate: at, run }] of runs.entries()) {
        await sleep(1_000);
        const open = await run(round + 1);
        figures[index]?.p50.push(open.at(50));
        figures[index]?.p99.push(open.at(99));
        figures[index]?.p999.push(open.at(99.9));
        figures[index]?.late.push(open.latestSend);
        settings.say(
          `round ${round + 1} open loop of ${name} at ${at.toFixed(0)}/s: p99 ${open.at(99).toFixed(1)} ms, p99.9 ${open.at(99.9).toFixed(1)} ms`,
        );
      }
    }
    for (const socket of sockets) socket.close();
    return {
      cases: runs.flatMap(({ name, rate: at }, index) => {
        const { p50 = [], p99 = [], p999 = [], late = [] } = figures[index] ?? {};
        return [
          caseOf(`open loop of ${name}: rate`, "1/s", [at]),
          caseOf(`open loop of ${name}: p50`, "ms", p50),
          caseOf(`open loop of ${name}: p99`, "ms", p99),
          caseOf(`open loop of ${name}: p99.9`, "ms", p999),
          caseOf(`open loop of ${name}: latest send`, "ms", late),
        ];
      }),
      tails,
    };
  } finally {
    await engine.stop();
    await floor.stop();
  }
}

const recorded = (response: string): boolean => response.includes('"seq":');

/** Requests, each as soon as it is due. */
async function openRun(origin: string, rate: number, seed: number, next: () => Call) {
  const idle: Connection[] = Array.from({ length: 32 }, () => new Connection(origin));
  const all = [...idle];
  const run = await openLoop(rate, seed, async () => {
    // No request waits for another's connection: players have one each.
    let connection = idle.pop();
    if (!connection) {
      connection = new Connection(origin);
      all.push(connection);
    }
    const { status, body } = await connection.send(next());
    idle.push(connection);
    if (status >= 300) throw new Error(`${status} ${body.slice(0, 200)}`);
  });
  for (const connection of all) connection.close();
  return run;
}

/** Latencies in ms from the intended times on. */
async function openLoop(rate: number, seed: number, send: () => Promise<void>) {
  const latencies = histogram({ numberOfSignificantValueDigits: 3 });
  const { latestSend } = await atTheirTimes(arrivals(rate, SECONDS, chance(seed)), async (_, intended) => {
    await send();
    latencies.recordValue(Math.round((performance.now() - intended) * MICROS));
  });
  return { latestSend, at: (percentile: number) => latencies.getValueAtPercentile(percentile) / MICROS };
}
