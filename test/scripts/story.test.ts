/** The story's own figures: what counts as recovered, and that failures count as what players waited. */
import { expect, test } from "vitest";
import type { Sample } from "../../scripts/lab/story/load.ts";
import { figuresOf, secondsToRecover } from "../../scripts/lab/story/measure.ts";

/** Ten samples in each second, which all take `ms` and of which `failed` fail. */
function samples(seconds: number, at: (second: number) => { ms?: number; failed?: number }): Sample[] {
  return Array.from({ length: seconds * 10 }, (_, index) => {
    const second = Math.floor(index / 10);
    const { ms = 5, failed = 0 } = at(second);
    return { kind: "answer", at: index * 100, ms, ok: index % 10 >= failed };
  });
}

test("figures are of every request, failed or not", () => {
  const figures = figuresOf([
    { kind: "me", at: 0, ms: 10, ok: true },
    { kind: "answer", at: 1, ms: 10_000, ok: false },
  ]);
  expect(figures).toMatchObject({ requests: 2, errors: 0.5 });
  expect(figures.mean).toBeCloseTo(5_005, -1);
  expect(figures.p99).toBeCloseTo(10_000, -2);
  expect(figuresOf([]).errors).toBe(0);
});

test.each([
  ["nothing is wrong", {}, {}, 0],
  ["errors until the healing", { failed: 10 }, {}, 3],
  ["slow until the healing", { ms: 500 }, {}, 3],
  ["slower than before, within three times", {}, { ms: 290 }, 0],
  ["never", { failed: 1 }, { failed: 1 }, undefined],
])("recovered: %s", (_, before, after, expected) => {
  const played = samples(13, (second) => (second < 3 ? { failed: 10 } : second < 6 ? before : after));
  expect(secondsToRecover(played, 3_000, 100)).toBe(expected);
});

test("a relapse is no recovery", () => {
  const played = samples(10, (second) => (second === 7 ? { failed: 5 } : {}));
  expect(secondsToRecover(played, 0, 5)).toBe(8);
});
