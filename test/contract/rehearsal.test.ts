/** The rehearsal of a hunt, over HTTP: a copy with a clock of its own, of which nothing leaves the engine. */
import { randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Codes } from "../../src/contract/definition.ts";
import type { DeletionBegun, DeletionJob } from "../../src/contract/deletion.ts";
import type { Guesses } from "../../src/contract/guesses.ts";
import type { Hunt, Hunts } from "../../src/contract/hunt.ts";
import type { Draw } from "../../src/contract/prizes.ts";
import type { Rehearsal } from "../../src/contract/rehearsal.ts";
import { ORGANISER_ROLES } from "../../src/contract/role-table.ts";
import { ENTRY_AUDIENCE } from "../../src/edge/entry.ts";
import { type Answer, Client, expectProblem, type Player, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { Socket } from "./socket.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** How long a test may take between two looks at a clock, ms. */
const SLACK = 20_000;

const ENTRY_KEY = randomBytes(32);

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      ORIGIN_TIMEOUT_MS: "500",
      ENTRY_KEYS: `sponsor:${ENTRY_KEY.toString("base64url")}`,
    },
  });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const tokenOf = (person: Partial<Person>): Promise<string> =>
  mintOrganiserToken(engine.secrets, Date.now(), person);

const make = (hunt: string, json: object = {}, token = client.organiserToken): Promise<Answer<Rehearsal>> =>
  client.call<Rehearsal>("POST", `/v1/hunts/${hunt}/rehearsal`, { token, json });

async function made(hunt: string, json: object = {}): Promise<Rehearsal> {
  const answer = await make(hunt, json);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const remove = (hunt: string, token = client.organiserToken): Promise<Answer> =>
  client.call("DELETE", `/v1/hunts/${hunt}/rehearsal`, { token });

const lookAt = async (hunt: string): Promise<Hunt> =>
  (await client.call<Hunt>("GET", `/v1/hunts/${hunt}`)).body;

const iso = (at: number): string => new Date(at).toISOString();

const near = (time: string | undefined, at: number): void => {
  expect(Date.parse(time ?? "")).toBeGreaterThanOrEqual(at);
  expect(Date.parse(time ?? "")).toBeLessThan(at + SLACK);
};

const event = (type: string, more: object): never =>
  ({ id: crypto.randomUUID(), type, at: new Date().toISOString(), ...more }) as never;

/** A frame that has come, or comes soon, has the text. */
const until = (socket: Socket, text: string): Promise<unknown> =>
  vi.waitFor(() => expect(JSON.stringify(socket.frames)).toContain(text), { timeout: 90_000, interval: 50 });

const auditOf = async (hunt: string): Promise<string[]> =>
  (await client.organise<Audit>("GET", `/v1/hunts/${hunt}/audit`)).body.entries.map(({ action }) => action);

describe("[REH-1] a rehearsal", () => {
  test("is a copy of the published hunt, listed with the hunt that it rehearses", async () => {
    await client.publish("evening", { ...manyClues(2), title: "The Evening" });
    const { hunt, url, token } = await made("evening");
    expect(hunt).toBe("evening-rehearsal");
    expect(url).toBe(`${engine.url.origin}/play/evening-rehearsal`);
    expect(await lookAt(hunt)).toMatchObject({ title: "The Evening", rehearsalOf: "evening", clueCount: 2 });
    expect(await lookAt("evening")).not.toHaveProperty("rehearsalOf");
    const { hunts } = (await client.organise<Hunts>("GET", "/v1/hunts")).body;
    expect(hunts.find((row) => row.hunt === hunt)).toMatchObject({ rehearsalOf: "evening" });
    expect(hunts.find((row) => row.hunt === "evening")).not.toHaveProperty("rehearsalOf");
    const me = await client.call("GET", "/v1/organisers/me", { token });
    expect(me.body).toMatchObject({ roles: ["owner"], hunts: [hunt] });
    expect(await auditOf("evening")).toContain("rehearse");
    // Of a draft it is a draft: it is begun by hand.
    await client.setPhase(hunt, "live");
    const player = await client.team(hunt, "Owls");
    expect(await client.playOne(player, event("answer", { clue: "c0", answer: "zero" }))).toBeDefined();
    expect((await client.board("evening")).total).toBe(0);
    await client.verify(hunt);
  });

  test("opens to its token, and to nobody else's", async () => {
    await client.publish("scope", manyClues(1));
    const { hunt, token } = await made("scope");
    const stats = (of: string, by: string): Promise<Answer> =>
      client.call("GET", `/v1/hunts/${of}/stats`, { token: by });
    expect((await stats(hunt, token)).status).toBe(200);
    expectProblem(await stats("scope", token), "forbidden");
    expectProblem(await stats(hunt, await tokenOf({ hunts: ["scope"] })), "forbidden");
    expectProblem(await make("scope", {}, token), "forbidden");
  });

  test("is editors' work", async () => {
    await client.publish("roles", manyClues(1));
    for (const role of ORGANISER_ROLES) {
      const token = await tokenOf({ roles: [role], hunts: ["roles"] });
      const answer = await make("roles", {}, token);
      if (role === "editor" || role === "owner") {
        expect(answer.status, answer.text).toBe(201);
        expect((await remove("roles", token)).status).toBe(204);
      } else {
        expectProblem(answer, "forbidden");
        expectProblem(await remove("roles", token), "forbidden");
      }
    }
    expectProblem(await make("roles", {}, await tokenOf({ hunts: ["other"] })), "forbidden");
    const named = await tokenOf({ roles: ["editor"], hunts: ["roles", "roles-elsewhere", "dress"] });
    expectProblem(await make("roles", { hunt: "another" }, named), "forbidden");
    expect((await make("roles", { hunt: "dress" }, named)).status).toBe(201);
  });

  test("has an id that is free", async () => {
    await client.publish("busy", manyClues(1));
    await client.publish("neighbour", manyClues(1));
    for (const taken of ["busy", "neighbour"]) expectProblem(await make("busy", { hunt: taken }), "conflict");
    expectProblem(await make("nowhere"), "not_found");
    expectProblem(await remove("nowhere"), "not_found");
    expectProblem(await remove("busy"), "not_found");
    const long = "l".repeat(60);
    await client.publish(long, manyClues(1));
    expectProblem(await make(long), "invalid");
    for (const wrong of [
      { hunt: "No Slug" },
      { at: "soon" },
      { at: iso(Date.now() + 4_000 * DAY) },
      { definition: 7 },
      { more: 1 },
    ]) {
      expectProblem(await make("busy", wrong), "invalid");
    }
    const { hunt } = await made("busy");
    expectProblem(await make(hunt), "conflict");
  });

  test("may be of another definition than the published one, which is checked before anything is made", async () => {
    await client.publish("draft", { ...manyClues(1), title: "Old" });
    const { hunt } = await made("draft");
    const bad = await make("draft", { definition: { title: "New" } });
    expect(expectProblem(bad, "invalid").issues?.length).toBeGreaterThan(0);
    expectProblem(await make("draft", { definition: ": no\n\t: yaml" }), "bad_request");
    expect((await lookAt(hunt)).title).toBe("Old");
    const definition = { ...manyClues(3), title: "New", hunt: "draft" };
    await made("draft", { hunt: "draft-dress", definition });
    expect(await lookAt("draft-dress")).toMatchObject({ title: "New", clueCount: 3 });
    expect((await lookAt("draft")).title).toBe("Old");
    // The hunt has one rehearsal, whatever its id.
    expectProblem(await client.call("GET", `/v1/hunts/${hunt}`), "not_found");
    await made("draft", { definition: JSON.stringify(definition) });
    expect(await lookAt(hunt)).toMatchObject({ title: "New" });
  });
});

describe("[REH-2] its clock", () => {
  const opens = Date.now() + 30 * DAY;
  const timed = {
    opens: iso(opens),
    closes: iso(opens + 3 * 60 * MINUTE),
    freeze: iso(opens + 60 * MINUTE),
  };
  const later = (clue: object): object => ({
    ...manyClues(2),
    ...timed,
    clues: [
      ...(manyClues(1) as { clues: object[] }).clues,
      { id: "late", round: "one", title: "Late", kind: "answer", answers: ["late"], points: 10, ...clue },
    ],
  });

  test("is what it was given, and goes on: phases, facts and all times are by it", async () => {
    await client.publish("ahead", { ...manyClues(2), ...timed }, "draft");
    expect(await lookAt("ahead")).toMatchObject({ phase: "draft", scheduled: true });
    const at = opens + 10 * MINUTE;
    const { hunt, token } = await made("ahead", { at: iso(at) });
    const seen = await lookAt(hunt);
    expect(seen).toMatchObject({ phase: "live", opens: timed.opens, closes: timed.closes });
    near(seen.serverTime, at);
    const player = await client.team(hunt, "Owls");
    const me = await client.me(player);
    expect(me.phase).toBe("live");
    near(me.serverTime, at);
    await client.playOne(player, { id: "one", type: "answer", clue: "c0", answer: "wrong" } as never);
    const { guesses } = (
      await client.call<Guesses>("GET", `/v1/hunts/${hunt}/clues/c0/guesses`, { token: player.token })
    ).body;
    near(guesses[0]?.at, at);
    near((await client.export(hunt))[0]?.at, at);
    const { entries } = (await client.call<Audit>("GET", `/v1/hunts/${hunt}/audit`, { token })).body;
    near(entries[0]?.at, at);
    const board = await client.board(hunt);
    near(board.asOf, at);
    expect(board.frozen).toBe(false);
    const { hunts } = (await client.organise<Hunts>("GET", "/v1/hunts")).body;
    expect(hunts.find((row) => row.hunt === hunt)?.phase).toBe("live");
    expect(await lookAt("ahead")).toMatchObject({ phase: "draft" });
    await client.verify(hunt);
  });

  test("freezes and ends it: the standings by the freeze, tokens not", async () => {
    await client.publish("frozen", { ...manyClues(2), ...timed }, "draft");
    const { hunt } = await made("frozen", { at: iso(opens + 90 * MINUTE) });
    await client.team(hunt, "Owls");
    expect((await client.board(hunt)).frozen).toBe(true);
    const ended = await made("frozen", { at: iso(Date.parse(timed.closes) - 4_000) });
    const player = await client.team(ended.hunt, "Owls");
    const socket = await Socket.ofPlayer(client, player);
    const watching = await Socket.open(client, ended.hunt);
    for (const each of [socket, watching]) await until(each, '"phase":"ended"');
    expect((await client.me(player)).phase).toBe("ended");
    expect((await lookAt(ended.hunt)).phase).toBe("ended");
  });

  test("opens clues and sends what is scheduled, on open sockets and after a restart", async () => {
    await client.publish("moments", later({ opens: { at: iso(opens + 60_000) } }), "draft");
    const { hunt, token } = await made("moments", { at: iso(opens + 60_000 - 6_000) });
    const player = await client.team(hunt, "Owls");
    const socket = await Socket.ofPlayer(client, player);
    expect((await client.me(player)).clues.find(({ id }) => id === "late")).toBeUndefined();
    const text = "It is time.";
    const announced = await client.call("POST", `/v1/hunts/${hunt}/announcements`, {
      token,
      json: { text, at: iso(opens + 60_000) },
    });
    expect(announced.status, announced.text).toBe(201);
    expect((await client.me(player)).announcements).toEqual([]);
    await until(socket, '"unlocked":["late"]');
    await until(socket, text);
    expect((await client.me(player)).announcements).toMatchObject([{ text }]);
  });

  test("may be in the past, and a player's times are of it", async () => {
    await client.publish("past", manyClues(2));
    const at = Date.now() - 400 * DAY;
    const { hunt } = await made("past", { at: iso(at) });
    await client.setPhase(hunt, "live");
    const player = await client.team(hunt, "Owls");
    near((await client.me(player)).serverTime, at);
    await client.playOne(player, event("answer", { clue: "c0", answer: "wrong" }));
    const facts = await client.export(hunt);
    for (const fact of facts) near(fact.at, at);
    expect((await client.me(player)).phase).toBe("live");
    await vi.waitFor(async () => expect((await client.board(hunt)).total).toBe(1), {
      timeout: 60_000,
      interval: 100,
    });
    // Long texts apart have tickets by the engine's clock.
    const me = await client.call<{ serverTime: string }>("GET", `/v1/hunts/${hunt}/me?bodies=apart`, {
      token: player.token,
    });
    expect(me.status).toBe(200);
  });
});

test("[REH-3] codes printed for the hunt scan in its rehearsal, as they are and as addresses", async () => {
  const scans = {
    ...manyClues(1),
    clues: [
      { id: "made", round: "one", title: "Made", kind: "scan", points: 1 },
      { id: "given", round: "one", title: "Given", kind: "scan", points: 1, code: "Anchor 7" },
    ],
  };
  await client.publish("printed", scans);
  const codesOf = async (hunt: string): Promise<Codes["codes"]> =>
    (await client.organise<Codes>("GET", `/v1/hunts/${hunt}/codes`)).body.codes;
  const printed = await codesOf("printed");
  for (const json of [{}, { definition: scans }]) {
    const { hunt, token } = await made("printed", json);
    expect((await codesOf(hunt)).map(({ code }) => code)).toEqual(printed.map(({ code }) => code));
    await client.setPhase(hunt, "live");
    const [one, two] = [await client.team(hunt, "Owls"), await client.team(hunt, "Foxes")];
    for (const { code, url } of printed) {
      for (const [player, text] of [
        [one, code],
        [two, url],
      ] as [Player, string][]) {
        expect(await client.playOne(player, event("scan", { code: text }))).toMatchObject({
          outcome: "correct",
        });
      }
    }
    // Also in a new version of the rehearsal itself.
    const again = await client.call("PUT", `/v1/hunts/${hunt}`, { token, json: scans });
    expect(again.status, again.text).toBe(200);
    expect((await codesOf(hunt)).map(({ code }) => code)).toEqual(printed.map(({ code }) => code));
  }
});

test("[REH-4] prizes are play money: none of the hunt's stock, its codes or its draws", async () => {
  const prizes = [
    { id: "voucher", title: "A voucher", mode: "first-come", stock: 1, codes: ["REAL-VOUCHER-1"] },
    { id: "luck", title: "Luck", mode: "odds", odds: 1, stock: 5 },
  ];
  const hunt = { ...manyClues(1), prizes };
  await client.publish("prizes", hunt);
  const real = await client.team("prizes", "Owls");
  const { hunt: as, token } = await made("prizes", {});
  await client.setPhase(as, "live");
  const player = await client.team(as, "Owls");
  const won = await client.playOne(player, event("claim", { prize: "voucher" }));
  expect(won).toMatchObject({ outcome: "won" });
  expect(JSON.stringify([won, await client.me(player)])).not.toContain("REAL-VOUCHER-1");
  const winners = await client.call("GET", `/v1/hunts/${as}/prizes/voucher/winners`, { token });
  expect(winners.text).not.toContain("REAL-VOUCHER-1");
  // The hunt's own unit is there still.
  expect(await client.playOne(real, event("claim", { prize: "voucher" }))).toMatchObject({
    outcome: "won",
    prize: { code: "REAL-VOUCHER-1" },
  });
  const drawOf = async (of: string): Promise<Draw> =>
    (await client.call<Draw>("GET", `/v1/hunts/${of}/prizes/luck/draw`)).body;
  const hashes = [await drawOf("prizes"), await drawOf(as)].map(({ drawHash }) => drawHash);
  expect(new Set(hashes).size).toBe(2);
  await client.setPhase(as, "ended");
  const told = await drawOf(as);
  expect(told.drawSeed).toMatch(/^[0-9a-f]{64}$/);
  // Made anew, it has another seed, also where the one before was told.
  await made("prizes");
  await client.setPhase(as, "live");
  await client.setPhase(as, "ended");
  const anew = await drawOf(as);
  expect(anew.drawHash).not.toBe(told.drawHash);
  expect(anew.drawSeed).not.toBe(told.drawSeed);
});

test("[REH-5] nothing of it is sent to the origin, and it is whole without", async () => {
  await client.publish("kept", manyClues(1));
  const { hunt, token } = await made("kept");
  await client.setPhase(hunt, "live");
  for (const name of ["Owls", "Foxes"]) {
    const player = await client.team(hunt, name);
    await client.playOne(player, event("answer", { clue: "c0", answer: "wrong" }));
  }
  await sleep(1_500);
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  const { results: tables } = await database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%hunt%'")
    .all<{ name: string }>();
  expect(tables.length).toBeGreaterThan(0);
  for (const { name } of tables) {
    const { results } = await database.prepare(`SELECT * FROM "${name}"`).all();
    expect(JSON.stringify(results), name).not.toContain(hunt);
  }
  expect(await client.verify(hunt)).toMatchObject({ teams: 2 });
  const asked = { token, json: { reason: "try" } };
  for (const what of ["rearchive", "repair"]) {
    expectProblem(await client.call("POST", `/v1/hunts/${hunt}/${what}`, asked), "conflict");
  }
});

describe("[REH-6] made anew and removed", () => {
  test("nothing of the one before is left, and its tokens are void", async () => {
    await client.publish("anew", manyClues(1));
    const first = await made("anew");
    await client.setPhase(first.hunt, "live");
    const player = await client.team(first.hunt, "Owls");
    const socket = await Socket.ofPlayer(client, player);
    const second = await made("anew", { at: iso(Date.now() + DAY) });
    expect(second.hunt).toBe(first.hunt);
    await expect.poll(() => socket.closed, { timeout: 30_000 }).toBeDefined();
    const stats = (token: string): Promise<Answer> =>
      client.call("GET", `/v1/hunts/${first.hunt}/stats`, { token });
    expectProblem(await stats(first.token), "forbidden");
    expect((await stats(second.token)).body).toMatchObject({ teams: 0 });
    expectProblem(
      await client.call("GET", `/v1/hunts/${first.hunt}/me`, { token: player.token }),
      "unauthenticated",
    );
    expect((await client.board(first.hunt)).total).toBe(0);
    // The name is free.
    await client.team(first.hunt, "Owls");
    const left = await remove("anew");
    expect([left.status, left.text]).toEqual([204, ""]);
    expectProblem(await client.call("GET", `/v1/hunts/${first.hunt}`), "not_found");
    expectProblem(await stats(second.token), "not_found");
    expectProblem(await remove("anew"), "not_found");
    expect(await auditOf("anew")).toEqual(expect.arrayContaining(["rehearse", "end-rehearsal"]));
    expect((await lookAt("anew")).phase).toBe("live");
    const { hunts } = (await client.organise<Hunts>("GET", "/v1/hunts")).body;
    expect(hunts.map((row) => row.hunt)).not.toContain(first.hunt);
  });

  test("goes with its hunt, in whatever phase it is", async () => {
    await client.publish("gone", manyClues(1));
    const { hunt } = await made("gone");
    await client.setPhase(hunt, "live");
    await client.team(hunt, "Owls");
    await client.setPhase("gone", "ended");
    const begun = await client.organise<DeletionBegun>("DELETE", "/v1/hunts/gone?confirm=gone&reason=over");
    expect(begun.status, begun.text).toBe(202);
    for (;;) {
      const { state } = (await client.organise<DeletionJob>("GET", `/v1/jobs/${begun.body.job}`)).body;
      if (state === "done") break;
      expect(state).toBe("running");
      await sleep(200);
    }
    expectProblem(await client.call("GET", `/v1/hunts/${hunt}`), "not_found");
    const { hunts } = (await client.organise<Hunts>("GET", "/v1/hunts")).body;
    expect(hunts.map((row) => row.hunt)).not.toContain(hunt);
  });

  test("asked for several times at once, there is one in the end", async () => {
    await client.publish("twice", manyClues(1));
    const answers = await Promise.all([make("twice"), make("twice"), make("twice")]);
    for (const { status, text } of answers) expect([201, 409], text).toContain(status);
    const last = answers.filter(({ status }) => status === 201);
    expect(last.length).toBeGreaterThan(0);
    expect((await lookAt("twice-rehearsal")).rehearsalOf).toBe("twice");
  });
});

describe("[REH-7] who joins it joins as any hunt", () => {
  test("by a ticket of the hunt that it rehearses, or of its own; and not by another's", async () => {
    await client.publish("signed", manyClues(1, { players: { require: "signed" } }));
    const { hunt } = await made("signed");
    const ticket = (of: string, sub: string): Promise<string> =>
      new SignJWT({ hunt: of })
        .setProtectedHeader({ alg: "HS256", kid: "sponsor" })
        .setAudience(ENTRY_AUDIENCE)
        .setSubject(sub)
        .setExpirationTime(Math.floor(Date.now() / 1_000) + 60)
        .sign(ENTRY_KEY);
    const join = async (into: string, of: string, sub: string): Promise<number> => {
      const json = { name: sub, team: { create: `Team ${sub}` }, entry: await ticket(of, sub) };
      return (await client.call("POST", `/v1/hunts/${into}/players`, { json })).status;
    };
    expect(await join(hunt, "signed", "ann")).toBe(201);
    expect(await join(hunt, hunt, "ben")).toBe(201);
    expect(await join(hunt, "other", "cat")).toBe(403);
    expect(await join("signed", hunt, "ann")).toBe(403);
    // Who rehearsed joins the hunt itself.
    expect(await join("signed", "signed", "ann")).toBe(201);
  });

  test("registered ones too, and who is forgotten there stays registered", async () => {
    await client.publish("listed", manyClues(1, { players: { require: "registered" } }));
    const { hunt, token } = await made("listed");
    const sent = await client.call("POST", "/v1/registrations", {
      token: client.organiserToken,
      body: JSON.stringify({ externalId: "ada" }),
      type: "application/x-ndjson",
    });
    expect(sent.status, sent.text).toBe(202);
    const database = await engine.miniflare.getD1Database("ORIGIN_DB");
    const isThere = async (): Promise<boolean> =>
      (await database.prepare("SELECT 1 FROM registration WHERE external_id = 'ada'").first()) !== null;
    await vi.waitFor(async () => expect(await isThere()).toBe(true), { timeout: 60_000, interval: 50 });
    const { team, id } = await client.join(hunt, {
      name: "Ada",
      team: { create: "Owls" },
      externalId: "ada",
    });
    const forgotten = await client.call("POST", `/v1/hunts/${hunt}/teams/${team.id}/members/${id}/forget`, {
      token,
      json: { reason: "a rehearsal" },
    });
    expect(forgotten.status, forgotten.text).toBe(204);
    await sleep(1_500);
    expect(await isThere()).toBe(true);
    await client.join("listed", { name: "Ada", team: { create: "Owls" }, externalId: "ada" });
  });
});
