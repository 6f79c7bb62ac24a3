import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { distanceBetween, judgeCheckin, type Place } from "../../../src/hunt/kinds/place.ts";
import { T0 } from "../build.ts";

/** Metres of one degree of a great circle, on the sphere of IUGG's mean radius. */
const DEGREE = (Math.PI * 6_371_008.8) / 180;

const PIER: Place = { lat: 0, lng: 0, radius: 60, maxAccuracy: 100, maxSpeed: 10 };

/** A position so many metres north of the pier. */
const north = (metres: number, accuracy = 5) => ({ lat: metres / DEGREE, lng: 0, accuracy });

describe("distances", () => {
  test.each([
    ["the same point", 53.5, 9.9, 53.5, 9.9, 0],
    ["a degree north", 10, 20, 11, 20, DEGREE],
    ["a degree east on the equator", 0, 20, 0, 21, DEGREE],
    ["across the date line", 0, 179.5, 0, -179.5, DEGREE],
    ["over the pole", 89.5, 0, 89.5, 180, DEGREE],
    ["the other side of the earth", 0, 0, 0, 180, 180 * DEGREE],
    ["pole to pole", 90, 0, -90, 123, 180 * DEGREE],
  ])("[PL-1] %s", (_, lat, lng, otherLat, otherLng, metres) => {
    expect(distanceBetween({ lat, lng }, { lat: otherLat, lng: otherLng })).toBeCloseTo(metres, 3);
  });

  test("[PL-1] are symmetric, never NaN, and at most half the earth's circumference", () => {
    const coordinates = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lng: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(coordinates, coordinates, (a, b) => {
        const metres = distanceBetween(a, b);
        expect(metres).toBeCloseTo(distanceBetween(b, a), 3);
        expect(metres).toBeGreaterThanOrEqual(0);
        expect(metres).toBeLessThanOrEqual(180 * DEGREE + 1);
      }),
    );
  });
});

describe("a check-in", () => {
  test.each([
    [0, "correct"],
    [59.9, "correct"],
    [60.1, "out_of_range"],
    [5_000, "out_of_range"],
  ] as const)("[PL-2] %d m from a place of radius 60 is %s", (metres, outcome) => {
    expect(judgeCheckin(PIER, north(metres), undefined, T0).outcome).toBe(outcome);
  });

  test("[PL-2] on the rim itself is inside, and its accuracy makes no radius wider", () => {
    const rim = distanceBetween(PIER, north(60));
    expect(judgeCheckin({ ...PIER, radius: rim }, north(60), undefined, T0).outcome).toBe("correct");
    expect(judgeCheckin(PIER, north(61, 100), undefined, T0).outcome).toBe("out_of_range");
  });

  test.each([
    [100, "correct"],
    [100.1, "implausible"],
  ] as const)("[PL-3] an accuracy of %d m where 100 is the most is %s", (accuracy, outcome) => {
    expect(judgeCheckin(PIER, { ...north(0), accuracy }, undefined, T0).outcome).toBe(outcome);
  });

  test.each([
    // The last check-in, 5 m accurate, was 1,000 m away: 990 m are certain, 10 m/s are believed.
    [99_001, "correct"],
    [98_999, "implausible"],
  ] as const)("[PL-4] 1,000 m in %d ms is %s: both accuracies are granted", (elapsed, outcome) => {
    const last = { ...north(1_000), at: T0 - elapsed };
    expect(judgeCheckin(PIER, north(0), last, T0).outcome).toBe(outcome);
  });

  test("[PL-4] a jump within both accuracies is believable at any speed", () => {
    const last = { ...north(55, 30), at: T0 };
    expect(judgeCheckin(PIER, north(0, 30), last, T0).outcome).toBe("correct");
  });

  test.each([
    [19.9, 0],
    [19.9, -9_000],
  ])(
    "[PL-5] a journey takes a second at least, also when the clock went back (%d m, %d ms)",
    (metres, elapsed) => {
      const last = { ...north(metres), at: T0 - elapsed };
      expect(judgeCheckin(PIER, north(0), last, T0).outcome).toBe("correct");
      expect(judgeCheckin(PIER, north(0), { ...last, ...north(metres + 0.2) }, T0).outcome).toBe(
        "implausible",
      );
    },
  );

  test("[PL-10] a check-in dated far ahead tells no speed", () => {
    const last = { ...north(5_000), at: T0 + 3_600_000 };
    expect(judgeCheckin(PIER, north(0), last, T0).outcome).toBe("correct");
  });

  test("[PL-6] the distance is recorded to 0.1 m, rounded up, whatever the outcome", () => {
    expect(judgeCheckin(PIER, north(12.34), undefined, T0).distance).toBe(12.4);
    expect(judgeCheckin(PIER, north(60.01), undefined, T0)).toEqual({
      outcome: "out_of_range",
      distance: 60.1,
    });
    expect(judgeCheckin(PIER, north(123.46, 500), undefined, T0)).toEqual({
      outcome: "implausible",
      distance: 123.5,
    });
  });
});
