/**
 * `npm run bench`: the engine's event path against the platform's floors, in
 * one run, taking turns, so that a noisy machine disturbs both alike. Options:
 * --json (the report on stdout), --rounds n, --seconds n (per case and round),
 * --connections n, --only event,recovery,live,board (and board-object, which takes
 * minutes and runs only when it is asked for).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { BOARD_SIZES, type BoardFigures, benchBoard } from "./bench/board.ts";
import { type BoardObjectFigures, benchBoardObject } from "./bench/board-object.ts";
import { type Call, closedLoop, quantileOf } from "./bench/client.ts";
import { openBenchHunt, shardRows } from "./bench/hunt.ts";
import { measureLive } from "./bench/live.ts";
import { measureRecovery } from "./bench/recovery.ts";
import { startEngine } from "./engine.ts";

interface Case {
  name: string;
  unit: string;
  value: number;
  /** Lowest and highest round. */
  spread: [number, number];
  floor?: string;
  /** Median of the rounds' ratios to the floor of the same round. */
  ratio?: number;
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "64" },
    only: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const only = values.only?.split(",");
const wanted = (name: string): boolean => !only || only.includes(name);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const scratch = mkdtempSync(join(tmpdir(), "hunt-bench-"));
const cases: Case[] = [];
const counts: Record<string, number> = {};
const boards: BoardFigures[] = [];
const boardObjects: BoardObjectFigures[] = [];
try {
  if (wanted("event")) await benchEvents();
  if (wanted("board")) boards.push(...benchBoard(BOARD_SIZES, say));
  if (only?.includes("board-object")) {
    boardObjects.push(...(await benchBoardObject(BOARD_SIZES, scratch, say)));
  }
  if (wanted("live")) cases.push(...(await measureLive(say)));
  if (wanted("recovery")) cases.push(...(await measureRecovery(join(scratch, "recovery"), say)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const report = {
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    note: "the load generator shares the cores with the engine",
  },
  settings: { rounds, seconds, connections },
  cases,
  counts,
  boards,
  boardObjects,
};
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else printTable();

async function benchEvents(): Promise<void> {
  const floor = await startFloor();
  const engine = await startEngine({
    dataDir: join(scratch, "engine"),
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" },
  });
  try {
    say("publishing the hunt and joining its teams");
    const hunt = await openBenchHunt(engine, { teams: 500 });
    const origin = engine.url.origin;
    const json = { "content-type": "application/json" };
    const hello: Call = { method: "GET", path: "/hello", headers: {} };
    const contenders: {
      name: string;
      floor?: string;
      origin: string;
      next(): Call;
      check?(body: string): boolean;
    }[] = [
      { name: "hello", origin: floor.url, next: () => hello },
      {
        name: "rpc",
        origin: floor.url,
        next: () => ({ method: "POST", path: "/rpc", headers: json, body: hunt.body() }),
      },
      {
        name: "row",
        origin: floor.url,
        next: () => ({ method: "POST", path: "/row", headers: json, body: hunt.body() }),
      },
      { name: "event", origin, next: () => hunt.event(), check: (body) => body.includes('"seq":') },
    ];
    say("warming up");
    for (const { next, ...contender } of contenders) {
      await closedLoop({ ...contender, next, connections, seconds: Math.min(2, seconds) });
    }
    const rates = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
    const p99 = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, next, ...contender } of contenders) {
        const before = name === "event" ? await shardRows(engine, hunt.id) : undefined;
        const run = await closedLoop({ ...contender, next, connections, seconds });
        if (run.failed > 0)
          throw new Error(`${run.failed} of ${run.requests} answers of ${name} are wrong: ${run.failure}`);
        rates.get(name)?.push(run.requests / run.seconds);
        p99.get(name)?.push(quantileOf(run.latencies, 0.99));
        if (before) {
          const after = await shardRows(engine, hunt.id);
          counts[`rowsWrittenPerEvent${connections}`] =
            (after.rows - before.rows) / (after.facts - before.facts);
        }
        say(`round ${round + 1} ${name.padEnd(6)} ${(run.requests / run.seconds).toFixed(0)}/s`);
      }
    }
    for (const { name } of contenders) cases.push(caseOf(name, "1/s", rates.get(name) ?? []));
    for (const floorName of ["rpc", "row"]) {
      const ratios = (rates.get("event") ?? []).map(
        (rate, round) => rate / (rates.get(floorName)?.[round] ?? 1),
      );
      cases.push({
        ...caseOf(`event/${floorName}`, "ratio", ratios),
        floor: floorName,
        ratio: medianOf(ratios),
      });
    }
    for (const { name } of contenders) cases.push(caseOf(`${name} p99`, "ms", p99.get(name) ?? []));
    const before = await shardRows(engine, hunt.id);
    const single = await closedLoop({ origin, next: () => hunt.event(), connections: 1, seconds });
    const after = await shardRows(engine, hunt.id);
    cases.push(caseOf("event, one connection", "1/s", [single.requests / single.seconds]));
    counts.rowsWrittenPerEvent1 = (after.rows - before.rows) / (after.facts - before.facts);
    counts.rowsWrittenPerEvent = counts[`rowsWrittenPerEvent${connections}`] ?? Number.NaN;
  } finally {
    await engine.stop();
    await floor.stop();
  }
}

async function startFloor(): Promise<{ url: string; stop(): Promise<void> }> {
  const outfile = join(scratch, "floor.js");
  await build({
    entryPoints: [new URL("./bench/floor/worker.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    external: ["cloudflare:workers"],
    outfile,
    logLevel: "error",
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "floor",
      modules: [{ type: "ESModule", path: outfile }],
      modulesRoot: scratch,
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["nodejs_compat"],
      durableObjects: { FLOOR: { className: "Floor", useSQLite: true } },
      host: "127.0.0.1",
      port: 0,
      cf: false,
      // As the engine: otherwise every request is also one to this process.
      logRequests: false,
      resourcePersistencePath: join(scratch, "floor"),
    } as Parameters<typeof convertV4MiniflareOptions>[0]),
  );
  const url = await miniflare.ready;
  return { url: url.origin, stop: () => miniflare.dispose() };
}

function caseOf(name: string, unit: string, all: number[]): Case {
  return { name, unit, value: medianOf(all), spread: [Math.min(...all), Math.max(...all)] };
}

function medianOf(all: readonly number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

function printTable(): void {
  const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(3));
  for (const { name, unit, value, spread } of report.cases) {
    console.log(
      `${name.padEnd(28)} ${figure(value).padStart(10)} ${unit.padEnd(6)} (${figure(spread[0])} … ${figure(spread[1])})`,
    );
  }
  for (const [name, value] of Object.entries(report.counts))
    console.log(`${name.padEnd(28)} ${figure(value).padStart(10)}`);
  if (report.boards.length > 0) console.table(report.boards.map(flat));
  if (report.boardObjects.length > 0) console.table(report.boardObjects);
}

/** Nested figures as columns of their own. */
function flat({ rankMicros, ...figures }: BoardFigures): object {
  return { ...figures, rankMicrosP50: rankMicros.p50, rankMicrosP99: rankMicros.p99 };
}
