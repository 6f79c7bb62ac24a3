/**
 * A person's data over a whole engine: read by the player, forgotten by the player, by organisers and
 * by itself; afterwards nothing of it is anywhere, whatever is sent again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Threads } from "../../src/contract/help.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { PersonalData } from "../../src/contract/personal.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { foundIn } from "../bytes.ts";
import { Client, expectProblem, linesOf, type Player, sleep } from "./client.ts";
import { everyOutcome, SECRET_ANSWER, soloHunt } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

/** On a pier, at a place that no other number looks like. */
const SPOT = { lat: 53.54361357, lng: 9.96691357, accuracy: 13.371357 };

/** In each field that tells who somebody is. */
const CANARIES = {
  name: "Canary Lyrebird",
  "external id": "CANARY-kookaburra",
  "registered name": "Canary Registered",
  field: "canary.lyrebird@example.org",
  "number field": "4137135713",
  latitude: String(SPOT.lat),
  longitude: String(SPOT.lng),
  accuracy: String(SPOT.accuracy),
  "name of a solo player": "Canary Cassowary",
  "new name of a solo player": "Canary Emu",
  "field of a solo player": "canary.cassowary@example.org",
  "name of who left": "Canary Galah",
  "name of an imported player": "Canary Imported",
  "name in a dead letter": "Canary Buried",
  "request for help": "Canary request: call Lyrebird's mother",
};
const KEPT = { mate: "Mate Bowerbird" };
const MATES_REQUEST = "Which lamp is meant?";

const JOIN = {
  fields: [
    { id: "mail", label: "E-mail", kind: "email", required: true, once: true },
    { id: "number", label: "Number", kind: "number" },
  ],
  consent: [{ id: "terms", text: "I accept the rules of this hunt.", required: true }],
};

const VARS = { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", ROOT_EVERY_MS: "1000", LOOKUP_NEGATIVE_MS: "0" };

let dataDir: string;
let engine: Engine;
let client: Client;

const start = async () => {
  engine = await startEngine({ dataDir, vars: VARS, log: () => undefined });
  client = await Client.of(engine);
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-personal-data-"));
  await start();
}, 180_000);
afterAll(async () => {
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const asPlayer = <Body = unknown>({ hunt, token }: Player, method: string, path: string) =>
  client.call<Body>(method, `/v1/hunts/${hunt}/me${path}`, { token });

const dataOf = async (player: Player): Promise<PersonalData> => {
  const answer = await asPlayer<PersonalData>(player, "GET", "/data");
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};

const forgetMe = async (player: Player) =>
  expect((await asPlayer(player, "DELETE", "")).status, player.hunt).toBe(204);

const forgetByHand = (hunt: string, team: string, player: string) =>
  client.organise("POST", `/v1/hunts/${hunt}/teams/${team}/members/${player}/forget`, {
    reason: "asked for",
  });

const register = async (...ids: string[]) => {
  const lineOf = (externalId: string): string => {
    const isHers = externalId === CANARIES["external id"];
    return JSON.stringify({ externalId, ...(isHers ? { name: CANARIES["registered name"] } : {}) });
  };
  const registered = await client.call("POST", "/v1/registrations", {
    token: client.organiserToken,
    body: ids.map(lineOf).join("\n"),
    type: "application/x-ndjson",
  });
  expect(registered.status, registered.text).toBe(202);
};

const rowsOf = async (query: string, ...values: unknown[]) => {
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  return (
    await database
      .prepare(query)
      .bind(...values)
      .all<Record<string, unknown>>()
  ).results;
};

/** Until all facts of the hunt are at the origin. */
const archived = (hunt: string) =>
  vi.waitFor(
    async () => {
      const { body } = await client.organise<{ shards: { seq: number; archived: number }[] }>(
        "GET",
        `/v1/hunts/${hunt}/stats`,
      );
      for (const { seq, archived: upto } of body.shards) expect(upto).toBe(seq);
    },
    { timeout: 90_000, interval: 200 },
  );

const exported = async (hunt: string): Promise<{ line: Record<string, unknown>; person?: object }[]> =>
  linesOf((await client.organise<string>("GET", `/v1/hunts/${hunt}/export`)).text).map((text) => {
    const { person, ...line } = JSON.parse(text) as Record<string, unknown> & { person?: object };
    return { line, ...(person ? { person } : {}) };
  });

/** The proof of each fact, once there is one. */
const proofsOf = (hunt: string, facts: readonly { line: Record<string, unknown> }[]) =>
  vi.waitFor(
    async () => {
      const proofs = [];
      for (const { line } of facts) {
        const proof = await client.organise("GET", `/v1/hunts/${hunt}/proof/${line.shard}/${line.seq}`);
        expect(proof.status).toBe(200);
        proofs.push(proof.text);
      }
      return proofs;
    },
    { timeout: 60_000, interval: 500 },
  );

let ada: Player;
let mate: Player;

describe("a registered player of a team", () => {
  const hunt = "pd-team";

  beforeAll(async () => {
    await register(CANARIES["external id"], "MATE-1");
    await client.publish(
      hunt,
      everyOutcome({
        teams: { mode: "teams", maxSize: 4 },
        players: { require: "registered", whenOriginDown: "refuse" },
        join: JOIN,
        help: { perTeam: 5, about: "anything" },
      }),
    );
    await vi.waitFor(async () => expect(await rowsOf("SELECT * FROM registration")).toHaveLength(2), {
      timeout: 30_000,
      interval: 200,
    });
    const asked = { consent: ["terms"] };
    ada = await client.join(hunt, {
      name: CANARIES.name,
      externalId: CANARIES["external id"],
      fields: { mail: CANARIES.field, number: Number(CANARIES["number field"]) },
      source: "poster-7",
      team: { create: "Owls" },
      ...asked,
    });
    mate = await client.join(hunt, {
      name: KEPT.mate,
      externalId: "MATE-1",
      fields: { mail: "mate@example.org" },
      team: { join: ada.team.joinCode ?? "" },
      ...asked,
    });
    expect(
      await client.playOne(ada, { id: "here", type: "checkin", clue: "pier", position: SPOT }),
    ).toMatchObject({
      outcome: "correct",
    });
    await client.playOne(ada, { id: "a1", type: "answer", clue: "cave", answer: "not this" });
    await client.playOne(ada, { id: "a2", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    await client.playOne(mate, { id: "m1", type: "answer", clue: "flag", answer: "red" });
    for (const [{ token }, text] of [
      [ada, CANARIES["request for help"]],
      [mate, MATES_REQUEST],
    ] as const) {
      const asked = await client.call("POST", `/v1/hunts/${hunt}/threads`, { token, json: { text } });
      expect(asked.status, asked.text).toBe(201);
    }
  }, 180_000);

  test("[PD-1] reads everything that is kept of it, and nothing of others", async () => {
    const data = await dataOf(ada);
    expect(data).toMatchObject({
      player: { id: ada.id, name: CANARIES.name, externalId: CANARIES["external id"], source: "poster-7" },
      team: { id: ada.team.id, name: "Owls" },
      fields: [
        { id: "mail", value: CANARIES.field },
        { id: "number", value: Number(CANARIES["number field"]) },
      ],
      consents: [{ id: "terms", text: expect.stringMatching(/^[\w-]{43}$/), at: expect.any(String) }],
      lastCheckin: SPOT,
      wins: [],
      facts: [
        { type: "join" },
        { type: "checkin", id: "here", position: SPOT, outcome: "correct" },
        { type: "answer", answer: "not this", outcome: "incorrect" },
        { type: "answer", answer: SECRET_ANSWER, outcome: "correct" },
      ],
    });
    const text = JSON.stringify(data);
    expect(text).not.toContain(KEPT.mate);
    // Three distances would tell where the place is.
    expect(text).not.toContain("distance");
    expect(text).not.toContain("salt");
    expectProblem(await client.call("GET", `/v1/hunts/${hunt}/me/data`), "unauthenticated");
    expectProblem(await client.organise("GET", `/v1/hunts/${hunt}/me/data`), "unauthenticated");
  });

  test("[PD-2] [PD-3] is forgotten: what it scored and every proof stay, all that it signed in with is void", async () => {
    await archived(hunt);
    const before = await exported(hunt);
    const proofs = await proofsOf(hunt, before);
    const board = await client.board(hunt);
    const score = (await client.me(mate)).team.score;
    const socket = await Socket.open(client, hunt, await ticketOf(client, ada));
    const ticket = await ticketOf(client, ada);

    await forgetMe(ada);

    expect(await socket.next("error")).toMatchObject({ code: "unauthenticated" });
    await expect.poll(() => socket.isClosing, { timeout: 15_000 }).toBe(true);
    await expect(Socket.open(client, hunt, ticket)).rejects.toThrow();
    expectProblem(await asPlayer(ada, "GET", ""), "unauthenticated");
    expectProblem(await asPlayer(ada, "GET", "/data"), "unauthenticated");
    const renewed = await client.call("POST", `/v1/hunts/${hunt}/sessions/renew`, { token: ada.token });
    expectProblem(renewed, "unauthenticated");
    const back = await client.call("POST", `/v1/hunts/${hunt}/sessions`, {
      json: { returnCode: ada.returnCode },
    });
    expectProblem(back, "not_found");
    // Sent again.
    await forgetMe(ada);

    const { team } = await client.me(mate);
    expect(team).toMatchObject({ name: "Owls", score, captain: mate.id });
    expect(team.members).toEqual([{ id: mate.id, name: KEPT.mate, captain: true }]);
    const after = await exported(hunt);
    expect(after.slice(0, before.length).map(({ line }) => line)).toEqual(before.map(({ line }) => line));
    const added = after.slice(before.length).map(({ line }) => line);
    expect(added).toMatchObject([{ type: "forget", player: ada.id, why: "asked" }]);
    expect(after.filter(({ person }) => person).map(({ line }) => line.player)).toEqual([mate.id]);
    expect(await proofsOf(hunt, before)).toEqual(proofs);
    await client.verify(hunt);
    expect((await client.board(hunt)).entries).toEqual(board.entries);
    expectProblem(await forgetByHand(hunt, ada.team.id, "p-nobody"), "not_found");
    expect((await forgetByHand(hunt, ada.team.id, ada.id)).status).toBe(204);
  });

  test("[PD-4] [PD-5] leaves the origin, and may come again as somebody new once it is registered again", async () => {
    await archived(hunt);
    const players = await rowsOf("SELECT id, name, external_id FROM player WHERE hunt = ?", hunt);
    expect(players).toEqual(
      expect.arrayContaining([
        { id: ada.id, name: "–", external_id: null },
        { id: mate.id, name: KEPT.mate, external_id: "MATE-1" },
      ]),
    );
    await vi.waitFor(
      async () =>
        expect(await rowsOf("SELECT external_id FROM registration")).toEqual([{ external_id: "MATE-1" }]),
      { timeout: 30_000, interval: 200 },
    );
    await client.organise("POST", `/v1/hunts/${hunt}/rearchive`, { reason: "a test" });
    await archived(hunt);
    expect(await rowsOf("SELECT name FROM player WHERE id = ?", ada.id)).toEqual([{ name: "–" }]);
    await register("SOMEBODY-2");
    const again = () =>
      client.call<{ player: { id: string } }>("POST", `/v1/hunts/${hunt}/players`, {
        json: {
          name: "Somebody new",
          externalId: "SOMEBODY-2",
          // The value is free again.
          fields: { mail: CANARIES.field },
          consent: ["terms"],
          team: { create: "Newcomers" },
        },
      });
    const joined = await vi.waitFor(
      async () => {
        const answer = await again();
        expect(answer.status, answer.text).toBe(201);
        return answer;
      },
      { timeout: 60_000, interval: 500 },
    );
    expect(joined.body.player.id).not.toBe(ada.id);
    const { body } = await client.organise<Teams>("GET", `/v1/hunts/${hunt}/teams?search=Newcomers`);
    // So that the search of bytes below has nothing to find.
    const [made] = body.teams;
    expect((await forgetByHand(hunt, made?.id ?? "", joined.body.player.id)).status).toBe(204);
    await vi.waitFor(
      async () => {
        const { body: emptied } = await client.organise<Teams>(
          "GET",
          `/v1/hunts/${hunt}/teams?search=Newcomers`,
        );
        expect(emptied.teams).toMatchObject([{ name: "Newcomers", members: [], rank: expect.any(Number) }]);
      },
      { timeout: 30_000, interval: 200 },
    );
    await client.verify(hunt);
  });
});

describe("others", () => {
  test("[PD-3] who plays alone leaves a neutral name, and its own is free", async () => {
    const hunt = "pd-solo";
    await client.publish(hunt, soloHunt({ join: JOIN }));
    const solo = await client.join(hunt, {
      name: CANARIES["name of a solo player"],
      fields: { mail: CANARIES["field of a solo player"] },
      consent: ["terms"],
    });
    const renamed = await client.call("PATCH", `/v1/hunts/${hunt}/team`, {
      token: solo.token,
      json: { name: CANARIES["new name of a solo player"] },
    });
    expect(renamed.status).toBe(200);
    await client.playOne(solo, { id: "r", type: "answer", clue: "c0", answer: "right 0" });
    const named = (name: string) =>
      vi.waitFor(
        async () => {
          const { entries } = await client.board(hunt);
          expect(entries).toMatchObject([{ rank: 1, team: { id: solo.team.id, name }, score: 10 }]);
        },
        { timeout: 30_000, interval: 200 },
      );
    await named(CANARIES["new name of a solo player"]);
    expect((await forgetByHand(hunt, solo.team.id, solo.id)).status).toBe(204);
    await named("–");
    await archived(hunt);
    expect(await rowsOf("SELECT name FROM team WHERE hunt = ?", hunt)).toEqual([{ name: "–" }]);
    await client.verify(hunt);
  });

  test("[PD-2] an organiser forgets who left; the reason is in the audit alone", async () => {
    const hunt = "pd-left";
    await client.publish(hunt, everyOutcome());
    const first = await client.team(hunt, "Stay");
    const gone = await client.join(hunt, {
      name: CANARIES["name of who left"],
      team: { join: first.team.joinCode ?? "" },
    });
    await client.call("POST", `/v1/hunts/${hunt}/team/leave`, { token: gone.token });
    const { body } = await client.organise<Teams>("GET", `/v1/hunts/${hunt}/teams`);
    expect(body.teams[0]?.former).toEqual([{ id: gone.id, name: CANARIES["name of who left"] }]);
    expect((await forgetByHand(hunt, first.team.id, gone.id)).status).toBe(204);
    const { body: now } = await client.organise<Teams>("GET", `/v1/hunts/${hunt}/teams`);
    expect(now.teams[0]).not.toHaveProperty("former");
    const { body: audit } = await client.organise<Audit>("GET", `/v1/hunts/${hunt}/audit`);
    const told = audit.entries.find(({ action }) => action === "forget");
    expect(told?.detail).toEqual({ team: first.team.id, player: gone.id, reason: "asked for" });
    expect(JSON.stringify(await exported(hunt))).not.toContain("asked for");
    await client.verify(hunt);
  });

  test("[PD-5] a redrive of what was dead brings nobody back", async () => {
    const hunt = "pd-dead";
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    await database.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON player WHEN NEW.hunt = 'pd-dead' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    await client.publish(hunt, soloHunt());
    const buried = await client.join(hunt, { name: CANARIES["name in a dead letter"] });
    const letters = () => client.organise<{ total: number }>("GET", `/v1/hunts/${hunt}/dead-letters`);
    await vi.waitFor(async () => expect((await letters()).body.total).toBeGreaterThan(0), {
      timeout: 120_000,
      interval: 200,
    });
    await forgetMe(buried);
    await database.exec("DROP TRIGGER refuse");
    await client.organise("POST", `/v1/hunts/${hunt}/dead-letters/redrive`, {});
    await archived(hunt);
    expect(await rowsOf("SELECT name FROM player WHERE hunt = ?", hunt)).toEqual([{ name: "–" }]);
    expect(await rowsOf("SELECT name FROM team WHERE hunt = ?", hunt)).toEqual([{ name: "–" }]);
    await client.verify(hunt);
  }, 270_000);

  test("[PD-2] an imported player is forgotten like any other, and an import sent again finds it", async () => {
    const hunt = "pd-import";
    await client.publish(hunt, soloHunt(), "draft");
    const lines = [
      { at: "2026-01-01T10:00:00.000Z", team: CANARIES["name of an imported player"], type: "join" },
      {
        at: "2026-01-01T10:01:00.000Z",
        team: CANARIES["name of an imported player"],
        type: "answer",
        id: "i1",
        clue: "c0",
        answer: "right 0",
      },
    ];
    const send = () =>
      client.call<{ accepted: number }>("POST", `/v1/hunts/${hunt}/import`, {
        token: client.organiserToken,
        body: lines.map((line) => JSON.stringify(line)).join("\n"),
        type: "application/x-ndjson",
      });
    expect((await send()).body).toMatchObject({ accepted: 2 });
    expect((await send()).body).toMatchObject({ accepted: 2 });
    const { body } = await client.organise<Teams>("GET", `/v1/hunts/${hunt}/teams`);
    expect(body.teams).toHaveLength(1);
    const [team] = body.teams;
    expect((await forgetByHand(hunt, team?.id ?? "", team?.members[0]?.id ?? "")).status).toBe(204);
    await client.verify(hunt);
    await archived(hunt);
  });

  test("[PD-8] a hunt's retention forgets everybody by itself, and the audit says so", async () => {
    const hunt = "pd-retention";
    await client.publish(
      hunt,
      everyOutcome({ teams: { mode: "teams", maxSize: 4 }, retention: "1s", join: JOIN }),
    );
    const asked = { fields: { mail: CANARIES.field }, consent: ["terms"] };
    const one = await client.join(hunt, { name: CANARIES.name, team: { create: "Kept" }, ...asked });
    await client.join(hunt, {
      name: CANARIES["name of who left"],
      team: { join: one.team.joinCode ?? "" },
      ...asked,
      fields: { mail: "other@example.org" },
    });
    await client.playOne(one, { id: "a", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    const about = async () => (await client.call<Hunt>("GET", `/v1/hunts/${hunt}`)).body;
    expect(await about()).not.toHaveProperty("forgetsAt");
    await client.setPhase(hunt, "ended");
    const { forgetsAt } = await about();
    expect(Date.parse(forgetsAt ?? "")).toBeGreaterThan(0);
    await vi.waitFor(
      async () => {
        const { body } = await client.organise<Audit>("GET", `/v1/hunts/${hunt}/audit`);
        expect(body.entries.find(({ action }) => action === "retention")).toMatchObject({
          actor: "engine",
          detail: { players: 2 },
        });
      },
      { timeout: 60_000, interval: 300 },
    );
    const lines = await exported(hunt);
    expect(lines.filter(({ person }) => person)).toEqual([]);
    expect(lines.filter(({ line }) => line.type === "forget")).toHaveLength(2);
    expectProblem(await asPlayer(one, "GET", ""), "unauthenticated");
    const { entries } = await client.board(hunt);
    expect(entries).toMatchObject([{ team: { name: "Kept" }, score: 100 }]);
    await archived(hunt);
    await client.verify(hunt);
  }, 180_000);
});

test("[PD-2] [PD-6] no byte of any of them is left under the data folder, after a restart and another redrive", async () => {
  const hunts = ["pd-team", "pd-solo", "pd-left", "pd-dead", "pd-import", "pd-retention"];
  // The standings are written down now and then.
  await sleep(2_000);
  await engine.stop();
  await start();
  // Under one key each: that of who stays opens what it wrote.
  const { body } = await client.call<Threads>("GET", "/v1/hunts/pd-team/threads", { token: mate.token });
  expect(body.threads.map(({ messages }) => messages[0]?.text)).toEqual([MATES_REQUEST, "–"]);
  for (const hunt of hunts) {
    await client.organise("POST", `/v1/hunts/${hunt}/rearchive`, { reason: "a test" });
    await archived(hunt);
    await client.organise("POST", `/v1/hunts/${hunt}/dead-letters/redrive`, {});
    await client.verify(hunt);
    const told = [
      await client.organise<string>("GET", `/v1/hunts/${hunt}/export`),
      await client.organise("GET", `/v1/hunts/${hunt}/teams`),
      await client.organise("GET", `/v1/hunts/${hunt}/audit`),
      await client.call("GET", `/v1/hunts/${hunt}/leaderboard`),
    ];
    for (const canary of Object.values(CANARIES)) {
      for (const { text } of told) expect(text, hunt).not.toContain(canary);
    }
  }
  await engine.stop();
  // The search finds what is there: the mate is in the origin.
  expect(foundIn(dataDir, KEPT).join()).toContain("mate in ");
  // What is asked of the desk is sealed, of who stays too.
  expect(foundIn(dataDir, { ...CANARIES, MATES_REQUEST })).toEqual([]);
  await start();
}, 360_000);
