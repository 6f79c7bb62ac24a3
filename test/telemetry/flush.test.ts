import { expect, test } from "vitest";
import type { Counts } from "../../src/objects/metrics.ts";
import { flushMeter, flushNow, type MeterEnv } from "../../src/telemetry/flush.ts";
import { meter } from "../../src/telemetry/meter.ts";

/** A metrics object that can be away; what it took, by flush number. */
function hub() {
  const taken: { flush: number; joins: number | undefined }[] = [];
  const state = { away: false, answersLost: false };
  const env = {
    METRICS_FLUSH_MS: 1_000,
    METRICS: {
      getByName: () => ({
        async add(_: string, flush: number, counts: Counts): Promise<void> {
          if (state.away) throw new Error("away");
          taken.push({ flush, joins: counts.counters.hunt_joins_total });
          if (state.answersLost) throw new Error("the answer was lost");
        },
      }),
    },
  } as unknown as MeterEnv;
  return { env, taken, state };
}

test("[MET-9] ten thousand events in ten intervals cost fifteen calls at most", async () => {
  const { env, taken } = hub();
  const under: Promise<unknown>[] = [];
  const lender = () => ({ waitUntil: (task: Promise<unknown>) => void under.push(task) });
  const begun = Date.now() + 1e9; // apart from the other tests
  for (let event = 0; event < 10_000; event += 1) {
    meter.add("hunt_joins_total", 1);
    flushMeter(env, lender, begun + event);
    if (event % 100 === 0) await Promise.all(under);
  }
  // One that is under way would go again, under its number.
  await Promise.all(under);
  await flushNow(env);
  // Up to a quarter sooner than the interval, so that isolates do not flush together.
  expect(taken.length).toBeLessThanOrEqual(15);
  expect(taken.reduce((sum, { joins = 0 }) => sum + joins, 0)).toBe(10_000);
});

test("[MET-5] what did not arrive, or may not have, goes again under its number; later counts wait", async () => {
  const { env, taken, state } = hub();
  await flushNow(env);
  taken.length = 0;
  meter.add("hunt_joins_total", 1);
  state.away = true;
  await flushNow(env);
  meter.add("hunt_joins_total", 2);
  state.away = false;
  state.answersLost = true;
  await flushNow(env);
  state.answersLost = false;
  await flushNow(env);
  await flushNow(env);
  const [first] = taken;
  const flush = first?.flush ?? 0;
  expect(taken).toEqual([
    { flush, joins: 1 },
    { flush, joins: 1 },
    { flush: flush + 1, joins: 2 },
  ]);
});
