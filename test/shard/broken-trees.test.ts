/** A shard's tables in a real SQLite, of whose blocks bits are flipped. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { Sql } from "../../src/lazy-sql.ts";
import { PersonKeys, ROW_KEYS } from "../../src/people/keys.ts";
import { isOfBrokenTree, mendTrees } from "../../src/shard/broken-trees.ts";
import { chainHash, NO_HASH } from "../../src/shard/chain.ts";
import { cutSegments } from "../../src/shard/cut-segments.ts";
import { SegmentLog } from "../../src/shard/log.ts";
import { type SegmentRow, SegmentRows } from "../../src/shard/segment-rows.ts";
import { type TakenBack, TakingBack } from "../../src/shard/taking-back.ts";
import { StoredText } from "../../src/stored-text.ts";
import { seeded } from "../hunt/random.ts";
import { sqlOf } from "./sql.ts";

const BLOCK = 4_096;
const HEADS = new Map([
  [5, 12],
  [13, 8],
]);

/** About. */
const ROWS = 120;

/** Bits in the midst of blocks, beside all of their heads. */
const OTHERS = 300;

let whole: Buffer;
const written: SegmentRow[] = [];

/** A segment of so many facts, some of which do not fit one block. */
function segmentOf(first: number, facts: number, before: string): SegmentRow {
  const numbers = Array.from({ length: facts }, (_, index) => first + index);
  const text = (seq: number) =>
    `{"seq":${seq},"at":1,"team":"t","reason":"${"x".repeat(seq % 20 ? 90 : 5_000)}"}`;
  const body = numbers.map(text).join(",");
  const persons = first % 4 ? null : '{"1":{}}';
  return { first, last: first + facts - 1, body, persons, hash: chainHash(before, first, body) };
}

beforeAll(() => {
  const database = new DatabaseSync(":memory:");
  const sql = sqlOf(database);
  database.exec("PRAGMA page_size = 4096; BEGIN");
  new StoredText(sql).write("archived", "0");
  const rows = new SegmentRows(sql);
  const add = (): void => {
    const last = written.at(-1);
    const row = segmentOf((last?.last ?? 0) + 1, 1 + (written.length % 3), last?.hash ?? NO_HASH);
    rows.insert(row);
    written.push(row);
  };
  while (written.length < ROWS) add();
  database.exec("COMMIT");
  whole = Buffer.from(database.serialize());
  // The newest block has so many that without one bit of the number some are left.
  for (
    ;
    (rowsIn(newestBlock()) & (rowsIn(newestBlock()) - 1)) === 0;
    whole = Buffer.from(database.serialize())
  )
    add();
  database.close();
});
beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

/** What becomes of the file with this bit flipped. */
function withFlip<Value>(bit: number, look: (sql: Sql) => Value): Value {
  const bytes = new Uint8Array(whole);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  const database = new DatabaseSync(":memory:");
  try {
    database.deserialize(bytes);
    return look(sqlOf(database));
  } finally {
    database.close();
  }
}

/** The numbers of all blocks of the log's table, with the bytes of their head; the first of all is the schema's. */
function headsOf(): number[] {
  const heads: number[] = [];
  for (let at = BLOCK; at < whole.length; at += BLOCK) {
    const bytes = HEADS.get(whole[at] as number);
    if (bytes !== undefined) heads.push(...Array.from({ length: bytes * 8 }, (_, bit) => at * 8 + bit));
  }
  return heads;
}

const textOf = ({ first, last, body, persons, hash }: SegmentRow) =>
  JSON.stringify([first, last, body, persons, hash]);

test("[LOG-9] a log whose tree is broken is made anew: no row is another one, none of its newest is lost unnoticed", () => {
  const known = new Set(written.map(textOf));
  const newest = written.at(-1)?.first ?? 0;
  const random = seeded(18);
  const others = Array.from({ length: OTHERS }, () => (BLOCK + random(whole.length - BLOCK)) * 8 + random(8));
  const came = { whole: 0, mended: 0, holes: 0, unsure: 0 };
  for (const bit of [...headsOf(), ...others]) {
    const { mended, rows } = withFlip(bit, (sql) => ({
      mended: mendTrees(sql),
      rows: SegmentRows.read(sql, "chained", "ORDER BY first"),
    }));
    const of = `bit ${bit}`;
    const broken = rows.filter((row) => !known.has(textOf(row)));
    // The one that the flip is in stays, to be put right by its hash.
    expect(broken.length, of).toBeLessThanOrEqual(1);
    expect(rows.at(-1)?.first ?? 0, of).toBeLessThanOrEqual(Math.max(newest, broken.at(-1)?.first ?? 0));
    const lost = written.length - rows.length;
    if (lost > 0 && rows.at(-1)?.first !== newest) expect(mended?.isEndUnsure, of).toBe(true);
    if (!mended) came.whole += 1;
    else if (mended.isEndUnsure) came.unsure += 1;
    else if (lost > 0) came.holes += 1;
    else came.mended += 1;
  }
  expect(Math.min(...Object.values(came)), JSON.stringify(came)).toBeGreaterThan(0);
  // Where nothing tells that the end is whole, a log stands still: few of these flips may do that.
  expect(came.unsure / (came.mended + came.holes)).toBeLessThan(0.15);
});

/** The block with the newest rows: a leaf with the largest number. */
function newestBlock(): number {
  const { first } = written.at(-1) as SegmentRow;
  const at = whole.lastIndexOf(`{"seq":${first},`);
  return Math.floor(at / BLOCK) * BLOCK;
}

const rowsIn = (block: number): number => whole.readUInt16BE(block + 3);

const begun = (sql: Sql, known = 0) => {
  const gaps: object[] = [];
  const log = new SegmentLog(
    sql,
    async () => undefined,
    systemClock,
    {
      beforeSync: () => undefined,
      committed: () => undefined,
      failed: () => undefined,
      broken: ({ first, last }) => gaps.push({ first, last }),
    },
    { knownBehind: () => known },
  );
  for (const _ of log.parts(0));
  return { log, gaps };
};

test("[LOG-9] rows that a block hides are one gap, told once, and everything around it is read", () => {
  const middle = written[60] as SegmentRow;
  const at = whole.indexOf(`{"seq":${middle.first},`);
  // Another type of block: none of its rows can be read, and statements throw.
  withFlip(Math.floor(at / BLOCK) * BLOCK * 8 + 1, (sql) => {
    expect(() => begun(sql)).toThrow(/malformed/);
    expect(mendTrees(sql)).toMatchObject({ tables: ["chained"], isEndUnsure: false });
    const { log, gaps } = begun(sql);
    const head = written.at(-1)?.last;
    expect(log.head).toBe(head);
    // The row behind a hole fits nothing, and is a gap as well until that is closed.
    expect(gaps).toHaveLength(2);
    expect(log.gapAt(middle.first)).toMatchObject(gaps[0] as object);
    const read = [...log.segments(0)].map(({ first }) => first);
    expect(read).toContain(1);
    expect(read).toContain(written.at(-1)?.first);
    expect(mendTrees(sql)).toBeUndefined();
  });
});

test("[LOG-9] the log of an earlier engine whose tree is broken is rewritten as far as it can be read", () => {
  const database = new DatabaseSync(":memory:");
  const sql = sqlOf(database);
  database.exec(
    "PRAGMA page_size = 4096; BEGIN; CREATE TABLE segment (first INTEGER PRIMARY KEY, last INTEGER, body TEXT)",
  );
  for (const { first, last, body } of written)
    sql.exec("INSERT INTO segment (first, last, body) VALUES (?, ?, ?)", first, last, body);
  database.exec("COMMIT");
  const bytes = Buffer.from(database.serialize());
  const middle = written[60] as SegmentRow;
  const block = Math.floor(bytes.indexOf(`{"seq":${middle.first},`) / BLOCK) * BLOCK;
  bytes[block] = (bytes[block] as number) ^ 2;
  database.deserialize(bytes);
  expect(() => begun(sql)).toThrow(/malformed/);
  expect(mendTrees(sql)).toMatchObject({ tables: ["segment"], isEndUnsure: false });
  const { log } = begun(sql);
  expect(log.rewritten).toBe(true);
  expect(log.head).toBe(written.at(-1)?.last);
  expect(log.gapAt(middle.first)).toBeDefined();
  const read = [...log.segments(0)].map(({ first }) => first);
  expect(read).toContain(1);
  expect(read).toContain(written.at(-1)?.first);
  database.close();
});

test("[LOG-10] newest rows that a block hides are known to be missing, and end where others say", () => {
  const count = rowsIn(newestBlock());
  const lowest = count & -count;
  withFlip((newestBlock() + 4) * 8 + Math.log2(lowest), (sql) => {
    // Nothing throws.
    expect(begun(sql).gaps).toEqual([]);
    expect(mendTrees(sql)).toMatchObject({ isEndUnsure: true });
    const head = written.at(-lowest - 1)?.last ?? 0;
    expect(begun(sql).log.head).toBe(head);
    const last = written.at(-1)?.last ?? 0;
    const { log, gaps } = begun(sql, last);
    expect(log.head).toBe(last);
    expect(gaps).toEqual([{ first: head + 1, last }]);
  });
});

test("[LOG-9] a derived table whose tree is broken begins anew, and no other", () => {
  const at = whole.indexOf("archived");
  withFlip(Math.floor(at / BLOCK) * BLOCK * 8 + 1, (sql) => {
    expect(() => new StoredText(sql).read("archived")).toThrow();
    expect(mendTrees(sql)).toEqual({ tables: ["stored_text"], isEndUnsure: false });
    expect(new StoredText(sql).read("archived")).toBeUndefined();
    expect(begun(sql).gaps).toEqual([]);
  });
});

/** A file with these rows, and the bits of the heads of a table's blocks. */
function fileOf(write: (sql: Sql) => void): { bytes: Buffer; heads(table: string): number[] } {
  const database = new DatabaseSync(":memory:");
  database.exec("PRAGMA page_size = 4096");
  write(sqlOf(database));
  const bytes = Buffer.from(database.serialize());
  const rootOf = (table: string) =>
    Number(database.prepare("SELECT rootpage FROM sqlite_master WHERE name = ?").get(table)?.rootpage);
  const roots = Object.fromEntries(["person_key", "taking_back"].map((table) => [table, rootOf(table)]));
  database.close();
  return {
    bytes,
    heads: (table) => {
      const blocks: number[] = [];
      const add = (block: number): void => {
        blocks.push(block);
        const at = (block - 1) * BLOCK;
        if (bytes[at] !== 5) return;
        for (let cell = 0; cell < bytes.readUInt16BE(at + 3); cell += 1)
          add(bytes.readUInt32BE(at + bytes.readUInt16BE(at + 12 + 2 * cell)));
        add(bytes.readUInt32BE(at + 8));
      };
      add(roots[table] as number);
      return blocks.flatMap((block) =>
        Array.from({ length: 16 * 8 }, (_, bit) => ((block - 1) * BLOCK + (bit >> 3)) * 8 + (bit & 7)),
      );
    },
  };
}

function flippedIn<Value>(file: Buffer, bit: number, look: (sql: Sql) => Value): Value {
  const bytes = new Uint8Array(file);
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  const database = new DatabaseSync(":memory:");
  try {
    database.deserialize(bytes);
    return look(sqlOf(database));
  } finally {
    database.close();
  }
}

test("[LOG-9] keys of persons that can be read are kept, and none is given twice", () => {
  const given: Buffer[] = [];
  const { bytes: file, heads } = fileOf((sql) => {
    const keys = new PersonKeys(sql);
    while (given.length < 20 * ROW_KEYS) given.push(Buffer.from(keys.at(keys.give()) as Uint8Array));
  });
  const came = { kept: 0, lost: 0 };
  for (const bit of heads("person_key")) {
    const of = `bit ${bit}`;
    flippedIn(file, bit, (sql) => {
      const mended = mendTrees(sql);
      const keys = new PersonKeys(sql, () => true);
      const found = given.map((_, slot) => keys.at(slot));
      for (const [slot, key] of found.entries())
        if (typeof key === "object") expect(given[slot]?.equals(key), of).toBe(true);
      const next = keys.give();
      if (next < given.length + ROW_KEYS) expect(mended, of).toBeUndefined();
      const slots = [...found.keys()].filter((slot) => typeof found[slot] === "object");
      keys.delete(slots);
      for (const slot of slots) expect(keys.at(slot), of).toBe("deleted");
      came[slots.length < given.length ? "lost" : "kept"] += 1;
      expect(mendTrees(sql), of).toBeUndefined();
    });
  }
  expect(Math.min(...Object.values(came)), JSON.stringify(came)).toBeGreaterThan(0);
}, 360_000);

test("[LOG-9] [PD-4] what is left to take back is kept as far as it can be read", () => {
  const taken = (at: number): TakenBack => ({
    player: `p-${at}`,
    why: "asked",
    names: [`name-${at}`],
    keys: [],
    teams: [],
    at,
  });
  const seqs = Array.from({ length: 40 }, (_, index) => index + 1);
  const { bytes: file, heads } = fileOf((sql) => {
    const left = new TakingBack(sql, new PersonKeys(sql));
    for (const seq of seqs) left.note(seq, taken(seq));
  });
  const came = { kept: 0, lost: 0 };
  for (const bit of heads("taking_back")) {
    flippedIn(file, bit, (sql) => {
      const mended = mendTrees(sql);
      const found = new TakingBack(sql, new PersonKeys(sql)).behind(-1, 99);
      for (const row of found) if (row.taken) expect(row.taken).toEqual(taken(row.taken.at));
      const whole = found.filter((row) => row.taken?.at === row.seq);
      came[whole.length < seqs.length ? "lost" : "kept"] += 1;
      if (whole.length < seqs.length - 1) expect(mended?.tables, `bit ${bit}`).toEqual(["taking_back"]);
    });
  }
  expect(Math.min(...Object.values(came)), JSON.stringify(came)).toBeGreaterThan(0);
});

test("[LOG-9] an error of SQLite's is one of a broken tree, or none", () => {
  expect(isOfBrokenTree(new Error("database disk image is malformed: SQLITE_CORRUPT"))).toBe(true);
  expect(isOfBrokenTree(new Error("database or disk is full: SQLITE_FULL"))).toBe(false);
});

test("[LOG-5] lost segments in a row are cut out of a list of their facts by the hash behind them", () => {
  const lost: SegmentRow[] = [];
  for (const facts of [2, 1, 3, 1, 2]) {
    lost.push(segmentOf((lost.at(-1)?.last ?? 0) + 1, facts, lost.at(-1)?.hash ?? "before"));
  }
  const body = lost.map((row) => row.body).join(",");
  const behind = segmentOf((lost.at(-1)?.last ?? 0) + 1, 1, lost.at(-1)?.hash ?? "");
  const follows = (hash: string) => chainHash(hash, behind.first, behind.body) === behind.hash;
  const cut = cutSegments({ before: "before", first: 1, body }, follows);
  expect(cut).toEqual(lost.map(({ first, last, body: own, hash }) => ({ first, last, body: own, hash })));
  const other = body.replace("xxx", "xxy");
  expect(cutSegments({ before: "before", first: 1, body: other }, follows)).toBeUndefined();
});
