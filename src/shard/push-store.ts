/**
 * Subscriptions to push messages as a shard stores them, a row each, sealed under their players' keys, and what is
 * to be told of, until the queue has it. A row that is not as it was written is dropped: pages subscribe anew when they are opened.
 */
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import type { PersonKeys } from "../people/keys.ts";
import { seal, unseal } from "../people/seal.ts";
import type { Device, PushNews } from "../push/message.ts";
import { isKnownForm } from "../stored-form.ts";

const SUBSCRIPTIONS = `CREATE TABLE IF NOT EXISTS push_subscription (
  n INTEGER PRIMARY KEY, -- in the order they came
  body TEXT NOT NULL,    -- the subscription as JSON, its device sealed
  sum TEXT NOT NULL DEFAULT '-' -- of n and the body
)`;

const NEWS = `CREATE TABLE IF NOT EXISTS push_news (
  n INTEGER PRIMARY KEY, -- in the order it happened
  body TEXT NOT NULL,    -- the news as JSON
  sum TEXT NOT NULL DEFAULT '-' -- of n and the body
)`;

/** The forms of the bodies. */
const SUBSCRIPTION_FORM = 1;
const NEWS_FORM = 1;

/** `slot`: where the key of its player stands; `at`: since when, epoch ms. */
export interface Subscription {
  n: number;
  id: string;
  team: string;
  player: string;
  /** Of the player's token; absent: 0. */
  gen?: number;
  slot: number;
  at: number;
  /** The device, sealed. */
  device: string;
}

/** `after`: subscriptions up to there have it already. */
export interface NotedNews {
  n: number;
  news: PushNews;
  /** Epoch ms. */
  at: number;
  after: number;
}

interface Row extends Record<string, SqlStorageValue> {
  n: number;
  body: string;
  sum: string | null;
}

export class PushStore {
  readonly #sql: Sql;
  readonly #keys: PersonKeys;
  readonly #checks: { subscriptions: Checksums; news: Checksums };
  #subscriptions: Map<number, Subscription> | undefined;
  readonly #ofTeams = new Map<string, Set<number>>();
  #last = 0;
  #lastNews: number | undefined;
  #newsLeft = 0;

  constructor(sql: Sql, keys: PersonKeys) {
    this.#sql = sql;
    this.#keys = keys;
    this.#checks = {
      subscriptions: withChecksums(sql, "push_subscription", SUBSCRIPTIONS),
      news: withChecksums(sql, "push_news", NEWS),
    };
  }

  // ── Subscriptions ───────────────────────────────────────────────────────

  get size(): number {
    return this.#known.size;
  }

  /** Those behind `n`, in the order they came. */
  *behind(n: number): Generator<Subscription> {
    for (const subscription of this.#known.values()) if (subscription.n > n) yield subscription;
  }

  /** The team's, in the order they came. */
  of(team: string): Subscription[] {
    const known = this.#known;
    return [...(this.#ofTeams.get(team) ?? [])].flatMap((n) => known.get(n) ?? []);
  }

  teams(): IterableIterator<string> {
    if (this.#known.size === 0) return new Map<string, never>().keys();
    return this.#ofTeams.keys();
  }

  at(n: number): Subscription | undefined {
    return this.#known.get(n);
  }

  /** The device; undefined: its player was forgotten, or the key is lost. */
  deviceOf({ slot, device }: Subscription): Device | undefined {
    const key = this.#keys.at(slot);
    const text = typeof key === "object" ? unseal(key, device) : undefined;
    return text === undefined ? undefined : (JSON.parse(text) as Device);
  }

  /** False: the player has no key that anything could be sealed under. */
  add(of: Omit<Subscription, "n" | "device">, device: Device): boolean {
    const key = this.#keys.at(of.slot);
    if (typeof key !== "object") return false;
    const known = this.#known;
    const n = this.#last + 1;
    const subscription = { n, ...of, device: seal(key, JSON.stringify(device)) };
    const { n: _, ...stored } = subscription;
    this.#write("push_subscription", n, JSON.stringify({ v: SUBSCRIPTION_FORM, ...stored }));
    this.#keep(known, subscription);
    return true;
  }

  drop({ n, team }: Pick<Subscription, "n" | "team">): void {
    this.#sql.exec("DELETE FROM push_subscription WHERE n = ?", n);
    this.#known.delete(n);
    const own = this.#ofTeams.get(team);
    own?.delete(n);
    if (own?.size === 0) this.#ofTeams.delete(team);
  }

  // ── News ────────────────────────────────────────────────────────────────

  /** So many wait. */
  get waiting(): number {
    this.#lastNews ??= this.#readNews();
    return this.#newsLeft;
  }

  note(news: PushNews, at: number): void {
    this.#lastNews ??= this.#readNews();
    this.#lastNews += 1;
    this.#newsLeft += 1;
    this.#write("push_news", this.#lastNews, JSON.stringify({ v: NEWS_FORM, news, at, after: 0 }));
  }

  /** The oldest that waits. */
  first(): NotedNews | undefined {
    for (;;) {
      const [row] = this.#sql.exec<Row>("SELECT n, body, sum FROM push_news ORDER BY n LIMIT 1").toArray();
      if (!row) {
        this.#newsLeft = 0;
        return undefined;
      }
      const read = this.#read(this.#checks.news, row, NEWS_FORM) as Omit<NotedNews, "n"> | undefined;
      if (read) return { ...read, n: row.n };
      this.done(row.n);
    }
  }

  /** Subscriptions up to `after` have the news. */
  went({ n, news, at }: NotedNews, after: number): void {
    this.#write("push_news", n, JSON.stringify({ v: NEWS_FORM, news, at, after }));
  }

  done(n: number): void {
    this.#sql.exec("DELETE FROM push_news WHERE n = ?", n);
    this.#newsLeft = Math.max(0, this.#newsLeft - 1);
  }

  #readNews(): number {
    const [row] = this.#sql
      .exec<{ last: number | null; waiting: number }>(
        "SELECT max(n) AS last, count(*) AS waiting FROM push_news",
      )
      .toArray();
    this.#newsLeft = row?.waiting ?? 0;
    return typeof row?.last === "number" ? row.last : 0;
  }

  // ── Rows ────────────────────────────────────────────────────────────────

  #write(table: "push_subscription" | "push_news", n: number, body: string): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (n, body, sum) VALUES (?, ?, ?)`,
      n,
      body,
      checksumOf(n, body),
    );
  }

  get #known(): Map<number, Subscription> {
    if (this.#subscriptions) return this.#subscriptions;
    const found = new Map<number, Subscription>();
    const rows = this.#sql.exec<Row>("SELECT n, body, sum FROM push_subscription ORDER BY n").toArray();
    for (const row of rows) {
      const read = this.#read(this.#checks.subscriptions, row, SUBSCRIPTION_FORM);
      if (read) this.#keep(found, { ...(read as Omit<Subscription, "n">), n: row.n });
      else this.#sql.exec("DELETE FROM push_subscription WHERE n = ?", row.n);
    }
    this.#subscriptions = found;
    return found;
  }

  #keep(known: Map<number, Subscription>, subscription: Subscription): void {
    const { n, team } = subscription;
    known.set(n, subscription);
    const own = this.#ofTeams.get(team);
    if (own) own.add(n);
    else this.#ofTeams.set(team, new Set([n]));
    this.#last = Math.max(this.#last, n);
  }

  /** Undefined: it is not as it was written, or of a newer engine. */
  #read(checks: Checksums, { n, body, sum }: Row, form: number): object | undefined {
    if (!checks.isIntact(sum, n, body)) {
      tellDropped("what push messages need");
      return undefined;
    }
    const { v, ...rest } = JSON.parse(body) as { v?: number };
    return isKnownForm(v === undefined ? {} : { v }, form) ? rest : undefined;
  }
}
