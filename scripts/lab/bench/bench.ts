/**
 * Measures the engine against the platform's floors, which take turns with it
 * in one run, so that a noisy machine disturbs both alike; counts all billed
 * calls; measures growth. All on the port that `npm start` serves.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { BOARD_SIZES, type BoardFigures, benchBoard } from "./board.ts";
import { type BoardObjectFigures, benchBoardObject } from "./board-object.ts";
import { type CostFigures, measureCost } from "./cost.ts";
import { measureEvents, measureHotClue, measureReads, measureSockets } from "./events.ts";
import type { Case } from "./figures.ts";
import { measureIds } from "./ids.ts";
import { measureLive } from "./live.ts";
import { measureLooks } from "./looks.ts";
import { measureOpening } from "./opening.ts";
import { measurePrizes } from "./prizes.ts";
import { type ProfileFigures, profileEvents } from "./profile.ts";
import { type GrowthFigures, measureGrowth } from "./recovery.ts";
import { measureRegrade } from "./regrade.ts";
import type { Settings } from "./rounds.ts";
import { measureTails, type TailFigures } from "./tails.ts";

/** Subjects that run unless others are asked for. */
const USUAL = [
  "event",
  "socket",
  "read",
  "looks",
  "hot",
  "cost",
  "tails",
  "prizes",
  "live",
  "growth",
  "board",
] as const;

/** All subjects: the last five run only when they are asked for. */
export const SUBJECTS = [...USUAL, "regrade", "opening", "ids", "board-object", "profile"] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface BenchReport {
  machine: object;
  settings: Pick<Settings, "rounds" | "seconds" | "connections">;
  cases: Case[];
  counts: Record<string, number>;
  costs: CostFigures[];
  tails: TailFigures[];
  boards: BoardFigures[];
  boardObjects: BoardObjectFigures[];
  profiles: ProfileFigures[];
}

/** Measures the subjects, one after the other; `growth` comes beside the report, for charts. */
export async function runBench(
  subjects: readonly Subject[] = USUAL,
  settings: Settings,
): Promise<{ report: BenchReport; growth: GrowthFigures[] }> {
  const { rounds, seconds, connections, say } = settings;
  const report: BenchReport = {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      os: `${platform()} ${release()} ${arch()}`,
      node: process.version,
      loadBefore: loadavg()[0] ?? Number.NaN,
      note: "the load generator shares the cores with the engine",
    },
    settings: { rounds, seconds, connections },
    cases: [],
    counts: {},
    costs: [],
    tails: [],
    boards: [],
    boardObjects: [],
    profiles: [],
  };
  const { cases } = report;
  const growth: GrowthFigures[] = [];
  const scratch = mkdtempSync(join(tmpdir(), "hunt-bench-"));
  const folder = (name: Subject): string => mkdtempSync(join(scratch, `${name}-`));
  const wanted = (name: Subject): boolean => subjects.includes(name);
  try {
    if (wanted("event")) {
      const measured = await measureEvents(folder("event"), settings);
      cases.push(...measured.cases);
      report.counts = measured.counts;
    }
    if (wanted("socket")) cases.push(...(await measureSockets(folder("socket"), settings)));
    if (wanted("read")) cases.push(...(await measureReads(folder("read"), settings)));
    if (wanted("looks")) cases.push(...(await measureLooks(folder("looks"), settings)));
    if (wanted("hot")) cases.push(...(await measureHotClue(folder("hot"), settings)));
    if (wanted("cost")) report.costs = await measureCost(folder("cost"), say);
    if (wanted("tails")) {
      const measured = await measureTails(folder("tails"), settings);
      cases.push(...measured.cases);
      report.tails = measured.tails;
    }
    if (wanted("prizes")) cases.push(...(await measurePrizes(folder("prizes"), settings)));
    if (wanted("live")) cases.push(...(await measureLive(say)));
    if (wanted("opening")) {
      cases.push(...(await measureOpening(folder("opening"), say, settings.players)));
    }
    if (wanted("growth")) {
      const measured = await measureGrowth(folder("growth"), settings);
      growth.push(...measured.growth);
      cases.push(...measured.cases);
    }
    if (wanted("ids")) cases.push(...(await measureIds(folder("ids"), settings)));
    if (wanted("regrade")) cases.push(...(await measureRegrade(folder("regrade"), settings)));
    if (wanted("board")) report.boards = benchBoard(BOARD_SIZES, say);
    if (wanted("board-object")) report.boardObjects = await benchBoardObject(BOARD_SIZES, scratch, say);
    if (wanted("profile")) report.profiles = await profileEvents(folder("profile"), settings);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const { recovery, rate, p99 } of growth) cases.push(recovery, rate, p99);
  return { report, growth };
}
