/** Named texts in an object's SQLite, cut into rows, because a row may hold 2 MB only. */
import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellDropped,
  tellMended,
  unflipped,
  withChecksums,
} from "./checksum.ts";
import type { Sql } from "./lazy-sql.ts";

/** Most characters of one row; a character takes up to three bytes. */
const PART_MAX = 600_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS stored_text (
  name TEXT NOT NULL,
  part INTEGER NOT NULL,   -- from 0
  body TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-', -- of the others and of the number of parts
  PRIMARY KEY (name, part)
) WITHOUT ROWID`;

/** Longest text in which every bit is tried, characters: half a second. */
const MENDED_MAX = 4_000;

/** Whether the text is cut between the halves of a character when it is cut before `at`. */
const isWithin = (text: string, at: number): boolean => {
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff && at < text.length;
};

/** The text in parts that fit a row each, one at least; half of a character is no text, and would be lost. */
export function cutIntoRows(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length || parts.length === 0; ) {
    const end = Math.min(from + PART_MAX, text.length);
    const to = isWithin(text, end) ? end - 1 : end;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

interface TextRow extends Record<string, SqlStorageValue> {
  name: string;
  part: number;
  body: string;
  sum: string | null;
}

export class StoredText {
  readonly #sql: Sql;
  readonly #checks: Checksums;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "stored_text", SCHEMA);
  }

  /** Throws `Damaged` when it is not as it was written, or cannot be found among rows that are not. */
  read(name: string): string | undefined {
    const rows = this.#rows("WHERE name = ? ORDER BY part", name);
    if (!this.#areOfTree(rows)) throw new Damaged(`the stored ${name}`);
    const suspects = rows.length > 0 ? rows : this.#rows("ORDER BY name, part");
    for (const own of Map.groupBy(suspects, (row) => row.name).values()) {
      if (this.#areIntact(own)) continue;
      const [row] = own;
      // A text of several parts has too many bits to try.
      const body = own.length === 1 && row?.name === name ? this.#mended(row) : undefined;
      if (body === undefined) throw new Damaged(`the stored ${name}`);
      return body;
    }
    return rows.length === 0 ? undefined : rows.map((row) => row.body).join("");
  }

  /** The text, put right; undefined: more than one bit of it is wrong. */
  #mended({ name, part, body, sum }: TextRow): string | undefined {
    if (body.length > MENDED_MAX) return undefined;
    const where = "WHERE name = ? AND part = ?";
    const [row] = this.#sql
      .exec<{ body: ArrayBuffer }>(`SELECT CAST(body AS BLOB) AS body FROM stored_text ${where}`, name, part)
      .toArray();
    const columns = [new TextEncoder().encode(name), part, 1, new Uint8Array(row?.body ?? new ArrayBuffer())];
    const right = unflipped(sum, columns);
    if (right?.[0] !== name || right[1] !== 0 || right[2] !== 1) return undefined;
    if (part !== 0) return undefined;
    const text = String(right[3]);
    this.write(name, text);
    tellMended(`the stored ${name}`);
    return text;
  }

  /** Of a text that can be made again: one that is not as it was written counts as missing. */
  readDerived(name: string): string | undefined {
    const rows = this.#rows("WHERE name = ? ORDER BY part", name);
    if (rows.length === 0) return undefined;
    if (this.#areOfTree(rows) && this.#areIntact(rows)) return rows.map((row) => row.body).join("");
    tellDropped(`the stored ${name}`);
    return undefined;
  }

  /** Rows that are none, or have no checksum, may be so because the table's tree is broken. */
  #areOfTree(rows: readonly TextRow[]): boolean {
    const areSure = rows.length > 0 && rows.every(({ sum }) => sum !== null);
    return areSure || hasAllRows(this.#sql, "stored_text");
  }

  /** `rows`: all of one text. */
  #areIntact(rows: readonly TextRow[]): boolean {
    return rows.every(
      ({ name, part, body, sum }, index) =>
        part === index && this.#checks.isIntact(sum, name, part, rows.length, body),
    );
  }

  #rows(condition: string, ...bindings: string[]): TextRow[] {
    return this.#sql
      .exec<TextRow>(`SELECT name, part, body, sum FROM stored_text ${condition}`, ...bindings)
      .toArray();
  }

  /** Replaces the text. One row written for a short one. */
  write(name: string, text: string): void {
    const parts = cutIntoRows(text);
    for (const [part, body] of parts.entries()) {
      this.#sql.exec(
        `INSERT INTO stored_text (name, part, body, sum) VALUES (?, ?, ?, ?)
         ON CONFLICT (name, part) DO UPDATE SET body = excluded.body, sum = excluded.sum`,
        name,
        part,
        body,
        checksumOf(name, part, parts.length, body),
      );
    }
    this.#sql.exec("DELETE FROM stored_text WHERE name = ? AND part >= ?", name, parts.length);
  }
}
