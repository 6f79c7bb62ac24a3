/**
 * The audit: every organiser action of a hunt, who, when, what, from which
 * request; and once an hour, for each person and route, that secrets or personal
 * data were read. It is kept whole, so that nobody can push a line out of it by
 * many others; readings are the only lines that a mere look makes, and the hour
 * bounds them.
 */
import type { Sql } from "../lazy-sql.ts";
import type { Actor, AuditEntry, AuditPage, ReadingOf } from "../objects/control.ts";

/** Repeated readings within so long are one line, ms. */
const HOUR = 3_600_000;

// `reading` holds the readings of the present hour: route and person.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY,
    entry TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS reading (
    hour INTEGER NOT NULL,
    reader TEXT NOT NULL,
    PRIMARY KEY (hour, reader)
  ) WITHOUT ROWID`;

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

  /** Records that somebody read something, unless this hour has that line already. `at`: epoch ms. */
  recordReading({ action, detail }: ReadingOf, by: Actor, at: number): void {
    const hour = Math.floor(at / HOUR);
    const reader = JSON.stringify([by.actor, action, detail]);
    const insert = "INSERT OR IGNORE INTO reading (hour, reader) VALUES (?, ?)";
    if (this.#sql.exec(insert, hour, reader).rowsWritten === 0) return;
    this.#sql.exec("DELETE FROM reading WHERE hour < ?", hour);
    this.record({ ...by, at, action, detail });
  }

  /** Adds to a line's detail how its action went. */
  amend(line: number, detail: AuditEntry["detail"]): void {
    const { entry } = this.#sql.exec<{ entry: string }>("SELECT entry FROM audit WHERE id = ?", line).one();
    const recorded = JSON.parse(entry) as AuditEntry;
    const amended = { ...recorded, detail: { ...recorded.detail, ...detail } };
    this.#sql.exec("UPDATE audit SET entry = ? WHERE id = ?", JSON.stringify(amended), line);
  }

  /** The newest entries, or those before the one that `before` names. */
  list(before: number | undefined, limit: number): AuditPage {
    const rows = this.#sql
      .exec<{ id: number; entry: string }>(
        "SELECT id, entry FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
        before ?? Number.MAX_SAFE_INTEGER,
        limit + 1,
      )
      .toArray();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      entries: page.map(({ entry }) => JSON.parse(entry) as AuditEntry),
      ...(rows.length > limit && last ? { next: last.id } : {}),
    };
  }
}
