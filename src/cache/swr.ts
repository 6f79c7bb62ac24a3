/**
 * Look-ups through the cache tier, stale while revalidate: isolate memory,
 * then KV, then the owner of the value (a loader). `judge` says what an entry
 * is worth; the rest is the loop around it.
 *
 * - One request of the isolate asks for a key, and the others wait for it, each
 *   by a timer of its own (memory.ts). A request that waited too long asks itself.
 * - A player waits `limit` in all. A value that comes later is cached for the next.
 * - A stale value is given at once while one request renews it. That renewal
 *   is a hint: lost, it only costs the next one some time.
 * - KV is a help, never a need: slow, failing or wrong, the loader is asked.
 */
import type { Clock } from "../clock.ts";
import { meter } from "../telemetry/meter.ts";
import { CLOCK_SKEW_MAX, type LookupEntry } from "./entry.ts";
import { type Flight, Memory, type Worth, worthAt } from "./memory.ts";

/** Values an isolate caches; the least recently used go first. About 300 bytes each. */
const CACHED_MAX = 5_000;

/** The share of the player's time that KV may use up, and the share that a request waits for another's flight. */
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

/** The result of a look-up. `failed`: the owner gave no value, or not in time. */
export type Found<Value> = { value: Value | null; at: number } | { failed: "limited" | "error" };

export interface LookupCounts {
  /** Fresh values out of memory or KV. */
  hits: number;
  /** Stale values used while they are renewed. */
  stale: number;
  /** Nothing usable was cached: the owner was asked, or another request's flight awaited. */
  misses: number;
  /** Fresh "there is none" out of memory or KV. */
  negative: number;
  /** Values in KV that are corrupt, alien or from the future. */
  ignored: number;
  /** Look-ups that ran out of the player's time. */
  limited: number;
  /** Loads that failed. */
  errors: number;
}

/** A request lends these to its look-up; their I/O is bound to it. */
export interface LookupDeps<Value> {
  clock: Clock;
  readKv(key: string): Promise<string | null>;
  writeKv(key: string, text: string, expirationTtl: number): Promise<void>;
  /** Asks the owner; null: it has nothing under this key. Rejects when the owner is away. */
  load(): Promise<Value | null>;
  /** Keeps the request alive for a task that never rejects. */
  later(task: Promise<unknown>): void;
  /** Logs a failure, without the key. */
  warn(message: string, error: unknown): void;
}

export interface LookupOptions<Value> {
  lives: Lives;
  /** Longest a player waits, KV included, ms. */
  limit: number;
  read(key: string, text: string, now: number): LookupEntry<Value> | undefined;
}

/**
 * The worth of an entry at `now`. Never more than today's `lives` allow, so
 * that shorter ones hold at once, also for entries that were cached before.
 */
export function judge(
  entry: Pick<LookupEntry<unknown>, "at" | "value" | "freshUntil" | "staleUntil">,
  now: number,
  { fresh, stale, negative }: Lives,
): Worth {
  const { at, value } = entry;
  if (at > now + CLOCK_SKEW_MAX) return "gone";
  const freshUntil = Math.min(entry.freshUntil, at + (value === null ? negative : fresh));
  // "There is none" is never stale.
  const staleUntil = value === null ? freshUntil : Math.min(entry.staleUntil, at + fresh + stale);
  return worthAt(now, freshUntil, staleUntil);
}

/** The entry for a value of `at`. */
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

interface LookupFlight<Value> extends Flight {
  /** Never rejects, but may never settle either. */
  found: Promise<Found<Value>>;
  /** `found` has settled. The flight may go on: to renew a stale value. */
  settled: boolean;
}

/** The look-ups of one isolate. */
export class Lookups<Value> {
  readonly #memory = new Memory<LookupEntry<Value>, LookupFlight<Value>>(CACHED_MAX);
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
    const memory = this.#memory;
    const begun = deps.clock.now();
    const cached = memory.use(key);
    const worth = cached && judge(cached, begun, options.lives);
    if (cached && worth !== "gone") {
      this.#count(cached, worth === "stale");
      if (worth === "stale" && !memory.flight(key, begun)) this.#begin(key, options, deps);
      return { value: cached.value, at: cached.at };
    }
    const until = begun + options.limit;
    const first = memory.flight(key, begun);
    // A flight that has already answered gave a value that has expired since: do not wait for it.
    const other = first?.settled === false ? first : undefined;
    if (other) {
      this.#tally("misses");
      const found = await orLate(deps.clock, options.limit * FLIGHT_SHARE, other.found);
      if (found) return found;
    }
    // The first waiter to wake starts a new request; the others join it.
    const second = memory.flight(key, deps.clock.now());
    const flight = second && second !== first ? second : this.#begin(key, options, deps, !other);
    const found = await orLate(deps.clock, until - deps.clock.now(), flight.found);
    if (found) return found;
    this.#tally("limited");
    return { failed: "limited" };
  }

  /** Begins a flight that may outlive the player's patience. `counted`: this request has not been counted. */
  #begin(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted = false,
  ): LookupFlight<Value> {
    const { promise, resolve } = Promise.withResolvers<Found<Value>>();
    const flight: LookupFlight<Value> = { found: promise, settled: false, since: deps.clock.now() };
    this.#memory.takeOff(key, flight);
    const give = (found: Found<Value>): void => {
      flight.settled = true;
      resolve(found);
    };
    const flying = this.#fly(key, options, deps, counted, give).then((entry) => {
      // Before KV is written, which may take its time.
      this.#memory.land(key, flight);
      return entry && this.#publish(entry, deps);
    });
    deps.later(flying);
    return flight;
  }

  /** Asks KV, then the owner, and gives the result as soon as it can. Resolves to the entry to publish, if there is a new one. */
  async #fly(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted: boolean,
    give: (found: Found<Value>) => void,
  ): Promise<LookupEntry<Value> | undefined> {
    const found = await this.#fromKv(key, options, deps);
    const worth = found ? judge(found, deps.clock.now(), options.lives) : "gone";
    if (found && worth !== "gone") {
      if (found.at > (this.#memory.get(key)?.at ?? 0)) this.#memory.set(key, found);
      if (counted) this.#count(found, worth === "stale");
      give({ value: found.value, at: found.at });
      if (worth === "fresh") return undefined;
    } else if (counted) this.#tally("misses");

    // The value is of no earlier time than this.
    const at = deps.clock.now();
    let value: Value | null;
    try {
      value = await deps.load();
    } catch (error) {
      this.#tally("errors");
      deps.warn("a look-up failed", error);
      give({ failed: "error" });
      return undefined;
    }
    const entry = entryOf(key, value, at, options.lives);
    give({ value, at });
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
    const text = (await orLate(deps.clock, options.limit * KV_SHARE, reading)) ?? null;
    if (text === null) return undefined;
    const entry = options.read(key, text, deps.clock.now());
    if (!entry) this.#tally("ignored");
    return entry;
  }

  #count({ value }: LookupEntry<Value>, stale: boolean): void {
    if (stale) this.#tally("stale");
    else if (value === null) this.#tally("negative");
    else this.#tally("hits");
  }
}

/** The promise's value, or undefined when `ms` pass before. */
async function orLate<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const ended = new AbortController();
  const late = clock.after(Math.max(0, ms), ended.signal).catch(() => undefined);
  try {
    return (await Promise.race([promise, late])) ?? undefined;
  } finally {
    ended.abort();
  }
}
