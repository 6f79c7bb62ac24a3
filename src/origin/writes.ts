/**
 * The statements that write to the origin, once for both databases.
 *
 * Rows go in as one JSON parameter a table, and the database takes them out of
 * it: a message is a fixed number of statements whatever its number of facts,
 * and stays under the 100 parameters D1 allows.
 */
import { type Kysely, sql } from "kysely";
import { CLOCK_TOLERANCE } from "../ahead.ts";
import { type FactMessage, FORGOTTEN_NAME } from "../protocol.ts";
import type { Dialect, Part, Placed, Schema, Statement } from "./dialect.ts";
import {
  type DerivedRows,
  derivedRows,
  FORGOTTEN,
  lastOf,
  NAMELESS,
  named,
  registrationRows,
  signUpRows,
  storable,
  storableText,
} from "./rows.ts";
import type { NamedMessage, RegistrationToStore, RegistrationToTakeBack } from "./store.ts";

export class Writes {
  readonly #dialect: Dialect;
  readonly #database: Kysely<Schema>;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.#database = dialect.database;
  }

  /**
   * Applies a message: the inserts that have rows, 5 at most (D1) or 7, and where it has names, or says that
   * somebody is forgotten, up to 3 updates. Rows are inserted once, or the later one wins, so that messages may
   * come again, in another order and cut elsewhere. Throws OriginRejected when it is not a message.
   */
  apply(message: NamedMessage): Statement[] {
    const rows = derivedRows(named(message));
    const { team, player, solve, score, mark, win } = rows;
    const { compact } = this.#dialect;
    const parts = [this.#segment(message, rows)];
    if (team.length > 0) parts.push(this.#teams(message, team));
    if (player.length > 0) parts.push(this.#players(message, player));
    if (solve.length > 0 && !compact) parts.push(this.#solves(message, solve));
    if (score.length > 0 && !compact) parts.push(this.#scores(message, score));
    if (mark.length > 0) parts.push(this.#marks(message, mark));
    if (win.length > 0) parts.push(this.#wins(message, win));
    return [
      ...this.#lock(message, rows),
      ...this.#dialect.together(this.#database, parts),
      ...this.#scrub(message, rows),
    ];
  }

  /** Of two messages under way, one with a name and one that forgets it, one must see what the other did. */
  #lock({ hunt, shard, facts }: FactMessage, { scrub }: DerivedRows): Statement[] {
    const { lock } = this.#dialect;
    if (!lock || scrub.players.length + scrub.alone.length === 0) return [];
    const isShared = !facts.some(({ type }) => type === "forget");
    return [lock(`forget ${hunt}/${shard}`, isShared).compile(this.#database)];
  }

  /** Takes out what is personal of who was forgotten, in whatever order the messages came. */
  #scrub(message: FactMessage, { scrub }: DerivedRows): Statement[] {
    const { hunt, shard } = this.#place(message);
    const { teams, players, alone } = scrub;
    const statements: Statement[] = [];
    if (players.length > 0) {
      const forgotten = this.#database
        .selectFrom("mark")
        .select("mark.kind")
        .where("mark.hunt", "=", hunt)
        .where("mark.shard", "=", shard)
        .whereRef("mark.team", "=", sql.ref("player.team"))
        .where("mark.kind", "=", sql<string>`${sql.lit(`${FORGOTTEN} `)} || player.id`);
      const update = this.#database
        .updateTable("player")
        .set({ name: FORGOTTEN_NAME, external_id: null })
        .where("player.hunt", "=", hunt)
        .where("player.shard", "=", shard)
        .where("player.team", "in", this.#texts(teams))
        .where("player.id", "in", this.#texts(players))
        .where(({ exists }) => exists(forgotten));
      statements.push(update.compile());
    }
    if (alone.length > 0) {
      const nameless = (of: "team" | "renamed") => {
        const mark = this.#database
          .selectFrom("mark as said")
          .select("said.kind")
          .where("said.hunt", "=", hunt)
          .where("said.shard", "=", shard)
          .where("said.kind", "=", NAMELESS);
        return of === "team"
          ? mark.whereRef("said.team", "=", sql.ref("team.id"))
          : mark
              .whereRef("said.team", "=", sql.ref("mark.team"))
              .whereRef("said.seq", ">", sql.ref("mark.seq"));
      };
      const rename = this.#database
        .updateTable("team")
        .set({ name: FORGOTTEN_NAME })
        .where("team.hunt", "=", hunt)
        .where("team.shard", "=", shard)
        .where("team.id", "in", this.#texts(alone))
        .where(({ exists }) => exists(nameless("team")));
      const renamed = this.#database
        .updateTable("mark")
        .set({ reason: FORGOTTEN_NAME })
        .where("mark.hunt", "=", hunt)
        .where("mark.shard", "=", shard)
        .where("mark.team", "in", this.#texts(alone))
        .where("mark.kind", "=", "name")
        .where(({ exists }) => exists(nameless("renamed")));
      statements.push(rename.compile(), renamed.compile());
    }
    return statements;
  }

  /** A list as one parameter. */
  #texts(list: readonly string[]) {
    const { table, alias, member } = this.#dialect;
    const rows = list.map((text) => ({ text }));
    return this.#database
      .selectFrom(table(storable(rows)).as<"each">(alias))
      .select(member("text", "text").$castTo<string>().as("text"));
  }

  /**
   * None when there is nothing to register; throws OriginRejected when there is too much. A later
   * registration replaces an earlier one; one that a wrong clock dated ahead of `now` (epoch ms) is replaced by any.
   * One that was told before it was taken back is passed over.
   */
  register(registrations: readonly RegistrationToStore[], now: number): Statement[] {
    if (registrations.length === 0) return [];
    const { member } = this.#dialect;
    const takenBack = this.#takenBack(now);
    const insert = this.#database
      .insertInto("registration")
      .columns(["external_id", "name", "locale", "bracket", "blocked", "told_at"])
      .expression(
        this.#rows(registrationRows(registrations))
          .where(({ exists, not }) => not(exists(takenBack)))
          .select([
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
          .where(({ eb, or, ref }) =>
            or([
              eb("excluded.told_at", ">=", ref("registration.told_at")),
              eb("registration.told_at", ">", now + CLOCK_TOLERANCE),
            ]),
          ),
      );
    const signUps = signUpRows(registrations);
    return [
      ...this.#lockRegistrations(true),
      insert.compile(),
      ...(signUps.length > 0 ? [this.#signUps(signUps, now)] : []),
    ];
  }

  /** Whether the row's player was taken back after it was told. */
  #takenBack(now: number) {
    const { member } = this.#dialect;
    return this.#database
      .selectFrom("unregistered")
      .select("unregistered.digest")
      .where("unregistered.digest", "=", member("digest", "text").$castTo<string>())
      .where(({ eb, or, ref }) =>
        or([
          eb(ref("unregistered.at"), ">=", member("at", "bigint").$castTo<number>()),
          eb(member("at", "bigint").$castTo<number>(), ">", now + CLOCK_TOLERANCE),
        ]),
      );
  }

  #signUps(rows: object[], now: number): Statement {
    const { member } = this.#dialect;
    return this.#database
      .insertInto("sign_up")
      .columns(["hunt", "external_id", "fields", "told_at"])
      .expression(
        this.#rows(rows)
          .where(({ exists, not }) => not(exists(this.#takenBack(now))))
          .select([
            member("hunt", "text").as("hunt"),
            member("externalId", "text").as("external_id"),
            member("fields", "text").as("fields"),
            member("at", "bigint").as("told_at"),
          ]),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["hunt", "external_id"])
          .doUpdateSet(({ ref }) => ({ fields: ref("excluded.fields"), told_at: ref("excluded.told_at") }))
          .where(({ eb, or, ref }) =>
            or([
              eb("excluded.told_at", ">=", ref("sign_up.told_at")),
              eb("sign_up.told_at", ">", now + CLOCK_TOLERANCE),
            ]),
          ),
      )
      .compile();
  }

  /** Takes back what was told up to `at` (epoch ms), and passes over what of it is still under way. */
  unregister(registrations: readonly RegistrationToTakeBack[], at: number, now: number): Statement[] {
    if (registrations.length === 0) return [];
    const { member } = this.#dialect;
    const time = sql<number>`cast(${at} as bigint)`;
    const ids = registrations.map(({ externalId }) => storableText(externalId));
    const removals = (["registration", "sign_up"] as const).map((table) =>
      this.#database
        .deleteFrom(table)
        .where("external_id", "in", this.#texts(ids))
        // One that a wrong clock dated ahead was told before, too.
        .where(({ eb, or }) => or([eb("told_at", "<=", time), eb("told_at", ">", now + CLOCK_TOLERANCE)]))
        .compile(),
    );
    const digests = [...new Set(registrations.map(({ digest }) => digest))].sort();
    const note = this.#database
      .insertInto("unregistered")
      .columns(["digest", "at"])
      .expression(
        this.#rows(digests.map((digest) => ({ digest }))).select([
          member("digest", "text").as("digest"),
          time.as("at"),
        ]),
      )
      .onConflict((conflict) =>
        conflict
          .column("digest")
          .doUpdateSet(({ ref }) => ({ at: ref("excluded.at") }))
          .whereRef("excluded.at", ">", "unregistered.at"),
      );
    return [...this.#lockRegistrations(false), ...removals, note.compile()];
  }

  #lockRegistrations(isShared: boolean): Statement[] {
    const { lock } = this.#dialect;
    return lock ? [lock("registrations", isShared).compile(this.#database)] : [];
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
          // Of the same facts too: an earlier engine may have put names into them.
          .whereRef("excluded.last", ">=", "segment.last"),
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
      .insertInto("solve_row")
      .columns(["hunt", "shard", "team", "clue", "seq", "at", "points", "player", "withdrawn"])
      .expression(
        this.#rows(rows).select([
          ...this.#placeColumns(message),
          member("team", "text").as("team"),
          member("clue", "text").as("clue"),
          member("seq", "bigint").as("seq"),
          member("at", "bigint").as("at"),
          member("points", "bigint").as("points"),
          member("player", "text").as("player"),
          sql<boolean>`coalesce(${member("withdrawn", "boolean")}, false)`.as("withdrawn"),
        ]),
      )
      .onConflict((conflict) =>
        conflict
          .columns(["hunt", "shard", "team", "clue"])
          .doUpdateSet(({ ref }) => ({
            seq: ref("excluded.seq"),
            at: ref("excluded.at"),
            points: ref("excluded.points"),
            player: ref("excluded.player"),
            withdrawn: ref("excluded.withdrawn"),
          }))
          .whereRef("excluded.seq", ">", "solve_row.seq"),
      );
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
