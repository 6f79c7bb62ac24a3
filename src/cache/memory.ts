/**
 * Isolate memory for values that others own, stale while revalidate: a value is
 * fresh for a while, then stale until it is gone, and a stale one is used while
 * one request renews it.
 *
 * A request that dies takes its I/O with it, so a promise of its flight may
 * never settle. Therefore a flight counts for a limited time only, and nobody
 * waits for one without a timer of his own.
 */
import { BoundedMap } from "../bounded-map.ts";

/** A flight that has not ended by then has died with its request, ms. */
const FLIGHT_MAX = 5_000;

/** Flights that others may share; the oldest are forgotten first, and their keys asked for anew. */
const FLIGHTS_MAX = 1_000;

export type Worth = "fresh" | "stale" | "gone";

/** Fresh before `freshUntil`, then stale before `staleUntil`. All in epoch ms. */
export function worthAt(now: number, freshUntil: number, staleUntil: number): Worth {
  if (now < freshUntil) return "fresh";
  return now < staleUntil ? "stale" : "gone";
}

/** One request's asking for a value. */
export interface Flight {
  /** Epoch ms. */
  since: number;
}

export class Memory<Entry, Own extends Flight = Flight> {
  readonly #entries: BoundedMap<string, Entry>;
  readonly #flights = new BoundedMap<string, Own>(FLIGHTS_MAX);

  /** `max`: entries; those set longest ago go first. */
  constructor(max: number) {
    this.#entries = new BoundedMap(max);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** As `get`; the entry goes last then, as if it was set now. */
  use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.#entries.set(key, entry);
  }

  set(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
  }

  /** Forgets the entries whose key begins with `prefix`. */
  forget(prefix: string): void {
    for (const [key] of this.#entries) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  /** The flight for this key, unless it must have died. */
  flight(key: string, now: number): Own | undefined {
    const flight = this.#flights.get(key);
    return flight && Math.abs(now - flight.since) < FLIGHT_MAX ? flight : undefined;
  }

  takeOff(key: string, flight: Own): void {
    this.#flights.set(key, flight);
  }

  /** The flight has ended. A later one for the same key goes on. */
  land(key: string, flight: Own): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
