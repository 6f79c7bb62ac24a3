/**
 * Tables whose tree on disk is broken. One stays in the file under another name: to drop it, SQLite would
 * follow its pointers, and free blocks of other tables.
 */
import { treeFaults } from "./checksum.ts";
import type { Sql } from "./lazy-sql.ts";

/** Tables put aside in the life of an object: a disk that breaks more has to be replaced. */
const PUT_ASIDE_MAX = 16;

export const isThere = (sql: Sql, table: string): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", table).toArray().length > 0;

/** Gives the table's new name. Its indexes, had it any, would go with it. */
export function putAside(sql: Sql, table: string): string {
  for (let number = 1; number <= PUT_ASIDE_MAX; number += 1) {
    const name = `${table}_broken_${number}`;
    if (isThere(sql, name)) continue;
    sql.exec(`ALTER TABLE ${table} RENAME TO ${name}`);
    return name;
  }
  throw new Error("the disk breaks again and again");
}

/** Lets a table of which everything can be made again begin empty where its tree is broken. Reads all of it. */
export function beginAnewIfBroken(sql: Sql, table: string): void {
  if (!isThere(sql, table)) return;
  const [fault] = treeFaults(sql, table);
  if (fault === undefined) return;
  putAside(sql, table);
  console.error({ message: "a table's tree is broken, and the table begins empty", table, fault });
}
