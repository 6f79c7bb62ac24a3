/**
 * Places for calls at the same time, and a bounded line before them. A request
 * can end without giving its place back, so a place is held until a time at
 * most, and whoever waits does so by a timer of its own.
 */

import { isAhead } from "../../ahead.ts";

/** Waiting calls per place; more are turned away at once. */
const WAITING_PER_PLACE = 10;

interface Clock {
  now(): number;
  timer(ms: number, fire: () => void): () => void;
}

interface Waiting {
  /** How long its place is to be held, ms. */
  holdMs: number;
  /** Its request has gone if it still waits outside of these times, epoch ms. */
  from: number;
  until: number;
  enter(leave: (() => void) | undefined): void;
}

export class WaitingLine {
  readonly #places: number;
  readonly #clock: Clock;
  /** Places taken → since when, and when they count as given back, epoch ms. */
  readonly #taken = new Map<symbol, { from: number; until: number }>();
  #waiting: Waiting[] = [];

  constructor(places: number, clock: Clock) {
    this.#places = Math.max(1, Math.floor(places));
    this.#clock = clock;
  }

  /**
   * Resolves to the function that gives the place back, or to undefined when
   * the line is full or no place came free within `waitMs`. The place is held
   * for `holdMs` at most.
   */
  async enter(waitMs: number, holdMs: number): Promise<(() => void) | undefined> {
    if (this.#isFree()) return this.#take(holdMs);
    const now = this.#clock.now();
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting, now));
    if (this.#waiting.length >= this.#places * WAITING_PER_PLACE) return undefined;
    return new Promise((resolve) => {
      let hasEntered = false;
      const waiting: Waiting = {
        holdMs,
        from: now,
        until: now + waitMs,
        enter: (leave) => {
          hasEntered = true;
          // Often in vain: the request that gives its place calls this, and a request stops its own timers only.
          stop();
          resolve(leave);
        },
      };
      const stop = this.#clock.timer(waitMs, () => {
        if (hasEntered) return;
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        // Places whose request ended are noticed only when somebody looks.
        resolve(this.#isFree() ? this.#take(holdMs) : undefined);
      });
      this.#waiting.push(waiting);
    });
  }

  #isFree(): boolean {
    if (this.#taken.size < this.#places) return true;
    const now = this.#clock.now();
    for (const [place, times] of this.#taken) if (isOver(times, now)) this.#taken.delete(place);
    return this.#taken.size < this.#places;
  }

  #take(holdMs: number): () => void {
    const place = Symbol("place");
    const from = this.#clock.now();
    this.#taken.set(place, { from, until: from + holdMs });
    return () => {
      if (!this.#taken.delete(place)) return;
      const now = this.#clock.now();
      let next = this.#waiting.shift();
      while (next && isOver(next, now)) next = this.#waiting.shift();
      next?.enter(this.#take(next.holdMs));
    };
  }
}

/** The time is over, or it was told by a clock that was ahead. */
const isOver = ({ from, until }: { from: number; until: number }, now: number): boolean =>
  until < now || isAhead(from, now);
