/**
 * `NameRegistry`: the team names, joining keys and registered players of a hunt that are taken, in
 * objects sharded by a hash of the name.
 *
 * Engines before folded names in another way. Names that were reserved then are
 * in whichever object their older form named; the first time that an object is
 * asked for a name in a hunt that may have such, it gathers from all objects
 * those that it has to know. Of two that fold to one now, both teams go on under
 * theirs; the one that came first holds the name. In the same way it learns of
 * registered players who joined when nobody counted.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import { eraseObject } from "../erase.ts";
import type { Refusal } from "../errors.ts";
import { foldName } from "../hunt/fold.ts";
import { LazySql, type Sql } from "../lazy-sql.ts";
import { controlStub, registryNamed, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import {
  ENTRY_PREFIX,
  FIELD_PREFIX,
  type Holder,
  huntOfRegistry,
  JOINED_BEFORE,
  KEY_LIFE,
  KEY_PREFIX,
  type NameRegistryObject,
  type NamesPage,
  OLDER_TEAM_PREFIX,
  type OlderNames,
  PERSON_PREFIX,
  registriesBeside,
  registryOf,
  SOLO_PREFIX,
  TEAM_PREFIX,
} from "../objects/names.ts";
import { ownName } from "../objects/own-name.ts";
import { personName } from "../objects/person.ts";
import type { RegisteredPlayers } from "../objects/shard.ts";

/** The end of everything that begins with `prefix`. */
const endOf = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

const KEYS_END = endOf(KEY_PREFIX);

/** The rows that say that older names, and players of before, were gathered; no name begins so. */
const GATHERED = "gathered";
const GATHERED_PLAYERS = "gathered players";

const SCHEMA = `CREATE TABLE IF NOT EXISTS reserved (
  name TEXT PRIMARY KEY,
  shard TEXT NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of the others
) WITHOUT ROWID`;

/** With the bytes of the texts, which may be no texts any more. */
const SELECT_ALL = `SELECT name, shard, key, at, sum, CAST(name AS BLOB) AS nameBytes,
  CAST(shard AS BLOB) AS shardBytes, CAST(key AS BLOB) AS keyBytes FROM reserved`;

interface NameRow extends Record<string, SqlStorageValue> {
  name: string;
  shard: string;
  key: string;
  at: number;
  sum: string | null;
}

interface Reserved extends NameRow {
  nameBytes: ArrayBuffer;
  shardBytes: ArrayBuffer;
  keyBytes: ArrayBuffer;
}

/** Names in one page of a backup. */
const NAMES_PAGE = 1_000;

/** Older names told at once. */
const OLDER_PAGE = 5_000;

export class NameRegistry extends DurableObject<Env> implements NameRegistryObject {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #alarm: Alarm<"expiry">;
  readonly #name: string;
  /** Every row was looked at since this instance began. */
  #isChecked = false;
  /** What is being gathered, by the row that will say so. */
  readonly #gathering = new Map<string, Promise<void>>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ownName(ctx, env.NAMES);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#checks = withChecksums(this.#sql, "reserved", SCHEMA);
    this.#alarm = new Alarm({ clock: { now: () => this.now() }, storage: ctx.storage });
    void ctx.blockConcurrencyWhile(() => this.#alarm.resume());
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Reserves `name` for `holder` unless it is taken; returns its holder by then. */
  reserve(name: string, holder: Holder, older = false): Holder | Promise<Holder> {
    const mark = name.startsWith(PERSON_PREFIX) ? GATHERED_PLAYERS : GATHERED;
    if (!older || this.find(mark)) return this.#reserve(name, holder);
    return this.#gathered(mark).then(() => this.#reserve(name, holder));
  }

  #reserve(name: string, holder: Holder): Holder {
    this.#check();
    this.#insert(name, holder);
    if (name.startsWith(KEY_PREFIX)) this.#alarm.set("expiry", this.now() + KEY_LIFE);
    const reserved = this.find(name);
    if (!reserved) throw new Error("a name is not there right after it was reserved");
    return reserved;
  }

  /**
   * A name with a flipped bit is not found, and would be given away a second time: so all are looked at
   * before the first is reserved. Throws `Damaged` when one cannot be put right.
   */
  #check(): void {
    if (this.#isChecked) return;
    if (!hasAllRows(this.#sql, "reserved")) throw new Damaged("the list of names");
    this.#isChecked = this.#isWhole();
    if (this.#isChecked) return;
    const rows: (Holder & { name: string })[] = [];
    for (const row of this.#sql.exec<Reserved>(SELECT_ALL)) {
      const { name, shard, key, at, sum } = row;
      rows.push({ name, shard, key, at });
      if (this.#checks.isIntact(sum, name, shard, key, at)) continue;
      const bytes = [row.nameBytes, row.shardBytes, row.keyBytes].map((each) => new Uint8Array(each));
      const right = unflipped(sum, [...bytes, at]) as [string, string, string, number] | undefined;
      if (!right) throw new Damaged("a name that is taken");
      rows[rows.length - 1] = { name: right[0], shard: right[1], key: right[2], at: right[3] };
    }
    // Where it stands now it is in the way of finding others.
    this.#sql.exec("DROP TABLE reserved");
    this.#sql.exec(SCHEMA);
    for (const { name, ...holder } of rows) this.#insert(name, holder);
    tellMended("a name that is taken");
    this.#isChecked = true;
  }

  #isWhole(): boolean {
    let isWhole = true;
    // To the last row: a cursor that is left open locks its table until the garbage is collected.
    for (const row of this.#sql.exec<NameRow>("SELECT name, shard, key, at, sum FROM reserved")) {
      isWhole &&= this.#checks.isIntact(row.sum, row.name, row.shard, row.key, row.at);
    }
    return isWhole;
  }

  #insert(name: string, { shard, key, at }: Holder): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO reserved (name, shard, key, at, sum) VALUES (?, ?, ?, ?, ?)",
      name,
      shard,
      key,
      at,
      checksumOf(name, shard, key, at),
    );
  }

  /** All who wait for what is gathered wait for one look at the others. */
  #gathered(mark: string): Promise<void> {
    const under = this.#gathering.get(mark);
    if (under) return under;
    const gathering = (mark === GATHERED ? this.#gather() : this.#gatherPlayers())
      .then(() => this.#insert(mark, { shard: "", key: "", at: this.now() }))
      .finally(() => this.#gathering.delete(mark));
    this.#gathering.set(mark, gathering);
    return gathering;
  }

  /** An error of another object goes on to who asked, with the platform's marks: it is safe to ask again. */
  async #gather(): Promise<void> {
    const names = await Promise.all(registriesBeside(this.#name).map((registry) => this.#olderOf(registry)));
    const first = names.flat().sort((a, b) => a.at - b.at);
    for (const { name, ...holder } of first) this.#insert(name, holder);
  }

  async #olderOf(registry: string): Promise<OlderNames["names"]> {
    const names: OlderNames["names"] = [];
    for (let after: string | undefined = ""; after !== undefined; ) {
      const from: string = after;
      const page: OlderNames =
        registry === this.#name
          ? this.olderNames(registry, from)
          : await registryNamed(this.env, registry).olderNames(this.#name, from);
      names.push(...page.names);
      after = page.next;
    }
    return names;
  }

  /** Who joined when an engine let a registered player join again is known by the shards. */
  async #gatherPlayers(): Promise<void> {
    const hunt = huntOfRegistry(this.#name);
    for (const shard of await controlStub(this.env, hunt).shards()) {
      for (let after: number | undefined = 0; after !== undefined; ) {
        const from: number = after;
        const page: RegisteredPlayers | Refusal = await shardStub(this.env, hunt, shard).registeredPlayers(
          from,
        );
        // Marked like a restart, so that the caller asks again.
        if ("refused" in page) throw Object.assign(new Error(page.detail), { retryable: true });
        for (const { id, externalId, joinedAt } of page.players) {
          const name = personName(this.env, hunt, externalId);
          if (registryOf(hunt, name) !== this.#name) continue;
          this.#insert(name, { shard, key: JOINED_BEFORE + id, at: joinedAt });
        }
        after = page.next;
      }
    }
  }

  /** The names behind this one that a backup has: no joining keys, which end in a day. */
  page(after: string): NamesPage {
    const rows = this.#sql
      .exec<NameRow>(
        "SELECT name, shard, key, at, sum FROM reserved WHERE name > ? ORDER BY name LIMIT ?",
        after,
        NAMES_PAGE,
      )
      .toArray();
    for (const { sum, name, shard, key, at } of rows) {
      if (!this.#checks.isIntact(sum, name, shard, key, at)) throw new Damaged("a name that is taken");
    }
    const isKept = ({ name }: NameRow): boolean =>
      !name.startsWith(KEY_PREFIX) && name !== GATHERED && name !== GATHERED_PLAYERS;
    const last = rows.at(-1);
    return {
      names: rows.filter(isKept).map(({ name, shard, key, at }) => ({ name, shard, key, at })),
      ...(rows.length === NAMES_PAGE && last ? { next: last.name } : {}),
    };
  }

  /** Takes names of a hunt that is being restored. */
  take(names: NamesPage["names"]): void {
    this.#check();
    for (const { name, ...holder } of names) this.#insert(name, holder);
  }

  /** What the registry `of` has to know of this one's older names, from `after` on. */
  olderNames(of: string, after: string): OlderNames {
    const rows = this.#sql
      .exec<{ name: string; shard: string; key: string; at: number }>(
        "SELECT name, shard, key, at FROM reserved WHERE name > ? AND name < ? ORDER BY name LIMIT ?",
        after === "" ? OLDER_TEAM_PREFIX : after,
        endOf(OLDER_TEAM_PREFIX),
        OLDER_PAGE,
      )
      .toArray();
    const hunt = huntOfRegistry(of);
    const names = rows
      .map(({ name, shard, key, at }) => ({
        name: TEAM_PREFIX + foldName(name.slice(OLDER_TEAM_PREFIX.length)),
        shard,
        key,
        at,
      }))
      .filter(({ name }) => registryOf(hunt, name) === of);
    const last = rows.at(-1);
    return { names, ...(rows.length === OLDER_PAGE && last ? { next: last.name } : {}) };
  }

  /** The holder of `name`, if there is one. Throws `Damaged` when nobody can say who it is. */
  find(name: string): Holder | undefined {
    const [row] = this.#sql
      .exec<{ shard: string; key: string; at: number; sum: string | null }>(
        "SELECT shard, key, at, sum FROM reserved WHERE name = ?",
        name,
      )
      .toArray();
    if (row && !this.#checks.isIntact(row.sum, name, row.shard, row.key, row.at))
      throw new Damaged("who has this name");
    return row && { shard: row.shard, key: row.key, at: row.at };
  }

  /** Frees a name whose holder never made its team. */
  release(name: string, key: string): void {
    this.#sql.exec("DELETE FROM reserved WHERE name = ? AND key = ?", name, key);
  }

  /** Frees all that persons had once, in a hunt whose players are forgotten. */
  releasePersons(): void {
    for (const prefix of [PERSON_PREFIX, ENTRY_PREFIX, FIELD_PREFIX, SOLO_PREFIX]) {
      this.#sql.exec("DELETE FROM reserved WHERE name >= ? AND name < ?", prefix, endOf(prefix));
    }
  }

  erase(): Promise<void> {
    return eraseObject(this.ctx);
  }

  /** Forgets the joining keys that are a day old, also those that an older engine kept for good. */
  override alarm(): Promise<void> {
    return this.#alarm.run(async () => {
      const before = this.now() - KEY_LIFE;
      this.#sql.exec(
        "DELETE FROM reserved WHERE name >= ? AND name < ? AND at <= ?",
        KEY_PREFIX,
        KEYS_END,
        before,
      );
      const [oldest] = this.#sql
        .exec<{ at: number | null }>(
          "SELECT min(at) AS at FROM reserved WHERE name >= ? AND name < ?",
          KEY_PREFIX,
          KEYS_END,
        )
        .toArray();
      if (typeof oldest?.at === "number") this.#alarm.set("expiry", oldest.at + KEY_LIFE);
    });
  }
}
