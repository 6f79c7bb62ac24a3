import { expect, test } from "vitest";
import type { Counts } from "../../src/objects/metrics.ts";
import { Flusher, type MeterEnv } from "../../src/telemetry/flush.ts";
import { Meter } from "../../src/telemetry/metrics.ts";

/** A metrics object that can be away; what it took, by flush number. */
function hub() {
  const taken: { flush: number; joins: number | undefined }[] = [];
  const state = { away: false, resultsLost: false };
  const env = {
    METRICS_FLUSH_MS: 1_000,
    METRICS: {
      getByName: () => ({
        async add(_: string, flush: number, counts: Counts): Promise<void> {
          if (state.away) throw new Error("away");
          taken.push({ flush, joins: counts.counters.hunt_joins_total });
          if (state.resultsLost) throw new Error("the result was lost");
        },
      }),
    },
  } as unknown as MeterEnv;
  const meter = new Meter();
  return { env, taken, state, meter, flusher: new Flusher(meter) };
}

test("[MET-9] ten thousand events in ten intervals cost fifteen calls at most", async () => {
  const { env, taken, meter, flusher } = hub();
  const under: Promise<unknown>[] = [];
  const lender = () => ({ waitUntil: (task: Promise<unknown>) => void under.push(task) });
  const begun = 1_800_000_000_000;
  for (let event = 0; event < 10_000; event += 1) {
    meter.add("hunt_joins_total", 1);
    flusher.flushInTime(env, lender, begun + event);
    if (event % 100 === 0) await Promise.all(under);
  }
  // One that is under way would go again, under its number.
  await Promise.all(under);
  await flusher.flush(env);
  // Up to a quarter sooner than the interval, so that isolates do not flush together.
  expect(taken.length).toBeLessThanOrEqual(15);
  expect(taken.reduce((sum, { joins = 0 }) => sum + joins, 0)).toBe(10_000);
});

test("[MET-5] what did not arrive, or may not have, goes again under its number; later counts wait", async () => {
  const { env, taken, state, meter, flusher } = hub();
  meter.add("hunt_joins_total", 1);
  state.away = true;
  await flusher.flush(env);
  meter.add("hunt_joins_total", 2);
  state.away = false;
  state.resultsLost = true;
  await flusher.flush(env);
  state.resultsLost = false;
  await flusher.flush(env);
  await flusher.flush(env);
  expect(taken).toEqual([
    { flush: 1, joins: 1 },
    { flush: 1, joins: 1 },
    { flush: 2, joins: 2 },
  ]);
});
