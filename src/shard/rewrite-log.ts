/**
 * Logs of earlier engines, in the table `segment`: their facts had names and
 * positions in them, and no hash. A start moves them into the present form,
 * once, in one transaction with whatever the start writes; the old rows go.
 */
import type { Sql } from "../lazy-sql.ts";
import { type Personal, partsOf } from "../people/personal.ts";
import type { Range } from "../protocol.ts";
import { isThere } from "../put-aside.ts";
import { chainHash, NO_HASH } from "./chain.ts";
import { gapOf } from "./gaps.ts";
import type { SegmentRows } from "./segment-rows.ts";

/** The table that earlier engines kept their log in. */
export const OLD_LOG = "segment";

export type OldRow = { first: number; last: number; body: string };

/** Reads such a log, and fills one that is made anew from a broken one. */
export class OldRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${OLD_LOG} (first INTEGER PRIMARY KEY, last INTEGER, body TEXT)`);
  }

  static read(sql: Sql, table: string, where: string, ...bindings: number[]): OldRow[] {
    return sql.exec<OldRow>(`SELECT first, last, body FROM ${table} ${where}`, ...bindings).toArray();
  }

  insertUnlessThere({ first, last, body }: OldRow): void {
    this.#sql.exec(
      `INSERT OR IGNORE INTO ${OLD_LOG} (first, last, body) VALUES (?, ?, ?)`,
      first,
      last,
      body,
    );
  }
}

/** Rows read at a time: a cursor must not stay open across other statements. */
const ROWS = 64;

/** Text that only segments with something personal have. */
const HAS_PERSONAL = /"type":"join"|"position":/;

/** Whether there was such a log: then copies of it elsewhere have names in them too. */
export function rewriteLog(sql: Sql, into: SegmentRows): boolean {
  if (!isThere(sql, OLD_LOG)) return false;
  let hash = into.newest()?.hash ?? NO_HASH;
  for (;;) {
    const rows = OldRows.read(sql, OLD_LOG, "ORDER BY first LIMIT ?", ROWS);
    const end = rows.at(-1);
    if (!end) break;
    for (const { first, last, body: old } of rows) {
      const { body, persons } = rewritten({ first, last }, old);
      // An empty body is that of a gap, whose hash must be no hash.
      hash = body === "" ? NO_HASH : chainHash(hash, first, body);
      into.insert({ first, last, body, persons, hash });
    }
    sql.exec(`DELETE FROM ${OLD_LOG} WHERE first <= ?`, end.first);
  }
  sql.exec(`DROP TABLE ${OLD_LOG}`);
  return true;
}

/** Empty: nobody can read it any more. Then it may not stay as it is, because it may have names in it. */
function rewritten(range: Range, old: string): { body: string; persons: string | null } {
  const { said: facts, isReadable } = gapOf(range, old);
  if (!isReadable) return { body: "", persons: null };
  if (!HAS_PERSONAL.test(old)) return { body: old, persons: null };
  const persons: Record<string, Personal> = {};
  const bodies = facts.map((fact) => {
    const parts = partsOf(fact);
    if (parts) persons[fact.seq] = parts.personal;
    return JSON.stringify(parts?.logged ?? fact);
  });
  const has = Object.keys(persons).length > 0;
  return { body: bodies.join(","), persons: has ? JSON.stringify(persons) : null };
}
