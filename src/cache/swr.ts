/**
 * Look-ups through the cache tier, stale while revalidate: isolate memory,
 * then KV, then the owner of the value (a loader). `judge` says how far to
 * believe an entry; the rest is the loop around it.
 *
 * - One request of the isolate asks for a key, the others wait for it, each with
 *   a timer of its own, because a request that dies takes its I/O with it and
 *   its promise never settles. A request that waited too long asks itself.
 * - A player waits `limit` in all. A value that comes later is cached for the next.
 * - An old value is given at once while one request renews it. That renewal
 *   is a hint: lost, it only costs the next one some time.
 * - KV is a help, never a need: slow, failing or wrong, the loader is asked.
 */
import { meter } from "../telemetry/meter.ts";
import { CLOCK_SKEW_MAX, type LookupEntry } from "./entry.ts";
import { Memory, type Reading } from "./memory.ts";

/** Values an isolate has in memory; the least recently used go first. About 300 bytes each. */
const CACHED_MAX = 5_000;

/** Of the player's time, the share KV may use up, and the share a request waits for another's look-up. */
const KV_SHARE = 0.5;
const FLIGHT_SHARE = 0.5;

/** KV keeps nothing for less (the platform's minimum), seconds. */
const KV_EXPIRATION_MIN = 60;

/** How long values are believed, ms. */
export interface Lives {
  fresh: number;
  /** After that: still used, while it is renewed or the owner is away. */
  stale: number;
  /** "There is none" is never used after that. */
  negative: number;
}

/** The result of a look-up. `failed`: the owner could not say, or not in time. */
export type Found<Value> = { value: Value | null; at: number } | { failed: "limited" | "error" };

export interface LookupCounts {
  /** Fresh values out of memory or KV. */
  hits: number;
  /** Old values used while they are renewed. */
  stale: number;
  /** Nothing usable was cached: the owner was asked, or another request's look-up awaited. */
  misses: number;
  /** Fresh "there is none" out of memory or KV. */
  negative: number;
  /** Values in KV that are corrupt, alien or from the future. */
  ignored: number;
  /** Look-ups that ran out of the player's time. */
  limited: number;
  /** Look-ups at which the owner failed. */
  errors: number;
}

/** I/O that a request lends to its look-up, and that ends with it. */
export interface LookupDeps<Value> {
  /** Epoch ms. */
  now(): number;
  /** Resolves after `ms` unless cancelled. */
  timer(ms: number): { done: Promise<void>; cancel(): void };
  readKv(key: string): Promise<string | null>;
  writeKv(key: string, text: string, expirationTtl: number): Promise<void>;
  /** Asks the owner; null: it has nothing under this key. Rejects when it cannot answer. */
  load(): Promise<Value | null>;
  /** Keeps the request alive for a task that never rejects. */
  later(task: Promise<unknown>): void;
  /** For the log, which must not have the key. */
  warn(message: string, error: unknown): void;
}

export interface LookupOptions<Value> {
  lives: Lives;
  /** Longest a player waits, KV included, ms. */
  limit: number;
  read(key: string, text: string, now: number): LookupEntry<Value> | undefined;
}

/**
 * How far to believe an entry at `now`. Never longer than today's `lives` allow,
 * so that shorter ones hold at once, also for entries made before.
 */
export function judge(
  entry: Pick<LookupEntry<unknown>, "at" | "value" | "freshUntil" | "staleUntil">,
  now: number,
  lives: Lives,
): "fresh" | "stale" | "gone" {
  const { at, value } = entry;
  if (at > now + CLOCK_SKEW_MAX) return "gone";
  const freshUntil = Math.min(entry.freshUntil, at + (value === null ? lives.negative : lives.fresh));
  if (now < freshUntil) return "fresh";
  if (value === null) return "gone";
  return now < Math.min(entry.staleUntil, at + lives.fresh + lives.stale) ? "stale" : "gone";
}

/** The entry for a value that the owner gave at `at`. */
export function entryOf<Value>(
  key: string,
  value: Value | null,
  at: number,
  lives: Lives,
): LookupEntry<Value> {
  const freshUntil = at + (value === null ? lives.negative : lives.fresh);
  const staleUntil = value === null ? freshUntil : freshUntil + lives.stale;
  return { v: 1, kind: "registration", key, at, value, freshUntil, staleUntil };
}

/** A look-up under way; `found` never rejects, but it may never settle either. */
interface Flight<Value> extends Reading {
  found: Promise<Found<Value>>;
  /** `found` has settled. The flight may go on after that, to renew an old value. */
  isSettled: boolean;
}

/** The look-ups of one isolate. */
export class Lookups<Value> {
  readonly #memory = new Memory<LookupEntry<Value>, Flight<Value>>(CACHED_MAX);
  readonly counts: LookupCounts = {
    hits: 0,
    stale: 0,
    misses: 0,
    negative: 0,
    ignored: 0,
    limited: 0,
    errors: 0,
  };

  #tally(what: keyof LookupCounts): void {
    this.counts[what] += 1;
    meter.add("hunt_cache_reads_total", 1, "registration", what);
  }

  /** Looks `key` up. Never rejects, and never takes longer than `limit`. */
  async get(key: string, options: LookupOptions<Value>, deps: LookupDeps<Value>): Promise<Found<Value>> {
    const begun = deps.now();
    const cached = this.#recall(key);
    const worth = cached && judge(cached, begun, options.lives);
    if (cached && worth !== "gone") {
      this.#count(cached, worth === "stale");
      if (worth === "stale" && !this.#memory.reading(key, begun)) void this.#begin(key, options, deps);
      return { value: cached.value, at: cached.at };
    }
    const until = begun + options.limit;
    const earlier = this.#memory.reading(key, begun);
    // A flight that has settled already gave a value that has expired since: do not wait for it.
    const other = earlier?.isSettled === false ? earlier : undefined;
    if (other) {
      this.#tally("misses");
      const found = await within(deps, other.found, options.limit * FLIGHT_SHARE);
      if (found) return found;
    }
    // The first waiter to wake starts a new look-up; the others join it.
    const newer = this.#memory.reading(key, deps.now());
    const flight = newer && newer !== earlier ? newer : this.#begin(key, options, deps, !other);
    const found = await within(deps, flight.found, until - deps.now());
    if (found) return found;
    this.#tally("limited");
    return { failed: "limited" };
  }

  /** Begins a look-up that outlives the player's patience. `counted`: this request has not been counted. */
  #begin(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted = false,
  ): Flight<Value> {
    let resolve: (found: Found<Value>) => void = () => undefined;
    const flight: Flight<Value> = {
      found: new Promise((resolved) => {
        resolve = resolved;
      }),
      isSettled: false,
      since: deps.now(),
    };
    this.#memory.begin(key, flight);
    const settle = (found: Found<Value>): void => {
      flight.isSettled = true;
      resolve(found);
    };
    const flying = this.#fly(key, options, deps, counted, settle).then((entry) => {
      // Before KV is written, which may take its time.
      this.#memory.end(key, flight);
      return entry && this.#publish(entry, deps);
    });
    deps.later(flying);
    return flight;
  }

  /** Asks KV, then the owner. Settles as soon as it can; resolves to the new entry, if there is one. */
  async #fly(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted: boolean,
    settle: (found: Found<Value>) => void,
  ): Promise<LookupEntry<Value> | undefined> {
    const found = await this.#fromKv(key, options, deps);
    const worth = found ? judge(found, deps.now(), options.lives) : "gone";
    if (found && worth !== "gone") {
      if (found.at > (this.#memory.get(key)?.at ?? 0)) this.#memory.set(key, found);
      if (counted) this.#count(found, worth === "stale");
      settle({ value: found.value, at: found.at });
      if (worth === "fresh") return undefined;
    } else if (counted) this.#tally("misses");

    // The owner's value is of no earlier time than this.
    const at = deps.now();
    let value: Value | null;
    try {
      value = await deps.load();
    } catch (error) {
      this.#tally("errors");
      deps.warn("a look-up failed", error);
      settle({ failed: "error" });
      return undefined;
    }
    const entry = entryOf(key, value, at, options.lives);
    settle({ value, at });
    if (entry.staleUntil === at) return undefined;
    this.#memory.set(key, entry);
    return entry;
  }

  async #publish(entry: LookupEntry<Value>, deps: LookupDeps<Value>): Promise<void> {
    const seconds = Math.max(KV_EXPIRATION_MIN, Math.ceil((entry.staleUntil - entry.at) / 1_000));
    try {
      await deps.writeKv(entry.key, JSON.stringify(entry), seconds);
    } catch (error) {
      deps.warn("KV could not be written", error);
    }
  }

  async #fromKv(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
  ): Promise<LookupEntry<Value> | undefined> {
    const reading = deps.readKv(key).catch((error: unknown) => {
      deps.warn("KV could not be read", error);
      return null;
    });
    const text = (await within(deps, reading, options.limit * KV_SHARE)) ?? null;
    if (text === null) return undefined;
    const entry = options.read(key, text, deps.now());
    if (!entry) this.#tally("ignored");
    return entry;
  }

  #count({ value }: LookupEntry<Value>, stale: boolean): void {
    if (stale) this.#tally("stale");
    else if (value === null) this.#tally("negative");
    else this.#tally("hits");
  }

  /** The entry, which is the most recently used then. */
  #recall(key: string): LookupEntry<Value> | undefined {
    const cached = this.#memory.get(key);
    if (cached) this.#memory.set(key, cached);
    return cached;
  }
}

/** The promise's value, or undefined when `ms` pass before it settles. */
async function within<T>(
  deps: Pick<LookupDeps<unknown>, "timer">,
  promise: Promise<T>,
  ms: number,
): Promise<T | undefined> {
  const timer = deps.timer(Math.max(0, ms));
  try {
    return await Promise.race([promise, timer.done.then(() => undefined)]);
  } finally {
    timer.cancel();
  }
}
