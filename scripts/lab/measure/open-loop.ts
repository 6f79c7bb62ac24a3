/**
 * The pace of an open loop: each send has an intended time, whatever became of
 * those before, so that a server that stalls does not slow its load down and a
 * stalled generator shows in the figures.
 */
import { type Chance, waitOf } from "./chance.ts";

export interface Pace {
  /** How late the generator itself sent, worst, ms. */
  latestSend: number;
}

/**
 * Calls `send` for each entry at its time (ms from now; rising). Resolves when
 * every send has. `send` gets the intended time on the clock of
 * `performance.now()`.
 */
export async function atTheirTimes<Entry extends { at: number }>(
  script: Iterable<Entry>,
  send: (entry: Entry, intended: number) => Promise<void>,
): Promise<Pace> {
  const start = performance.now();
  const underWay: Promise<void>[] = [];
  let latestSend = 0;
  for (const entry of script) {
    const intended = start + entry.at;
    const wait = intended - performance.now();
    if (wait > 1) await new Promise((done) => setTimeout(done, wait));
    const now = performance.now();
    latestSend = Math.max(latestSend, now - intended);
    // A timer is up to a millisecond early.
    underWay.push(send(entry, Math.min(intended, now)));
  }
  await Promise.all(underWay);
  return { latestSend };
}

/** Times of independent arrivals, `rate` a second on average: they come in clusters. The same for the same seed. */
export function* arrivals(rate: number, seconds: number, random: Chance): Generator<{ at: number }> {
  for (let at = 0; ; ) {
    at += waitOf(random, rate) * 1_000;
    if (at >= seconds * 1_000) return;
    yield { at };
  }
}
