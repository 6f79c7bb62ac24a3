/**
 * Every query on the origin, once for both databases. Kysely builds them and
 * writes each database's SQL; running them is the drivers' affair.
 *
 * Rows go in as one JSON parameter a table and come out of it inside the
 * database: a message is a fixed number of statements whatever its number of
 * facts, and stays under the 100 parameters D1 allows.
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
import type { FactMessage, OriginSums, OriginTeam } from "../protocol.ts";
import { type DerivedRows, derivedRows, lastOf, registrationRows, storable, storableText } from "./rows.ts";
import type { Registration } from "./store.ts";

/** Where something happened; a team lives in one shard for good. */
interface Placed {
  hunt: string;
  shard: string;
}

/** The tables of migrations/. Times are epoch ms; SQLite's booleans are 0 and 1. */
interface Schema {
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
  solve: Placed & {
    team: string;
    clue: string;
    seq: number;
    at: number;
    points: number;
    player: string;
  };
  score: Placed & { team: string; seq: number; at: number; score: number };
  mark: Placed & {
    team: string;
    /** `banned`, `hidden`, or `revoked <prize> <unit>`. */
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
}

/** A statement to run, with its parameters. */
export type Statement = Pick<CompiledQuery, "sql" | "parameters">;

type ColumnType = "text" | "bigint" | "boolean";

/** All in which the two databases differ. */
interface Dialect {
  database: Kysely<Schema>;
  /** A JSON array as a table with a column `value`. */
  table(json: string): RawBuilder<{ value: string }>;
  alias: RawBuilder<unknown>;
  /** A member of `value`: PostgreSQL gives text, SQLite the JSON's own type, which its strict tables check. */
  member(name: string, type: ColumnType): RawBuilder<unknown>;
  /** Whether a segment's row carries its solves and scores, instead of rows of their own. */
  compact: boolean;
  /** Statements that together apply all of the parts in one transaction. */
  together(database: Kysely<Schema>, parts: readonly Part[]): Statement[];
}

/** One insert of several that belong together. */
type Part = Compilable & { toOperationNode(): CompiledQuery["query"] };

const SQLITE: Dialect = {
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

const POSTGRES: Dialect = {
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
  // One statement, one round trip: inserts as CTEs run whether or not they are read.
  together: (database, parts) => {
    const named = parts.map((part, index) => sql`${sql.id(`part_${index}`)} as (${part})`);
    return [sql`with ${sql.join(named)} select 1`.compile(database)];
  },
};

export class Queries {
  readonly #dialect: Dialect;
  readonly #database: Kysely<Schema>;

  constructor(dialect: "sqlite" | "postgres") {
    this.#dialect = dialect === "sqlite" ? SQLITE : POSTGRES;
    this.#database = this.#dialect.database;
  }

  /**
   * Applies a message: those of its inserts that have rows, 5 at most (D1) or 7. Everything is
   * insert-once or the-later-wins, so that messages may come again, in another
   * order and cut elsewhere. Throws OriginRejected when it is not a message.
   */
  apply(message: FactMessage): Statement[] {
    const rows = derivedRows(message.facts);
    const { team, player, solve, score, mark, win } = rows;
    const { compact } = this.#dialect;
    const parts = [this.#segment(message, rows)];
    if (team.length > 0) parts.push(this.#teams(message, team));
    if (player.length > 0) parts.push(this.#players(message, player));
    if (solve.length > 0 && !compact) parts.push(this.#solves(message, solve));
    if (score.length > 0 && !compact) parts.push(this.#scores(message, score));
    if (mark.length > 0) parts.push(this.#marks(message, mark));
    if (win.length > 0) parts.push(this.#wins(message, win));
    return this.#dialect.together(this.#database, parts);
  }

  sums(hunt: string, shard: string): Statement {
    const at = { hunt: storableText(hunt), shard: storableText(shard) };
    const count = (table: "team" | "player" | "solve" | "win") =>
      this.#database
        .selectFrom(table)
        .select(({ fn }) => fn.countAll<number>().as("rows"))
        .where("hunt", "=", at.hunt)
        .where("shard", "=", at.shard);
    const score = this.#database
      .selectFrom("score")
      // PostgreSQL sums bigints as numeric.
      .select(sql<number>`cast(coalesce(sum(score), 0) as bigint)`.as("score"))
      .where("hunt", "=", at.hunt)
      .where("shard", "=", at.shard);
    // Segments overlap when a message was cut elsewhere: of each only what lies behind all before it counts.
    const segments = this.#database
      .selectFrom("segment")
      .select([
        "first",
        "last",
        sql<number>`max(last) over (order by first rows between unbounded preceding and 1 preceding)`.as(
          "upto",
        ),
      ])
      .where("hunt", "=", at.hunt)
      .where("shard", "=", at.shard);
    const facts = this.#database
      .selectFrom(segments.as("held"))
      .select(
        sql<number>`cast(coalesce(sum(last - case when upto >= first then upto else first - 1 end), 0) as bigint)`.as(
          "facts",
        ),
      )
      .where(sql<boolean>`last > coalesce(upto, 0)`);
    return this.#database
      .selectNoFrom([
        facts.as("facts"),
        count("team").as("teams"),
        count("player").as("players"),
        count("solve").as("solves"),
        count("win").as("wins"),
        score.as("score"),
      ])
      .compile();
  }

  teams(hunt: string, shard: string, after: string, limit: number): Statement {
    const at = { hunt: storableText(hunt), shard: storableText(shard) };
    // Counted once for the page: in D1 both are views, and a count for each team would read them as often.
    const counted = (table: "player" | "solve") =>
      this.#database
        .selectFrom(table)
        .select(({ fn }) => [`${table}.team`, fn.countAll<number>().as("rows")])
        .where("hunt", "=", at.hunt)
        .where("shard", "=", at.shard)
        .groupBy(`${table}.team`);
    const scores = this.#database
      .selectFrom("score")
      .select(["score.team", "score.score"])
      .where("hunt", "=", at.hunt)
      .where("shard", "=", at.shard);
    const marks = (kind: "banned" | "hidden") =>
      this.#database
        .selectFrom("mark")
        .select("mark.kind")
        .whereRef("mark.hunt", "=", sql.ref("page.hunt"))
        .whereRef("mark.shard", "=", sql.ref("page.shard"))
        .whereRef("mark.team", "=", sql.ref("page.id"))
        .where("mark.kind", "=", kind)
        .where("mark.value", "=", sql.lit(true));
    return this.#database
      .selectFrom("team as page")
      .leftJoin(scores.as("scored"), "scored.team", "page.id")
      .leftJoin(counted("player").as("players"), "players.team", "page.id")
      .leftJoin(counted("solve").as("solves"), "solves.team", "page.id")
      .select(({ exists, fn, lit }) => [
        "page.id as team",
        fn.coalesce("players.rows", lit(0)).as("players"),
        fn.coalesce("solves.rows", lit(0)).as("solves"),
        fn.coalesce("scored.score", lit(0)).as("score"),
        exists(marks("banned")).as("banned"),
        exists(marks("hidden")).as("hidden"),
      ])
      .where("page.hunt", "=", at.hunt)
      .where("page.shard", "=", at.shard)
      .where("page.id", ">", storableText(after))
      .orderBy("page.id")
      .limit(sql<number>`cast(${limit} as bigint)`)
      .compile();
  }

  registration(externalId: string): Statement {
    return this.#database
      .selectFrom("registration")
      .selectAll()
      .where("external_id", "=", storableText(externalId))
      .compile();
  }

  /** None when there is nothing to register; throws OriginRejected when there is too much. */
  register(registrations: readonly Registration[]): Statement[] {
    if (registrations.length === 0) return [];
    const { member } = this.#dialect;
    const insert = this.#database
      .insertInto("registration")
      .columns(["external_id", "name", "locale", "bracket", "blocked", "told_at"])
      .expression(
        this.#rows(registrationRows(registrations)).select([
          member("externalId", "text").as("external_id"),
          member("name", "text").as("name"),
          member("locale", "text").as("locale"),
          member("bracket", "text").as("bracket"),
          member("blocked", "boolean").as("blocked"),
          member("at", "bigint").as("told_at"),
        ]),
      )
      .onConflict((conflict) =>
        conflict
          .column("external_id")
          .doUpdateSet(({ ref }) => ({
            name: ref("excluded.name"),
            locale: ref("excluded.locale"),
            bracket: ref("excluded.bracket"),
            blocked: ref("excluded.blocked"),
            told_at: ref("excluded.told_at"),
          }))
          .whereRef("excluded.told_at", ">=", "registration.told_at"),
      );
    return [insert.compile()];
  }

  /** The segment's row; in D1 with its solves and scores. A longer one from the same fact on replaces it. */
  #segment(message: FactMessage, { solve, score }: DerivedRows): Part {
    const lists = this.#dialect.compact ? { solves: storable(solve), scores: storable(score) } : {};
    const replaced = ["last", "facts", ...(Object.keys(lists) as (keyof typeof lists)[])] as const;
    return this.#database
      .insertInto("segment")
      .values({
        ...this.#place(message),
        first: sql<number>`cast(${message.first} as bigint)`,
        last: sql<number>`cast(${lastOf(message)} as bigint)`,
        facts: storable(message.facts),
        ...lists,
      })
      .onConflict((conflict) =>
        conflict
          .columns(["hunt", "shard", "first"])
          .doUpdateSet(({ ref }) =>
            Object.fromEntries(replaced.map((name) => [name, ref(`excluded.${name}`)])),
          )
          .whereRef("excluded.last", ">", "segment.last"),
      );
  }

  #teams(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("team")
      .columns(["hunt", "shard", "id", "name", "bracket", "joined_at"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("id", "text").as("id"),
          member("name", "text").as("name"),
          member("bracket", "text").as("bracket"),
          member("at", "bigint").as("joined_at"),
        ]),
      )
      .onConflict((conflict) => conflict.doNothing());
  }

  #players(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("player")
      .columns(["hunt", "shard", "team", "id", "name", "external_id", "provisional", "joined_at"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("id", "text").as("id"),
          member("name", "text").as("name"),
          member("externalId", "text").as("external_id"),
          member("provisional", "boolean").as("provisional"),
          member("at", "bigint").as("joined_at"),
        ]),
      )
      .onConflict((conflict) => conflict.doNothing());
  }

  #solves(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("solve")
      .columns(["hunt", "shard", "team", "clue", "seq", "at", "points", "player"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("clue", "text").as("clue"),
          member("seq", "bigint").as("seq"),
          member("at", "bigint").as("at"),
          member("points", "bigint").as("points"),
          member("player", "text").as("player"),
        ]),
      )
      .onConflict((conflict) => conflict.doNothing());
  }

  #wins(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("win")
      .columns(["hunt", "shard", "team", "prize", "unit", "seq", "at", "player", "event"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("prize", "text").as("prize"),
          member("unit", "bigint").as("unit"),
          member("seq", "bigint").as("seq"),
          member("at", "bigint").as("at"),
          member("player", "text").as("player"),
          member("event", "text").as("event"),
        ]),
      )
      .onConflict((conflict) => conflict.doNothing());
  }

  #scores(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("score")
      .columns(["hunt", "shard", "team", "seq", "at", "score"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("seq", "bigint").as("seq"),
          member("at", "bigint").as("at"),
          member("score", "bigint").as("score"),
        ]),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["hunt", "shard", "team"])
          .doUpdateSet(({ ref }) => ({
            seq: ref("excluded.seq"),
            at: ref("excluded.at"),
            score: ref("excluded.score"),
          }))
          .whereRef("excluded.seq", ">", "score.seq"),
      );
  }

  #marks(message: FactMessage, rows: object[]): Part {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("mark")
      .columns(["hunt", "shard", "team", "kind", "seq", "at", "value", "reason"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("kind", "text").as("kind"),
          member("seq", "bigint").as("seq"),
          member("at", "bigint").as("at"),
          member("value", "boolean").as("value"),
          member("reason", "text").as("reason"),
        ]),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["hunt", "shard", "team", "kind"])
          .doUpdateSet(({ ref }) => ({
            seq: ref("excluded.seq"),
            at: ref("excluded.at"),
            value: ref("excluded.value"),
            reason: ref("excluded.reason"),
          }))
          .whereRef("excluded.seq", ">", "mark.seq"),
      );
  }

  /** Reads the rows back. `where true`: SQLite would take what follows a bare FROM for a join. */
  #rows(rows: object[]) {
    const { table, alias } = this.#dialect;
    return this.#database.selectFrom(table(storable(rows)).as<"each">(alias)).where(sql<boolean>`true`);
  }

  #place({ hunt, shard }: Placed) {
    return { hunt: storableText(hunt), shard: storableText(shard) };
  }

  #placeColumns(placed: Placed) {
    const { hunt, shard } = this.#place(placed);
    return [
      sql<string>`cast(${hunt} as text)`.as("hunt"),
      sql<string>`cast(${shard} as text)`.as("shard"),
    ] as const;
  }
}

type Row = Record<string, unknown>;

/** Reads the row of `sums`. */
export function readSums(row: Row | undefined): OriginSums {
  if (!row) throw new Error("the origin gave no sums");
  return {
    facts: Number(row.facts),
    teams: Number(row.teams),
    players: Number(row.players),
    solves: Number(row.solves),
    wins: Number(row.wins),
    score: Number(row.score),
  };
}

/** Reads a row of `teams`. */
export function readTeam(row: Row): OriginTeam {
  return {
    team: String(row.team),
    players: Number(row.players),
    solves: Number(row.solves),
    score: Number(row.score),
    banned: Boolean(row.banned),
    hidden: Boolean(row.hidden),
  };
}

/** Reads the row of `registration`; what is not set is left out. */
export function readRegistration(row: Row | undefined): Registration | undefined {
  if (!row) return undefined;
  return {
    externalId: String(row.external_id),
    ...(row.name === null ? {} : { name: String(row.name) }),
    ...(row.locale === null ? {} : { locale: String(row.locale) }),
    ...(row.bracket === null ? {} : { bracket: String(row.bracket) }),
    ...(row.blocked ? { blocked: true } : {}),
  };
}
