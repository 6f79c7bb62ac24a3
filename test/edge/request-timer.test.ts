import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RequestTimer } from "../../src/edge/request-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("one timer of a request for all that it waits for", () => {
  test("[SEC-82] each is late when its own time is over, and not if it came before", () => {
    const timer = new RequestTimer();
    const late: string[] = [];
    const body = timer.arm(30_000, () => late.push("body"));
    vi.advanceTimersByTime(1_500);
    body.cancel();
    timer.arm(2_000, () => late.push("others"));
    vi.advanceTimersByTime(1_999);
    expect(late).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(late).toEqual(["others"]);
    timer.arm(30_000, () => late.push("again"));
    vi.advanceTimersByTime(29_999);
    expect(late).toEqual(["others"]);
    vi.advanceTimersByTime(1);
    expect(late).toEqual(["others", "again"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("[SEC-82] is set once for two that come in time, and gone at the end", () => {
    const set = vi.spyOn(globalThis, "setTimeout");
    const timer = new RequestTimer();
    const never = (): void => expect.unreachable();
    timer.arm(30_000, never).cancel();
    timer.arm(2_000, never).cancel();
    timer.end();
    expect(set).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
  });

  test("[SEC-82] a clock that is set back does not make the wait much longer", () => {
    const timer = new RequestTimer();
    let late = false;
    timer.arm(5_000, () => {
      late = true;
    });
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(7_000);
    expect(late).toBe(true);
  });
});
