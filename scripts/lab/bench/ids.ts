/**
 * Ids of a long hunt: three million events on one shard. Whether those of the
 * first minute are still known, how much memory the index takes, how fast the
 * shard plays then, and how long it takes to be back after an eviction.
 */
import { join } from "node:path";
import type { EventsBody } from "../../../src/contract/play.ts";
import type { Results } from "../../../src/protocol.ts";
import { startEngine } from "../../local/engine.ts";
import { residentBytes, startedBy } from "../measure/cpu.ts";
import { type Call, Connection, closedLoop } from "./client.ts";
import { BENCH_VARS } from "./engines.ts";
import { type Case, caseOf } from "./figures.ts";
import { BENCH_HUNT, openBenchHunt, shardRows } from "./hunt.ts";
import { attach, type Inspector } from "./profile.ts";
import type { Settings } from "./rounds.ts";

const EVENTS = 3_000_000;

/** Events of one request. */
const EACH = 100;

/** Events between two measurements. */
const STEP = 500_000;

/** Events of which the rate is measured, in so many parts. */
const MEASURED = 200_000;
const PARTS = 4;

const TEAMS = 500;
const CONNECTIONS = 16;
const SECONDS_MAX = 600;

/** No more than this may the isolate's memory have grown, bytes. */
const MEMORY_MAX = 50_000_000;

export async function measureIds(scratch: string, { say }: Settings): Promise<Case[]> {
  const { value: engine, pid } = await startedBy(() =>
    startEngine({ dataDir: join(scratch, "ids"), vars: BENCH_VARS, inspect: true }),
  );
  let inspector: Inspector | undefined;
  try {
    const origin = engine.url.origin;
    const hunt = await openBenchHunt(engine, { teams: TEAMS });
    inspector = await attach(await engine.miniflare.getInspectorURL());
    const play = async (events: number): Promise<number> => {
      const run = await closedLoop({
        origin,
        connections: CONNECTIONS,
        seconds: SECONDS_MAX,
        requests: events / EACH,
        next: () => hunt.batch(EACH),
      });
      if (run.failed > 0) throw new Error(`${run.failed} responses are wrong: ${run.failure}`);
      return events / run.seconds;
    };
    const rates = async (): Promise<number[]> => {
      const found: number[] = [];
      for (let part = 0; part < PARTS; part += 1) found.push(await play(MEASURED / PARTS));
      return found;
    };
    const first = firstEvents(hunt.token(0));
    const told = await resultsOf(origin, first);
    await play(MEASURED);
    const memoryBefore = await memoryOf(inspector);
    const before = await rates();
    const counted = await shardRows(engine, BENCH_HUNT);
    let played = 2 * MEASURED;
    for (; played + MEASURED < EVENTS; played += STEP) {
      await play(STEP);
      const { heap, buffers } = await memoryOf(inspector);
      const resident = (residentBytes(pid) ?? Number.NaN) / 1e6;
      say(
        `${played + STEP} events: heap ${(heap / 1e6).toFixed(1)} MB, buffers ${(buffers / 1e6).toFixed(1)} MB, process ${resident.toFixed(0)} MB`,
      );
    }
    const after = await rates();
    const memory = await memoryOf(inspector);
    const { facts, rows } = await shardRows(engine, BENCH_HUNT);
    const evicted: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const again = await resultsOf(origin, first);
      again.forEach((result, index) => {
        if (!result.duplicate || result.seq !== told[index]?.seq) {
          throw new Error(`an id of the first minute is not known: ${JSON.stringify(result)}`);
        }
      });
      const shard = "weur-0";
      await engine.miniflare.unsafeEvictDurableObject("treasure-hunt-engine", "HuntShard", {
        name: `${BENCH_HUNT}/${shard}`,
      });
      const sent = performance.now();
      await resultsOf(origin, first.slice(0, 1));
      evicted.push(performance.now() - sent);
    }
    const growth = memory.heap + memory.buffers - memoryBefore.heap - memoryBefore.buffers;
    if (growth > MEMORY_MAX) throw new Error(`memory grew by ${(growth / 1e6).toFixed(1)} MB`);
    const cases = [
      caseOf("ids: batches of 100, a short log", "1/s", before),
      caseOf(`ids: batches of 100, ${facts} facts`, "1/s", after),
      caseOf("ids: heap and buffers grown by", "MB", [growth / 1e6]),
      caseOf("ids: rows written per fact", "", [(rows - counted.rows) / (facts - counted.facts)]),
      caseOf("ids: evicted → an id of the first minute answered", "ms", evicted),
    ];
    for (const { name, value, unit } of cases) say(`${name}: ${value.toPrecision(4)} ${unit}`);
    return cases;
  } finally {
    inspector?.close();
    await engine.stop();
  }
}

function firstEvents(token: string): Call[] {
  return Array.from({ length: 10 }, (_, request) => ({
    method: "POST",
    path: `/v1/hunts/${BENCH_HUNT}/events`,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      events: Array.from({ length: 10 }, (__, index) => ({
        id: `first-${request}-${index}`,
        type: "answer",
        clue: "clue-1",
        answer: `wrong ${request} ${index}`,
      })),
    } satisfies EventsBody),
  }));
}

/** Over a connection of its own: one that stands idle is closed. */
async function resultsOf(origin: string, calls: readonly Call[]): Promise<Results["results"]> {
  const connection = new Connection(origin);
  const results: Results["results"] = [];
  for (const call of calls) {
    const { status, body } = await connection.send(call);
    if (status !== 200) throw new Error(`${status}: ${body}`);
    results.push(...(JSON.parse(body) as Results).results);
  }
  connection.close();
  return results;
}

/** Of the whole isolate, after a collection. */
async function memoryOf(inspector: Inspector): Promise<{ heap: number; buffers: number }> {
  await inspector.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = (await inspector.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  return { heap: usedSize, buffers: backingStorageSize };
}
