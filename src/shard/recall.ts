/**
 * Which event ids were used, and by which fact: for the life of the hunt, at a
 * bounded memory. The outcome itself is in the log, so an id is twelve bytes: a
 * keyed hash of 64 bits and the fact's seq. A hash only points: the caller
 * reads the fact and compares the id itself.
 *
 * New ids are in one table in memory. When it is full, a new one takes its
 * place, and the old one becomes a run on disk (recall-runs.ts) in slices, a few
 * rows a commit.
 */
import type { Sql } from "../lazy-sql.ts";
import { RecallRuns } from "./recall-runs.ts";
import { RecallTable } from "./recall-table.ts";
import { SipHash } from "./sip-hash.ts";

/** Ids of one table: 6 MB with its empty slots, and there may be two. */
const TABLE_IDS = 1 << 18;

/** Bytes of all filters: enough for eight million ids before they begin to err more. */
const FILTER_BYTES = 16 << 20;

/** Slices of work in the time in which a table fills. */
const SLICES_PER_TABLE = 512;

/** Slices of merging at once while the index is made again: some 30 ms. */
const SETTLE_SLICES = 64;

/**
 * Facts read for one id at most. Two ids with one keyed hash are not to be
 * expected; so many are refused.
 */
export const ALIKE_MAX = 8;

const NONE: readonly number[] = [];

/** Numbers of an entry in a checkpoint: both halves of the hash, and the seq. */
const NUMBERS = 3;

/** Smaller in tests. */
export interface RecallLimits {
  tableIds?: number;
  filterBytes?: number;
  /** Facts whose ids a start reads from the log at once; more are read in slices. */
  idsAtOnce?: number;
}

/** A table that is becoming a run. */
interface Writing {
  table: RecallTable;
  run: ReturnType<RecallRuns["begin"]>;
  /** Parts that are written. */
  done: number;
  /** The last fact whose id is in it. */
  upto: number;
}

export class RecallIndex {
  readonly #runs: RecallRuns;
  readonly #hash: SipHash;
  readonly #tableIds: number;
  readonly #perSlice: number;
  #table = new RecallTable();
  #writing: Writing | undefined;
  #last: string | undefined;
  readonly #found: number[] = [];
  #head: number;
  #credit = 0;

  /** `head`: of the log. */
  constructor(sql: Sql, head: number, limits: RecallLimits = {}) {
    const { tableIds = TABLE_IDS, filterBytes = FILTER_BYTES } = limits;
    this.#runs = new RecallRuns(sql, filterBytes, head);
    this.#hash = new SipHash(this.#runs.key);
    this.#tableIds = tableIds;
    this.#perSlice = Math.max(1, Math.floor(tableIds / SLICES_PER_TABLE));
    this.#head = head;
  }

  /** Facts up to this seq have their ids on disk. */
  get covered(): number {
    return this.#runs.covered;
  }

  /** Whether the key of the hash is new, so that nothing stored before can be read. */
  get isNew(): boolean {
    return this.#runs.isNew;
  }

  /** The next start makes the index again from the log. */
  forget(): void {
    this.#runs.forget();
  }

  /** Bytes in memory, about: tables and filters. */
  get bytes(): number {
    return this.#table.bytes + (this.#writing?.table.bytes ?? 0) + this.#runs.bytes;
  }

  /** Runs on disk. */
  get runs(): number {
    return this.#runs.count;
  }

  /** `entries`: also gets the entry, for `pack`. */
  add(key: string, seq: number, entries?: number[]): void {
    const { high, low } = this.#hashed(key);
    this.#table.add(high, low, seq);
    entries?.push(high, low, seq);
  }

  /** The seqs of facts whose key may be `key`, the newest tables first: nearly always none or one, never more than ALIKE_MAX and one. */
  find(key: string): readonly number[] {
    const { high, low } = this.#hashed(key);
    const found = this.#found;
    found.length = 0;
    this.#table.find(high, low, found, ALIKE_MAX + 1);
    this.#writing?.table.find(high, low, found, ALIKE_MAX + 1);
    this.#runs.find(high, low, found, ALIKE_MAX + 1);
    return found.length === 0 ? NONE : found.slice();
  }

  /** An event asks for its id, and adds it then: it is hashed once. */
  #hashed(key: string): SipHash {
    if (this.#last !== key) {
      this.#hash.hash(key);
      this.#last = key;
    }
    return this.#hash;
  }

  /** Entries for a checkpoint row; `load` reads them back. Stores the key with them. */
  pack(entries: readonly number[]): ArrayBuffer {
    if (this.#runs.isNew) this.#runs.save();
    return Int32Array.from(entries).buffer;
  }

  load(packed: ArrayBuffer): void {
    const values = new Int32Array(packed);
    for (let index = 0; index + 2 < values.length; index += NUMBERS) {
      const seq = (values[index + 2] as number) >>> 0;
      if (seq > this.covered) this.#table.add(values[index] as number, values[index + 1] as number, seq);
    }
  }

  /**
   * Runs inside every commit, when all facts up to `head` are in the log and
   * their ids here: does as much of the work on disk as the new facts are worth.
   * Returns whether `covered` rose.
   */
  advance(head: number): boolean {
    const before = this.covered;
    this.#credit += head - this.#head;
    this.#head = head;
    if (this.#table.size >= this.#tableIds || this.#table.isCrowded) this.#replaceTable(head);
    while (this.#credit >= this.#perSlice) {
      this.#credit -= this.#perSlice;
      if (this.#writing) this.#writePart(this.#writing);
      else if (this.#runs.isBusy) this.#runs.slice();
      else this.#credit = 0;
    }
    return this.covered > before;
  }

  /** While the index is made again from the log, up to `head` so far: full tables go to disk at once. `all`: the last one too. */
  settle(head: number, all: boolean): void {
    this.#head = head;
    if (this.#table.size >= this.#tableIds || (all && this.#table.size > 0)) {
      this.#replaceTable(head);
      this.#writeRest();
    }
    // The rest is done beside play.
    for (let slice = 0; slice < SETTLE_SLICES && this.#runs.isBusy; slice += 1) this.#runs.slice();
  }

  #replaceTable(head: number): void {
    this.#writeRest();
    const table = this.#table;
    this.#table = new RecallTable();
    this.#writing = { table, run: this.#runs.begin(table.size), done: 0, upto: head };
    // After many restarts it may hold far more than is meant for one.
    if (table.size >= 2 * this.#tableIds) this.#writeRest();
  }

  #writeRest(): void {
    while (this.#writing) this.#writePart(this.#writing);
  }

  #writePart(writing: Writing): void {
    const { table, run } = writing;
    this.#runs.write(run, writing.done, table.part(writing.done, run.bits));
    writing.done += 1;
    if (writing.done < 2 ** run.bits) return;
    this.#writing = undefined;
    this.#runs.finish(run, writing.upto);
  }
}
