/** A hunt is deleted over HTTP: who may, what everybody sees from then on, and that its id begins anew. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { DeletionBegun, DeletionJob } from "../../src/contract/deletion.ts";
import type { Hunts } from "../../src/contract/hunt.ts";
import { ORGANISER_ROLES } from "../../src/contract/role-table.ts";
import { type Answer, Client, expectProblem, sleep } from "./client.ts";
import { everyOutcome, manyClues } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", ORIGIN_TIMEOUT_MS: "500" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const tokenOf = (person: Partial<Person>): Promise<string> =>
  mintOrganiserToken(engine.secrets, Date.now(), person);

const pathOf = (hunt: string, confirm = hunt): string => `/v1/hunts/${hunt}?confirm=${confirm}&reason=over`;
const remove = (hunt: string, token = client.organiserToken): Promise<Answer<DeletionBegun>> =>
  client.call<DeletionBegun>("DELETE", pathOf(hunt), { token });
const look = (job: string, token = client.organiserToken): Promise<Answer<DeletionJob>> =>
  client.call<DeletionJob>("GET", `/v1/jobs/${job}`, { token });

async function removed(hunt: string, token = client.organiserToken): Promise<DeletionJob> {
  const begun = await remove(hunt, token);
  expect(begun.status, begun.text).toBe(202);
  return ended(begun.body.job, token);
}

async function ended(job: string, token = client.organiserToken): Promise<DeletionJob> {
  for (let before = 0; ; ) {
    const { body, text } = await look(job, token);
    expect(body.done, "it only grows").toBeGreaterThanOrEqual(before);
    expect(body.done).toBeLessThanOrEqual(body.of);
    before = body.done;
    if (body.state === "done") return body;
    expect(body.state, text).toBe("running");
    await sleep(200);
  }
}

describe("[DEL-1] deleting a hunt", () => {
  test("is for owners, of every hunt or of this one", async () => {
    await client.publish("owned", manyClues(1), "draft");
    for (const role of ORGANISER_ROLES.filter((one) => one !== "owner")) {
      expectProblem(await remove("owned", await tokenOf({ roles: [role] })), "forbidden");
      expectProblem(await look("d-1", await tokenOf({ roles: [role] })), "forbidden");
    }
    expectProblem(await remove("owned", await tokenOf({ hunts: ["other"] })), "forbidden");
    expectProblem(await client.call("DELETE", pathOf("owned")), "unauthenticated");
    expectProblem(await look("d-1"), "not_found");
    expectProblem(await look("x".repeat(65)), "not_found");
  });

  test("asks for the hunt's id once more, and for a reason", async () => {
    await client.publish("asked", manyClues(1), "draft");
    for (const query of [
      "",
      "?confirm=asked",
      "?reason=over",
      "?confirm=asked&reason=",
      "?confirm=Asked&reason=over",
      "?confirm=other&reason=over",
      `?confirm=asked&reason=${"x".repeat(501)}`,
      "?confirm=asked&reason=over&more=1",
    ]) {
      expectProblem(await client.organise("DELETE", `/v1/hunts/asked${query}`), "invalid");
    }
    expect((await client.call("GET", "/v1/hunts/asked")).status).toBe(200);
    expectProblem(await remove("never"), "not_found");
  });

  test("is a conflict while it is live or paused", async () => {
    await client.publish("running", manyClues(1));
    expectProblem(await remove("running"), "conflict");
    await client.setPhase("running", "paused");
    expectProblem(await remove("running"), "conflict");
    const player = await client.team("running", "Owls");
    expect((await client.me(player)).phase).toBe("paused");
  });

  test("takes it away from everybody at once, and closes their sockets", async () => {
    const hunt = "taken";
    await client.publish(hunt, everyOutcome());
    const player = await client.team(hunt, "Owls");
    const sockets = [await Socket.ofPlayer(client, player), await Socket.open(client, hunt)];
    await client.setPhase(hunt, "ended");
    const { job } = (await remove(hunt)).body;
    const paths: [string, string, string?][] = [
      ["GET", ""],
      ["GET", "/leaderboard"],
      ["GET", "/me", player.token],
      ["POST", "/tickets", player.token],
      ["GET", "/stats", client.organiserToken],
      ["GET", "/definition", client.organiserToken],
      ["GET", "/export", client.organiserToken],
      ["GET", "/audit", client.organiserToken],
      ["GET", "/dead-letters", client.organiserToken],
      ["GET", "/teams", client.organiserToken],
    ];
    for (const [method, rest, token] of paths) {
      const answer = await client.call(method, `/v1/hunts/${hunt}${rest}`, { token });
      expectProblem(answer, "not_found");
    }
    expectProblem(
      await client.call("POST", `/v1/hunts/${hunt}/players`, {
        json: { name: "Late", team: { create: "Late" } },
      }),
      "not_found",
    );
    expectProblem(await client.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: "live" }), "not_found");
    expectProblem(await client.organise("PUT", `/v1/hunts/${hunt}`, manyClues(1)), "conflict");
    const { body } = await client.organise<Hunts>("GET", "/v1/hunts");
    expect(body.hunts.map((row) => row.hunt)).not.toContain(hunt);
    expect((await remove(hunt)).body, "asked again, it is the same").toEqual({ job });
    for (const socket of sockets) {
      await expect.poll(() => socket.closed?.code, { timeout: 15_000 }).toBe(4_404);
    }
    const told = await ended(job);
    expect(told).toMatchObject({ job, hunt, state: "done", done: told.of });
    expect(Date.parse(told.endedAt ?? "")).toBeGreaterThan(Date.parse(told.begunAt));
    expectProblem(await remove(hunt), "not_found");
  });
});

describe("[DEL-4] the id of a deleted hunt", () => {
  test("is free, and nothing that was made for the first hunt opens the second", async () => {
    const hunt = "anew";
    const owner = await tokenOf({ hunts: [hunt] });
    const editor = await tokenOf({ roles: ["editor"], hunts: [hunt, "other"] });
    await client.publish(hunt, everyOutcome());
    const player = await client.team(hunt, "Owls");
    await client.playOne(player, { id: "1", type: "answer", clue: "cave", answer: "open sesame" });
    await expect.poll(async () => (await client.board(hunt)).total, { timeout: 30_000 }).toBe(1);
    const codes = (await client.organise("GET", `/v1/hunts/${hunt}/codes`)).text;
    const ticket = await ticketOf(client, player);
    await client.setPhase(hunt, "ended");
    const told = await removed(hunt, owner);
    expect(told.state).toBe("done");
    expectProblem(
      await client.call("PUT", `/v1/hunts/${hunt}`, { token: editor, json: everyOutcome() }),
      "forbidden",
    );
    await client.publish(hunt, everyOutcome());

    expect((await client.board(hunt)).total).toBe(0);
    expectProblem(
      await client.call("GET", `/v1/hunts/${hunt}/me`, { token: player.token }),
      "unauthenticated",
    );
    expectProblem(
      await client.call("POST", `/v1/hunts/${hunt}/events`, {
        token: player.token,
        json: { events: [{ id: "2", type: "answer", clue: "cave", answer: "x" }] },
      }),
      "unauthenticated",
    );
    expectProblem(
      await client.call("POST", `/v1/hunts/${hunt}/sessions/renew`, { token: player.token }),
      "unauthenticated",
    );
    for (const [method, path] of [
      ["GET", "/me/data"],
      ["DELETE", "/me"],
      ["POST", "/team/leave"],
      ["POST", "/sessions/end"],
    ] as const) {
      const asked = await client.call(method, `/v1/hunts/${hunt}${path}`, { token: player.token });
      expectProblem(asked, "unauthenticated");
    }
    expectProblem(
      await client.call("POST", `/v1/hunts/${hunt}/sessions`, { json: { returnCode: player.returnCode } }),
      "not_found",
    );
    expectProblem(
      await client.call("POST", `/v1/hunts/${hunt}/players`, {
        json: { name: "Bob", team: { join: player.team.joinCode } },
      }),
      "not_found",
    );
    await expect(Socket.open(client, hunt, ticket)).rejects.toThrow("refused");
    for (const token of [owner, editor]) {
      expectProblem(await client.call("GET", `/v1/hunts/${hunt}/stats`, { token }), "forbidden");
      const { body } = await client.call<Hunts>("GET", "/v1/hunts", { token });
      expect(body.hunts).toEqual([]);
    }
    expectProblem(await client.call("DELETE", pathOf(hunt), { token: owner }), "forbidden");
    expect((await look(told.job, owner)).body.state, "but how it went").toBe("done");
    expect((await client.organise("GET", `/v1/hunts/${hunt}/codes`)).text).not.toBe(codes);

    const next = await client.team(hunt, "Owls");
    expect(next.team.id).not.toBe(player.team.id);
    expect((await client.me(next)).team.score).toBe(0);
    const later = await tokenOf({ hunts: [hunt] });
    expect((await client.call("GET", `/v1/hunts/${hunt}/stats`, { token: later })).status).toBe(200);
    const socket = await Socket.ofPlayer(client, next);
    await socket.close();
    const back = await client.call<{ token: string }>("POST", `/v1/hunts/${hunt}/sessions`, {
      json: { returnCode: next.returnCode },
    });
    expect(back.status, back.text).toBe(201);
    const renewed = await client.call<{ token: string }>("POST", `/v1/hunts/${hunt}/sessions/renew`, {
      token: back.body.token,
    });
    expect(renewed.status, renewed.text).toBe(200);
    await client.playOne(next, { id: "1", type: "answer", clue: "cave", answer: "open sesame" });
    await expect
      .poll(async () => (await client.board(hunt)).entries[0]?.score, { timeout: 30_000 })
      .toBe(100);
    await client.verify(hunt);
  });

  test("is in the audit of the engine, for owners of every hunt alone", async () => {
    const { body } = await client.organise<Audit>("GET", "/v1/audit");
    expect(body.entries).toContainEqual(
      expect.objectContaining({
        action: "delete",
        actor: "local",
        detail: expect.objectContaining({ hunt: "anew", reason: "over", erased: true }),
      }),
    );
    expectProblem(
      await client.call("GET", "/v1/audit", { token: await tokenOf({ hunts: ["anew"] }) }),
      "forbidden",
    );
  });
});

test("[DEL-6] a job is told to owners of its hunt, and of every hunt", async () => {
  await client.publish("mine", manyClues(1), "draft");
  const mine = await tokenOf({ hunts: ["mine"] });
  const { job } = (await remove("mine", mine)).body;
  expectProblem(await look(job, await tokenOf({ hunts: ["yours"] })), "not_found");
  expect((await look(job, mine)).status).toBe(200);
  expect((await look(job)).status).toBe(200);
  await ended(job, mine);
});
