/** The faulty queue of the tests itself: what the platform promises, and that its faults happen. */
import { expect, test } from "vitest";
import { type Consumer, FaultyQueue, type QueueOptions } from "./queue.ts";

/** A queue with the numbers 0 … count-1 sent, and the numbers its consumer was given, by batch. */
function filled(
  count: number,
  options: QueueOptions,
  consumer: Consumer = async () => undefined,
): { queue: FaultyQueue; seen: number[][] } {
  const seen: number[][] = [];
  const queue = new FaultyQueue(async (batch) => {
    seen.push(batch.messages.map(({ body }) => body as number));
    await consumer(batch);
  }, options);
  for (let number = 0; number < count; number += 1) queue.send(number);
  return { queue, seen };
}

const rising = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("without faults each message comes once, in order, in full batches", async () => {
  const { queue, seen } = filled(25, { maxBatchSize: 10 });
  await queue.drain();
  expect(seen.map((batch) => batch.length)).toEqual([10, 10, 5]);
  expect(seen.flat()).toEqual(rising(25));
  expect(queue.counts).toMatchObject({ sent: 25, batches: 3, delivered: 25, acked: 25, retried: 0, dead: 0 });
  expect(queue.backlog).toBe(0);
});

test("the first call on a message wins, also over all", async () => {
  let round = 0;
  const { queue, seen } = filled(4, {}, async ({ messages }) => {
    round += 1;
    if (round > 1) return;
    messages[0]?.ack();
    messages[0]?.retry();
    messages[1]?.retry();
    messages[1]?.ack();
  });
  await queue.drain();
  expect(seen).toEqual([[0, 1, 2, 3], [1]]);
  expect(queue.counts).toMatchObject({ acked: 4, retried: 1, ignored: 2 });
});

test("ackAll and retryAll settle what was not settled before, and nothing afterwards does", async () => {
  const first = filled(3, {}, async (batch) => {
    if (batch.messages.length < 3) return;
    batch.messages[0]?.ack();
    batch.retryAll();
    batch.ackAll();
    batch.messages[1]?.ack();
  });
  await first.queue.drain();
  expect(first.seen).toEqual([
    [0, 1, 2],
    [1, 2],
  ]);
  expect(first.queue.counts.ignored).toBe(2);
  const second = filled(3, {}, async (batch) => {
    if (batch.messages.length < 3) return;
    batch.messages[0]?.retry();
    batch.ackAll();
    throw new Error("too late to matter");
  });
  await second.queue.drain();
  expect(second.seen).toEqual([[0, 1, 2], [0]]);
});

test("a consumer that throws gets again what it did not settle", async () => {
  let round = 0;
  const { queue, seen } = filled(3, {}, async ({ messages }) => {
    round += 1;
    if (round > 1) return;
    messages[1]?.ack();
    throw new Error("half way");
  });
  await queue.drain();
  expect(seen).toEqual([
    [0, 1, 2],
    [0, 2],
  ]);
  expect(queue.counts).toMatchObject({ threw: 1, acked: 3, retried: 2 });
});

test("what is said after the consumer returned counts for nothing", async () => {
  let late: (() => void) | undefined;
  const { queue } = filled(1, {}, async ({ messages }) => {
    late = () => messages[0]?.retry();
  });
  await queue.drain();
  late?.();
  await queue.drain();
  expect(queue.counts).toMatchObject({ delivered: 1, acked: 1 });
});

test("a message that always fails becomes a dead letter after its retries, and can be sent again", async () => {
  const attempts: number[] = [];
  let heals = false;
  const { queue } = filled(10, { maxRetries: 2 }, async ({ messages }) => {
    for (const message of messages) {
      if (message.body !== 4 || heals) continue;
      attempts.push(message.attempts);
      message.retry();
    }
  });
  await queue.drain();
  expect(attempts).toEqual([1, 2, 3]);
  expect(queue.deadLetters).toEqual([{ id: "m5", body: 4, attempts: 3 }]);
  expect(queue.counts).toMatchObject({ acked: 9, dead: 1 });
  heals = true;
  queue.redrive();
  await queue.drain();
  expect(queue.deadLetters).toEqual([]);
  expect(queue.counts.acked).toBe(10);
});

test("delays are kept in virtual time: a message's own, the retry's, the queue's", async () => {
  const times: [number, number][] = [];
  const queue: FaultyQueue = new FaultyQueue(
    async ({ messages }) => {
      for (const message of messages) {
        times.push([message.body as number, (queue.now - 1_000) / 1_000]);
        if (message.attempts === 1) message.retry(message.body === 0 ? { delaySeconds: 100 } : {});
      }
    },
    { now: 1_000, retryDelay: 7 },
  );
  queue.sendBatch([{ body: 0 }, { body: 1, delaySeconds: 30 }]);
  await queue.advance(10);
  expect(times).toEqual([[0, 0]]);
  await queue.drain();
  expect(times).toEqual([
    [0, 0],
    [1, 30],
    [1, 37],
    [0, 100],
  ]);
});

test("a consumer that changes a body changes only its own copy", async () => {
  const seen: unknown[] = [];
  const queue = new FaultyQueue(
    async ({ messages }) => {
      for (const { body } of messages as readonly { body: { n: number } }[]) {
        seen.push({ ...body });
        body.n = 99;
      }
    },
    { copies: 2, repeat: 0.5 },
  );
  queue.send({ n: 1 });
  await queue.drain();
  expect(seen.length).toBeGreaterThanOrEqual(2);
  expect(new Set(seen.map((body) => JSON.stringify(body)))).toEqual(new Set(['{"n":1}']));
});

test("every message three times, shuffled across batches", async () => {
  const { queue, seen } = filled(100, { copies: 3, reorder: 1, seed: 7 });
  await queue.drain();
  expect(seen.flat().sort((a, b) => a - b)).toEqual(
    rising(100).flatMap((number) => [number, number, number]),
  );
  expect(queue.counts).toMatchObject({ sent: 100, delivered: 300, copied: 200 });
  expect(queue.counts.reordered).toBeGreaterThan(200);
  const spread = seen.filter((batch) => batch.includes(0)).length;
  expect(spread).toBeGreaterThan(1);
});

test("each fault happens at about its rate, the same for the same seed, another for another", async () => {
  const run = async (seed: number) => {
    const { queue, seen } = filled(1_000, {
      seed,
      repeat: 0.1,
      reorder: 0.2,
      delay: 0.3,
      delayMax: 10,
      drop: 0.05,
    });
    await queue.drain();
    return { seen: seen.flat(), counts: queue.counts, lost: queue.lost };
  };
  const { seen, counts, lost } = await run(42);
  expect(counts.dropped).toBeGreaterThan(25);
  expect(counts.dropped).toBeLessThan(100);
  expect(counts.repeated).toBeGreaterThan(50);
  expect(counts.repeated).toBeLessThan(200);
  expect(counts.delayed).toBeGreaterThan(200);
  expect(counts.delayed).toBeLessThan(450);
  expect(counts.reordered).toBeGreaterThan(50);
  expect(counts.delivered).toBe(1_000 - counts.dropped + counts.repeated);
  // What was lost is known, everything else came.
  expect(new Set([...seen, ...(lost as number[])])).toEqual(new Set(rising(1_000)));
  expect(lost).toHaveLength(counts.dropped);
  expect(await run(42)).toEqual({ seen, counts, lost });
  expect((await run(43)).seen).not.toEqual(seen);
});

test("lost acknowledgements bring no message closer to the dead letters", async () => {
  const { queue } = filled(20, { maxRetries: 1, repeat: 0.9, seed: 3 }, async ({ messages }) => {
    for (const message of messages) if (message.attempts === 3) message.retry();
  });
  await queue.drain();
  expect(queue.counts).toMatchObject({ acked: 20, dead: 0 });
  expect(queue.counts.repeated).toBeGreaterThan(20);
  expect(queue.counts.retried).toBeGreaterThan(5);
});

test("several batches are under way at once", async () => {
  let running = 0;
  let most = 0;
  const { queue } = filled(10, { maxBatchSize: 2, concurrency: 3 }, async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, 1));
    running -= 1;
  });
  await queue.drain();
  expect(most).toBe(3);
  expect(queue.counts).toMatchObject({ batches: 5, acked: 10 });
});
