import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chance } from "../../scripts/lab/measure/chance.ts";
import { differenceOf, isEffect } from "../../scripts/lab/tune/bootstrap.ts";
import { type Evidence, measuredEffect } from "../../scripts/lab/tune/evidence.ts";
import { findKnee, type Step, whyNot } from "../../scripts/lab/tune/knee.ts";
import { effectsOf, type Factor, trajectory } from "../../scripts/lab/tune/morris.ts";

const good: Step = { rate: 100, offered: 1_000, achieved: 1, p99: 20, first: 5, last: 5, failed: 0 };

/** A server that carries up to `capacity` requests/s, with a queue before it. */
function server(capacity: number, noise: () => number = () => 1) {
  return async (rate: number): Promise<Step> => {
    const use = Math.min(0.999, rate / (capacity * noise()));
    const mean = 2 / (1 - use);
    const over = rate > capacity;
    return {
      ...good,
      rate,
      p99: over ? 2_000 : 4.6 * mean,
      achieved: over ? capacity / rate : 1,
      last: over ? 1_500 : mean,
      first: mean,
    };
  };
}

describe("the knee", () => {
  test("[TUNE-1] a step is carried or not, and says why", () => {
    const slo = { p99: 500 };
    expect(whyNot(good, slo)).toBeUndefined();
    expect(whyNot({ ...good, failed: 2 }, slo)).toBe("errors");
    expect(whyNot({ ...good, achieved: 0.96 }, slo)).toBe("achieved");
    expect(whyNot({ ...good, p99: 501 }, slo)).toBe("p99");
    expect(whyNot({ ...good, first: 40, last: 300 }, slo)).toBe("queue grows");
    expect(whyNot({ ...good, first: 1, last: 30 }, slo)).toBeUndefined();
  });

  test("[TUNE-1] is found within 15 % of where it is, from wherever the search begins", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 50, max: 20_000 }),
        fc.integer({ min: 10, max: 2_000 }),
        async (capacity, from) => {
          fc.pre(from < capacity * 4 && capacity < from * 100);
          const { rate, steps } = await findKnee(from, { p99: 500 }, server(capacity));
          expect(steps.length).toBeLessThanOrEqual(16);
          expect(rate).toBeGreaterThan(capacity * 0.85);
          expect(rate).toBeLessThanOrEqual(capacity);
        },
      ),
    );
  });

  test("[TUNE-1] one bad moment is no knee", async () => {
    let calls = 0;
    const steady = server(1_000);
    const { rate } = await findKnee(200, { p99: 500 }, async (asked) => {
      calls += 1;
      const step = await steady(asked);
      return calls === 2 ? { ...step, p99: 5_000 } : step;
    });
    expect(rate).toBeGreaterThan(850);
  });

  test("[TUNE-1] a server that carries nothing has none", async () => {
    const { rate } = await findKnee(100, { p99: 1 }, server(1_000));
    expect(rate).toBe(0);
  });
});

describe("screening", () => {
  const factors: Factor[] = ["a", "b", "c"].map((name) => ({ name, levels: [0, 1, 2, 3] }));

  test("[TUNE-2] a path changes each factor once, within its levels", () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 2, max: 6 }),
        (seed, count, levels) => {
          const many = Array.from({ length: count }, (_, index) => ({
            name: `f${index}`,
            levels: Array.from({ length: levels }, (_, level) => level),
          }));
          const points = trajectory(many, chance(seed));
          expect(points).toHaveLength(count + 1);
          const changed = points.slice(1).map((point, index) => {
            const different = point.flatMap((level, factor) =>
              level === points[index]?.[factor] ? [] : [factor],
            );
            expect(different).toHaveLength(1);
            return different[0];
          });
          expect(new Set(changed).size).toBe(count);
          for (const level of points.flat()) {
            expect(level).toBeGreaterThanOrEqual(0);
            expect(level).toBeLessThan(levels);
          }
        },
      ),
    );
  });

  test("[TUNE-2] tells what matters, its direction, and what does not", () => {
    const random = chance(5);
    const runs = Array.from({ length: 10 }, () => {
      const points = trajectory(factors, random);
      return { points, responses: points.map(([a = 0, b = 0]) => 10 * a - 3 * b + random() * 0.1) };
    });
    const [first, second, last] = effectsOf(factors, runs);
    expect([first?.name, second?.name, last?.name]).toEqual(["a", "b", "c"]);
    expect(first?.mu).toBeGreaterThan(15);
    expect(second?.mu).toBeLessThan(-4);
    expect(last?.muStar).toBeLessThan(0.2);
  });
});

describe("intervals", () => {
  test("[TUNE-3] noise alone has none that leaves zero out, more than one time in ten; a shift has", () => {
    const random = chance(9);
    let found = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const noise = (): number[] => Array.from({ length: 10 }, () => 50 + random() * 20);
      if (isEffect(differenceOf(noise(), noise(), random))) found += 1;
    }
    expect(found).toBeLessThan(20);
    const before = Array.from({ length: 10 }, () => 50 + random() * 20);
    const shifted = differenceOf(
      before,
      before.map((value) => value + 30 + random() * 10),
      random,
    );
    expect(isEffect(shifted)).toBe(true);
    expect(shifted.low).toBeGreaterThan(29);
    expect(shifted.high).toBeLessThan(41);
  });
});

test("[TUNE-4] what is told of a parameter says when there is no measured effect", () => {
  const evidence = {
    confirmed: [
      { name: "A", from: 1, to: 2, pairs: 5, difference: -12.34, low: -20, high: -3 },
      { name: "B", from: 1, to: 2, pairs: 5, difference: 1, low: -2, high: 3 },
    ],
    screening: [{ name: "C", mu: 0, muStar: 0.4, sigma: 0 }],
  } as unknown as Evidence;
  expect(measuredEffect("A", evidence)).toBe("1 → 2: −12.3 ms of p99 (95 % of 5 pairs: −20.0 ms … −3.0 ms)");
  expect(measuredEffect("B", evidence)).toContain("no measured effect");
  expect(measuredEffect("C", evidence)).toContain("screened only");
  expect(measuredEffect("D", evidence)).toBe("not measured here");
  expect(measuredEffect("A", undefined)).toBe("not measured");
});
