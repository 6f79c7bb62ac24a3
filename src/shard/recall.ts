/**
 * Which event ids were used, and by which fact. The outcome itself is in the
 * log, so an id costs twelve bytes: a 53-bit hash and the fact's seq. A hash
 * only points: the caller reads the fact and compares the id itself.
 */
import { hash53 } from "../hash.ts";

/**
 * Ids remembered at most; the oldest half is dropped beyond it, joinings never.
 * The table is then 25 MB, and about 60 MB for the moment of dropping; the
 * next larger one would not fit beside the teams.
 */
const REMEMBERED_MAX = 1_400_000;

/** Added to the seq of an entry that is never dropped; a shard's log stays far below it. */
const KEPT = 2 ** 31;

/** Load factor at which the table doubles. */
const LOAD_MAX = 0.7;

const NONE: readonly number[] = [];

/** Bytes of one entry in a checkpoint: hash and seq as doubles. */
const ENTRY_BYTES = 16;

export class RecallIndex {
  #hashes = new Float64Array(1 << 12);
  #seqs = new Uint32Array(1 << 12);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `keep`: the entry is not dropped when the index is full. `entries`: also gets the entry, for `pack`. */
  add(key: string, seq: number, keep = false, entries?: number[]): void {
    const hash = hash53(key);
    const stored = keep ? seq + KEPT : seq;
    this.#insert(hash, stored);
    entries?.push(hash, stored);
  }

  /** The seqs of facts whose key may be `key`; nearly always none or one. */
  find(key: string): readonly number[] {
    const hash = hash53(key);
    const mask = this.#hashes.length - 1;
    let found: readonly number[] = NONE;
    for (let slot = hash % this.#hashes.length; this.#hashes[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#hashes[slot] === hash) found = [...found, (this.#seqs[slot] ?? 0) % KEPT];
    }
    return found;
  }

  /** Entries for a checkpoint row; `load` reads them back. */
  static pack(entries: readonly number[]): ArrayBuffer {
    return Float64Array.from(entries).buffer;
  }

  load(packed: ArrayBuffer): void {
    const values = new Float64Array(packed, 0, Math.floor(packed.byteLength / ENTRY_BYTES) * 2);
    for (let index = 0; index < values.length; index += 2) {
      this.#insert(values[index] ?? 0, values[index + 1] ?? 0);
    }
  }

  #insert(hash: number, seq: number): void {
    if (this.#size >= REMEMBERED_MAX) this.#dropOldestHalf();
    if (this.#size + 1 > this.#hashes.length * LOAD_MAX) this.#resize(this.#hashes.length * 2, 0);
    this.#place(hash, seq);
  }

  #place(hash: number, seq: number): void {
    const mask = this.#hashes.length - 1;
    let slot = hash % this.#hashes.length;
    while (this.#hashes[slot] !== 0) slot = (slot + 1) & mask;
    this.#hashes[slot] = hash;
    this.#seqs[slot] = seq;
    this.#size += 1;
  }

  #dropOldestHalf(): void {
    const seqs = this.#seqs.filter((seq) => seq > 0 && seq < KEPT).sort();
    this.#resize(this.#hashes.length, seqs[seqs.length >> 1] ?? 0);
  }

  #resize(capacity: number, fromSeq: number): void {
    const hashes = this.#hashes;
    const seqs = this.#seqs;
    this.#hashes = new Float64Array(capacity);
    this.#seqs = new Uint32Array(capacity);
    this.#size = 0;
    for (let slot = 0; slot < hashes.length; slot += 1) {
      const hash = hashes[slot] ?? 0;
      const seq = seqs[slot] ?? 0;
      if (hash !== 0 && seq >= fromSeq) this.#place(hash, seq);
    }
  }
}
