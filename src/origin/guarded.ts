/** Guards the origin in this isolate: all requests share one guard, which is found by their environment. */
import { configOf } from "../config.ts";
import type { GateEnv } from "../objects/gate.ts";
import { gateOf } from "../objects/gate.ts";
import { meter } from "../telemetry/meter.ts";
import { OriginGuard, OriginUnavailable } from "./gate/guard.ts";
import { OriginRejected, type OriginStore } from "./store.ts";

export { OriginUnavailable } from "./gate/guard.ts";

const guards = new WeakMap<object, OriginGuard>();

/** The isolate's guard. Call it in a request or an event only: elsewhere the platform has no randomness for the guard's name. */
export function guardOf(env: GateEnv): OriginGuard {
  let guard = guards.get(env);
  if (!guard) {
    const config = configOf(env);
    guard = new OriginGuard({
      gate: gateOf(env),
      isolate: crypto.randomUUID(),
      parameters: {
        timeoutMs: config.ORIGIN_TIMEOUT_MS,
        slowMs: config.ORIGIN_SLOW_MS,
        concurrency: config.ORIGIN_CONCURRENCY,
      },
      now: Date.now,
      random: Math.random,
      timer(ms, fire) {
        const timer = setTimeout(fire, ms);
        return () => clearTimeout(timer);
      },
    });
    guards.set(env, guard);
  }
  return guard;
}

/** The store with every call through the guard, which gives each attempt a signal. Rejects as `OriginGuard.run` does. */
export function guardedOrigin(env: GateEnv, store: OriginStore): OriginStore {
  const guard = guardOf(env);
  const run = async <T>(
    name: string,
    signal: AbortSignal | undefined,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    let called: number | undefined;
    const timed = (own: AbortSignal): Promise<T> => {
      called ??= Date.now();
      return call(own);
    };
    const count = (result: string): void => {
      meter.add("hunt_origin_calls_total", 1, name, result);
      if (called === undefined) return;
      meter.histogram("hunt_origin_call_duration_seconds", name).observe((Date.now() - called) / 1_000);
    };
    try {
      const result = await guard.run(timed, signal ? { signal } : {});
      count("ok");
      return result;
    } catch (error) {
      if (error instanceof OriginRejected) count("rejected");
      else count(error instanceof OriginUnavailable ? error.reason : "given_up");
      throw error;
    }
  };
  return {
    driver: store.driver,
    apply: (message, signal) => run("apply", signal, (own) => store.apply(message, own)),
    sums: (hunt, shard, signal) => run("sums", signal, (own) => store.sums(hunt, shard, own)),
    facts: (hunt, shard, first, last, signal) =>
      run("facts", signal, (own) => store.facts(hunt, shard, first, last, own)),
    teams: (hunt, shard, after, limit, signal) =>
      run("teams", signal, (own) => store.teams(hunt, shard, after, limit, own)),
    registration: (externalId, signal) =>
      run("registration", signal, (own) => store.registration(externalId, own)),
    signUp: (hunt, externalId, signal) =>
      run("sign_up", signal, (own) => store.signUp(hunt, externalId, own)),
    signUps: (hunt, after, limit, signal) =>
      run("sign_ups", signal, (own) => store.signUps(hunt, after, limit, own)),
    register: (registrations, signal) => run("register", signal, (own) => store.register(registrations, own)),
    unregister: (registrations, at, signal) =>
      run("unregister", signal, (own) => store.unregister(registrations, at, own)),
    eraseHunt: (hunt, signal) => run("erase", signal, (own) => store.eraseHunt(hunt, own)),
    close: () => store.close(),
  };
}
