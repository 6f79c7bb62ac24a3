/**
 * Codes of wins that a hunt brought along from another engine, whose key this one does not have: what a winner was
 * shown stays what it shows.
 */
import { checksumOf, Damaged, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import type { BroughtCode } from "../objects/backup.ts";
import type { Leaving } from "../protocol.ts";
import { isThere } from "../put-aside.ts";

const TABLE = "restored_code";

// The table has no version: columns are only added.
const SCHEMA = `CREATE TABLE IF NOT EXISTS restored_code (
  prize TEXT NOT NULL,
  unit INTEGER NOT NULL,
  code TEXT NOT NULL,
  sum TEXT NOT NULL DEFAULT '-', -- of the others
  PRIMARY KEY (prize, unit)
) WITHOUT ROWID`;

interface Row extends Record<string, SqlStorageValue> {
  code: string;
  sum: string | null;
}

export class RestoredCodes {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  #checks() {
    return withChecksums(this.#sql, TABLE, SCHEMA);
  }

  put(prize: string, unit: number, code: string): void {
    this.#checks();
    this.#sql.exec(
      "INSERT OR REPLACE INTO restored_code (prize, unit, code, sum) VALUES (?, ?, ?, ?)",
      prize,
      unit,
      code,
      checksumOf(prize, unit, code),
    );
  }

  /** Those of wins that go to another shard; empty: the engine makes all of them. */
  carried(leavings: readonly Leaving[]): { codes?: BroughtCode[] } {
    const codes = leavings.flatMap(({ wins = [] }) =>
      wins.flatMap(({ prize, unit }) => {
        const code = this.of(prize, unit);
        return code === undefined ? [] : [{ prize, unit, code }];
      }),
    );
    return codes.length === 0 ? {} : { codes };
  }

  take(codes: readonly BroughtCode[]): void {
    for (const { prize, unit, code } of codes) this.put(prize, unit, code);
  }

  /** Undefined: the engine makes it. Throws `Damaged`. */
  of(prize: string, unit: number): string | undefined {
    if (!isThere(this.#sql, TABLE)) return undefined;
    const checks = this.#checks();
    const [row] = this.#sql
      .exec<Row>("SELECT code, sum FROM restored_code WHERE prize = ? AND unit = ?", prize, unit)
      .toArray();
    if (row && !checks.isIntact(row.sum, prize, unit, row.code)) throw new Damaged("a winner's code");
    return row?.code;
  }
}
