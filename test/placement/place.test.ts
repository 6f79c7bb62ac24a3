import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { LoadFigures, ShardFigures } from "../../src/placement/loads.ts";
import { type Known, placeTeam } from "../../src/placement/place.ts";

const NOW = 1_800_000_000_000;
const shardsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `weur-${index}`);

function figures(shards: Record<string, Partial<ShardFigures>>, at = NOW): LoadFigures {
  const told = Object.entries(shards).map(([shard, some]) => [
    shard,
    { teams: 0, events: 0, recent: 0, joinings: 0, ...some },
  ]);
  return { at, shards: Object.fromEntries(told) as LoadFigures["shards"] };
}

const known = (told: LoadFigures | undefined, more: Partial<Known> = {}): Known => ({
  figures: told,
  placed: () => 0,
  refuses: () => false,
  now: NOW,
  ...more,
});

/** How often each shard is chosen. */
function countsOf(shards: readonly string[], what: Known, times = 4_000): Map<string, number> {
  const random = chance(7);
  const counts = new Map(shards.map((shard) => [shard, 0]));
  for (let time = 0; time < times; time += 1) {
    const { shard } = placeTeam(shards, what, random);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  return counts;
}

describe("[PLACE-1] a new team", () => {
  test("goes to the less loaded of two shards drawn at random", () => {
    const shards = shardsOf(4);
    const told = figures({
      "weur-0": { teams: 40 },
      "weur-1": { teams: 30 },
      "weur-2": { teams: 20 },
      "weur-3": { teams: 10 },
    });
    // Of the six pairs the n-th shard is the less loaded one in n.
    const counts = countsOf(shards, known(told));
    for (const [index, pairs] of [0, 1, 2, 3].entries()) {
      expect((counts.get(`weur-${index}`) ?? 0) / 4_000).toBeCloseTo(pairs / 6, 1);
    }
    expect(counts.get("weur-0")).toBe(0);
  });

  test("goes where fewer events are, when there are enough to tell", () => {
    const told = figures({
      "weur-0": { teams: 100, recent: 9_000 },
      "weur-1": { teams: 110, recent: 3_000 },
    });
    expect(placeTeam(shardsOf(2), known(told), chance(1)).shard).toBe("weur-1");
    // Five events of a hundred teams tell nothing.
    const few = figures({ "weur-0": { teams: 100, recent: 5 }, "weur-1": { teams: 110, recent: 0 } });
    expect(placeTeam(shardsOf(2), known(few), chance(1)).shard).toBe("weur-0");
  });

  test("goes to a shard that was just added, as often as that is drawn", () => {
    const told = figures({
      "weur-0": { teams: 500, recent: 4_000 },
      "weur-1": { teams: 500, recent: 4_000 },
    });
    const counts = countsOf(shardsOf(3), known(told));
    expect((counts.get("weur-2") ?? 0) / 4_000).toBeCloseTo(2 / 3, 1);
  });

  test("is counted from when it is placed, before any figures tell of it", () => {
    const placed = new Map<string, number>();
    const random = chance(3);
    const what = known(undefined, { placed: (shard) => placed.get(shard) ?? 0 });
    for (let team = 0; team < 800; team += 1) {
      const { shard } = placeTeam(shardsOf(8), what, random);
      placed.set(shard, (placed.get(shard) ?? 0) + 1);
    }
    expect(Math.max(...placed.values())).toBeLessThanOrEqual(104);
    expect(Math.min(...placed.values())).toBeGreaterThanOrEqual(96);
  });

  test("does not follow old figures while many join: the difference they tell is less than what came since", () => {
    const told = figures(
      { "weur-0": { teams: 100, joinings: 50 }, "weur-1": { teams: 90, joinings: 50 } },
      NOW - 60_000,
    );
    const share = (what: Known): number => (countsOf(shardsOf(2), what).get("weur-1") ?? 0) / 4_000;
    expect(share(known(told))).toBeGreaterThan(0.48);
    expect(share(known(told))).toBeLessThan(0.56);
    expect(share(known({ ...told, at: NOW }))).toBe(1);
  });

  test("is never given to a shard that refuses, unless all do", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.uniqueArray(fc.nat(11)),
        fc.constantFrom("busy" as const, "full" as const, "here" as const),
        fc.nat(1_000_000),
        (count, refusing, why, seed) => {
          const shards = shardsOf(count);
          const closed = refusing.filter((index) => index < count).map((index) => `weur-${index}`);
          const told = figures(
            Object.fromEntries(closed.map((shard) => [shard, why === "here" ? {} : { refuses: why }])),
          );
          const refuses = (shard: string): boolean => why === "here" && closed.includes(shard);
          const { shard, by } = placeTeam(shards, known(told, { refuses }), chance(seed));
          expect(shards).toContain(shard);
          if (closed.length < count) expect(closed).not.toContain(shard);
          expect(by).toBe(closed.length > 0 && count > 1 ? "refusal" : count === 1 ? "only" : "load");
        },
      ),
    );
  });

  test("may get a shard that was busy long ago, and never one that is full", () => {
    const shards = shardsOf(2);
    const told = figures({ "weur-0": { refuses: "busy" }, "weur-1": { refuses: "full" } }, NOW - 120_000);
    for (let seed = 0; seed < 20; seed += 1) {
      expect(placeTeam(shards, known(told), chance(seed)).shard).toBe("weur-0");
    }
  });

  test("gets one of the region's shards whatever the figures hold", () => {
    const odd = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, Number.MAX_VALUE));
    fc.assert(
      fc.property(
        fc.array(fc.record({ teams: odd, recent: odd, joinings: odd, events: odd })),
        fc.nat(),
        (all, seed) => {
          const told = figures(Object.fromEntries(all.map((one, index) => [`weur-${index}`, one])));
          const shards = shardsOf(1 + below(chance(seed), 9));
          expect(shards).toContain(placeTeam(shards, known(told), chance(seed)).shard);
        },
      ),
    );
  });
});
