/**
 * The log of a shard and its group commit. One row per commit: a segment of
 * consecutive facts. While one commit is becoming durable, new facts gather
 * for the next; nobody waits on a timer.
 */
import type { Clock } from "../clock.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Fact, NewFact } from "../protocol.ts";
import type { Segment } from "./ship.ts";

/**
 * Bytes of facts at which a row is full. With the one fact that fills it (at
 * most about 13 KB) it must fit one queue message of 128 KB, because it is
 * shipped whole. In bytes, because a character takes up to three.
 */
const SEGMENT_BYTES_MAX = 60_000;

interface SegmentRow extends Record<string, SqlStorageValue> {
  first: number;
  last: number;
  body: string;
}

/**
 * Form 1 of a segment: its facts as JSON, which say by their type what they
 * are. Types and optional fields may be added; another form of the body gets a
 * table of its own, so that no reader takes one for the other.
 */
const SCHEMA = `CREATE TABLE IF NOT EXISTS segment (
  first INTEGER PRIMARY KEY, -- seq of the first fact
  last INTEGER NOT NULL,     -- seq of the last fact
  body TEXT NOT NULL         -- the facts as JSON, separated by commas
)`;

export interface LogHooks {
  /** In the commit's transaction, after its rows: everything up to `head` is in the log. */
  beforeSync(head: number): void;
  /** The commit is durable: its facts, the segments that hold them, in order, and how long that took. */
  committed(facts: readonly Fact[], segments: readonly Segment[], ms: number): void;
  /** The commit failed: memory is ahead of the log and must be thrown away. */
  failed(error: unknown): void;
}

interface Deferred {
  promise: Promise<void>;
  resolve(): void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export class SegmentLog {
  readonly #sql: Sql;
  readonly #sync: () => Promise<void>;
  readonly #clock: Pick<Clock, "now">;
  readonly #hooks: LogHooks;
  #head: number;
  #durable: number;
  #facts: Fact[] = [];
  #bodies: string[] = [];
  #inFlight: Deferred | undefined;
  #next: Deferred | undefined;
  #committing = false;
  #crowded = false;
  #appended = 0;

  /** `sync` resolves when everything written so far is durable. */
  constructor(sql: Sql, sync: () => Promise<void>, clock: Pick<Clock, "now">, hooks: LogHooks) {
    this.#sql = sql;
    this.#sync = sync;
    this.#clock = clock;
    this.#hooks = hooks;
    sql.exec(SCHEMA);
    const last = sql
      .exec<{ last: number }>("SELECT last FROM segment ORDER BY first DESC LIMIT 1")
      .toArray()[0];
    this.#head = last?.last ?? 0;
    this.#durable = this.#head;
  }

  /** Seq of the newest fact, durable or not; 0 when empty. */
  get head(): number {
    return this.#head;
  }

  /** Seq of the newest durable fact. */
  get durable(): number {
    return this.#durable;
  }

  /** The facts that wait for the next commit; no row holds them yet. */
  get gathering(): readonly Fact[] {
    return this.#facts;
  }

  /** Bytes of facts appended in this life of the log. */
  get appended(): number {
    return this.#appended;
  }

  /**
   * Numbers the fact and puts it into the commit that is gathering. The draft
   * becomes the fact. `fold` has it first: when it throws, the log is as it was.
   */
  append(draft: NewFact, fold?: (fact: Fact) => void): Fact {
    const seq = this.#head + 1;
    const body = `{"seq":${seq},${JSON.stringify(draft).slice(1)}`;
    const fact = draft as Fact;
    fact.seq = seq;
    fold?.(fact);
    this.#head = seq;
    this.#bodies.push(body);
    this.#appended += Buffer.byteLength(body);
    this.#facts.push(fact);
    return fact;
  }

  /**
   * Resolves when every fact appended so far is durable. Starts a commit
   * unless one is under way; then the facts go into the next one.
   */
  committed(): Promise<void> {
    if (this.#facts.length === 0) return this.#inFlight?.promise ?? Promise.resolve();
    this.#next ??= deferred();
    const { promise } = this.#next;
    if (!this.#committing) void this.#commit();
    return promise;
  }

  async #commit(): Promise<void> {
    this.#committing = true;
    while (this.#next && this.#facts.length > 0) {
      const commit = this.#next;
      let facts: Fact[];
      let segments: Segment[];
      let begun: number;
      try {
        // Lets the requests that have arrived come in first: with nothing written
        // this waits one turn of the event loop, and no timer's delay.
        if (this.#crowded) await this.#sync();
        facts = this.#facts;
        const bodies = this.#bodies;
        this.#inFlight = commit;
        this.#next = undefined;
        this.#facts = [];
        this.#bodies = [];
        begun = this.#clock.now();
        segments = this.#insert(facts, bodies);
        this.#hooks.beforeSync(this.#head);
        await this.#sync();
      } catch (error) {
        // The waiting callers are not resolved: the object is about to be
        // aborted, which fails their calls in a way that may be retried.
        this.#hooks.failed(error);
        return;
      }
      this.#durable = facts.at(-1)?.seq ?? this.#durable;
      this.#inFlight = undefined;
      // Several facts came together: more are probably on their way.
      this.#crowded = facts.length > 1;
      commit.resolve();
      this.#hooks.committed(facts, segments, this.#clock.now() - begun);
    }
    this.#committing = false;
  }

  #insert(facts: readonly Fact[], bodies: readonly string[]): Segment[] {
    const segments: Segment[] = [];
    // Bytes are not counted when everything fits even at three a character.
    const characters = bodies.reduce((sum, body) => sum + body.length, 0);
    const measure = characters * 3 < SEGMENT_BYTES_MAX ? (): number => 0 : Buffer.byteLength;
    let from = 0;
    let bytes = 0;
    for (let index = 0; index < bodies.length; index += 1) {
      bytes += measure(bodies[index] ?? "");
      // Cut before a fact that would overflow it, so that only a single fact can be longer.
      const next = index + 1 < bodies.length ? measure(bodies[index + 1] ?? "") : SEGMENT_BYTES_MAX;
      if (bytes + next < SEGMENT_BYTES_MAX) continue;
      const first = facts[from]?.seq ?? 0;
      const last = facts[index]?.seq ?? 0;
      const body = bodies.slice(from, index + 1).join(",");
      this.#sql.exec("INSERT INTO segment (first, last, body) VALUES (?, ?, ?)", first, last, body);
      segments.push({ first, last, body });
      from = index + 1;
      bytes = 0;
    }
    return segments;
  }

  /** The fact numbered `seq`, also when its commit is still gathering. */
  at(seq: number): Fact | undefined {
    const gathering = this.#facts[0];
    if (gathering && seq >= gathering.seq) return this.#facts[seq - gathering.seq];
    const row = this.#sql
      .exec<SegmentRow>(
        "SELECT first, last, body FROM segment WHERE first <= ? ORDER BY first DESC LIMIT 1",
        seq,
      )
      .toArray()[0];
    return row && seq <= row.last ? factsOf(row.body)[seq - row.first] : undefined;
  }

  /**
   * The logged facts after `after`, in order, segment by segment. Lazy: a
   * caller may stop early, and must not await inside the loop.
   */
  *segments(after: number): Generator<Segment> {
    let from = after + 1;
    while (true) {
      // Small pages, because a cursor must not stay open across other statements.
      const rows = this.#sql
        .exec<SegmentRow>(
          `SELECT first, last, body FROM segment
           WHERE first >= coalesce((SELECT max(first) FROM segment WHERE first <= ?1), ?1)
           ORDER BY first LIMIT 64`,
          from,
        )
        .toArray()
        .filter((row) => row.last >= from);
      if (rows.length === 0) return;
      for (const row of rows) {
        from = row.last + 1;
        yield row;
      }
    }
  }

  /** Segments whose first fact comes after `after`. */
  countSegments(after: number): number {
    const counted = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM segment WHERE first > ?", after);
    return counted.toArray()[0]?.n ?? 0;
  }

  /** At most about `limit` logged facts after `after` (whole segments), in order. */
  read(after: number, limit: number): Fact[] {
    const facts: Fact[] = [];
    for (const segment of this.segments(after)) {
      for (const fact of factsOf(segment.body)) if (fact.seq > after) facts.push(fact);
      if (facts.length >= limit) break;
    }
    return facts;
  }
}

/** The facts of a segment's body. */
export function factsOf(body: string): Fact[] {
  return JSON.parse(`[${body}]`);
}
