import { expect, test } from "vitest";
import { pageWait } from "../../src/shard/page-wait.ts";

test("[SH-43] pages of a small shard wait as the parameter says, those of a large one longer, and never beyond what a start reads quickly", () => {
  expect(pageWait(0, 100)).toBe(100);
  expect(pageWait(16, 100)).toBe(100);
  expect(pageWait(17, 100)).toBe(320);
  expect(pageWait(40, 1_000)).toBe(7_680);
  expect(pageWait(157, 1_000)).toBe(20_000);
  expect(pageWait(157, 20_000)).toBe(20_000);
  expect(pageWait(10_000, 100_000)).toBe(100_000);
});
