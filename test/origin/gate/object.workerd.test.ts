import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { gateOf } from "../../../src/objects/gate.ts";
import type { GateDelta, GateReport, GateView } from "../../../src/objects/gate-report.ts";
import { OriginGate } from "../../../src/origin/gate/object.ts";
import { guardedOrigin, guardOf, OriginUnavailable } from "../../../src/origin/guarded.ts";
import type { OriginStore } from "../../../src/origin/store.ts";
import type { FactMessage } from "../../../src/protocol.ts";

const stub = () => env.GATE.get(env.GATE.idFromName("origin"));
const gate = gateOf(env);

/** The object's time, set apart from the platform's. It only goes on, over all tests. */
let clock = Date.now();

let flush = 0;
function report(epoch: number, more: Partial<GateDelta> = {}, starting?: number): GateReport {
  flush += 1;
  const nothing = { calls: 0, succeeded: 0, failed: 0, timedOut: 0, slow: 0, leases: [] };
  const delta: GateDelta = { flush, epoch, ...nothing, ...more };
  return { isolate: "i-1", deltas: [delta], ...(starting === undefined ? {} : { starting }) };
}

const ask = (isolate = "i-1"): Promise<GateView> => gate.report({ isolate, deltas: [], starting: 1_500 });

const written = (): Promise<unknown> => runInDurableObject(stub(), (_, state) => state.storage.get("data"));

/** Lets pauses end and probes succeed until the gate is closed; resolves to its epoch. */
async function close(): Promise<number> {
  for (let step = 0; step < 20; step += 1) {
    const view = await ask();
    if (view.state === "closed") return view.epoch;
    if (view.state === "half_open" && view.lease) {
      await gate.report(report(view.epoch, { leases: [{ id: view.lease, result: "ok" }] }));
    } else clock += view.retryAfter;
  }
  throw new Error("the gate does not close");
}

async function open(): Promise<GateView & { state: "open" }> {
  const epoch = await close();
  clock += 1_000;
  const view = await gate.report(report(epoch, { calls: 100, failed: 100 }));
  if (view.state !== "open") throw new Error("the gate does not open");
  return view;
}

beforeEach(() => {
  vi.spyOn(OriginGate.prototype, "now").mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

describe("the gate's object", () => {
  test("[GATE-15] answers over its typed face", async () => {
    expect(await ask()).toEqual({ state: "closed", epoch: 1, ttl: 1_000, tellSuccess: true });
    expect(await gate.status()).toEqual({
      state: "closed",
      since: clock,
      window: { calls: 1, failed: 0, slow: 0 },
      openings: 0,
    });
  });

  test("[GATE-15] what no opening or closing changes is not written", async () => {
    for (let call = 0; call < 5; call += 1) await ask();
    await gate.status();
    expect(await written()).toBeUndefined();
  });

  test("[GATE-6] an eviction forgets the window, not that the gate is open", async () => {
    const { epoch } = await open();
    const before = await gate.status();
    expect(before).toMatchObject({ state: "open", since: clock, window: { failed: 100 } });
    expect(await written()).toEqual({
      saved: {
        v: 1,
        state: "open",
        epoch,
        since: clock,
        until: expect.any(Number),
        pauses: 1,
        openings: expect.any(Array),
      },
    });
    await evictDurableObject(stub());
    clock += 1_000;
    expect(await gate.status()).toEqual({ ...before, window: { calls: 0, failed: 0, slow: 0 } });
    expect(await ask()).toMatchObject({ state: "open", epoch });
  });

  test("[GATE-6] [GATE-9] an eviction while half open forgets the leases; others close the gate", async () => {
    const { retryAfter, epoch } = await open();
    clock += retryAfter;
    const view = await ask();
    if (view.state !== "half_open" || !view.lease) throw new Error("no lease");
    await evictDurableObject(stub());
    // As many were given in this second as may be.
    expect(await ask()).toEqual({ state: "half_open", epoch, ttl: 1_000, retryAfter: 1_000 });
    await gate.report(report(epoch, { leases: [{ id: view.lease, result: "failed" }] }));
    clock += 2_500;
    expect(await gate.status()).toMatchObject({ state: "half_open" });
    expect(await close()).toBe(epoch + 1);
    await evictDurableObject(stub());
    expect(await gate.status()).toMatchObject({ state: "closed" });
    expect(await written()).toEqual({
      saved: {
        v: 1,
        state: "closed",
        epoch: epoch + 1,
        since: expect.any(Number),
        openings: expect.any(Array),
      },
    });
  });

  test("[GATE-9] a hundred isolates at once get three leases of a half-open gate", async () => {
    const { retryAfter } = await open();
    clock += retryAfter;
    await evictDurableObject(stub());
    clock += 1_000;
    await gate.status();
    clock += 1_000;
    const views = await Promise.all(Array.from({ length: 100 }, (_, isolate) => ask(`i-${isolate}`)));
    const leases = views.flatMap((view) => (view.state === "half_open" && view.lease ? [view.lease] : []));
    expect(leases).toHaveLength(3);
    expect(new Set(leases).size).toBe(3);
  });

  test("[GATE-10] the same delta a hundred times at once is applied once", async () => {
    const epoch = await close();
    const { calls } = (await gate.status()).window;
    const made = report(epoch, { calls: 7 });
    await Promise.all(Array.from({ length: 100 }, () => gate.report(made)));
    expect((await gate.status()).window.calls).toBe(calls + 7);
  });

  test("[GATE-11] a malformed report is refused and changes nothing", async () => {
    await close();
    const before = await gate.status();
    const bad: unknown[] = [null, "x", {}, { isolate: "i", deltas: [{}] }, { isolate: "i", deltas: "many" }];
    for (const value of bad) {
      await expect((async () => gate.report(value as GateReport))()).rejects.toThrow("not a report");
    }
    for (const content of ["", "not JSON", "{}", "[1]"]) {
      const request = new Request("https://itty-durable/do/call/report", {
        headers: { "do-content": content },
      });
      expect((await stub().fetch(request)).status).toBeGreaterThanOrEqual(400);
    }
    expect(await gate.status()).toEqual(before);
    expect(await ask()).toMatchObject({ state: "closed" });
  });

  test("[GATE-16] a guard of this isolate finds a dead origin, is refused, and finds it healed", async () => {
    await close();
    const guard = guardOf(env);
    expect(guardOf(env)).toBe(guard);
    let calls = 0;
    let healthy = false;
    const call = async (): Promise<string> => {
      calls += 1;
      if (!healthy) throw new Error("connection refused");
      return "well";
    };
    const reason = async (): Promise<string> =>
      guard.run(call).catch((error: unknown) => (error as { reason: string }).reason);
    for (let index = 0; index < 60 && (await gate.status()).state === "closed"; index += 1) {
      clock += 200;
      expect(await reason()).toMatch(/failed|open/);
    }
    expect((await gate.status()).state).toBe("open");
    const before = calls;
    expect(await Promise.all([reason(), reason(), reason()])).toEqual(["open", "open", "open"]);
    expect(calls).toBe(before);
    healthy = true;
    // The guard goes by the platform's time, which cannot be set: another isolate's guard comes then.
    clock += 10_000;
    const next = guardOf({ ...env });
    const answers: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      answers.push(await next.run(call));
      clock += 400;
    }
    expect(answers).toEqual(["well", "well", "well"]);
    expect((await gate.status()).state).toBe("closed");
  });

  test("[GATE-16] many requests at once through one guard: all are answered, within its places", async () => {
    await close();
    const guard = guardOf({ ...env, ORIGIN_CONCURRENCY: 6 } as typeof env);
    let running = 0;
    let most = 0;
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        guard.run(async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 5));
          running -= 1;
          return index;
        }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 60 }, (_, index) => index));
    expect(most).toBe(6);
  });
});

describe("the guarded origin", () => {
  test("[GATE-22] is the store, every call of it through the guard", async () => {
    const made: unknown[][] = [];
    const method =
      (name: string) =>
      async (...given: unknown[]): Promise<never> => {
        expect(given.pop()).toBeInstanceOf(AbortSignal);
        made.push([name, ...given]);
        return name as never;
      };
    const store: OriginStore = {
      driver: "d1",
      apply: method("apply"),
      sums: method("sums"),
      facts: method("facts"),
      teams: method("teams"),
      registration: method("registration"),
      signUp: method("signUp"),
      signUps: method("signUps"),
      register: method("register"),
      unregister: method("unregister"),
      eraseHunt: method("eraseHunt"),
      close: async () => void made.push(["close"]),
    };
    await close();
    const before = await gate.status();
    const origin = guardedOrigin({ ...env }, store);
    expect(origin.driver).toBe("d1");
    const message: FactMessage = { v: 1, hunt: "h", shard: "s", first: 1, facts: [] };
    await origin.apply(message, new AbortController().signal);
    await origin.sums("h", "s");
    await origin.teams("h", "s", "a", 9);
    expect(await origin.registration("x-1")).toBe("registration");
    await origin.signUp("h", "x-1");
    await origin.signUps("h", "x-1", 9);
    await origin.register([]);
    await origin.eraseHunt("h");
    const all = [
      ["apply", message],
      ["sums", "h", "s"],
      ["teams", "h", "s", "a", 9],
      ["registration", "x-1"],
      ["register", []],
      ["eraseHunt", "h"],
    ];
    expect(made).toEqual(all);
    expect((await gate.status()).window.calls).toBeGreaterThan(before.window.calls);
    await open();
    const refused = guardedOrigin({ ...env }, store);
    await expect((async () => refused.registration("x-1"))()).rejects.toThrow(OriginUnavailable);
    expect(made).toEqual(all);
    await refused.close();
    expect(made.at(-1)).toEqual(["close"]);
  });
});
