/** Unit costs out of a report of `npm run bench -- --json`. Pure. */
import { BOARD_BYTES_PER_TEAM } from "../../../src/capacity.ts";
import type { Case } from "../bench/figures.ts";
import type { Measured } from "./plan.ts";
import type { UnitCosts } from "./simulate.ts";

export interface BenchReport {
  cases: Case[];
  counts: Record<string, number>;
  costs: { mode: string; units: Record<string, number>; total: number; archive: number }[];
}

export function figure(report: BenchReport, name: string): number {
  const found = report.cases.find((each) => each.name === name);
  if (!found) throw new Error(`the report lacks "${name}": run the bench with --only event,cost,tails`);
  return found.value;
}

/**
 * Two loads tell the two unknowns: CPU per event is `request + commit × commits
 * per event`, and a commit is a row. A batch tells the cost of an event beyond
 * its request's first; the time one connection waits beyond CPU is the way.
 */
export function unitCosts(report: BenchReport, connections = 64): UnitCosts {
  const alone = figure(report, "event, connections: 1: CPU per event") / 1e6;
  const crowd = figure(report, "event: CPU per event") / 1e6;
  const aloneRows = report.counts.rowsWrittenPerEvent1 ?? 1;
  const crowdRows = report.counts[`rowsWrittenPerEvent${connections}`] ?? 0.05;
  const commit = (alone - crowd) / (aloneRows - crowdRows);
  const request = crowd - commit * crowdRows;
  const batch = figure(report, "event in batches of 50: CPU per event") / 1e6;
  const event = (batch * 50 - request) / 49;
  const way = Math.max(0, 1 / figure(report, "event, connections: 1") - request - commit);
  return { request, event, commit, way };
}

/** Gives everything that a plan takes from a report. Throws when the report lacks it. */
export function measuredIn(report: BenchReport): Measured {
  const costOf = (mode: string): BenchReport["costs"][number] => {
    const found = report.costs.find((each) => each.mode === mode);
    if (!found) throw new Error(`the report has no cost of "${mode}"`);
    return found;
  };
  const single = costOf("HTTP, 64 connections");
  const { queueMessages } = single.units;
  if (queueMessages === undefined) throw new Error("the report counts no queue messages");
  return {
    costs: unitCosts(report),
    dollars: {
      http: single.total,
      batch: costOf("HTTP, batches of 50").total,
      socket: costOf("socket, 64 sockets").total,
    },
    archive: single.archive,
    // At most: a full message has 100 KB of facts.
    factBytes: 100_000 * queueMessages,
    factsPerMessage: 1 / queueMessages,
    // docs/performance.md: a board of a million teams, all scores moving.
    boardBytesPerTeam: BOARD_BYTES_PER_TEAM,
    boardChanges: 234_000,
    statementsPerMessage: 4,
  };
}
