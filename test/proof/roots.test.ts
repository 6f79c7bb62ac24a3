import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, test, vi } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import type { Root } from "../../src/contract/proof.ts";
import { accepted } from "../../src/errors.ts";
import { type PlacedFact, ROOTS_IN_PAGE } from "../../src/objects/leaderboard.ts";
import { Leaves } from "../../src/proof/leaves.ts";
import { leafText } from "../../src/proof/line.ts";
import { Roots } from "../../src/proof/roots.ts";
import { hashIn, hashText, leafHash, rootBy, Subtrees } from "../../src/proof/tree.ts";
import type { Fact } from "../../src/protocol.ts";
import { sqlOf } from "../shard/sql.ts";

const MINUTE = 60_000;

afterEach(() => vi.restoreAllMocks());

const factOf = (shard: string, seq: number): Fact => ({
  seq,
  at: seq * 1_000,
  team: `${shard}-1-aaaaa`,
  type: "reached",
  points: seq,
});

/** A hunt's logs, and the object that makes their roots, of which the database outlives an instance. */
class World {
  readonly database = new DatabaseSync(":memory:");
  readonly logs = new Map<string, number>();
  readonly away = new Set<string>();
  readonly published: number[] = [];
  now = 5 * MINUTE;
  calls = 0;
  /** The call on a shard that never comes back, because the object ends. */
  dieAt = Number.POSITIVE_INFINITY;
  readonly #death = Promise.withResolvers<void>();
  readonly died = this.#death.promise;
  wakeAt: number | undefined;
  roots = this.start();

  start(): Roots {
    this.wakeAt = undefined;
    this.roots = new Roots({
      sql: sqlOf(this.database),
      clock: { now: () => this.now },
      every: MINUTE,
      subtrees: async (shard, range) => {
        this.calls += 1;
        if (this.calls === this.dieAt) {
          this.#death.resolve();
          return new Promise(() => undefined);
        }
        if (this.away.has(shard)) throw new Error("away");
        return this.leaves(shard).subtrees(range);
      },
      wake: (at) => {
        this.wakeAt = Math.min(at, this.wakeAt ?? at);
      },
      made: (page) => this.published.push(page),
    });
    this.roots.resume();
    for (const [shard, head] of this.logs) this.roots.heard(shard, head);
    return this.roots;
  }

  leaves(shard: string): Leaves {
    const head = this.logs.get(shard) ?? 0;
    return new Leaves({
      shard,
      now: () => this.now,
      segments: function* (after) {
        for (let first = after - (after % 7) + 1; first <= head; first += 7) {
          const facts = Array.from({ length: Math.min(7, head - first + 1) }, (_, index) =>
            JSON.stringify(factOf(shard, first + index)),
          );
          yield { first, last: first + facts.length - 1, body: facts.join(",") };
        }
      },
    });
  }

  record(shard: string, facts: number): void {
    const head = (this.logs.get(shard) ?? 0) + facts;
    this.logs.set(shard, head);
    this.roots.heard(shard, head);
  }

  /** Until nothing wakes the object any more. */
  async settle(): Promise<void> {
    for (let turns = 0; this.wakeAt !== undefined; turns += 1) {
      if (turns > 1_000) throw new Error("it never rests");
      this.now = Math.max(this.now, this.wakeAt);
      this.wakeAt = undefined;
      await this.roots.turn();
    }
  }

  all(): Root[] {
    const roots: Root[] = [];
    for (let page = 0; ; page += 1) {
      const told = accepted(this.roots.page(page));
      roots.push(...told.roots);
      if (told.cursor === undefined) return roots;
      expect(told.cursor).toBe(String(page + 1));
    }
  }

  /** Every fact is in one root, each root is that of its facts, and every fact leads to it. */
  check(): void {
    const next = new Map<string, number>();
    let previous: string | null = null;
    for (const root of this.all()) {
      expect(root.previous).toBe(previous);
      previous = root.root;
      const joined = new Subtrees(0);
      const names = root.shards.map(({ shard }) => shard);
      expect(names).toEqual([...new Set(names)].sort());
      for (const { shard, seq, leaves } of root.shards) {
        expect(seq - leaves).toBe(next.get(shard) ?? 0);
        expect(leaves).toBeGreaterThan(0);
        next.set(shard, seq);
        for (let one = seq - leaves + 1; one <= seq; one += 1) {
          joined.add(leafHash(leafText(shard, factOf(shard, one))));
        }
      }
      expect(hashText(joined.root())).toBe(root.root);
      for (const { shard, seq, leaves } of root.shards) {
        for (const one of new Set([seq - leaves + 1, seq, seq - (leaves >> 1)])) this.lead(shard, one, root);
      }
    }
    expect(Object.fromEntries(next)).toEqual(Object.fromEntries(this.logs));
  }

  lead(shard: string, seq: number, root: Root): void {
    const placed = this.roots.placed(shard, seq) as PlacedFact;
    expect(placed).toMatchObject({ root: root.root, at: Date.parse(root.at) });
    const fact = this.leaves(shard).prove(seq, placed.subtree);
    if ("refused" in fact) throw new Error(fact.detail);
    expect(fact.hash).toBe(placed.hash);
    const by = rootBy(hashIn(fact.leaf) ?? new Uint8Array(), [...fact.steps, ...placed.steps]);
    expect(hashText(by ?? new Uint8Array())).toBe(root.root);
  }
}

test("[LOG-20] a minute in which something was recorded has a root at its end; a quiet one has none", async () => {
  const world = new World();
  expect(world.wakeAt).toBeUndefined();
  world.now += 1_000;
  world.record("weur-0", 3);
  expect(world.wakeAt).toBe(6 * MINUTE);
  world.record("enam-0", 1);
  await world.settle();
  expect(world.all()).toMatchObject([
    {
      at: new Date(6 * MINUTE).toISOString(),
      previous: null,
      shards: [
        { shard: "enam-0", seq: 1, leaves: 1 },
        { shard: "weur-0", seq: 3, leaves: 3 },
      ],
    },
  ]);
  world.now += 10 * MINUTE;
  world.record("weur-0", 2);
  // Only shards that have something new are asked.
  world.calls = 0;
  await world.settle();
  expect(world.calls).toBe(1);
  expect(world.all()).toHaveLength(2);
  world.check();
});

test("[LOG-20] an old head, a clock that goes back, and the same head again change nothing", async () => {
  const world = new World();
  world.record("weur-0", 3);
  await world.settle();
  world.roots.heard("weur-0", 2);
  world.roots.heard("weur-0", 3);
  expect(world.wakeAt).toBeUndefined();
  await world.roots.turn();
  expect(world.all()).toHaveLength(1);
  const [first] = world.all();
  world.now -= 3 * MINUTE;
  world.record("weur-0", 1);
  await world.settle();
  expect(Date.parse(world.all()[1]?.at ?? "")).toBeGreaterThanOrEqual(Date.parse(first?.at ?? ""));
  world.check();
});

test("[LOG-20] the hunt's end does not wait for the minute", async () => {
  const world = new World();
  world.roots.ended();
  expect(world.wakeAt).toBeUndefined();
  world.now += 1_000;
  world.record("weur-0", 3);
  world.roots.ended();
  expect(world.wakeAt).toBe(world.now);
  await world.settle();
  world.check();
});

test("[LOG-21] wherever the object ends, the next instance goes on: no fact is lost, none is in two roots", async () => {
  const random = chance(21);
  for (let dieAt = 1; dieAt <= 15; dieAt += 1) {
    const world = new World();
    world.dieAt = dieAt;
    let deaths = 0;
    for (let minute = 0; minute < 4; minute += 1) {
      for (const shard of ["weur-0", "enam-0", "weur-1"]) {
        world.record(shard, 1 + below(random, 9));
        if (minute === 1) world.record(shard, 2_000 + below(random, 3_000));
      }
      const settled = world.settle().then(() => false);
      const died = deaths === 0 && (await Promise.race([settled, world.died.then(() => true)]));
      if (!died) {
        await settled;
        continue;
      }
      deaths += 1;
      world.start();
      await world.settle();
    }
    expect(deaths).toBe(1);
    world.check();
  }
}, 180_000);

test("[LOG-21] a shard that is away does not hold the others up; its facts are in a later root", async () => {
  const said = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const world = new World();
  world.record("enam-0", 2_500);
  world.record("weur-0", 5);
  world.record("weur-1", 6);
  world.away.add("weur-0");
  world.now = world.wakeAt ?? 0;
  world.wakeAt = undefined;
  await world.roots.turn();
  expect(world.all()).toMatchObject([
    {
      shards: [
        { shard: "enam-0", leaves: 2_500 },
        { shard: "weur-1", leaves: 6 },
      ],
    },
  ]);
  expect(said).toHaveBeenCalledWith(expect.objectContaining({ shard: "weur-0" }));
  expect(world.roots.placed("weur-0", 1)).toMatchObject({ refused: "not_found", retryAfter: 60 });
  // It is left alone for longer each time, and the others' minutes go on.
  const times: number[] = [];
  for (let minute = 0; minute < 20; minute += 1) {
    world.calls = 0;
    world.record("enam-0", 1);
    world.now = world.wakeAt ?? 0;
    world.wakeAt = undefined;
    await world.roots.turn();
    if (world.calls > 1) times.push(world.now / MINUTE);
  }
  expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual([2, 4, 8]);
  world.away.clear();
  world.start();
  await world.settle();
  world.check();
});

test("[LOG-21] only what stands before a broken segment is in a root, until it is mended", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const world = new World();
  const whole = world.leaves.bind(world);
  world.leaves = (shard) =>
    new Leaves({
      shard,
      now: () => world.now,
      segments: function* (after) {
        if (after >= 10) throw new Error("broken");
        yield {
          first: 1,
          last: 10,
          body: Array.from({ length: 10 }, (_, index) => JSON.stringify(factOf(shard, index + 1))).join(","),
        };
        throw new Error("broken");
      },
    });
  world.record("weur-0", 20);
  world.now = world.wakeAt ?? 0;
  await world.roots.turn();
  expect(world.all()).toMatchObject([{ shards: [{ shard: "weur-0", seq: 10, leaves: 10 }] }]);
  world.leaves = whole;
  world.start();
  await world.settle();
  world.check();
});

test("[LOG-21] a log of before is taken in slices, and what one proof hashes stays bounded", async () => {
  const world = new World();
  world.record("weur-0", 12_345);
  world.record("enam-0", 1);
  await world.settle();
  expect(world.calls).toBe(8);
  expect(world.all()).toHaveLength(1);
  world.check();
  expect((world.roots.placed("weur-0", 5_000) as PlacedFact).subtree.size).toBe(1_024);
});

test("[LOG-22] pages of roots are bounded, and a full one never changes", async () => {
  const world = new World();
  for (let minute = 0; minute < ROOTS_IN_PAGE; minute += 1) {
    world.record("weur-0", 1);
    await world.settle();
  }
  const full = accepted(world.roots.page(0));
  expect(full).toMatchObject({ cursor: "1" });
  expect(world.roots.page(1)).toEqual({ roots: [] });
  world.record("weur-0", 1);
  await world.settle();
  expect(world.roots.page(0)).toEqual(full);
  expect(accepted(world.roots.page(1)).roots).toMatchObject([{ previous: full.roots.at(-1)?.root }]);
  expect(new Set(world.published)).toEqual(new Set([0, 1]));
  world.check();
});

test("[LOG-22] whatever changes in the stored rows of a root, nothing of it is told as truth, and reports go on", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const edits = [
    "UPDATE root SET hash = 'x' || substr(hash, 2) WHERE number = 2",
    "UPDATE root SET at = at + 1 WHERE number = 2",
    "UPDATE root SET number = 9 WHERE number = 2",
    "UPDATE root SET hash = NULL WHERE number = 2",
    "UPDATE root SET checksum = NULL WHERE number = 2",
    "DELETE FROM root WHERE number = 2",
    "UPDATE root_range SET seq = seq + 4 WHERE number = 2 AND shard = 'weur-0'",
    "UPDATE root_range SET after = after + 1 WHERE number = 2 AND shard = 'weur-0'",
    "UPDATE root_range SET done = done - 1 WHERE number = 2 AND shard = 'weur-0'",
    "UPDATE root_range SET shard = 'weur-9' WHERE number = 2 AND shard = 'weur-0'",
    "UPDATE root_range SET hashes = 'x' || substr(hashes, 2) WHERE number = 2 AND shard = 'weur-0'",
    "DELETE FROM root_range WHERE number = 2 AND shard = 'weur-0'",
  ];
  for (const edit of edits) {
    const world = new World();
    for (let minute = 0; minute < 3; minute += 1) {
      world.record("enam-0", 3);
      world.record("weur-0", 5);
      await world.settle();
    }
    world.check();
    world.database.exec(edit);
    world.start();
    expect(world.roots.page(0), edit).toMatchObject({ refused: "unavailable" });
    expect(world.roots.placed("weur-0", 7), edit).toHaveProperty("refused");
    world.record("weur-0", 1);
    await world.roots.turn();
  }
  expect(said).toHaveBeenCalled();
});
