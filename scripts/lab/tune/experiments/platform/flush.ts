/** How counts reach the metrics objects (src/telemetry/flush.ts), from many isolates in virtual time. */
import type { Counts } from "../../../../../src/objects/metrics.ts";
import { Flusher, type MeterEnv } from "../../../../../src/telemetry/flush.ts";
import { Meter } from "../../../../../src/telemetry/metrics.ts";
import { below, chance, waitOf } from "../../../measure/chance.ts";
import { meanOf } from "../../../measure/statistics.ts";
import type { Figures } from "../../experiment.ts";

const START = 1_800_000_000_000;
const ISOLATES = 300;

/** Requests a second of all of them. */
const RATE = 600;

const PLAYS = 600_000;

export async function flushes(every: number, seed: number): Promise<Figures> {
  const random = chance(seed);
  let calls = 0;
  const waiting = Array.from({ length: ISOLATES }, () => [] as number[]);
  const ages: number[] = [];
  let now = START;
  const isolates = waiting.map((times) => {
    const meter = new Meter();
    const add = async (_sender: string, _number: number, _counts: Counts): Promise<void> => {
      calls += 1;
      for (const at of times.splice(0)) ages.push((now - at) / 1_000);
    };
    const env = { METRICS_FLUSH_MS: String(every), METRICS: { getByName: () => ({ add }) } };
    return { meter, flusher: new Flusher(meter), env: env as unknown as MeterEnv, times };
  });
  while (now < START + PLAYS) {
    now += 1_000 * waitOf(random, RATE);
    const isolate = isolates[below(random, ISOLATES)];
    if (!isolate) throw new Error("an isolate was drawn that is not there");
    isolate.meter.add("hunt_joins_total", 1);
    isolate.times.push(now);
    const flushed: Promise<unknown>[] = [];
    isolate.flusher.flushInTime(isolate.env, () => ({ waitUntil: (work) => flushed.push(work) }), now);
    await Promise.all(flushed);
  }
  return { calls: (calls * 1_000) / PLAYS, age: meanOf(ages) };
}
