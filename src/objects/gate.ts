/**
 * `OriginGate` as others may ask it (class: src/origin/gate/object.ts): the one
 * circuit breaker of the origin. It is an itty-durable object: methods are
 * called over that library's proxy, whose own types are `any` and whose errors
 * arrive as bare statuses, so everybody asks it through `gateOf`.
 */

import { proxyDurable } from "itty-durable";
import type { GateReport, GateStatus, GateView } from "./gate-report.ts";

/** One gate for the one origin. */
const NAME = "origin";

export interface GateEnv {
  GATE: DurableObjectNamespace;
}

export interface GateFace {
  report(report: GateReport): Promise<GateView>;
  status(): Promise<GateStatus>;
}

/** The gate of this environment's origin. Rejects when it cannot be reached. */
export function gateOf(env: GateEnv): GateFace {
  // A new stub each time, because a stub is broken after an exception.
  const object = (): GateFace => proxyDurable(env.GATE, { parse: true }).get(NAME) as GateFace;
  return {
    report: async (report) => checked(await object().report(report)),
    status: async () => checked(await object().status()),
  };
}

/** A result without a state is not the gate's: an empty one, for instance. */
function checked<Result extends { state: string }>(result: Result | undefined): Result {
  if (typeof result?.state !== "string") throw new Error("the gate gave no result");
  return result;
}
