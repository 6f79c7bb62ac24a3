/**
 * What a webhook is yet to be told, and what became of what it was told, as its object stores it: a row each.
 * Their heads are in memory as well, so that the next ones are found without reading.
 */
import { type Checksums, checksumOf, tellDropped, withChecksums } from "../checksum.ts";
import type { DeliveryState } from "../contract/webhook-types.ts";
import type { Sql } from "../lazy-sql.ts";
import type { DeliveryTry } from "../objects/webhooks.ts";
import { FORGOTTEN_NAME } from "../protocol.ts";
import { TEST } from "./body.ts";
import type { Told } from "./told.ts";

/** Deliveries that wait at most; beyond it shards keep what they have to tell. */
export const PENDING_MAX = 10_000;

/** Settled deliveries that can be looked at, the newest ones … */
export const KEPT = 100;
/** … and failed and dead ones that can be delivered again. */
export const UNDELIVERED_MAX = 1_000;

/** Tries of one delivery that are kept, the last ones: it may be delivered again and again. */
const TRIES_KEPT = 20;

// The table has no version: columns are only added.
const SCHEMA = `CREATE TABLE IF NOT EXISTS delivery (
  n INTEGER PRIMARY KEY,     -- in the order in which they are sent
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,       -- epoch ms
  team TEXT,                 -- whose deliveries are sent in order; none: those of no team
  data TEXT NOT NULL,        -- JSON
  state TEXT NOT NULL,
  due INTEGER,               -- when it is tried next, epoch ms
  failures INTEGER NOT NULL, -- of the present run of tries
  tries TEXT NOT NULL,       -- JSON
  response TEXT,
  sum TEXT NOT NULL DEFAULT '-' -- of the others
)`;

const COLUMNS = "n, id, type, at, team, data, state, due, failures, tries, response, sum";

interface Values {
  n: number;
  id: string;
  type: string;
  at: number;
  team: string | null;
  data: string;
  state: string;
  due: number | null;
  failures: number;
  tries: string;
  response: string | null;
}

type Row = Values & Record<"sum", string | null> & Record<string, SqlStorageValue>;

export interface Delivery {
  n: number;
  id: string;
  type: string;
  at: number;
  team?: string;
  data: Told;
  state: DeliveryState;
  due?: number;
  failures: number;
  tries: DeliveryTry[];
  response?: string;
}

/** What is in memory of each row. */
interface Head {
  n: number;
  id: string;
  type: string;
  team: string | undefined;
  state: DeliveryState;
  due: number;
}

const valuesOf = ({ n, id, type, at, team, data, state, due, failures, tries, response }: Values) =>
  [n, id, type, at, team, data, state, due, failures, tries, response] as const;

export class Outbox {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  /** By number. */
  readonly #heads = new Map<number, Head>();
  /** Those that wait, in order. */
  #pending: Head[] = [];
  readonly #ids = new Set<string>();
  #last = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#checks = withChecksums(sql, "delivery", SCHEMA);
    for (const row of sql.exec<Row>(`SELECT ${COLUMNS} FROM delivery ORDER BY n`).toArray()) {
      const { n } = row;
      this.#last = Math.max(this.#last, n);
      if (this.#isIntact(row)) this.#keep(deliveryOf(row));
      else {
        tellDropped("a delivery of a webhook");
        sql.exec("DELETE FROM delivery WHERE n = ?", n);
      }
    }
  }

  #isIntact(row: Row): boolean {
    return this.#checks.isIntact(row.sum, ...valuesOf(row));
  }

  #keep({ n, id, type, team, state, due = 0 }: Delivery): void {
    const head = { n, id, type, team, state, due };
    if (this.#heads.get(n)?.state === "pending") this.#pending = this.#pending.filter((each) => each.n !== n);
    this.#heads.set(n, head);
    this.#ids.add(id);
    if (state !== "pending") return;
    // Nearly always the last one.
    let at = this.#pending.length;
    while (at > 0 && (this.#pending[at - 1] as Head).n > n) at -= 1;
    this.#pending.splice(at, 0, head);
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  get undelivered(): number {
    return [...this.#heads.values()].filter(isUndelivered).length;
  }

  /** Adds one that waits; one of this id that is there already changes nothing. */
  add(delivery: Pick<Delivery, "id" | "type" | "at" | "team" | "data">, now: number): void {
    if (this.#ids.has(delivery.id)) return;
    this.#last += 1;
    this.save({ n: this.#last, ...delivery, state: "pending", due: now, failures: 0, tries: [] });
  }

  save(delivery: Delivery): void {
    const tries = delivery.tries.slice(-TRIES_KEPT);
    const { n, id, type, at, team = null, data, state, due = null, failures, response = null } = delivery;
    const values = valuesOf({
      n,
      id,
      type,
      at,
      team,
      data: JSON.stringify(data),
      state,
      due,
      failures,
      tries: JSON.stringify(tries),
      response,
    });
    this.#sql.exec(
      `INSERT OR REPLACE INTO delivery (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...values,
      checksumOf(...values),
    );
    this.#keep({ ...delivery, tries });
  }

  /** The number for one that is not in order with others: a test. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  at(n: number): Delivery | undefined {
    const [row] = this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM delivery WHERE n = ?`, n).toArray();
    return row && this.#isIntact(row) ? deliveryOf(row) : undefined;
  }

  /** The first delivery that is due, of a team that has none under way. */
  ready(now: number, isBusy: (team: string | undefined) => boolean): Delivery | undefined {
    for (const { n, due, team } of this.#firsts()) {
      if (due > now || isBusy(team)) continue;
      const delivery = this.at(n);
      if (delivery) return delivery;
      this.#forget(n);
      return this.ready(now, isBusy);
    }
    return undefined;
  }

  /** When one is due that is not under way, epoch ms. */
  nextDue(isBusy: (team: string | undefined) => boolean): number | undefined {
    let next: number | undefined;
    for (const { due, team } of this.#firsts()) {
      if (!isBusy(team)) next = Math.min(next ?? due, due);
    }
    return next;
  }

  /** The first that waits of each team. */
  *#firsts(): Generator<Head> {
    const seen = new Set<string | undefined>();
    for (const head of this.#pending) {
      if (seen.has(head.team)) continue;
      seen.add(head.team);
      yield head;
    }
  }

  /** The newest first. */
  list(limit: number): Delivery[] {
    return this.#sql
      .exec<Row>(`SELECT ${COLUMNS} FROM delivery ORDER BY n DESC LIMIT ?`, limit)
      .toArray()
      .flatMap((row) => (this.#isIntact(row) ? [deliveryOf(row)] : []));
  }

  /** Has them sent again: those of `ids` that were settled, else all that were not delivered. */
  redeliver(ids: readonly string[] | undefined, now: number): number {
    const wanted = ids && new Set(ids);
    const chosen = [...this.#heads.values()].filter((head) =>
      wanted ? wanted.has(head.id) && head.type !== TEST && head.state !== "pending" : isUndelivered(head),
    );
    let redelivered = 0;
    for (const { n } of chosen) {
      const delivery = this.at(n);
      if (!delivery) continue;
      this.save({ ...delivery, state: "pending", due: now, failures: 0 });
      redelivered += 1;
    }
    return redelivered;
  }

  /** The receiver wants nothing any more. Gives their number. */
  failAll(): number {
    const waiting = this.#pending;
    for (const { n } of waiting) {
      const delivery = this.at(n);
      if (!delivery) continue;
      const { due: _, ...rest } = delivery;
      this.save({ ...rest, state: "failed" });
    }
    this.trim();
    return waiting.length;
  }

  /** What was not told of the team is not told any more. Gives the number of those that waited. */
  drop(team: string): number {
    const own = [...this.#heads.values()].filter(
      (head) => head.team === team && (head.state === "pending" || isUndelivered(head)),
    );
    for (const { n } of own) this.#forget(n);
    return own.filter(({ state }) => state === "pending").length;
  }

  /** The team was named after a person who is forgotten. */
  forgetName(team: string): void {
    for (const head of this.#heads.values()) {
      if (head.team !== team) continue;
      const delivery = this.at(head.n);
      if (!delivery?.data.team) continue;
      const { response: _, ...rest } = delivery;
      this.save({ ...rest, data: { ...rest.data, team: { id: team, name: FORGOTTEN_NAME } } });
    }
  }

  /** Lets go of settled ones beyond those that are kept. */
  trim(): void {
    const settled = [...this.#heads.values()]
      .filter(({ state }) => state !== "pending")
      .sort((a, b) => b.n - a.n);
    let undelivered = 0;
    for (const [index, head] of settled.entries()) {
      if (isUndelivered(head)) undelivered += 1;
      const isKept = index < KEPT || (isUndelivered(head) && undelivered <= UNDELIVERED_MAX);
      if (!isKept) this.#forget(head.n);
    }
  }

  #forget(n: number): void {
    const head = this.#heads.get(n);
    if (head) this.#ids.delete(head.id);
    this.#heads.delete(n);
    this.#pending = this.#pending.filter((each) => each.n !== n);
    this.#sql.exec("DELETE FROM delivery WHERE n = ?", n);
  }
}

/** A test is sent once, whatever becomes of it. */
const isUndelivered = ({ type, state }: Pick<Head, "type" | "state">): boolean =>
  type !== TEST && (state === "failed" || state === "dead");

function deliveryOf(row: Row): Delivery {
  const { n, id, type, at, team, data, state, due, failures, tries, response } = row;
  return {
    n,
    id,
    type,
    at,
    ...(team === null ? {} : { team }),
    data: JSON.parse(data) as Told,
    state: state as DeliveryState,
    ...(due === null ? {} : { due }),
    failures,
    tries: JSON.parse(tries) as DeliveryTry[],
    ...(response === null ? {} : { response }),
  };
}
