/** The commands that wait for their commit: bounded, because beyond that the shard cannot keep its promise in time. */
import { type Refusal, refuse } from "../errors.ts";

export class Waiting {
  readonly #max: number;
  readonly #overloaded: () => void;
  #count = 0;

  /** `overloaded` counts a refusal. */
  constructor(max: number, overloaded: () => void) {
    this.#max = max;
    this.#overloaded = overloaded;
  }

  /** Takes places for `count` commands; whoever gets them gives them back with `leave`. */
  enter(count: number): Refusal | undefined {
    if (this.#count + count > this.#max) {
      this.#overloaded();
      return refuse("overloaded", "this part of the hunt has too many events waiting");
    }
    this.#count += count;
    return undefined;
  }

  leave(count: number): void {
    this.#count -= count;
  }
}
