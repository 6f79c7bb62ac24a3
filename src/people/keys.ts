/**
 * The keys that what is personal is sealed under, one a person, so that to forget
 * somebody is to overwrite 32 bytes: whatever was sealed under them, wherever a
 * copy of it stands, is noise then.
 *
 * SQLite gives no promise to overwrite what a statement changes: rows of a page
 * are copied when its tree grows, and what they leave behind stays in the file.
 * Only the overflow of a row stays where it is, and a row that keeps its size is
 * overwritten in place. So many keys stand in one row of a fixed size, behind a
 * lead-in that fills its part in the tree; the lead-in has nothing secret.
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { BoundedMap } from "../bounded-map.ts";
import { bitsApart, tellMended } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import { SEAL_KEY_BYTES } from "./seal.ts";

/** More of a row than its tree ever holds; a page of the platform's files has as many. */
const LEAD_BYTES = 4_096;

/** Keys in a row. */
export const ROW_KEYS = 128;

const ROW_BYTES = LEAD_BYTES + ROW_KEYS * SEAL_KEY_BYTES;

/** Keys marked as given at once: a start gives none of these again, and few rows are written. */
const GIVEN_STEP = 8;

/**
 * Where rows began to get lost, nobody knows which keys were given: the next row has a random number
 * from the first of these on, which no shard ever comes to, up to the second.
 */
const FAR_ROWS = [2 ** 20, 2 ** 40] as const;

/** Rows kept in memory: keys of some 16,000 persons, 1 MB. */
const ROWS_IN_MEMORY = 128;

const SCHEMA = `CREATE TABLE IF NOT EXISTS person_key (
  id INTEGER PRIMARY KEY, -- from 0; it has the keys from id * ${ROW_KEYS} on
  keys BLOB NOT NULL,     -- lead-in (its first byte: how many keys are given), then the keys; zeros: deleted
  sum TEXT NOT NULL       -- of the keys
)`;

interface KeyRow extends Record<string, SqlStorageValue> {
  id: number;
  keys: ArrayBuffer;
  sum: SqlStorageValue;
}

/** As bytes, whatever type a flipped bit made of them. */
const rowsOf = (sql: Sql, table: string, condition: string, ...bindings: SqlStorageValue[]): KeyRow[] =>
  sql
    .exec<KeyRow>(`SELECT id, CAST(keys AS BLOB) AS keys, sum FROM ${table} ${condition}`, ...bindings)
    .toArray();

/**
 * Keys of a table whose tree is broken, as far as they can be read. There they stay as they are: to write to such
 * a table fails by some faults, and a statement that fails so ends the transaction.
 */
export class SalvagedKeys {
  readonly #sql: Sql;
  readonly #table: string;

  constructor(sql: Sql, table: string) {
    this.#sql = sql;
    this.#table = table;
  }

  /** Numbers and bytes of the rows behind `after`. */
  read(after: number, limit: number): { first: number; row: KeyRow }[] {
    return rowsOf(this.#sql, this.#table, "WHERE id > ? ORDER BY id LIMIT ?", after, limit).map((row) => ({
      first: row.id,
      row,
    }));
  }

  isIntact({ keys, sum }: KeyRow): boolean {
    return isRow(keys) && sumOf(new Uint8Array(keys)) === sum;
  }

  /** Puts them into the new table, whose next key is none that was ever given. */
  into(sql: Sql, rows: readonly KeyRow[]): void {
    sql.exec(SCHEMA);
    for (const { id, keys, sum } of rows) {
      if (isRow(keys) && typeof sum === "string") {
        sql.exec("INSERT OR IGNORE INTO person_key (id, keys, sum) VALUES (?, ?, ?)", id, keys, sum);
      }
    }
    const row = newRow();
    sql.exec("INSERT INTO person_key (id, keys, sum) VALUES (?, ?, ?)", farRow(), row.buffer, sumOf(row));
  }
}

export class PersonKeys {
  /** There were none when this began: an earlier engine may have left what is personal in clear. */
  readonly isNew: boolean;
  readonly #sql: Sql;
  /** Something is sealed already: then a table without rows has lost them. */
  readonly #isUsed: () => boolean;
  readonly #rows = new BoundedMap<number, Uint8Array>(ROWS_IN_MEMORY);
  /** Where the next key to give stands. */
  #next: number | undefined;

  constructor(sql: Sql, isUsed: () => boolean = () => false) {
    this.#sql = sql;
    this.#isUsed = isUsed;
    const [known] = sql
      .exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'person_key'")
      .toArray();
    this.isNew = known === undefined;
    sql.exec(SCHEMA);
  }

  /** Gives a key that nobody has: where it stands. */
  give(): number {
    let slot = this.#next ?? this.#firstFree();
    // A row that is lost gives none any more.
    if (slot % ROW_KEYS > 0 && !this.#row(Math.floor(slot / ROW_KEYS))) slot += ROW_KEYS - (slot % ROW_KEYS);
    const id = Math.floor(slot / ROW_KEYS);
    const place = slot % ROW_KEYS;
    const row = place === 0 ? this.#makeRow(id) : this.#row(id);
    if (row && place >= (row[0] as number)) {
      row[0] = place + GIVEN_STEP;
      this.#store(id, row);
    }
    this.#next = slot + 1;
    return slot;
  }

  /** The key; `deleted`: it was; undefined: its row is lost. */
  at(slot: number): Uint8Array | "deleted" | undefined {
    const row = this.#row(Math.floor(slot / ROW_KEYS));
    if (!row) return undefined;
    const from = LEAD_BYTES + (slot % ROW_KEYS) * SEAL_KEY_BYTES;
    const key = row.subarray(from, from + SEAL_KEY_BYTES);
    return key.every((byte) => byte === 0) ? "deleted" : key;
  }

  /** Overwrites the keys; whoever had them is forgotten when the transaction is durable. */
  delete(slots: readonly number[]): void {
    for (const [id, own] of Map.groupBy(slots, (slot) => Math.floor(slot / ROW_KEYS))) {
      const row = this.#row(id);
      if (!row) continue;
      for (const slot of own) {
        const from = LEAD_BYTES + (slot % ROW_KEYS) * SEAL_KEY_BYTES;
        row.fill(0, from, from + SEAL_KEY_BYTES);
      }
      this.#store(id, row);
    }
  }

  /** Overwrites all keys that were given but these. */
  keepOnly(slots: ReadonlySet<number>): void {
    // Those behind are not given yet, or given by nobody any more.
    const end = this.#next ?? this.#firstFree();
    const ids = this.#sql.exec<{ id: number }>("SELECT id FROM person_key ORDER BY id").toArray();
    const strays: number[] = [];
    for (const { id } of ids) {
      for (let slot = id * ROW_KEYS; slot < Math.min(end, (id + 1) * ROW_KEYS); slot += 1) {
        if (!slots.has(slot) && typeof this.at(slot) === "object") strays.push(slot);
      }
    }
    this.delete(strays);
  }

  /** Puts a new key in the place of one: what was sealed under that is noise. */
  renew(slot: number): Uint8Array {
    const id = Math.floor(slot / ROW_KEYS);
    const row = this.#row(id) ?? this.#makeRow(id);
    const from = LEAD_BYTES + (slot % ROW_KEYS) * SEAL_KEY_BYTES;
    row.set(randomBytes(SEAL_KEY_BYTES), from);
    this.#store(id, row);
    return row.subarray(from, from + SEAL_KEY_BYTES);
  }

  #firstFree(): number {
    const [last] = this.#sql.exec<{ id: number | null }>("SELECT max(id) AS id FROM person_key").toArray();
    if (typeof last?.id !== "number") return this.#isUsed() ? farRow() * ROW_KEYS : 0;
    return last.id * ROW_KEYS + (this.#row(last.id)?.[0] ?? ROW_KEYS);
  }

  #makeRow(id: number): Uint8Array {
    const row = newRow();
    // A row of this number may be there, and be none.
    this.#sql.exec(
      "INSERT OR REPLACE INTO person_key (id, keys, sum) VALUES (?, ?, ?)",
      id,
      row.buffer,
      sumOf(row),
    );
    return this.#rows.set(id, row);
  }

  /** In place: the row keeps its size. */
  #store(id: number, row: Uint8Array): void {
    this.#sql.exec("UPDATE person_key SET keys = ?, sum = ? WHERE id = ?", row.buffer, sumOf(row), id);
    this.#rows.set(id, row);
  }

  #row(id: number): Uint8Array | undefined {
    const known = this.#rows.get(id);
    if (known) return known;
    const [stored] = rowsOf(this.#sql, "person_key", "WHERE id = ?", id);
    if (!stored || !isRow(stored.keys)) return undefined;
    const row = new Uint8Array(stored.keys);
    if (sumOf(row) !== stored.sum) {
      // Else each start would look for the bit again.
      if (putRight(row, stored.sum)) this.#store(id, row);
      else console.error({ message: "keys of persons are not as they were written" });
    }
    return this.#rows.set(id, row);
  }
}

const isRow = (keys: unknown): keys is ArrayBuffer =>
  keys instanceof ArrayBuffer && keys.byteLength === ROW_BYTES;

function newRow(): Uint8Array<ArrayBuffer> {
  const row = new Uint8Array(ROW_BYTES);
  row.set(randomBytes(ROW_KEYS * SEAL_KEY_BYTES), LEAD_BYTES);
  row[0] = GIVEN_STEP;
  return row;
}

const farRow = (): number => randomInt(...FAR_ROWS);

const sumOf = (row: Uint8Array): string =>
  createHash("sha256").update(row.subarray(0, 1)).update(row.subarray(LEAD_BYTES)).digest("base64url");

/**
 * Finds the one flipped bit, in the keys or in their sum; false: more is wrong. Then the keys stay as they are:
 * those that are wrong open nothing, which is told of what they sealed.
 */
function putRight(row: Uint8Array, sum: SqlStorageValue): boolean {
  if (typeof sum !== "string") return false;
  const isMended = bitsApart(sumOf(row), sum) <= 1 || hasFlippedBack(row, sum);
  if (isMended) tellMended("keys of persons");
  return isMended;
}

function hasFlippedBack(row: Uint8Array, sum: string): boolean {
  for (let index = 0; index < row.length; index = Math.max(index + 1, LEAD_BYTES)) {
    for (let bit = 1; bit < 256; bit *= 2) {
      row[index] = (row[index] as number) ^ bit;
      if (sumOf(row) === sum) return true;
      row[index] = (row[index] as number) ^ bit;
    }
  }
  return false;
}
