/**
 * The roots of a hunt in the leaderboard's storage: a row a root, and a row for
 * each shard that has facts in it, with the hashes of their subtrees. A root
 * without a hash is being made: then `done` says how far each shard has come.
 */
import { hasAllRows } from "../checksum.ts";
import { sha256 } from "../hmac.ts";
import type { Sql } from "../lazy-sql.ts";
import { HASH_TEXT, hashIn, hashText, type Subtree, subtreeSizes } from "./tree.ts";

const SCHEMAS = [
  `CREATE TABLE IF NOT EXISTS root (
  number INTEGER PRIMARY KEY, -- from 1, without gaps
  at INTEGER NOT NULL,        -- epoch ms
  hash TEXT,                  -- null: being made
  checksum TEXT               -- of this row and its root_ranges, once it is made
)`,
  `CREATE TABLE IF NOT EXISTS root_range (
  shard TEXT NOT NULL,
  seq INTEGER NOT NULL,    -- its last fact in the root
  number INTEGER NOT NULL,
  after INTEGER NOT NULL,  -- seq of its last fact in an earlier root
  done INTEGER NOT NULL,   -- seq of the last fact whose hash is in
  hashes TEXT NOT NULL,    -- of the subtrees of these facts
  PRIMARY KEY (shard, seq)
) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS root_range_by_number ON root_range (number)",
];

export interface StoredRoot {
  number: number;
  at: number;
  hash: string | null;
}

/** A root whose rows are not as they were written. */
export class BrokenRoot extends Error {
  constructor(number?: number) {
    super(
      `the rows of ${number === undefined ? "the roots" : `root ${number}`} are not as they were written`,
    );
  }
}

/** Facts of a shard in a root. */
export interface RootRange {
  shard: string;
  after: number;
  seq: number;
  done: number;
  hashes: string;
}

/** Newest roots that are checked before facts of one are looked for, about 50 ms, once. */
const CHECKED_AT_ONCE = 1_000;

type Row<Of> = Of & Record<string, SqlStorageValue>;

const COLUMNS = "shard, after, seq, done, hashes";

export class StoredRoots {
  readonly #sql: Sql;
  /** Roots whose rows this instance has checked. */
  readonly #checked = new Set<number>();
  /** No row was hidden when this instance began to read. */
  #hasAllRows = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const schema of SCHEMAS) sql.exec(schema);
  }

  /** The newest root, made or not. */
  last(): StoredRoot | undefined {
    return this.#sql
      .exec<Row<StoredRoot>>("SELECT number, at, hash FROM root ORDER BY number DESC LIMIT 1")
      .toArray()[0];
  }

  /** Roots that are made, from `number` on. */
  from(number: number, limit: number): StoredRoot[] {
    return this.#sql
      .exec<Row<StoredRoot>>(
        "SELECT number, at, hash FROM root WHERE number >= ? AND hash IS NOT NULL ORDER BY number LIMIT ?",
        number,
        limit,
      )
      .toArray();
  }

  /** Checks that no row is hidden from what follows, once. Throws `BrokenRoot`. */
  checkTables(): void {
    if (this.#hasAllRows) return;
    this.#hasAllRows = hasAllRows(this.#sql, "root") && hasAllRows(this.#sql, "root_range");
    if (!this.#hasAllRows) throw new BrokenRoot();
  }

  /** Checks the rows of a root that is made. Throws `BrokenRoot`. */
  check(number: number): void {
    if (this.#checked.has(number)) return;
    const [row] = this.#sql
      .exec<Row<StoredRoot & { checksum: string | null }>>(
        "SELECT number, at, hash, checksum FROM root WHERE number = ?",
        number,
      )
      .toArray();
    if (!row || (row.hash === null) !== (row.checksum === null)) throw new BrokenRoot(number);
    if (row.hash === null) return;
    if (sumOf(row, this.ranges(number)) !== row.checksum) throw new BrokenRoot(number);
    this.#checked.add(number);
  }

  /** The facts of a root, in the order of its leaves. */
  ranges(number: number): RootRange[] {
    const rows = this.#sql
      .exec<Row<RootRange>>(`SELECT ${COLUMNS} FROM root_range WHERE number = ?`, number)
      .toArray();
    // As the export sorts them, whatever the database's order is.
    return rows.sort((a, b) => (a.shard < b.shard ? -1 : 1));
  }

  /** The seq of the shard's last fact in a root; 0: it has none. Throws `BrokenRoot`. */
  covered(shard: string): number {
    this.checkTables();
    this.#checkNewest();
    const [row] = this.#sql
      .exec<{ seq: number; number: number }>(
        "SELECT seq, number FROM root_range WHERE shard = ? ORDER BY seq DESC LIMIT 1",
        shard,
      )
      .toArray();
    if (!row) return 0;
    this.check(row.number);
    return row.seq;
  }

  /** The root that is made and has the fact. Throws `BrokenRoot` when there is none and a row is not as it was written. */
  rootOf(shard: string, seq: number): StoredRoot | undefined {
    const [row] = this.#sql
      .exec<{ number: number }>(
        "SELECT number FROM root_range WHERE shard = ? AND seq >= ? ORDER BY seq LIMIT 1",
        shard,
        seq,
      )
      .toArray();
    const [root] = row ? this.from(row.number, 1) : [];
    if (root && root.number === row?.number) return root;
    this.#checkNewest();
    return undefined;
  }

  /** A shard's facts may stand under another shard or number. */
  #checkNewest(): void {
    const numbers = this.#sql.exec<{ number: number }>(
      "SELECT number FROM root WHERE hash IS NOT NULL ORDER BY number DESC LIMIT ?",
      CHECKED_AT_ONCE,
    );
    for (const { number } of numbers.toArray()) this.check(number);
  }

  begin({ number, at }: Pick<StoredRoot, "number" | "at">, ranges: readonly Omit<RootRange, "done">[]): void {
    this.#sql.exec("INSERT INTO root (number, at, hash) VALUES (?, ?, NULL)", number, at);
    for (const { shard, after, seq, hashes } of ranges) {
      this.#sql.exec(
        "INSERT INTO root_range (shard, seq, number, after, done, hashes) VALUES (?, ?, ?, ?, ?, ?)",
        shard,
        seq,
        number,
        after,
        after,
        hashes,
      );
    }
  }

  /** A shard has come further. */
  progress({ shard, seq, done, hashes }: RootRange): void {
    this.#sql.exec(
      "UPDATE root_range SET done = ?, hashes = ? WHERE shard = ? AND seq = ?",
      done,
      hashes,
      shard,
      seq,
    );
  }

  /** The root has no more of the shard's facts than those that are done. */
  cut({ shard, after, seq, done }: RootRange): void {
    if (done === after) this.#sql.exec("DELETE FROM root_range WHERE shard = ? AND seq = ?", shard, seq);
    else this.#sql.exec("UPDATE root_range SET seq = ? WHERE shard = ? AND seq = ?", done, shard, seq);
  }

  finish({ number, at }: StoredRoot, hash: string): void {
    const checksum = sumOf({ number, at, hash }, this.ranges(number));
    this.#sql.exec("UPDATE root SET hash = ?, checksum = ? WHERE number = ?", hash, checksum, number);
  }

  /** A root without any fact is none. */
  drop(number: number): void {
    this.#sql.exec("DELETE FROM root WHERE number = ?", number);
  }
}

function sumOf({ number, at, hash }: StoredRoot, ranges: readonly RootRange[]): string {
  const rows = ranges.map(({ shard, after, seq, done, hashes }) => [shard, after, seq, done, hashes]);
  return hashText(sha256(JSON.stringify([number, at, hash, rows])));
}

/** The subtrees of facts whose first leaf stands at `place`. Throws where the stored text has not their hashes. */
export function subtreesOf({ after, done, hashes }: RootRange, place: number): Subtree[] {
  const sizes = subtreeSizes(place, done - after);
  return subtreesIn(sizes, hashes, place);
}

/** The subtrees of these sizes from `place` on, with the hashes of a text. Throws where it has others. */
export function subtreesIn(sizes: readonly number[], hashes: string, place: number): Subtree[] {
  if (hashes.length !== sizes.length * HASH_TEXT)
    throw new Error("a root's hashes are not those of its facts");
  let first = place;
  return sizes.map((size, index) => {
    const hash = hashIn(hashes.slice(index * HASH_TEXT, (index + 1) * HASH_TEXT));
    if (!hash) throw new Error("a root's hashes are not those of its facts");
    const subtree = { first, size, hash };
    first += size;
    return subtree;
  });
}
