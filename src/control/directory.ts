/** `HuntDirectory`: which hunts exist. One object, asked by organisers only. */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../objects/env.ts";
import type { HuntDirectoryObject } from "../objects/names.ts";

/** Hunts listed at most. */
const HUNTS_MAX = 10_000;

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
