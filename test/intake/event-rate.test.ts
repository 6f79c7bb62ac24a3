import { expect, test } from "vitest";
import { EventRate } from "../../src/intake/event-rate.ts";

const T0 = Date.UTC(2026, 11, 1, 18);

test("[SEC-44] a team's bucket holds six seconds' events, and fills up again", () => {
  const rate = new EventRate(6_000);
  for (let request = 0; request < 6; request += 1) expect(rate.take("t", 100, T0)).toBe(0);
  expect(rate.take("t", 100, T0)).toBe(1);
  expect(rate.take("t", 1, T0)).toBe(1);
  expect(rate.take("other", 100, T0)).toBe(0);
  expect(rate.take("t", 100, T0 + 900)).toBe(1);
  expect(rate.take("t", 100, T0 + 1_000)).toBe(0);
  // However low the rate, a whole request may come at once.
  expect(new EventRate(60).take("t", 100, T0)).toBe(0);
  // A clock that was an hour ahead leaves nobody waiting for it.
  expect(rate.take("t", 600, T0 - 3_600_000)).toBe(0);
});

test("[SEC-44] whoever was refused is refused for a second without being read", () => {
  const rate = new EventRate(100);
  expect(rate.isPaused("t", T0)).toBe(false);
  rate.take("t", 100, T0);
  expect(rate.isPaused("t", T0)).toBe(false);
  rate.take("t", 100, T0);
  expect(rate.isPaused("t", T0 + 999)).toBe(true);
  expect(rate.isPaused("t", T0 + 1_000)).toBe(false);
  expect(rate.isPaused("t", T0 - 3_600_000)).toBe(false);
  expect(rate.isPaused("other", T0)).toBe(false);
});
