/**
 * Hashes of used ids and the seqs of their facts in memory, twelve bytes a
 * slot: open addressing, placed by the hash's highest bits, so that the entries
 * of a range of hashes lie together and a run is written without sorting.
 */

/** Load factor at which the table doubles. */
const LOAD_MAX = 0.6;

const SLOTS_MIN = 1 << 10;

/** Slots passed by an entry beyond which the table says that it is crowded. */
const PROBE_MAX = 256;

export class RecallTable {
  #highs = new Int32Array(SLOTS_MIN);
  #lows = new Int32Array(SLOTS_MIN);
  /** 0: the slot is empty. */
  #seqs = new Uint32Array(SLOTS_MIN);
  #shift = 32 - Math.log2(SLOTS_MIN);
  #size = 0;
  #crowded = false;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#seqs.length * 12;
  }

  /**
   * Whether an entry lies far from its place. The keyed hash makes that all but
   * impossible; should it happen, the owner takes a new table before long, so
   * that no look-up passes more slots than these and a commit's.
   */
  get isCrowded(): boolean {
    return this.#crowded;
  }

  add(high: number, low: number, seq: number): void {
    if (this.#size + 1 > this.#seqs.length * LOAD_MAX) this.#grow();
    this.#place(high, low, seq);
  }

  /** Adds the seqs under the hash to `found`, up to `max` of them in all. */
  find(high: number, low: number, found: number[], max: number): void {
    const lows = this.#lows;
    const seqs = this.#seqs;
    const mask = seqs.length - 1;
    for (let slot = high >>> this.#shift; ; slot = (slot + 1) & mask) {
      const seq = seqs[slot] as number;
      if (seq === 0) return;
      if (lows[slot] !== low || this.#highs[slot] !== high) continue;
      if (found.length >= max) return;
      found.push(seq);
    }
  }

  /** The entries whose hash begins with the `bits` bits of `part`: high, low and seq of each. */
  part(part: number, bits: number): number[] {
    const entries: number[] = [];
    const slots = this.#seqs.length;
    const each = slots / 2 ** bits;
    const first = Math.floor(part * each);
    const home = Math.ceil(each);
    // Entries are placed at their home or behind it, without a gap.
    for (let passed = 0; passed < slots; passed += 1) {
      const slot = (first + passed) & (slots - 1);
      const seq = this.#seqs[slot] as number;
      if (seq === 0 && passed >= home) break;
      const high = this.#highs[slot] as number;
      if (seq !== 0 && partOf(high, bits) === part) entries.push(high, this.#lows[slot] as number, seq);
    }
    return entries;
  }

  #place(high: number, low: number, seq: number): void {
    const mask = this.#seqs.length - 1;
    const home = high >>> this.#shift;
    let slot = home;
    while (this.#seqs[slot] !== 0) slot = (slot + 1) & mask;
    if (((slot - home) & mask) > PROBE_MAX) this.#crowded = true;
    this.#highs[slot] = high;
    this.#lows[slot] = low;
    this.#seqs[slot] = seq;
    this.#size += 1;
  }

  #grow(): void {
    const highs = this.#highs;
    const lows = this.#lows;
    const seqs = this.#seqs;
    const slots = seqs.length * 2;
    this.#highs = new Int32Array(slots);
    this.#lows = new Int32Array(slots);
    this.#seqs = new Uint32Array(slots);
    this.#shift -= 1;
    this.#size = 0;
    for (let slot = 0; slot < seqs.length; slot += 1) {
      const seq = seqs[slot] as number;
      if (seq !== 0) this.#place(highs[slot] as number, lows[slot] as number, seq);
    }
  }
}

/** The first `bits` bits of a hash. */
export const partOf = (high: number, bits: number): number => (bits === 0 ? 0 : high >>> (32 - bits));
