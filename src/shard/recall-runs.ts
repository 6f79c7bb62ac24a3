/**
 * Used ids on disk: runs of entries that no longer change, cut by the first bits
 * of their hash into parts, a row each. A filter in memory says which runs may
 * have an id, so that a look-up reads a row of the right run and seldom another.
 * Four runs of a size become one of four times the size, in slices, so that
 * there are few runs however many ids there are.
 */
import { type Checksums, checksumOf, Damaged, tellDropped, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import { assertKnownForm } from "../stored-form.ts";
import { RecallFilter } from "./recall-filter.ts";
import { partOf } from "./recall-table.ts";

/** Of `recall_state`. */
const STATE_FORM = 1;

/** Runs of one level that become one of the next. */
const FAN = 4;
const FAN_BITS = 2;

/** Entries of a part, about: a row of 24 KB. */
const PART_BITS = 11;

/** Bytes of a filter in one row. */
const FILTER_PART = 1 << 20;

/** Rows of merged runs that are deleted at a time. */
const DELETED_AT_ONCE = 8;

const NUMBERS = 3;

const RUN_SCHEMA = `CREATE TABLE IF NOT EXISTS recall_run (
  run INTEGER NOT NULL,
  part INTEGER NOT NULL, -- first bits of the hashes; below 0: the filter
  body BLOB NOT NULL,    -- the low halves of all entries' hashes, then the high halves, then the seqs
  sum TEXT NOT NULL DEFAULT '-', -- of the others
  PRIMARY KEY (run, part)
) WITHOUT ROWID`;

const STATE_SCHEMA = `CREATE TABLE IF NOT EXISTS recall_state (
  id INTEGER PRIMARY KEY, -- always 1
  key BLOB NOT NULL,      -- of the hash; it never leaves this table
  body TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of the others
)`;

/** What is stored of a run. */
interface StoredRun {
  run: number;
  level: number;
  /** Parts are 2 to the power of it. */
  bits: number;
  ids: number;
}

interface StoredState {
  v: number;
  /** Facts up to this seq have their ids in the runs. */
  covered: number;
  next: number;
  runs: StoredRun[];
}

export interface Run extends StoredRun {
  filter: RecallFilter;
}

/** The run that four others are becoming. */
interface Merge {
  from: Run[];
  into: Run;
  /** Parts of `from` that are in `into`. */
  done: number;
}

/** Entries of a part, on the average, beyond which none is empty. */
const EMPTY_BELOW = 64;

const INDEX = "the index of used ids";

interface BodyRow extends Record<string, SqlStorageValue> {
  part: number;
  sum: string | null;
  body: ArrayBuffer;
}

export class RecallRuns {
  readonly #sql: Sql;
  readonly #ofRuns: Checksums;
  readonly #ofState: Checksums;
  readonly #filterBytes: number;
  readonly key: Uint8Array;
  #isNew: boolean;
  #covered = 0;
  #next = 1;
  /** The oldest first. */
  #runs: Run[] = [];
  #merge: Merge | undefined;
  /** Runs whose rows are still to be deleted. */
  #gone: number[] = [];

  /** `filterBytes`: what all filters may take. `head`: of the log; a state beyond it is of another one. */
  constructor(sql: Sql, filterBytes: number, head: number) {
    this.#sql = sql;
    this.#filterBytes = filterBytes;
    this.#ofRuns = withChecksums(sql, "recall_run", RUN_SCHEMA);
    this.#ofState = withChecksums(sql, "recall_state", STATE_SCHEMA);
    const row = this.#readState();
    this.#isNew = row === undefined;
    const state = row && (JSON.parse(row.body) as StoredState);
    if (state) assertKnownForm("the index of used ids", state, STATE_FORM);

    if (state && state.covered <= head) {
      this.#covered = state.covered;
      this.#next = state.next;
      for (const stored of state.runs) {
        const filter = this.#readFilter(stored.run);
        if (!filter) {
          // Without it nobody knows the run's ids: all are read from the log again, under a new key.
          tellDropped(INDEX);
          this.#runs = [];
          this.#covered = 0;
          this.#isNew = true;
          break;
        }
        this.#runs.push({ ...stored, filter });
        this.#fit();
      }
    }
    this.key = row && !this.#isNew ? new Uint8Array(row.key) : crypto.getRandomValues(new Uint8Array(16));
    this.#gone = this.#strays();
    this.#next = Math.max(this.#next, ...this.#gone.map((run) => run + 1));
  }

  #readState(): { key: ArrayBuffer; body: string } | undefined {
    const [row] = this.#sql
      .exec<{ key: ArrayBuffer; body: string; sum: string | null }>(
        "SELECT key, body, sum FROM recall_state WHERE id = 1",
      )
      .toArray();
    if (!row || this.#ofState.isIntactBlob(row.sum, row.body, row.key)) return row;
    tellDropped(INDEX);
    return undefined;
  }

  /** Facts up to this seq have their ids here. */
  get covered(): number {
    return this.#covered;
  }

  get count(): number {
    return this.#runs.length;
  }

  /** Whether the key is not stored yet: `save` stores it. */
  get isNew(): boolean {
    return this.#isNew;
  }

  get bytes(): number {
    return this.#runs.reduce((sum, { filter }) => sum + filter.bytes, this.#merge?.into.filter.bytes ?? 0);
  }

  /** Adds the seqs under the hash to `found`, up to `max` of them in all. One row read for a run at most. */
  find(high: number, low: number, found: number[], max: number): void {
    for (let index = this.#runs.length - 1; index >= 0; index -= 1) {
      const run = this.#runs[index] as Run;
      if (run.filter.mayHave(high, low)) this.#look(run, high, low, found, max);
    }
  }

  #look({ run, bits, ids }: Run, high: number, low: number, found: number[], max: number): void {
    const entries = this.#read(run, partOf(high, bits));
    // So large a part is never empty.
    if (entries.length === 0 && ids > EMPTY_BELOW * 2 ** bits) throw new Damaged(INDEX);
    const count = entries.length / NUMBERS;
    const lows = entries.subarray(0, count);
    for (let at = lows.indexOf(low); at >= 0; at = lows.indexOf(low, at + 1)) {
      if (entries[count + at] !== high || found.length >= max) continue;
      found.push((entries[2 * count + at] as number) >>> 0);
    }
  }

  #read(run: number, part: number): Int32Array {
    const row = this.#sql
      .exec<BodyRow>("SELECT part, body, sum FROM recall_run WHERE run = ? AND part = ?", run, part)
      .toArray()[0];
    if (!row) return EMPTY;
    if (!this.#ofRuns.isIntactBlob(row.sum, run, part, row.body)) throw new Damaged(INDEX);
    return new Int32Array(row.body);
  }

  #write(run: number, part: number, body: ArrayBuffer): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO recall_run (run, part, body, sum) VALUES (?, ?, ?, ?)",
      run,
      part,
      body,
      checksumOf(run, part, body),
    );
  }

  /** A run to write `ids` entries into, part by part; `finish` adds it. */
  begin(ids: number, level = 0): Run {
    const bits = Math.max(0, Math.round(Math.log2(ids)) - PART_BITS);
    // Half of the room at most, so that folding the others makes room enough.
    const run: Run = {
      run: this.#next,
      level,
      bits,
      ids,
      filter: RecallFilter.of(ids, this.#filterBytes / 2),
    };
    this.#next += 1;
    return run;
  }

  /** Writes one part of a run. `entries`: high, low and seq of each. */
  write({ run, filter }: Run, part: number, entries: readonly number[]): void {
    const count = entries.length / NUMBERS;
    if (count === 0) return;
    const body = new Int32Array(entries.length);
    for (let index = 0; index < count; index += 1) {
      const high = entries[index * NUMBERS] as number;
      const low = entries[index * NUMBERS + 1] as number;
      body[index] = low;
      body[count + index] = high;
      body[2 * count + index] = entries[index * NUMBERS + 2] as number;
      filter.add(high, low);
    }
    this.#write(run, part, body.buffer);
  }

  /** The run is whole: with it, the runs hold all ids of facts up to `covered`. */
  finish(run: Run, covered: number): void {
    this.#writeFilter(run);
    this.#runs.push(run);
    this.#covered = covered;
    this.#fit();
    this.save();
  }

  /** One slice of merging, or of deleting what was merged: about a dozen rows. */
  slice(): void {
    if (this.#deleteSome()) return;
    if (!this.#merge) {
      this.#merge = this.#nextMerge();
      this.#fit();
    }
    const merge = this.#merge;
    if (!merge) return;
    const { from, into } = merge;
    const parts: number[][] = Array.from({ length: 2 ** FAN_BITS }, () => []);
    // All parts of `into` that begin with this part's bits.
    const bits = (from[0] as Run).bits;
    for (const { run } of from) {
      const entries = this.#read(run, merge.done);
      const count = entries.length / NUMBERS;
      for (let index = 0; index < count; index += 1) {
        const high = entries[count + index] as number;
        const part = partOf(high, into.bits) - merge.done * 2 ** (into.bits - bits);
        (parts[part] as number[]).push(high, entries[index] as number, entries[2 * count + index] as number);
      }
    }
    for (const [part, entries] of parts.entries()) {
      this.write(into, merge.done * 2 ** (into.bits - bits) + part, entries);
    }
    merge.done += 1;
    if (merge.done < 2 ** bits) return;
    this.#merge = undefined;
    this.#writeFilter(into);
    // In the place of the oldest, because the order is that of age.
    const at = this.#runs.indexOf(from[0] as Run);
    this.#runs = this.#runs.filter((run) => !from.includes(run));
    this.#runs.splice(at, 0, into);
    this.#gone.push(...from.map(({ run }) => run));
    this.#fit();
    this.save();
  }

  /** Whether a slice has something to do. */
  get isBusy(): boolean {
    return this.#gone.length > 0 || this.#merge !== undefined || this.#mergeable() !== undefined;
  }

  /** Four runs of one level. */
  #mergeable(): Run[] | undefined {
    const levels = new Set(this.#runs.map(({ level }) => level));
    for (const level of levels) {
      const own = this.#runs.filter((run) => run.level === level);
      if (own.length >= FAN) return own.slice(0, FAN);
    }
    return undefined;
  }

  #nextMerge(): Merge | undefined {
    const found = this.#mergeable();
    if (!found) return undefined;
    // Runs of one level may differ in size: those with fewer parts are cut into as many as the largest has.
    const bits = Math.max(...found.map((run) => run.bits));
    const from = found.map((run) => (run.bits === bits ? run : this.#recut(run, bits)));
    const ids = from.reduce((sum, run) => sum + run.ids, 0);
    const into = { ...this.begin(ids, (from[0] as Run).level + 1), bits: bits + FAN_BITS };
    return { from, into, done: 0 };
  }

  /** The run cut into more parts: only a run begun early, or after a restart, is smaller than its level's others. */
  #recut(run: Run, bits: number): Run {
    const cut: Run = { ...run, run: this.#next, bits };
    this.#next += 1;
    for (let part = 0; part < 2 ** run.bits; part += 1) {
      const entries = this.#read(run.run, part);
      const count = entries.length / NUMBERS;
      const parts = new Map<number, number[]>();
      for (let index = 0; index < count; index += 1) {
        const high = entries[count + index] as number;
        const own = partOf(high, bits);
        const list = parts.get(own) ?? [];
        list.push(high, entries[index] as number, entries[2 * count + index] as number);
        parts.set(own, list);
      }
      for (const [own, list] of parts) this.write(cut, own, list);
    }
    this.#writeFilter(cut);
    this.#runs[this.#runs.indexOf(run)] = cut;
    this.#gone.push(run.run);
    this.save();
    return cut;
  }

  #deleteSome(): boolean {
    const [run] = this.#gone;
    if (run === undefined) return false;
    const deleted = this.#sql
      .exec<{ part: number }>(
        "SELECT part FROM recall_run WHERE run = ? ORDER BY part LIMIT ?",
        run,
        DELETED_AT_ONCE,
      )
      .toArray();
    const last = deleted.at(-1);
    if (last) this.#sql.exec("DELETE FROM recall_run WHERE run = ? AND part <= ?", run, last.part);
    if (deleted.length < DELETED_AT_ONCE) this.#gone.shift();
    return true;
  }

  /** Runs that the state does not name: begun and not finished, or merged and not yet deleted. */
  #strays(): number[] {
    const known = new Set(this.#runs.map(({ run }) => run));
    const strays: number[] = [];
    for (let after = -1; ; ) {
      const next = this.#sql
        .exec<{ run: number }>("SELECT run FROM recall_run WHERE run > ? ORDER BY run LIMIT 1", after)
        .toArray()[0];
      if (!next) return strays;
      const { run } = next;
      if (!known.has(run)) strays.push(run);
      after = run;
    }
  }

  /** Folds the largest filters until all fit. */
  #fit(): void {
    while (this.bytes > this.#filterBytes && this.#runs.length > 0) {
      const largest = this.#runs.reduce((a, b) => (b.filter.bytes > a.filter.bytes ? b : a));
      const before = largest.filter.bytes;
      largest.filter.fold();
      if (largest.filter.bytes === before) return;
    }
  }

  #writeFilter({ run, filter }: Run): void {
    const { buffer } = filter.words;
    for (let from = 0, part = -1; from < buffer.byteLength; from += FILTER_PART, part -= 1) {
      this.#write(run, part, buffer.slice(from, from + FILTER_PART));
    }
  }

  /** Undefined: it is not as it was written. */
  #readFilter(run: number): RecallFilter | undefined {
    const rows = this.#sql
      .exec<BodyRow>(
        "SELECT part, body, sum FROM recall_run WHERE run = ? AND part < 0 ORDER BY part DESC",
        run,
      )
      .toArray();
    const isWhole = rows.every(
      ({ part, body, sum }, index) => part === -1 - index && this.#ofRuns.isIntactBlob(sum, run, part, body),
    );
    if (!isWhole || rows.length === 0) return undefined;
    const words = new Uint32Array(rows.reduce((sum, { body }) => sum + body.byteLength, 0) / 4);
    let at = 0;
    for (const { body } of rows) {
      words.set(new Uint32Array(body), at);
      at += body.byteLength / 4;
    }
    return new RecallFilter(words);
  }

  /** Leaves nothing on disk that a start could take for the index; `save` makes it an index again. */
  forget(): void {
    this.#sql.exec("DELETE FROM recall_state");
  }

  /** Makes the key and the list of runs durable with the commit. */
  save(): void {
    this.#isNew = false;
    const state: StoredState = {
      v: STATE_FORM,
      covered: this.#covered,
      next: this.#next,
      runs: this.#runs.map(({ run, level, bits, ids }) => ({ run, level, bits, ids })),
    };
    const body = JSON.stringify(state);
    this.#sql.exec(
      `INSERT INTO recall_state (id, key, body, sum) VALUES (1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET key = excluded.key, body = excluded.body, sum = excluded.sum`,
      this.key,
      body,
      checksumOf(body, this.key),
    );
  }
}

const EMPTY = new Int32Array(0);
