/**
 * Is this player registered? The origin knows; the cache tier stands before it.
 * An entry holds no external id in clear and no name: the key is a keyed
 * digest, the value only the profile that joining needs.
 */
import { systemClock } from "../clock.ts";
import { configOf } from "../config.ts";
import type { Env } from "../objects/env.ts";
import { guardedOrigin, OriginUnavailable } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";
import { lookupKey, type Profile, personDigest, profileOf, readRegistrationEntry } from "./entry.ts";
import { type Found, type LookupCounts, Lookups } from "./swr.ts";

/** Shortest time KV may repeat a value, or that there is none, at its edge (the platform's minimum), seconds. */
const KV_CACHE_TTL = 30;

/** Requests of one isolate share their look-ups. */
const lookups = new Lookups<Profile>();

/** Results of this isolate's look-ups since it started. */
export function lookupCounts(): LookupCounts {
  return { ...lookups.counts };
}

/**
 * Looks a registration up, within LOOKUP_LIMIT_MS. Null: the origin says that
 * there is none; `failed`: no usable value is to be had. Never rejects.
 */
export function lookUpRegistration(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  externalId: string,
): Promise<Found<Profile>> {
  const config = configOf(env);
  return lookups.get(
    personDigest(env, externalId),
    {
      lives: {
        fresh: config.LOOKUP_FRESH_MS,
        stale: config.LOOKUP_STALE_MS,
        negative: config.LOOKUP_NEGATIVE_MS,
      },
      limit: config.LOOKUP_LIMIT_MS,
      read: readRegistrationEntry,
    },
    {
      clock: systemClock,
      readKv: (key) => env.CACHE.get(lookupKey(key), { cacheTtl: KV_CACHE_TTL }),
      writeKv: (key, text, expirationTtl) => env.CACHE.put(lookupKey(key), text, { expirationTtl }),
      load: () => loadProfile(env, context, externalId),
      later: (task) => context.waitUntil(task),
      warn(message, error) {
        // While the origin is away every player would bring this line; its gate has logged it.
        if (!(error instanceof OriginUnavailable)) console.warn({ message, error: String(error) });
      },
    },
  );
}

async function loadProfile(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  externalId: string,
): Promise<Profile | null> {
  const origin = openOrigin(env);
  try {
    const registration = await guardedOrigin(env, origin).registration(externalId);
    return registration ? profileOf(registration) : null;
  } finally {
    // The player does not wait for that, and is served whether it works or not.
    context.waitUntil(
      origin.close().catch((error: unknown) => {
        console.warn({ message: "the origin's connections were not closed", error: String(error) });
      }),
    );
  }
}
