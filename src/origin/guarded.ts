/** Guards the origin in this isolate: one guard for all requests, by the environment they share. */
import { configOf } from "../config.ts";
import { type GateEnv, gateOf } from "./gate-object.ts";
import { OriginGuard } from "./guard.ts";
import type { OriginStore } from "./store.ts";

export { OriginUnavailable } from "./guard.ts";

const guards = new WeakMap<object, OriginGuard>();

/** The isolate's guard. To be called while handling something: its name is drawn by chance. */
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

/** The store whose every call goes through the guard, each attempt with a signal; rejects as `OriginGuard.run` does. */
export function guardedOrigin(env: GateEnv, store: OriginStore): OriginStore {
  const guard = guardOf(env);
  const run = <T>(signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    guard.run(call, signal ? { signal } : {});
  return {
    driver: store.driver,
    apply: (message, signal) => run(signal, (own) => store.apply(message, own)),
    sums: (hunt, shard, signal) => run(signal, (own) => store.sums(hunt, shard, own)),
    teams: (hunt, shard, after, limit, signal) =>
      run(signal, (own) => store.teams(hunt, shard, after, limit, own)),
    registration: (externalId, signal) => run(signal, (own) => store.registration(externalId, own)),
    register: (registrations, signal) => run(signal, (own) => store.register(registrations, own)),
    close: () => store.close(),
  };
}
