/**
 * Isolate memory of the cache tier: values by key, and which of them a request
 * is reading anew. Callers decide how old a value may be (`kv.ts`, `swr.ts`).
 *
 * A request that dies takes its I/O with it, and its promises never settle: a
 * reading therefore counts for a time only, and then another request may begin.
 */
import { BoundedMap } from "../bounded-map.ts";

/** A reading that has not ended by then has died with its request, ms. */
const READING_MAX = 5_000;

/** Readings remembered; of the oldest others no longer know, and read for themselves. */
const READINGS_MAX = 1_000;

/** A value being read by one request. */
export interface Reading {
  /** Epoch ms. */
  since: number;
}

export class Memory<Value, Underway extends Reading = Reading> {
  readonly #values = new Map<string, Value>();
  readonly #max: number;
  readonly #weightOf: (value: Value) => number;
  #weight = 0;
  readonly #readings = new BoundedMap<string, Underway>(READINGS_MAX);

  /**
   * `max`: what the values of an isolate weigh at most; those set longest ago go
   * first. `weightOf`: default 1, so that `max` is their number.
   */
  constructor(max: number, weightOf: (value: Value) => number = () => 1) {
    this.#max = max;
    this.#weightOf = weightOf;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#drop(key);
    this.#values.set(key, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.#max || oldest === key) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#weight -= this.#weightOf(value);
  }

  /** Drops what is stored under keys with this prefix. */
  forget(prefix: string): void {
    for (const key of this.#values.keys()) if (key.startsWith(prefix)) this.#drop(key);
    for (const [key] of this.#readings) if (key.startsWith(prefix)) this.#readings.delete(key);
  }

  /** The reading under way; undefined: nobody reads, or whoever did has died. */
  reading(key: string, now: number): Underway | undefined {
    const reading = this.#readings.get(key);
    return reading && Math.abs(now - reading.since) < READING_MAX ? reading : undefined;
  }

  begin(key: string, reading: Underway): void {
    this.#readings.set(key, reading);
  }

  /** The reading has ended, unless another has taken its place. */
  end(key: string, reading: Underway): void {
    if (this.#readings.get(key) === reading) this.#readings.delete(key);
  }
}
