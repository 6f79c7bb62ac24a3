/** What forgotten players have outside of the shard, until it is taken back: noted with the fact that forgets them, and sealed. */
import { tellMended } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import type { PersonKeys } from "../people/keys.ts";
import { seal, unseal } from "../people/seal.ts";
import type { ForgetFact } from "../protocol.ts";

export const SCHEMA = `CREATE TABLE IF NOT EXISTS taking_back (
  seq INTEGER PRIMARY KEY, -- of the fact that forgets the player
  slot INTEGER NOT NULL,   -- where the key stands that the body is sealed under
  body TEXT NOT NULL       -- what is taken back
)`;

/** Bits of a slot that a flip may have changed. */
const SLOT_BITS = 31;

export interface TakenBack {
  player: string;
  why: ForgetFact["why"];
  /** What it had once, and the keys that these may be reserved under. */
  names: string[];
  keys: string[];
  /** Teams that it came from, or went to; their shards keep what tells who it is as well. */
  teams: string[];
  /** The company's id, where the hunt is for registered players. */
  externalId?: string;
  /** Epoch ms. */
  at: number;
}

interface Row extends Record<string, SqlStorageValue> {
  seq: number;
  slot: number;
  body: string;
}

/** `taken` undefined: it is not as it was written. */
export interface Noted {
  seq: number;
  slot: number;
  taken: TakenBack | undefined;
}

export class TakingBack {
  readonly #sql: Sql;
  readonly #keys: PersonKeys;

  constructor(sql: Sql, keys: PersonKeys) {
    this.#sql = sql;
    this.#keys = keys;
    sql.exec(SCHEMA);
  }

  get isEmpty(): boolean {
    return this.#sql.exec("SELECT 1 FROM taking_back LIMIT 1").toArray().length === 0;
  }

  /** Where the keys stand that they are sealed under. */
  get slots(): number[] {
    return this.#sql
      .exec<{ slot: number }>("SELECT slot FROM taking_back")
      .toArray()
      .map(({ slot }) => slot);
  }

  /** In the transaction of the fact. */
  note(seq: number, taken: TakenBack): void {
    const slot = this.#keys.give();
    const key = this.#keys.at(slot);
    if (typeof key !== "object") throw new Error("a key is not there right after it was given");
    this.#sql.exec(
      "INSERT OR REPLACE INTO taking_back (seq, slot, body) VALUES (?, ?, ?)",
      seq,
      slot,
      seal(key, JSON.stringify(taken)),
    );
  }

  /** Those behind `after`, in order. */
  behind(after: number, limit: number): Noted[] {
    return this.#sql
      .exec<Row>(
        "SELECT seq, slot, CAST(body AS TEXT) AS body FROM taking_back WHERE seq > ? ORDER BY seq LIMIT ?",
        after,
        limit,
      )
      .toArray()
      .map((row) => ({ seq: row.seq, slot: row.slot, taken: this.#open(row) }));
  }

  drop(done: readonly Noted[]): void {
    for (const { seq } of done) this.#sql.exec("DELETE FROM taking_back WHERE seq = ?", seq);
    this.#keys.delete(done.map(({ slot }) => slot));
  }

  /** One flipped bit is put right. */
  #open({ seq, slot, body }: Row): TakenBack | undefined {
    const read = this.#unsealed(slot, body);
    if (read) return read;
    for (let bit = 0; bit < SLOT_BITS; bit += 1) {
      const found = this.#unsealed(slot ^ (1 << bit), body);
      if (found) return mended(found);
    }
    for (let at = 0; at < body.length; at += 1) {
      for (const right of flippedOf(body.charCodeAt(at))) {
        const found = this.#unsealed(slot, body.slice(0, at) + right + body.slice(at + 1));
        if (found) return mended(found);
      }
    }
    console.error({ message: "what a forgotten player had is not as it was written", seq });
    return undefined;
  }

  #unsealed(slot: number, body: string): TakenBack | undefined {
    const key = this.#keys.at(slot);
    const text = typeof key === "object" ? unseal(key, body) : undefined;
    return text === undefined ? undefined : (JSON.parse(text) as TakenBack);
  }
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** What a character may have been before one bit of it flipped; of one that is none any more, all. */
function flippedOf(code: number): string[] {
  return [...BASE64URL].filter((right) => {
    const apart = right.charCodeAt(0) ^ code;
    return code > 0x7f || (apart & (apart - 1)) === 0;
  });
}

function mended(taken: TakenBack): TakenBack {
  tellMended("what a forgotten player had");
  return taken;
}
