/** Calls on the objects: a fresh stub per attempt, few attempts, never on overload. */
import { RequestError } from "../errors.ts";
import type { HuntShard } from "../shard/object.ts";
import { objectName, regionOf } from "./ids.ts";
import type { Env } from "../worker.ts";

/** Attempts in all; the runtime itself repeats requests that never arrived. */
const ATTEMPTS = 3;

/** First wait between attempts, ms; doubles, with jitter. */
const RETRY_WAIT = 50;

/** The shard's object; its region only matters at the first use. */
export function shardStub(env: Env, hunt: string, shard: string): DurableObjectStub<HuntShard> {
  return env.SHARD.getByName(objectName(hunt, shard), {
    locationHint: regionOf(shard) as DurableObjectLocationHint,
  });
}

/**
 * Runs an idempotent call on an object. `call` makes its own stub, because a
 * stub is broken after an exception. Throws `overloaded` or `unavailable`.
 */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const { overloaded, retryable, durableObjectReset } = error as {
        overloaded?: boolean;
        retryable?: boolean;
        durableObjectReset?: boolean;
      };
      if (overloaded) throw new RequestError("overloaded", "this part of the engine is overloaded");
      if (!retryable && !durableObjectReset) throw error;
      if (attempt === ATTEMPTS) throw new RequestError("unavailable", "this part of the engine restarts");
      const wait = RETRY_WAIT * 2 ** (attempt - 1) * (0.5 + Math.random());
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}
