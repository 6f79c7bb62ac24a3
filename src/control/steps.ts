/** Work in steps that is under way, a row each: deleted when it is over. Nothing personal is in them. */
import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  body: string;
  sum: string | null;
}

/** Where the rows are, and what they are called in a log line. */
export interface StepsOf<Key extends string> {
  table: string;
  /** The member that tells one from another, which is a column too. */
  key: Key;
  called: string;
  list: string;
}

export class StepStore<Key extends string, Work extends Record<Key, string>> {
  readonly #sql: Sql;
  readonly #of: StepsOf<Key>;
  readonly #checks: Checksums;
  /** No row was hidden when this instance began to read. */
  #isChecked = false;

  /** The table has no version: members of the body are only added. */
  constructor(sql: Sql, of: StepsOf<Key>) {
    this.#sql = sql;
    this.#of = of;
    this.#checks = withChecksums(
      sql,
      of.table,
      `CREATE TABLE IF NOT EXISTS ${of.table} (
  ${of.key} TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of the others
) WITHOUT ROWID`,
    );
  }

  /** How much is under way, whatever the rows say. */
  get count(): number {
    const [row] = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${this.#of.table}`).toArray();
    return row?.n ?? 0;
  }

  /** Throws `Damaged` when one of them is not as it was written, and cannot be put right. */
  all(): Work[] {
    const { table, key, list } = this.#of;
    this.#isChecked ||= hasAllRows(this.#sql, table);
    if (!this.#isChecked) throw new Damaged(list);
    const rows = this.#sql
      .exec<Row>(`SELECT ${key} AS id, body, sum FROM ${table} ORDER BY ${key}`)
      .toArray();
    return rows.map((row) =>
      this.#checks.isIntact(row.sum, row.id, row.body) ? (JSON.parse(row.body) as Work) : this.#mended(row),
    );
  }

  /** Adds it, or notes its step. */
  put(work: Work): void {
    const { table, key } = this.#of;
    const body = JSON.stringify(work);
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (${key}, body, sum) VALUES (?, ?, ?)`,
      work[key],
      body,
      checksumOf(work[key], body),
    );
  }

  drop(id: string): void {
    this.#sql.exec(`DELETE FROM ${this.#of.table} WHERE ${this.#of.key} = ?`, id);
  }

  #mended({ id, sum }: Row): Work {
    const { table, key, called } = this.#of;
    const [row] = this.#sql
      .exec<{ id: ArrayBuffer; body: ArrayBuffer }>(
        `SELECT CAST(${key} AS BLOB) AS id, CAST(body AS BLOB) AS body FROM ${table} WHERE ${key} = ?`,
        id,
      )
      .toArray();
    const bytes = row && [new Uint8Array(row.id), new Uint8Array(row.body)];
    const [, body] = (bytes && unflipped(sum, bytes)) ?? [];
    if (typeof body !== "string") throw new Damaged(called);
    const work = JSON.parse(body) as Work;
    this.drop(id);
    this.put(work);
    tellMended(called);
    return work;
  }
}
