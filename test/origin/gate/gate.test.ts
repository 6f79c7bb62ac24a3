import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Scenario, simulate } from "../../../scripts/lab/gate/simulate.ts";
import type { GateDelta, GateReport, GateView } from "../../../src/objects/gate-report.ts";
import { Gate, type GateParameters, readReport } from "../../../src/origin/gate/gate.ts";
import { SlidingCounts } from "../../../src/origin/gate/sliding.ts";
import { Throttle } from "../../../src/origin/gate/throttle.ts";

const PARAMETERS: GateParameters = {
  minCalls: 20,
  failedShare: 0.5,
  slowShare: 0.8,
  openMs: 5_000,
  openMaxMs: 8_000,
  probesPerSecond: 3,
};

const START = 1_800_000_000_000;

/** A gate with a clock, and isolates that report to it. */
function gated(parameters: Partial<GateParameters> = {}) {
  const all = { ...PARAMETERS, ...parameters };
  const world = { now: START, random: 0.5, gate: new Gate(all, START), flush: 0 };
  const delta = (more: Partial<GateDelta> = {}): GateDelta => {
    world.flush += 1;
    const nothing = { calls: 0, succeeded: 0, failed: 0, timedOut: 0, slow: 0, leases: [] };
    return { flush: world.flush, epoch: epoch(), ...nothing, ...more };
  };
  const send = (report: Partial<GateReport>): GateView =>
    world.gate.report({ isolate: "i-1", deltas: [], ...report }, world.now, world.random);
  const epoch = (): number => world.gate.saved.epoch;
  const tell = (more: Partial<GateDelta>): GateView => send({ deltas: [delta(more)] });
  const ask = (timeoutMs = 1_500): GateView => send({ starting: timeoutMs });
  const state = (): string => world.gate.status(world.now, world.random).state;
  const result = (lease: string, what: "ok" | "failed" | "unused"): GateView =>
    tell({ leases: [{ id: lease, result: what }] });
  /** Lets a second pass, then enough failures for an opening. */
  const open = (): void => {
    world.now += 1_000;
    tell({ calls: 20, failed: 20 });
    expect(state()).toBe("open");
  };
  const halfOpen = (): void => {
    open();
    world.now += 5_000;
    expect(state()).toBe("half_open");
  };
  const lease = (): string => {
    const view = ask();
    if (view.state !== "half_open" || !view.lease) throw new Error("no lease");
    return view.lease;
  };
  const restart = (): void => {
    world.gate = new Gate(all, world.now, JSON.parse(JSON.stringify(world.gate.saved)));
  };
  return { world, delta, send, tell, ask, state, result, open, halfOpen, lease, restart, epoch };
}

describe("a closed gate", () => {
  test.each([
    { name: "19 failed of 19 calls", counts: { calls: 19, failed: 7 }, opens: false },
    { name: "9 failed of 20 calls", counts: { calls: 20, failed: 9, succeeded: 11 }, opens: false },
    { name: "10 failed of 20 calls", counts: { calls: 20, failed: 10, succeeded: 10 }, opens: true },
    { name: "15 slow of 20 calls", counts: { calls: 20, slow: 15, succeeded: 20 }, opens: false },
    { name: "16 slow of 20 calls", counts: { calls: 20, slow: 16, succeeded: 20 }, opens: true },
  ])("[GATE-1] $name: opens $opens", ({ counts, opens }) => {
    const { world, tell, state } = gated();
    world.now += 1_000;
    tell(counts);
    expect(state()).toBe(opens ? "open" : "closed");
  });

  test("[GATE-1] the window is ten seconds: what is older does not count", () => {
    const { world, tell, state } = gated();
    tell({ calls: 15, failed: 6, succeeded: 9, succeededAgo: 0 });
    world.now += 10_000;
    tell({ calls: 15, failed: 7, succeeded: 8, succeededAgo: 0 });
    expect(world.gate.status(world.now, 0).window).toEqual({ calls: 15, failed: 7, slow: 0 });
    expect(state()).toBe("closed");
  });

  test("[GATE-1] calls count when they begin, because their success may never be told", () => {
    const { world, ask, tell, state } = gated();
    for (let call = 0; call < 100; call += 1) ask();
    world.now += 1_000;
    tell({ failed: 30 });
    expect(state()).toBe("closed");
    tell({ failed: 20 });
    expect(state()).toBe("open");
  });

  test("[GATE-1] a window younger than a second is not judged", () => {
    const { world, tell, state } = gated();
    world.now += 999;
    tell({ calls: 20, failed: 20 });
    expect(state()).toBe("closed");
    world.now += 1;
    tell({});
    expect(state()).toBe("open");
  });

  /** Calls twice a second that succeed for 10 s, then fail. Resolves to ms from there to the opening. */
  function opensAfter(failure: Partial<GateDelta>, answerMs: number, everyMs = 500): number {
    const { world, ask, tell, state } = gated();
    for (let call = 0; call < 20; call += 1) {
      world.now += 500;
      ask();
      tell({ succeeded: 1, succeededAgo: 0 });
    }
    const frozen = world.now;
    for (let at = everyMs; at < 20_000; at += everyMs) {
      world.now = frozen + at;
      if (at > answerMs) tell(failure);
      if (state() === "open") return world.now - frozen;
      ask();
    }
    return Number.POSITIVE_INFINITY;
  }

  test.each([
    {
      name: "timeouts at 2 calls/s",
      failure: { failed: 1, timedOut: 1, slow: 1 },
      answerMs: 1_500,
      every: 500,
    },
    { name: "quick failures at 2 calls/s", failure: { failed: 1 }, answerMs: 0, every: 500 },
    {
      name: "timeouts of one caller",
      failure: { failed: 1, timedOut: 1, slow: 1 },
      answerMs: 0,
      every: 1_600,
    },
  ])("[GATE-2] opens within 5 s of silence although successes fill the window: $name", (row) => {
    const after = opensAfter(row.failure, row.answerMs, row.every);
    expect(after).toBeGreaterThanOrEqual(3_000);
    expect(after).toBeLessThanOrEqual(5_000);
  });

  test("[GATE-2] a success, told late with its age, ends a silence from its time on", () => {
    const { world, ask, tell, state } = gated({ minCalls: 1_000 });
    for (let call = 0; call < 4; call += 1) {
      ask();
      world.now += 1_000;
      tell({ failed: 1, timedOut: 1, slow: 1, ...(call === 2 ? { succeeded: 1, succeededAgo: 900 } : {}) });
    }
    expect(state()).toBe("closed");
    // 3.4 s after the success, 2.5 s after it was told.
    world.now += 1_500;
    tell({ failed: 2, timedOut: 2, slow: 2 });
    expect(state()).toBe("open");
  });

  test("[GATE-2] failures without a success known are no silence when most calls begun did not fail", () => {
    const { world, ask, tell, state } = gated();
    for (let call = 0; call < 100; call += 1) {
      world.now += 100;
      ask();
      if (call % 3 === 0) tell({ failed: 1 });
    }
    expect(state()).toBe("closed");
  });

  test("[GATE-3] asks for each success while it has little to do, and for less when it has much", () => {
    const { world, ask } = gated();
    expect(ask()).toMatchObject({ state: "closed", ttl: 1_000, tellSuccess: true });
    for (let call = 0; call < 999; call += 1) ask();
    world.now += 1_000;
    expect(ask()).toMatchObject({ ttl: 2_000, tellSuccess: false });
    for (let call = 0; call < 9_000; call += 1) ask();
    world.now += 1_000;
    expect(ask()).toMatchObject({ ttl: 5_000 });
  });
});

describe("an open gate", () => {
  test("[GATE-4] pauses twice as long with each opening in a row, up to a cap, with 25 % of jitter", () => {
    for (const random of [0, 0.5, 0.999]) {
      const { world, ask, open, state, result, lease } = gated({ openMs: 1_000, openMaxMs: 5_000 });
      world.random = random;
      open();
      for (const pause of [1_000, 2_000, 4_000, 5_000, 5_000]) {
        const view = ask();
        const expected = pause * (0.75 + random / 2);
        expect(view).toMatchObject({ state: "open", ttl: expected, retryAfter: expected });
        world.now += expected - 1;
        expect(state()).toBe("open");
        world.now += 1;
        expect(state()).toBe("half_open");
        // So that the probe's bound is no matter here.
        world.now += 1_000;
        result(lease(), "failed");
      }
    }
  });

  test("[GATE-5] late results of calls from before do not close it, nor open it anew", () => {
    const { world, delta, send, tell, state, open } = gated();
    const old = delta({ calls: 50, succeeded: 50, succeededAgo: 0, leases: [{ id: "1.1.1", result: "ok" }] });
    const failed = delta({ calls: 50, failed: 50, leases: [{ id: "1.1.1", result: "failed" }] });
    open();
    const { since } = world.gate.status(world.now, 0);
    send({ deltas: [old] });
    send({ deltas: [failed] });
    expect(world.gate.status(world.now, 0)).toMatchObject({ state: "open", since, window: { calls: 20 } });
    world.now += 5_000;
    send({ deltas: [{ ...failed, flush: 99 }] });
    tell({ calls: 50, failed: 50 });
    expect(state()).toBe("half_open");
  });

  test("[GATE-5] failures of the outage, told after the closing, do not open it again", () => {
    const { world, delta, send, state, halfOpen, lease, result } = gated();
    const failed = delta({ calls: 50, failed: 50 });
    halfOpen();
    for (let probe = 0; probe < 3; probe += 1) result(lease(), "ok");
    expect(state()).toBe("closed");
    world.now += 2_000;
    send({ deltas: [failed] });
    expect(world.gate.status(world.now, 0)).toMatchObject({
      state: "closed",
      window: { calls: 0, failed: 0 },
    });
  });

  test("[GATE-6] is still open after a restart, for the rest of its pause, and doubles the next", () => {
    const { world, ask, state, open, restart, lease, result } = gated();
    open();
    world.now += 4_000;
    restart();
    expect(ask()).toMatchObject({ state: "open", retryAfter: 1_000 });
    world.now += 1_000;
    expect(state()).toBe("half_open");
    restart();
    expect(state()).toBe("half_open");
    expect(ask()).not.toHaveProperty("lease");
    world.now += 1_000;
    result(lease(), "failed");
    expect(ask()).toMatchObject({ state: "open", retryAfter: 8_000 });
  });

  test("[GATE-6] a closed gate is closed after a restart, its epoch kept", () => {
    const { state, halfOpen, lease, result, restart, epoch } = gated();
    halfOpen();
    for (let probe = 0; probe < 3; probe += 1) result(lease(), "ok");
    restart();
    expect([state(), epoch()]).toEqual(["closed", 3]);
  });

  test("[GATE-6] a clock set back by an hour does not keep it open", () => {
    const { world, state, open } = gated();
    open();
    world.now -= 3_600_000;
    expect(state()).toBe("half_open");
  });
});

describe("a half-open gate", () => {
  test("[GATE-7] gives leases, and closes with an empty window after three good ones", () => {
    const { world, ask, state, halfOpen, lease, result } = gated();
    halfOpen();
    const leases = [lease(), lease(), lease()];
    expect(new Set(leases).size).toBe(3);
    expect(ask()).toEqual({ state: "half_open", epoch: 2, ttl: 1_000, retryAfter: 1_000 });
    result(leases[0] ?? "", "ok");
    result(leases[0] ?? "", "ok");
    result(leases[1] ?? "", "ok");
    expect(state()).toBe("half_open");
    expect(result(leases[2] ?? "", "ok")).toMatchObject({ state: "closed", epoch: 3 });
    expect(world.gate.status(world.now, 0)).toEqual({
      state: "closed",
      since: world.now,
      window: { calls: 0, failed: 0, slow: 0 },
      openings: 1,
    });
  });

  test("[ADV-8] openings after it was closed are told for ten minutes, over a restart too", () => {
    const parameters = {
      minCalls: 20,
      failedShare: 0.5,
      slowShare: 0.8,
      openMs: 1_000,
      openMaxMs: 1_000,
      probesPerSecond: 3,
    };
    let gate = new Gate(parameters, 0);
    let now = 0;
    const failing = { calls: 40, succeeded: 0, failed: 40, timedOut: 0, slow: 0, leases: [] };
    for (let flush = 1; flush <= 3; flush += 1) {
      now += 60_000;
      const { epoch } = gate.saved;
      expect(
        gate.report({ isolate: "i", deltas: [{ ...failing, flush: flush * 10, epoch }] }, now, 0.5).state,
      ).toBe("open");
      expect(gate.status(now, 0.5).openings).toBe(flush);
      now += 5_000;
      const leases = Array.from({ length: 3 }, (_, probe) =>
        gate.report({ isolate: `p${probe}`, deltas: [], starting: 100 }, now, 0.5),
      );
      for (const [probe, view] of leases.entries()) {
        const id = (view.state === "half_open" && view.lease) || "";
        const delta = {
          ...failing,
          calls: 0,
          failed: 0,
          flush: flush * 10 + probe + 1,
          epoch: view.epoch,
          leases: [{ id, result: "ok" as const }],
        };
        gate.report({ isolate: "i", deltas: [delta] }, now, 0.5);
      }
      expect(gate.status(now, 0.5).state).toBe("closed");
      gate = new Gate(parameters, now, JSON.parse(JSON.stringify(gate.saved)));
      now += 5_000;
    }
    expect(gate.status(now, 0.5).openings).toBe(3);
    expect(gate.status(now + 600_000, 0.5).openings).toBe(0);
  });

  test("[GATE-7] a report that has no call to begin gets no lease", () => {
    const { tell, halfOpen } = gated();
    halfOpen();
    expect(tell({})).not.toHaveProperty("lease");
  });

  test("[GATE-7] one failed probe opens it; the results of the others are late then", () => {
    const { state, ask, halfOpen, lease, result } = gated();
    halfOpen();
    const leases = [lease(), lease(), lease()];
    expect(result(leases[0] ?? "", "failed")).toMatchObject({ state: "open", retryAfter: 8_000 });
    for (const late of leases) result(late, "ok");
    for (const late of leases) result(late, "failed");
    expect(state()).toBe("open");
    expect(ask()).toMatchObject({ retryAfter: 8_000 });
  });

  test("[GATE-8] a lease expires a second after its call's time limit: a failure, from that moment on", () => {
    const { world, ask, state, halfOpen, lease } = gated();
    halfOpen();
    lease();
    world.now += 2_499;
    expect(state()).toBe("half_open");
    world.now += 1;
    expect(ask()).toMatchObject({ state: "open", retryAfter: 8_000 });
    world.now += 8_000;
    lease();
    // Nobody looks for an hour: the pause is long over.
    world.now += 3_600_000;
    expect(state()).toBe("half_open");
  });

  test("[GATE-8] an unused lease says nothing", () => {
    const { world, state, halfOpen, lease, result } = gated();
    halfOpen();
    result(lease(), "unused");
    world.now += 60_000;
    expect(state()).toBe("half_open");
  });

  test("[GATE-9] less than one probe a second", () => {
    const { world, ask, halfOpen } = gated({ probesPerSecond: 0.1 });
    halfOpen();
    expect(ask()).toHaveProperty("lease");
    const before = world.now;
    let second: GateView;
    do {
      world.now += 100;
      second = ask();
    } while (second.state !== "half_open" || !second.lease);
    expect(world.now - before).toBeGreaterThanOrEqual(10_000);
  });
});

describe("reports", () => {
  test("[GATE-10] a delta that arrives again changes nothing, in whatever order they come", () => {
    const { world, delta, send } = gated();
    const deltas = [1, 2, 3, 4].map((calls) => delta({ calls }));
    for (const index of [3, 0, 0, 2, 3, 1, 2]) send({ deltas: [deltas[index] as GateDelta] });
    expect(world.gate.status(world.now, 0).window.calls).toBe(10);
    // The same number of another isolate is another delta.
    send({ isolate: "i-2", deltas });
    send({ isolate: "i-2", deltas });
    expect(world.gate.status(world.now, 0).window.calls).toBe(20);
  });

  test("[GATE-10] remembers a bounded number of isolates, those that reported last", () => {
    const { world, delta, send } = gated();
    const first = delta({ calls: 1 });
    send({ isolate: "first", deltas: [first] });
    for (let isolate = 0; isolate < 9_999; isolate += 1) send({ isolate: `i-${isolate}`, deltas: [delta()] });
    send({ isolate: "first", deltas: [first] });
    expect(world.gate.status(world.now, 0).window.calls).toBe(1);
    send({ isolate: "one more", deltas: [delta()] });
    send({ isolate: "first", deltas: [first] });
    expect(world.gate.status(world.now, 0).window.calls).toBe(2);
  });

  const good = { isolate: "i", deltas: [], starting: 1_500 };
  const count = { flush: 1, epoch: 1, calls: 1, succeeded: 0, failed: 0, timedOut: 0, slow: 0, leases: [] };
  test.each([
    undefined,
    null,
    7,
    "report",
    [],
    {},
    { ...good, isolate: "" },
    { ...good, isolate: "i".repeat(65) },
    { ...good, starting: -1 },
    { ...good, starting: Number.NaN },
    { ...good, starting: "soon" },
    { ...good, deltas: {} },
    { ...good, deltas: [null] },
    { ...good, deltas: Array.from({ length: 9 }, () => count) },
    { ...good, deltas: [{ ...count, calls: -1 }] },
    { ...good, deltas: [{ ...count, calls: 1e9 }] },
    { ...good, deltas: [{ ...count, failed: Number.POSITIVE_INFINITY }] },
    { ...good, deltas: [{ ...count, slow: "1" }] },
    { ...good, deltas: [{ ...count, succeededAgo: null }] },
    { ...good, deltas: [{ ...count, flush: 0.5 }] },
    { ...good, deltas: [{ ...count, epoch: undefined }] },
    { ...good, deltas: [{ ...count, leases: undefined }] },
    { ...good, deltas: [{ ...count, leases: [{ id: "1", result: "maybe" }] }] },
    { ...good, deltas: [{ ...count, leases: [{ id: 1, result: "ok" }] }] },
  ])("[GATE-11] is not a report: %j", (value) => {
    expect(readReport(value)).toBeUndefined();
  });

  test("[GATE-11] a report survives the wire", () => {
    const report = { ...good, deltas: [{ ...count, succeededAgo: 3, leases: [{ id: "1", result: "ok" }] }] };
    expect(readReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });
});

describe("whatever happens", () => {
  const step = fc.record({
    wait: fc.oneof(fc.nat(300), fc.nat(3_000), fc.constantFrom(0, 0, 999, 1_000, 20_000)),
    do: fc.constantFrom("ask", "ask", "ask", "ok", "failed", "unused", "old", "again", "calls", "restart"),
    pick: fc.nat(9),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  });

  test("[GATE-9] leases stay within their rate, calls begin with a lease or through a closed gate only, and the gate never hangs", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 5 }), (steps, rate) => {
        const { world, delta, send, tell, ask, state, result, open, restart } = gated({
          probesPerSecond: rate,
        });
        open();
        const granted: number[] = [];
        let leases: { id: string; expires: number }[] = [];
        const sent: GateDelta[] = [];
        for (const { wait, do: what, pick, random } of steps) {
          world.now += wait;
          world.random = random;
          const before = state();
          const expired = leases.some(({ expires }) => expires <= world.now);
          // An expired lease has ended the half-open time in which it was given.
          if (expired) leases = [];
          const lease = leases[pick % Math.max(1, leases.length)];
          if (what === "ask") {
            const view = ask();
            expect(view.state).toBe(before);
            if (view.state === "half_open" && view.lease) {
              granted.push(world.now);
              leases.push({ id: view.lease, expires: world.now + 2_500 });
            }
          } else if (what === "ok" || what === "failed" || what === "unused") {
            if (!lease) continue;
            leases = leases.filter((other) => other !== lease);
            const view = result(lease.id, what);
            if (what === "failed") expect(view.state).toBe("open");
          } else if (what === "calls") {
            const made = delta({ calls: pick, failed: pick });
            sent.push(made);
            send({ deltas: [made] });
          } else if (what === "restart") {
            // What it had counted is forgotten with the numbers of the flushes.
            restart();
            leases = [];
            sent.length = 0;
          } else {
            const saved = JSON.stringify([world.gate.saved, world.gate.status(world.now, random)]);
            const made = sent[pick % Math.max(1, sent.length)];
            if (what === "again" && made && sent.indexOf(made) >= sent.length - 8) send({ deltas: [made] });
            if (what === "old")
              tell({ epoch: 0, calls: 50, failed: 50, leases: [{ id: "0.0", result: "failed" }] });
            if (before !== "closed") {
              expect(JSON.stringify([world.gate.saved, world.gate.status(world.now, random)])).toBe(saved);
            }
          }
          if (state() !== "half_open") leases = [];
        }
        for (const from of granted) {
          const within = granted.filter((at) => at >= from && at < from + 1_000);
          expect(within.length).toBeLessThanOrEqual(rate);
        }
        // However it stands: with a healthy origin it is closed again soon.
        const healed = world.now;
        while (state() !== "closed") {
          world.now += 250;
          const view = ask();
          if (view.state === "half_open" && view.lease) result(view.lease, "ok");
          // An old lease expires first, then a pause of 10 s, then three probes at one a second.
          expect(world.now - healed).toBeLessThan(2_500 + 10_000 + 4_000);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("[GATE-8] an expired lease opens the gate again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60_000 }), fc.nat(60_000), (timeoutMs, wait) => {
        const { world, ask, state, halfOpen } = gated();
        halfOpen();
        expect(ask(timeoutMs)).toHaveProperty("lease");
        const expires = Math.min(timeoutMs, 30_000) + 1_000;
        world.now += wait;
        const opened = wait >= expires && wait < expires + 8_000;
        expect(state()).toBe(opened ? "open" : "half_open");
      }),
    );
  });

  test("[GATE-6] any clock jumps leave a gate that closes with a healthy origin", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -7_200_000, max: 7_200_000 }), { maxLength: 20 }), (jumps) => {
        const { world, ask, state, tell, result, open } = gated();
        open();
        for (const jump of jumps) {
          world.now += jump;
          ask();
          tell({ calls: 20, failed: 20 });
        }
        const healed = world.now;
        while (state() !== "closed") {
          world.now += 500;
          const view = ask();
          if (view.state === "half_open" && view.lease) result(view.lease, "ok");
          expect(world.now - healed).toBeLessThan(40_000);
        }
      }),
    );
  });
});

describe("the crowd, simulated", { timeout: 180_000 }, () => {
  const crowd = { isolates: 2_500, callsPerSecond: 500, seconds: 40, breaker: "gate" } as const;

  test("[GATE-12] at most 5 % of the calls reach a dead origin, when a breaker in each isolate lets all through", async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const dead: Scenario = { ...crowd, seed, origin: () => "hangs" };
    const shared = await simulate({ ...dead, seconds: 90 });
    expect(shared.reached / shared.offered, `seed ${seed}`).toBeLessThan(0.05);
    const each = await simulate({ ...dead, seconds: 20, breaker: "isolate" });
    expect(each.reached, `seed ${seed}`).toBe(each.offered);
  });

  test("[GATE-13] at most 1 % of the calls are refused by an origin that fails 30 % of them", async () => {
    const seed = Math.floor(Math.random() * 1e6);
    for (const isolates of [20, 2_500]) {
      const random = await simulate({
        ...crowd,
        seed,
        isolates,
        origin: (_, draw) => (draw() < 0.3 ? "fails" : "answers"),
      });
      expect(random.refused / random.offered, `seed ${seed}`).toBeLessThan(0.01);
      expect(random.reached / random.offered, `seed ${seed}`).toBeLessThan(1.1);
    }
  });

  test.each([
    { name: "3 calls/s of one isolate", isolates: 1, callsPerSecond: 3 },
    { name: "one call after the other", isolates: 1, callsPerSecond: 20, inTurn: true },
    { name: "5 calls/s, each of another isolate", isolates: 5_000, callsPerSecond: 5 },
  ])("[GATE-2] a freeze is noticed within seconds: $name", async ({ name: _, ...traffic }) => {
    const seed = Math.floor(Math.random() * 1e6);
    const { changes } = await simulate({
      ...crowd,
      ...traffic,
      seed,
      seconds: 45,
      origin: (at) => (at < 30_000 ? "answers" : "hangs"),
    });
    const opened = changes.find(({ state }) => state === "open");
    expect(opened?.at ?? 0, `seed ${seed}`).toBeGreaterThan(30_000);
    // 5 s and what the arrivals' chance adds: none for seconds, at 3 calls/s.
    expect((opened?.at ?? Number.POSITIVE_INFINITY) - 30_000, `seed ${seed}`).toBeLessThan(8_000);
  });

  test.each([
    { name: "10 calls/s of one isolate", isolates: 1, callsPerSecond: 10 },
    { name: "one call after the other", isolates: 1, callsPerSecond: 20, inTurn: true },
    { name: "the crowd", isolates: 500, callsPerSecond: 100 },
  ])(
    "[GATE-23] is closed again within 15 s of the origin's healing: $name",
    async ({ name: _, ...traffic }) => {
      const seed = Math.floor(Math.random() * 1e6);
      for (let run = 0; run < 5; run += 1) {
        // At any place of a pause or a probe.
        const heals = 30_000 + run * 1_900;
        const { changes } = await simulate({
          ...crowd,
          ...traffic,
          seed: seed + run,
          origin: (at) => (at < 10_000 || at >= heals ? "answers" : "hangs"),
          seconds: 60,
        });
        const last = changes.at(-1);
        expect(last?.state, `seed ${seed + run}`).toBe("closed");
        expect((last?.at ?? 0) - heals, `seed ${seed + run}`).toBeLessThanOrEqual(15_000);
      }
    },
  );

  test("[GATE-14] with the gate away each isolate throttles itself, and calls on when the origin answers", async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const away = { ...crowd, seed, isolates: 20, callsPerSecond: 200, gateReachable: () => false };
    const dead = await simulate({ ...away, origin: () => "hangs" });
    expect(dead.reached / dead.offered, `seed ${seed}`).toBeLessThan(0.1);
    const healthy = await simulate({ ...away, origin: () => "answers" });
    expect(healthy.refused, `seed ${seed}`).toBe(0);
  });
});

describe("the throttle", () => {
  test("[GATE-14] turns away by requests and accepted ones of the last 30 s", () => {
    const throttle = new Throttle();
    expect(throttle.share(START)).toBe(0);
    for (let call = 0; call < 10; call += 1) throttle.request(START, call % 2 ? "failed" : "refused");
    expect(throttle.share(START)).toBeCloseTo(10 / 11);
    for (let call = 0; call < 9; call += 1) throttle.request(START, "accepted");
    expect(throttle.share(START)).toBeCloseTo(1 / 20);
    throttle.request(START, "accepted");
    expect(throttle.share(START)).toBe(0);
    throttle.request(START + 29_000, "failed");
    expect(throttle.share(START + 29_000)).toBeCloseTo(1 / 22);
    expect(throttle.share(START + 30_000)).toBeCloseTo(1 / 2);
    expect(throttle.share(START - 3_600_000)).toBe(0);
  });

  test("[GATE-14] sliding counts are those of a naive count", () => {
    const entry = fc.tuple(fc.nat(4_000), fc.nat(5));
    fc.assert(
      fc.property(fc.array(entry), fc.integer({ min: 1, max: 12 }), (entries, length) => {
        const counts = new SlidingCounts(length, ["n"]);
        const all: { second: number; n: number }[] = [];
        let now = START;
        for (const [wait, n] of entries) {
          now += wait;
          counts.add(now, { n });
          all.push({ second: Math.floor(now / 1_000), n });
          const from = Math.floor(now / 1_000) - length;
          const expected = all.filter(({ second }) => second > from).reduce((sum, one) => sum + one.n, 0);
          expect(counts.sum(now).n).toBe(expected);
        }
      }),
    );
  });
});
