import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { Counts } from "../../src/objects/metrics.ts";
import type { MetricsHub } from "../../src/telemetry/object.ts";

const joins = (count: number): Counts => ({ counters: { hunt_joins_total: count }, histograms: {} });

const readJoins = async (name: string): Promise<number | undefined> =>
  (await env.METRICS.getByName(name).read()).counters.hunt_joins_total;

test("[MET-5] a flush that comes again is counted once, of each sender", async () => {
  const hub = env.METRICS.getByName("once");
  await hub.add("one", 1, joins(3));
  await hub.add("one", 1, joins(3));
  await hub.add("two", 1, joins(4));
  await hub.add("one", 2, joins(5));
  await hub.add("one", 1, joins(3));
  expect(await readJoins("once")).toBe(12);
});

test("[MET-6] sums survive an eviction, one row for all flushes of some seconds", {
  timeout: 60_000,
}, async () => {
  const hub = env.METRICS.getByName("kept");
  for (let flush = 1; flush <= 20; flush += 1) await hub.add("one", flush, joins(1));
  const rows = () =>
    runInDurableObject(hub, (_: MetricsHub, { storage: { sql } }) =>
      sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'sums'").toArray().length === 0
        ? 0
        : sql.exec("SELECT body FROM sums").toArray().length,
    );
  expect(await rows()).toBe(0);
  await vi.waitFor(async () => expect(await rows()).toBe(1), { timeout: 30_000, interval: 250 });
  await evictDurableObject(hub);
  expect(await readJoins("kept")).toBe(20);
  // Also that it came before is remembered.
  await env.METRICS.getByName("kept").add("one", 20, joins(1));
  expect(await readJoins("kept")).toBe(20);
});
