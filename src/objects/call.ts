/**
 * The only place that makes stubs and interprets their errors. A stub is
 * broken after an exception, so every call makes its own.
 *
 *   await calling(() => shardStub(env, hunt, shard).me(team, player));
 *   await callingOnce(() => controlStub(env, hunt).actOnTeam(team, award, by));
 *
 * An object that asks another on behalf of a caller returns the failure:
 *
 *   const result = await orRefusal(calling(() => controlStub(env, hunt).attach(shard)));
 *   if ("refused" in result) return result;
 */
import { type Refusal, RequestError, refuse } from "../errors.ts";
import type { ControlObject } from "./control.ts";
import type { DeadLettersObject } from "./dead-letters.ts";
import type { Env } from "./env.ts";
import { objectName, regionOf } from "./ids.ts";
import type { LeaderboardObject, LiveBoardObject } from "./leaderboard.ts";
import type { MetricsHubObject } from "./metrics.ts";
import { DIRECTORY_NAME, type HuntDirectoryObject, type NameRegistryObject, registryOf } from "./names.ts";
import type { PrizeVaultObject } from "./prizes.ts";
import type { ShardObject } from "./shard.ts";
import { outboxName, type WebhookOutboxObject } from "./webhooks.ts";

/** Attempts in all; the runtime itself repeats requests that never arrived. */
const ATTEMPTS = 3;

/** First wait between attempts, ms; doubles, with jitter. */
const RETRY_WAIT = 50;

/** The shard's object; its region only matters at the first use. */
export const shardStub = (
  env: Pick<Env, "SHARD">,
  hunt: string,
  shard: string,
): DurableObjectStub<ShardObject> =>
  env.SHARD.getByName(objectName(hunt, shard), {
    locationHint: regionOf(shard) as DurableObjectLocationHint,
  });

export const controlStub = (env: Pick<Env, "CONTROL">, hunt: string): DurableObjectStub<ControlObject> =>
  env.CONTROL.getByName(hunt);

export const leaderboardStub = (
  env: Pick<Env, "LEADERBOARD">,
  hunt: string,
): DurableObjectStub<LeaderboardObject> => env.LEADERBOARD.getByName(hunt);

/** `child`: its name, by `childName` (leaderboard.ts). */
export const liveBoardStub = (
  env: Pick<Env, "LIVE_BOARD">,
  child: string,
): DurableObjectStub<LiveBoardObject> => env.LIVE_BOARD.getByName(child);

/** The registry of the hunt that owns `name`. */
export const registryStub = (
  env: Pick<Env, "NAMES">,
  hunt: string,
  name: string,
): DurableObjectStub<NameRegistryObject> => env.NAMES.getByName(registryOf(hunt, name));

/** A registry by its own name. */
export const registryNamed = (
  env: Pick<Env, "NAMES">,
  registry: string,
): DurableObjectStub<NameRegistryObject> => env.NAMES.getByName(registry);

export const directoryStub = (env: Pick<Env, "DIRECTORY">): DurableObjectStub<HuntDirectoryObject> =>
  env.DIRECTORY.getByName(DIRECTORY_NAME);

export const vaultStub = (env: Pick<Env, "PRIZES">, hunt: string): DurableObjectStub<PrizeVaultObject> =>
  env.PRIZES.getByName(hunt);

/** `owner`: a hunt, or `UNATTRIBUTED` (dead-letters.ts). */
export const deadLettersStub = (
  env: Pick<Env, "DEAD_LETTERS">,
  owner: string,
): DurableObjectStub<DeadLettersObject> => env.DEAD_LETTERS.getByName(owner);

/** The outbox of one of the hunt's webhooks. */
export const outboxStub = (
  env: Pick<Env, "WEBHOOKS">,
  hunt: string,
  webhook: string,
): DurableObjectStub<WebhookOutboxObject> => env.WEBHOOKS.getByName(outboxName(hunt, webhook));

export const metricsStub = (env: Pick<Env, "METRICS">, hub: string): DurableObjectStub<MetricsHubObject> =>
  env.METRICS.getByName(hub);

/**
 * Runs a call that is safe to repeat: a few attempts while the object restarts.
 * Throws `unavailable`, or `overloaded`, which is never repeated.
 */
export async function calling<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const mapped = mappedError(error);
      if (!(mapped instanceof RequestError) || mapped.code !== "unavailable" || attempt === ATTEMPTS)
        throw mapped;
      const wait = RETRY_WAIT * 2 ** (attempt - 1) * (0.5 + Math.random());
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

/** Runs a call that may not be repeated. Throws `unavailable` or `overloaded`: whether the call took effect is not known. */
export async function callingOnce<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw mappedError(error);
  }
}

/**
 * For an object behind an object: a call that ended in `unavailable` or
 * `overloaded` gives a `Refusal`. A `RequestError` thrown on to the object's own
 * caller would arrive there as an error of no known kind: only the platform's
 * own errors keep their marks on the way.
 */
export async function orRefusal<T>(call: Promise<T>): Promise<T | Refusal> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RequestError) return refuse(error.code, error.detail, error.retryAfter);
    throw error;
  }
}

/** SQLite's words when the disk, or the object's share of it, is full. */
const FULL = /SQLITE_FULL|database or disk is full/;

/**
 * The platform could not run the object at all, and does not say why: its disk
 * is full, or fails. A table or column that the object's own SQL does not find has a
 * flipped bit in its name. No error of the engine's own code is worded so.
 */
const BROKEN =
  /^(?:Error: )?internal error(?:$|; reference = )|SQLITE_IOERR|SQLITE_CANTOPEN|disk I\/O error|SQLITE_CORRUPT|SQLITE_NOTADB|database disk image is malformed|file is not a database|malformed database schema|no such (?:table|column)|has no column named/;

/**
 * The platform's words for an object that is stopped under a call: by a release, by a limit, by
 * a machine that goes away. Most of them carry marks; not those of a call that was cancelled with
 * its object, nor any that an object passed on from another in an error of its own. A database is locked
 * where an object starts while the one before it has not let go of its file.
 */
const STOPPED =
  /the hunt was deleted|Durable Object reset because its code was updated|code has been updated, this version can no longer access storage|script has been upgraded|caused object to be reset|(?:memory|CPU time) limit.* was reset|execution context .*(?:was|been) canceled|Network connection lost|annot resolve Durable Object due to transient issue|SQLITE_BUSY/;

/** And for one that runs an earlier version, which does not have the method. */
const OLDER = /RPC receiver does not implement the method/;

/** The engine's own words for something stored of which there is no other copy (src/checksum.ts). */
const DAMAGED = /[^:]* is not as it was written$/;

/** And for one with too much to do. */
const CROWDED = /Durable Object is overloaded/;

/** An error that the platform marks as passing becomes `overloaded` or `unavailable`; any other stays as it is. */
function mappedError(error: unknown): unknown {
  const { overloaded, retryable, durableObjectReset } = error as {
    overloaded?: boolean;
    retryable?: boolean;
    durableObjectReset?: boolean;
  };
  const message = String((error as { message?: unknown }).message);
  if (overloaded || CROWDED.test(message)) {
    return new RequestError("overloaded", "this part of the engine is overloaded");
  }
  if (FULL.test(message)) {
    return new RequestError("overloaded", "this part of the engine has no room to store anything");
  }
  if (BROKEN.test(message)) {
    console.error({ message: "the platform could not run an object", error: message });
    return new RequestError("unavailable", "this part of the engine cannot work now");
  }
  const [damaged] = DAMAGED.exec(message) ?? [];
  if (damaged !== undefined) {
    console.error({ message: "a stored row is not as it was written", error: message });
    return new RequestError("unavailable", damaged.trim());
  }
  // In a release the edge is new before every object is; elsewhere it is a defect, and the log says so.
  if (OLDER.test(message)) {
    console.error({ message: "an object does not know a call", error: message });
    return new RequestError("unavailable", "this part of the engine is of another version");
  }
  if (retryable || durableObjectReset || STOPPED.test(message)) {
    return new RequestError("unavailable", "this part of the engine restarts");
  }
  return error;
}
