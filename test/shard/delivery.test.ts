/** When facts leave a shard, on a clock that is moved by hand. */
import { describe, expect, test, vi } from "vitest";
import { Delivery, type DeliveryDeps } from "../../src/shard/delivery.ts";

/** A delivery whose queue is away, and the waits that it asked for, ms. */
function failing() {
  const waits: number[] = [];
  const ready: (() => void)[] = [];
  const unused = {} as never;
  const deps: DeliveryDeps = {
    log: unused,
    shipper: { turn: () => Promise.reject(new Error("the queue is away")) } as never,
    isHeld: () => false,
    webhooks: { behind: false, concerns: () => false, turn: () => Promise.resolve(undefined) },
    reporter: { turn: () => Promise.reject(new Error("the standings are away")) } as never,
    alarm: unused,
    clock: {
      now: () => 0,
      after: (ms) =>
        new Promise((resolve) => {
          waits.push(ms);
          ready.push(resolve);
        }),
    },
    meter: { failed: () => undefined } as never,
    shipDelay: 500,
    reportDelay: 200,
    webhookDelay: 300,
    shipping: () => undefined,
    nextByTime: () => undefined,
  };
  /** Ends the wait that is under way, and lets what follows happen. */
  const next = async (): Promise<void> => {
    ready.shift()?.();
    await new Promise((done) => setImmediate(done));
  };
  return { delivery: new Delivery(deps), waits, next };
}

describe("a delivery that fails", () => {
  test.each(["ship", "report"] as const)(
    "[SHIP-20] %s: is repeated later each time, half a minute apart at most",
    async (what) => {
      vi.spyOn(console, "warn").mockReturnValue();
      const { delivery, waits, next } = failing();
      // At once, as verification asks for it and a turn that was not finished.
      delivery[what](0);
      for (let round = 0; round < 20; round += 1) await next();
      expect(waits[0]).toBe(0);
      for (const [index, wait] of waits.slice(1, 5).entries())
        expect(wait).toBeGreaterThan(20 * 1.5 ** index);
      for (const wait of waits) expect(wait).toBeLessThanOrEqual(30_000 * 1.25);
      expect(waits.at(-1)).toBeGreaterThan(30_000 * 0.75 - 1);
      vi.restoreAllMocks();
    },
  );
});
