/**
 * `DeadLetters`: the dead letters of one hunt (and one object for those of no
 * hunt). Asked by the dead-letter queue's consumer and by organisers only.
 */

import { DurableObject } from "cloudflare:workers";
import { type Checksums, checksumOf, withChecksums } from "../checksum.ts";
import { eraseObject } from "../erase.ts";
import { LazySql, type Sql } from "../lazy-sql.ts";
import type { DeadLetter, DeadLettersObject, ListedLetter } from "../objects/dead-letters.ts";
import type { Env } from "../objects/env.ts";
import { redriveText, withoutNames } from "./dead-letter.ts";
import { registeringText } from "./registrations.ts";

/**
 * Letters stored at most. Beyond it the oldest go: facts are in the shards' logs,
 * and `rearchive` sends them again; registrations must be sent in again.
 */
const LETTERS_MAX = 1_000;

/** Letters sent back in one batch of the queue: messages of up to 128 KB, batches of up to 256 KB. */
const REDRIVE_BATCH = 2;

/** Letters in one result of `list`. */
const LISTED_MAX = 100;

type Row = {
  id: string;
  at: number;
  error: string;
  attempts: number;
  shard: string | null;
  first: number | null;
  last: number | null;
  deaths: number;
};

type Stored = Row & { sum: string | null };
type Sent = Stored & { body: string };

const HEAD = "id, at, error, attempts, shard, first, last, deaths, sum";

/** Stands for the error of a letter of which nothing can be believed any more. */
const NOT_AS_WRITTEN = "this letter is not as it was written, and is not sent again";

const headSum = ({ id, at, error, attempts, shard, first, last, deaths }: Row): string =>
  checksumOf(id, at, error, attempts, shard, first, last, deaths);

// The table has no version: columns are only added. A letter's body has the version of its message.
const SCHEMA = `CREATE TABLE IF NOT EXISTS letter (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,       -- epoch ms of the last death
  error TEXT NOT NULL,
  attempts INTEGER NOT NULL, -- deliveries before the last death
  shard TEXT,
  first INTEGER,
  last INTEGER,
  deaths INTEGER NOT NULL,   -- how often this message died
  body TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of the others but the body, and then of the body
) WITHOUT ROWID`;

export class DeadLetters extends DurableObject<Env> implements DeadLettersObject {
  readonly #sql: Sql;
  readonly #checks: Checksums;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#checks = withChecksums(this.#sql, "letter", SCHEMA);
    this.#sealOlder();
  }

  /** Letters of an earlier engine had registrations in clear. */
  #sealOlder(): void {
    const clear = this.#sql
      .exec<Sent>(`SELECT ${HEAD}, body FROM letter WHERE body LIKE '%"registrations":[%'`)
      .toArray();
    for (const row of clear) {
      if (!this.#isWhole(row)) continue;
      const body = withoutNames(row.body, (registrations) => registeringText(this.env, { registrations }));
      if (body === row.body) continue;
      this.#sql.exec(
        "UPDATE letter SET body = ?, sum = ? WHERE id = ?",
        body,
        headSum(row) + checksumOf(body),
        row.id,
      );
    }
  }

  /** Stores a letter; the same message again replaces it. */
  store(letter: DeadLetter): void {
    const sql = this.#sql;
    const { id, at, error, attempts, shard = null, first = null, last = null, body } = letter;
    const [known] = sql.exec<{ deaths: number }>("SELECT deaths FROM letter WHERE id = ?", id).toArray();
    const deaths = (known?.deaths ?? 0) + 1;
    sql.exec(
      `INSERT OR REPLACE INTO letter (${HEAD}, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      at,
      error,
      attempts,
      shard,
      first,
      last,
      deaths,
      headSum({ id, at, error, attempts, shard, first, last, deaths }) + checksumOf(body),
      body,
    );
    sql.exec(
      `DELETE FROM letter WHERE id IN
         (SELECT id FROM letter ORDER BY at DESC, id LIMIT -1 OFFSET ${LETTERS_MAX})`,
    );
  }

  #isHeadIntact({ sum, id, at, error, attempts, shard, first, last, deaths }: Stored): boolean {
    const head = sum?.slice(0, sum.length / 2) ?? null;
    return this.#checks.isIntact(head, id, at, error, attempts, shard, first, last, deaths);
  }

  #isWhole(row: Sent): boolean {
    const ofBody = row.sum?.slice(row.sum.length / 2) ?? null;
    return this.#isHeadIntact(row) && this.#checks.isIntact(ofBody, row.body);
  }

  /** By the text, whatever form it is of: the hunt's name stands in it as JSON, perhaps within a text. */
  forgetHunt(hunt: string): void {
    const named = JSON.stringify(hunt);
    const texts = [`"hunt":${named}`, JSON.stringify(`"hunt":${named}`).slice(1, -1)];
    for (const text of texts) this.#sql.exec("DELETE FROM letter WHERE instr(body, ?) > 0", text);
  }

  erase(): Promise<void> {
    return eraseObject(this.ctx);
  }

  /** Letters by age, the newest first; `total` counts them all. */
  list(): { letters: ListedLetter[]; total: number } {
    const sql = this.#sql;
    const letters = sql
      .exec<Stored>(`SELECT ${HEAD} FROM letter ORDER BY at DESC, id LIMIT ?`, LISTED_MAX)
      .toArray()
      .map((row) => (this.#isHeadIntact(row) ? row : { ...row, error: NOT_AS_WRITTEN }))
      .map(({ shard, first, last, sum: _, ...row }) => ({
        ...row,
        ...(shard === null ? {} : { shard }),
        ...(first === null ? {} : { first }),
        ...(last === null ? {} : { last }),
      }));
    const [counted] = sql.exec<{ total: number }>("SELECT count(*) AS total FROM letter").toArray();
    return { letters, total: counted?.total ?? 0 };
  }

  /**
   * Sends letters back to the queue, all or those of `ids`, and forgets them: a
   * message that is still poison comes back under the same id. A crash between
   * the two sends some again, which changes nothing at the origin. Letters of a
   * form that only a newer engine knows stay.
   */
  async redrive(ids?: readonly string[]): Promise<number> {
    const sql = this.#sql;
    const chosen =
      (ids && [...new Set(ids)]) ??
      sql
        .exec<{ id: string }>("SELECT id FROM letter ORDER BY at, id")
        .toArray()
        .map(({ id }) => id);
    let redriven = 0;
    for (let from = 0; from < chosen.length; from += REDRIVE_BATCH) {
      const batch = chosen
        .slice(from, from + REDRIVE_BATCH)
        .flatMap((id) => sql.exec<Sent>(`SELECT ${HEAD}, body FROM letter WHERE id = ?`, id).toArray())
        .flatMap(({ body, ...letter }) => {
          if (!this.#isWhole({ ...letter, body })) {
            console.error({ message: "a dead letter is not as it was written", id: letter.id });
            return [];
          }
          const text = redriveText(body);
          return text === undefined ? [] : [{ ...letter, text }];
        });
      if (batch.length === 0) continue;
      await this.env.FACTS.sendBatch(batch.map(({ text }) => ({ body: text, contentType: "text" })));
      // A message that died again meanwhile is a letter anew.
      for (const { id, at, deaths } of batch)
        sql.exec("DELETE FROM letter WHERE id = ? AND at = ? AND deaths = ?", id, at, deaths);
      redriven += batch.length;
    }
    return redriven;
  }
}
