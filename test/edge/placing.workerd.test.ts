/** Where joinings put new teams, through the whole engine: the edge, KV, the shards and the standings' object. */
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { loadKey, publicKey, readLoadEntry } from "../../src/cache/entry.ts";
import { openSigned, signedText } from "../../src/cache/signed.ts";
import type { JoinBody, Joined } from "../../src/contract/join.ts";
import { HuntDirectory } from "../../src/control/directory.ts";
import { NameRegistry } from "../../src/control/names.ts";
import { HuntControl } from "../../src/control/object.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import type { PublicEntry } from "../../src/objects/control.ts";
import { parseTeamId } from "../../src/objects/ids.ts";
import { hashedPlace } from "../../src/objects/placement.ts";
import type { LoadFigures, ShardFigures } from "../../src/placement/loads.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  control,
  grow,
  guess,
  holdCommits,
  join as joinShard,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
  shardOf,
  wait,
} from "../shard/workerd.ts";

setParameters({
  SHARDS_PER_REGION: 4,
  SHARDS_MAX: 6,
  SHARD_CAPACITY: 2,
  GROW_AT: 0.5,
  WAITING_COMMANDS_MAX: 100,
  SHIP_DELAY_MS: 10,
  REPORT_DELAY_MS: 10,
  HUNT_MEMORY_MS: 0,
});

vi.setConfig({ testTimeout: 30_000 });
beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const SOLO = { teams: { mode: "solo" } };

async function hunting(hunt: string, more: object = {}): Promise<void> {
  await publish(hunt, 10, more);
  await setPhase(hunt, "live");
}

async function join(hunt: string, body: JoinBody, key?: string): Promise<Response> {
  return exports.default.fetch(`https://hunt.example/v1/hunts/${hunt}/players`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: JSON.stringify(body),
  });
}

async function joined(hunt: string, body: JoinBody, key?: string): Promise<Joined> {
  const response = await join(hunt, body, key);
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as Joined;
}

const inTeam = (name: string): JoinBody => ({ name: "Ann", team: { create: name } });
const shardOfTeam = ({ team }: Joined): string => parseTeamId(team.id)?.shard ?? "";

function countsOf(all: readonly Joined[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[shardOfTeam(one)] = (counts[shardOfTeam(one)] ?? 0) + 1;
  return counts;
}

function figuresOf(shards: Record<string, Partial<ShardFigures>>): LoadFigures {
  const all = Object.entries(shards).map(([shard, some]) => [
    shard,
    { teams: 0, events: 0, recent: 0, joinings: 0, ...some },
  ]);
  return { at: Date.now(), shards: Object.fromEntries(all) as LoadFigures["shards"] };
}

/** Publishes figures as the standings' object does, so that an isolate that has none yet reads them. */
async function putFigures(hunt: string, figures: LoadFigures): Promise<void> {
  const key = loadKey(hunt);
  const json = JSON.stringify({ v: 1, hunt, ...figures });
  await env.CACHE.put(key, signedText(env, key, json, figures.at));
}

async function publishedFigures(hunt: string): Promise<LoadFigures | undefined> {
  const opened = openSigned(env, loadKey(hunt), await env.CACHE.get(loadKey(hunt)));
  return readLoadEntry(hunt, opened?.json ?? null);
}

const audited = async (hunt: string) => (await control(hunt).audit(undefined, 100)).entries;

describe("[PLACE-1] a new team", () => {
  test("goes to the less loaded of two shards, counting those placed since nobody told anything", async () => {
    await hunting("even", SOLO);
    const all = await Promise.all(
      Array.from({ length: 120 }, (_, index) => joined("even", { name: `P${index}` })),
    );
    const counts = Object.values(countsOf(all));
    expect(counts).toHaveLength(4);
    // By chance alone 120 on four are as even as this once in thirty thousand times.
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(4);
  });

  test("goes by the figures that the standings' object published", async () => {
    await hunting("told", SOLO);
    await putFigures(
      "told",
      figuresOf({ "weur-0": { teams: 900 }, "weur-1": { teams: 900 }, "weur-2": { teams: 900 } }),
    );
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, index) => joined("told", { name: `P${index}` })),
    );
    // Half of all pairs have the empty one.
    expect(countsOf(all)["weur-3"]).toBeGreaterThan(10);
  });

  test("figures that the engine did not sign, or that come from a wrong clock, are no use", async () => {
    for (const [hunt, text] of [
      [
        "unsigned",
        JSON.stringify({ v: 1, hunt: "unsigned", ...figuresOf({ "weur-0": { refuses: "full" } }) }),
      ],
      [
        "ahead",
        signedText(
          env,
          loadKey("ahead"),
          JSON.stringify({
            v: 1,
            hunt: "ahead",
            ...figuresOf({ "weur-0": { refuses: "full" } }),
            at: Date.now() + 3_600_000,
          }),
          Date.now(),
        ),
      ],
      [
        "odd",
        signedText(
          env,
          loadKey("odd"),
          JSON.stringify({ v: 1, hunt: "odd", at: 5, shards: [null] }),
          Date.now(),
        ),
      ],
    ] as const) {
      await hunting(hunt, SOLO);
      await env.CACHE.put(loadKey(hunt), text);
      const all = await Promise.all(
        Array.from({ length: 24 }, (_, index) => joined(hunt, { name: `P${index}` })),
      );
      expect(countsOf(all)["weur-0"], hunt).toBeGreaterThan(0);
    }
  });

  test("costs no call on an object but the shard's own", async () => {
    await hunting("cheap", SOLO);
    // A shard's first contact with control, and the first of the standings' with the shards.
    for (let index = 0; index < 4; index += 1) await joinShard("cheap", `one-${index}`, `weur-${index}`);
    await joined("cheap", { name: "First" });
    await wait(100);
    const calls: string[] = [];
    for (const [name, { prototype }] of Object.entries({
      HuntControl,
      HuntDirectory,
      NameRegistry,
      Leaderboard,
    })) {
      for (const method of Object.getOwnPropertyNames(prototype)) {
        if (/^(constructor|now|after|clock|alarm|report|webSocket\w+)$/.test(method)) continue;
        const called = vi.spyOn(prototype as unknown as Record<string, () => unknown>, method);
        called.mockImplementation(() => {
          calls.push(`${name}.${method}`);
          throw new Error("is not asked");
        });
      }
    }
    for (let index = 0; index < 10; index += 1) await joined("cheap", { name: `P${index}` });
    expect(calls).toEqual([]);
  });
});

describe("[PLACE-2] a joining sent again", () => {
  test("finds its team, whatever the loads and the number of shards are by then", async () => {
    await hunting("again");
    const keys = Array.from({ length: 24 }, (_, index) => `a-long-idempotency-key-${index}`);
    const first = await Promise.all(keys.map((key, index) => joined("again", inTeam(`Team ${index}`), key)));
    expect(Object.keys(countsOf(first)).length).toBe(4);
    await putFigures(
      "again",
      figuresOf(
        Object.fromEntries(Object.keys(countsOf(first)).map((shard) => [shard, { refuses: "full" }])),
      ),
    );
    expect(await grow("again", 9)).toEqual({ shardsPerRegion: 9 });
    const again = await Promise.all(keys.map((key, index) => joined("again", inTeam(`Team ${index}`), key)));
    expect(again.map(({ team, player }) => [team.id, player.id])).toEqual(
      first.map(({ team, player }) => [team.id, player.id]),
    );
  });

  test("also when nobody got the first result, and when several come at once", async () => {
    await hunting("lost", SOLO);
    const { join: original } = HuntShard.prototype;
    const lost = vi.spyOn(HuntShard.prototype, "join").mockImplementation(async function (
      this: HuntShard,
      request,
    ) {
      await original.call(this, request);
      throw new Error("the result got lost");
    });
    const keys = Array.from({ length: 12 }, (_, index) => `another-long-key-${index}`);
    for (const [index, key] of keys.entries()) {
      expect((await join("lost", { name: `P${index}` }, key)).status).toBe(500);
    }
    lost.mockRestore();
    const found = await Promise.all(
      keys.flatMap((key, index) => [1, 2, 3].map(() => joined("lost", { name: `P${index}` }, key))),
    );
    expect(new Set(found.map(({ team }) => team.id)).size).toBe(12);
    let teams = 0;
    for (const shard of await control("lost").shards()) {
      const stats = await shardOf("lost", shard).stats();
      teams += "refused" in stats ? 0 : stats.totals.teams;
    }
    expect(teams).toBe(12);
  });

  test("finds the team that an engine made which placed by a hash of the key", async () => {
    await hunting("older", SOLO);
    // Such a hunt does not say what it began with.
    const { publicEntry } = HuntControl.prototype;
    vi.spyOn(HuntControl.prototype, "publicEntry").mockImplementation(function (this: HuntControl) {
      const { begun: _, ...entry } = publicEntry.call(this) as PublicEntry;
      return entry;
    });
    await env.CACHE.delete(publicKey("older"));
    for (let index = 0; index < 12; index += 1) {
      const key = `key-of-before-${index}`;
      const shard = hashedPlace("weur", 4, `key-${key}`);
      const name = `Before ${index}`;
      const made = await shardOf("older", shard).join({
        key: `key-${key}`,
        player: `p-${index}`,
        name,
        create: { name },
      });
      if ("refused" in made) throw new Error(made.detail);
      expect((await joined("older", { name }, key)).team.id).toBe(made.team.id);
    }
  });
});

describe("[PLACE-3] a shard that refuses for overload", () => {
  test("gets no new teams while it does, tells it without anything else to report, and gets them again", async () => {
    await hunting("crowded", SOLO);
    await joinShard("crowded", "one");
    // From here on the shard has nothing to report but that it refuses.
    await vi.waitFor(
      async () => expect((await publishedFigures("crowded"))?.shards["weur-0"]?.teams).toBe(1),
      { timeout: 15_000 },
    );
    const held = await holdCommits("crowded");
    const waiting = Array.from({ length: 100 }, (_, index) =>
      outcomeOf(() => joinShard("crowded", `w${index}`)),
    );
    await wait(50);
    expect(await outcomeOf(() => joinShard("crowded", "late"))).toHaveProperty("error");
    await vi.waitFor(
      async () => expect((await publishedFigures("crowded"))?.shards["weur-0"]?.refuses).toBe("busy"),
      {
        timeout: 15_000,
      },
    );
    const all = await Promise.all(
      Array.from({ length: 40 }, (_, index) => joined("crowded", { name: `P${index}` })),
    );
    expect(countsOf(all)["weur-0"]).toBeUndefined();
    held.release();
    await Promise.all(waiting);
    // Its ten seconds pass, and the standings' object says so without being asked.
    await vi.waitFor(
      async () => expect((await publishedFigures("crowded"))?.shards["weur-0"]?.refuses).toBeUndefined(),
      { timeout: 75_000, interval: 500 },
    );
  });

  test("is known at once to the isolate that was refused", async () => {
    await hunting("refused", SOLO);
    await joinShard("refused", "one");
    const refusal = { refused: "overloaded", detail: "busy" } as const;
    const { join: original } = HuntShard.prototype;
    let refusals = 0;
    vi.spyOn(HuntShard.prototype, "join").mockImplementation(function (this: HuntShard, request) {
      const { id } = (this as unknown as { ctx: DurableObjectState }).ctx;
      if (id.name !== "refused/weur-0") return original.call(this, request);
      refusals += 1;
      return Promise.resolve(refusal);
    });
    const answers: number[] = [];
    for (let index = 0; index < 40; index += 1)
      answers.push((await join("refused", { name: `P${index}` })).status);
    expect(refusals).toBe(1);
    expect(answers.filter((status) => status === 503)).toHaveLength(1);
    expect(answers.filter((status) => status === 201)).toHaveLength(39);
  });
});

describe("[PLACE-4] a hunt grows by itself", () => {
  const crowd = figuresOf(
    Object.fromEntries([0, 1, 2, 3].map((index) => [`weur-${index}`, { teams: 10, events: 5 + index }])),
  );

  test("when its busiest shards pass GROW_AT of their capacity: everybody knows, and the audit says who and why", async () => {
    await hunting("grows", SOLO);
    expect(await control("grows").crowded(crowd)).toEqual({ shardsPerRegion: 6 });
    expect(await control("grows").publicEntry()).toMatchObject({ shardsPerRegion: 6 });
    expect((await audited("grows"))[0]).toMatchObject({
      actor: "engine",
      action: "shards",
      detail: { shardsPerRegion: 6, shard: "weur-3", percent: 400 },
    });
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) => joined("grows", { name: `P${index}` })),
    );
    expect(Object.keys(countsOf(all)).length).toBe(6);
  });

  test("not beyond SHARDS_MAX, not twice for the same crowd, and not once it has ended", async () => {
    await hunting("most", SOLO);
    await control("most").crowded(crowd);
    expect(await control("most").crowded(crowd)).toEqual({ shardsPerRegion: 6 });
    const everywhere = figuresOf(
      Object.fromEntries([0, 1, 2, 3, 4, 5].map((index) => [`weur-${index}`, { events: 9 }])),
    );
    expect(await control("most").crowded(everywhere)).toEqual({ shardsPerRegion: 6 });
    expect((await audited("most")).filter(({ action }) => action === "shards")).toHaveLength(1);

    await hunting("over", SOLO);
    await setPhase("over", "ended");
    expect(await control("over").crowded(crowd)).toEqual({ shardsPerRegion: 4 });
    expect(await control("nowhere-at-all").crowded(crowd)).toMatchObject({ refused: "not_found" });
  });

  test("by hand it may have more, and then it does not grow by itself", async () => {
    await hunting("fixed", SOLO);
    expect(await grow("fixed", 8)).toEqual({ shardsPerRegion: 8 });
    const all = figuresOf(
      Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`weur-${index}`, { events: 9 }])),
    );
    expect(await control("fixed").crowded(all)).toEqual({ shardsPerRegion: 8 });
  });

  test("by what its shards tell with their reports alone", async () => {
    await hunting("busy", SOLO);
    // One region of four shards, all of them busy: the first has most.
    const players: Playing[] = [];
    for (let index = 0; index < 4; index += 1) {
      players.push(await joinShard("busy", `one-${index}`, `weur-${index}`));
    }
    await wait(50);
    let event = 0;
    const next = (): number => {
      event += 1;
      return event;
    };
    const playing = async (): Promise<void> => {
      for (const player of players) {
        const guesses = Array.from({ length: 50 }, () => guess("busy", `e${next()}`));
        await play(player, ...guesses);
        // Solves and joinings are reported at once, wrong answers with them.
        await joinShard("busy", `more-${next()}`, player.shard);
      }
    };
    await vi.waitFor(
      async () => {
        await playing();
        expect(await control("busy").publicEntry()).toMatchObject({ shardsPerRegion: 6 });
      },
      { timeout: 60_000, interval: 300 },
    );
    expect((await audited("busy"))[0]).toMatchObject({ actor: "engine", action: "shards" });
    expect((await publishedFigures("busy"))?.shards["weur-0"]?.events).toBeGreaterThan(1);
  });
});
