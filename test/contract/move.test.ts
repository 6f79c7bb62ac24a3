/** Moving players to other teams over a whole engine: tokens, codes, joining once, standings, prizes, the audit. */
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { newRing } from "../../scripts/local/secrets.ts";
import type { Stats } from "../../src/contract/data.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import { type Answer, Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, SECRET_ANSWER } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

const HUNT = "moved";
const ENTRY_KEYS = newRing();

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off", LEADERBOARD_MEMORY_MS: "0", SHARDS_PER_REGION: "3", ENTRY_KEYS },
  });
  client = await Client.of(engine);
  await client.publish(HUNT, everyOutcome({ teams: { mode: "teams", maxSize: 3 } }));
});
afterAll(() => engine?.stop());

const move = (from: Player["team"], player: string, to: string, reason = "a test", hunt = HUNT) =>
  client.organise<{ team: Joined["team"] }>(
    "POST",
    `/v1/hunts/${hunt}/teams/${from.id}/members/${player}/move`,
    { to, reason },
  );

const renew = (token: string, hunt = HUNT): Promise<Answer<Renewed>> =>
  client.call<Renewed>("POST", `/v1/hunts/${hunt}/sessions/renew`, { token });

const mate = (of: Player, name: string, hunt = HUNT): Promise<Player> =>
  client.join(hunt, { name, team: { join: of.team.joinCode ?? "" } });

const shardOf = ({ team }: Player): string => team.id.split("-").slice(0, 2).join("-");

let teams = 0;
/** A new team, on another shard than `than`, or on the same one. */
async function teamOn(than: Player, isSame: boolean, hunt = HUNT): Promise<Player> {
  for (let tries = 0; tries < 60; tries += 1) {
    teams += 1;
    const found = await client.team(hunt, `Place ${teams}`);
    if ((shardOf(found) === shardOf(than)) === isSame) return found;
  }
  throw new Error("no team came to be there");
}

const eventually = async (check: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await check()) return;
    await sleep(200);
  }
  throw new Error("it did not come about");
};

describe.each([
  ["of one shard", true],
  ["of two shards", false],
] as const)("between teams %s", (what, isSame) => {
  test("[TE-26] [TE-27] the old token is void, and its renewal gives one for the new team", async () => {
    const from = await client.team(HUNT, `From ${what}`);
    const who = await mate(from, "Ada");
    const to = await teamOn(from, isSame);
    await client.playOne(who, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    const socket = await Socket.open(client, HUNT, await ticketOf(client, who));
    const moved = await move(from.team, who.id, to.team.id);
    expect(moved.status, moved.text).toBe(200);
    expect(moved.body).toEqual({ team: { id: to.team.id, name: to.team.name, joinCode: to.team.joinCode } });
    expect(await socket.next("error")).toMatchObject({ code: "unauthenticated" });
    const look = await client.call("GET", `/v1/hunts/${HUNT}/me`, { token: who.token });
    expectProblem(look, "unauthenticated");
    expect(look.text).toContain("renew the token");
    for (const path of ["events", "tickets", "sessions/end", "team/leave"]) {
      const json = path === "events" ? { events: [{ id: "x", type: "scan", code: "x" }] } : undefined;
      const asked = await client.call("POST", `/v1/hunts/${HUNT}/${path}`, { token: who.token, json });
      expectProblem(asked, "unauthenticated");
    }
    const back = await client.call("POST", `/v1/hunts/${HUNT}/sessions`, {
      json: { returnCode: who.returnCode },
    });
    expectProblem(back, "not_found");
    const renewed = await renew(who.token);
    expect(renewed.status, renewed.text).toBe(200);
    const there = { ...who, token: renewed.body.token };
    const me = await client.me(there);
    expect(me.player).toMatchObject({ id: who.id, name: "Ada" });
    expect(me.player.returnCode).not.toBe(who.returnCode);
    expect(me.team).toMatchObject({ id: to.team.id, captain: to.id, score: 0 });
    expect(me.team.members.map(({ id }) => id)).toEqual([to.id, who.id]);
    // What it solved stays where it was solved.
    expect((await client.me(from)).team.solves).toBe(1);
    // Its way back is the new code.
    const returned = await client.call<Joined>("POST", `/v1/hunts/${HUNT}/sessions`, {
      json: { returnCode: me.player.returnCode },
    });
    expect(returned.body).toMatchObject({ player: { id: who.id }, team: { id: to.team.id } });
    // On to a third team: the first token leads there as well.
    const third = await teamOn(to, isSame);
    expect((await move(to.team, who.id, third.team.id)).status).toBe(200);
    expect((await renew(there.token)).status).toBe(200);
    const again = await renew(who.token);
    expect((await client.me({ ...who, token: again.body.token })).team.id).toBe(third.team.id);
    // Until it signs out elsewhere.
    const ended = await client.call("POST", `/v1/hunts/${HUNT}/sessions/end`, { token: again.body.token });
    expect(ended.status).toBe(200);
    for (const token of [who.token, there.token, again.body.token]) {
      expectProblem(await renew(token), "unauthenticated");
    }
    await client.verify(HUNT);
  });

  test("[TE-29] a team that nobody is in any more has no place, and its name is free", async () => {
    const from = await client.team(HUNT, `Left ${isSame}`);
    const to = await teamOn(from, isSame);
    await eventually(async () =>
      (await client.board(HUNT, "?limit=200")).entries.some(({ team }) => team.id === from.team.id),
    );
    expect((await move(from.team, from.id, to.team.id)).status).toBe(200);
    const heir = await client.team(HUNT, `left ${isSame}`);
    expect(heir.team.id).not.toBe(from.team.id);
    await eventually(async () => {
      const ids = (await client.board(HUNT, "?limit=200")).entries.map(({ team }) => team.id);
      return ids.includes(heir.team.id) && !ids.includes(from.team.id);
    });
    expectProblem(await move(to.team, to.id, from.team.id), "conflict");
    await client.verify(HUNT);
  });
});

test("[TE-26] into a full team, to nobody's, of nobody: refused, and nothing is changed", async () => {
  const from = await client.team(HUNT, "Refused");
  const full = await client.team(HUNT, "Full");
  for (const name of ["B", "C"]) await mate(full, name);
  const refused = await move(from.team, from.id, full.team.id);
  expectProblem(refused, "conflict");
  expect(refused.text).toContain("full");
  expectProblem(await move(from.team, "p-nobody", full.team.id), "not_found");
  expectProblem(await move(from.team, from.id, "weur-0-0-aaaaaaaaaa"), "not_found");
  expectProblem(await move({ id: "weur-0-0-aaaaaaaaaa", name: "" }, from.id, full.team.id), "not_found");
  expectProblem(await move(from.team, from.id, full.team.id, ""), "invalid");
  expect((await client.me(from)).team.id).toBe(from.team.id);
  // Where it is, there is nothing to do.
  expect((await move(from.team, from.id, from.team.id)).status).toBe(200);
});

test("[TE-26] the audit says who was moved, from where, to where, and why; stats and export follow", async () => {
  const from = await client.team(HUNT, "Counted");
  const who = await mate(from, "Canary Name");
  const to = await teamOn(from, false);
  const players = async () => (await client.organise<Stats>("GET", `/v1/hunts/${HUNT}/stats`)).body.players;
  const before = await players();
  await move(from.team, who.id, to.team.id, "a team of six becomes two");
  expect(await players()).toBe(before);
  const audit = await client.organise<{ entries: { action: string; detail: object }[] }>(
    "GET",
    `/v1/hunts/${HUNT}/audit`,
  );
  expect(audit.body.entries.find(({ action }) => action === "move")?.detail).toEqual({
    team: from.team.id,
    player: who.id,
    to: to.team.id,
    reason: "a team of six becomes two",
  });
  expect(audit.text).not.toContain("Canary Name");
  const facts = (await client.export(HUNT)).filter(({ player }) => player === who.id);
  expect(facts.map(({ type }) => type).sort()).toEqual(["arrive", "depart", "join", "seat"]);
  const arrival = facts.find(({ type }) => type === "arrive");
  expect(arrival).toMatchObject({ person: { player: who.id, name: "Canary Name" } });
  expect(arrival).not.toHaveProperty("name");
});

test("[TE-32] who joins once finds the way back after a move, and a field's value stays taken", async () => {
  const hunt = "moved-once";
  await client.publish(hunt, {
    ...everyOutcome({ teams: { mode: "teams", maxSize: 3 } }),
    players: { require: "signed" },
    join: { fields: [{ id: "mail", label: "E-mail", kind: "email", once: true }] },
  });
  const [kid = "", key = ""] = ENTRY_KEYS.split(":");
  const ticket = (subject: string) =>
    new SignJWT({ hunt })
      .setProtectedHeader({ alg: "HS256", kid })
      .setAudience("hunt-entry")
      .setSubject(subject)
      .setExpirationTime("5m")
      .sign(Buffer.from(key, "base64url"));
  const joinAs = async (subject: string, team: object, mail = `${subject}@example.org`) =>
    client.call<Joined>("POST", `/v1/hunts/${hunt}/players`, {
      json: { name: subject, team, entry: await ticket(subject), fields: { mail } },
    });
  const first = (await joinAs("first", { create: "First" })).body;
  const who = (await joinAs("ada", { join: first.team.joinCode })).body;
  const second = (await joinAs("second", { create: "Second" })).body;
  expect((await move(first.team, who.player.id, second.team.id, "why", hunt)).status).toBe(200);
  const again = await joinAs("ada", { create: "Third" });
  expect(again.status, again.text).toBe(200);
  expect(again.body).toMatchObject({ player: { id: who.player.id }, team: { id: second.team.id } });
  expectProblem(await joinAs("eve", { create: "Fourth" }, "ada@example.org"), "conflict");
  await client.verify(hunt);
});

test("[TE-28] of many who are moved and join at once, no seat is lost or doubled", async () => {
  const hunt = "moved-many";
  await client.publish(hunt, everyOutcome({ teams: { mode: "teams", maxSize: 4 } }));
  const all: Player[] = [];
  for (let team = 0; team < 4; team += 1) all.push(await client.team(hunt, `Many ${team}`));
  const mates: Player[] = [];
  for (const captain of all) mates.push(await mate(captain, "Mate", hunt));
  const asked = mates.flatMap((who, index) =>
    all.map((to) => move(all[index]?.team ?? who.team, who.id, to.team.id, "why", hunt)),
  );
  const joins = all.map((captain) =>
    client.call("POST", `/v1/hunts/${hunt}/players`, {
      json: { name: "New", team: { join: captain.team.joinCode } },
    }),
  );
  const moved = await Promise.all(asked);
  const joined = (await Promise.all(joins)).filter(({ status }) => status === 201).length;
  for (const { status, text } of moved) expect([200, 404, 409], text).toContain(status);
  const { body } = await client.organise<{ teams: { members: { id: string }[] }[] }>(
    "GET",
    `/v1/hunts/${hunt}/teams?limit=100`,
  );
  const seats = body.teams.flatMap(({ members }) => members.map(({ id }) => id));
  expect(new Set(seats).size).toBe(seats.length);
  expect(seats).toHaveLength(all.length + mates.length + joined);
  for (const { members } of body.teams) expect(members.length).toBeLessThanOrEqual(4);
  await client.verify(hunt);
});
