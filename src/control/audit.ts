/**
 * The audit: every organiser action of a hunt, who, when, what, from which
 * request; and once an hour, for each person and route, that secrets or personal
 * data were read. It is kept whole, so that nobody can push a line out of it by
 * many others; readings are the only lines that a mere look makes, and the hour
 * bounds them.
 */
import { type Checksums, checksumOf, Damaged, hasAllRows, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Actor, AuditEntry, AuditPage, ReadingOf } from "../objects/control.ts";

/** Repeated readings within so long are one line, ms. */
const HOUR = 3_600_000;

interface EntryRow extends Record<string, SqlStorageValue> {
  id: number;
  entry: string;
  sum: string | null;
}

// `reading` holds the readings of the present hour: route and person.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    sum TEXT NOT NULL DEFAULT '-' -- of the others
  )`;

const READING_SCHEMA = `
  CREATE TABLE IF NOT EXISTS reading (
    hour INTEGER NOT NULL,
    reader TEXT NOT NULL,
    PRIMARY KEY (hour, reader)
  ) WITHOUT ROWID`;

export class AuditLog {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  /** No row was hidden when this instance began to read. */
  #isChecked = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "audit", SCHEMA);
    sql.exec(READING_SCHEMA);
  }

  /** The result names the line for `amend`. */
  record(entry: AuditEntry): number {
    const text = JSON.stringify(entry);
    const [last] = this.#sql.exec<{ id: number | null }>("SELECT max(id) AS id FROM audit").toArray();
    const id = (last?.id ?? 0) + 1;
    this.#sql.exec("INSERT INTO audit (id, entry, sum) VALUES (?, ?, ?)", id, text, checksumOf(id, text));
    return id;
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

  /** The number of the newest line; 0: there is none. */
  get newest(): number {
    const [last] = this.#sql.exec<{ id: number | null }>("SELECT max(id) AS id FROM audit").toArray();
    return last?.id ?? 0;
  }

  /** The number of the newest line of one of these actions; 0: there is none. */
  newestOf(actions: readonly AuditEntry["action"][]): number {
    const has = actions.map(() => "instr(entry, ?) > 0").join(" OR ");
    const [last] = this.#sql
      .exec<{ id: number | null }>(
        `SELECT max(id) AS id FROM audit WHERE ${has}`,
        ...actions.map((action) => `"action":"${action}"`),
      )
      .toArray();
    return last?.id ?? 0;
  }

  /** Drops what half a restoration brought: the lines behind this one. */
  dropBehind(line: number): void {
    this.#sql.exec("DELETE FROM audit WHERE id > ?", line);
  }

  /** Lines behind this one, the oldest first; `next`: the number of the last, where more follow. */
  page(after: number, limit: number): { entries: AuditEntry[]; next?: number } {
    this.#isChecked ||= hasAllRows(this.#sql, "audit");
    if (!this.#isChecked) throw new Damaged("the audit");
    const rows = this.#sql
      .exec<EntryRow>("SELECT id, entry, sum FROM audit WHERE id > ? ORDER BY id LIMIT ?", after, limit)
      .toArray();
    const last = rows.at(-1);
    return {
      entries: rows.map((row) => this.#entryOf(row)),
      ...(rows.length === limit && last ? { next: last.id } : {}),
    };
  }

  /** Adds to a line's detail how its action went. */
  amend(line: number, detail: AuditEntry["detail"]): void {
    const row = this.#sql.exec<EntryRow>("SELECT id, entry, sum FROM audit WHERE id = ?", line).one();
    const recorded = this.#entryOf(row);
    const amended = JSON.stringify({ ...recorded, detail: { ...recorded.detail, ...detail } });
    this.#sql.exec(
      "UPDATE audit SET entry = ?, sum = ? WHERE id = ?",
      amended,
      checksumOf(line, amended),
      line,
    );
  }

  /** Whether there is a line of this action; undefined: nobody can say. */
  has(action: AuditEntry["action"]): boolean | undefined {
    if (!hasAllRows(this.#sql, "audit")) return undefined;
    const rows = this.#sql.exec<EntryRow>("SELECT id, entry, sum FROM audit").toArray();
    return rows.some((row) => this.#entryOf(row).action === action);
  }

  /** The newest entries, or those before the one that `before` names. */
  list(before: number | undefined, limit: number): AuditPage {
    this.#isChecked ||= hasAllRows(this.#sql, "audit");
    if (!this.#isChecked) throw new Damaged("the audit");
    const rows = this.#sql
      .exec<EntryRow>(
        "SELECT id, entry, sum FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
        before ?? Number.MAX_SAFE_INTEGER,
        limit + 1,
      )
      .toArray();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      entries: page.map((row) => this.#entryOf(row)),
      ...(rows.length > limit && last ? { next: last.id } : {}),
    };
  }

  /** One that is not as it was written is told as such, in its place. */
  #entryOf({ id, entry, sum }: EntryRow): AuditEntry {
    const told = this.#checks.isIntact(sum, id, entry) ? entryIn(entry) : undefined;
    if (told) return told;
    console.error({ message: "a line of the audit is not as it was written", id });
    return { at: 0, actor: "", action: "damaged", detail: { line: id }, request: "" };
  }
}

/** Undefined: it is none; a row of an earlier engine has no checksum that says so. */
function entryIn(text: string): AuditEntry | undefined {
  try {
    return JSON.parse(text) as AuditEntry;
  } catch {
    return undefined;
  }
}
