/**
 * Files that players sent, a row each, from the moment they are on their way. What a submission names stays until it
 * is deleted; everything else is gone some time later, and the row says when.
 */
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import { isKnownForm } from "../stored-form.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS upload (
  id TEXT PRIMARY KEY,   -- its key in the bucket as well
  team TEXT NOT NULL,
  due INTEGER NOT NULL,  -- when it goes, epoch ms; -1: it stays
  body TEXT NOT NULL,    -- the rest as JSON
  sum TEXT NOT NULL DEFAULT '-' -- of the others
)`;
const INDEXES = [
  "CREATE INDEX IF NOT EXISTS upload_team ON upload (team)",
  "CREATE INDEX IF NOT EXISTS upload_due ON upload (due) WHERE due >= 0",
];

/** The form of the body. */
const FORM = 1;

const STAYS = -1;

/** `coming`: on its way; `stored`: no submission names it yet; `sent`: one does; `gone`: to be deleted. */
export type UploadState = "coming" | "stored" | "sent" | "gone";

export interface StoredUpload {
  id: string;
  team: string;
  player: string;
  clue: string;
  state: UploadState;
  /** When it began to come, epoch ms. */
  at: number;
  /** When it goes, epoch ms; absent: it stays. */
  due?: number;
  /** Of one in parts: how the bucket knows it. */
  multipart?: string;
  /** From `stored` on. */
  type?: string;
  size?: number;
  sha256?: string;
}

interface Row extends Record<string, SqlStorageValue> {
  id: string;
  team: string;
  due: number;
  body: string;
  sum: string | null;
}

const COLUMNS = "id, team, due, body, sum";

export class UploadStore {
  readonly #sql: Sql;
  readonly #checks: Checksums;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "upload", SCHEMA);
    for (const index of INDEXES) sql.exec(index);
  }

  at(id: string): StoredUpload | undefined {
    return this.#read("WHERE id = ?", id)[0];
  }

  of(team: string): StoredUpload[] {
    return this.#read("WHERE team = ?", team);
  }

  /** Those that go by `now`, those first that are due longest. */
  due(now: number, limit: number): StoredUpload[] {
    return this.#read("WHERE due >= 0 AND due <= ? ORDER BY due LIMIT ?", now, limit);
  }

  /** When the next one goes, epoch ms; undefined: none does. */
  get next(): number | undefined {
    const [row] = this.#sql
      .exec<{ due: number | null }>("SELECT min(due) AS due FROM upload WHERE due >= 0")
      .toArray();
    return row?.due ?? undefined;
  }

  save({ id, team, due = STAYS, ...rest }: StoredUpload): void {
    const body = JSON.stringify({ v: FORM, ...rest });
    this.#sql.exec(
      "INSERT OR REPLACE INTO upload (id, team, due, body, sum) VALUES (?, ?, ?, ?, ?)",
      id,
      team,
      due,
      body,
      checksumOf(id, team, due, body),
    );
  }

  drop(id: string): void {
    this.#sql.exec("DELETE FROM upload WHERE id = ?", id);
  }

  #read(condition: string, ...bindings: SqlStorageValue[]): StoredUpload[] {
    const rows = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM upload ${condition}`, ...bindings).toArray();
    return rows.flatMap((row) => this.#uploadOf(row) ?? []);
  }

  /** Undefined: it is not as it was written, and dropped: its player sends it again. */
  #uploadOf({ id, team, due, body, sum }: Row): StoredUpload | undefined {
    if (this.#checks.isIntact(sum, id, team, due, body)) {
      const { v, ...rest } = JSON.parse(body) as Omit<StoredUpload, "id" | "team" | "due"> & { v: number };
      if (!isKnownForm({ v }, FORM)) return undefined;
      return { id, team, ...rest, ...(due === STAYS ? {} : { due }) };
    }
    tellDropped("a row of uploads");
    this.#sql.exec("DELETE FROM upload WHERE id = ?", id);
    return undefined;
  }
}
