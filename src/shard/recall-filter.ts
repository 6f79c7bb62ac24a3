/**
 * A blocked Bloom filter: says of most ids that a run does not have them, by one
 * look at 32 bytes. Eight bits an id, one in each word of its block. Its size is
 * a power of two, so that it can be folded into half of it.
 */

const WORDS = 8;

/** Bits of memory for each id at first: wrong for one stranger in some 600. */
const BITS_PER_ID = 16;

/** Odd numbers that spread a hash over the bits of each word (Apache Parquet's). */
const SALT = Int32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b | 0,
  0xa2b7289d | 0,
  0x705495c7,
  0x2df1424b,
  0x9efc4947 | 0,
  0x5c6bfb31,
);

export class RecallFilter {
  #words: Uint32Array<ArrayBuffer>;

  /** Of stored bytes. */
  constructor(words: Uint32Array<ArrayBuffer>) {
    this.#words = words;
  }

  /** An empty one for so many ids, of at most `bytesMax` bytes. */
  static of(ids: number, bytesMax: number): RecallFilter {
    let bytes = WORDS * 4;
    while (bytes * 8 < ids * BITS_PER_ID && bytes * 2 <= bytesMax) bytes *= 2;
    return new RecallFilter(new Uint32Array(bytes / 4));
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  get words(): Uint32Array<ArrayBuffer> {
    return this.#words;
  }

  add(high: number, low: number): void {
    const words = this.#words;
    const first = low & (words.length - WORDS);
    for (let word = 0; word < WORDS; word += 1) {
      const bit = Math.imul(high, SALT[word] as number) >>> 27;
      words[first + word] = (words[first + word] as number) | (1 << bit);
    }
  }

  /** False: the id was never added. */
  mayHave(high: number, low: number): boolean {
    const words = this.#words;
    const first = low & (words.length - WORDS);
    for (let word = 0; word < WORDS; word += 1) {
      const bit = Math.imul(high, SALT[word] as number) >>> 27;
      if (((words[first + word] as number) & (1 << bit)) === 0) return false;
    }
    return true;
  }

  /** Takes half of the memory, and is wrong more often. */
  fold(): void {
    const half = this.#words.length / 2;
    if (half < WORDS) return;
    const folded = this.#words.slice(0, half);
    for (let word = 0; word < half; word += 1) {
      folded[word] = (folded[word] as number) | (this.#words[half + word] as number);
    }
    this.#words = folded;
  }
}
