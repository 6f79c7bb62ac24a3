/** Exports as tables, results for CTFtime, and sign-up feeds. */
import { parse } from "csv-parse/sync";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { WebhookSecret } from "../../src/contract/webhooks.ts";
import { Client, expectProblem, sleep } from "./client.ts";
import { everyOutcome, manyClues, SECRET_ANSWER, soloHunt } from "./hunts.ts";

let engine: Engine;
let client: Client;
let viewer: string;

const FORMULA = '=HYPERLINK("http://evil")';

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "2", LOOKUP_LIMIT_MS: "5000", LOOKUP_NEGATIVE_MS: "1000" },
  });
  client = await Client.of(engine);
  viewer = await mintOrganiserToken(engine.secrets, Date.now(), { name: "Vi", roles: ["viewer"] });
  await client.publish(
    "tables",
    everyOutcome({
      prizes: [{ id: "cup", title: "The Cup", stock: 2, requires: { solved: "cave" } }],
      join: { fields: [{ id: "town", label: "Town", kind: "text" }] },
    }),
  );
  const owls = await client.join("tables", {
    name: 'Ada, "A"',
    team: { create: FORMULA },
    fields: { town: "@here" },
  });
  const bats = await client.join("tables", {
    name: "Bob",
    team: { create: "Bats" },
    fields: { town: "Bonn" },
  });
  const staff = await client.join("tables", {
    name: "Sta",
    team: { create: "Staff" },
    fields: { town: "Ulm" },
  });
  await client.play(owls, { id: "1", type: "answer", clue: "cave", answer: SECRET_ANSWER });
  await client.play(owls, { id: "2", type: "answer", clue: "flag", answer: "blue" });
  await client.play(bats, { id: "1", type: "answer", clue: "cave", answer: "-wrong" });
  await client.playOne(owls, { id: "3", type: "claim", prize: "cup" });
  await client.organise("POST", `/v1/hunts/tables/teams/${staff.team.id}/hide`, { reason: "staff" });
  await client.organise("POST", `/v1/hunts/tables/teams/${bats.team.id}/awards`, {
    points: -5,
    reason: "a test",
  });
  // Of teams in different shards the standings hear one after the other.
  await standing("tables", [130, -5]);
}, 360_000);
afterAll(() => engine.stop());

/** Waits until the standings have these scores, the best first. */
async function standing(hunt: string, scores: number[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const { entries } = await client.board(hunt);
      expect(entries.map(({ score }) => score)).toEqual(scores);
    },
    { timeout: 60_000, interval: 50 },
  );
}

async function table(what: string, token = client.organiserToken): Promise<Record<string, string>[]> {
  const told = await client.call<string>("GET", `/v1/hunts/tables/export?format=csv&what=${what}`, { token });
  expect(told.status, told.text).toBe(200);
  expect(told.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(told.text).toMatch(/\r\n$/);
  return parse(told.text, { columns: true });
}

describe("CSV", () => {
  test("[EXP-1] standings and solves: of shown teams, in order, for every organiser", async () => {
    const standings = await table("standings", viewer);
    expect(standings.map(({ rank, teamName, score, solves }) => [rank, teamName, score, solves])).toEqual([
      ["1", `'${FORMULA}`, "130", "2"],
      ["2", "Bats", "-5", "0"],
    ]);
    const solves = await table("solves", viewer);
    expect(solves.map(({ clue, title, points, rank }) => [clue, title, points, rank])).toEqual([
      ["cave", "The Cave", "100", "1"],
      ["flag", "The Flag", "30", "1"],
    ]);
    const standard = await client.call<string>("GET", "/v1/hunts/tables/export?format=csv", {
      token: viewer,
    });
    expect(parse(standard.text, { columns: true })).toEqual(standings);
  });

  test("[EXP-2] players, winners and facts are operators', and the audit says so", async () => {
    const players = await table("players");
    expect(players.map((row) => [row.name, row.teamName, row["field town"]]).sort()).toEqual(
      [
        ['Ada, "A"', `'${FORMULA}`, "'@here"],
        ["Bob", "Bats", "Bonn"],
        ["Sta", "Staff", "Ulm"],
      ].sort(),
    );
    const [winner] = await table("winners");
    expect(winner).toMatchObject({
      prize: "cup",
      unit: "0",
      playerName: 'Ada, "A"',
      teamName: `'${FORMULA}`,
    });
    const facts = await table("facts");
    expect(facts.map(({ type }) => type)).toContain("hide");
    expect(facts.find(({ type, outcome }) => type === "answer" && outcome === "incorrect")).toMatchObject({
      answer: "'-wrong",
      clue: "cave",
    });
    expect(facts.find(({ type }) => type === "award")).toMatchObject({ points: "-5", reason: "a test" });
    for (const what of ["players", "winners", "facts"]) {
      const path = `/v1/hunts/tables/export?format=csv&what=${what}`;
      expectProblem(await client.call("GET", path, { token: viewer }), "forbidden");
      expectProblem(await client.call("GET", path), "unauthenticated");
    }
    expectProblem(await client.call("GET", "/v1/hunts/tables/export", { token: viewer }), "forbidden");
    const audit = await client.organise<{ entries: { action: string; detail: object }[] }>(
      "GET",
      "/v1/hunts/tables/audit",
    );
    expect(audit.body.entries).toContainEqual(
      expect.objectContaining({ action: "export", detail: { what: "players" } }),
    );
  });

  test("[EXP-1] a mark of UTF-8 when asked for; unknown tables and formats are refused", async () => {
    const path = "/v1/hunts/tables/export?format=csv&what=standings";
    const bytes = async (more: string) => {
      const response = await fetch(new URL(path + more, engine.url), {
        headers: { authorization: `Bearer ${viewer}` },
      });
      return new Uint8Array(await response.arrayBuffer()).slice(0, 3);
    };
    expect([...(await bytes("&bom=1"))]).toEqual([0xef, 0xbb, 0xbf]);
    expect([...(await bytes(""))]).not.toEqual([0xef, 0xbb, 0xbf]);
    for (const query of ["format=xls", "format=csv&what=all", "bom=2"]) {
      expectProblem(await client.organise("GET", `/v1/hunts/tables/export?${query}`), "invalid");
    }
  });
});

test("[EXP-3] [EXP-20] results for CTFtime, without a token once they are public", async () => {
  const hunt = "ctf";
  const two = manyClues(2, { results: "manual" }) as { clues: object[] };
  // An id that an object would put first.
  const last = { id: "7", title: "Seven", kind: "answer", answers: ["seven"], points: 10 };
  await client.publish(hunt, { ...two, clues: [...two.clues, last] });
  const owls = await client.team(hunt, "Owls");
  await client.team(hunt, "Bats");
  await client.play(owls, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
  const path = `/v1/hunts/${hunt}/export?format=ctftime`;
  expectProblem(await client.call("GET", path), "conflict");
  await standing(hunt, [10, 0]);
  await client.setPhase(hunt, "ended");
  expectProblem(await client.call("GET", path), "conflict");
  await client.organise("POST", `/v1/hunts/${hunt}/results/release`);
  // As the document has it, which `call` checks.
  const response = await client.call<{ tasks: string[]; standings: Record<string, unknown>[] }>("GET", path);
  expect(response.status, response.text).toBe(200);
  const told = response.body;
  const { paths } = client.document;
  const documented = paths["/v1/hunts/{hunt}/export"]?.get?.responses[200]?.content ?? {};
  expect(Object.keys(documented)).toEqual(["application/x-ndjson", "text/csv", "application/json"]);
  expect(told.tasks).toEqual(["Clue 0", "Clue 1", "Seven"]);
  expect(told.standings).toEqual([
    {
      pos: 1,
      team: "Owls",
      score: 10,
      taskStats: { "Clue 0": { points: 10, time: expect.any(Number) } },
      lastAccept: expect.any(Number),
    },
    { pos: 2, team: "Bats", score: 0, taskStats: {}, lastAccept: 0 },
  ]);
});

describe("sign-up feeds", () => {
  const send = (secret: string, body: unknown, at = new Date(), id = `msg_${crypto.randomUUID()}`) => {
    const text = JSON.stringify(body);
    return client.call<{ accepted: number; rejected: { line: number; code: string }[] }>(
      "POST",
      "/v1/registrations",
      {
        body: text,
        type: "application/json",
        headers: {
          "webhook-id": id,
          "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
          "webhook-signature": new Webhook(secret).sign(id, at, text),
        },
      },
    );
  };

  test("[HOOK-15] a company's system registers players by what it signs with the hunt's secret", async () => {
    const hunt = "fed";
    await client.publish(hunt, soloHunt({ players: { require: "registered", whenOriginDown: "refuse" } }));
    const { secret } = (
      await client.organise<WebhookSecret>("GET", `/v1/hunts/${hunt}/webhooks/registrations/secret`)
    ).body;
    const told = await send(secret, [
      { hunt, externalId: "C-1", name: "Ada" },
      { hunt, externalId: "C-2" },
      { hunt: "tables", externalId: "C-3" },
      { hunt, externalId: "C-4", blocked: true },
      "nothing",
    ]);
    expect(told.status, told.text).toBe(200);
    expect(told.body).toMatchObject({ accepted: 2, rejected: [{ line: 3 }, { line: 4 }, { line: 5 }] });
    expect((await send(secret, { hunt, externalId: "C-5" })).body).toMatchObject({
      accepted: 1,
      rejected: [],
    });
    const join = (externalId: string) =>
      client.call("POST", `/v1/hunts/${hunt}/players`, { json: { name: "Player", externalId } });
    const end = Date.now() + 30_000;
    let joined = await join("C-5");
    while (joined.status !== 201 && Date.now() < end) {
      await sleep(500);
      joined = await join("C-5");
    }
    expect(joined.status, joined.text).toBe(201);
    expect((await join("C-4")).status).toBe(403);
  });

  test("[HOOK-40] [REG-20] [REG-21] what the company has of what the hunt asks need not be given again", async () => {
    const hunt = "fed-fields";
    const fields = [
      { id: "size", label: "Size", kind: "choice", required: true, options: [{ id: "m", label: "M" }] },
      { id: "mail", label: "Mail", kind: "email", once: true },
    ];
    await client.publish(
      hunt,
      soloHunt({ players: { require: "registered", whenOriginDown: "refuse" }, join: { fields } }),
    );
    const { secret } = (
      await client.organise<WebhookSecret>("GET", `/v1/hunts/${hunt}/webhooks/registrations/secret`)
    ).body;
    const told = await send(secret, [
      { hunt, externalId: "F-1", fields: { size: "m", mail: "ada@crm.example" } },
      { hunt, externalId: "F-2", fields: { mail: "bob@crm.example" } },
      { hunt, externalId: "F-3", fields: { size: "purple" } },
      { hunt, externalId: "F-4", fields: { shoes: "42" } },
      { hunt, externalId: "F-5", fields: { size: "m", mail: "ada@crm.example" } },
    ]);
    expect(told.body).toMatchObject({ accepted: 3, rejected: [{ line: 3 }, { line: 4 }] });
    expect(told.text).not.toContain("purple");
    const join = (externalId: string, given: object = {}) =>
      client.call<{ token: string }>("POST", `/v1/hunts/${hunt}/players`, {
        json: { name: `Player ${externalId}`, externalId, ...given },
      });
    await vi.waitFor(async () => expect((await join("F-2")).status).toBe(422), {
      timeout: 30_000,
      interval: 500,
    });
    expect(expectProblem(await join("F-2"), "invalid").issues).toMatchObject([{ path: "fields.size" }]);
    const ada = await join("F-1");
    expect(ada.status, ada.text).toBe(201);
    // The player's own word counts; nobody gives twice what is given once, whoever said it.
    expectProblem(await join("F-5"), "conflict");
    const own = { fields: { mail: "own@example.org" } };
    const eve = await join("F-5", own);
    expect(eve.status, eve.text).toBe(201);
    const dataOf = async (token: string) =>
      (await client.call<{ fields: object[] }>("GET", `/v1/hunts/${hunt}/me/data`, { token })).body.fields;
    expect(await dataOf(ada.body.token)).toEqual([
      { id: "size", registered: true },
      { id: "mail", registered: true },
    ]);
    expect(await dataOf(eve.body.token)).toEqual([
      { id: "size", registered: true },
      { id: "mail", value: "own@example.org" },
    ]);
    const exported = await client.organise("GET", `/v1/hunts/${hunt}/export`);
    expect(exported.text).toContain('{"id":"mail","value":"ada@crm.example","registered":true}');
  });

  test("[HOOK-15] whoever cannot sign is 401, for any hunt alike; too old is 401, and so is another hunt's secret", async () => {
    const { secret } = (
      await client.organise<WebhookSecret>("GET", "/v1/hunts/tables/webhooks/registrations/secret")
    ).body;
    const item = { hunt: "tables", externalId: "C-1" };
    const wrong = `whsec_${Buffer.alloc(32).toString("base64")}`;
    expectProblem(await send(wrong, item), "unauthenticated");
    expectProblem(await send(wrong, { ...item, hunt: "no-such-hunt" }), "unauthenticated");
    expectProblem(await send(secret, { ...item, hunt: "ctf" }), "unauthenticated");
    expectProblem(await send(secret, item, new Date(Date.now() - 400_000)), "unauthenticated");
    expectProblem(await send(secret, []), "invalid");
    expectProblem(await send(secret, { externalId: "C-1" }), "invalid");
    expectProblem(
      await client.call("POST", "/v1/registrations", { json: item, token: client.organiserToken }),
      "unsupported_media_type",
    );
  });
});
