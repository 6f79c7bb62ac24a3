/**
 * The isolate's own defence while the gate cannot be reached: it turns calls
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

  /**
   * A call that was turned away here, or has ended; an answer that rejects its
   * content is accepted. Calls under way do not count: the first of an isolate
   * would hold each other up.
   */
  request(now: number, what: "refused" | "accepted" | "failed"): void {
    this.#counts.add(now, { requests: 1, accepts: what === "accepted" ? 1 : 0 });
  }

  /** Probability, 0 to below 1, with which the next request should be turned away. */
  share(now: number): number {
    const { requests, accepts } = this.#counts.sum(now);
    return Math.max(0, (requests - REQUESTS_PER_ACCEPT * accepts) / (requests + 1));
  }
}
