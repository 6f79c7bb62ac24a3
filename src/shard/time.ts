/**
 * The shard's time for rules and facts: never behind its last fact by a
 * little, so that order and times agree. A clock that went back by more was
 * wrong before, and is believed now.
 */
import { isAhead } from "../ahead.ts";
import type { Clock } from "../clock.ts";

export class ShardTime {
  readonly #shard: string;
  readonly #clock: Pick<Clock, "now">;
  /** Time of the newest fact, epoch ms. */
  #lastAt = 0;

  constructor(shard: string, clock: Pick<Clock, "now">) {
    this.#shard = shard;
    this.#clock = clock;
  }

  /** A fact has this time, epoch ms. */
  recorded(at: number): void {
    this.#lastAt = at;
  }

  /** Epoch ms. */
  now(): number {
    const now = this.#clock.now();
    if (now >= this.#lastAt) return now;
    if (!isAhead(this.#lastAt, now)) return this.#lastAt;
    console.warn({
      message: "the clock went back",
      shard: this.#shard,
      seconds: (this.#lastAt - now) / 1_000,
    });
    this.#lastAt = now;
    return now;
  }
}
