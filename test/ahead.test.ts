/** Times that a clock told which was ahead, once it is right again. */
import { expect, test } from "vitest";
import { isAhead, isYoung } from "../src/ahead.ts";
import { systemClock, watched } from "../src/clock.ts";
import { WaitingLine } from "../src/origin/gate/waiting-line.ts";
import { FrameBucket } from "../src/sockets/socket.ts";

const HOUR = 3_600_000;

test("[SEC-37] clocks may differ by ten seconds; what is further ahead is of no age", () => {
  expect([isAhead(10_000, 0), isAhead(10_001, 0)]).toEqual([false, true]);
  expect([isYoung(0, 999, 1_000), isYoung(0, 1_000, 1_000)]).toEqual([true, false]);
  expect([isYoung(9_000, 0, 1_000), isYoung(HOUR, 0, 1_000)]).toEqual([true, false]);
});

test("[SEC-37] a watched clock tells once that it went back, and not of seconds", () => {
  let now = 1_000_000;
  const told: number[] = [];
  const clock = watched({ ...systemClock, now: () => now }, (by) => told.push(by));
  for (const at of [0, 5_000, -4_000, HOUR, 0, 1, -9_000]) {
    now = 1_000_000 + at;
    expect(clock.now()).toBe(now);
  }
  expect(told).toEqual([HOUR]);
});

test("[SEC-37] a bucket of frames emptied an hour ahead fills again at once", () => {
  const bucket = new FrameBucket({ burst: 10, perSecond: 5 }, 0);
  for (let frame = 0; frame < 10; frame += 1) bucket.take(HOUR);
  expect(bucket.take(HOUR)).toBeLessThan(0);
  expect(bucket.left(1_000)).toBeLessThan(0);
  expect(bucket.left(3_000)).toBeCloseTo(9);
});

test("[SEC-37] a place held by a request that died an hour ahead comes free", async () => {
  let now = HOUR;
  const line = new WaitingLine(1, { now: () => now, timer: () => () => undefined });
  await line.enter(1_000, 5_000);
  now = 0;
  expect(await line.enter(1_000, 5_000)).toBeDefined();
});
