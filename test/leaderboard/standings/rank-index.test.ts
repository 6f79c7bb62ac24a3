import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { below, chance } from "../../../scripts/lab/measure/chance.ts";
import { RankIndex } from "../../../src/leaderboard/standings/rank-index.ts";
import { sortInSteps } from "../../../src/leaderboard/standings/sort.ts";

/** Teams ordered by a key of their own, then by number. */
function indexOver(keys: Float64Array): RankIndex {
  return new RankIndex((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
}

/** Integers of a seed: the sequences below are long, and a failure names its seed. */
function random(seed: number): (bound: number) => number {
  const next = chance(seed);
  return (bound) => below(next, bound);
}

function expectSame(index: RankIndex, sorted: readonly number[]): void {
  expect(index.size).toBe(sorted.length);
  expect([...index.slice(0, sorted.length + 5)]).toEqual(sorted);
}

describe("the rank index", () => {
  test("[LB-16] after any inserts, removes and moves it is the sorted list", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(50, 3_000, 9_000), (seed, teams) => {
        const next = random(seed);
        const keys = new Float64Array(teams);
        const index = indexOver(keys);
        const inside = new Set<number>();
        // Phases in which it mostly grows, moves and shrinks, so that blocks split, empty and merge.
        for (const keep of [95, 50, 5, 60]) {
          for (let step = 0; step < teams; step++) {
            const team = next(teams);
            if (inside.delete(team)) index.remove(team);
            keys[team] = next(40);
            if (next(100) < keep) {
              index.insert(team);
              inside.add(team);
            }
          }
          const sorted = [...inside].sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
          expectSame(index, sorted);
          for (let probe = 0; probe < 20 && sorted.length > 0; probe++) {
            const k = next(sorted.length);
            expect(index.at(k)).toBe(sorted[k]);
            expect(index.rankOf(sorted[k] as number)).toBe(k);
            const count = next(2_500);
            expect([...index.slice(k, count)]).toEqual(sorted.slice(k, k + count));
          }
          if (sorted.length > 2_000) expect(index.bytes / sorted.length).toBeLessThanOrEqual(12);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("[LB-16] the ends: nothing inside, positions beyond it, a team that is not there", () => {
    const index = indexOver(new Float64Array(10));
    expect([index.size, index.at(0), index.rankOf(3), index.slice(0, 5).length]).toEqual([
      0,
      undefined,
      undefined,
      0,
    ]);
    index.insert(4);
    expect([index.at(0), index.at(1), index.rankOf(3), index.rankOf(4)]).toEqual([
      4,
      undefined,
      undefined,
      0,
    ]);
    expect(() => index.insert(4)).toThrow("already");
    expect(() => index.remove(5)).toThrow("not in the index");
    index.remove(4);
    expect(index.size).toBe(0);
  });

  test("[LB-25] merging a batch is taking it out and putting it in team by team", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0, 5, 3_000), fc.nat(400), (seed, teams, moves) => {
        const next = random(seed);
        const keys = Float64Array.from({ length: teams + 500 }, () => next(50));
        const index = indexOver(keys);
        for (let team = 0; team < teams; team++) index.insert(team);
        const touched = new Set(Array.from({ length: moves }, () => next(teams + 500)));
        for (const team of touched) keys[team] = next(50);
        const by = (a: number, b: number) => (keys[a] as number) - (keys[b] as number) || a - b;
        // Some of the touched do not come back, some were never inside.
        const incoming = [...touched].filter((team) => team % 3 !== 0).sort(by);
        index.merge(Uint32Array.from(incoming), (team) => touched.has(team));
        const stayed = Array.from({ length: teams }, (_, team) => team).filter((team) => !touched.has(team));
        expectSame(index, [...stayed, ...incoming].sort(by));
      }),
      { numRuns: 60 },
    );
  });

  test("[LB-16] rebuild takes a sorted list, and a clone goes its own way", () => {
    const keys = new Float64Array(5_000).map((_, team) => -team);
    const index = indexOver(keys);
    const sorted = Uint32Array.from({ length: 4_000 }, (_, i) => 4_999 - i);
    index.insert(0);
    index.rebuild(sorted);
    expectSame(index, [...sorted]);
    const clone = index.clone((a, b) => (keys[a] as number) - (keys[b] as number));
    index.remove(4_999);
    clone.insert(7);
    expectSame(index, [...sorted.subarray(1)]);
    expectSame(clone, [...sorted, 7]);
  });

  test("[LB-16] a block that splits next to a small one leaves the order and the memory as they should be", () => {
    for (const small of [0, 1, 2]) {
      // Three blocks of 768; one is emptied to 200, its neighbours are then filled beyond what a block holds.
      const keys = new Float64Array(20_000).map((_, team) => team);
      const index = indexOver(keys);
      index.rebuild(Uint32Array.from({ length: 3 * 768 }, (_, i) => i));
      const inside = new Set(Array.from({ length: 3 * 768 }, (_, i) => i));
      for (let team = small * 768; team < small * 768 + 568; team++) {
        index.remove(team);
        inside.delete(team);
      }
      for (let team = 3_000; team < 6_000; team++) {
        const block = (small + 1 + (team % 2)) % 3;
        keys[team] = block * 768 + 600 + team / 10_000;
        index.insert(team);
        inside.add(team);
      }
      expectSame(
        index,
        [...inside].sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b),
      );
      expect(index.bytes / index.size).toBeLessThanOrEqual(12);
    }
  });

  test("[LB-16] the memory stays bounded when a full index empties unevenly", () => {
    const index = indexOver(Float64Array.from({ length: 50_000 }, (_, team) => team));
    for (let team = 0; team < 50_000; team++) index.insert(team);
    for (let team = 0; team < 50_000; team++) if (team % 1_500 > 120) index.remove(team);
    expect(index.bytes / index.size).toBeLessThanOrEqual(12);
  });
});

describe("sorting teams", () => {
  test("[LB-17] so many that they are parted first, whatever the keys", () => {
    for (const [name, key] of Object.entries({
      spread: (i: number) => Math.imul(i, 0x9e37_79b1) >> 8,
      equal: () => 7,
      few: (i: number) => i % 3,
      skewed: (i: number) => (i % 10 === 0 ? i : 0),
      fractions: (i: number) => (Math.imul(i, 0x9e37_79b1) % 1_000) / 7,
    })) {
      const count = 40_000;
      const values = Float64Array.from({ length: count }, (_, i) => key(i));
      const at = Float64Array.from({ length: count }, (_, i) => (i * 7_919) % 5_003);
      for (const descending of [true, false]) {
        const compare = (a: number, b: number) =>
          Math.sign((values[a] as number) - (values[b] as number)) * (descending ? -1 : 1) ||
          (at[a] as number) - (at[b] as number) ||
          a - b;
        const teams = Uint32Array.from({ length: count - 11 }, (_, i) => i + 11);
        const expected = [...teams].sort(compare);
        for (const _ of sortInSteps(teams, { values, descending }, at, compare));
        expect([...teams], name).toEqual(expected);
      }
    }
  });

  const wild = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const row = (score: fc.Arbitrary<number>) =>
    fc.record({
      score,
      at: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(1_000_000_000)).map((ms) => 1_700_000_000_000 + ms),
      seq: fc.nat(5),
    });
  const scores = fc.constantFrom(
    fc.integer({ min: -3, max: 3 }),
    fc.nat(200_000),
    fc.nat(9).map((x) => x / 4),
    wild,
  );

  test("[LB-17] is what the comparator alone gives, whatever the keys' ranges", () => {
    fc.assert(
      fc.property(
        scores.chain((score) => fc.array(row(score), { maxLength: 300, size: "max" })),
        fc.boolean(),
        (rows, descending) => {
          const values = Float64Array.from(rows, (r) => r.score);
          const at = Float64Array.from(rows, (r) => r.at);
          const teams = Uint32Array.from(rows.keys())
            .reverse()
            .filter((team) => team % 7 !== 3);
          const compare = (a: number, b: number) =>
            Math.sign((values[a] as number) - (values[b] as number)) * (descending ? -1 : 1) ||
            (at[a] as number) - (at[b] as number) ||
            (rows[a]?.seq ?? 0) - (rows[b]?.seq ?? 0) ||
            a - b;
          const expected = [...teams].sort(compare);
          for (const _ of sortInSteps(teams, { values, descending }, at, compare));
          expect([...teams]).toEqual(expected);
        },
      ),
      { numRuns: 400 },
    );
  });
});
