/** The audit: every organiser action of a hunt, who, when, what, from which request. */
import type { Sql } from "../lazy-sql.ts";
import type { AuditEntry } from "../objects/control.ts";

/** Entries listed at most, newest first. */
const LISTED_MAX = 1_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
)`;

export class AuditLog {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** The result names the line for `amend`. */
  record(entry: AuditEntry): number {
    return this.#sql
      .exec<{ id: number }>("INSERT INTO audit (entry) VALUES (?) RETURNING id", JSON.stringify(entry))
      .one().id;
  }

  /** Adds to a line's detail how its action went. */
  amend(line: number, detail: AuditEntry["detail"]): void {
    const { entry } = this.#sql.exec<{ entry: string }>("SELECT entry FROM audit WHERE id = ?", line).one();
    const recorded = JSON.parse(entry) as AuditEntry;
    const amended = { ...recorded, detail: { ...recorded.detail, ...detail } };
    this.#sql.exec("UPDATE audit SET entry = ? WHERE id = ?", JSON.stringify(amended), line);
  }

  list(): AuditEntry[] {
    return this.#sql
      .exec<{ entry: string }>("SELECT entry FROM audit ORDER BY id DESC LIMIT ?", LISTED_MAX)
      .toArray()
      .map((row) => JSON.parse(row.entry));
  }
}
