/**
 * `npm run bench`: the engine against the platform's floors, in one run, taking
 * turns, so that a noisy machine disturbs both alike; counts of what is billed;
 * and growth. All on miniflare's second port, past its entry worker. Options:
 * --json (the report on stdout), --rounds n, --seconds n (per case and round),
 * --connections n, --charts folder (writes growth.svg and recovery.svg there),
 * --only with any of event, socket, read, hot, cost, tails, growth, live, board, prizes,
 * and of board-object and profile, which run only when they are asked for.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BOARD_SIZES, type BoardFigures, benchBoard } from "./lab/bench/board.ts";
import { type BoardObjectFigures, benchBoardObject } from "./lab/bench/board-object.ts";
import { lineChart } from "./lab/bench/chart.ts";
import { type CostFigures, measureCost } from "./lab/bench/cost.ts";
import { measureEvents, measureHotClue, measureReads, measureSockets } from "./lab/bench/events.ts";
import type { Case } from "./lab/bench/figures.ts";
import { measureLive } from "./lab/bench/live.ts";
import { measurePrizes } from "./lab/bench/prizes.ts";
import { type ProfileFigures, profileEvents } from "./lab/bench/profile.ts";
import { type GrowthFigures, measureGrowth } from "./lab/bench/recovery.ts";
import type { Settings } from "./lab/bench/rounds.ts";
import { measureTails, type TailFigures } from "./lab/bench/tails.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "64" },
    charts: { type: "string" },
    only: { type: "string" },
  },
});
const only = values.only?.split(",");
const wanted = (name: string): boolean => !only || only.includes(name);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const settings: Settings = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  say,
};

const scratch = mkdtempSync(join(tmpdir(), "hunt-bench-"));
const folder = (name: string): string => mkdtempSync(join(scratch, `${name}-`));
const loadBefore = loadavg()[0] ?? Number.NaN;
const cases: Case[] = [];
const counts: Record<string, number> = {};
const costs: CostFigures[] = [];
const tails: TailFigures[] = [];
const growth: GrowthFigures[] = [];
const boards: BoardFigures[] = [];
const boardObjects: BoardObjectFigures[] = [];
const profiles: ProfileFigures[] = [];
try {
  if (wanted("event")) {
    const measured = await measureEvents(folder("event"), settings);
    cases.push(...measured.cases);
    Object.assign(counts, measured.counts);
  }
  if (wanted("socket")) cases.push(...(await measureSockets(folder("socket"), settings)));
  if (wanted("read")) cases.push(...(await measureReads(folder("read"), settings)));
  if (wanted("hot")) cases.push(...(await measureHotClue(folder("hot"), settings)));
  if (wanted("cost")) costs.push(...(await measureCost(folder("cost"), say)));
  if (wanted("tails")) {
    const measured = await measureTails(folder("tails"), settings);
    cases.push(...measured.cases);
    tails.push(...measured.tails);
  }
  if (wanted("prizes")) cases.push(...(await measurePrizes(folder("prizes"), settings)));
  if (wanted("live")) cases.push(...(await measureLive(say)));
  if (wanted("growth")) growth.push(...(await measureGrowth(folder("growth"), settings)));
  if (wanted("board")) boards.push(...benchBoard(BOARD_SIZES, say));
  if (only?.includes("board-object")) {
    boardObjects.push(...(await benchBoardObject(BOARD_SIZES, scratch, say)));
  }
  if (only?.includes("profile")) profiles.push(...(await profileEvents(folder("profile"), settings, say)));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const { recovery, rate, p99 } of growth) cases.push(recovery, rate, p99);
const report = {
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    loadBefore,
    note: "the load generator shares the cores with the engine",
  },
  settings: { rounds: settings.rounds, seconds: settings.seconds, connections: settings.connections },
  cases,
  counts,
  costs,
  tails,
  boards,
  boardObjects,
  profiles,
};
if (values.charts !== undefined && growth.length > 0) drawCharts(values.charts);
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else printTable();

function drawCharts(into: string): void {
  const series = (name: string, of: (figures: GrowthFigures) => Case) => ({
    name,
    points: growth.map((each) => {
      const { value, spread } = of(each);
      return { x: each.facts, y: value, low: spread[0], high: spread[1] };
    }),
  });
  const charts = {
    "growth.svg": lineChart("Events of one shard as its log grows", "facts in the shard's log", "events/s", [
      series("HTTP single", ({ rate }) => rate),
    ]),
    "latency.svg": lineChart(
      "Latency of events as the log grows, closed loop",
      "facts in the shard's log",
      "ms",
      [series("p99", ({ p99 }) => p99)],
    ),
    "recovery.svg": lineChart("Evicted → answering", "facts in the shard's log", "ms", [
      series("recovery", ({ recovery }) => recovery),
    ]),
  };
  for (const [name, svg] of Object.entries(charts)) writeFileSync(join(into, name), svg);
}

function printTable(): void {
  const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(3));
  for (const { name, unit, value, spread } of report.cases) {
    console.log(
      `${name.padEnd(48)} ${figure(value).padStart(10)} ${unit.padEnd(6)} (${figure(spread[0])} … ${figure(spread[1])})`,
    );
  }
  for (const [name, value] of Object.entries(report.counts))
    console.log(`${name.padEnd(48)} ${figure(value).padStart(10)}`);
  if (costs.length > 0) {
    console.log("Units per event:");
    console.table(table(costs, ({ units }) => units));
    console.log("Dollars per million events:");
    console.table(
      table(costs, ({ dollars, total, archive }) => ({
        ...dollars,
        "all without D1": total,
        "archive in D1": archive,
      })),
    );
  }
  if (tails.length > 0) console.table(tails);
  if (boards.length > 0) console.table(boards.map(flat));
  if (boardObjects.length > 0) console.table(boardObjects);
  for (const { mode, busy, events, functions } of profiles) {
    console.log(
      `${mode}: ${events} times, the isolate was busy for ${(busy * 100).toFixed(0)} % of the time`,
    );
    for (const { name, microsPerEvent, share } of functions) {
      console.log(
        `  ${(share * 100).toFixed(1).padStart(5)} % ${microsPerEvent.toFixed(2).padStart(8)} µs  ${name}`,
      );
    }
  }
}

/** A row for each name in any of the figures, a column for each mode. */
function table(
  figures: readonly CostFigures[],
  of: (figures: CostFigures) => Record<string, number>,
): Record<string, Record<string, string>> {
  const rows: Record<string, Record<string, string>> = {};
  for (const each of figures) {
    for (const [name, value] of Object.entries(of(each))) {
      if (value === 0) continue;
      rows[name] ??= {};
      Object.assign(rows[name], { [each.mode]: value.toFixed(4) });
    }
  }
  return rows;
}

/** Nested figures as columns of their own. */
function flat({ rankMicros, ...figures }: BoardFigures): object {
  return { ...figures, rankMicrosP50: rankMicros.p50, rankMicrosP99: rankMicros.p99 };
}
