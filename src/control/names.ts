/** `NameRegistry`: the team names and joining keys of a hunt that are taken, in objects sharded by a hash of the name. */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../objects/env.ts";
import type { Holder, NameRegistryObject } from "../objects/names.ts";

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

  /** Reserves `name` for `holder` unless it is taken; returns its holder by then. */
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

  /** The holder of `name`, if there is one. */
  find(name: string): Holder | undefined {
    const [row] = this.ctx.storage.sql
      .exec<{ shard: string; key: string; at: number }>(
        "SELECT shard, key, at FROM reserved WHERE name = ?",
        name,
      )
      .toArray();
    return row && { shard: row.shard, key: row.key, at: row.at };
  }

  /** Frees a name whose holder never made its team. */
  release(name: string, key: string): void {
    this.ctx.storage.sql.exec("DELETE FROM reserved WHERE name = ? AND key = ?", name, key);
  }
}
