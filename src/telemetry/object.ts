/**
 * `MetricsHub`: adds up what the meters of isolates counted. A few of them
 * share the senders. Sums live in memory and are written down a few seconds
 * later, all in one row: a stop in between loses those seconds of counts, never
 * of the game.
 */
import { DurableObject } from "cloudflare:workers";
import { BoundedMap } from "../bounded-map.ts";
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import { systemClock } from "../clock.ts";
import { Delayed } from "../delayed.ts";
import { LazySql, type Sql } from "../lazy-sql.ts";
import type { Env } from "../objects/env.ts";
import type { Counts, MetricsHubObject } from "../objects/metrics.ts";
import { isKnownForm } from "../stored-form.ts";
import { addTo, nothing } from "./metrics.ts";
import { RecentCounts } from "./recent.ts";

/** How long changes stay in memory only, ms. */
const SAVE_DELAY = 5_000;

/** Senders remembered, with the number of their last flush; the one not heard for longest goes first. */
const SENDERS_MAX = 5_000;

/** Series of a hub; every label is bounded, so this is never met but by mistake. */
const HUB_SERIES_MAX = 5_000;

/** The form of the saved sums. Those of a newer engine are counted anew: counters may start over. */
const FORM = 1;

const SCHEMA = `CREATE TABLE IF NOT EXISTS sums (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL, -- JSON: the sums, and the senders with their last flush
  sum TEXT NOT NULL DEFAULT '-' -- of the body
)`;

interface Saved {
  v?: number;
  sums: Counts;
  senders: [sender: string, flush: number][];
}

export class MetricsHub extends DurableObject<Env> implements MetricsHubObject {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #sums: Counts;
  readonly #lastFlushes = new BoundedMap<string, number>(SENDERS_MAX);
  readonly #saving: Delayed;
  readonly #recent = new RecentCounts();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#checks = withChecksums(this.#sql, "sums", SCHEMA);
    const saved = this.#saved();
    this.#sums = saved?.sums ?? nothing();
    for (const [sender, flush] of saved?.senders ?? []) this.#lastFlushes.set(sender, flush);
    this.#saving = new Delayed({
      clock: { after: (ms, signal) => this.after(ms, signal) },
      delay: SAVE_DELAY,
      work: () => this.#save(),
      failed: (error) => {
        console.warn({ message: "metrics could not be saved", error: String(error) });
      },
    });
  }

  /** Replaced by tests. */
  protected after(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.after(ms, signal);
  }

  /** Takes a flush; one that came before changes nothing. */
  add(sender: string, flush: number, counts: Counts): void {
    if (flush <= (this.#lastFlushes.get(sender) ?? 0)) return;
    this.#lastFlushes.set(sender, flush);
    const own = nothing();
    own.counters.hunt_metrics_flushes_total = 1;
    const dropped = addTo(this.#sums, counts, HUB_SERIES_MAX);
    this.#recent.add(counts, systemClock.now());
    if (dropped > 0) own.counters.hunt_metrics_dropped_total = dropped;
    addTo(this.#sums, own);
    this.#saving.ask();
  }

  read(): Counts {
    return this.#sums;
  }

  recent(): Counts {
    return this.#recent.sum(systemClock.now());
  }

  #saved(): Saved | undefined {
    const [row] = this.#sql
      .exec<{ body: string; sum: string | null }>("SELECT body, sum FROM sums")
      .toArray();
    if (!row) return undefined;
    if (!this.#checks.isIntact(row.sum, row.body)) {
      tellDropped("the sums of the metrics");
      return undefined;
    }
    const saved = JSON.parse(row.body) as Saved;
    return isKnownForm(saved, FORM) ? saved : undefined;
  }

  #save(): void {
    const saved: Saved = { v: FORM, sums: this.#sums, senders: [...this.#lastFlushes] };
    const body = JSON.stringify(saved);
    this.#sql.exec("INSERT OR REPLACE INTO sums (id, body, sum) VALUES (1, ?, ?)", body, checksumOf(body));
  }
}
