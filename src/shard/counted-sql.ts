/** SQL that counts the rows it writes, because this platform charges most for those. */

import type { Sql } from "../lazy-sql.ts";

export class CountedSql implements Sql {
  readonly #sql: Sql;
  /** Rows written since the object started, as billed. */
  rowsWritten = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    const cursor = this.#sql.exec<Row>(query, ...bindings);
    this.rowsWritten += cursor.rowsWritten;
    return cursor;
  }
}
