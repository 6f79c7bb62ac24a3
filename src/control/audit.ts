/** The audit: every organiser action of a hunt, who, when, what, from which request. */
import type { AuditEntry } from "../objects/control.ts";

/** Entries told at most, newest first. */
const TOLD_MAX = 1_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
)`;

export class AuditLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  record(entry: AuditEntry): void {
    this.#sql.exec("INSERT INTO audit (entry) VALUES (?)", JSON.stringify(entry));
  }

  list(): AuditEntry[] {
    return this.#sql
      .exec<{ entry: string }>("SELECT entry FROM audit ORDER BY id DESC LIMIT ?", TOLD_MAX)
      .toArray()
      .map((row) => JSON.parse(row.entry));
  }
}
