/** Forgetting who was in several teams: whichever of them is asked, all of their shards forget. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { PersonalData } from "../../src/contract/personal.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { foundIn } from "../bytes.ts";
import { Client, expectProblem, linesOf, type Player, sleep } from "./client.ts";
import { everyOutcome, PIER, SECRET_ANSWER } from "./hunts.ts";

const HUNT = "forget-moved";
const SPOT = { lat: 53.54361357, lng: 9.96691357, accuracy: 13.371357 };

const CANARIES = {
  name: "Canary Wanderer",
  "external id": "CANARY-wanderer",
  field: "canary.wanderer@example.org",
  latitude: String(SPOT.lat),
  longitude: String(SPOT.lng),
  accuracy: String(SPOT.accuracy),
  "name of who moved on": "Canary Nomad",
  "field of who moved on": "canary.nomad@example.org",
};
const KEPT = { keeper: "Keeper Ibis", walker: "Walker Heron" };

let dataDir: string;
let engine: Engine;
let client: Client;

const start = async () => {
  engine = await startEngine({
    dataDir,
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "3", ROOT_EVERY_MS: "1000", LEADERBOARD_MEMORY_MS: "0" },
    log: () => undefined,
  });
  client = await Client.of(engine);
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-forget-moved-"));
  await start();
  const mail = { id: "mail", label: "E-mail", kind: "email", required: false, once: true };
  await client.publish(
    HUNT,
    everyOutcome({ teams: { mode: "teams", maxSize: 4 }, join: { fields: [mail], consent: [] } }),
  );
}, 180_000);
afterAll(async () => {
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const shardOf = ({ team }: Player): string => team.id.split("-").slice(0, 2).join("-");

let teams = 0;
/** A new team, on none of the shards of these. */
async function teamElsewhere(...than: Player[]): Promise<Player> {
  for (let tries = 0; tries < 60; tries += 1) {
    teams += 1;
    const found = await client.join(HUNT, { name: KEPT.keeper, team: { create: `Place ${teams}` } });
    if (!than.some((other) => shardOf(other) === shardOf(found))) return found;
  }
  throw new Error("no team came to be there");
}

/** A new team on the shard of this one. */
async function teamOn(than: Player): Promise<Player> {
  for (let tries = 0; tries < 60; tries += 1) {
    teams += 1;
    const found = await client.join(HUNT, { name: KEPT.keeper, team: { create: `Place ${teams}` } });
    if (shardOf(found) === shardOf(than)) return found;
  }
  throw new Error("no team came to be there");
}

const move = async (who: Player, to: Player): Promise<Player> => {
  const path = `/v1/hunts/${HUNT}/teams/${who.team.id}/members/${who.id}/move`;
  const moved = await client.organise<{ team: Player["team"] }>("POST", path, {
    to: to.team.id,
    reason: "a test",
  });
  expect(moved.status, moved.text).toBe(200);
  const renewed = await client.call<Renewed>("POST", `/v1/hunts/${HUNT}/sessions/renew`, {
    token: who.token,
  });
  expect(renewed.status, renewed.text).toBe(200);
  return { ...who, team: moved.body.team, token: renewed.body.token };
};

const asPlayer = <Body = unknown>({ token }: Player, method: string, path: string) =>
  client.call<Body>(method, `/v1/hunts/${HUNT}/me${path}`, { token });

const exported = async (): Promise<{ line: Record<string, unknown>; person?: object }[]> =>
  linesOf((await client.organise<string>("GET", `/v1/hunts/${HUNT}/export`)).text).map((text) => {
    const { person, ...line } = JSON.parse(text) as Record<string, unknown> & { person?: object };
    return { line, ...(person ? { person } : {}) };
  });

const archived = () =>
  vi.waitFor(
    async () => {
      const { body } = await client.organise<{ shards: { seq: number; archived: number }[] }>(
        "GET",
        `/v1/hunts/${HUNT}/stats`,
      );
      for (const { seq, archived: upto } of body.shards) expect(upto).toBe(seq);
    },
    { timeout: 90_000, interval: 200 },
  );

const playersOf = async (id: string) => {
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  const query = database.prepare("SELECT * FROM player WHERE hunt = ? AND id = ?").bind(HUNT, id);
  return (await query.all<Record<string, unknown>>()).results;
};

const factsFor = async (player: string, type: string) =>
  (await exported()).filter(({ line }) => line.player === player && line.type === type);

let ada: Player;
let home: Player;
let away: Player;

test("[PD-1] who was moved reads what is kept of it in all teams, whichever it is in now", async () => {
  home = await teamElsewhere();
  away = await teamElsewhere(home);
  const joined = await client.join(HUNT, {
    name: CANARIES.name,
    externalId: CANARIES["external id"],
    fields: { mail: CANARIES.field },
    source: "poster-7",
    team: { join: home.team.joinCode ?? "" },
  });
  await client.playOne(joined, { id: "here", type: "checkin", clue: "pier", position: SPOT });
  await client.playOne(joined, { id: "a1", type: "answer", clue: "cave", answer: SECRET_ANSWER });
  ada = await move(joined, away);
  await client.playOne(ada, { id: "b1", type: "answer", clue: "cave", answer: "not this" });
  const { status, body, text } = await asPlayer<PersonalData>(ada, "GET", "/data");
  expect(status, text).toBe(200);
  expect(body).toMatchObject({
    player: { id: ada.id, name: CANARIES.name, externalId: CANARIES["external id"] },
    team: { id: away.team.id },
    fields: [{ id: "mail", value: CANARIES.field }],
  });
  expect(body.facts).toMatchObject([
    { type: "seat" },
    { type: "arrive" },
    { type: "answer", id: "b1", answer: "not this", outcome: "incorrect" },
    { type: "join", name: CANARIES.name, source: "poster-7" },
    { type: "checkin", id: "here", position: SPOT },
    { type: "answer", id: "a1", answer: SECRET_ANSWER },
    { type: "depart" },
  ]);
  expect(text).not.toContain(KEPT.keeper);
  expectProblem(await asPlayer(joined, "GET", "/data"), "unauthenticated");
});

test("[PD-1] over several moves to and fro, every shard is read, also behind one that was read before", async () => {
  const first = await teamElsewhere();
  const second = await teamElsewhere(first);
  const third = await teamElsewhere(first, second);
  const other = await teamOn(second);
  const joined = await client.join(HUNT, {
    name: KEPT.walker,
    team: { join: first.team.joinCode ?? "" },
  });
  await client.playOne(joined, {
    id: "w1",
    type: "checkin",
    clue: "pier",
    position: { ...PIER, accuracy: 5 },
  });
  // The shard of the second team is read for the last one first.
  const there = await move(await move(await move(joined, second), third), other);
  const types: string[] = [];
  let cursor: string | undefined;
  do {
    const path: string = cursor === undefined ? "/data" : `/data?cursor=${cursor}`;
    const { status, body, text } = await asPlayer<PersonalData>(there, "GET", path);
    expect(status, text).toBe(200);
    types.push(...body.facts.map(({ type }) => type));
    ({ cursor } = body);
  } while (cursor !== undefined);
  expect(types.sort()).toEqual(
    ["join", "checkin", ...["depart", "seat", "arrive"].flatMap((type) => [type, type, type])].sort(),
  );
  expect((await asPlayer(there, "DELETE", "")).status).toBe(204);
  expect(await factsFor(there.id, "forget")).toHaveLength(4);
  await client.verify(HUNT);
});

test("[PD-2] [PD-4] asking in its team now forgets it in those before as well", async () => {
  await archived();
  const before = await exported();
  expect(before.filter(({ person, line }) => person && line.player === ada.id)).toHaveLength(3);
  expect((await asPlayer(ada, "DELETE", "")).status).toBe(204);
  expect((await asPlayer(ada, "DELETE", "")).status).toBe(204);
  expect(await factsFor(ada.id, "forget")).toHaveLength(2);
  const after = await exported();
  expect(after.filter(({ person, line }) => person && line.player === ada.id)).toEqual([]);
  const kept = new Set(after.map(({ line }) => JSON.stringify(line)));
  for (const { line } of before) expect(kept).toContain(JSON.stringify(line));
  await client.verify(HUNT);
  await archived();
  const rows = await playersOf(ada.id);
  expect(rows).not.toEqual([]);
  for (const row of rows) expect(row).toMatchObject({ name: "–", external_id: null });
  expect((await client.me(home)).team).toMatchObject({ solves: 2 });
  // The value is free again, on whichever shard.
  const again = await client.join(HUNT, {
    name: "Somebody new",
    fields: { mail: CANARIES.field },
    team: { join: home.team.joinCode ?? "" },
  });
  expect(again.id).not.toBe(ada.id);
  expect((await asPlayer(again, "DELETE", "")).status).toBe(204);
});

test("[PD-2] an organiser who asks in the first, or in the middle one, of three teams reaches all", async () => {
  const third = await teamElsewhere(home, away);
  const forgetIn = (team: string, player: string) =>
    client.organise("POST", `/v1/hunts/${HUNT}/teams/${team}/members/${player}/forget`, { reason: "asked" });
  for (const [place, asked] of [
    ["first", home],
    ["middle", away],
  ] as const) {
    const joined = await client.join(HUNT, {
      name: CANARIES["name of who moved on"],
      fields: { mail: CANARIES["field of who moved on"] },
      team: { join: home.team.joinCode ?? "" },
    });
    const there = await move(await move(joined, away), third);
    expect((await forgetIn(asked.team.id, there.id)).status, place).toBe(204);
    expect(await factsFor(there.id, "forget"), place).toHaveLength(3);
    expectProblem(await asPlayer(there, "GET", ""), "unauthenticated");
    const renewed = await client.call("POST", `/v1/hunts/${HUNT}/sessions/renew`, { token: there.token });
    expectProblem(renewed, "unauthenticated");
    const { body } = await client.organise<Teams>("GET", `/v1/hunts/${HUNT}/teams`);
    expect(JSON.stringify(body)).not.toContain(there.id);
    await client.verify(HUNT);
    await archived();
  }
});

test("[PD-2] [PD-6] no byte of who was moved is left, after a restart and a resend of the log", async () => {
  await sleep(2_000);
  await engine.stop();
  await start();
  await client.organise("POST", `/v1/hunts/${HUNT}/rearchive`, { reason: "a test" });
  await archived();
  await client.verify(HUNT);
  await engine.stop();
  expect(foundIn(dataDir, { keeper: KEPT.keeper }).join()).toContain("keeper in ");
  expect(foundIn(dataDir, { ...CANARIES, walker: KEPT.walker })).toEqual([]);
  await start();
}, 360_000);
