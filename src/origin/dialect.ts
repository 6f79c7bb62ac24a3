/**
 * The tables of the origin and the two kinds of database that hold them. Kysely
 * builds statements and writes each database's SQL; the drivers run them.
 */
import {
  type Compilable,
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from "kysely";

/** Where something happened; a team lives in one shard for good. */
export interface Placed {
  hunt: string;
  shard: string;
}

/** One that was taken back is no solve any more; its row keeps an older message from bringing it back. */
interface SolveRow extends Placed {
  team: string;
  clue: string;
  seq: number;
  at: number;
  points: number;
  /** Empty: an organiser gave it. */
  player: string;
}

/** The tables of migrations/. Times are epoch ms; SQLite's booleans are 0 and 1. */
export interface Schema {
  /** `solves` and `scores`: in D1 only, where each row written is billed; there `solve` and `score` are views of them. */
  segment: Placed & { first: number; last: number; facts: string; solves?: string; scores?: string };
  team: Placed & { id: string; name: string; bracket: string | null; joined_at: number };
  player: Placed & {
    team: string;
    id: string;
    name: string;
    external_id: string | null;
    provisional: boolean;
    joined_at: number;
  };
  /** A view, of `solve_row` or of segments' lists. */
  solve: SolveRow;
  /** In PostgreSQL only. */
  solve_row: SolveRow & { withdrawn: boolean };
  score: Placed & { team: string; seq: number; at: number; score: number };
  mark: Placed & {
    team: string;
    /** `banned`, `hidden`, `revoked <prize> <unit>`, `forgotten <player>`, … (rows.ts). */
    kind: string;
    seq: number;
    at: number;
    value: boolean;
    reason: string;
  };
  win: Placed & {
    team: string;
    prize: string;
    unit: number;
    seq: number;
    at: number;
    player: string;
    event: string;
  };
  registration: {
    external_id: string;
    name: string | null;
    locale: string | null;
    bracket: string | null;
    blocked: boolean;
    told_at: number;
  };
  /** Registrations that came by a hunt's feed; `fields`: JSON. */
  sign_up: { hunt: string; external_id: string; fields: string; told_at: number };
  /** Registrations that were taken back because their players were forgotten: keyed digests, and when. */
  unregistered: { digest: string; at: number };
}

/** A statement to run, with its parameters. */
export type Statement = Pick<CompiledQuery, "sql" | "parameters">;

type ColumnType = "text" | "bigint" | "boolean";

/** Everything in which the two databases differ. */
export interface Dialect {
  database: Kysely<Schema>;
  /** A JSON array as a table with a column `value`. */
  table(json: string): RawBuilder<{ value: string }>;
  alias: RawBuilder<unknown>;
  /** A member of `value`: PostgreSQL gives text, SQLite the JSON's own type, which its strict tables check. */
  member(name: string, type: ColumnType): RawBuilder<unknown>;
  /** Whether a segment's row carries its solves and scores, instead of rows of their own. */
  compact: boolean;
  /**
   * A statement that comes first in a transaction: others of the same key wait, unless all of them share it. None:
   * the database does one transaction at a time.
   */
  lock?(key: string, isShared: boolean): RawBuilder<unknown>;
  /** Statements that together apply all of the parts in one transaction. */
  together(database: Kysely<Schema>, parts: readonly Part[]): Statement[];
}

/** One insert of several that belong together. */
export type Part = Compilable & { toOperationNode(): CompiledQuery["query"] };

export const SQLITE: Dialect = {
  database: new Kysely({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  table: (json) => sql`json_each(${json})`,
  alias: sql`each`,
  member: (name) => sql`value ->> ${sql.lit(name)}`,
  compact: true,
  together: (_, parts) => parts.map((part) => part.compile()),
};

export const POSTGRES: Dialect = {
  database: new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  table: (json) => sql`json_array_elements(cast(${json} as json))`,
  alias: sql`each(value)`,
  member: (name, type) => sql`cast(value ->> ${sql.lit(name)} as ${sql.raw(type)})`,
  compact: false,
  lock: (key, isShared) =>
    sql`select ${sql.raw(isShared ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock")}(hashtextextended(${key}, 0))`,
  // One statement, one round trip: inserts as CTEs run whether or not they are read.
  together: (database, parts) => {
    const named = parts.map((part, index) => sql`${sql.id(`part_${index}`)} as (${part})`);
    return [sql`with ${sql.join(named)} select 1`.compile(database)];
  },
};
