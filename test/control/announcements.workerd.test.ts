/** Announcements: the newest in `/me`, all of them page by page, and what shards hold of them is bounded. */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import type { Me } from "../../src/contract/me.ts";
import { toldToShards } from "../../src/control/announcements.ts";
import type { AnnouncementPage } from "../../src/objects/control.ts";
import { StoredText } from "../../src/stored-text.ts";
import {
  control,
  guess,
  join,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

beforeAll(makeOrigin);

const BY = { actor: "ada", request: "r-1" };
const LONG = "x".repeat(3_990);

const pageOf = async (hunt: string, query: object): Promise<AnnouncementPage> => {
  const page = await control(hunt).announcements({ limit: 100, ...query });
  if ("refused" in page) throw new Error(page.detail);
  return page;
};

/** Page by page to the first one. */
async function allOf(hunt: string, clues?: string[]): Promise<string[]> {
  const texts: string[] = [];
  for (let before: string | undefined; ; ) {
    const query = { ...(before === undefined ? {} : { before }), ...(clues ? { clues } : {}) };
    const page = await pageOf(hunt, query);
    texts.push(...page.announcements.map(({ text }) => text.slice(LONG.length)));
    if (!page.more) return texts;
    before = page.announcements.at(-1)?.id;
  }
}

test("[SEC-104] of 210 long announcements /me has the newest 50, the pages have all, shards hold a bounded part", {
  timeout: 180_000,
}, async () => {
  await publish("loud");
  await setPhase("loud", "live");
  const ann = await join("loud", "Ann");
  for (let n = 0; n < 210; n += 1) await control("loud").announce({ text: `${LONG}${n}` }, BY);
  const me = (await shardOf("loud").me(ann.team.id, ann.player.id)) as Me;
  expect(me.announcements.map(({ text }) => text.slice(LONG.length))).toEqual(
    Array.from({ length: 50 }, (_, n) => String(160 + n)),
  );
  expect(JSON.stringify(me).length).toBeLessThan(250_000);
  expect(await allOf("loud")).toEqual(Array.from({ length: 210 }, (_, n) => String(209 - n)));
  const stored = await runInDurableObject(
    shardOf("loud"),
    (_, { storage }) => new StoredText(storage.sql).read("config")?.length ?? 0,
  );
  expect(stored).toBeLessThan(250_000);
  expect(await control("loud").announcements({ limit: 10, before: "a-unknown" })).toMatchObject({
    refused: "invalid",
  });
});

test("[SEC-105] a player is told of its clues only, on every page; of many about one clue none hides another's", {
  timeout: 180_000,
}, async () => {
  await publish("about");
  await setPhase("about", "live");
  const ann = await join("about", "Ann");
  await control("about").announce({ text: `${LONG}all` }, BY);
  for (let n = 0; n < 60; n += 1) await control("about").announce({ text: `${LONG}b${n}`, clue: "b" }, BY);
  const seen = async () => {
    const { clues } = (await shardOf("about").hears(ann.team.id, ann.player.id)) as { clues: string[] };
    const me = (await shardOf("about").me(ann.team.id, ann.player.id)) as Me;
    return { pages: await allOf("about", clues), me: me.announcements.length };
  };
  expect(await seen()).toEqual({ pages: ["all"], me: 1 });
  await play(ann, guess("about", "1", "right"));
  const open = await seen();
  expect(open.me).toBe(50);
  expect(open.pages).toHaveLength(61);
  expect(await allOf("about")).toHaveLength(61);
  expect(await shardOf("about").hears(ann.team.id, "p-else")).toMatchObject({ refused: "forbidden" });
});

test("[SEC-104] announcements that an earlier engine made are in the pages as well", async () => {
  await publish("earlier");
  await control("earlier").announce({ text: `${LONG}one` }, BY);
  await control("earlier").announce({ text: `${LONG}two`, clue: "a" }, BY);
  await runInDurableObject(control("earlier"), (_, { storage }) => {
    storage.sql.exec("DROP TABLE announcement");
  });
  await outcomeOf(() =>
    runInDurableObject(control("earlier"), (_, state) => state.abort("restarted by a test")),
  );
  expect(await allOf("earlier")).toEqual(["two", "one"]);
});

test("[SEC-104] a shard is told the newest 50 for everybody and about each clue, 200 at most", () => {
  const made = Array.from({ length: 1_000 }, (_, n) => ({
    id: `a-${n}`,
    at: n,
    text: "t",
    ...(n % 5 === 0 ? {} : { clue: `c${n % 5}` }),
  }));
  let told: typeof made = [];
  for (const each of made) told = toldToShards([...told, each]) as typeof made;
  expect(told).toHaveLength(200);
  expect(told.at(-1)).toEqual(made.at(-1));
  expect(told.filter(({ clue }) => clue === undefined)).toHaveLength(40);
  let general: typeof made = [];
  for (const each of made.map(({ id, at, text }) => ({ id, at, text }))) {
    general = toldToShards([...general, each]) as typeof made;
  }
  expect(general.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `a-${950 + n}`));
});
