import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { GateDelta, GateReport } from "../../src/origin/gate.ts";
import { gateOf, OriginGate } from "../../src/origin/gate-object.ts";

const stub = () => env.GATE.get(env.GATE.idFromName("origin"));
const gate = gateOf(env);

/** Each test has its own time, later than the test's before. */
let clock = Date.now();
function setClock(): void {
  vi.spyOn(OriginGate.prototype, "now").mockImplementation(() => clock);
}

let flush = 0;
function report(epoch: number, more: Partial<GateDelta> = {}, starting?: number): GateReport {
  flush += 1;
  const delta = { flush, epoch, calls: 0, failed: 0, timedOut: 0, slow: 0, leases: [], ...more };
  return { isolate: "i-1", deltas: [delta], ...(starting === undefined ? {} : { starting }) };
}

const written = (): Promise<unknown> =>
  runInDurableObject(stub(), (_, state) => state.storage.get("data"));

/** Lets pauses end and probes succeed until the gate is closed; resolves to its epoch. */
async function close(): Promise<number> {
  for (let step = 0; step < 20; step += 1) {
    const view = await gate.report({ isolate: "closer", deltas: [], starting: 1_000 });
    if (view.state === "closed") return view.epoch;
    if (view.state === "half_open" && view.lease) {
      await gate.report(report(view.epoch, { leases: [{ id: view.lease, result: "ok" }] }));
    } else clock += view.retryAfter;
  }
  throw new Error("the gate does not close");
}

async function open(): Promise<number> {
  const epoch = await close();
  clock += 1_000;
  const view = await gate.report(report(epoch, { calls: 20, failed: 10 }));
  expect(view.state).toBe("open");
  return view.epoch;
}

afterEach(() => vi.restoreAllMocks());

describe("the gate's object", () => {
  test("[GATE-1] answers over its typed face, by the time of the platform", async () => {
    const view = await gate.report(report(1, {}, 1_500));
    expect(view).toMatchObject({ state: "closed", epoch: 1, ttl: 1_000 });
    const status = await gate.status();
    expect(status).toEqual({ state: "closed", since: expect.any(Number), window: { calls: 1, failed: 0, slow: 0 } });
    expect(Math.abs(Date.now() - status.since)).toBeLessThan(60_000);
  });
});
