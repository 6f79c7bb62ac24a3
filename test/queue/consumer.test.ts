import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DeadLetter } from "../../src/objects/dead-letters.ts";
import { OriginUnavailable } from "../../src/origin/gate/guard.ts";
import { OriginRejected, type OriginStore, type Registration } from "../../src/origin/store.ts";
import type { Fact, FactMessage } from "../../src/protocol.ts";
import { type BatchReport, type ConsumerDeps, consume } from "../../src/queue/consumer.ts";
import { deadMessageText, storeDeadLetters } from "../../src/queue/dead-letter.ts";
import { openRegistering, registeringText } from "../../src/queue/registrations.ts";
import { FaultyQueue } from "../faults/queue.ts";

const fact = (seq: number, reason = "r"): Fact => ({
  seq,
  at: seq,
  team: "weur-0-0-abcde",
  type: "award",
  points: 1,
  reason,
  score: seq,
});

const SECRETS = { CODE_KEYS: `k1:${"A".repeat(43)}` };
const seal = (registrations: Registration[]) => registeringText(SECRETS, { registrations });

const message = (first: number, length = 1, reason = "r"): FactMessage => ({
  v: 1,
  hunt: "h",
  shard: "weur-0",
  first,
  facts: Array.from({ length }, (_, index) => fact(first + index, reason)),
});

/** As the queue of facts is deployed: the consumer must let facts go before the platform gives them up. */
const MAX_RETRIES = Number(
  /queue = "hunt-facts"\n[^[]*max_retries = (\d+)/.exec(readFileSync("wrangler.toml", "utf8"))?.[1],
);

/** An origin that holds seqs, refuses facts whose reason is poison, and fails as it is told. */
function world(queueOptions: ConstructorParameters<typeof FaultyQueue>[1] = {}) {
  const held = new Set<number>();
  const registered = new Map<string, Registration>();
  const told: { first: number; last: number }[] = [];
  const buried: string[] = [];
  const reports: BatchReport[] = [];
  const state = {
    calls: 0,
    running: 0,
    most: 0,
    failing: undefined as (() => Error | undefined) | undefined,
    tellFails: false,
    buryFails: false,
    againFails: 0,
    /** The last incarnation of the hunt that is deleted. */
    deleted: -1,
    directoryFails: false,
  };
  const isDeleted: ConsumerDeps["isDeleted"] = async (hunt, incarnation) => {
    if (state.directoryFails) throw new Error("the directory is away");
    return hunt === "h" && incarnation <= state.deleted;
  };
  const call = async (work: () => void): Promise<void> => {
    state.calls += 1;
    state.running += 1;
    state.most = Math.max(state.most, state.running);
    await Promise.resolve();
    state.running -= 1;
    const error = state.failing?.();
    if (error) throw error;
    work();
  };
  const origin: OriginStore = {
    driver: "d1",
    apply: ({ facts }) =>
      call(() => {
        if (facts.some((one) => "reason" in one && one.reason === "poison")) {
          throw new OriginRejected("the origin refuses a fact");
        }
        for (const { seq } of facts) held.add(seq);
      }),
    register: (all) =>
      call(() => {
        for (const one of all) registered.set(one.externalId, one);
      }),
    unregister: (all) =>
      call(() => {
        for (const { externalId } of all) registered.delete(externalId);
      }),
    sums: () => Promise.reject(new Error("not asked here")),
    signUp: () => Promise.reject(new Error("not asked here")),
    signUps: () => Promise.reject(new Error("not asked here")),
    facts: () => Promise.reject(new Error("not asked here")),
    teams: () => Promise.reject(new Error("not asked here")),
    registration: () => Promise.reject(new Error("not asked here")),
    eraseHunt: () => Promise.reject(new Error("not asked here")),
    close: () => Promise.resolve(),
  };
  const deps: ConsumerDeps = {
    origin,
    open: (sealed) => openRegistering(SECRETS, sealed),
    digest: (externalId) => `digest of ${externalId}`,
    persons: () => Promise.reject(new Error("nothing is personal here")),
    archived: async (hunt, shard, ranges) => {
      if (state.tellFails) throw new Error("the shard is away");
      expect([hunt, shard]).toEqual(["h", "weur-0"]);
      told.push(...ranges);
    },
    isDeleted,
    bury: async (dead) => {
      if (state.buryFails) throw new Error("the queue is away");
      buried.push(deadMessageText(dead));
    },
    again: async (body) => {
      state.againFails -= 1;
      if (state.againFails >= 0) throw new Error("the queue is away");
      queue.send(body);
    },
    concurrency: 6,
    random: () => 0.5,
  };
  const queue: FaultyQueue = new FaultyQueue(
    async (batch) => {
      reports.push(await consume(batch, deps));
    },
    { maxRetries: MAX_RETRIES, ...queueOptions },
  );
  return { held, registered, told, buried, reports, state, queue, deps };
}

describe("the consumer", () => {
  test("[Q-1] applies each message, acknowledges it alone, and tells the shard what is archived", async () => {
    const { held, told, queue, state } = world();
    queue.sendBatch([{ body: JSON.stringify(message(1, 3)) }, { body: message(4, 2) }]);
    await queue.drain();
    expect([...held]).toEqual([1, 2, 3, 4, 5]);
    expect(told).toEqual([
      { first: 1, last: 3 },
      { first: 4, last: 5 },
    ]);
    expect(queue.counts).toMatchObject({ acked: 2, retried: 0 });
    expect(state.calls).toBe(2);
  });

  test("[Q-2] so many messages are under way as the parameter says, no more", async () => {
    const { queue, state } = world({ maxBatchSize: 100 });
    for (let seq = 1; seq <= 50; seq += 1) queue.send(message(seq));
    await queue.drain();
    expect(state.most).toBe(6);
  });

  test("[Q-3] a failure brings back its own message only, later each time, up to half a minute", async () => {
    const { held, queue, state, reports } = world();
    let failures = 8;
    state.failing = () => {
      failures -= 1;
      return failures >= 0 ? new Error("connection reset") : undefined;
    };
    queue.send(message(1));
    const started = queue.now;
    await queue.drain();
    // 1 + 2 + 4 + 8 + 16 + 30 + 30 + 30
    expect((queue.now - started) / 1_000).toBe(121);
    expect([...held]).toEqual([1]);
    expect(reports.filter(({ failed }) => failed === 1)).toHaveLength(8);
    expect(queue.counts.dead).toBe(0);
  });

  test("[Q-4] a gate that is open delays: the message comes when the gate may let it through, and nothing is a dead letter", async () => {
    const { held, queue, state, reports, buried } = world();
    const opensAt = queue.now + 60_000;
    state.failing = () => (queue.now < opensAt ? new OriginUnavailable("open", 8_000) : undefined);
    for (let seq = 1; seq <= 5; seq += 1) queue.send(message(seq));
    await queue.drain();
    expect(held.size).toBe(5);
    expect(queue.now - opensAt).toBeLessThan(12_000);
    expect(reports.every(({ failed }) => failed === 0)).toBe(true);
    expect(reports.reduce((sum, { delayed }) => sum + delayed, 0)).toBeGreaterThan(5);
    expect(buried).toEqual([]);
  });

  test("[Q-5] an origin that is away for hours makes no dead letters: the facts are let go before the platform gives them up", async () => {
    const { held, queue, state, buried, reports } = world();
    state.failing = () => new OriginUnavailable("open", 8_000);
    queue.send(message(1));
    await queue.drain();
    expect(reports.at(-1)).toMatchObject({ released: 1 });
    expect([held.size, buried.length, queue.counts.dead]).toEqual([0, 0, 0]);
    expect(queue.counts.delivered).toBe(90);
  });

  test("[Q-6] a poison message in a batch of ten: nine applied once, one dead letter with its error, all facts after redrive", async () => {
    const { held, queue, buried, state, reports } = world();
    const letters: DeadLetter[] = [];
    const dead: object[] = [];
    for (let seq = 1; seq <= 10; seq += 1) queue.send(message(seq, 1, seq === 4 ? "poison" : "r"));
    await queue.drain();
    expect([...held].sort((a, b) => a - b)).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10]);
    expect(reports.reduce((sum, { applied }) => sum + applied, 0)).toBe(9);
    expect(buried).toHaveLength(1);
    const graveyard = new FaultyQueue((batch) =>
      storeDeadLetters(batch, {
        store: async (hunt, letter) => {
          expect(hunt).toBe("h");
          letters.push(letter);
        },
        buried: async (hunt, shard, range) => {
          dead.push({ hunt, shard, ...range });
          if (dead.length > 1) throw new Error("the shard is away");
        },
        isDeleted: async () => false,
        now: () => 7,
        seal,
      }),
    );
    for (const text of buried) graveyard.send(text);
    await graveyard.drain();
    expect(letters).toMatchObject([
      {
        at: 7,
        error: "OriginRejected: the origin refuses a fact",
        attempts: 3,
        shard: "weur-0",
        first: 4,
        last: 4,
      },
    ]);
    expect(dead).toEqual([{ hunt: "h", shard: "weur-0", first: 4, last: 4 }]);
    // Still poison: it dies again, as the same letter.
    queue.send(letters[0]?.body);
    await queue.drain();
    for (const text of buried.slice(1)) graveyard.send(text);
    await graveyard.drain();
    expect(letters.map(({ id }) => id)).toEqual([letters[0]?.id, letters[0]?.id]);
    // Mended.
    queue.send(letters[0]?.body.replace("poison", "r"));
    await queue.drain();
    expect(held.size).toBe(10);
    expect(state.calls).toBe(9 + 3 + 3 + 1);
  });

  test("[Q-7] a bad fact keeps no other out of the origin: the message is split until it stands alone", async () => {
    const { held, queue, buried, state, told } = world();
    const body = message(1, 400);
    for (const seq of [77, 300]) body.facts[seq - 1] = fact(seq, "poison");
    queue.send(body);
    await queue.drain();
    expect(held.size).toBe(398);
    expect(buried.map((text) => JSON.parse(text).body.facts.length)).toEqual([1, 1]);
    expect(buried.map((text) => JSON.parse(text).body.first).sort()).toEqual([300, 77]);
    expect(state.calls).toBeLessThan(3 + 64);
    const acknowledged = new Set(
      told.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      ),
    );
    expect(acknowledged).toEqual(held);
  });

  test("[Q-7] a message that is bad throughout takes a bounded number of calls", async () => {
    const { held, queue, buried, state } = world();
    queue.send(message(1, 400, "poison"));
    await queue.drain();
    expect(held.size).toBe(0);
    expect(state.calls).toBeLessThanOrEqual(3 + 64 + 1);
    const facts = buried.flatMap((text) =>
      (JSON.parse(text).body as FactMessage).facts.map(({ seq }) => seq),
    );
    expect(facts.sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, index) => index + 1));
  });

  test("[Q-8] what is no message of ours is a dead letter at once", async () => {
    const { queue, buried, state } = world();
    const alien = [
      "not json",
      "[]",
      "null",
      7,
      { v: "2" },
      { v: 1 },
      { v: 1, hunt: "h", shard: "s", first: 1, facts: [] },
      { v: 1, hunt: "h", shard: "s", first: 2, facts: [fact(1)] },
      { v: 1, hunt: "h", shard: "s", first: 1, facts: [fact(1), fact(3)] },
      { v: 1, hunt: "h", shard: "s", first: 1, facts: [null] },
      { v: 1, kind: "registrations", registrations: [{}] },
    ];
    for (const body of alien) queue.send(body);
    await queue.drain();
    expect(buried).toHaveLength(alien.length);
    expect(state.calls).toBe(0);
    expect(queue.counts.retried).toBe(0);
    const kept: { hunt: string; letter: DeadLetter }[] = [];
    const dead: object[] = [];
    const graveyard = new FaultyQueue((batch) =>
      storeDeadLetters(batch, {
        store: async (hunt, letter) => void kept.push({ hunt, letter }),
        buried: async (_hunt, _shard, range) => void dead.push(range),
        isDeleted: async () => false,
        now: () => 1,
        seal,
      }),
    );
    for (const text of buried) graveyard.send(text);
    // Moved by the platform itself: without our envelope.
    graveyard.send(JSON.stringify(message(1)));
    await graveyard.drain();
    expect(kept.map(({ hunt }) => hunt)).toEqual([...alien.map(() => "/"), "h"]);
    expect(kept.at(-1)?.letter.error).toContain("given up by the queue");
    expect(kept[0]?.letter.body).toBe("not json");
    expect(dead).toEqual([{ first: 1, last: 1 }]);
  });

  test("[DEL-3] messages of a deleted hunt are dropped, those of the hunt that has its id now are not", async () => {
    const { held, told, buried, queue, state, reports } = world();
    state.deleted = 0;
    queue.send(message(1));
    queue.send({ ...message(2), incarnation: 1 });
    queue.send({ ...message(3), v: 99 });
    queue.send({ ...message(4), facts: [] });
    await queue.drain();
    expect([...held]).toEqual([2]);
    expect(told).toEqual([{ first: 2, last: 2 }]);
    expect(buried).toEqual([]);
    expect(reports.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(3);
    state.deleted = 1;
    queue.send({ ...message(5), incarnation: 1 });
    queue.send({ ...message(6), incarnation: 2 });
    await queue.drain();
    expect([...held]).toEqual([2, 6]);
  });

  test("[DEL-3] while nobody can say whether a hunt is deleted, its messages wait", async () => {
    const { held, queue, state } = world();
    state.directoryFails = true;
    queue.send(message(1));
    await queue.advance(0);
    expect([held.size, queue.counts.retried, state.calls]).toEqual([0, 1, 0]);
    state.directoryFails = false;
    await queue.drain();
    expect([...held]).toEqual([1]);
  });

  test("[DEL-3] a dead letter of a deleted hunt is dropped, whatever it is read as", async () => {
    const kept: string[] = [];
    const graveyard = new FaultyQueue((batch) =>
      storeDeadLetters(batch, {
        store: async (hunt) => void kept.push(hunt),
        buried: async () => undefined,
        isDeleted: async (hunt, incarnation) => hunt === "h" && incarnation === 0,
        now: () => 1,
        seal: () => "",
      }),
    );
    for (const body of [message(1), { ...message(2), v: 99 }, { ...message(3), incarnation: 1 }]) {
      graveyard.send(deadMessageText({ error: "no", attempts: 3, body }));
      graveyard.send(JSON.stringify(body));
    }
    await graveyard.drain();
    expect(kept).toEqual(["h", "h"]);
  });

  test("[Q-12] a message of a newer engine comes again for minutes; then it is a dead letter that says why, and nothing of it is lost", async () => {
    const { queue, buried, state, held } = world();
    const newer = { ...message(1), v: 2 };
    queue.send(newer);
    queue.send(message(2));
    await queue.drain();
    expect(state.calls).toBe(1);
    expect([...held]).toEqual([2]);
    expect(queue.counts.retried).toBe(14);
    expect(buried).toHaveLength(1);
    expect(JSON.parse(buried[0] ?? "")).toMatchObject({
      error: expect.stringContaining("form 2"),
      body: newer,
    });
  });

  test("[Q-12] a message without a version is of the first", async () => {
    const { queue, held } = world();
    const { v: _, ...old } = message(1);
    queue.send(old);
    await queue.drain();
    expect([...held]).toEqual([1]);
  });

  test("[Q-9] a dead letter that cannot be queued is not lost: its message comes again", async () => {
    const { queue, buried, state } = world();
    state.buryFails = true;
    queue.send("not json");
    await queue.advance(3);
    expect(buried).toEqual([]);
    state.buryFails = false;
    await queue.drain();
    expect(buried).toHaveLength(1);
  });

  test("[Q-10] a shard that cannot be told costs nothing: the messages stay acknowledged", async () => {
    const { queue, held, state, told } = world();
    state.tellFails = true;
    queue.send(message(1));
    await queue.drain();
    expect([held.size, told.length, queue.counts.acked]).toEqual([1, 0, 1]);
  });

  test("[Q-11] registrations are applied; without a log behind them they are never let go", async () => {
    const { queue, registered, state, reports, buried } = world();
    queue.send({ v: 1, kind: "registrations", registrations: [{ externalId: "a" }, { externalId: "b" }] });
    await queue.drain();
    expect([...registered.keys()]).toEqual(["a", "b"]);
    state.failing = () => new OriginUnavailable("open", 8_000);
    // A queue that does not take it at first loses nothing either.
    state.againFails = 3;
    queue.send({ v: 1, kind: "registrations", registrations: [{ externalId: "c" }] });
    await queue.advance(24 * 3_600);
    expect(reports.every(({ released, dead }) => released === 0 && dead === 0)).toBe(true);
    expect([buried, queue.deadLetters]).toEqual([[], []]);
    expect(queue.counts.sent).toBeGreaterThan(2);
    state.failing = undefined;
    await queue.drain();
    expect([...registered.keys()]).toEqual(["a", "b", "c"]);
    expect([buried, queue.deadLetters]).toEqual([[], []]);
  });
});
