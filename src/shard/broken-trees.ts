/**
 * Tables of a shard whose tree on disk is broken: a flipped bit in the head of a
 * block hides rows, or makes statements throw. The log's is made anew from the
 * rows that can be read, and its missing rows are gaps like any others. So are those of which
 * there is no copy, and what they lack is told where it is missed. All
 * other tables are derived, and begin empty. A broken table stays beside the new one: to drop it,
 * SQLite would follow its pointers, and free blocks of other tables.
 */
import { treeFaults } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import { SalvagedKeys } from "../people/keys.ts";
import { isThere, putAside } from "../put-aside.ts";
import { OLD_LOG, type OldRow, OldRows } from "./rewrite-log.ts";
import { type SegmentRow, SegmentRows } from "./segment-rows.ts";
import { SCHEMA as TAKING_BACK_SCHEMA } from "./taking-back.ts";

const LOG = "chained";
const KEYS = "person_key";
const TAKING_BACK = "taking_back";

/** Made again from the log, told again by control or by pages, or gone within a minute. */
const DERIVED = [
  "page",
  "checkpoint_keyed",
  "checkpoint",
  "recall_state",
  "stored_text",
  "ticket",
  "push_subscription",
  "push_news",
  "upload",
];

/** Small, or of few bytes a person. */
const SMALL = [...DERIVED, KEYS, TAKING_BACK];

/** Those that grow with the hunt. */
const LARGE = [LOG, OLD_LOG, "recall_run"];

/**
 * Bytes of a database whose large tables are read at each start, some 70 ms; those of a larger one when a
 * statement fails, or when this start reads all of them anyway, to seal what an earlier engine left in clear.
 */
export const CHECKED_AT_START_MAX = 64_000_000;

/** Rows read in one statement. */
const ROWS = 64;

/** Statements that look for readable rows: some seconds at most. */
const PROBES_MAX = 20_000;

/** Bytes of the smallest row of a log: what is missing in a block, and is less, hid none. */
const ROW_BYTES_MIN = 100;

/** SQLite's words for a table that it cannot read. */
const CORRUPT = /SQLITE_CORRUPT|database disk image is malformed/;

/** Whether a statement failed because a tree is broken. */
export const isOfBrokenTree = (error: unknown): boolean =>
  CORRUPT.test(String((error as { message?: unknown } | undefined)?.message ?? error));

export interface MendedTrees {
  /** Tables that are new. */
  tables: string[];
  /** Rows behind the newest one of the log may have got lost: nothing says that there were none. */
  isEndUnsure: boolean;
}

/**
 * Makes the tables anew whose tree is broken; undefined: none is. In one transaction with whatever else the
 * caller writes. `bytes`: of the database, when it starts.
 */
export function mendTrees(sql: Sql, bytes = 0): MendedTrees | undefined {
  const broken: { table: string; faults: string[] }[] = [];
  const areAllRead = bytes <= CHECKED_AT_START_MAX || !isThere(sql, KEYS);
  for (const table of areAllRead ? [...LARGE, ...SMALL] : SMALL) {
    const faults = isThere(sql, table) ? treeFaults(sql, table) : [];
    if (faults.length > 0) broken.push({ table, faults });
  }
  if (broken.length === 0) return undefined;
  // Before anything is written: where a statement of a transaction fails so, the platform lets no other one write.
  const isBroken = (asked: string): boolean => broken.some(({ table }) => table === asked);
  const readable = isBroken(LOG) ? new Walk(rowsOf(sql, LOG), isInPlace).go() : undefined;
  const older = isBroken(OLD_LOG) ? new Walk(olderRowsOf(sql, OLD_LOG), isInPlace).go() : undefined;
  const keys = isBroken(KEYS) ? readableKeys(sql) : undefined;
  const takingBack = isBroken(TAKING_BACK) ? readableTakingBack(sql) : undefined;
  const mended: MendedTrees = { tables: [], isEndUnsure: false };
  for (const { table, faults } of broken) {
    const old = putAside(sql, table);
    if (table === LOG && readable) {
      const hasHoles = salvage(sql, old, readable.chunks);
      mended.isEndUnsure ||= !isEndSure({ hasHoles, hasEnd: readable.hasEnd }, faults);
    }
    if (table === OLD_LOG && older) {
      const hasHoles = salvageOlder(sql, old, older.chunks);
      mended.isEndUnsure ||= !isEndSure({ hasHoles, hasEnd: older.hasEnd }, faults);
    }
    if (table === KEYS) keys?.into();
    if (table === TAKING_BACK) takingBack?.into();
    mended.tables.push(table);
    console.error({
      message: "a table's tree is broken, and the table is made anew",
      table,
      fault: faults[0],
    });
  }
  return mended;
}

/** A single flip that left a hole, or changed what no row depends on, did not hide the newest rows as well. */
const isEndSure = (
  { hasHoles, hasEnd }: { hasHoles: boolean; hasEnd: boolean },
  faults: readonly string[],
): boolean => hasEnd && (hasHoles || faults.flatMap((fault) => fault.split("\n")).every(hidesNothing));

/** Words of `PRAGMA quick_check` for room in a block, and for rows that it shows, or of which it sees the place. */
const OF_ROOM =
  /^\*\*\* in |free space corruption|Offset \d+ out of range|Multiple uses for byte|value in |cell \d+: invalid page number/;
const FRAGMENTED = /Fragmentation of (\d+) bytes reported as (\d+)/;

function hidesNothing(fault: string): boolean {
  if (OF_ROOM.test(fault)) return true;
  const [, is, said] = FRAGMENTED.exec(fault) ?? [];
  return is !== undefined && Number(is) - Number(said) < ROW_BYTES_MIN;
}

/** The keys of persons that can be read. */
function readableKeys(sql: Sql): { into(): void } {
  const salvaged = new SalvagedKeys(sql, KEYS);
  const read = ({ after, limit }: Chunk) => salvaged.read(after, limit);
  const { chunks } = new Walk(read, ({ row }) => salvaged.isIntact(row), -1).go();
  const rows = chunks.flatMap(read).map(({ row }) => row);
  return { into: () => salvaged.into(sql, rows) };
}

interface ToTakeBack extends Record<string, SqlStorageValue> {
  first: number;
  slot: SqlStorageValue;
  body: SqlStorageValue;
}

/** What is left to take back elsewhere, as far as it can be read: each is sealed, so that what is none opens nothing. */
function readableTakingBack(sql: Sql): { into(): void } {
  const read = ({ after, limit }: Chunk) =>
    sql
      .exec<ToTakeBack>(
        "SELECT seq AS first, slot, body FROM taking_back WHERE seq > ? ORDER BY seq LIMIT ?",
        after,
        limit,
      )
      .toArray();
  const isOne = ({ slot, body }: ToTakeBack): boolean => typeof slot === "number" && typeof body === "string";
  const { chunks } = new Walk(read, isOne, -1).go();
  const rows = chunks.flatMap(read).filter(isOne);
  return {
    into: () => {
      sql.exec(TAKING_BACK_SCHEMA);
      const insert = "INSERT OR IGNORE INTO taking_back (seq, slot, body) VALUES (?, ?, ?)";
      for (const { first, slot, body } of rows) sql.exec(insert, first, slot, body);
    },
  };
}

/** Copies rows, wherever they stand, into the log's new table. Whether some are missing between them. */
function salvage(sql: Sql, from: string, chunks: readonly Chunk[]): boolean {
  const into = new SegmentRows(sql);
  return copy(rowsOf(sql, from), chunks, (row) => into.insertUnlessThere(row));
}

/** The same of the log of an earlier engine, which the start then rewrites. */
function salvageOlder(sql: Sql, from: string, chunks: readonly Chunk[]): boolean {
  const into = new OldRows(sql);
  return copy(olderRowsOf(sql, from), chunks, (row) => into.insertUnlessThere(row));
}

function copy<Row extends OldRow>(
  read: (chunk: Chunk) => Row[],
  chunks: readonly Chunk[],
  insert: (row: Row) => void,
): boolean {
  let next = 1;
  let hasHoles = false;
  const take = (row: Row): void => {
    const says = Number(/^\{"seq":(\d{1,15}),/.exec(row.body)?.[1] ?? Number.NaN);
    // Bytes that are no row have any number; one that is broken, and stands where the next one must, is kept as it is.
    const first = Number.isNaN(says) ? row.first : says;
    if (Number.isNaN(says) && row.first !== next) return;
    insert({ ...row, first });
    hasHoles ||= first > next;
    next = Math.max(next, Math.max(first, row.last) + 1);
  };
  for (const chunk of chunks) read(chunk).forEach(take);
  return hasHoles;
}

/** Rows behind a number, in the order of the tree. */
interface Chunk {
  after: number;
  limit: number;
}

const rowsOf =
  (sql: Sql, table: string) =>
  ({ after, limit }: Chunk): SegmentRow[] =>
    SegmentRows.read(sql, table, "WHERE first > ? ORDER BY first LIMIT ?", after, limit);

const olderRowsOf =
  (sql: Sql, table: string) =>
  ({ after, limit }: Chunk): OldRow[] =>
    OldRows.read(sql, table, "WHERE first > ? ORDER BY first LIMIT ?", after, limit);

/** Goes over the rows of a table whose tree is broken, and past those that cannot be read. */
class Walk<Row extends { first: number }> {
  readonly #rowsOf: (chunk: Chunk) => Row[];
  readonly #isInPlace: (row: Row) => boolean;
  readonly #before: number;
  #probes = 0;

  /** `isInPlace`: the row is one that was written under its number. `before`: all numbers are larger. */
  constructor(of: (chunk: Chunk) => Row[], isRowInPlace: (row: Row) => boolean, before = 0) {
    this.#rowsOf = of;
    this.#isInPlace = isRowInPlace;
    this.#before = before;
  }

  /** What can be read. `hasEnd`: the last row of it is the last of the tree, as far as the tree says. */
  go(): { chunks: Chunk[]; hasEnd: boolean } {
    const chunks: Chunk[] = [];
    let after = this.#before;
    let limit = ROWS;
    for (;;) {
      const rows = this.#read({ after, limit });
      if (rows?.length === 0) return { chunks, hasEnd: true };
      // What comes before the row that cannot be read is read one by one.
      if (!rows && limit > 1) {
        limit = 1;
        continue;
      }
      if (rows) chunks.push({ after, limit });
      const last = Math.max(after, ...(rows ?? []).filter(this.#isInPlace).map(({ first }) => first));
      if (last > after) {
        after = last;
        limit = Math.min(ROWS, 2 * limit);
        continue;
      }
      const next = this.#next(after);
      if (next === undefined) return { chunks, hasEnd: false };
      after = next - 1;
      limit = ROWS;
    }
  }

  /** The first number behind the one after `after` from which on rows can be read; undefined: there is none. */
  #next(after: number): number | undefined {
    let bad = after + 1;
    let step = 1;
    let found = this.#probe(bad + step);
    while (found === "broken") {
      bad += step;
      step *= 2;
      if (bad + step > Number.MAX_SAFE_INTEGER || this.#probes >= PROBES_MAX) return undefined;
      found = this.#probe(bad + step);
    }
    let good = bad + step;
    while (good - bad > 1 && this.#probes < PROBES_MAX) {
      const middle = bad + Math.floor((good - bad) / 2);
      const there = this.#probe(middle);
      if (there === "broken") bad = middle;
      else {
        good = middle;
        found = there;
      }
    }
    return found === "none" ? undefined : good;
  }

  /** What is to be read from this number on. */
  #probe(from: number): "row" | "none" | "broken" {
    this.#probes += 1;
    const rows = this.#read({ after: from - 1, limit: 1 });
    if (rows?.length === 0) return "none";
    return rows?.some(this.#isInPlace) ? "row" : "broken";
  }

  /** Undefined: the tree is broken there. */
  #read(chunk: Chunk): Row[] | undefined {
    try {
      return this.#rowsOf(chunk);
    } catch (error) {
      if (!isOfBrokenTree(error)) throw error;
      return undefined;
    }
  }
}

/** Whether the row's facts begin with the number that it stands under. */
const isInPlace = ({ first, body }: OldRow): boolean => body.startsWith(`{"seq":${first},`);
