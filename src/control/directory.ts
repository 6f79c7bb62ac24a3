/**
 * Two small registers. `HuntDirectory`: which hunts exist (one object, asked
 * by organisers only). `NameRegistry`: which team names and joining keys of a
 * hunt are taken, in objects sharded by a hash of the name; asked at joining only.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../objects/env.ts";
import type { Holder, HuntDirectoryObject, NameRegistryObject } from "../objects/names.ts";

/** Hunts listed at most. */
export const HUNTS_MAX = 10_000;

export class HuntDirectory extends DurableObject<Env> implements HuntDirectoryObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS hunt (id TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  add(hunt: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO hunt (id) VALUES (?)", hunt);
  }

  list(): string[] {
    return this.ctx.storage.sql
      .exec<{ id: string }>("SELECT id FROM hunt ORDER BY id LIMIT ?", HUNTS_MAX)
      .toArray()
      .map((row) => row.id);
  }
}

export class NameRegistry extends DurableObject<Env> implements NameRegistryObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS reserved (
      name TEXT PRIMARY KEY,
      shard TEXT NOT NULL,
      key TEXT NOT NULL,
      at INTEGER NOT NULL
    ) WITHOUT ROWID`);
  }

  /** Reserves `name` for `holder` unless somebody has it; answers who has it then. */
  reserve(name: string, holder: Holder): Holder {
    const { sql } = this.ctx.storage;
    sql.exec(
      "INSERT OR IGNORE INTO reserved (name, shard, key, at) VALUES (?, ?, ?, ?)",
      name,
      holder.shard,
      holder.key,
      holder.at,
    );
    const reserved = this.find(name);
    if (!reserved) throw new Error("a name is not there right after it was reserved");
    return reserved;
  }

  /** Who has `name`, if anybody. */
  find(name: string): Holder | undefined {
    const [row] = this.ctx.storage.sql
      .exec<{ shard: string; key: string; at: number }>(
        "SELECT shard, key, at FROM reserved WHERE name = ?",
        name,
      )
      .toArray();
    return row && { shard: row.shard, key: row.key, at: row.at };
  }

  /** Gives a name back whose holder never made its team. */
  release(name: string, key: string): void {
    this.ctx.storage.sql.exec("DELETE FROM reserved WHERE name = ? AND key = ?", name, key);
  }
}
