import { expect, test } from "vitest";
import { ShardLoads } from "../../src/placement/loads.ts";
import { PlacedSince } from "../../src/placement/since.ts";

const T0 = 1_800_000_000_000;

/** A shard that has `perSecond` events and joinings, and reports every `every` ms for `ms`. */
function play(loads: ShardLoads, perSecond: number, { every, ms }: { every: number; ms: number }): void {
  for (let passed = 0; passed <= ms; passed += every) {
    const sum = Math.floor((perSecond * passed) / 1_000);
    loads.hear("weur-0", { teams: sum, events: sum }, T0 + passed);
  }
}

test.each([200, 1_000, 20_000])(
  "[PLACE-1] rates are a minute's mean, however often a shard reports (%i ms)",
  (every) => {
    const loads = new ShardLoads();
    play(loads, 100, { every, ms: 600_000 });
    const { events, joinings, teams, recent } = loads.figures(T0 + 600_000)?.shards["weur-0"] ?? {};
    expect(events).toBeGreaterThan(80);
    expect(events).toBeLessThan(120);
    expect(joinings).toBeCloseTo(events ?? 0, 1);
    expect(teams).toBe(60_000);
    expect(recent).toBeGreaterThan(30_000);
  },
);

test("[PLACE-1] a shard that falls silent counts as idle after a while, and keeps its teams", () => {
  const loads = new ShardLoads();
  play(loads, 100, { every: 1_000, ms: 300_000 });
  const at = (ms: number) => loads.figures(T0 + 300_000 + ms)?.shards["weur-0"];
  expect(at(20_000)?.events).toBe(at(0)?.events);
  expect(at(600_000)?.events).toBeLessThan(1);
  expect(at(600_000)?.teams).toBe(30_000);
});

test("[PLACE-1] sums that fall, and a clock that goes back, begin anew instead of telling rates below nothing", () => {
  const loads = new ShardLoads();
  loads.hear("weur-0", { teams: 10, events: 1_000 }, T0);
  loads.hear("weur-0", { teams: 10, events: 400 }, T0 + 1_000);
  loads.hear("weur-0", { teams: 10, events: 460 }, T0 + 2_000);
  expect(loads.figures(T0 + 2_000)?.shards["weur-0"]?.events).toBeCloseTo(1, 1);
  loads.hear("weur-0", { teams: 10, events: 500 }, T0 - 3_600_000);
  expect(loads.figures(T0)?.shards["weur-0"]?.events).toBe(0);
  expect(new ShardLoads().figures(T0)).toBeUndefined();
});

test("[PLACE-3] busy passes, full stays until the shard tells otherwise", () => {
  const loads = new ShardLoads();
  const told = (at: number) => loads.figures(at)?.shards["weur-0"]?.refuses;
  loads.hear("weur-0", { teams: 1, events: 1, refuses: "busy" }, T0);
  expect(told(T0 + 9_000)).toBe("busy");
  expect(told(T0 + 11_000)).toBeUndefined();
  loads.hear("weur-0", { teams: 1, events: 1, refuses: "full" }, T0 + 20_000);
  expect(told(T0 + 3_600_000)).toBe("full");
  loads.hear("weur-0", { teams: 1, events: 1 }, T0 + 3_600_000);
  expect(told(T0 + 3_600_000)).toBeUndefined();
});

test("[PLACE-1] what was placed since the figures counts, and what they can have does not", () => {
  const placed = new PlacedSince();
  placed.add("weur-0", T0);
  placed.add("weur-0", T0 + 10_000);
  placed.add("weur-1", T0 + 10_500);
  expect(placed.since(undefined)("weur-0")).toBe(2);
  const since = placed.since(T0 + 5_000);
  expect([since("weur-0"), since("weur-1"), since("weur-2")]).toEqual([1, 1, 0]);
  // A moment before the figures: its shard had not told it yet.
  expect(placed.since(T0 + 11_500)("weur-1")).toBe(1);
  placed.remove("weur-1");
  placed.remove("weur-1");
  expect(placed.since(undefined)("weur-1")).toBe(0);
  expect(placed.since(T0 + 60_000)("weur-0")).toBe(0);
});

test("[PLACE-1] without figures nothing that was placed is forgotten, in bounded memory", () => {
  const placed = new PlacedSince();
  for (let second = 0; second < 10_000; second += 1) placed.add(`weur-${second % 4}`, T0 + second * 1_000);
  expect(placed.since(undefined)("weur-3")).toBe(2_500);
  // The clock had been an hour ahead.
  placed.add("weur-0", T0 + 6_400_000);
  expect(placed.since(T0 + 6_500_000)("weur-0")).toBe(0);
});
