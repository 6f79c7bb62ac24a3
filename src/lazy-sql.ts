/**
 * An object's SQLite that is not written to before there is a row to store. A
 * name alone makes an object, so an object that somebody only asked for must
 * leave nothing behind: its tables wait for the first row, and reads before that
 * find none.
 */

export type Sql = Pick<SqlStorage, "exec">;

/** Every statement of a schema begins so; SQL that the platform stores beside ours has names of its own. */
const CREATES = /^\s*CREATE /;
/** Without tables there is nothing to read, to change or to delete. */
const FINDS_NOTHING = /^\s*(?:SELECT|UPDATE|DELETE|PRAGMA quick_check)\b/;
const OUR_TABLES =
  "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' LIMIT 1";
const NO_ROWS = "SELECT 1 LIMIT 0";

export class LazySql implements Sql {
  readonly #sql: Sql;
  /** The schemas that wait for the first row; undefined: the tables are there. */
  #waiting: string[] | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#waiting = sql.exec(OUR_TABLES).toArray().length === 0 ? [] : undefined;
  }

  exec<Row extends Record<string, SqlStorageValue>>(
    query: string,
    ...bindings: unknown[]
  ): SqlStorageCursor<Row> {
    if (this.#waiting) {
      if (CREATES.test(query)) {
        this.#waiting.push(query);
        return this.#sql.exec<Row>(NO_ROWS);
      }
      if (FINDS_NOTHING.test(query)) return this.#sql.exec<Row>(NO_ROWS);
      for (const schema of this.#waiting) this.#sql.exec(schema);
      this.#waiting = undefined;
    }
    return this.#sql.exec<Row>(query, ...bindings);
  }
}
