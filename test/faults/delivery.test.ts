/**
 * FAULT-2 and FAULT-3: the way from a shard's log to the origin's
 * rows over a queue that repeats, reorders, delays and loses, an origin that
 * fails before and after it has committed, and shards that restart. On both
 * databases, with the engine's own shipping and consumer; only the queue is the
 * tests'.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DeadLetter } from "../../src/objects/dead-letters.ts";
import { OriginRejected, type OriginStore } from "../../src/origin/store.ts";
import type { Fact, Range } from "../../src/protocol.ts";
import { consume } from "../../src/queue/consumer.ts";
import { deadMessageText, storeDeadLetters } from "../../src/queue/dead-letter.ts";
import { type Segment, Shipper } from "../../src/shard/ship.ts";
import { type Draw, seeded } from "../hunt/random.ts";
import { openD1, openPostgres, type TestDatabase } from "../origin/databases.ts";
import { HUNT, message, randomLog, SHARD } from "../origin/messages.ts";
import { FaultyQueue, type QueueOptions } from "./queue.ts";

const long = process.env.FAULTS === "long";
const ROUNDS = long ? 40 : 4;
const FACTS = 400;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

const RESEND_AFTER = 60_000;

/** Facts in commits of a few, as a shard's log keeps them. */
function segmentsOf(log: readonly Fact[], draw: Draw): Segment[] {
  const segments: Segment[] = [];
  for (let from = 0; from < log.length; ) {
    const facts = log.slice(from, from + 1 + draw(9));
    segments.push({
      first: facts[0]?.seq ?? 0,
      last: facts.at(-1)?.seq ?? 0,
      body: facts.map((fact) => JSON.stringify(fact)).join(","),
    });
    from += facts.length;
  }
  return segments;
}

/** A shard that ships its log over a faulty queue to a faulty origin, in virtual time. */
class Delivery {
  readonly queue: FaultyQueue;
  readonly letters: DeadLetter[] = [];
  readonly counts = { failedBefore: 0, failedAfter: 0, untold: 0, restarts: 0, applied: 0 };
  /** Chance of each failure. */
  faults = { before: 0, after: 0, tell: 0 };
  #durable = 0;
  readonly #segments: readonly Segment[];
  readonly #draw: Draw;
  #settled = 0;
  #buried: readonly Range[] = [];
  shipper: Shipper;

  constructor(origin: OriginStore, segments: readonly Segment[], draw: Draw, options: QueueOptions) {
    this.#segments = segments;
    this.#draw = draw;
    const store: OriginStore = {
      ...origin,
      driver: origin.driver,
      apply: async (facts) => {
        if (this.#happens(this.faults.before)) {
          this.counts.failedBefore += 1;
          throw new Error("the connection was lost");
        }
        await origin.apply(facts);
        this.counts.applied += 1;
        if (this.#happens(this.faults.after)) {
          this.counts.failedAfter += 1;
          throw new Error("the connection was lost behind the commit");
        }
      },
    };
    this.queue = new FaultyQueue(
      (batch) =>
        consume(batch, {
          origin: store,
          open: () => ({ registrations: [] }),
          digest: (externalId) => externalId,
          persons: () => Promise.reject(new Error("nothing is personal here")),
          archived: async (_hunt, _shard, ranges) => {
            if (this.#happens(this.faults.tell)) {
              this.counts.untold += 1;
              throw new Error("the shard is away");
            }
            for (const { first, last } of ranges) this.shipper.acknowledge(first, last);
          },
          isDeleted: async () => false,
          again: async (body) => this.queue.send(body),
          bury: (dead) => this.#bury(deadMessageText(dead)),
          concurrency: 3,
          random: () => this.#draw(1_000) / 1_000,
        }),
      { maxRetries: 100, maxBatchSize: 10, ...options },
    );
    this.shipper = this.#start();
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#draw(1_000) < chance * 1_000;
  }

  async #bury(text: string): Promise<void> {
    const dead = new FaultyQueue((batch) =>
      storeDeadLetters(batch, {
        store: async (_hunt, letter) => this.#keep(letter),
        buried: async (_hunt, _shard, { first, last }) => this.shipper.buried(first, last),
        isDeleted: async () => false,
        now: () => this.queue.now,
        seal: (registrations) => JSON.stringify(registrations),
      }),
    );
    dead.send(text);
    await dead.drain();
  }

  #keep(letter: DeadLetter): void {
    const before = this.letters.findIndex(({ id }) => id === letter.id);
    if (before >= 0) this.letters.splice(before, 1);
    this.letters.push(letter);
  }

  #start(): Shipper {
    return new Shipper(
      {
        hunt: HUNT,
        incarnation: () => undefined,
        shard: SHARD,
        isArchived: () => true,
        durable: () => this.#durable,
        segments: (after) => this.#segments.filter(({ last }) => last > after && last <= this.#durable),
        send: async (messages) => {
          this.queue.sendBatch(messages.map((body) => ({ body })));
          return { backlog: this.queue.backlog };
        },
        figures: async () => ({ backlog: this.queue.backlog }),
        saveSettled: (seq) => {
          this.#settled = seq;
        },
        saveBuried: (ranges) => {
          this.#buried = ranges;
        },
        now: () => this.queue.now,
        resendAfter: RESEND_AFTER,
        window: 64,
        backlogMax: 5_000,
      },
      this.#settled,
      this.#buried,
    );
  }

  restart(): void {
    this.counts.restarts += 1;
    this.shipper = this.#start();
  }

  /** Commits the log bit by bit and ships; sometimes the shard restarts. */
  async play(restarts: number): Promise<void> {
    for (const segment of this.#segments) {
      this.#durable = segment.last;
      if (this.#draw(3) > 0) continue;
      await this.shipper.turn();
      await this.queue.advance(this.#draw(20));
      if (this.#happens(restarts)) this.restart();
    }
  }

  /** Faults off: virtual seconds until everything is acknowledged. */
  async converge(): Promise<number> {
    this.faults = { before: 0, after: 0, tell: 0 };
    const started = this.queue.now;
    for (let turn = 0; this.shipper.behind; turn += 1) {
      expect(turn, `no end in sight, SEED=${seed}`).toBeLessThan(2_000);
      await this.shipper.turn();
      await this.queue.advance(1);
    }
    return (this.queue.now - started) / 1_000;
  }
}

describe.each([
  ["d1", openD1],
  ["postgres", openPostgres],
] as const)("delivery to %s", (driver, open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    process.stdout.write(`delivery to ${driver}: SEED=${seed}\n`);
    database = await open();
  }, 180_000);
  beforeEach(async () => {
    // Each failure that is meant to happen is told there.
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await database.clear();
  });
  afterAll(() => database?.close());

  /** The rows that the log gives: applied whole, once, in order. The archive may be cut otherwise. */
  async function expected(log: readonly Fact[]) {
    await database.clear();
    await database.origin.apply(message(1, [...log]));
    const { segment: _, ...rows } = await database.dump();
    await database.clear();
    return rows;
  }

  async function rows() {
    const { segment: _, ...held } = await database.dump();
    return held;
  }

  test(`[FAULT-2] every message three times, shuffled across batches: the origin equals the fold (SEED=${seed})`, async () => {
    const draw = seeded(seed);
    const log = randomLog(draw, FACTS);
    const fold = await expected(log);
    const delivery = new Delivery(database.origin, segmentsOf(log, draw), draw, {
      seed,
      copies: 3,
      reorder: 1,
      delay: 0.3,
      delayMax: 30,
    });
    await delivery.play(0);
    await delivery.converge();
    await delivery.queue.drain();
    const { counts } = delivery.queue;
    // The faults happened.
    expect(counts.copied).toBe(counts.sent * 2);
    expect(counts.reordered).toBeGreaterThan(5);
    expect(counts.delayed).toBeGreaterThan(5);
    expect(delivery.counts.applied).toBe(counts.delivered);
    expect(await rows()).toEqual(fold);
    expect(delivery.letters).toEqual([]);
  });

  test(`[FAULT-2] losses, an origin that fails before and after it commits, acknowledgements lost, restarts: the same rows (SEED=${seed})`, {
    timeout: long ? 600_000 : 60_000,
  }, async () => {
    const sum = {
      dropped: 0,
      repeated: 0,
      failedBefore: 0,
      failedAfter: 0,
      untold: 0,
      restarts: 0,
      resends: 0,
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const draw = seeded(seed + round);
      const log = randomLog(draw, FACTS);
      const fold = await expected(log);
      const delivery = new Delivery(database.origin, segmentsOf(log, draw), draw, {
        seed: seed + round,
        repeat: 0.2,
        reorder: 0.5,
        delay: 0.2,
        delayMax: 120,
        drop: 0.25,
      });
      delivery.faults = { before: 0.2, after: 0.1, tell: 0.2 };
      await delivery.play(0.1);
      await delivery.converge();
      expect(await rows(), `SEED=${seed + round}`).toEqual(fold);
      // What still waits in the queue changes nothing any more.
      await delivery.queue.drain();
      expect(await rows(), `SEED=${seed + round}`).toEqual(fold);
      sum.dropped += delivery.queue.counts.dropped;
      sum.repeated += delivery.queue.counts.repeated;
      sum.failedBefore += delivery.counts.failedBefore;
      sum.failedAfter += delivery.counts.failedAfter;
      sum.untold += delivery.counts.untold;
      sum.restarts += delivery.counts.restarts;
      sum.resends += delivery.shipper.resends;
    }
    process.stdout.write(`delivery to ${driver}: ${JSON.stringify(sum)}\n`);
    for (const [fault, times] of Object.entries(sum)) expect(times, fault).toBeGreaterThan(0);
  });

  test(`[FAULT-2] the whole queue lost: everything is sent again (SEED=${seed})`, async () => {
    const draw = seeded(seed);
    const log = randomLog(draw, FACTS);
    const fold = await expected(log);
    const delivery = new Delivery(database.origin, segmentsOf(log, draw), draw, { seed, drop: 1 });
    await delivery.play(0);
    expect(delivery.queue.counts.dropped).toBe(delivery.queue.counts.sent);
    expect((await rows()).fact).toEqual([]);
    const healed = new Delivery(database.origin, segmentsOf(log, seeded(1)), draw, { seed });
    await healed.play(0);
    await healed.converge();
    expect(await rows()).toEqual(fold);
  });

  test("[FAULT-3] a poison fact among hundreds: the others are in the origin, one dead letter says why; after redrive equal again", async () => {
    const draw = seeded(seed);
    const log = randomLog(draw, FACTS);
    const fold = await expected(log);
    const bad = log.findIndex((fact) => fact.type === "award") + 1;
    const refusing: OriginStore = {
      ...database.origin,
      driver: database.origin.driver,
      apply: async (facts) => {
        if (poison && facts.facts.some(({ seq }) => seq === bad)) {
          throw new OriginRejected("a constraint of the origin");
        }
        await database.origin.apply(facts);
      },
    };
    let poison = true;
    const delivery = new Delivery(refusing, segmentsOf(log, draw), draw, { seed });
    await delivery.play(0);
    for (let turn = 0; turn < 20; turn += 1) {
      await delivery.shipper.turn();
      await delivery.queue.advance(5);
    }
    expect(delivery.letters).toMatchObject([
      {
        shard: SHARD,
        first: bad,
        last: bad,
        error: "OriginRejected: a constraint of the origin",
        attempts: 3,
      },
    ]);
    expect((await rows()).fact).toHaveLength(log.length - 1);
    expect(delivery.shipper.archived).toBe(bad - 1);
    // A restart sends neither it nor what came after it again.
    const { sent } = delivery.queue.counts;
    delivery.restart();
    await delivery.shipper.turn();
    expect([delivery.shipper.behind, delivery.queue.counts.sent]).toEqual([false, sent]);
    poison = false;
    for (const { body } of delivery.letters) delivery.queue.send(body);
    await delivery.queue.drain();
    expect(await rows()).toEqual(fold);
    expect(delivery.shipper.archived).toBe(log.length);
  });
});
