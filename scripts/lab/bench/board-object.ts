/**
 * The leaderboard object of a large crowd inside workerd: catching up from
 * nothing, snapshot, eviction → responding, and how long other calls wait meanwhile.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Miniflare } from "miniflare";
import { buildWorker, startWorker } from "../lone-worker.ts";
import { medianOf } from "../measure/statistics.ts";
import { millisOf } from "../measure/stopwatch.ts";
import { type CrowdScoring, crowdShown, crowdTeam } from "./crowd.ts";

const EVICTIONS = 3;

export interface BoardObjectFigures {
  teams: number;
  scoring: CrowdScoring;
  /** From the first configuration until the whole log of the shards is read and shown (eleven facts a team). */
  rebuildSeconds: number;
  /** Growth of a fresh workerd process by its first response: typed arrays, heap, garbage, SQLite's cache. */
  residentMegabytes: number;
  snapshotMillis: number;
  /** Longest time a call that does nothing waited for while the snapshot was written. */
  snapshotStallMillis: number;
  /** A change of the decay, nothing else going on: until the new places can be read. */
  revaluationMillis: number;
  /** As `snapshotStallMillis`, while the values of all change. */
  revaluationStallMillis: number;
  /** Median; evicted, then the first 100 rows asked for over HTTP. */
  evictedToAnswerMillis: number;
  readMillis: number;
}

/** Starts a workerd of its own in `dir`. */
export async function benchBoardObject(
  sizes: readonly number[],
  dir: string,
  say: (line: string) => void,
): Promise<BoardObjectFigures[]> {
  const script = join(dir, "board.js");
  await buildWorker(new URL("./crowd-worker/worker.ts", import.meta.url), script);
  const figures: BoardObjectFigures[] = [];
  for (const scoring of ["static", "moving"] as const) {
    for (const teams of sizes) {
      // Each in a process of its own, so that the memory of one does not count for the next.
      const one = await measure(teams, scoring, script, dir);
      figures.push(one);
      say(`board object ${JSON.stringify(one)}`);
    }
  }
  return figures;
}

async function measure(
  teams: number,
  scoring: CrowdScoring,
  script: string,
  dir: string,
): Promise<BoardObjectFigures> {
  const start = (): Miniflare =>
    startWorker("board", script, {
      durableObjects: {
        LEADERBOARD: { className: "Leaderboard", useSQLite: true },
        SHARD: { className: "HuntShard", useSQLite: true },
        CONTROL: { className: "HuntControl", useSQLite: true },
      },
      kvNamespaces: ["CACHE"],
      resourcePersistencePath: join(dir, `${scoring}-${teams}`),
    });
  let miniflare = start();
  try {
    let url = await miniflare.ready;
    const hunt = `${scoring}-${teams}`;
    const call = async (path: string, query = ""): Promise<string> => {
      const response = await fetch(new URL(`${path}?hunt=${hunt}${query}`, url));
      const body = await response.text();
      if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 300)}`);
      return body;
    };
    const evict = (): Promise<void> =>
      miniflare.unsafeEvictDurableObject("board", "Leaderboard", { name: hunt });
    await call("/configure", "&revision=1&minimum=50");
    // A hunt's board catches up when its object starts.
    await evict();
    // Bans and hidings come last in the logs.
    const shown = crowdShown(teams);
    const rebuilt = await millisOf(async () => {
      while ((JSON.parse(await call("/read", "&limit=1")) as { total: number }).total !== shown)
        await sleep(1_000);
    });

    const snapshot = await withStalls(
      () => call("/snapshot"),
      () => call("/nothing"),
    );
    const revaluation = await withStalls(
      () => call("/configure", "&revision=2&minimum=40"),
      () => call("/nothing"),
    );
    const revaluationMillis = await millisOf(() => call("/configure", "&revision=3&minimum=45"));
    await call("/snapshot");
    const last = await call("/read", `&around=${crowdTeam(5)}`);
    const times: number[] = [];
    for (let round = 0; round < EVICTIONS; round += 1) {
      await evict();
      times.push(await millisOf(() => call("/read")));
    }
    const again = await call("/read", `&around=${crowdTeam(5)}`);
    const entries = (text: string): string =>
      JSON.stringify((JSON.parse(text) as { entries: unknown }).entries);
    if (entries(again) !== entries(last)) throw new Error("after the eviction the rows are others");
    const reads: number[] = [];
    for (let i = 0; i < 200; i += 1) reads.push(await millisOf(() => call("/read")));
    // In a new process the garbage of the rebuilding does not count.
    await miniflare.dispose();
    const others = new Set(children());
    miniflare = start();
    url = await miniflare.ready;
    await (await fetch(new URL("/hello", url))).text();
    const pids = children().filter((pid) => !others.has(pid));
    const before = residentBytes(pids);
    await call("/read");
    const residentMegabytes = (residentBytes(pids) - before) / 1e6;
    return {
      teams,
      scoring,
      rebuildSeconds: rebuilt / 1_000,
      residentMegabytes,
      snapshotMillis: snapshot.millis,
      snapshotStallMillis: snapshot.stall,
      revaluationMillis,
      revaluationStallMillis: revaluation.stall,
      evictedToAnswerMillis: medianOf(times),
      readMillis: medianOf(reads),
    };
  } finally {
    await miniflare.dispose();
  }
}

/** Runs `work` and meanwhile makes small calls, one after the other; the longest of them is the stall. */
async function withStalls(
  work: () => Promise<unknown>,
  small: () => Promise<unknown>,
): Promise<{ millis: number; stall: number }> {
  let isDone = false;
  let stall = 0;
  const watching = (async () => {
    while (!isDone) stall = Math.max(stall, await millisOf(small));
  })();
  const millis = await millisOf(work);
  isDone = true;
  await watching;
  return { millis, stall };
}

/** Processes started by this one; none where there is no /proc. */
function children(): string[] {
  try {
    return readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && statusOf(pid, "PPid") === String(process.pid),
    );
  } catch {
    return [];
  }
}

function residentBytes(pids: readonly string[]): number {
  if (pids.length === 0) return Number.NaN;
  return pids.reduce((sum, pid) => sum + Number.parseInt(statusOf(pid, "VmRSS") ?? "0", 10) * 1_024, 0);
}

function statusOf(pid: string, key: string): string | undefined {
  try {
    return new RegExp(`^${key}:\\s+(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
