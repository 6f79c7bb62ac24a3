/**
 * `MetricsHub`: adds up what the meters of isolates counted. A few of them
 * share the senders. Sums live in memory and are written down a few seconds
 * later, all in one row: a stop in between loses those seconds of counts, never
 * of the game.
 */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "../objects/env.ts";
import type { Counts, MetricsHubObject } from "../objects/metrics.ts";
import { addTo, nothing } from "./metrics.ts";

/** How long changes stay in memory only, ms. */
const SAVE_DELAY = 5_000;

/** Senders remembered, with the number of their last flush; the one not heard for longest goes first. */
const SENDERS_MAX = 5_000;

/** Series of a hub; every label is bounded, so this is never met but by mistake. */
const HUB_SERIES_MAX = 5_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS sums (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL -- JSON: the sums, and the senders with their last flush
)`;

interface Saved {
  sums: Counts;
  senders: [sender: string, flush: number][];
}

export class MetricsHub extends DurableObject<Env> implements MetricsHubObject {
  readonly #sql: SqlStorage;
  readonly #sums: Counts;
  /** In the order they were last heard. */
  readonly #senders: Map<string, number>;
  #saving = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(SCHEMA);
    const row = this.#sql.exec<{ body: string }>("SELECT body FROM sums").toArray()[0];
    const saved = row && (JSON.parse(row.body) as Saved);
    this.#sums = saved?.sums ?? nothing();
    this.#senders = new Map(saved?.senders);
  }

  /** Takes a flush; one that came before changes nothing. */
  add(sender: string, flush: number, counts: Counts): void {
    const last = this.#senders.get(sender) ?? 0;
    if (flush <= last) return;
    this.#senders.delete(sender);
    this.#senders.set(sender, flush);
    if (this.#senders.size > SENDERS_MAX) {
      const [oldest = ""] = this.#senders.keys();
      this.#senders.delete(oldest);
    }
    const own = nothing();
    own.counters.hunt_metrics_flushes_total = 1;
    const dropped = addTo(this.#sums, counts, HUB_SERIES_MAX);
    if (dropped > 0) own.counters.hunt_metrics_dropped_total = dropped;
    addTo(this.#sums, own);
    this.#save();
  }

  read(): Counts {
    return this.#sums;
  }

  #save(): void {
    if (this.#saving) return;
    this.#saving = true;
    setTimeout(() => {
      this.#saving = false;
      const saved: Saved = { sums: this.#sums, senders: [...this.#senders] };
      this.#sql.exec(
        "INSERT INTO sums (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        JSON.stringify(saved),
      );
    }, SAVE_DELAY);
  }
}
