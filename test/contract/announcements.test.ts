/** Announcements over the wire: `/me`, the pages of players and of organisers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Me } from "../../src/contract/me.ts";
import type { Announcements } from "../../src/contract/running.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" }, log: () => undefined });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

test("[SEC-104] [SEC-105] are read to the first one: by a player those it may see, by organisers all", async () => {
  const path = "/v1/hunts/told/announcements";
  await client.publish(
    "told",
    manyClues(2, {
      clues: [
        { id: "c0", round: "one", title: "C0", kind: "answer", answers: ["right"] },
        { id: "c1", round: "one", title: "C1", kind: "answer", answers: ["right"], opens: { solved: "c0" } },
      ],
    }),
  );
  const player = await client.team("told", "Ann");
  const headers = { authorization: `Bearer ${player.token}` };
  for (let n = 0; n < 70; n += 1) {
    const json = { text: `n${n}`, ...(n % 7 === 0 ? { clue: "c1" } : {}) };
    expect((await client.organise("POST", path, json)).status).toBe(201);
  }
  const seen = Array.from({ length: 70 }, (_, n) => n)
    .filter((n) => n % 7 !== 0)
    .map((n) => `n${n}`);
  const { body: me } = await client.call<Me>("GET", "/v1/hunts/told/me", { headers });
  expect(me.announcements.map(({ text }) => text)).toEqual(seen.slice(-50));

  const pages = async (read: (query: string) => Promise<Announcements>, first: string) => {
    const texts: string[] = [];
    for (let query = first; ; ) {
      const page = await read(query);
      texts.push(...page.announcements.map(({ text }) => text));
      if (page.cursor === undefined) return texts;
      query = `?limit=7&cursor=${page.cursor}`;
    }
  };
  const own = async (query: string) =>
    (await client.call<Announcements>("GET", path + query, { headers })).body;
  const all = async (query: string) => (await client.organise<Announcements>("GET", path + query)).body;
  expect(await pages(own, "?limit=7")).toEqual(seen.toReversed());
  // The oldest of `/me` names where the older ones begin.
  expect(await pages(own, `?cursor=${me.announcements[0]?.id}`)).toEqual(seen.slice(0, -50).toReversed());
  expect(await pages(all, "")).toHaveLength(70);

  expectProblem(await client.call("GET", path), "unauthenticated");
  expectProblem(await client.call("GET", "/v1/hunts/other/announcements", { headers }), "forbidden");
  expectProblem(await client.organise("GET", "/v1/hunts/other/announcements"), "not_found");
  expectProblem(await client.organise("GET", `${path}?cursor=nonsense`), "invalid");
  expectProblem(await client.organise("GET", `${path}?limit=0`), "invalid");
});

test("[SEC-102] [SEC-103] the audit is paged over the wire, and reading is in it once", async () => {
  await client.publish("audited", manyClues(1));
  for (let n = 0; n < 5; n += 1) {
    for (const read of ["definition", "codes", "teams", "checkins", "export", "dead-letters"]) {
      expect((await client.organise("GET", `/v1/hunts/audited/${read}`)).status).toBe(200);
    }
  }
  const actions: string[] = [];
  for (let query = "?limit=2"; ; ) {
    const { body } = await client.organise<{ entries: { action: string }[]; cursor?: string }>(
      "GET",
      `/v1/hunts/audited/audit${query}`,
    );
    actions.push(...body.entries.map(({ action }) => action));
    if (body.cursor === undefined) break;
    query = `?limit=2&cursor=${body.cursor}`;
  }
  expect(actions.at(-1)).toBe("publish");
  for (const read of ["definition", "codes", "teams", "checkins", "export", "dead-letters"]) {
    expect(actions.filter((action) => action === read)).toEqual([read]);
  }
  expectProblem(await client.organise("GET", "/v1/hunts/audited/audit?cursor=x"), "invalid");
});
