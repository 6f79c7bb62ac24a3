/** Messages in the queues: those of test/fixtures/stored/queue are read for good; the folder only grows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DeadLetter } from "../../src/objects/dead-letters.ts";
import type { OriginStore } from "../../src/origin/store.ts";
import { consume } from "../../src/queue/consumer.ts";
import { deadMessageText, keepDeadLetters } from "../../src/queue/dead-letter.ts";
import { FaultyQueue } from "../faults/queue.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stored/queue");

interface Fixture {
  queue: "facts" | "dead";
  /** The text in the queue. */
  body: string;
  /** What becomes of it. */
  read: object;
}

const fixture = (name: string): Fixture => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

async function readFacts(body: string): Promise<object> {
  const seqs: number[] = [];
  const registered: string[] = [];
  const dead: object[] = [];
  const origin: OriginStore = {
    driver: "d1",
    apply: async ({ facts }) => void seqs.push(...facts.map(({ seq }) => seq)),
    register: async (all) => void registered.push(...all.map(({ externalId }) => externalId)),
    sums: () => Promise.reject(new Error("not asked here")),
    teams: () => Promise.reject(new Error("not asked here")),
    registration: () => Promise.reject(new Error("not asked here")),
    close: () => Promise.resolve(),
  };
  let outcome = "";
  const queue = new FaultyQueue(async (batch) => {
    const report = await consume(batch, {
      origin,
      archived: async () => undefined,
      bury: async (message) => void dead.push(message),
      again: async () => undefined,
      concurrency: 1,
      random: () => 0.5,
    });
    outcome = Object.entries(report).find(([, count]) => count === 1)?.[0] ?? "";
  });
  queue.send(body);
  await queue.drain();
  expect(dead).toEqual([]);
  return { outcome, seqs, registered };
}

async function readDead(body: string): Promise<{ hunt: string; letter: DeadLetter }> {
  let stored: { hunt: string; letter: DeadLetter } | undefined;
  const queue = new FaultyQueue((batch) =>
    keepDeadLetters(batch, {
      store: async (hunt, letter) => {
        stored = { hunt, letter };
      },
      buried: async () => undefined,
      now: () => 7,
    }),
  );
  queue.send(body);
  await queue.drain();
  if (!stored) throw new Error("no letter");
  return stored;
}

describe("a message in the queue", () => {
  test.each(readdirSync(FOLDER))("%s is read", async (name) => {
    const { queue, body, read } = fixture(name);
    if (queue === "facts") expect(await readFacts(body)).toEqual(read);
    else {
      const { hunt, letter } = await readDead(body);
      expect({ hunt, ...letter }).toMatchObject(read);
    }
  });

  test("a dead letter is written today as in dead-letter-1.json", async () => {
    const { body } = fixture("dead-letter-1.json");
    const { letter } = await readDead(body);
    expect(deadMessageText(letter)).toBe(body);
  });

  test("[Q-8] a dead letter of a newer engine is stored whole, and says so", async () => {
    const body = JSON.stringify({ dead: 2, letters: [] });
    expect(await readDead(body)).toMatchObject({
      hunt: "/",
      letter: {
        body,
        error: "a dead letter of form 2, written by a newer engine: this one reads up to 1",
      },
    });
  });
});
