import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Buckets, Peaks, Solves } from "../../src/hunt/packed.ts";
import type { Solve } from "../../src/hunt/team.ts";

/** More clues than are looked for one by one. */
const clue = fc.integer({ min: 0, max: 150 }).map((number) => `clue-${number}`);
const time = fc.integer({ min: 0, max: 2e12 });
const solve: fc.Arbitrary<Solve> = fc.record(
  {
    at: time,
    seq: fc.integer({ min: 1 }),
    points: fc.integer({ min: -5, max: 500 }),
    recordedAt: time,
    byHand: fc.constant(true as const),
  },
  { requiredKeys: ["at", "seq", "points"] },
);

describe("packed parts of a team", () => {
  test("solves are as in a map, in its order", () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ set: clue, solve }) },
      { weight: 2, arbitrary: fc.record({ delete: clue }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
        const map = new Map<string, Solve>();
        const solves = new Solves();
        for (const one of steps) {
          if ("set" in one) {
            map.set(one.set, one.solve);
            solves.set(one.set, one.solve);
          } else expect(solves.delete(one.delete)).toBe(map.delete(one.delete));
        }
        expect(solves.size).toBe(map.size);
        expect([...solves]).toEqual([...map]);
        expect([...solves.keys()]).toEqual([...map.keys()]);
        expect(solves.values()).toEqual([...map.values()]);
        for (let number = 0; number <= 150; number += 1) {
          const own = `clue-${number}`;
          expect(solves.has(own)).toBe(map.has(own));
          expect(solves.get(own)).toEqual(map.get(own));
          expect(solves.timeOf(own)).toBe(map.get(own)?.at ?? Number.POSITIVE_INFINITY);
        }
        expect([...new Solves(solves)]).toEqual([...map]);
        solves.clear();
        expect([...solves]).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("buckets count wrong tries, and remember texts up to their bounds, the oldest going first", () => {
    const text = fc.integer({ min: 0, max: 12 }).map((number) => (number === 0 ? "" : `text-${number}`));
    const tries = fc.array(fc.record({ clue: fc.constantFrom("a", "b", "c", "d"), text, at: time }), {
      maxLength: 120,
      size: "max",
    });
    const [each, all] = [5, 12];
    fc.assert(
      fc.property(tries, (steps) => {
        const known = new Map<string, { wrong: number; at: number; texts: string[] }>();
        const buckets = new Buckets();
        for (const { clue: own, text: given, at } of steps) {
          const before = known.get(own) ?? { wrong: 0, at, texts: [] };
          const texts = before.texts.includes(given) ? before.texts : [...before.texts, given].slice(-each);
          known.set(own, { wrong: before.wrong + 1, at, texts });
          let count = [...known.values()].reduce((sum, bucket) => sum + bucket.texts.length, 0);
          while (count > all) {
            const others = [...known].filter(([other, bucket]) => other !== own && bucket.texts.length > 0);
            const oldest = others.reduce((a, b) => (b[1].at < a[1].at ? b : a))[1];
            count -= oldest.texts.length;
            oldest.texts = [];
          }
          expect(buckets.hasText(own, given)).toBe(before.texts.includes(given));
          buckets.note(own, 0.5, at);
          buckets.addText(own, given, each);
          buckets.boundTexts(own, all);
        }
        const expected = [...known].map(([own, { wrong, at, texts }]) => [
          own,
          { wrong, tokens: 0.5, at, ...(texts.length > 0 ? { texts } : {}) },
        ]);
        expect(buckets.entries()).toEqual(expected);
        expect(new Buckets(buckets).entries()).toEqual(expected);
        for (const [own, { wrong, at }] of known)
          expect(buckets.get(own)).toEqual({ wrong, tokens: 0.5, at });
      }),
      { numRuns: 200 },
    );
  });

  test("peaks tell when a score was first reached", () => {
    const peaks = new Peaks([
      { at: 10, score: 100 },
      { at: 20, score: 250 },
    ]);
    peaks.push(30, 300);
    expect([peaks.length, peaks.highest]).toEqual([3, 300]);
    expect([1, 100, 101, 300, 301].map((points) => peaks.firstAt(points))).toEqual([
      10,
      10,
      20,
      30,
      undefined,
    ]);
    expect(new Peaks().highest).toBe(0);
    expect([...new Peaks(peaks)]).toEqual([...peaks]);
  });
});
