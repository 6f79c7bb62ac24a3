/** Roots in the leaderboard's object, over shards' objects. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { rootsKey } from "../../src/cache/entry.ts";
import { rootsPage } from "../../src/cache/kv.ts";
import { openSigned } from "../../src/cache/signed.ts";
import type { Root } from "../../src/contract/proof.ts";
import { accepted } from "../../src/errors.ts";
import { leafText } from "../../src/proof/line.ts";
import { hashIn, hashText, leafHash, rootBy, Subtrees } from "../../src/proof/tree.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  command,
  guess,
  join,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  rechain,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

// A minute that no test waits for: their alarms are run by hand.
setParameters({ SHARDS_PER_REGION: 2, SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10, ROOT_EVERY_MS: 3_600_000 });
beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const SHARDS = ["weur-0", "weur-1"];
const boardOf = (hunt: string) => env.LEADERBOARD.getByName(hunt);
const rootsOf = async (hunt: string): Promise<Root[]> => accepted(await boardOf(hunt).roots(0)).roots;

/** Runs the leaderboard's alarms, which have other reasons too, until there are so many roots. */
const alarms = (hunt: string, roots: number) =>
  vi.waitFor(
    async () => {
      await runDurableObjectAlarm(boardOf(hunt));
      expect(await rootsOf(hunt)).toHaveLength(roots);
    },
    { timeout: 30_000, interval: 20 },
  );

async function hunting(hunt: string): Promise<[Playing, Playing]> {
  const pier = {
    id: "pier",
    round: "r",
    title: "Pier",
    kind: "place",
    points: 5,
    place: { lat: 53.25, lng: 9.75, radius: 60 },
  };
  const clue = { id: "a", round: "r", title: "a", kind: "answer", answers: ["right"], points: 10 };
  await publish(hunt, 10, { clues: [clue, pier] });
  await setPhase(hunt, "live");
  const teams: [Playing, Playing] = [await join(hunt, "one", "weur-0"), await join(hunt, "two", "weur-1")];
  const position = { lat: 53.25, lng: 9.75, accuracy: 7 };
  await play(teams[0], command(hunt, { id: "p", type: "checkin", clue: "pier", position }));
  await play(teams[1], guess(hunt, "1", "right"));
  await heard(hunt, teams);
  return teams;
}

/** Waits until the standings have what each team's shard recorded. */
async function heard(hunt: string, teams: readonly Playing[]): Promise<void> {
  for (const { shard } of teams) {
    const facts = (await shardOf(hunt, shard).exportFacts(0)).length;
    await vi.waitFor(async () => {
      const { marks } = await boardOf(hunt).dump(0);
      expect(marks.find((one) => one.shard === shard)?.mark ?? 0).toBe(facts);
    }, 15_000);
  }
}

/** Every fact of the logs is in one root, which is that of its facts, and is proven to be. */
async function check(hunt: string): Promise<Root[]> {
  const roots = await rootsOf(hunt);
  const lines = new Map<string, string[]>();
  for (const shard of SHARDS) {
    const facts = await shardOf(hunt, shard).exportFacts(0);
    lines.set(
      shard,
      facts.flatMap((fact) => {
        if (fact.type === "gap") return [];
        const { person: _, ...logged } = fact;
        return [leafText(shard, logged)];
      }),
    );
  }
  const covered = new Map<string, number>();
  for (const root of roots) {
    const tree = new Subtrees(0);
    for (const { shard, seq, leaves } of root.shards) {
      expect(seq - leaves).toBe(covered.get(shard) ?? 0);
      covered.set(shard, seq);
      for (const line of lines.get(shard)?.slice(seq - leaves, seq) ?? []) tree.add(leafHash(line));
    }
    expect(hashText(tree.root())).toBe(root.root);
  }
  for (const [shard, own] of lines) {
    expect(covered.get(shard)).toBe(own.length);
    for (let seq = 1; seq <= own.length; seq += 1) {
      const placed = await boardOf(hunt).placed(shard, seq);
      if ("refused" in placed) throw new Error(placed.detail);
      const fact = await shardOf(hunt, shard).proveFact(seq, placed.subtree);
      if ("refused" in fact) throw new Error(fact.detail);
      expect(fact).toMatchObject({ line: own[seq - 1], hash: placed.hash });
      const by = rootBy(hashIn(fact.leaf) ?? new Uint8Array(), [...fact.steps, ...placed.steps]);
      expect(hashText(by ?? new Uint8Array())).toBe(placed.root);
    }
  }
  return roots;
}

test("[LOG-20] one root over both shards; names and positions are in no leaf", async () => {
  await hunting("both");
  expect(await rootsOf("both")).toEqual([]);
  expect(await boardOf("both").placed("weur-0", 1)).toMatchObject({ refused: "not_found" });
  await alarms("both", 1);
  const [root, ...more] = await check("both");
  expect(more).toEqual([]);
  expect(root?.shards.map(({ shard }) => shard)).toEqual(SHARDS);
  const placed = await boardOf("both").placed("weur-0", 2);
  if ("refused" in placed) throw new Error(placed.detail);
  const fact = await shardOf("both").proveFact(2, placed.subtree);
  expect(fact).toMatchObject({ line: expect.not.stringContaining('"lat"') });
});

test("[LOG-20] only shards that recorded something are asked", async () => {
  const [one] = await hunting("asked");
  await alarms("asked", 1);
  const asked = vi.spyOn(HuntShard.prototype, "subtrees");
  await play(one, guess("asked", "2", "right"));
  await heard("asked", [one]);
  await alarms("asked", 2);
  expect(asked.mock.calls).toEqual([[{ after: 2, upto: 3, place: 0 }]]);
  expect(await check("asked")).toHaveLength(2);
});

test("[LOG-21] evictions of every object before, between and after leave every fact in one root", async () => {
  const hunt = "evicted";
  const [one, two] = await hunting(hunt);
  await evictDurableObject(boardOf(hunt));
  await restart(hunt, "weur-1");
  await alarms(hunt, 1);
  const before = await check(hunt);
  await evictDurableObject(boardOf(hunt));
  expect(await check(hunt)).toEqual(before);

  await play(one, guess(hunt, "2", "right"));
  await play(two, guess(hunt, "3", "wrong"));
  await heard(hunt, [one, two]);
  // The object ends after the first shard has told its leaves.
  const real = HuntShard.prototype.subtrees;
  const stopped = vi.spyOn(HuntShard.prototype, "subtrees").mockImplementation(function (
    this: HuntShard,
    range,
  ) {
    const told = real.call(this, range);
    void runInDurableObject(boardOf(hunt), (_, state) => state.abort("ended by a test")).catch(
      () => undefined,
    );
    return told;
  });
  await vi.waitFor(async () => {
    await outcomeOf(() => runDurableObjectAlarm(boardOf(hunt)));
    expect(stopped).toHaveBeenCalled();
  }, 30_000);
  vi.restoreAllMocks();
  await vi.waitFor(async () => {
    await outcomeOf(() => runDurableObjectAlarm(boardOf(hunt)));
    await check(hunt);
  }, 60_000);
  expect((await rootsOf(hunt)).slice(0, 1)).toEqual(before);
}, 180_000);

test("[LOG-21] a shard that is away waits for a later root", async () => {
  const hunt = "away";
  await hunting(hunt);
  const said = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const real = HuntShard.prototype.subtrees;
  vi.spyOn(HuntShard.prototype, "subtrees").mockImplementation(function (this: HuntShard, range) {
    if (range.place === 0) throw new Error("away");
    return real.call(this, range);
  });
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(boardOf(hunt));
    expect(said).toHaveBeenCalledWith(expect.objectContaining({ message: "facts wait for a later root" }));
  }, 15_000);
  // Nobody told anything: no root.
  expect(await rootsOf(hunt)).toEqual([]);
  vi.restoreAllMocks();
  // Another instance does not know that they failed.
  await evictDurableObject(boardOf(hunt));
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(boardOf(hunt));
    await check(hunt);
  }, 30_000);
}, 60_000);

test("[LOG-22] the page of a new root is in KV, signed; what is no such page is not read", async () => {
  const hunt = "published";
  await hunting(hunt);
  await alarms(hunt, 1);
  const roots = await check(hunt);
  const key = rootsKey(hunt, 0);
  const opened = await vi.waitFor(async () => {
    const found = openSigned(env, key, await env.CACHE.get(key));
    expect(found).toBeDefined();
    return found;
  }, 15_000);
  expect(JSON.parse(opened?.json ?? "")).toMatchObject({ v: 1, hunt, page: 0, roots });
  await env.CACHE.put(key, JSON.stringify({ v: 1, hunt, page: 0, roots: [], cursor: "1" }));
  expect(await rootsPage(env, { hunt: { hunt } }, 0, Date.now())).toEqual({ roots });
});

test("[LOG-22] a fact that is not as its root has it has another hash, and is not told as proven", async () => {
  const hunt = "changed";
  await hunting(hunt);
  await alarms(hunt, 1);
  await check(hunt);
  // By somebody who hashes the whole log anew.
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    storage.sql.exec(`UPDATE chained SET body = replace(body, '"points":5', '"points":6')`);
    rechain(storage);
  });
  await restart(hunt);
  const placed = await boardOf(hunt).placed("weur-0", 2);
  if ("refused" in placed) throw new Error(placed.detail);
  const fact = await shardOf(hunt).proveFact(2, placed.subtree);
  expect(fact).toMatchObject({ line: expect.stringContaining('"points":6') });
  expect(fact).not.toMatchObject({ hash: placed.hash });
});
