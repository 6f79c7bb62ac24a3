/**
 * Is this player registered? The origin says so, through the cache tier. Cached
 * entries hold no external id in clear and no name: the key is a keyed digest,
 * the value the few fields that joining needs.
 */
import { configOf } from "../config.ts";
import type { Env } from "../objects/env.ts";
import { guardedOrigin, OriginUnavailable } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";
import type { OriginStore } from "../origin/store.ts";
import type { GivenField } from "../protocol.ts";
import {
  KV_CACHE_TTL,
  lookupKey,
  type Profile,
  personDigest,
  profileOf,
  readRegistrationEntry,
} from "./entry.ts";
import { openSigned, signedText } from "./signed.ts";
import { type Found, type LookupCounts, Lookups } from "./swr.ts";

/** Per isolate, as everything here: requests of one isolate share what they looked up. */
const lookups = new Lookups<Profile>();

/** The results of this isolate's look-ups since it started, counted. */
export function lookupCounts(): LookupCounts {
  return { ...lookups.counts };
}

/**
 * Looks a registration up, within LOOKUP_LIMIT_MS. Null: the origin says that
 * there is none; `failed`: nothing usable is known. Never rejects.
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
      now: () => Date.now(),
      timer: startTimer,
      async readKv(key) {
        const text = await env.CACHE.get(lookupKey(key), { cacheTtl: KV_CACHE_TTL });
        // Text that is no entry of ours is read as an empty one, which is counted and replaced.
        return text === null ? null : (openSigned(env, lookupKey(key), text)?.json ?? "");
      },
      async writeKv(key, entry, expirationTtl) {
        const text = signedText(env, lookupKey(key), entry, Date.now());
        await env.CACHE.put(lookupKey(key), text, { expirationTtl });
      },
      load: () => loadProfile(env, context, externalId),
      later: (task) => context.waitUntil(task),
      warn(message, error) {
        // While the origin is away this would be said for every player; its gate has said so.
        if (!(error instanceof OriginUnavailable)) console.warn({ message, error: String(error) });
      },
    },
  );
}

/**
 * What the hunt's sign-up feed said of the player's fields, from the origin itself: what they hold is in no cache. `failed`:
 * the origin does not say so within LOOKUP_LIMIT_MS. Never rejects.
 */
export async function lookUpSignUp(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  hunt: string,
  externalId: string,
): Promise<{ fields: GivenField[] } | { failed: true }> {
  const signal = AbortSignal.timeout(configOf(env).LOOKUP_LIMIT_MS);
  const ask = async (origin: OriginStore) => guardedOrigin(env, origin).signUp(hunt, externalId, signal);
  try {
    return { fields: await withOrigin(env, context, ask) };
  } catch (error) {
    if (!(error instanceof OriginUnavailable)) {
      console.warn({ message: "a sign-up was not looked up", error: String(error) });
    }
    return { failed: true };
  }
}

async function loadProfile(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  externalId: string,
): Promise<Profile | null> {
  return withOrigin(env, context, async (origin) => {
    const registration = await guardedOrigin(env, origin).registration(externalId);
    return registration ? profileOf(registration) : null;
  });
}

async function withOrigin<Told>(
  env: Env,
  context: Pick<ExecutionContext, "waitUntil">,
  ask: (origin: OriginStore) => Promise<Told>,
): Promise<Told> {
  const origin = openOrigin(env);
  try {
    return await ask(origin);
  } finally {
    // The player does not wait for that, and does not care whether it works.
    context.waitUntil(
      origin.close().catch((error: unknown) => {
        console.warn({ message: "the origin's connections were not closed", error: String(error) });
      }),
    );
  }
}

function startTimer(ms: number): { done: Promise<void>; cancel(): void } {
  let handle: ReturnType<typeof setTimeout> | undefined;
  const done = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, ms);
  });
  return { done, cancel: () => clearTimeout(handle) };
}
