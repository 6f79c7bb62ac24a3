/**
 * Checksums of stored rows that are no log: a row is checked when it is read.
 * What is derived is dropped then, and made again; anything else is refused by
 * name. Rows of earlier engines have none, and get one when they are written.
 *
 *   const SCHEMA = `CREATE TABLE IF NOT EXISTS line (
 *     id INTEGER PRIMARY KEY,
 *     text TEXT NOT NULL,
 *     sum TEXT NOT NULL DEFAULT '-' -- of the others
 *   )`;
 *   const sums = withChecksums(sql, "line", SCHEMA);
 *   if (!sums.isIntact(row.sum, row.id, row.text)) throw new Damaged("a line");
 *
 * A flipped bit in the head of a row may hide its last column: then SQLite reads the default, which
 * is no checksum. So `sum` is the last one of its table, but for columns that are added later.
 */
import { createHash } from "node:crypto";
import { base64url, sha256 } from "./hmac.ts";
import type { Sql } from "./lazy-sql.ts";

/** 96 bits: against flipped bits, not against people. */
const BYTES = 12;
const CHARACTERS = 16;

/** Below it our own code is faster than setting up a native digest, characters. */
const SHORT = 4_096;

type Value = string | number | null | ArrayBuffer | ArrayBufferView;

/** Of a row's values, in an order that never changes. */
export function checksumOf(...values: readonly Value[]): string {
  const blob = values.find((value) => typeof value === "object" && value !== null) as
    | ArrayBuffer
    | ArrayBufferView
    | undefined;
  const text = values.filter((value) => typeof value !== "object" || value === null).join("\n");
  if (!blob && text.length < SHORT) return base64url(sha256(text), BYTES);
  const hash = createHash("sha256").update(text);
  if (blob) hash.update("\n").update(ArrayBuffer.isView(blob) ? asBytes(blob) : new Uint8Array(blob));
  return hash.digest("base64url").slice(0, CHARACTERS);
}

const asBytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const isBlob = (value: Value): boolean => typeof value === "object" && value !== null;

/** The checksums of a table. */
export class Checksums {
  /** The table is of an engine that gave rows none, or of one whose rows may lack theirs. */
  readonly #isOfBefore: boolean;

  constructor(isOfBefore: boolean) {
    this.#isOfBefore = isOfBefore;
  }

  /** Whether the row of texts and numbers is as it was written; bytes where a text stood (a flipped type) are none. */
  isIntact(sum: string | null, ...values: readonly Value[]): boolean {
    if (values.some(isBlob)) return false;
    return this.#isMissing(sum) || sum === checksumOf(...values);
  }

  /** As `isIntact`, of a row whose last value is bytes. */
  isIntactBlob(sum: string | null, ...values: readonly Value[]): boolean {
    if (values.findIndex(isBlob) !== values.length - 1) return false;
    return this.#isMissing(sum) || sum === checksumOf(...values);
  }

  /** The row is of an engine that gave it none. */
  #isMissing(sum: string | null): boolean {
    return sum === null && this.#isOfBefore;
  }
}

type Column = string | number;

/**
 * The columns as they were written, where one flipped bit in them, or in the sum, is all that is wrong.
 * Undefined: more is. `columns`: texts as their bytes, because a flipped one may be no text any more. For short rows:
 * each bit is tried.
 */
export function unflipped(
  sum: string | null,
  columns: readonly (Uint8Array | number)[],
): Column[] | undefined {
  // Of a row that is none, a statement gives anything.
  if (typeof sum !== "string" || !columns.every(isColumn)) return undefined;
  const read = columns.map((column) => (typeof column === "number" ? column : textIn(column)));
  if (isTexts(read) && sum === checksumOf(...read)) return read;
  for (const [index, column] of columns.entries()) {
    const others = read.toSpliced(index, 1, 0);
    if (!isTexts(others)) continue;
    for (const right of typeof column === "number" ? flippedNumbers(column) : flippedTexts(column)) {
      const candidate = others.toSpliced(index, 1, right);
      if (sum === checksumOf(...candidate)) return candidate;
    }
  }
  return isTexts(read) && bitsApart(checksumOf(...read), sum) <= 1 ? read : undefined;
}

const isColumn = (column: unknown): boolean => typeof column === "number" || column instanceof Uint8Array;

const isTexts = (columns: readonly (Column | undefined)[]): columns is Column[] =>
  !columns.includes(undefined);

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function* flippedNumbers(value: number): Generator<number> {
  // Beyond 2^53 a number is none that anything here counts.
  for (let bit = 1; bit <= Number.MAX_SAFE_INTEGER; bit *= 2) {
    yield Math.floor(value / bit) % 2 === 0 ? value + bit : value - bit;
  }
}

function* flippedTexts(bytes: Uint8Array): Generator<string> {
  for (let index = 0; index < bytes.length; index += 1) {
    for (let bit = 1; bit < 256; bit *= 2) {
      const flipped = bytes.slice();
      flipped[index] = (bytes[index] as number) ^ bit;
      const text = textIn(flipped);
      if (text !== undefined) yield text;
    }
  }
}

/** Bits by which texts of one length differ. */
export function bitsApart(one: string, other: string): number {
  if (one.length !== other.length) return Number.POSITIVE_INFINITY;
  let bits = 0;
  for (let index = 0; index < one.length; index += 1) {
    for (let rest = one.charCodeAt(index) ^ other.charCodeAt(index); rest !== 0; rest &= rest - 1) bits += 1;
  }
  return bits;
}

/** How a schema says that each row has its checksum. */
const HAS_ALL = /\bsum TEXT NOT NULL\b/;

/** Makes the table, or adds the column `sum` to one of an earlier engine. */
export function withChecksums(sql: Sql, table: string, schema: string): Checksums {
  sql.exec(schema);
  const [made] = sql
    .exec<{ sql: string }>("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table)
    .toArray();
  // One that waits for its first row is of this engine.
  if (!made || HAS_ALL.test(made.sql)) return new Checksums(false);
  if (!made.sql.includes("sum TEXT")) sql.exec(`ALTER TABLE ${table} ADD COLUMN sum TEXT`);
  return new Checksums(true);
}

/**
 * Whether the table's tree is whole: a flipped bit in the head of one of its blocks hides rows from every
 * statement. Reads the whole table; for those whose rows nothing else counts.
 */
export const hasAllRows = (sql: Sql, table: string): boolean => treeFaults(sql, table).length === 0;

/** What SQLite says of the table's tree; empty: it is whole. Reads the whole table, about 1 GB a second. */
export function treeFaults(sql: Sql, table: string): string[] {
  try {
    return sql
      .exec<{ quick_check: string }>(`PRAGMA quick_check(${table})`)
      .toArray()
      .map(({ quick_check: told }) => told)
      .filter((told) => told !== "ok");
  } catch (error) {
    // It may also fail where it looks.
    const message = String((error as { message?: unknown }).message);
    if (!/SQLITE_CORRUPT|malformed/.test(message)) throw error;
    return [message];
  }
}

/** Something stored, of which there is no other copy, is not as it was written. */
export class Damaged extends Error {
  constructor(what: string) {
    super(`${what} is not as it was written`);
    this.name = "Damaged";
  }
}

/** Says so of a row that was put right. */
export function tellMended(what: string): void {
  console.error({ message: "a stored row was not as it was written, and was mended", what });
}

/** Says so of something that is made again. */
export function tellDropped(what: string): void {
  console.error({ message: "a stored row is not as it was written, and is made again", what });
}
