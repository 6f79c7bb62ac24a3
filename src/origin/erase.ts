/** The statements that delete a hunt from the origin, once for both databases, a bounded number of rows at a time. */
import { type RawBuilder, sql } from "kysely";
import type { Dialect, Schema, Statement } from "./dialect.ts";
import { storableText } from "./rows.ts";

/** Rows of one table in one batch; a segment is up to 100 KB. */
const ROWS = 500;
const SEGMENTS = 50;

/** What tells the rows of a hunt apart: the rest of each table's key. */
const KEYS = {
  segment: ["shard", "first"],
  sign_up: ["external_id"],
  team: ["shard", "id"],
  player: ["shard", "team", "id"],
  solve_row: ["shard", "team", "clue"],
  score: ["shard", "team"],
  mark: ["shard", "team", "kind"],
  win: ["shard", "team", "prize", "unit"],
} as const satisfies Partial<Record<keyof Schema, readonly string[]>>;

type Table = keyof typeof KEYS;

/** In D1 the segments have what stands in these, if they are there at all. */
const NOT_COMPACT: ReadonlySet<Table> = new Set(["solve_row", "score"]);

/** The first one says, as `more`, whether rows are left after the others; all are one transaction. */
export function eraseStatements({ database, compact }: Dialect, id: string): Statement[] {
  const hunt = storableText(id);
  const tables = (Object.keys(KEYS) as Table[]).filter((table) => !(compact && NOT_COMPACT.has(table)));
  const rowsOf = (table: Table): number => (table === "segment" ? SEGMENTS : ROWS);
  const isLeft = tables.map(
    (table): RawBuilder<unknown> =>
      sql`exists (select 1 from ${sql.table(table)} where hunt = ${hunt} limit 1 offset ${sql.lit(rowsOf(table))})`,
  );
  const more = sql`select case when ${sql.join(isLeft, sql` or `)} then 1 else 0 end as more`;
  const deletions = tables.map((table) => {
    const key = sql.join(KEYS[table].map((column) => sql.ref(column)));
    const some = sql`select ${key} from ${sql.table(table)} where hunt = ${hunt} limit ${sql.lit(rowsOf(table))}`;
    return sql`delete from ${sql.table(table)} where hunt = ${hunt} and (${key}) in (${some})`;
  });
  return [more, ...deletions].map((statement) => statement.compile(database));
}

/** Reads the row of the first statement. */
export const isErased = (row: Record<string, unknown> | undefined): boolean => Number(row?.more) === 0;
