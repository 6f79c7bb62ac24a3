/** The platform's SQL, as far as a shard uses it, over a SQLite outside of it. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Sql } from "../../src/lazy-sql.ts";

export function sqlOf(database: DatabaseSync): Sql {
  const exec = (query: string, ...bindings: unknown[]) => {
    if (bindings.length === 0 && !/^(?:SELECT|PRAGMA)/.test(query)) {
      database.exec(query);
      return rowsOf([]);
    }
    const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
    return rowsOf(database.prepare(query).all(...(values as SQLInputValue[])));
  };
  return { exec } as unknown as Sql;
}

function rowsOf(found: Record<string, unknown>[]) {
  const rows = found.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? value.slice().buffer : value,
      ]),
    ),
  );
  return { toArray: () => rows, one: () => rows[0], [Symbol.iterator]: () => rows.values() };
}
