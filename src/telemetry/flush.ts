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

/** Objects that share the counting: an isolate flushes to one of them. */
export const HUBS = 4;

export type MeterEnv = Pick<Env, "METRICS">;

/** What a request or an object lends to a flush. */
export type Lender = Pick<ExecutionContext, "waitUntil">;

/** Made at the first flush: outside of requests there is no randomness. */
let sender: string | undefined;
let number = 0;
let unconfirmed: { number: number; counts: Counts } | undefined;
/** Epoch ms. */
let nextFlush = 0;

/** Flushes when it is time. Costs a comparison when it is not. */
export function flushMeter(env: MeterEnv, lender: () => Lender, now: number = Date.now()): void {
  if (now < nextFlush && nextFlush - now <= configOf(env).METRICS_FLUSH_MS) return;
  // Isolates that started together do not stay together.
  nextFlush = now + configOf(env).METRICS_FLUSH_MS * (0.75 + Math.random() / 4);
  const flushed = flushNow(env);
  if (flushed) lender().waitUntil(flushed);
}

/** Flushes what there is; undefined: nothing. The promise never rejects: what did not arrive goes again. */
export function flushNow(env: MeterEnv): Promise<void> | undefined {
  if (!unconfirmed) {
    const counts = meter.take();
    if (!counts) return undefined;
    number += 1;
    unconfirmed = { number, counts };
  }
  sender ??= crypto.randomUUID();
  const sent = unconfirmed;
  return metricsStub(env, hubOf(sender))
    .add(sender, sent.number, sent.counts)
    .then(
      () => {
        if (unconfirmed === sent) unconfirmed = undefined;
      },
      (error: unknown) => {
        console.warn({ message: "metrics could not be flushed, will be repeated", error: String(error) });
      },
    );
}

const hubOf = (name: string): string => `hub-${Number.parseInt(name.slice(0, 2), 16) % HUBS}`;

export const hubNames = (): string[] => Array.from({ length: HUBS }, (_, index) => `hub-${index}`);
