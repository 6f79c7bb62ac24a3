/** `NameRegistry`: the team names and joining keys of a hunt that are taken, in objects sharded by a hash of the name. */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { LazySql, type Sql } from "../lazy-sql.ts";
import type { Env } from "../objects/env.ts";
import { type Holder, KEY_LIFE, KEY_PREFIX, type NameRegistryObject } from "../objects/names.ts";

/** Everything that begins with `KEY_PREFIX`, up to the next character. */
const KEYS_END = `${KEY_PREFIX.slice(0, -1)}${String.fromCharCode(KEY_PREFIX.charCodeAt(KEY_PREFIX.length - 1) + 1)}`;

export class NameRegistry extends DurableObject<Env> implements NameRegistryObject {
  readonly #sql: Sql;
  readonly #alarm: Alarm<"expiry">;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS reserved (
      name TEXT PRIMARY KEY,
      shard TEXT NOT NULL,
      key TEXT NOT NULL,
      at INTEGER NOT NULL
    ) WITHOUT ROWID`);
    this.#alarm = new Alarm({ clock: { now: () => this.now() }, storage: ctx.storage });
    void ctx.blockConcurrencyWhile(() => this.#alarm.resume());
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Reserves `name` for `holder` unless it is taken; returns its holder by then. */
  reserve(name: string, holder: Holder): Holder {
    this.#sql.exec(
      "INSERT OR IGNORE INTO reserved (name, shard, key, at) VALUES (?, ?, ?, ?)",
      name,
      holder.shard,
      holder.key,
      holder.at,
    );
    if (name.startsWith(KEY_PREFIX)) this.#alarm.set("expiry", this.now() + KEY_LIFE);
    const reserved = this.find(name);
    if (!reserved) throw new Error("a name is not there right after it was reserved");
    return reserved;
  }

  /** The holder of `name`, if there is one. */
  find(name: string): Holder | undefined {
    const [row] = this.#sql
      .exec<{ shard: string; key: string; at: number }>(
        "SELECT shard, key, at FROM reserved WHERE name = ?",
        name,
      )
      .toArray();
    return row && { shard: row.shard, key: row.key, at: row.at };
  }

  /** Frees a name whose holder never made its team. */
  release(name: string, key: string): void {
    this.#sql.exec("DELETE FROM reserved WHERE name = ? AND key = ?", name, key);
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
