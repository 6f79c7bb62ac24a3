import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Scoring } from "../../src/hunt/compiled.ts";
import { clueValue, isDynamic } from "../../src/hunt/score.ts";
import { naiveClueValue } from "../leaderboard/standings/naive.ts";

function scoring(
  kind: Scoring["decay"]["kind"],
  minimum = 50,
  solves = 40,
  firstSolves: number[] = [],
): Scoring {
  return { ranking: "score", decay: { kind, minimum, solves }, firstSolves };
}

describe("the value of a clue", () => {
  test.each([
    ["none", 100, 0, 100],
    ["none", 100, 5_000, 100],
    ["linear", 100, 0, 100],
    ["linear", 100, 1, 100],
    ["linear", 100, 2, 99], // 98.75
    ["linear", 100, 5, 95], // exactly 95
    ["linear", 100, 40, 52], // 51.25
    ["linear", 100, 41, 50],
    ["linear", 100, 1_000_000, 50],
    ["log", 100, 1, 100],
    ["log", 100, 2, 100], // 99.96875
    ["log", 100, 21, 88], // 87.5
    ["log", 100, 40, 53], // 52.46875
    ["log", 100, 41, 50],
    ["linear", 0, 7, 0],
    ["log", 0, 7, 0],
    ["linear", 30, 7, 30],
    ["linear", 30, 700, 30],
    ["log", 30, 7, 30],
  ] as const)("[LB-19] %s from %i points with %i solvers is %i", (kind, points, solvers, value) => {
    expect(clueValue(scoring(kind), points, solvers)).toBe(value);
  });

  test("[LB-19] is the formula in exact fractions, rounded up", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("none" as const, "linear" as const, "log" as const),
        fc.oneof(fc.nat(1_000), fc.nat(1_000_000_000)),
        fc.oneof(fc.nat(1_000), fc.nat(1_000_000_000)),
        fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10_000_000 })),
        fc.oneof(fc.nat(110), fc.nat(10_000_000)),
        (kind, points, minimum, solves, solvers) => {
          const rules = scoring(kind, minimum, solves);
          expect(clueValue(rules, points, solvers)).toBe(naiveClueValue(rules.decay, points, solvers));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("[LB-19] is exact where floats are not", () => {
    // 899,939,999 · 29,999² is one below a multiple of 30,000²: a float quotient would reach that multiple.
    const rules = scoring("log", 0, 30_000);
    const value = clueValue(rules, 899_939_999, 30_000);
    expect(value).toBe(naiveClueValue(rules.decay, 899_939_999, 30_000));
    expect(value).toBe(59_996);
  });

  test("[LB-19] never rises with another solver and never leaves minimum…points", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("linear" as const, "log" as const),
        fc.nat(500),
        fc.nat(500),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(80),
        (kind, minimum, above, solves, solvers) => {
          const rules = scoring(kind, minimum, solves);
          const points = minimum + above;
          const value = clueValue(rules, points, solvers);
          expect(clueValue(rules, points, solvers + 1)).toBeLessThanOrEqual(value);
          if (points > 0) expect(value).toBeGreaterThanOrEqual(minimum);
          expect(value).toBeLessThanOrEqual(points);
        },
      ),
    );
  });

  test("[LB-19] fractional points are not rounded up by a float's noise", () => {
    // 0.3 − 0.1 · 3 is 5.6e-17 below zero in floats, and 1.1 − 0.1 is a hair above 1.
    expect(clueValue(scoring("linear", 1, 10), 1.1, 11)).toBe(1);
    expect(clueValue(scoring("linear", 0.1, 2), 2.1, 2)).toBe(2);
  });
});

describe("moving scores", () => {
  test("[LB-20] are those with decay or a first-solve bonus", () => {
    expect(isDynamic({ scoring: scoring("none"), clues: [] })).toBe(false);
    expect(isDynamic({ scoring: scoring("linear"), clues: [] })).toBe(true);
    expect(isDynamic({ scoring: scoring("log"), clues: [] })).toBe(true);
    expect(isDynamic({ scoring: scoring("none", 0, 1, [10]), clues: [] })).toBe(true);
    const own = (clue: object) => isDynamic({ scoring: scoring("none"), clues: [{}, clue] });
    expect(own({ decay: scoring("log").decay })).toBe(true);
    expect(own({ firstSolves: [10] })).toBe(true);
    expect(
      own({ decay: scoring("none").decay, firstSolves: [], speed: { full: 0, none: 1, minimum: 0 } }),
    ).toBe(false);
  });
});
