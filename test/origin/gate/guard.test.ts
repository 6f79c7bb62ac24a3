import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../scripts/lab/measure/virtual-clock.ts";
import type { GateDelta, GateReport, GateView, LeaseResult } from "../../../src/objects/gate-report.ts";
import { readReport } from "../../../src/origin/gate/gate.ts";
import { OriginGuard, OriginUnavailable } from "../../../src/origin/gate/guard.ts";
import { OriginRejected } from "../../../src/origin/store.ts";

const START = 1_800_000_000_000;

const CLOSED: GateView = { state: "closed", epoch: 1, ttl: 1_000, tellSuccess: false };
const OPEN: GateView = { state: "open", epoch: 2, ttl: 5_000, retryAfter: 5_000 };
const HALF_OPEN: GateView = { state: "half_open", epoch: 2, ttl: 1_000, retryAfter: 1_000 };
const LEASE: GateView = { ...HALF_OPEN, lease: "2.1" };

const never = new Promise<never>(() => {});

/** A guard on a virtual clock, and a gate that answers as the test says, after `wayMs`. */
function guarded(parameters: { concurrency?: number } = {}) {
  const clock = new VirtualClock(START);
  const world = {
    view: CLOSED as GateView | Error,
    wayMs: 10,
    silent: false,
    random: 0,
    reports: [] as GateReport[],
    calls: 0,
  };
  const guard = new OriginGuard({
    gate: {
      async report(report) {
        world.reports.push(structuredClone(report));
        const { view } = world;
        if (world.silent) await never;
        await clock.sleep(world.wayMs);
        if (view instanceof Error) throw view;
        return view;
      },
    },
    isolate: "i-1",
    parameters: { timeoutMs: 1_500, slowMs: 1_000, concurrency: 6, ...parameters },
    now: clock.now,
    timer: clock.timer,
    random: () => world.random,
  });
  /** A call that takes `ms` and then does what `end` says. */
  const call =
    (ms = 20, end: () => string = () => "well") =>
    async (): Promise<string> => {
      world.calls += 1;
      await clock.sleep(ms);
      return end();
    };
  const fail = (): never => {
    throw new Error("connection refused");
  };
  const reject = (): never => {
    throw new OriginRejected("no such column");
  };
  const pass = (ms: number): Promise<void> => clock.runUntil(clock.now() + ms);
  /** Runs the clock until the promise settles; at most a minute. */
  const outcome = async (promise: Promise<string>): Promise<string | OriginUnavailable | Error> => {
    const settled = promise.then(
      (value) => ({ result: value }),
      (error: Error) => ({ result: error }),
    );
    let done: { result: string | Error } | undefined;
    void settled.then((result) => {
      done = result;
    });
    for (let step = 0; step < 12_000 && !done; step += 1) await pass(5);
    if (!done) throw new Error("still waiting");
    return done.result;
  };
  const run = (
    made: (signal: AbortSignal) => Promise<string> = call(),
    options = {},
  ): Promise<string | OriginUnavailable | Error> => outcome(guard.run(made, options));
  const deltas = (): GateDelta[] => world.reports.flatMap((report) => report.deltas);
  const leases = (): LeaseResult[] => deltas().flatMap((delta) => delta.leases);
  const sum = (name: "calls" | "succeeded" | "failed" | "timedOut" | "slow"): number => {
    const known = new Map(deltas().map((delta) => [delta.flush, delta[name]]));
    return [...known.values()].reduce((total, one) => total + one, 0);
  };
  return { clock, world, guard, call, fail, reject, pass, outcome, run, deltas, leases, sum };
}

const reason = (reason: string) => expect.objectContaining({ name: "OriginUnavailable", reason });

describe("admission", () => {
  test("[GATE-16] asks the gate before the first call, and again when its view is too old", async () => {
    const { world, run, pass } = guarded();
    expect(await run()).toBe("well");
    expect(world.reports).toEqual([{ isolate: "i-1", deltas: [], starting: 1_500 }]);
    for (let call = 0; call < 10; call += 1) expect(await run()).toBe("well");
    expect(world.reports).toHaveLength(1);
    await pass(1_000);
    expect(await run()).toBe("well");
    expect(world.reports).toHaveLength(2);
    expect(world.reports[1]?.deltas).toEqual([
      expect.objectContaining({ flush: 1, epoch: 1, calls: 10, succeeded: 11, failed: 0, leases: [] }),
    ]);
  });

  test("[GATE-16] of many requests at once one asks; the others wait for its answer, or use the old view", async () => {
    const { world, guard, call, outcome, pass } = guarded();
    const first = Array.from({ length: 6 }, () => guard.run(call()));
    for (const one of first) expect(await outcome(one)).toBe("well");
    expect(world.reports).toHaveLength(1);
    await pass(2_000);
    world.wayMs = 200;
    const second = Array.from({ length: 6 }, () => guard.run(call()));
    await pass(100);
    expect(world.calls).toBe(6 + 5);
    for (const one of second) expect(await outcome(one)).toBe("well");
    expect(world.reports).toHaveLength(2);
  });

  test("[GATE-17] an open gate: no call, and no question until its pause is over", async () => {
    const { world, run, pass } = guarded();
    world.view = OPEN;
    const refused = await run();
    expect(refused).toEqual(reason("open"));
    expect((refused as OriginUnavailable).retryAfterMs).toBeGreaterThanOrEqual(4_900);
    await pass(4_500);
    for (let call = 0; call < 20; call += 1) expect(await run()).toEqual(reason("open"));
    expect([world.calls, world.reports.length]).toEqual([0, 1]);
    await pass(1_000);
    world.view = CLOSED;
    expect(await run()).toBe("well");
  });

  test.each([
    { name: "a good call", ms: 20, end: undefined, result: "ok" },
    { name: "a rejected content", ms: 20, end: "reject", result: "ok" },
    { name: "a failed call", ms: 20, end: "fail", result: "failed" },
    { name: "a slow call", ms: 1_200, end: undefined, result: "failed" },
    { name: "a call without an answer", ms: 9_000, end: undefined, result: "failed" },
  ] as const)(
    "[GATE-17] a half-open gate: one call per lease, its result told at once: $name",
    async (row) => {
      const { world, guard, run, call, fail, reject, leases, outcome } = guarded();
      world.view = LEASE;
      const ends = { fail, reject };
      const probe = guard.run(call(row.ms, row.end && ends[row.end]));
      expect(await run()).toEqual(reason("half_open"));
      await outcome(probe);
      expect(world.calls).toBe(1);
      expect(leases()).toEqual([{ id: "2.1", result: row.result }]);
      world.view = HALF_OPEN;
      // A good probe is followed by the next question at once.
      const asked = world.reports.length;
      expect(await run()).toEqual(reason("half_open"));
      expect([world.calls, world.reports.length - asked]).toEqual([1, row.result === "ok" ? 1 : 0]);
    },
  );

  test("[GATE-17] a probe that its caller gives up is told as unused", async () => {
    const { world, run, leases, clock } = guarded();
    world.view = LEASE;
    const controller = new AbortController();
    clock.timer(100, () => controller.abort(new Error("gone")));
    expect(await run(() => never, { signal: controller.signal })).toEqual(new Error("gone"));
    expect(leases()).toEqual([{ id: "2.1", result: "unused" }]);
  });

  test("[GATE-17] a lease whose answer came too late is given back, and none is asked for until the gate is quick", async () => {
    const { world, run, leases, pass } = guarded();
    world.view = LEASE;
    world.wayMs = 400;
    expect(await run()).toBe("well");
    await pass(2_000);
    world.wayMs = 10;
    expect(await run()).toEqual(reason("half_open"));
    expect(leases()).toEqual([{ id: "2.1", result: "unused" }]);
    expect(world.reports.map(({ starting }) => starting)).toEqual([1_500, undefined]);
    await pass(2_000);
    expect(await run()).toBe("well");
  });
});

describe("without the gate", () => {
  test("[GATE-14] waits 250 ms for it once a second, calls on, and throttles by what the origin accepts", async () => {
    const { world, run, call, fail, clock } = guarded();
    world.silent = true;
    expect(await run()).toBe("well");
    expect(clock.now() - START).toBeLessThanOrEqual(280);
    for (let index = 0; index < 10; index += 1) expect(await run()).toBe("well");
    expect(world.reports).toHaveLength(1);
    for (let index = 0; index < 60; index += 1) {
      world.random = (index % 10) / 10;
      await run(call(20, fail));
    }
    const before = world.calls;
    world.random = 0.5;
    for (let index = 0; index < 10; index += 1) expect(await run()).toEqual(reason("throttled"));
    expect(world.calls).toBe(before);
  });

  test("[GATE-14] a gate that fails is no failure of the call", async () => {
    const { world, run, pass } = guarded();
    world.view = new Error("overloaded");
    expect(await run()).toBe("well");
    await pass(1_200);
    world.view = OPEN;
    expect(await run()).toEqual(reason("open"));
  });

  test("[GATE-14] a request that ended while it asked holds nobody up for longer than its answer may take", async () => {
    const { world, guard, call, outcome, pass, run } = guarded();
    // Its timers are gone with it: it is a call that never goes on.
    const ended = guard.run(call());
    world.silent = true;
    void ended;
    await pass(1);
    const waiting = guard.run(call());
    world.silent = false;
    expect(await outcome(waiting)).toBe("well");
    expect(await run()).toBe("well");
  });
});

describe("a call", () => {
  test("[GATE-18] is given up at its time limit, its signal aborted, and not repeated", async () => {
    const { world, run, sum, clock } = guarded();
    let aborted = 0;
    const hanging = (signal: AbortSignal): Promise<never> => {
      world.calls += 1;
      signal.addEventListener("abort", () => {
        aborted = clock.now();
      });
      return never;
    };
    expect(await run(hanging, { timeoutMs: 400 })).toEqual(reason("timeout"));
    expect(aborted).toBe(START + 10 + 400);
    expect(world.calls).toBe(1);
    expect([sum("failed"), sum("timedOut"), sum("slow")]).toEqual([1, 1, 1]);
    expect(world.reports[0]?.starting).toBe(400);
    // Not for being quick either.
    for (let index = 0; index < 20; index += 1) await run();
    expect(await run(hanging, { timeoutMs: 100 })).toEqual(reason("timeout"));
    expect(world.calls).toBe(22);
  });

  test("[GATE-18] given up by its caller it is no failure, unless the caller's time is over", async () => {
    const { run, sum, clock, pass } = guarded();
    const gone = new AbortController();
    clock.timer(100, () => gone.abort(new Error("gone")));
    expect(await run(() => never, { signal: gone.signal })).toEqual(new Error("gone"));
    expect(await run(async () => "made", { signal: gone.signal })).toEqual(new Error("gone"));
    const late = new AbortController();
    clock.timer(100, () => late.abort(new DOMException("too late", "TimeoutError")));
    expect(await run(() => never, { signal: late.signal })).toEqual(reason("timeout"));
    await pass(1_000);
    await run();
    expect([sum("failed"), sum("timedOut")]).toEqual([1, 1]);
  });

  test("[GATE-18] a rejected content passes through, and is no failure", async () => {
    const { run, call, reject, sum, pass } = guarded();
    for (let index = 0; index < 5; index += 1) {
      expect(await run(call(20, reject))).toBeInstanceOf(OriginRejected);
    }
    await pass(1_000);
    await run();
    expect([sum("failed"), sum("succeeded")]).toEqual([0, 5]);
  });

  test("[GATE-18] a failure carries its cause", async () => {
    const { run, call, fail } = guarded();
    const failure = (await run(call(20, fail))) as OriginUnavailable;
    expect(failure).toBeInstanceOf(OriginUnavailable);
    expect(failure).toEqual(reason("failed"));
    expect(failure.cause).toEqual(new Error("connection refused"));
    expect(failure.retryAfterMs).toBeGreaterThanOrEqual(500);
  });

  test("[GATE-19] is repeated once after a quick failure, when ten calls have paid for it", async () => {
    const { world, run, call, fail, sum, pass } = guarded();
    for (let index = 0; index < 9; index += 1) await run();
    let failures = 1;
    const flaky = call(20, () => (failures-- > 0 ? fail() : "well"));
    expect(await run(flaky)).toBe("well");
    expect(world.calls).toBe(11);
    failures = 1;
    expect(await run(flaky)).toEqual(reason("failed"));
    expect(world.calls).toBe(12);
    await pass(1_000);
    await run();
    // Every attempt is a call on the origin; the two questions' own are not in the deltas.
    expect([sum("calls"), sum("failed")]).toEqual([11, 2]);
  });

  test.each([
    { name: "the gate has opened", ms: 20, view: OPEN },
    { name: "it was slow to fail", ms: 300, view: CLOSED },
    { name: "the gate is away", ms: 20, view: new Error("away") },
  ])("[GATE-19] is not repeated when $name", async ({ ms, view }) => {
    const { world, run, call, fail } = guarded();
    for (let index = 0; index < 20; index += 1) await run();
    world.view = view;
    const failing = call(ms, fail);
    if (view instanceof Error) await run(call(1_200));
    const before = world.calls;
    await run(failing);
    expect(world.calls - before).toBe(1);
  });
});

describe("places", () => {
  test("[GATE-20] six calls at once, a bounded line, and busy beyond it at once", async () => {
    const { world, guard, call, outcome, run, pass } = guarded({ concurrency: 2 });
    await run();
    const made = Array.from({ length: 23 }, () => guard.run(call(100)));
    const results = made.map((one) => one.catch((error: OriginUnavailable) => error.reason));
    await pass(0);
    expect(world.calls).toBe(1 + 2);
    expect(await results[22]).toBe("busy");
    await pass(100);
    expect(world.calls).toBe(1 + 4);
    for (const one of made.slice(0, 22)) expect(await outcome(one)).toBe("well");
  });

  test("[GATE-20] nobody waits in the line for longer than a call may take", async () => {
    const { guard, outcome, run, call, clock } = guarded({ concurrency: 1 });
    await run();
    const first = guard.run(call(1_400), { timeoutMs: 1_500 });
    const began = clock.now();
    expect(await outcome(guard.run(call(), { timeoutMs: 300 }))).toEqual(reason("busy"));
    expect(clock.now() - began).toBeLessThanOrEqual(305);
    expect(await outcome(first)).toBe("well");
  });

  test("[GATE-20] a place whose request has ended is free again after a time", async () => {
    const clock = new VirtualClock(START);
    let dead = true;
    const guard = new OriginGuard({
      gate: { report: async () => CLOSED },
      isolate: "i-1",
      parameters: { timeoutMs: 1_500, slowMs: 1_000, concurrency: 1 },
      now: clock.now,
      // The timers of a request that has ended do not fire.
      timer: (ms, fire) => (dead ? () => {} : clock.timer(ms, fire)),
      random: () => 0,
    });
    void guard.run(() => never);
    await clock.runUntil(START + 10);
    dead = false;
    const busy = guard.run(async () => "well").catch((error: OriginUnavailable) => error.reason);
    await clock.runUntil(START + 2_000);
    expect(await busy).toBe("busy");
    await clock.runUntil(START + 10_000);
    expect(await guard.run(async () => "well")).toBe("well");
  });

  test("[GATE-20] a place given to a waiting request is one place, though that request's timer goes on", async () => {
    const clock = new VirtualClock(START);
    const sleep = (ms: number) => async () => {
      await clock.sleep(ms);
      return "well";
    };
    const guard = new OriginGuard({
      gate: { report: async () => CLOSED },
      isolate: "i-1",
      parameters: { timeoutMs: 1_500, slowMs: 1_000, concurrency: 1 },
      now: clock.now,
      // Another request gives the place, and on the platform it cannot stop this one's timer.
      timer: (ms, fire) => {
        clock.timer(ms, fire);
        return () => {};
      },
      random: () => 0,
    });
    const both = [guard.run(sleep(100)), guard.run(sleep(100))];
    await clock.runUntil(START + 2_000);
    expect(await Promise.all(both)).toEqual(["well", "well"]);
    const third = guard.run(sleep(100));
    await clock.runUntil(START + 2_200);
    expect(await Promise.race([third, Promise.resolve("waits")])).toBe("well");
  });

  test("[GATE-20] never more calls at once than places, and everybody gets an answer", async () => {
    const step = fc.record({
      wait: fc.nat(400),
      ms: fc.oneof(fc.nat(50), fc.nat(2_500)),
      end: fc.constantFrom("well", "well", "fail", "reject", "throw"),
      view: fc.constantFrom<GateView | Error>(
        CLOSED,
        CLOSED,
        CLOSED,
        OPEN,
        HALF_OPEN,
        LEASE,
        new Error("away"),
      ),
      wayMs: fc.constantFrom(0, 10, 300),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, places) => {
          const { world, guard, pass, fail, reject, clock } = guarded({ concurrency: places });
          let running = 0;
          let most = 0;
          let ended = 0;
          for (const { wait, ms, end, view, wayMs } of steps) {
            Object.assign(world, { view, wayMs });
            const made = guard.run((signal): Promise<string> => {
              if (end === "throw") throw new Error("before any promise");
              running += 1;
              most = Math.max(most, running);
              signal.addEventListener("abort", () => {
                running -= 1;
              });
              return clock.sleep(ms).then(() => {
                if (!signal.aborted) running -= 1;
                return end === "fail" ? fail() : end === "reject" ? reject() : "well";
              });
            });
            made.then(
              () => (ended += 1),
              (error: unknown) => {
                expect(error instanceof OriginUnavailable || error instanceof OriginRejected).toBe(true);
                ended += 1;
              },
            );
            await pass(wait);
          }
          await pass(10_000);
          expect(ended).toBe(steps.length);
          expect(most).toBeLessThanOrEqual(places);
          // Nothing is left behind: the gate healthy, a call is made.
          Object.assign(world, { view: CLOSED, wayMs: 10 });
          await pass(40_000);
          let value = "";
          void guard
            .run(async () => "well")
            .then((given) => {
              value = given;
            });
          await pass(1_000);
          expect(value).toBe("well");
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("what the gate is told", () => {
  test("[GATE-21] a failure at once, at most ten times a second, none left out", async () => {
    const { world, guard, call, fail, sum, pass, run } = guarded();
    await run();
    const failing = Array.from({ length: 6 }, () => guard.run(call(20, fail)).catch(() => undefined));
    await pass(200);
    await Promise.all(failing);
    expect(sum("failed")).toBe(6);
    expect(world.reports.length).toBeLessThanOrEqual(3);
  });

  test("[GATE-21] successes with the next question, or at once when the gate wants them", async () => {
    const { world, run, pass, sum } = guarded();
    await run();
    await pass(900);
    expect(world.reports).toHaveLength(1);
    world.view = { ...CLOSED, tellSuccess: true };
    await pass(500);
    await run();
    expect([world.reports.length, sum("succeeded")]).toEqual([3, 2]);
    for (let index = 0; index < 10; index += 1) await run();
    expect(world.reports.length).toBeLessThanOrEqual(4);
  });

  test("[GATE-21] a report without an answer is sent again with the same number, as it was", async () => {
    const { world, run, call, fail, pass, deltas } = guarded();
    await run();
    world.silent = true;
    await run(call(20, fail));
    const lost = deltas().at(-1);
    expect(lost).toMatchObject({ flush: 1, failed: 1 });
    world.silent = false;
    await pass(2_000);
    await run();
    expect(world.reports.at(-1)?.deltas).toContainEqual(lost);
    await pass(2_000);
    await run();
    expect(world.reports.at(-1)?.deltas).not.toContainEqual(lost);
    // Too old to tell of now.
    world.silent = true;
    await run(call(20, fail));
    const old = deltas().at(-1);
    world.silent = false;
    await pass(11_000);
    await run();
    expect(world.reports.at(-1)?.deltas).not.toContainEqual(old);
  });

  test("[GATE-21] what is older than the gate's window is not told: it would count as of now, or be no report at all", async () => {
    for (const idle of [15_000, 20 * 60_000]) {
      const { world, run, pass, deltas } = guarded();
      await run();
      await run();
      await pass(idle);
      await run();
      expect(world.reports).toHaveLength(2);
      expect(world.reports.every((report) => readReport(report) !== undefined)).toBe(true);
      expect(deltas()).toEqual([]);
    }
  });

  test("[GATE-5] calls begun in another epoch are not told", async () => {
    const { world, guard, run, call, outcome, sum, pass, fail } = guarded();
    await run();
    const long = guard.run(call(1_400, fail));
    world.view = { ...CLOSED, epoch: 3 };
    await pass(1_100);
    await run();
    expect(await outcome(long)).toEqual(reason("failed"));
    await pass(1_000);
    await run();
    expect(sum("failed")).toBe(0);
  });

  test("[GATE-21] an older epoch's answer that was overtaken does not count", async () => {
    const { world, guard, call, fail, pass, run } = guarded();
    await run();
    await pass(200);
    world.wayMs = 200;
    const failing = guard.run(call(20, fail)).catch(() => undefined);
    await pass(50);
    expect(world.reports).toHaveLength(2);
    world.wayMs = 10;
    world.view = OPEN;
    const other = guard.run(call(20, fail)).catch(() => undefined);
    await pass(1_000);
    expect(world.reports).toHaveLength(3);
    await Promise.all([failing, other]);
    expect(await run()).toEqual(reason("open"));
  });
});
