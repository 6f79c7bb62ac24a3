/**
 * Checkpoints beside the pages of teams: what the log came to so far, so that a
 * start counts, and reads the ids of, no more facts than those behind the newest.
 */
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Totals } from "../objects/shard.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { RecallIndex } from "./recall.ts";
import { TotalsCounter } from "./totals.ts";

/** Facts between checkpoints: a row is then about 64 KB. */
export const CHECKPOINT_FACTS = 4_096;

/** `v` in the totals; without it 1. */
const FORM = 1;

const SCHEMA = `CREATE TABLE IF NOT EXISTS checkpoint_keyed (
  last INTEGER PRIMARY KEY, -- recall entries, until they are in a run, and totals up to this seq
  recall BLOB NOT NULL,
  totals TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of the others
)`;

/** Of earlier versions: the hashes are of another kind. Read for the totals, and left as it is. */
const OLD_SCHEMA = `CREATE TABLE IF NOT EXISTS checkpoint (
  last INTEGER PRIMARY KEY,
  recall BLOB NOT NULL,
  totals TEXT NOT NULL
)`;

interface Row extends Record<string, SqlStorageValue> {
  last: number;
  recall: ArrayBuffer;
  totals: string;
  sum: string | null;
}

export interface Restored {
  totals: TotalsCounter;
  /** They count the facts up to this one. */
  counted: number;
  /** The ids of the facts up to this one are in the index. */
  ids: number;
}

export class Checkpoints {
  readonly #sql: Sql;
  readonly #checks: Checksums;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "checkpoint_keyed", SCHEMA);
    sql.exec(OLD_SCHEMA);
  }

  /** Reads the rows of a log that goes up to `head`; the ids that the index does not have go into it. */
  restore(head: number, index: RecallIndex): Restored {
    let newest: Row | undefined;
    const rows = this.#sql
      .exec<Row>("SELECT last, recall, totals, sum FROM checkpoint_keyed WHERE last <= ? ORDER BY last", head)
      .toArray();
    for (const row of rows) {
      if (!this.#checks.isIntactBlob(row.sum, row.last, row.totals, row.recall)) {
        // What it and later ones had is read from the log.
        tellDropped(`the checkpoint at ${row.last}`);
        this.#sql.exec("DELETE FROM checkpoint_keyed WHERE last >= ?", row.last);
        break;
      }
      if (!index.isNew && row.last > index.covered) index.load(row.recall);
      newest = row;
    }
    if (newest) {
      const ids = index.isNew ? 0 : Math.max(newest.last, index.covered);
      return { totals: totalsIn(newest.totals), counted: newest.last, ids };
    }
    const [old] = this.#sql
      .exec<{ last: number; totals: string }>(
        "SELECT last, totals FROM checkpoint WHERE last <= ? ORDER BY last DESC LIMIT 1",
        head,
      )
      .toArray();
    const totals = old ? totalsIn(old.totals) : new TotalsCounter();
    return { totals, counted: old?.last ?? 0, ids: index.covered };
  }

  add(last: number, entries: ArrayBuffer, totals: TotalsCounter): void {
    const text = JSON.stringify(totals);
    this.#sql.exec(
      "INSERT INTO checkpoint_keyed (last, recall, totals, sum) VALUES (?, ?, ?, ?)",
      last,
      entries,
      text,
      checksumOf(last, text, entries),
    );
  }

  /** The last fact that the newest one counts; 0: there is none. */
  newest(): number {
    const [row] = this.#sql
      .exec<{ last: number | null }>("SELECT max(last) AS last FROM checkpoint_keyed")
      .toArray();
    return row?.last ?? 0;
  }

  /** The newest fact behind `head` that a row counts which is as it was written; 0: none. */
  newestBehind(head: number): number {
    const rows = this.#sql
      .exec<Row>(
        "SELECT last, recall, totals, sum FROM checkpoint_keyed WHERE last > ? ORDER BY last DESC",
        head,
      )
      .toArray();
    return (
      rows.find((row) => this.#checks.isIntactBlob(row.sum, row.last, row.totals, row.recall))?.last ?? 0
    );
  }

  /** The newest one's totals are others: of older ones only the ids are read. */
  recount(last: number, totals: TotalsCounter): void {
    const text = JSON.stringify(totals);
    const [row] = this.#sql
      .exec<{ recall: ArrayBuffer }>("SELECT recall FROM checkpoint_keyed WHERE last = ?", last)
      .toArray();
    if (!row) return;
    this.#sql.exec(
      "UPDATE checkpoint_keyed SET totals = ?, sum = ? WHERE last = ?",
      text,
      checksumOf(last, text, row.recall),
      last,
    );
  }

  /** The ids up to here are in the index's own rows. The newest stays, because it has the totals. */
  dropUpto(covered: number): void {
    this.#sql.exec(
      `DELETE FROM checkpoint_keyed
       WHERE last <= ? AND last < (SELECT max(last) FROM checkpoint_keyed)`,
      covered,
    );
  }
}

function totalsIn(text: string): TotalsCounter {
  const stored = JSON.parse(text) as Totals & { v?: number };
  assertKnownForm("a checkpoint", stored, FORM);
  return TotalsCounter.from(stored);
}
