/** The statements that read from the origin, once for both databases, and how their rows are read. */
import { type Kysely, sql } from "kysely";
import type { GivenField, OriginSums, OriginTeam } from "../protocol.ts";
import type { Dialect, Schema, Statement } from "./dialect.ts";
import { storableText } from "./rows.ts";
import type { Registration } from "./store.ts";

export class Reads {
  readonly #database: Kysely<Schema>;

  constructor({ database }: Dialect) {
    this.#database = database;
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
    // Segments overlap when a message was cut elsewhere: of each, only the facts behind all segments before it count.
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

  /** The newest cuts last. */
  facts(hunt: string, shard: string, first: number, last: number): Statement {
    return this.#database
      .selectFrom("segment")
      .select("facts")
      .where("hunt", "=", storableText(hunt))
      .where("shard", "=", storableText(shard))
      .where("first", "<=", sql<number>`cast(${last} as bigint)`)
      .where("last", ">=", sql<number>`cast(${first} as bigint)`)
      .orderBy("first")
      .compile();
  }

  registration(externalId: string): Statement {
    return this.#database
      .selectFrom("registration")
      .selectAll()
      .where("external_id", "=", storableText(externalId))
      .compile();
  }

  /** What the hunt's feed said of the player's fields. */
  signUp(hunt: string, externalId: string): Statement {
    return this.#database
      .selectFrom("sign_up")
      .select("fields")
      .where("hunt", "=", storableText(hunt))
      .where("external_id", "=", storableText(externalId))
      .compile();
  }

  /** A page of the registrations that came by the hunt's feed, in order. */
  signUps(hunt: string, after: string, limit: number): Statement {
    return this.#database
      .selectFrom("sign_up")
      .innerJoin("registration", "registration.external_id", "sign_up.external_id")
      .select([
        "sign_up.external_id",
        "sign_up.fields",
        "sign_up.told_at",
        "registration.name",
        "registration.locale",
        "registration.bracket",
        "registration.blocked",
      ])
      .where("sign_up.hunt", "=", storableText(hunt))
      .where("sign_up.external_id", ">", storableText(after))
      .orderBy("sign_up.external_id")
      .limit(sql<number>`cast(${limit} as bigint)`)
      .compile();
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

/** Reads a row of `facts`. */
export const readFacts = (row: Row): string => String(row.facts);

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

/** Reads the row of `signUp`. */
export const readSignUp = (row: Row | undefined): GivenField[] =>
  row ? (JSON.parse(String(row.fields)) as GivenField[]) : [];

/** Reads a row of `signUps`. */
export function readSignedUp(hunt: string, row: Row): Registration {
  const registration = readRegistration(row) as Registration;
  return { ...registration, at: Number(row.told_at), signUp: { hunt, fields: readSignUp(row) } };
}

/** Reads the row of `registration`; columns that are not set are left out. */
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
