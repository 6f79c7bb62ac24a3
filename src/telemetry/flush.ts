/**
 * How the counts of this isolate reach the metrics objects: as numbered
 * flushes, seldom, on the back of what runs anyway. A flush keeps its number
 * until it is known to have arrived, so it is counted once.
 */

import { configOf } from "../config.ts";
import { metricsStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import type { Counts } from "../objects/metrics.ts";
import { meter } from "./meter.ts";
import type { Meter } from "./metrics.ts";

/** Objects that share the counting: an isolate flushes to one of them. */
const HUBS = 4;

export type MeterEnv = Pick<Env, "METRICS">;

/** The part of a request or an object that a flush borrows. */
export type Lender = Pick<ExecutionContext, "waitUntil">;

/** Sends what one meter counted, as one sender. */
export class Flusher {
  readonly #meter: Meter;
  /** Made at the first flush: outside of requests there is no randomness. */
  #sender: string | undefined;
  #number = 0;
  /** The flush that is not known to have arrived. */
  #unconfirmed: { number: number; counts: Counts } | undefined;
  /** Epoch ms. */
  #next = 0;

  constructor(source: Meter) {
    this.#meter = source;
  }

  /** Flushes when it is time. Costs a comparison when it is not. */
  flushInTime(env: MeterEnv, lender: () => Lender, now: number): void {
    if (now < this.#next && this.#next - now <= configOf(env).METRICS_FLUSH_MS) return;
    // Isolates that started together do not stay together.
    this.#next = now + configOf(env).METRICS_FLUSH_MS * (0.75 + Math.random() / 4);
    const flushed = this.flush(env);
    if (flushed) lender().waitUntil(flushed);
  }

  /** Flushes what there is; undefined: nothing. The promise never rejects: what did not arrive goes again. */
  flush(env: MeterEnv): Promise<void> | undefined {
    if (!this.#unconfirmed) {
      const counts = this.#meter.take();
      if (!counts) return undefined;
      this.#number += 1;
      this.#unconfirmed = { number: this.#number, counts };
    }
    this.#sender ??= crypto.randomUUID();
    return this.#send(env, this.#sender, this.#unconfirmed);
  }

  async #send(env: MeterEnv, sender: string, flush: { number: number; counts: Counts }): Promise<void> {
    try {
      await metricsStub(env, hubOf(sender)).add(sender, flush.number, flush.counts);
      if (this.#unconfirmed === flush) this.#unconfirmed = undefined;
    } catch (error) {
      console.warn({ message: "metrics could not be flushed, will be repeated", error: String(error) });
    }
  }
}

const hubOf = (sender: string): string => `hub-${Number.parseInt(sender.slice(0, 2), 16) % HUBS}`;

export const hubNames = (): string[] => Array.from({ length: HUBS }, (_, index) => `hub-${index}`);

/** The meter of this isolate is flushed by this one only. */
const flusher = new Flusher(meter);

/** Flushes this isolate's meter when it is time. Costs a comparison when it is not. */
export function flushMeter(env: MeterEnv, lender: () => Lender, now: number = Date.now()): void {
  flusher.flushInTime(env, lender, now);
}

/** Flushes this isolate's meter; undefined: there is nothing. The promise never rejects. */
export const flushNow = (env: MeterEnv): Promise<void> | undefined => flusher.flush(env);
