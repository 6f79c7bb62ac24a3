/** The rows of the log as they are stored, a segment each: no check, and nothing that follows from them. */
import type { Sql } from "../lazy-sql.ts";
import type { Range } from "../protocol.ts";
import { NO_HASH } from "./chain.ts";
import type { Segment } from "./ship.ts";

/** A segment with what is kept beside it. */
export interface StoredSegment extends Segment {
  /** By seq what is personal of its facts, sealed (`Beside`), as JSON; null: nothing. */
  persons: string | null;
}

export interface SegmentRow extends StoredSegment, Record<string, SqlStorageValue> {
  hash: string;
}

/**
 * Form 2 of a segment: its facts as JSON, which say by their type what they
 * are, without what tells who somebody is; that stands beside them in the same
 * row, because it can be deleted. Types and optional fields may be added; another
 * form of the body gets a table of its own, so that no reader takes one for the
 * other. `segment` has form 1, which a start makes into this one (rewrite-log.ts).
 */
const SCHEMA = `CREATE TABLE IF NOT EXISTS chained (
  first INTEGER PRIMARY KEY, -- seq of the first fact
  last INTEGER NOT NULL,     -- seq of the last fact
  body TEXT NOT NULL,        -- the facts as JSON, separated by commas
  persons TEXT,              -- by seq what is personal of a fact, sealed, as JSON; null: nothing
  hash TEXT NOT NULL         -- of the body and of the hash before it (chain.ts)
)`;

/** Facts in a row at most: each has dozens of bytes. */
const FACTS_IN_ROW_MAX = 10_000;

/**
 * Rows read at a time: a cursor must not stay open across other statements. Pages grow
 * from the first to the last of these, because most readers stop early.
 */
export const PAGE = { first: 2, last: 64 };

/** What is personal in clear has both; one may have a flipped bit. */
const IN_CLEAR = `(persons LIKE '%"salt"%' OR persons LIKE '%"player"%')`;

/** Characters that hold the number and the time of a fact. */
const BEGINNING = 64;

export class SegmentRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  insert({ first, last, body, persons, hash }: SegmentRow): void {
    this.#sql.exec(
      "INSERT INTO chained (first, last, body, persons, hash) VALUES (?, ?, ?, ?, ?)",
      first,
      last,
      body,
      persons,
      hash,
    );
  }

  /** Puts the row in the place of the one that is stored under `at`, and of its own. */
  replace(at: number, { first, last, body, persons, hash }: SegmentRow): void {
    if (at !== first) this.#sql.exec("DELETE FROM chained WHERE first = ?", at);
    this.#sql.exec(
      "INSERT OR REPLACE INTO chained (first, last, body, persons, hash) VALUES (?, ?, ?, ?, ?)",
      first,
      last,
      body,
      persons,
      hash,
    );
  }

  setHash(first: number, hash: string): void {
    this.#sql.exec("UPDATE chained SET hash = ? WHERE first = ?", hash, first);
  }

  setPersons(first: number, persons: string): void {
    this.#sql.exec("UPDATE chained SET persons = ? WHERE first = ?", persons, first);
  }

  /** Overwrites what is kept beside it, byte for byte. */
  blank(first: number): void {
    this.#sql.exec(
      "UPDATE chained SET persons = CAST(zeroblob(length(CAST(persons AS BLOB))) AS TEXT) WHERE first = ?",
      first,
    );
  }

  /** The next row behind this one beside which something personal may stand in clear, as earlier engines left it. */
  nextInClear(after: number): SegmentRow | undefined {
    return this.#select(
      `WHERE first > ? AND persons IS NOT NULL AND ${IN_CLEAR} ORDER BY first LIMIT 1`,
      after,
    )[0];
  }

  /** Whether something sealed is kept beside a segment. */
  hasSealed(): boolean {
    const sealed = `persons IS NOT NULL AND NOT ${IN_CLEAR}`;
    return this.#sql.exec(`SELECT 1 FROM chained WHERE ${sealed} LIMIT 1`).toArray().length > 0;
  }

  at(first: number): SegmentRow | undefined {
    return this.#select("WHERE first = ?", first)[0];
  }

  /** Of the body that is stored under this number; empty: there is none. */
  bytesOf(first: number): Uint8Array {
    const [row] = this.#sql
      .exec<{ body: ArrayBuffer }>("SELECT CAST(body AS BLOB) AS body FROM chained WHERE first = ?", first)
      .toArray();
    return new Uint8Array(row?.body ?? new ArrayBuffer());
  }

  newest(): SegmentRow | undefined {
    return this.before(Number.MAX_SAFE_INTEGER);
  }

  before(first: number): SegmentRow | undefined {
    return this.#select("WHERE first < ? ORDER BY first DESC LIMIT 1", first)[0];
  }

  after(first: number): SegmentRow | undefined {
    return this.#select("WHERE first > ? ORDER BY first LIMIT 1", first)[0];
  }

  /** The row that has the fact of this number, unless it is lost, and the one before it. */
  upto(seq: number): SegmentRow[] {
    return this.#select("WHERE first <= ? ORDER BY first DESC LIMIT 2", seq);
  }

  /** The next rows, in order; `isWith`: also the one of this very number. */
  page(first: number, isWith: boolean, limit: number): SegmentRow[] {
    return this.#select(`WHERE first ${isWith ? ">=" : ">"} ? ORDER BY first LIMIT ?`, first, limit);
  }

  /** First facts of the rows behind `after`, up to the one with `upto`, whose body has all these texts. */
  having(texts: readonly string[], after: number, upto: number): number[] {
    const has = texts.map(() => "AND instr(body, ?) > 0").join(" ");
    return this.#sql
      .exec<{ first: number }>(
        `SELECT first FROM chained WHERE last > ? AND first > ? AND first <= ? ${has} ORDER BY first`,
        after,
        // A bound by the key: a segment has no more facts than it has bytes.
        after - FACTS_IN_ROW_MAX,
        upto,
        ...texts,
      )
      .toArray()
      .map(({ first }) => first);
  }

  /** Of the row that has the fact of this number: its own number, and its first characters. */
  beginningOf(seq: number): { first: number; text: string } | undefined {
    return this.#sql
      .exec<{ first: number; text: string }>(
        "SELECT first, substr(body, 1, ?) AS text FROM chained WHERE first <= ? ORDER BY first DESC LIMIT 1",
        BEGINNING,
        seq,
      )
      .toArray()[0];
  }

  /** Rows whose body begins with a fact of this number, wherever they stand. Reads the whole log. */
  beginningWith(first: number): SegmentRow[] {
    const prefix = `{"seq":${first},`;
    return this.#select("WHERE substr(body, 1, ?) = ?", prefix.length, prefix);
  }

  /** Of the row before the one of this number, or before where it would be. */
  hashBefore(first: number): string {
    const [row] = this.#sql
      .exec<{ hash: string }>("SELECT hash FROM chained WHERE first < ? ORDER BY first DESC LIMIT 1", first)
      .toArray();
    return row?.hash ?? NO_HASH;
  }

  /** As it is stored now: reading may have mended it. */
  hashOf({ first, hash }: SegmentRow): string {
    const [row] = this.#sql
      .exec<{ hash: string }>("SELECT hash FROM chained WHERE first = ?", first)
      .toArray();
    return row?.hash ?? hash;
  }

  /** The rows that stand under these numbers. */
  within({ first, last }: Range): SegmentRow[] {
    return this.#select("WHERE first BETWEEN ? AND ? ORDER BY first", first, last);
  }

  /** Rows whose first fact comes after `after`. */
  count(after: number): number {
    const counted = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM chained WHERE first > ?", after);
    return counted.toArray()[0]?.n ?? 0;
  }

  /** Puts the row there unless one stands under its number. */
  insertUnlessThere({ first, last, body, persons, hash }: SegmentRow): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO chained (first, last, body, persons, hash) VALUES (?, ?, ?, ?, ?)",
      first,
      last,
      body,
      persons,
      hash,
    );
  }

  #select(condition: string, ...bindings: SqlStorageValue[]): SegmentRow[] {
    return SegmentRows.read(this.#sql, "chained", condition, ...bindings);
  }

  /** Rows of a table of this form. A flipped bit in the head of a row makes other types of its columns, or none. */
  static read(sql: Sql, table: string, condition: string, ...bindings: SqlStorageValue[]): SegmentRow[] {
    return sql
      .exec<StoredRow>(`SELECT first, last, body, persons, hash FROM ${table} ${condition}`, ...bindings)
      .toArray()
      .map(asWritten);
  }
}

interface StoredRow extends Record<string, SqlStorageValue> {
  first: number;
  last: SqlStorageValue;
  body: SqlStorageValue;
  persons: SqlStorageValue;
  hash: SqlStorageValue;
}

/** The row with the types that it was written with: the hash says whether it is the one that was. */
function asWritten(row: StoredRow): SegmentRow {
  const { first, last, body, persons, hash } = row;
  if (typeof last === "number" && typeof body === "string" && typeof hash === "string") {
    if (persons === null || typeof persons === "string") return row as SegmentRow;
  }
  return {
    first,
    last: typeof last === "number" ? last : first,
    body: textOf(body),
    persons: persons === null ? null : textOf(persons),
    hash: textOf(hash),
  };
}

const textOf = (value: SqlStorageValue): string =>
  value instanceof ArrayBuffer ? new TextDecoder().decode(value) : String(value ?? "");
