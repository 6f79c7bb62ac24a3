import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fact, FactMessage, Range } from "../../src/protocol.ts";
import { type QueueFigures, type Segment, Shipper } from "../../src/shard/ship.ts";

const fact = (seq: number, text = ""): Fact => ({
  seq,
  at: seq,
  team: "t",
  type: "award",
  points: 1,
  reason: text,
  score: seq,
});

function segment(first: number, last: number, text = ""): Segment {
  const facts = Array.from({ length: last - first + 1 }, (_, index) => fact(first + index, text));
  return { first, last, body: facts.map((one) => JSON.stringify(one)).join(",") };
}

/** A log of segments, a queue that may fail, and a clock. */
function shard(segments: Segment[] = [], settled = 0, buried: Range[] = []) {
  const world = {
    segments,
    durable: segments.at(-1)?.last ?? 0,
    now: 1_000,
    sent: [] as FactMessage[],
    batches: [] as number[][],
    saved: [] as number[],
    buried: [] as readonly Range[],
    failing: false,
    onSend: undefined as (() => void) | undefined,
    /** What the queue says of itself. */
    figures: { backlog: 0 } as QueueFigures,
    asked: 0,
  };
  const shipper = new Shipper(
    {
      hunt: "h",
      incarnation: () => undefined,
      shard: "weur-0",
      isArchived: () => true,
      durable: () => world.durable,
      segments: (after) => world.segments.filter(({ last }) => last > after),
      async send(messages) {
        world.onSend?.();
        await Promise.resolve();
        if (world.failing) throw new Error("the queue is away");
        world.batches.push(messages.map((message) => Buffer.byteLength(message)));
        world.sent.push(...messages.map((message) => JSON.parse(message) as FactMessage));
        return world.figures;
      },
      async figures() {
        world.asked += 1;
        return world.figures;
      },
      saveSettled: (seq) => world.saved.push(seq),
      saveBuried: (ranges) => {
        world.buried = ranges;
      },
      now: () => world.now,
      resendAfter: 60_000,
      window: 64,
      backlogMax: 1_000,
    },
    settled,
    buried,
  );
  /** Turns until nothing more is due now; the origin acknowledges what was sent, so that the window opens. */
  const drain = async (): Promise<void> => {
    let answered = 0;
    while ((await shipper.turn()) === 0 || answered < world.sent.length) {
      for (const { first, facts } of world.sent.slice(answered))
        shipper.acknowledge(first, facts.at(-1)?.seq ?? 0);
      answered = world.sent.length;
    }
  };
  const commit = (length: number, text = ""): Segment => {
    const made = segment(world.durable + 1, world.durable + length, text);
    world.segments.push(made);
    world.durable = made.last;
    return made;
  };
  return { world, shipper, commit, drain };
}

const seqs = (messages: FactMessage[]): number[] =>
  messages.flatMap(({ facts }) => facts.map(({ seq }) => seq));
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe("shipping", () => {
  test("[SHIP-1] sends every durable fact once, in order, in as few messages as fit", async () => {
    const { world, shipper, commit } = shard();
    for (const length of [1, 5, 2]) commit(length);
    expect(await shipper.turn()).toBe(60_001);
    expect(seqs(world.sent)).toEqual(upTo(8));
    expect(world.sent).toMatchObject([{ v: 1, hunt: "h", shard: "weur-0", first: 1 }]);
    expect(await shipper.turn()).toBe(60_001);
    expect(world.sent).toHaveLength(1);
    shipper.acknowledge(1, 8);
    expect(await shipper.turn()).toBeUndefined();
  });

  test("[SHIP-2] sends nothing whose commit is under way", async () => {
    const { world, shipper, commit } = shard();
    commit(2);
    world.segments.push(segment(3, 4));
    await shipper.turn();
    expect(seqs(world.sent)).toEqual([1, 2]);
    world.durable = 4;
    await shipper.turn();
    expect(seqs(world.sent)).toEqual([1, 2, 3, 4]);
  });

  test("[SHIP-3] no message is over 128 KB and no batch over 256 KB, also when every character takes three bytes", async () => {
    const { world, commit, drain } = shard();
    for (let count = 0; count < 40; count += 1) commit(4, "鼠".repeat(4_000));
    await drain();
    expect(seqs(world.sent)).toEqual(upTo(160));
    expect(Math.max(...world.batches.flat())).toBeLessThan(128_000);
    expect(Math.max(...world.batches.map((sizes) => sizes.reduce((a, b) => a + b, 0)))).toBeLessThan(256_000);
  });

  test("[SHIP-4] a turn is bounded, and says that more is waiting", async () => {
    const { world, shipper, commit } = shard();
    for (let count = 0; count < 80; count += 1) commit(1, "x".repeat(60_000));
    // Acknowledgements of earlier messages have opened the window.
    for (let seq = 1; seq <= 4; seq += 1) shipper.acknowledge(seq, seq);
    expect(await shipper.turn()).toBe(0);
    expect(world.batches).toHaveLength(8);
  });

  test("[SHIP-5] a queue that fails loses nothing: the next turn starts at the same place", async () => {
    const { world, shipper, commit } = shard();
    commit(3);
    world.failing = true;
    await expect(shipper.turn()).rejects.toThrow("away");
    expect(shipper.shipped).toBe(0);
    world.failing = false;
    await shipper.turn();
    expect(seqs(world.sent)).toEqual([1, 2, 3]);
  });

  test("[SHIP-6] one turn at a time; what comes meanwhile goes with it", async () => {
    const { world, shipper, commit } = shard();
    commit(1);
    world.onSend = () => {
      world.onSend = undefined;
      commit(1);
    };
    const [first, second] = await Promise.all([shipper.turn(), shipper.turn()]);
    expect([first, second]).toEqual([60_001, undefined]);
    expect(seqs(world.sent)).toEqual([1, 2]);
  });

  test("[SHIP-7] is behind until everything is acknowledged, in whatever order; the watermark never goes back", () => {
    const { world, shipper, commit } = shard();
    for (const length of [2, 2, 2]) commit(length);
    shipper.acknowledge(5, 6);
    expect([shipper.archived, shipper.behind]).toEqual([0, true]);
    shipper.acknowledge(1, 2);
    shipper.acknowledge(1, 2);
    expect(shipper.archived).toBe(2);
    shipper.acknowledge(3, 4);
    expect([shipper.archived, shipper.behind]).toEqual([6, false]);
    shipper.acknowledge(1, 4);
    expect(shipper.archived).toBe(6);
    expect(world.saved).toEqual([2, 6]);
  });

  /** Two messages under way: 1–2 and 3–4. */
  async function two() {
    const made = shard();
    made.commit(2);
    await made.shipper.turn();
    made.commit(2);
    await made.shipper.turn();
    return made;
  }

  test("[SHIP-8] what stays unacknowledged too long is sent again, later each time", async () => {
    const { world, shipper } = await two();
    shipper.acknowledge(1, 2);
    world.now += 60_000;
    expect(await shipper.turn()).toBe(1);
    expect(seqs(world.sent)).toEqual([1, 2, 3, 4]);
    world.now += 1;
    expect(await shipper.turn()).toBe(120_001);
    expect(seqs(world.sent)).toEqual([1, 2, 3, 4, 3, 4]);
    expect(await shipper.turn()).toBe(120_001);
    expect(world.sent).toHaveLength(3);
    expect(shipper.resends).toBe(1);
  });

  test("[SHIP-8] an acknowledgement that comes while they are sent again is not forgotten", async () => {
    const { world, shipper, commit } = await two();
    world.now += 60_001;
    commit(1);
    world.onSend = () => {
      world.onSend = undefined;
      commit(1);
      shipper.acknowledge(1, 5);
    };
    await shipper.turn();
    expect(shipper.archived).toBe(5);
    expect(shipper.shipped).toBe(6);
    expect(seqs(world.sent)).toEqual([1, 2, 3, 4, 1, 2, 6]);
  });

  test("[SHIP-12] a window bounds what is unacknowledged: eight messages after a start, twice as many with each word of the origin", async () => {
    const { world, shipper, commit } = shard();
    for (let count = 0; count < 200; count += 1) commit(1, "x".repeat(60_000));
    while ((await shipper.turn()) === 0);
    expect(world.sent).toHaveLength(8);
    shipper.acknowledge(1, 1);
    while ((await shipper.turn()) === 0);
    expect(world.sent).toHaveLength(1 + 16);
    for (let seq = 2; seq <= 9; seq += 1) shipper.acknowledge(seq, seq);
    while ((await shipper.turn()) === 0);
    expect(world.sent).toHaveLength(9 + 64);
  });

  test("[SHIP-12] into a silence one message asks, less and less often; an answer sends the others again", async () => {
    const { world, shipper, commit } = shard();
    for (let count = 0; count < 8; count += 1) commit(1, "x".repeat(60_000));
    while ((await shipper.turn()) === 0);
    world.sent.length = 0;
    const asked: number[] = [];
    for (let minute = 1; minute <= 20; minute += 1) {
      world.now += 60_001;
      await shipper.turn();
      if (world.sent.length > 0) asked.push(minute);
      expect(world.sent.length).toBeLessThan(2);
      world.sent.length = 0;
    }
    expect(asked).toEqual([1, 2, 4, 8, 12, 16, 20]);
    shipper.acknowledge(1, 1);
    world.now += 60_001;
    for (let round = 0; shipper.behind; round += 1) {
      expect(round).toBeLessThan(5);
      await shipper.turn();
      for (const { first } of world.sent.splice(0)) shipper.acknowledge(first, first);
    }
  });

  test("[SHIP-13] a full queue is given nothing new, and is asked again", async () => {
    const { world, shipper, commit } = shard();
    world.figures = { backlog: 1_000 };
    for (let count = 0; count < 6; count += 1) commit(1, "x".repeat(60_000));
    expect(await shipper.turn()).toBe(2_000);
    expect(world.sent).toHaveLength(2);
    world.now += 1_999;
    expect(await shipper.turn()).toBe(1);
    expect(world.sent).toHaveLength(2);
    world.now += 1;
    world.figures = { backlog: 3 };
    await shipper.turn();
    expect(world.sent).toHaveLength(6);
  });

  test("[SHIP-14] what the queue holds still is not sent again; when it is gone from there it is, cut as before", async () => {
    const { world, shipper } = await two();
    const original = [...world.sent];
    world.figures = { backlog: 2, oldest: 900 };
    world.now += 60_001;
    expect(await shipper.turn()).toBe(5_000);
    expect(world.sent).toHaveLength(2);
    expect(world.asked).toBe(1);
    // Others are in the queue, but ours was before them.
    world.figures = { backlog: 2, oldest: world.now - 1 };
    shipper.acknowledge(1, 2);
    await shipper.turn();
    expect(world.sent.at(-1)).toEqual(original[1]);
    expect(world.sent).toHaveLength(3);
  });

  test("[SHIP-14] a queue that says so for half an hour is not believed any longer", async () => {
    const { world, shipper } = await two();
    world.figures = { backlog: 2, oldest: 900 };
    world.now += 30 * 60_000;
    await shipper.turn();
    expect(world.sent).toHaveLength(2);
    world.now += 1;
    await shipper.turn();
    expect(world.sent).toHaveLength(3);
  });

  test("[SHIP-15] a message that never arrives holds back no other", async () => {
    const { world, shipper, commit } = await two();
    for (let seq = 5; seq <= 300; seq += 1) {
      commit(1);
      await shipper.turn();
      for (const { first, facts } of world.sent.splice(0)) {
        if (first !== 1) shipper.acknowledge(first, facts.at(-1)?.seq ?? 0);
      }
      world.now += 10_000;
    }
    expect(shipper.shipped).toBe(300);
    expect(shipper.archived).toBe(0);
    // It was sent again after 1, 2, 4, 4 … minutes, and nothing else was.
    expect(shipper.resends).toBeLessThan(15);
    shipper.acknowledge(1, 2);
    expect(shipper.archived).toBe(300);
  });

  test.each([3_600_000, -3_600_000])(
    "[SHIP-16] a clock that jumps by %d ms and back delays resending by no more than the usual time",
    async (jump) => {
      const { world, shipper, commit } = await two();
      world.now += jump;
      commit(1);
      await shipper.turn();
      world.now -= jump;
      await shipper.turn();
      world.now += 60_001;
      await shipper.turn();
      world.now += 240_001;
      for (let round = 0; shipper.behind; round += 1) {
        expect(round).toBeLessThan(5);
        await shipper.turn();
        for (const { first, facts } of world.sent.splice(2))
          shipper.acknowledge(first, facts.at(-1)?.seq ?? 0);
        world.now += 60_001;
      }
    },
  );

  test("[SHIP-17] an acknowledgement of what was never durable is ignored", () => {
    const { shipper, commit } = shard();
    commit(2);
    shipper.acknowledge(1, 3);
    shipper.acknowledge(2, 1);
    expect(shipper.archived).toBe(0);
  });

  describe("[SHIP-19] a dead letter", () => {
    /** Commits facts one by one; the origin takes all but those for which `isBad`, which become dead letters. */
    async function play(made: ReturnType<typeof shard>, count: number, isBad: (seq: number) => boolean) {
      const { world, shipper, commit } = made;
      for (let one = 0; one < count; one += 1) {
        commit(1);
        await shipper.turn();
        for (const { facts } of world.sent.splice(0)) {
          for (const { seq } of facts) {
            if (isBad(seq)) shipper.buried(seq, seq);
            else shipper.acknowledge(seq, seq);
          }
        }
        world.now += 1_000;
      }
    }

    test("takes up no place in the window, is not sent again, and is not told as archived", async () => {
      const made = shard();
      const { world, shipper } = made;
      await play(made, 400, (seq) => seq % 4 === 0);
      expect([shipper.shipped, shipper.settled, shipper.archived]).toEqual([400, 400, 3]);
      expect(shipper.behind).toBe(false);
      world.now += 600_000;
      expect(await shipper.turn()).toBeUndefined();
      expect(world.sent).toEqual([]);
      // Redriven: the origin has it after all.
      shipper.acknowledge(4, 4);
      expect(shipper.archived).toBe(7);
      shipper.acknowledge(1, 400);
      expect([shipper.archived, world.buried]).toEqual([400, []]);
    });

    test("silences no shard: what is new is shipped at once", async () => {
      const made = shard();
      const { world, shipper, commit } = made;
      await play(made, 1, () => true);
      for (let minute = 0; minute < 5; minute += 1) {
        world.now += 60_001;
        await shipper.turn();
      }
      commit(1);
      await shipper.turn();
      expect(seqs(world.sent)).toEqual([2]);
    });

    test("is not sent by a restart, nor is what came after it", async () => {
      const made = shard();
      await play(made, 20, (seq) => seq === 5);
      const after = shard(made.world.segments, made.world.saved.at(-1), [...made.world.buried]);
      expect([after.shipper.archived, after.shipper.behind]).toEqual([4, false]);
      await after.shipper.turn();
      expect(after.world.sent).toEqual([]);
      after.shipper.startOver();
      await after.shipper.turn();
      expect(seqs(after.world.sent)).toHaveLength(20);
      expect(after.world.buried).toEqual([]);
    });

    test("of facts that the origin has, or that were never durable, is ignored; a thousand are told apart", async () => {
      const made = shard();
      const { world, shipper } = made;
      await play(made, 2, () => false);
      shipper.buried(1, 2);
      shipper.buried(3, 3);
      expect([shipper.archived, world.buried]).toEqual([2, []]);
      await play(made, 2_100, (seq) => seq % 2 === 1);
      expect(world.buried).toHaveLength(1_000);
      expect([shipper.archived, shipper.settled]).toEqual([2, 2_102]);
      expect(world.buried.at(-1)).toEqual({ first: 2_101, last: 2_101 });
    });
  });

  test("[SHIP-18] starting over while a batch is being sent sends everything again, from the first fact on", async () => {
    const { world, shipper, commit } = shard();
    for (let count = 0; count < 4; count += 1) commit(1, "x".repeat(60_000));
    while ((await shipper.turn()) === 0);
    shipper.acknowledge(1, 4);
    commit(1);
    world.sent.length = 0;
    world.onSend = () => {
      world.onSend = undefined;
      shipper.startOver();
    };
    for (let round = 0; (await shipper.turn()) === 0; round += 1) expect(round).toBeLessThan(5);
    expect(new Set(seqs(world.sent))).toEqual(new Set([1, 2, 3, 4, 5]));
    for (const { first, facts } of world.sent) shipper.acknowledge(first, facts.at(-1)?.seq ?? 0);
    expect(shipper.behind).toBe(false);
  });

  test("[SHIP-18] starting over while messages are sent again forgets them", async () => {
    const { world, shipper } = await two();
    world.now += 60_001;
    world.sent.length = 0;
    world.onSend = () => {
      world.onSend = undefined;
      shipper.startOver();
    };
    for (let round = 0; (await shipper.turn()) === 0; round += 1) expect(round).toBeLessThan(5);
    expect(new Set(seqs(world.sent))).toEqual(new Set([1, 2, 3, 4]));
    expect(shipper.shipped).toBe(4);
  });

  test("[SHIP-9] after a restart everything beyond the archived watermark is sent again", async () => {
    const { world, shipper } = shard([segment(1, 2), segment(3, 5)], 2);
    expect(shipper.behind).toBe(true);
    await shipper.turn();
    expect(seqs(world.sent)).toEqual([3, 4, 5]);
  });

  test("[SHIP-10] under any failures, losses, duplicates and orders the origin gets every fact, and the watermark tells no lie", async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant("commit" as const), n: fc.integer({ min: 1, max: 4 }) }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constantFrom("turn" as const, "fail" as const, "late" as const, "restart" as const),
          n: fc.constant(0),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constantFrom("deliver" as const, "lose" as const, "again" as const),
          n: fc.nat(9),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), async (steps, fresh) => {
        let { world, shipper, commit } = shard();
        let queue: FactMessage[] = [];
        const origin = new Set<number>();
        const collect = async (): Promise<void> => {
          await shipper.turn().catch(() => undefined);
          queue.push(...world.sent.splice(0));
        };
        const deliver = (message: FactMessage | undefined): void => {
          if (!message) return;
          for (const { seq } of message.facts) origin.add(seq);
          shipper.acknowledge(message.first, message.facts.at(-1)?.seq ?? 0);
        };
        for (const { do: what, n } of steps) {
          if (what === "commit") {
            const made = commit(n);
            if (fresh) shipper.add(made);
          } else if (what === "turn") await collect();
          else if (what === "fail") {
            world.failing = true;
            await collect();
            world.failing = false;
          } else if (what === "late") world.now += 60_001;
          else if (what === "restart")
            ({ world, shipper, commit } = shard(world.segments, world.saved.at(-1) ?? shipper.archived));
          else if (what === "deliver") deliver(queue.splice(n % Math.max(1, queue.length), 1)[0]);
          else if (what === "again") deliver(queue[n % Math.max(1, queue.length)]);
          else queue = queue.filter((_, index) => index !== n % Math.max(1, queue.length));
          for (const seq of upTo(shipper.archived)) expect(origin.has(seq)).toBe(true);
          expect(shipper.archived).toBeLessThanOrEqual(world.durable);
        }
        for (let rounds = 0; shipper.behind; rounds += 1) {
          expect(rounds).toBeLessThan(40);
          world.now += 240_001;
          await collect();
          for (const message of queue.splice(0)) deliver(message);
        }
        expect(origin.size).toBe(world.durable);
      }),
      { numRuns: 300 },
    );
  });

  test("[SHIP-11] fresh segments are shipped out of memory, older ones out of the log", async () => {
    const { world, shipper, commit, drain } = shard();
    const read = world.segments;
    world.segments = [];
    const push = (made: Segment) => {
      read.push(made);
      shipper.add(made);
    };
    push(commit(2));
    push(commit(1));
    world.segments = [];
    await shipper.turn();
    expect(seqs(world.sent)).toEqual([1, 2, 3]);
    // More than memory keeps: the log has it all.
    world.segments = read;
    for (let count = 0; count < 120; count += 1) shipper.add(commit(1, "x".repeat(60_000)));
    await drain();
    expect(seqs(world.sent)).toEqual(upTo(world.durable));
  });
});
