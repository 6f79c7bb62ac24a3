/**
 * What an isolate does alone while the gate cannot be reached: it turns calls
 * away by the share the origin has lately accepted from it (the client-side
 * throttling of Google's SRE book, chapter "Handling Overload"). Pure.
 */
import { SlidingCounts } from "./sliding.ts";

/** Seconds that count. Longer than the gate's window, because one isolate makes few calls. */
const WINDOW_SECONDS = 30;

/** Requests allowed per accepted one: 2 lets a healing origin be noticed, and burdens it at most twofold. */
const REQUESTS_PER_ACCEPT = 2;

export class Throttle {
  readonly #counts = new SlidingCounts(WINDOW_SECONDS, ["requests", "accepts"]);

  /** A call somebody wants to make, whether or not it is then made. */
  request(now: number): void {
    this.#counts.add(now, { requests: 1 });
  }

  /** The origin answered a call; a rejected content is an answer too. */
  accept(now: number): void {
    this.#counts.add(now, { accepts: 1 });
  }

  /** Probability, 0 to below 1, with which the next request should be turned away. */
  share(now: number): number {
    const { requests, accepts } = this.#counts.sum(now);
    return Math.max(0, (requests - REQUESTS_PER_ACCEPT * accepts) / (requests + 1));
  }
}
