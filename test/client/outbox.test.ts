import { describe, expect, test } from "vitest";
import { makeId } from "../../client/src/ids.ts";
import { Outbox } from "../../client/src/outbox.ts";
import type { PlayerEvent, Result } from "../../src/contract/play.ts";

/** An outbox over a store that outlives it, an engine that can be cut off, and time that passes at once. */
function world() {
  const kept: PlayerEvent[] = [];
  const engine = {
    /** What the next calls do: throw this, or answer. */
    failures: [] as unknown[],
    received: [] as string[][],
    recorded: new Map<string, Result>(),
    results: [] as Result[],
    refusals: [] as unknown[],
    waits: [] as number[],
  };
  const make = () =>
    new Outbox({
      store: {
        all: async () => [...kept],
        add: async (events) => void kept.push(...events),
        remove: async (ids) => {
          for (const id of ids) {
            const at = kept.findIndex((event) => event.id === id);
            if (at >= 0) kept.splice(at, 1);
          }
        },
      },
      send: async (events) => {
        engine.received.push(events.map(({ id }) => id));
        const failure = engine.failures.shift();
        // Lost on the way back: the engine has it all the same.
        if (failure !== "lost answer" && failure !== undefined) throw failure;
        if (events.some((event) => event.type === "answer" && event.answer === "unfit"))
          throw { status: 422, message: "too long" };
        for (const { id } of events) {
          if (!engine.recorded.has(id))
            engine.recorded.set(id, { id, outcome: "correct", seq: engine.recorded.size + 1 });
        }
        if (failure !== undefined) throw { retryable: true };
        return events.map(({ id }) => engine.recorded.get(id) ?? { id, outcome: "invalid" });
      },
      result: (result) => void engine.results.push(result),
      pending: () => undefined,
      refused: (error) => void engine.refusals.push(error),
      wait: async (ms) => void engine.waits.push(ms),
    });
  return { kept, engine, make };
}

const event = (id: string, answer = "a"): PlayerEvent => ({ id, type: "answer", clue: "c", answer });
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

describe("[WEB-2] the outbox", () => {
  test("keeps an event before it is sent, and lets it go when it is answered", async () => {
    const { kept, engine, make } = world();
    const outbox = make();
    await outbox.add(event("a"));
    await settle();
    expect(engine.results).toEqual([{ id: "a", outcome: "correct", seq: 1 }]);
    expect(kept).toEqual([]);
  });

  test("sends again under the same id, in order, until there is an answer", async () => {
    const { kept, engine, make } = world();
    engine.failures = [{ retryable: true }, "lost answer", { retryable: true }];
    const outbox = make();
    await Promise.all([outbox.add(event("a")), outbox.add(event("b"))]);
    await settle();
    expect(engine.received.at(-1)).toContain("b");
    expect(engine.recorded.size).toBe(2);
    expect(engine.results.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(engine.waits.length).toBeGreaterThanOrEqual(3);
    expect(kept).toEqual([]);
  });

  test("what a closed page left behind is sent by the next one", async () => {
    const { kept, engine, make } = world();
    kept.push(event("a"), event("b"));
    await make().start();
    await settle();
    expect(engine.received).toEqual([["a", "b"]]);
    expect(kept).toEqual([]);
  });

  test("what the engine will never take stays on the device and is told", async () => {
    const { kept, engine, make } = world();
    engine.failures = [{ retryable: false, status: 401 }];
    await make().add(event("a"));
    await settle();
    expect(engine.refusals).toHaveLength(1);
    expect(kept).toHaveLength(1);
  });

  test("one event that the engine cannot read does not hold back the others", async () => {
    const { kept, engine, make } = world();
    kept.push(event("a"), event("b", "unfit"), event("c"));
    await make().start();
    await settle();
    expect(engine.received).toEqual([["a", "b", "c"], ["a"], ["b"], ["c"]]);
    expect(engine.results).toEqual([
      { id: "a", outcome: "correct", seq: 1 },
      { id: "b", outcome: "invalid", message: "too long" },
      { id: "c", outcome: "correct", seq: 2 },
    ]);
    expect(kept).toEqual([]);
  });

  test("waits as long as the engine asks, whatever wakes it", async () => {
    const { engine, make } = world();
    engine.failures = [{ retryable: true, status: 503, retryAfter: 7 }];
    const outbox = make();
    await outbox.add(event("a"));
    outbox.wake();
    await settle();
    expect(engine.waits).toHaveLength(1);
    expect(engine.waits[0]).toBeGreaterThanOrEqual(7_000);
    expect(engine.waits[0]).toBeLessThanOrEqual(14_000);
  });

  test("sends nothing more once it is stopped, and keeps what is left", async () => {
    const { kept, engine, make } = world();
    engine.failures = [{ retryable: true }];
    const outbox = make();
    const added = outbox.add(event("a"));
    outbox.stop();
    await added;
    await settle();
    expect(engine.results).toEqual([]);
    expect(kept).toHaveLength(1);
  });

  test("sends no more at once than the engine takes", async () => {
    const { engine, kept, make } = world();
    for (let index = 0; index < 210; index += 1) kept.push(event(`e${index}`));
    await make().start();
    await settle();
    expect(engine.received.map((ids) => ids.length)).toEqual([100, 100, 10]);
  });

  test("nor more bytes: a request holds 64 KiB, an event 4", async () => {
    const { engine, kept, make } = world();
    for (let index = 0; index < 40; index += 1) kept.push(event(`e${index}`, "ß".repeat(1_900)));
    await make().start();
    await settle();
    expect(engine.received.flat()).toHaveLength(40);
    const largest = Math.max(...engine.received.map((ids) => ids.length));
    expect(largest * 3_870).toBeLessThan(64 * 1_024);
    expect(largest).toBeGreaterThan(10);
  });
});

test("[WEB-2] ids are UUIDv7: unique, and later ones sort later", () => {
  const ids = Array.from({ length: 100 }, (_, index) => makeId(1_790_000_000_000 + index * 10));
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(100);
});
