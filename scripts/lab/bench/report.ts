/** A bench report for people: tables, and charts of the growth. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchReport } from "./bench.ts";
import type { BoardFigures } from "./board.ts";
import { lineChart } from "./chart.ts";
import type { CostFigures } from "./cost.ts";
import type { Case } from "./figures.ts";
import type { GrowthFigures } from "./recovery.ts";

/** Writes growth.svg, latency.svg and recovery.svg into a folder. */
export function drawCharts(into: string, growth: readonly GrowthFigures[]): void {
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

export function printReport(report: BenchReport): void {
  const { costs, tails, boards, boardObjects, profiles } = report;
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
  for (const { mode, busy, events, microsPerEvent: micros, functions } of profiles) {
    console.log(
      `${mode}: ${events} times, ${micros.toFixed(2)} µs each, the isolate was busy for ${(busy * 100).toFixed(0)} % of the time`,
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
