/**
 * Look-ups through the cache tier, stale while revalidate: isolate memory,
 * then KV, then the owner of the answer (a loader). What to do with an entry
 * is `judge`; the rest is the loop around it.
 *
 * - One request of the isolate asks for a key, the others wait for it; but
 *   never without an own timer, because a request that dies takes its I/O with
 *   it and its promise never settles. Who waited too long asks itself.
 * - A player waits `limit` in all. What comes later is still kept for the next.
 * - An old answer is given at once while one request renews it. That renewal
 *   is a hint: lost, it only costs the next one some time.
 * - KV is a help, never a need: slow, failing or wrong, the loader is asked.
 */
import { meter } from "../telemetry/meter.ts";
import { CLOCK_SKEW_MAX, type LookupEntry } from "./entry.ts";

/** Answers an isolate keeps; the least recently used go first. About 300 bytes each. */
const KEPT_MAX = 5_000;

/** Look-ups under way that others may wait for; beyond it, each request asks for itself. */
const FLIGHTS_MAX = 1_000;

/** A look-up that has not ended by then has died with its request, ms. */
const FLIGHT_MAX = 5_000;

/** Of the player's time, the share KV may use up, and the share a request waits for another's look-up. */
const KV_SHARE = 0.5;
const FLIGHT_SHARE = 0.5;

/** KV keeps nothing for less (the platform's minimum), seconds. */
const KV_EXPIRATION_MIN = 60;

/** How long answers are believed, ms. */
export interface Lives {
  fresh: number;
  /** After that: still used, while it is renewed or the owner is away. */
  stale: number;
  /** "There is none" is never used after that. */
  negative: number;
}

/** What a look-up came to. `failed`: the owner could not answer, or not in time. */
export type Found<Value> = { value: Value | null; at: number } | { failed: "limited" | "error" };

export interface LookupCounts {
  /** Fresh answers out of memory or KV. */
  hits: number;
  /** Old answers used while they are renewed. */
  stale: number;
  /** Nothing usable was kept: the owner was asked, or another request's asking awaited. */
  misses: number;
  /** Fresh "there is none" out of memory or KV. */
  negative: number;
  /** Values in KV that are corrupt, alien or from the future. */
  ignored: number;
  /** Look-ups that ran out of the player's time. */
  limited: number;
  /** Askings the owner did not answer. */
  errors: number;
}

/** What a request lends to its look-up; its I/O is bound to it. */
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
  /** Says what went wrong; the key is not for logs. */
  warn(message: string, error: unknown): void;
}

export interface LookupOptions<Value> {
  lives: Lives;
  /** Longest a player waits, KV included, ms. */
  limit: number;
  read(key: string, text: string, now: number): LookupEntry<Value> | undefined;
}

/**
 * What an entry is worth at `now`. Never more than today's `lives` allow, so
 * that shorter ones hold at once, also for what was kept before.
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

/** The entry for an answer of `at`. */
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

/** A look-up under way; `answer` never rejects, but it may never settle either. */
interface Flight<Value> {
  answer: Promise<Found<Value>>;
  /** It may go on after that: to renew an old answer. */
  answered: boolean;
  since: number;
}

/** The look-ups of one isolate. */
export class Lookups<Value> {
  readonly #kept = new Map<string, LookupEntry<Value>>();
  /** In the order of their beginning. */
  readonly #flights = new Map<string, Flight<Value>>();
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
    const kept = this.#recall(key);
    const worth = kept && judge(kept, begun, options.lives);
    if (kept && worth !== "gone") {
      this.#count(kept, worth === "stale");
      if (worth === "stale" && !this.#underWay(key, begun)) void this.#begin(key, options, deps);
      return { value: kept.value, at: kept.at };
    }
    const until = begun + options.limit;
    const known = this.#underWay(key, begun);
    // What has answered already did so with what is gone by now.
    const other = known?.answered === false ? known : undefined;
    if (other) {
      this.#tally("misses");
      const answer = await within(deps, other.answer, options.limit * FLIGHT_SHARE);
      if (answer) return answer;
    }
    // Whoever woke first asks anew, the rest wait for that.
    const begunAnew = this.#underWay(key, deps.now());
    const flight = begunAnew && begunAnew !== known ? begunAnew : this.#begin(key, options, deps, !other);
    const answer = await within(deps, flight.answer, until - deps.now());
    if (answer) return answer;
    this.#tally("limited");
    return { failed: "limited" };
  }

  #underWay(key: string, now: number): Flight<Value> | undefined {
    const flight = this.#flights.get(key);
    return flight && Math.abs(now - flight.since) < FLIGHT_MAX ? flight : undefined;
  }

  /** Begins a look-up that outlives the player's patience. `counted`: this request has not been counted. */
  #begin(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted = false,
  ): Flight<Value> {
    const now = deps.now();
    for (const [old, { since }] of this.#flights) {
      if (Math.abs(now - since) < FLIGHT_MAX) break;
      this.#flights.delete(old);
    }
    let resolve: (answer: Found<Value>) => void = () => undefined;
    const flight: Flight<Value> = {
      answer: new Promise((resolved) => {
        resolve = resolved;
      }),
      answered: false,
      since: now,
    };
    this.#flights.delete(key);
    if (this.#flights.size < FLIGHTS_MAX) this.#flights.set(key, flight);
    const answered = (answer: Found<Value>): void => {
      flight.answered = true;
      resolve(answer);
    };
    const flying = this.#fly(key, options, deps, counted, answered).then((entry) => {
      // Before KV is written, which may take its time.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      return entry && this.#publish(entry, deps);
    });
    deps.later(flying);
    return flight;
  }

  /** KV, then the owner. Answers as soon as it can; comes to the entry that is new, if one is. */
  async #fly(
    key: string,
    options: LookupOptions<Value>,
    deps: LookupDeps<Value>,
    counted: boolean,
    answered: (answer: Found<Value>) => void,
  ): Promise<LookupEntry<Value> | undefined> {
    const found = await this.#fromKv(key, options, deps);
    const worth = found ? judge(found, deps.now(), options.lives) : "gone";
    if (found && worth !== "gone") {
      if (found.at > (this.#kept.get(key)?.at ?? 0)) this.#keep(key, found);
      if (counted) this.#count(found, worth === "stale");
      answered({ value: found.value, at: found.at });
      if (worth === "fresh") return undefined;
    } else if (counted) this.#tally("misses");

    // The answer is of no earlier time than this.
    const at = deps.now();
    let value: Value | null;
    try {
      value = await deps.load();
    } catch (error) {
      this.#tally("errors");
      deps.warn("a look-up failed", error);
      answered({ failed: "error" });
      return undefined;
    }
    const entry = entryOf(key, value, at, options.lives);
    answered({ value, at });
    if (entry.staleUntil === at) return undefined;
    this.#keep(key, entry);
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

  #recall(key: string): LookupEntry<Value> | undefined {
    const kept = this.#kept.get(key);
    if (kept) {
      // To the end of the line: the first ones go first.
      this.#kept.delete(key);
      this.#kept.set(key, kept);
    }
    return kept;
  }

  #keep(key: string, entry: LookupEntry<Value>): void {
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    if (this.#kept.size <= KEPT_MAX) return;
    const oldest = this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** What `promise` comes to, or undefined when `ms` pass before. */
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
