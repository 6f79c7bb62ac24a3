import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash53 } from "../../src/hash.ts";
import { ALIKE_MAX, RecallIndex, type RecallLimits } from "../../src/shard/recall.ts";
import { RecallTable } from "../../src/shard/recall-table.ts";
import { SipHash } from "../../src/shard/sip-hash.ts";
import { type Draw, seeded } from "../hunt/random.ts";
import { sqlOf } from "./sql.ts";

const key = (index: number): string => `weur-0-1a-x7k2q\nevent-${index}`;

/** An index with the commits, checkpoints and restarts of its owner. */
class Owner {
  readonly database = new DatabaseSync(":memory:");
  readonly limits: RecallLimits;
  index: RecallIndex;
  head = 0;
  /** Facts in the log, by seq − 1. */
  readonly log: string[] = [];
  checkpoints: { last: number; body: ArrayBuffer }[] = [];
  #entries: number[] = [];
  readonly #every: number;

  constructor(limits: RecallLimits = {}, checkpointEvery = 40) {
    this.limits = limits;
    this.#every = checkpointEvery;
    this.index = new RecallIndex(sqlOf(this.database), 0, limits);
  }

  add(text: string): void {
    this.log.push(text);
    this.index.add(text, this.log.length, this.#entries);
  }

  commit(): void {
    this.head = this.log.length;
    if (this.#entries.length >= 3 * this.#every) {
      this.checkpoints.push({ last: this.head, body: this.index.pack(this.#entries) });
      this.#entries = [];
    }
    if (this.index.advance(this.head)) {
      this.checkpoints = this.checkpoints.filter(({ last }) => last > this.index.covered);
    }
  }

  restart(): void {
    this.log.length = this.head;
    this.index = new RecallIndex(sqlOf(this.database), this.head, this.limits);
    let known = this.index.covered;
    for (const { last, body } of this.checkpoints) {
      this.index.load(body);
      known = Math.max(known, last);
    }
    this.#entries = [];
    for (let seq = known + 1; seq <= this.head; seq += 1) {
      this.index.add(this.log[seq - 1] as string, seq, this.#entries);
    }
  }

  rows(): number {
    return Number(this.database.prepare("SELECT count(*) AS n FROM recall_run").get()?.n);
  }
}

describe("the index of used ids", () => {
  test("[SH-20] finds every id it was given, through every growth, and hardly any other", () => {
    const owner = new Owner();
    const count = 20_000;
    for (let seq = 1; seq <= count; seq += 1) owner.add(key(seq));
    for (let seq = 1; seq <= count; seq += 1) expect(owner.index.find(key(seq))).toEqual([seq]);
    let strangers = 0;
    for (let seq = count + 1; seq <= 2 * count; seq += 1) strangers += owner.index.find(key(seq)).length;
    expect(strangers).toBe(0);
  });

  test("[SH-20] an id given twice is found twice: the caller compares the facts", () => {
    const owner = new Owner();
    owner.add("a");
    owner.add("a");
    expect([...owner.index.find("a")].sort()).toEqual([1, 2]);
  });

  test("[SH-21] [SH-22] over adds, look-ups, commits, restarts and merges it equals a map, whatever was long ago", {
    timeout: 180_000,
  }, () => {
    const play = (draw: Draw): void => {
      const tableIds = 8 + draw(120);
      const owner = new Owner({ tableIds, filterBytes: 256 << draw(6) }, 1 + draw(60));
      for (let step = 0; step < 150; step += 1) {
        const what = draw(20);
        if (what === 0) owner.restart();
        else if (what < 4) owner.commit();
        else
          for (let count = draw(tableIds); count >= 0; count -= 1)
            owner.add(`t${draw(9)}\n${owner.log.length}`);
      }
      owner.commit();
      if (draw(2) === 0) owner.restart();
      for (const [index, text] of owner.log.entries()) expect(owner.index.find(text)).toEqual([index + 1]);
      let found = 0;
      for (let stranger = 0; stranger < 500; stranger += 1)
        found += owner.index.find(`u\n${stranger}`).length;
      expect(found).toBe(0);
    };
    for (let seed = 1; seed <= 20; seed += 1) {
      try {
        play(seeded(seed));
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  });

  test("[SH-22] with sixty times the ids of a table memory and runs stay few, and rows are one for some hundred ids", {
    timeout: 180_000,
  }, () => {
    const owner = new Owner({ tableIds: 1 << 14, filterBytes: 1 << 20 }, 4_096);
    const count = 1_000_000;
    const early = new Set<number>();
    let most = 0;
    for (let seq = 1; seq <= count; seq += 1) {
      owner.add(key(seq));
      if (seq % 50 === 0) {
        owner.commit();
        most = Math.max(most, owner.index.runs);
      }
      if (seq % 997 === 0) early.add(seq);
    }
    expect(most).toBeLessThanOrEqual(16);
    expect(owner.index.bytes).toBeLessThan(2 ** 20 + 4 * 12 * 2 ** 14);
    expect(owner.rows()).toBeLessThan(count / 300);
    for (const seq of early) expect(owner.index.find(key(seq))).toEqual([seq]);
    owner.restart();
    for (const seq of early) expect(owner.index.find(key(seq))).toEqual([seq]);
    expect(owner.index.find("never")).toEqual([]);
  });

  test("[SEC-4] however many ids look alike, so many facts are read at most, and a table is given up before it is slow", () => {
    const table = new RecallTable();
    for (let seq = 1; seq <= 600; seq += 1) table.add(7, 7, seq);
    const found: number[] = [];
    table.find(7, 7, found, ALIKE_MAX + 1);
    expect(found).toHaveLength(ALIKE_MAX + 1);
    expect(table.isCrowded).toBe(true);
    const owner = new Owner({ tableIds: 1 << 14 });
    for (let count = 0; count < 600; count += 1) owner.add("same");
    owner.commit();
    owner.add("other");
    expect(owner.index.find("same")).toHaveLength(ALIKE_MAX + 1);
    expect(owner.index.find("other")).toEqual([601]);
  });

  test("[SEC-4] ids that collide in a hash without a key are strangers here, and every shard has a key of its own", () => {
    const one = new Owner();
    const other = new Owner();
    one.add("x");
    other.add("x");
    const packed = (owner: Owner): number[] => {
      const entries: number[] = [];
      owner.index.add("y", 2, entries);
      return entries.slice(0, 2);
    };
    expect(packed(one)).not.toEqual(packed(other));
  });
});

describe("the keyed hash", () => {
  const of = (text: string, bytes = Array.from({ length: 16 }, (_, index) => index)): string => {
    const hash = new SipHash(Uint8Array.from(bytes));
    hash.hash(text);
    return [hash.high, hash.low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  };

  test("[SEC-4] is SipHash-1-3 of Latin-1 texts", () => {
    VECTORS.forEach((expected, length) => {
      expect(of(String.fromCharCode(...Array.from({ length }, (_, index) => index))), `${length}`).toBe(
        expected,
      );
    });
  });

  test("[SEC-4] tells any texts apart, wide ones and narrow ones", {
    timeout: 90_000,
  }, () => {
    const texts = [
      "",
      "\0",
      "\0\0",
      "a\0",
      "\u0100",
      "\u0001\u0000",
      "\0\u0100",
      "é",
      "e\u0301",
      "\ud83d\ude00",
      "\ud83d",
    ];
    expect(new Set(texts.map((text) => of(text))).size).toBe(texts.length);
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        (a, b) => (a === b) === (of(a) === of(b)),
      ),
    );
  });

  test("[SEC-4] a bit of the key changes the hash", () => {
    expect(of("a", Array(16).fill(0))).not.toBe(of("a", [...Array(15).fill(0), 1]));
  });
});

test("[SH-20] the hash of placement is a positive safe integer of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const hash = hash53(text);
      expect(Number.isSafeInteger(hash)).toBe(true);
      expect(hash).toBeGreaterThan(0);
    }),
  );
});

/** Of the bytes 0, 1, 2, … n − 1 under the key 00 … 0f, as OpenSSL makes them. */
const VECTORS = [
  "abac0158050fc4dc",
  "c9f49bf37d57ca93",
  "82cb9b024dc7d44d",
  "8bf80ab8e7ddf7fb",
  "cf75576088d38328",
  "def9d52f49533b67",
  "c50d2b50c59f22a7",
  "d3927d989bb11140",
  "369095118d299a8e",
  "25a48eb36c063de4",
  "79de85ee92ff097f",
  "70c118c1f94dc352",
  "78a384b157b4d9a2",
  "306f760c1229ffa7",
  "605aa111c0f95d34",
  "d320d86d2a519956",
  "cc4fdd1a7d908b66",
  "9cf2689063dbd80c",
  "8ffc389cb473e63e",
  "f21f9de58d297d1c",
];
