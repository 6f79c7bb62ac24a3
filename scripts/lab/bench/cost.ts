/** The cost of a million events: every billed call is counted in the running engine, by the way events come. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, startEngine } from "../../local/engine.ts";
import { buildEntry } from "../engine-entry.ts";
import { cpuSeconds, startedBy } from "../measure/cpu.ts";
import { closedLoop } from "./client.ts";
import { BENCH_VARS } from "./engines.ts";
import { type BenchHunt, openBenchHunt } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
import { type Cost, costOf } from "./prices.ts";
import { socketLoop } from "./socket.ts";

const TEAMS = 500;

/** If nothing was counted for so long, the queue is empty and the leaderboard published, ms. */
const QUIET = 3_000;

/** Longest wait for that, ms. */
const QUIET_MAX = 60_000;

/** No mode takes longer, seconds. */
const SECONDS_MAX = 120;

export interface CostFigures extends Cost {
  mode: string;
  events: number;
  /** Figures per time (reports, publishing, alarms) weigh less the more events share them. */
  eventsPerSecond: number;
  cpuMicros: number;
}

interface Mode {
  name: string;
  events: number;
  play(hunt: BenchHunt, origin: string): Promise<number>;
}

function overHttp(name: string, connections: number, events: number, each: number): Mode {
  return {
    name,
    events,
    async play(hunt, origin) {
      const run = await closedLoop({
        origin,
        connections,
        seconds: SECONDS_MAX,
        requests: events / each,
        next: () => hunt.mixed(each),
        check: (body) => !body.includes('"already_solved"'),
      });
      if (run.failed > 0) throw new Error(`${run.failed} responses of ${name} are wrong: ${run.failure}`);
      return run.seconds;
    },
  };
}

const MODES: Mode[] = [
  overHttp("HTTP, 64 connections", 64, 10_000, 1),
  overHttp("HTTP, 8 connections", 8, 5_000, 1),
  overHttp("HTTP, one connection", 1, 2_000, 1),
  overHttp("HTTP, batches of 50", 16, 20_000, 50),
  {
    name: "socket, 64 sockets",
    events: 10_000,
    async play(hunt, origin) {
      const sockets = await openPlayerSockets(hunt, origin, 64);
      const run = await socketLoop(sockets, {
        inFlight: 4,
        seconds: SECONDS_MAX,
        frames: 10_000,
        next: (socket) => hunt.mixedBody(socket, 1),
        check: (frame) => frame.includes('"results"'),
      });
      for (const socket of sockets) socket.close();
      return run.seconds;
    },
  },
];

/** Each mode on an engine of its own, so that nothing of one is counted for another. */
export async function measureCost(scratch: string, say: (line: string) => void): Promise<CostFigures[]> {
  const entry = await buildEntry(new URL("./counting/worker.ts", import.meta.url));
  const figures: CostFigures[] = [];
  for (const [index, mode] of MODES.entries()) {
    const { value: engine, pid } = await startedBy(() =>
      startEngine({
        dataDir: join(scratch, `cost-${index}`),
        vars: BENCH_VARS,
        entry,
      }),
    );
    try {
      const hunt = await openBenchHunt(engine, { teams: TEAMS });
      const before = await quietCounts(engine);
      const cpu = cpuSeconds(pid) ?? 0;
      const seconds = await mode.play(hunt, engine.url.origin);
      const after = await quietCounts(engine);
      const cpuMicros = (((cpuSeconds(pid) ?? Number.NaN) - cpu) * 1e6) / mode.events;
      const counts: Record<string, number> = {};
      for (const [name, number] of Object.entries(after)) counts[name] = number - (before[name] ?? 0);
      const eventsPerSecond = mode.events / seconds;
      const cost = costOf(counts, mode.events, Number.isFinite(cpuMicros) ? cpuMicros : 0);
      figures.push({ mode: mode.name, events: mode.events, eventsPerSecond, cpuMicros, ...cost });
      say(`${mode.name}: ${cost.total.toFixed(3)} $ per million events, D1 ${cost.archive.toFixed(3)} $`);
    } finally {
      await engine.stop();
    }
  }
  return figures;
}

/** Gives the counts once all consequences of the events are through. */
async function quietCounts(engine: Engine): Promise<Record<string, number>> {
  const read = async () =>
    (await (await fetch(new URL("/-/counts", engine.url))).json()) as Record<string, number>;
  const deadline = performance.now() + QUIET_MAX;
  let last = await read();
  for (let quietSince = performance.now(); performance.now() - quietSince < QUIET; ) {
    if (performance.now() > deadline) throw new Error("the engine does not come to rest");
    await sleep(250);
    const now = await read();
    if (JSON.stringify(now) !== JSON.stringify(last)) quietSince = performance.now();
    last = now;
  }
  return last;
}
