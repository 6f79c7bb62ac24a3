/**
 * A shard's SQL. It counts the rows it writes, because this platform charges most for those, and says
 * when a statement fails because a table's tree is broken.
 */
import type { Sql } from "../lazy-sql.ts";
import { isOfBrokenTree } from "./broken-trees.ts";

export class CountedSql implements Sql {
  readonly #sql: Sql;
  readonly #broken: (error: unknown) => void;
  /** Rows written since the object started, as billed. */
  rowsWritten = 0;

  /** `broken`: a statement failed because of a broken tree; it fails all the same. */
  constructor(sql: Sql, broken: (error: unknown) => void) {
    this.#sql = sql;
    this.#broken = broken;
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    const cursor = this.#told(() => this.#sql.exec<Row>(query, ...bindings));
    this.rowsWritten += cursor.rowsWritten;
    return new Told(cursor, (read) => this.#told(read)) as unknown as SqlStorageCursor<Row>;
  }

  #told<Value>(run: () => Value): Value {
    try {
      return run();
    } catch (error) {
      if (isOfBrokenTree(error)) this.#broken(error);
      throw error;
    }
  }
}

/** As much of a cursor as the shard uses: rows are read when they are asked for. */
class Told<Row extends Record<string, SqlStorageValue>> {
  readonly #cursor: SqlStorageCursor<Row>;
  readonly #read: <Value>(run: () => Value) => Value;

  constructor(cursor: SqlStorageCursor<Row>, read: <Value>(run: () => Value) => Value) {
    this.#cursor = cursor;
    this.#read = read;
  }

  get rowsWritten(): number {
    return this.#cursor.rowsWritten;
  }

  toArray(): Row[] {
    return this.#read(() => this.#cursor.toArray());
  }
}
