/** Named texts in an object's SQLite, cut into rows, because a row may hold 2 MB only. */

/** Most characters of one row; a character takes up to three bytes. */
const PART_MAX = 600_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS stored_text (
  name TEXT NOT NULL,
  part INTEGER NOT NULL,   -- from 0
  body TEXT NOT NULL,
  PRIMARY KEY (name, part)
) WITHOUT ROWID`;

export class StoredText {
  readonly #sql: Pick<SqlStorage, "exec">;

  constructor(sql: Pick<SqlStorage, "exec">) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  read(name: string): string | undefined {
    const rows = this.#sql
      .exec<{ body: string }>("SELECT body FROM stored_text WHERE name = ? ORDER BY part", name)
      .toArray();
    return rows.length === 0 ? undefined : rows.map((row) => row.body).join("");
  }

  /** Replaces the text. One row written for a short one. */
  write(name: string, text: string): void {
    const parts = Math.max(1, Math.ceil(text.length / PART_MAX));
    for (let part = 0; part < parts; part += 1) {
      this.#sql.exec(
        `INSERT INTO stored_text (name, part, body) VALUES (?, ?, ?)
         ON CONFLICT (name, part) DO UPDATE SET body = excluded.body`,
        name,
        part,
        text.slice(part * PART_MAX, (part + 1) * PART_MAX),
      );
    }
    this.#sql.exec("DELETE FROM stored_text WHERE name = ? AND part >= ?", name, parts);
  }
}
