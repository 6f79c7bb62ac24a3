/**
 * Threads of the help desk as a shard stores them: a row each. What players write stands in it sealed under their
 * keys, so that it is gone with these when they are forgotten.
 */
import {
  type Checksums,
  checksumOf,
  tellDropped,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import type { Sql } from "../lazy-sql.ts";
import { lengthOf } from "../objects/orders.ts";
import type { PersonKeys } from "../people/keys.ts";
import { seal, unseal } from "../people/seal.ts";
import { FORGOTTEN_NAME } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS help_thread (
  n INTEGER PRIMARY KEY,   -- in the order they were made
  body TEXT NOT NULL,      -- the thread as JSON
  sum TEXT NOT NULL DEFAULT '-' -- of n and the body
)`;

/** The form of the body. */
const FORM = 1;

/** Times are epoch ms. `by`: the player's id, or who of the organisers it is. `slot`: where the player's key stands. */
export interface StoredMessage {
  at: number;
  from: "team" | "staff";
  by: string;
  text: string;
  slot?: number;
  /** Stands for the request that it came with; of one that an earlier engine stored there is none. */
  key?: string;
}

export interface StoredThread {
  n: number;
  team: string;
  clue?: string;
  state: "open" | "answered" | "closed";
  /** Since when it waits, while it is open. */
  since: number;
  claim?: { by: string; until: number };
  /** It came with a backup: no webhook is told of it. */
  restored?: true;
  messages: StoredMessage[];
}

interface Row extends Record<string, SqlStorageValue> {
  n: number;
  body: string;
  sum: string | null;
}

export class HelpStore {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #keys: PersonKeys;
  #threads: Map<number, StoredThread> | undefined;
  /** By team, their numbers. */
  readonly #ofTeams = new Map<string, Set<number>>();
  #last = 0;
  #length = 0;

  constructor(sql: Sql, keys: PersonKeys) {
    this.#sql = sql;
    this.#keys = keys;
    this.#checks = withChecksums(sql, "help_thread", SCHEMA);
  }

  /** In the order they were made. */
  all(): IterableIterator<StoredThread> {
    return this.#known.values();
  }

  /** The team's, in the order they were made. */
  of(team: string): StoredThread[] {
    const known = this.#known;
    return [...(this.#ofTeams.get(team) ?? [])].flatMap((n) => known.get(n) ?? []);
  }

  get size(): number {
    return this.#known.size;
  }

  /** Characters of all messages. */
  get length(): number {
    return this.#known.size === 0 ? 0 : this.#length;
  }

  at(n: number): StoredThread | undefined {
    return this.#known.get(n);
  }

  /** The number of the next one. */
  next(): number {
    return this.size === 0 ? 1 : this.#last + 1;
  }

  save(thread: StoredThread): void {
    const { n, messages, ...rest } = thread;
    const sealed = messages.map((message) => this.#sealed(message));
    const body = JSON.stringify({ v: FORM, ...rest, messages: sealed });
    this.#sql.exec(
      "INSERT OR REPLACE INTO help_thread (n, body, sum) VALUES (?, ?, ?)",
      n,
      body,
      checksumOf(n, body),
    );
    this.#keep(this.#known, thread);
  }

  #keep(known: Map<number, StoredThread>, thread: StoredThread): void {
    const { n, team } = thread;
    const before = known.get(n);
    this.#length += lengthOf(thread) - (before ? lengthOf(before) : 0);
    known.set(n, thread);
    const own = this.#ofTeams.get(team);
    if (own) own.add(n);
    else this.#ofTeams.set(team, new Set([n]));
    this.#last = Math.max(this.#last, n);
  }

  #sealed(message: StoredMessage): StoredMessage {
    const key = message.slot === undefined ? undefined : this.#keys.at(message.slot);
    return typeof key === "object" ? { ...message, text: seal(key, message.text) } : message;
  }

  /** Of who was forgotten a neutral word. */
  #opened(message: StoredMessage): StoredMessage {
    if (message.slot === undefined) return message;
    const key = this.#keys.at(message.slot);
    const text = typeof key === "object" ? unseal(key, message.text) : undefined;
    return { ...message, text: text ?? FORGOTTEN_NAME };
  }

  get #known(): Map<number, StoredThread> {
    if (this.#threads) return this.#threads;
    const found = new Map<number, StoredThread>();
    const rows = this.#sql.exec<Row>("SELECT n, body, sum FROM help_thread ORDER BY n").toArray();
    for (const row of rows) {
      const thread = this.#read(row);
      if (thread) this.#keep(found, thread);
    }
    this.#threads = found;
    return found;
  }

  #read(row: Row): StoredThread | undefined {
    if (this.#checks.isIntact(row.sum, row.n, row.body)) return this.#threadOf(row.n, row.body);
    const [raw] = this.#sql
      .exec<{ body: ArrayBuffer }>("SELECT CAST(body AS BLOB) AS body FROM help_thread WHERE n = ?", row.n)
      .toArray();
    const bytes = new Uint8Array(raw?.body ?? new ArrayBuffer());
    const [n, body] = unflipped(row.sum, [row.n, bytes]) ?? [];
    if (n !== row.n || typeof body !== "string") {
      tellDropped("a request for help");
      return undefined;
    }
    this.#sql.exec("UPDATE help_thread SET body = ?, sum = ? WHERE n = ?", body, checksumOf(n, body), n);
    tellMended("a request for help");
    return this.#threadOf(n, body);
  }

  #threadOf(n: number, body: string): StoredThread {
    const { v, ...thread } = JSON.parse(body) as Omit<StoredThread, "n"> & { v?: number };
    assertKnownForm("a request for help", v === undefined ? {} : { v }, FORM);
    return { ...thread, n, messages: thread.messages.map((message) => this.#opened(message)) };
  }
}
