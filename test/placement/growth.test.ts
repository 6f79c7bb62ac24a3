import fc from "fast-check";
import { expect, test } from "vitest";
import { crowdedRegion, grownTo, hasCrowded } from "../../src/placement/growth.ts";
import type { LoadFigures, ShardFigures } from "../../src/placement/loads.ts";

const LIMITS = { capacity: 500, growAt: 0.7, max: 16 };

/** Figures of shards by their events a second. */
function figures(events: Record<string, number>, more: Partial<ShardFigures> = {}): LoadFigures {
  const shards = Object.entries(events).map(([shard, perSecond]) => [
    shard,
    { teams: 100, events: perSecond, recent: perSecond * 600, joinings: 0, ...more },
  ]);
  return { at: 1, shards: Object.fromEntries(shards) as LoadFigures["shards"] };
}

test("[PLACE-4] a region whose busiest shards pass GROW_AT of their capacity is crowded", () => {
  expect(crowdedRegion(figures({ "weur-0": 349 }), 1, LIMITS)).toBeUndefined();
  expect(crowdedRegion(figures({ "weur-0": 350 }), 1, LIMITS)).toEqual({ shard: "weur-0", use: 0.7 });
  // Of eight the two busiest count, on average.
  const eight = (first: number, second: number) =>
    figures(
      Object.fromEntries(
        [first, second, 180, 180, 180, 180, 180, 180].map((n, index) => [`sam-${index}`, n]),
      ),
    );
  expect(crowdedRegion(eight(500, 190), 8, LIMITS)).toBeUndefined();
  expect(crowdedRegion(eight(500, 300), 8, LIMITS)).toEqual({ shard: "sam-0", use: 0.8 });
});

test("[PLACE-4] the most crowded region is named, also one whose name has a dash", () => {
  const told = figures({ "weur-0": 400, "apac-se-0": 450, "weur-1": 380, "apac-se-1": 440 });
  expect(crowdedRegion(told, 2, LIMITS)?.shard).toBe("apac-se-0");
});

test("[PLACE-4] shards with room, such as those just added, are filled before more are added", () => {
  const told = figures({ "weur-0": 500, "weur-1": 480 });
  expect(crowdedRegion(told, 2, LIMITS)).toBeDefined();
  expect(crowdedRegion(told, 3, LIMITS)).toBeUndefined();
  const filled = figures({ "weur-0": 500, "weur-1": 480, "weur-2": 200 });
  expect(crowdedRegion(filled, 3, LIMITS)).toBeDefined();
});

test("[PLACE-4] a shard that refuses uses all of its capacity", () => {
  expect(crowdedRegion(figures({ "weur-0": 3 }, { refuses: "busy" }), 1, LIMITS)?.use).toBe(1);
  expect(hasCrowded(figures({ "weur-0": 3 }, { refuses: "full" }), LIMITS)).toBe(true);
  expect(hasCrowded(figures({ "weur-0": 3 }), LIMITS)).toBe(false);
});

test("[PLACE-4] half as many are added, up to SHARDS_MAX; a hunt that has more keeps them", () => {
  expect([1, 2, 4, 8, 12, 16, 20].map((present) => grownTo(present, LIMITS))).toEqual([
    2, 3, 6, 12, 16, 16, 20,
  ]);
});

test("[PLACE-4] a crowd that is there ends in a number of shards, and repeating changes nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2_000), { minLength: 1, maxLength: 20 }), (events) => {
      const told = figures(Object.fromEntries(events.map((n, index) => [`weur-${index}`, n])));
      let present = 1;
      for (let round = 0; round < 20; round += 1) {
        if (crowdedRegion(told, present, LIMITS)) present = grownTo(present, LIMITS);
      }
      expect(present).toBeLessThanOrEqual(16);
      // Nobody joins: what was added last stays empty, and nothing more comes.
      if (present > events.length * 2) throw new Error(`${present} shards for ${events.length} in use`);
    }),
  );
});
