/**
 * `HuntDirectory`: which hunts exist. One object, asked by organisers, and by
 * the edge for a name that neither its memory nor KV knows (`known`): a name that is
 * not here reaches no other object.
 */

import { DurableObject } from "cloudflare:workers";
import { LazySql, type Sql } from "../lazy-sql.ts";
import type { Env } from "../objects/env.ts";
import type { HuntDirectoryObject, KnownNames } from "../objects/names.ts";

/** Hunts listed at most. */
const HUNTS_MAX = 10_000;

export class HuntDirectory extends DurableObject<Env> implements HuntDirectoryObject {
  readonly #sql: Sql;
  /** Names this life of the object and counts its changes. */
  readonly #life = crypto.randomUUID();
  #changes = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#sql.exec("CREATE TABLE IF NOT EXISTS hunt (id TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  add(hunt: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO hunt (id) VALUES (?)", hunt);
    this.#changes += 1;
  }

  list(): string[] {
    return this.#ids(HUNTS_MAX);
  }

  known(mark: string | undefined): KnownNames {
    const present = `${this.#life}/${this.#changes}`;
    return mark === present ? { mark } : { mark: present, hunts: this.#ids(-1) };
  }

  /** `limit` below 0: all. */
  #ids(limit: number): string[] {
    return this.#sql
      .exec<{ id: string }>("SELECT id FROM hunt ORDER BY id LIMIT ?", limit)
      .toArray()
      .map((row) => row.id);
  }
}
