/** The log's chain, and what stands beside it, in a shard's object. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { repairHunt } from "../../src/control/repair.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import type { RefoldReport, ShardStats } from "../../src/objects/shard.ts";
import { chainHash, NO_HASH } from "../../src/shard/chain.ts";
import { BROKEN, BROKEN_END } from "../../src/shard/read-only.ts";
import { ShardStore } from "../../src/shard/store.ts";
import {
  command,
  control,
  guess,
  join,
  logOf,
  makeOrigin,
  type Playing,
  play,
  publish,
  rechain,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({
  SHARDS_PER_REGION: 1,
  SHIP_DELAY_MS: 10,
  PAGE_FLUSH_FACTS: 100,
  // Roots are made when a test runs their alarm.
  ROOT_EVERY_MS: 3_600_000,
});
beforeAll(makeOrigin);
afterEach(() => vi.restoreAllMocks());

const PIER = {
  id: "pier",
  round: "r",
  title: "Pier",
  kind: "place",
  points: 5,
  place: { lat: 53.25, lng: 9.75, radius: 60 },
};
const HERE = { lat: 53.25, lng: 9.75, accuracy: 7.125 };

async function open(hunt: string) {
  const clue = { id: "a", round: "r", title: "a", kind: "answer", answers: ["right"], points: 10 };
  await publish(hunt, 10, { clues: [clue, PIER] });
  await setPhase(hunt, "live");
  const joining = { key: "k1", player: "p-1", name: "Canary Ada", create: { name: "Owls", joinCode: "X-1" } };
  const joined = await shardOf(hunt).join(joining);
  if ("refused" in joined) throw new Error(joined.detail);
  const one = { ...joined, hunt, shard: "weur-0" };
  await play(one, guess(hunt, "1"));
  await play(one, command(hunt, { id: "2", type: "checkin", clue: "pier", position: HERE }));
  return one;
}

const rowsOf = (hunt: string) =>
  runInDurableObject(shardOf(hunt), (_, { storage }) =>
    storage.sql
      .exec<{ first: number; body: string; persons: string | null; hash: string }>(
        "SELECT first, body, persons, hash FROM chained ORDER BY first",
      )
      .toArray(),
  );

test("[LOG-2] each segment has the hash of its bytes and of the hash before it", async () => {
  await open("chain");
  let hash = NO_HASH;
  for (const { first, body, hash: stored } of await rowsOf("chain")) {
    hash = chainHash(hash, first, body);
    expect(stored).toBe(hash);
  }
});

test("[LOG-1] names and positions are in no segment and in no message; the fold has them", async () => {
  const sent = vi.spyOn(env.FACTS, "sendBatch");
  const one = await open("beside");
  for (const { body } of await rowsOf("beside")) {
    expect(body).not.toContain("Canary");
    expect(body).not.toContain("7.125");
  }
  const messages = await vi.waitFor(() => {
    const text = JSON.stringify(sent.mock.calls);
    expect(text).toContain("beside");
    return text;
  }, 15_000);
  expect(messages).not.toContain("Canary");
  expect(messages).not.toContain("7.125");
  await restart("beside");
  expect(await shardOf("beside").me(one.team.id, one.player.id)).toMatchObject({
    player: { name: "Canary Ada" },
  });
  expect(await logOf("beside")).toMatchObject([
    { name: "Canary Ada" },
    { type: "answer" },
    { position: HERE },
  ]);
  expect((await shardOf("beside").verify()).mismatches).toEqual([]);
});

test("[LOG-24] a fact that names no player has a salt of its own, so that its hash cannot be guessed", async () => {
  const one = await open("salted");
  for (let times = 0; times < 2; times += 1) {
    await shardOf("salted").organise(one.team.id, { type: "award", points: 1, reason: "r" });
  }
  const salts = (await logOf("salted")).map((fact) => ("player" in fact ? undefined : fact.salt));
  expect(salts).toEqual([undefined, undefined, undefined, expect.anything(), expect.anything()]);
  expect(new Set(salts.slice(3)).size).toBe(2);
  for (const salt of salts.slice(3)) expect(salt).toMatch(/^[\w-]{22}$/);
});

/** Changes what a shard has stored, and starts it again. */
async function changed(hunt: string, ...queries: string[]): Promise<void> {
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    for (const query of queries) storage.sql.exec(query);
  });
  await restart(hunt);
}

/** Two bits: one would be found by its hash. */
const FLIP = `UPDATE chained SET body = replace(body, '"incorrect"', '"incorrecx"') WHERE first = 2`;

/** Owls with a wrong guess (fact 2), which is broken; Bears, who joined after it. */
async function broken(hunt: string, flip = FLIP, ...more: string[]) {
  const owls = await open(hunt);
  const bears = await join(hunt, "Bears");
  await play(bears, guess(hunt, "b1"));
  await changed(hunt, flip, ...more);
  return { owls, bears };
}

test("[LOG-3] a segment of an earlier engine that nobody can read is a gap, and no name of it stays", async () => {
  const hunt = "before";
  const owls = await open(hunt);
  const bears = await join(hunt, "Bears");
  const facts = (await logOf(hunt)) as unknown as Record<string, unknown>[];
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    storage.sql.exec("DELETE FROM chained");
    storage.sql.exec("CREATE TABLE segment (first INTEGER PRIMARY KEY, last INTEGER, body TEXT)");
    for (const { person: _, personal: __, ...fact } of facts) {
      const seq = fact.seq as number;
      const body = JSON.stringify(fact).replace(seq === 3 ? /^{/ : /^$/, "");
      storage.sql.exec("INSERT INTO segment (first, last, body) VALUES (?, ?, ?)", seq, seq, body);
    }
  });
  await restart(hunt);
  expect((await verifyOf(hunt)).gaps).toEqual([{ first: 3, last: 3 }]);
  expect(JSON.stringify(await rowsOf(hunt))).not.toContain("7.125");
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  expect(await shardOf(hunt).me(bears.team.id, bears.player.id)).toMatchObject({ player: { name: "Bears" } });
});

const exportOf = async (hunt: string) => [...(await shardOf(hunt).exportFacts(0))];
const verifyOf = async (hunt: string) => (await shardOf(hunt).verify()) as RefoldReport;
const tryTo = (playing: Playing, id: string) =>
  shardOf(playing.hunt).play(playing.team.id, playing.player.id, JSON.stringify([guess(playing.hunt, id)]));

test("[LOG-4] a broken segment stops the teams that it names, and nothing else of its shard", async () => {
  const { owls, bears } = await broken("gap");
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  // What stands before it counts.
  expect(await shardOf("gap").me(owls.team.id, owls.player.id)).toMatchObject({ team: { name: "Owls" } });
  expect(await play(bears, guess("gap", "b2"))).toMatchObject([{ outcome: "incorrect" }]);
  expect(await play(await join("gap", "Cats"), guess("gap", "c"))).toMatchObject([{ outcome: "incorrect" }]);
  expect((await exportOf("gap")).slice(0, 3)).toMatchObject([
    { seq: 1 },
    { type: "gap", first: 2, seq: 2 },
    { seq: 3 },
  ]);
  const report = await verifyOf("gap");
  expect(report.gaps).toEqual([{ first: 2, last: 2 }]);
  expect(report.mismatches).toEqual([{ what: "facts 2 to 2 are not as they were written; repair the hunt" }]);
  expect(await shardOf("gap").scoreFacts(0)).toMatchObject({ upto: 8 });
  expect(await shardOf("gap").organise(owls.team.id, { type: "ban", reason: "x" })).toEqual(BROKEN);
  // The marks are in the pages by now, and stay.
  await restart("gap");
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  expect(await play(bears, guess("gap", "b3"))).toMatchObject([{ outcome: "incorrect" }]);
});

test("[LOG-4] bytes that name no team stop every team that has no page behind them", async () => {
  const { owls, bears } = await broken(
    "unread",
    "UPDATE chained SET body = replace(body, '{', '(') WHERE first = 2",
  );
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  // Its team was made after it.
  expect(await play(bears, guess("unread", "b2"))).toMatchObject([{ outcome: "incorrect" }]);
  const dogs = await join("unread", "Dogs");
  expect(new Set([owls.team.id, bears.team.id, dogs.team.id]).size).toBe(3);
});

test("[LOG-4] a team whose joining is broken is refused for now, and its place is not given again", async () => {
  const { owls, bears } = await broken(
    "made",
    `UPDATE chained SET body = replace(body, '"created"', '"creatfd"') WHERE first = 1`,
  );
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  expect(await play(bears, guess("made", "b2"))).toMatchObject([{ outcome: "incorrect" }]);
  expect((await join("made", "Dogs")).team.id).not.toBe(owls.team.id);
});

test("[LOG-4] a segment that breaks while its shard runs stops nobody", async () => {
  const owls = await open("late");
  await runInDurableObject(shardOf("late"), (_, { storage }) => storage.sql.exec(FLIP));
  expect((await verifyOf("late")).gaps).toEqual([{ first: 2, last: 2 }]);
  await restart("late");
  expect(await play(owls, guess("late", "3"))).toMatchObject([{ outcome: "incorrect" }]);
  // The id that lies in it cannot be compared.
  expect(await play(owls, guess("late", "1"))).toMatchObject([{ outcome: "conflict" }]);
  expect((await exportOf("late"))[1]).toEqual({ type: "gap", first: 2, seq: 2 });
});

test("[LOG-4] of a segment that cannot be read the ids of the facts that can are not used again", async () => {
  const owls = await open("read-in-part");
  await play(owls, guess("read-in-part", "3"), guess("read-in-part", "4"));
  await runInDurableObject(shardOf("read-in-part"), (_, { storage }) => {
    storage.sql.exec(
      `UPDATE chained SET body = '((' || substr(body, 3) WHERE body LIKE '%"event":"3"%"event":"4"%'`,
    );
  });
  expect((await verifyOf("read-in-part")).gaps).toEqual([{ first: 4, last: 5 }]);
  await restart("read-in-part");
  expect(await play(owls, guess("read-in-part", "4"))).toMatchObject([{ outcome: "conflict" }]);
});

test("[LOG-4] a lost row stops its teams for as long as it is lost, also when pages were written behind it", async () => {
  const hunt = "lost-row";
  const { owls, bears } = await broken(hunt, "DELETE FROM chained WHERE first = 2");
  // Nobody knows whom it named.
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  const { team, player } = await join(hunt, "Cats");
  const cats = { team, player, hunt, shard: "weur-0" } as Playing;
  for (let round = 0; round < 3; round += 1) {
    await play(cats, ...Array.from({ length: 60 }, (_, index) => guess(hunt, `c${round}-${index}`)));
  }
  for (let times = 0; times < 2; times += 1) {
    await restart(hunt);
    expect(await tryTo(owls, "3")).toEqual(BROKEN);
    // Those who joined behind it are not concerned.
    for (const own of [bears, cats]) {
      expect(await play(own, guess(hunt, `d${times}`))).toMatchObject([{ outcome: "incorrect" }]);
    }
  }
});

test("[LOG-4] newest rows that the origin has and the log has not are a gap; their numbers are not given again", async () => {
  const hunt = "lost-tail";
  const owls = await open(hunt);
  await play(owls, guess(hunt, "3", "right"));
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf(hunt).stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  await changed(hunt, "DELETE FROM chained WHERE first >= 3");
  const gaps = [{ first: 3, last: 4 }];
  expect((await verifyOf(hunt)).gaps).toEqual(gaps);
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  const bears = await join(hunt, "Bears");
  expect(await play(bears, guess(hunt, "b1"))).toMatchObject([{ seq: 6 }]);
  await restart(hunt);
  expect((await verifyOf(hunt)).gaps).toEqual(gaps);
  expect(await exportOf(hunt)).toMatchObject([
    { seq: 1 },
    { seq: 2 },
    { type: "gap", first: 3, seq: 4 },
    { seq: 5 },
    { seq: 6 },
  ]);
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  expect(await play(bears, guess(hunt, "b2"))).toMatchObject([{ seq: 7 }]);
});

test.each([
  ["the hash of a segment", "UPDATE chained SET hash = 'x' WHERE first = 2"],
  ["the last number of a segment", "UPDATE chained SET last = 4711 WHERE first = 2"],
  ["the last number of the newest", "UPDATE chained SET last = 4711 WHERE first = 5"],
  ["the first number of a segment", "UPDATE chained SET first = 4711 WHERE first = 2"],
  [
    "a bit of a body",
    `UPDATE chained SET body = replace(body, '"incorrect"', '"incorrecu"') WHERE first = 2`,
  ],
  [
    "a bit that leaves no text",
    "UPDATE chained SET body = CAST(X'FB' || substr(CAST(body AS BLOB), 2) AS TEXT) WHERE first = 2",
  ],
])("[LOG-4] %s is mended by what is around it, or by its hash", async (what, flip) => {
  const hunt = what.replaceAll(" ", "-");
  const { owls } = await broken(hunt, flip, "DELETE FROM page");
  expect(await verifyOf(hunt)).toMatchObject({ facts: 5, mismatches: [] });
  expect(await play(owls, guess(hunt, "3"))).toMatchObject([{ outcome: "incorrect" }]);
  await restart(hunt);
  expect(await verifyOf(hunt)).toMatchObject({ facts: 6, mismatches: [] });
});

test.each([
  ["a name", "replace(persons, substr(persons, 20, 4), '____')"],
  ["where its key is", "replace(persons, '[0,', '[1,')"],
  ["a key", `replace(persons, '"1"', '"4"')`],
  ["everything", "'x'"],
])("[LOG-4] persons of which %s is broken cost names and positions only", async (what, persons) => {
  const hunt = `persons-${what.length}`;
  const { owls } = await broken(hunt, `UPDATE chained SET persons = ${persons} WHERE first = 1`);
  expect(await play(owls, guess(hunt, "3"))).toMatchObject([{ outcome: "incorrect" }]);
  expect(await shardOf(hunt).me(owls.team.id, owls.player.id)).toMatchObject({ player: { name: "–" } });
  expect(await shardOf(hunt).persons(1, 1)).toEqual({});
  const { mismatches } = await verifyOf(hunt);
  expect(mismatches).toEqual([
    { what: "names or positions beside the facts from 1 on are not as they were written" },
  ]);
});

test("[LOG-6] a score that was told and is not the sum of what was recorded is told by verify", async () => {
  const { owls } = await broken("told", "SELECT 1");
  await play(owls, guess("told", "r", "right"));
  await runInDurableObject(shardOf("told"), (_, { storage }) => {
    storage.sql.exec(`UPDATE chained SET body = replace(body, '"score":15', '"score":14')`);
    rechain(storage);
  });
  await restart("told");
  expect((await verifyOf("told")).mismatches).toContainEqual({
    team: owls.team.id,
    what: "fact 6 told the score 14, recorded were 15",
  });
});

test("[LOG-5] a repair takes the facts of the origin, and the teams play on", async () => {
  const owls = await open("repaired");
  const bears = await join("repaired", "Bears");
  await play(owls, guess("repaired", "r", "right"));
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf("repaired").stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  const before = await logOf("repaired");
  await changed("repaired", FLIP, "UPDATE chained SET body = 'x' WHERE first = 1");
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  await play(bears, guess("repaired", "b1"));
  expect(await control("repaired").repair("flips", by)).toEqual({ repaired: 2, facts: 2, left: [] });
  expect(await play(owls, guess("repaired", "3", "x", "b"), guess("repaired", "1"))).toMatchObject([
    { outcome: "locked" },
    { outcome: "incorrect", duplicate: true },
  ]);
  expect(await verifyOf("repaired")).toMatchObject({ mismatches: [] });
  expect((await logOf("repaired")).slice(0, before.length)).toEqual(before);
  await restart("repaired");
  expect(await verifyOf("repaired")).toMatchObject({ mismatches: [] });
  expect(await control("repaired").repair("again", by)).toEqual({ repaired: 0, facts: 0, left: [] });
  expect((await control("repaired").audit(undefined, 2)).entries).toMatchObject([
    { action: "repair", detail: { reason: "again", repaired: 0, left: 0 } },
    { action: "repair", detail: { reason: "flips", repaired: 2, left: 0 } },
  ]);
});

test("[LOG-5] a team that joined while there was a gap has its place when it is closed, and nobody gets that again", async () => {
  const owls = await open("meanwhile");
  await join("meanwhile", "Bears");
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf("meanwhile").stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  await changed("meanwhile", "UPDATE chained SET body = 'x' WHERE first = 2");
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
  const late = await join("meanwhile", "Late");
  expect(await control("meanwhile").repair("flips", by)).toMatchObject({ repaired: 1, left: [] });
  for (const again of [false, true]) {
    if (again) await restart("meanwhile");
    expect(await play(late, guess("meanwhile", `l${again}`))).toMatchObject([{ outcome: "incorrect" }]);
    expect(await shardOf("meanwhile").originTeams([late.team.id])).not.toEqual([null]);
    expect(await verifyOf("meanwhile")).toMatchObject({ mismatches: [] });
  }
  const later = await Promise.all([1, 2, 3].map((number) => join("meanwhile", `Later ${number}`)));
  for (const each of [late, ...later]) {
    expect(await shardOf("meanwhile").me(each.team.id, each.player.id)).toMatchObject({
      team: { id: each.team.id },
    });
  }
  expect(await verifyOf("meanwhile")).toMatchObject({ mismatches: [] });
});

test("[LOG-5] of the newest segment the hash broke, and later ones were made of it: two copies say what it was", async () => {
  const owls = await open("newest");
  const bears = await join("newest", "Bears");
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf("newest").stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  await changed("newest", "UPDATE chained SET hash = 'x' WHERE first = 4");
  // Its joining is the newest fact.
  expect(await tryTo(bears, "b1")).toEqual(BROKEN);
  await play(owls, guess("newest", "3"), guess("newest", "4"));
  expect((await shardOf("newest").rearchive()).facts).toBe(6);
  expect(await control("newest").repair("hash", by)).toMatchObject({ repaired: 1, left: [] });
  expect(await play(bears, guess("newest", "b2"))).toMatchObject([{ outcome: "incorrect" }]);
  await restart("newest");
  expect(await verifyOf("newest")).toMatchObject({ facts: 7, mismatches: [] });
});

test("[LOG-5] standings read past a gap have its facts after a repair, whatever ends at once, and a repair whose end failed is repeated", async () => {
  const hunt = "standing";
  const owls = await open(hunt);
  await play(owls, guess(hunt, "3", "right"));
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf(hunt).stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  const board = () => env.LEADERBOARD.getByName(hunt);
  const scores = async () => (await board().dump(0)).rows.map(({ score }) => score);
  await vi.waitFor(async () => expect(await scores()).toEqual([15]), 15_000);
  await changed(hunt, `UPDATE chained SET body = replace(body, '"correct"', '"corrects"') WHERE first = 4`);
  // As after a restart without a snapshot: they are read past the gap, and written down so.
  await runInDurableObject(board(), (_, { storage }) =>
    storage.sql.exec("DELETE FROM stored_text WHERE name = 'marks'").toArray(),
  );
  await evictDurableObject(board());
  await vi.waitFor(async () => expect(await scores()).toEqual([5]), 15_000);
  await runDurableObjectAlarm(board());
  const failing = vi.spyOn(Leaderboard.prototype, "rebuild").mockImplementation(() => {
    throw Object.assign(new Error("away"), { retryable: true });
  });
  await expect((async () => control(hunt).repair("first", by))()).resolves.toMatchObject({
    refused: "unavailable",
  });
  failing.mockRestore();
  await control(hunt).repair("second", by);
  await evictDurableObject(board());
  await vi.waitFor(async () => expect(await scores()).toEqual([15]), 15_000);
});

test("[LOG-5] a lost row comes back, and the one behind it, which nothing proved without it", async () => {
  const hunt = "lost-found";
  const owls = await open(hunt);
  const bears = await join(hunt, "Bears");
  await play(bears, guess(hunt, "b1"));
  await vi.waitFor(async () => {
    const { archived, seq } = (await shardOf(hunt).stats()) as ShardStats;
    expect(archived).toBe(seq);
  }, 15_000);
  const before = await logOf(hunt);
  await changed(hunt, "DELETE FROM chained WHERE first = 2");
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  expect((await verifyOf(hunt)).gaps).toEqual([
    { first: 2, last: 2 },
    { first: 3, last: 3 },
  ]);
  expect(await control(hunt).repair("lost", by)).toEqual({ repaired: 2, facts: 2, left: [] });
  expect(await logOf(hunt)).toEqual(before);
  for (const own of [owls, bears])
    expect(await play(own, guess(hunt, "5"))).toMatchObject([{ outcome: "incorrect" }]);
  await restart(hunt);
  expect(await verifyOf(hunt)).toMatchObject({ mismatches: [] });
});

test("[LOG-5] a shard that is away holds up no other, and is named", async () => {
  const hunt = "one-away";
  const store = { facts: async () => [] };
  const rebuilt = vi.fn();
  const away = Object.assign(new Error("internal error; reference = x"));
  const shards: Record<string, object> = {
    "weur-0": { lostBehind: async () => Promise.reject(away), gaps: async () => Promise.reject(away) },
    "weur-1": { lostBehind: async () => undefined, gaps: async () => [{ first: 1, last: 2 }] },
  };
  const objects = {
    SHARD: { getByName: (name: string) => shards[name.split("/")[1] as string] },
    LEADERBOARD: { getByName: () => ({ rebuild: rebuilt }) },
  } as unknown as Parameters<typeof repairHunt>[0];
  expect(await repairHunt(objects, store, hunt, ["weur-0", "weur-1"])).toEqual({
    repaired: 0,
    facts: 0,
    left: [
      { shard: "weur-0", why: "this part of the engine cannot work now" },
      { shard: "weur-1", first: 1, last: 2, why: "the origin does not hold all of these facts" },
    ],
  });
  expect(rebuilt).not.toHaveBeenCalled();
});

test("[LOG-5] facts that were not logged so are not taken", async () => {
  const { owls } = await broken("other");
  const shard = shardOf("other");
  const body = `{"seq":2,"at":1,"team":"${owls.team.id}","type":"award","points":1000,"score":1000,"reason":"r"}`;
  expect(await shard.mend({ first: 2, last: 2 }, body)).toBe(false);
  expect(await tryTo(owls, "3")).toEqual(BROKEN);
});

/** Everything that the shard has is in the origin. */
const archived = (hunt: string): Promise<void> =>
  vi.waitFor(async () => {
    const { archived: upto, seq } = (await shardOf(hunt).stats()) as ShardStats;
    expect(upto).toBe(seq);
  }, 15_000);

const by = { actor: "organiser", request: "r" };

/** No fact comes to the origin. */
const withoutQueue = (): void => {
  vi.spyOn(env.FACTS, "sendBatch").mockRejectedValue(new Error("the queue is away"));
};

test("[LOG-5] several segments in a row of which no row is left come back", async () => {
  const hunt = "lost-rows";
  const owls = await open(hunt);
  for (const id of ["3", "4", "5"]) await play(owls, guess(hunt, id), guess(hunt, `${id}-2`));
  const bears = await join(hunt, "Bears");
  await archived(hunt);
  const before = await logOf(hunt);
  await changed(hunt, "DELETE FROM chained WHERE first BETWEEN 2 AND 7");
  expect(await tryTo(owls, "6")).toEqual(BROKEN);
  expect(await control(hunt).repair("lost", by)).toMatchObject({ left: [] });
  // All but a position, which was kept beside its fact.
  const bare = (facts: object[]) =>
    facts.map((fact) => ({ ...fact, position: undefined, distance: undefined }));
  expect(bare(await logOf(hunt))).toEqual(bare(before));
  for (const own of [owls, bears])
    expect(await play(own, guess(hunt, "7"))).toMatchObject([{ outcome: "incorrect" }]);
  await restart(hunt);
  // It has no other copy, which is told.
  expect((await verifyOf(hunt)).mismatches).toEqual([
    { what: "names or positions beside the facts from 3 on are not as they were written" },
  ]);
});

test("[LOG-5] newest facts that are lost come back when a root has them, and not before", async () => {
  const hunt = "lost-rooted";
  const owls = await open(hunt);
  await play(owls, guess(hunt, "3", "right"));
  await archived(hunt);
  const before = await logOf(hunt);
  const board = () => env.LEADERBOARD.getByName(hunt);
  await vi.waitFor(async () => expect(await board().heardOf("weur-0")).toBe(4), 15_000);
  const rows = await rowsOf(hunt);
  await changed(hunt, "DELETE FROM chained WHERE first >= 3");
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  const bears = await join(hunt, "Bears");
  expect(await control(hunt).repair("too early", by)).toMatchObject({
    repaired: 0,
    left: [{ first: 3, last: 4 }],
  });
  // A root is made while the log is whole.
  await changed(
    hunt,
    ...rows.slice(2).map(({ first, body, hash }) => {
      const text = body.replaceAll("'", "''");
      return `INSERT INTO chained (first, last, body, hash) VALUES (${first}, ${first}, '${text}', '${hash}')`;
    }),
  );
  await vi.waitFor(async () => {
    await runDurableObjectAlarm(board());
    expect(await board().placed("weur-0", 4)).toMatchObject({ root: expect.any(String) });
  }, 270_000);
  await changed(hunt, "DELETE FROM chained WHERE first IN (3, 4)");
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  expect(await control(hunt).repair("now", by)).toMatchObject({ left: [] });
  // All but the position, which was beside the fact.
  const bodies = (facts: typeof before) => facts.map(({ seq, type }) => [seq, type]);
  expect(bodies(await logOf(hunt)).slice(0, 4)).toEqual(bodies(before));
  for (const own of [owls, bears])
    expect(await play(own, guess(hunt, "5"))).toMatchObject([{ outcome: expect.any(String) }]);
  await restart(hunt);
  // It has no other copy, which is told.
  expect((await verifyOf(hunt)).mismatches).toEqual([
    { what: "names or positions beside the facts from 3 on are not as they were written" },
  ]);
}, 360_000);

test("[LOG-10] while newest facts may be lost nothing is recorded, and a repair finds where the log ended", async () => {
  const hunt = "unsure-end";
  withoutQueue();
  const owls = await open(hunt);
  await play(owls, guess(hunt, "3", "right"));
  const board = () => env.LEADERBOARD.getByName(hunt);
  await vi.waitFor(async () => expect(await board().heardOf("weur-0")).toBe(4), 15_000);
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    storage.sql.exec("DELETE FROM chained WHERE first >= 3");
    new ShardStore(storage.sql).saveUnsure();
  });
  await restart(hunt);
  expect(await tryTo(owls, "4")).toEqual(BROKEN_END);
  expect(await shardOf(hunt).organise(owls.team.id, { type: "ban", reason: "x" })).toEqual(BROKEN_END);
  expect(await shardOf(hunt).endSessions({ team: owls.team.id, player: owls.player.id }, "k")).toEqual(
    BROKEN_END,
  );
  const joining = { key: "b", player: "p-b", name: "Bears", create: { name: "Bears" } };
  expect(await shardOf(hunt).join(joining)).toEqual(BROKEN_END);
  expect(await shardOf(hunt).makeTeams([{ key: "m", name: "Made", isOwn: true }])).toMatchObject([
    { refused: "unavailable" },
  ]);
  // What it still has is read.
  expect(await shardOf(hunt).me(owls.team.id, owls.player.id)).toMatchObject({ team: { name: "Owls" } });
  expect((await verifyOf(hunt)).mismatches).toContainEqual({
    what: "facts behind 2 may be lost; repair the hunt",
  });
  expect(await control(hunt).repair("flips", by)).toMatchObject({
    repaired: 0,
    left: [{ first: 3, last: 4, why: "the origin does not hold all of these facts" }],
  });
  expect((await verifyOf(hunt)).gaps).toEqual([{ first: 3, last: 4 }]);
  expect(await tryTo(owls, "4")).toEqual(BROKEN);
  const bears = await join(hunt, "Bears");
  expect(bears.team.id).not.toBe(owls.team.id);
  expect(await play(bears, guess(hunt, "b1"))).toMatchObject([{ seq: 6 }]);
  await restart(hunt);
  expect((await verifyOf(hunt)).gaps).toEqual([{ first: 3, last: 4 }]);
  expect(await play(bears, guess(hunt, "b2"))).toMatchObject([{ seq: 7 }]);
});

test("[LOG-10] newest facts that are lost without a trace are a gap when the standings tell that they had them", async () => {
  const hunt = "heard-of";
  withoutQueue();
  const owls = await open(hunt);
  await play(owls, guess(hunt, "3"));
  await play(owls, guess(hunt, "4", "right"));
  const board = () => env.LEADERBOARD.getByName(hunt);
  await vi.waitFor(async () => expect(await board().heardOf("weur-0")).toBe(5), 15_000);
  await changed(hunt, "DELETE FROM chained WHERE first >= 3");
  await join(hunt, "Bears");
  await vi.waitFor(async () => expect((await verifyOf(hunt)).gaps).toEqual([{ first: 4, last: 5 }]), 30_000);
  expect(await tryTo(owls, "5")).toEqual(BROKEN);
});

test("[LOG-10] a page that is stored knows of newest facts that the log has lost", async () => {
  const hunt = "page-knows";
  withoutQueue();
  const owls = await open(hunt);
  await play(owls, ...Array.from({ length: 60 }, (_, index) => guess(hunt, `a${index}`)));
  await play(owls, ...Array.from({ length: 60 }, (_, index) => guess(hunt, `b${index}`)));
  const { head } = await runInDurableObject(shardOf(hunt), (_, { storage }) =>
    storage.sql.exec<{ head: number }>("SELECT max(seq) AS head FROM page").one(),
  );
  expect((await rowsOf(hunt)).map(({ first }) => first)).toEqual([1, 2, 3, 4, 64]);
  expect(head).toBe(123);
  await changed(hunt, "DELETE FROM chained WHERE first >= 3");
  // The team's page holds them: it plays on.
  expect(await play(owls, guess(hunt, "c"))).toMatchObject([{ seq: 124 }]);
  expect((await verifyOf(hunt)).gaps).toEqual([{ first: 3, last: 123 }]);
});
