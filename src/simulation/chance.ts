/**
 * Chance that a seed repeats. Each thing that is drawn has numbers of its own, named by its keys: a clue that
 * a new version adds or drops changes nothing of what is drawn for the others.
 */

/** Uniform numbers that are added for a normal one: twelve have a variance of one. */
const SUMMANDS = 12;

/** Mixes 32 bits so that each depends on all (the finaliser of MurmurHash3, Austin Appleby, public domain). */
function mixed(bits: number): number {
  let value = bits;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

export class Draws {
  #state = 0x9e3779b9;

  /** `keys`: whole numbers. */
  constructor(...keys: readonly number[]) {
    for (const key of keys) {
      this.#state = mixed(this.#state ^ key) + 0x9e3779b9;
      // A hash has more bits than a 32-bit operation takes.
      this.#state = mixed(this.#state ^ Math.floor(key / 2 ** 32)) | 0;
    }
  }

  /** From 0 to below 1. */
  uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return (mixed(this.#state) >>> 0) / 2 ** 32;
  }

  /** Of mean 0 and variance 1. */
  normal(): number {
    let sum = -SUMMANDS / 2;
    for (let left = SUMMANDS; left > 0; left -= 1) sum += this.uniform();
    return sum;
  }

  /** A whole number from 0 on, of this mean: how often something with an even chance each time happens before it ends. */
  count(mean: number, most: number): number {
    const more = mean / (1 + mean);
    let count = 0;
    while (count < most && this.uniform() < more) count += 1;
    return count;
  }
}
