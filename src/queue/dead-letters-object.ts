/**
 * `DeadLetters`: the dead letters of one hunt (and one object for those of no
 * hunt). Asked by the dead-letter queue's consumer and by organisers only.
 */

import { DurableObject } from "cloudflare:workers";
import { LazySql, type Sql } from "../lazy-sql.ts";
import type { DeadLetter, DeadLettersObject, ListedLetter } from "../objects/dead-letters.ts";
import type { Env } from "../objects/env.ts";
import { redriveText } from "./dead-letter.ts";

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

type Sent = Pick<Row, "id" | "at" | "deaths"> & { body: string };

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
  body TEXT NOT NULL
) WITHOUT ROWID`;

export class DeadLetters extends DurableObject<Env> implements DeadLettersObject {
  readonly #sql: Sql;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#sql.exec(SCHEMA);
  }

  /** Stores a letter; the same message again replaces it. */
  store(letter: DeadLetter): void {
    const sql = this.#sql;
    sql.exec(
      `INSERT INTO letter (id, at, error, attempts, shard, first, last, deaths, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
       ON CONFLICT (id) DO UPDATE SET at = excluded.at, error = excluded.error,
         attempts = excluded.attempts, deaths = deaths + 1`,
      letter.id,
      letter.at,
      letter.error,
      letter.attempts,
      letter.shard ?? null,
      letter.first ?? null,
      letter.last ?? null,
      letter.body,
    );
    sql.exec(
      `DELETE FROM letter WHERE id IN
         (SELECT id FROM letter ORDER BY at DESC, id LIMIT -1 OFFSET ${LETTERS_MAX})`,
    );
  }

  /** Letters by age, the newest first; `total` counts them all. */
  list(): { letters: ListedLetter[]; total: number } {
    const sql = this.#sql;
    const letters = sql
      .exec<Row>(
        "SELECT id, at, error, attempts, shard, first, last, deaths FROM letter ORDER BY at DESC, id LIMIT ?",
        LISTED_MAX,
      )
      .toArray()
      .map(({ shard, first, last, ...row }) => ({
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
        .flatMap((id) => sql.exec<Sent>("SELECT id, at, deaths, body FROM letter WHERE id = ?", id).toArray())
        .flatMap(({ body, ...letter }) => {
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
