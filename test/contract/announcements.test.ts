/** Announcements over the wire: `/me`, the pages of players and of organisers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Me } from "../../src/contract/me.ts";
import type { AnnouncementRow, Announcements } from "../../src/contract/running.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues, SECRET_ANSWER } from "./hunts.ts";
import { Socket } from "./socket.ts";

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

const post = (hunt: string, body: object) =>
  client.organise<{ id: string; at: string }>("POST", `/v1/hunts/${hunt}/announcements`, body);

async function announce(hunt: string, body: object): Promise<string> {
  const told = await post(hunt, body);
  expect(told.status, told.text).toBe(201);
  return told.body.id;
}

const edit = (hunt: string, id: string, text: string) =>
  client.organise<AnnouncementRow>("PATCH", `/v1/hunts/${hunt}/announcements/${id}`, {
    text,
    reason: "a typo",
  });

const remove = (hunt: string, id: string) =>
  client.organise("DELETE", `/v1/hunts/${hunt}/announcements/${id}?reason=wrong`);

const textsOf = async (player: Player): Promise<string[]> =>
  (await client.me(player)).announcements.map(({ text }) => text);

const pageOf = async (player: Player): Promise<string[]> => {
  const path = `/v1/hunts/${player.hunt}/announcements`;
  const page = await client.call<Announcements>("GET", path, { token: player.token });
  return page.body.announcements.map(({ text }) => text).reverse();
};

const listOf = async (hunt: string, query = ""): Promise<Announcements> =>
  (await client.organise<Announcements>("GET", `/v1/hunts/${hunt}/announcements${query}`)).body;

describe("[ANN-1] at its time", () => {
  test("nobody is told before, organisers see it wait; it goes out once", async () => {
    await client.publish("later", manyClues(1));
    const ada = await client.team("later", "Ada");
    const socket = await Socket.ofPlayer(client, ada);
    const at = new Date(Date.now() + 3_000).toISOString();
    const id = await announce("later", { text: "Lunch.", at });
    await announce("later", { text: "Now.", at: "2020-01-01T00:00:00Z" });
    expect(await socket.next("announcement")).toMatchObject({ text: "Now." });
    expect(await textsOf(ada)).toEqual(["Now."]);
    expect(await pageOf(ada)).toEqual(["Now."]);
    expect((await listOf("later")).announcements).toMatchObject([
      { id, text: "Lunch.", at, scheduled: true },
      { text: "Now." },
    ]);
    const first = await listOf("later", "?limit=1");
    expect(first.announcements).toMatchObject([{ id }]);
    expect((await listOf("later", `?limit=1&cursor=${first.cursor}`)).announcements).toMatchObject([
      { text: "Now." },
    ]);
    expect(await socket.next("announcement")).toMatchObject({ id, text: "Lunch.", at });
    expect(await textsOf(ada)).toEqual(["Now.", "Lunch."]);
    expect((await listOf("later")).announcements.filter(({ scheduled }) => scheduled)).toEqual([]);
    await sleep(500);
    expect(socket.frames.filter((frame) => "announcement" in frame)).toHaveLength(2);
    await socket.close();
  });

  test("one that waits is edited and taken back; 50 can wait", async () => {
    await client.publish("waiting", manyClues(1));
    const ada = await client.team("waiting", "Ada");
    const at = new Date(Date.now() + 2_500).toISOString();
    const edited = await announce("waiting", { text: "Frist", at });
    const gone = await announce("waiting", { text: "Never", at });
    const changed = await edit("waiting", edited, "First");
    expect(changed.body).toMatchObject({ text: "First", at });
    expect(changed.body).not.toHaveProperty("edited");
    expect((await remove("waiting", gone)).status).toBe(204);
    expectProblem(await remove("waiting", gone), "not_found");
    await expect.poll(() => textsOf(ada), { timeout: 30_000 }).toEqual(["First"]);
    const day = new Date(Date.now() + 86_400_000).toISOString();
    for (let n = 0; n < 50; n += 1) await announce("waiting", { text: `${n}`, at: day });
    expectProblem(await post("waiting", { text: "one more", at: day }), "conflict");
  });
});

describe("[ANN-2] to whom", () => {
  test("teams, a bracket as it is then, a clue not solved yet", async () => {
    await client.publish("to", everyOutcome());
    const [one, two] = [await client.team("to", "One", "locals"), await client.team("to", "Two", "visitors")];
    const spectator = await Socket.open(client, "to");
    const sockets = [await Socket.ofPlayer(client, one), await Socket.ofPlayer(client, two)] as const;
    await announce("to", { text: "one alone", to: { teams: [one.team.id] } });
    await announce("to", { text: "visitors", to: { bracket: "visitors" } });
    await announce("to", { text: "cave open", to: { unsolved: "cave" } });
    await announce("to", { text: "nobody", to: { bracket: "visitors", teams: [one.team.id] } });
    await announce("to", { text: "all" });
    expect(await textsOf(one)).toEqual(["one alone", "cave open", "all"]);
    expect(await textsOf(two)).toEqual(["visitors", "cave open", "all"]);
    for (const each of [one, two]) expect(await pageOf(each)).toEqual(await textsOf(each));
    const heard = (socket: Socket) =>
      socket.frames.flatMap(({ announcement }) =>
        announcement ? [(announcement as { text: string }).text] : [],
      );
    for (const socket of [...sockets, spectator]) await expect.poll(() => heard(socket)).toContain("all");
    expect(heard(sockets[0])).toEqual(["one alone", "cave open", "all"]);
    expect(heard(sockets[1])).toEqual(["visitors", "cave open", "all"]);
    expect(heard(spectator)).toEqual(["all"]);
    // Who comes later is told what is not solved yet, and nothing that was sent to a bracket.
    const late = await client.team("to", "Late", "visitors");
    expect(await textsOf(late)).toEqual(["cave open", "all"]);
    await client.organise("PATCH", `/v1/hunts/to/teams/${two.team.id}`, {
      bracket: "locals",
      reason: "moved",
    });
    expect(await textsOf(two)).toEqual(["visitors", "cave open", "all"]);
    await client.playOne(late, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
    expect(await textsOf(late)).toEqual(["all"]);
    expect(await pageOf(late)).toEqual(["all"]);
    const rows = (await listOf("to")).announcements;
    expect(rows.find(({ text }) => text === "visitors")?.to).toEqual({ bracket: "visitors" });
    expect(JSON.stringify(await client.me(two))).not.toContain('"to":');
    for (const socket of [...sockets, spectator]) await socket.close();
  });

  test("nobody that there is not", async () => {
    const wrong = [
      { to: { teams: ["weur-0-zz-guess"] } },
      { to: { teams: [] } },
      { to: { bracket: "nowhere" } },
      { to: { unsolved: "nowhere" } },
      { to: {} },
      { to: { everybody: true } },
      { at: "tomorrow" },
    ];
    for (const each of wrong) expectProblem(await post("to", { text: "Who?", ...each }), "invalid");
  });
});

test("[ANN-3] an erratum stands at its clue, also for who opens it later, and is an announcement too", async () => {
  await client.publish("errata", everyOutcome());
  const [ahead, behind] = [await client.team("errata", "Ahead"), await client.team("errata", "Behind")];
  await client.playOne(ahead, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
  const id = await announce("errata", { text: "It is the *other* lid.", clue: "chest", erratum: true });
  const errataOf = async (player: Player) =>
    (await client.me(player)).clues.find((clue) => clue.id === "chest")?.errata;
  expect(await errataOf(ahead)).toEqual([{ at: expect.any(String), text: "It is the *other* lid." }]);
  expect(await textsOf(ahead)).toEqual(["It is the *other* lid."]);
  expect(await textsOf(behind)).toEqual([]);
  expect(JSON.stringify(await client.me(behind))).not.toContain("lid");
  // Who saw the clue before is told of it as of a change.
  const path = "/v1/hunts/errata/me";
  const before = await client.call("GET", path, { token: ahead.token });
  await edit("errata", id, "It is the third lid.");
  const since = encodeURIComponent(before.headers.get("etag") ?? "");
  const changed = await client.call<{ clues: { id: string }[] }>("GET", `${path}?since=${since}`, {
    token: ahead.token,
  });
  expect(changed.body.clues).toMatchObject([{ id: "chest", errata: [{ text: "It is the third lid." }] }]);
  for (let n = 0; n < 60; n += 1) await announce("errata", { text: `noise ${n}`, clue: "chest" });
  await client.playOne(behind, { id: "s", type: "answer", clue: "cave", answer: SECRET_ANSWER });
  expect(await errataOf(behind)).toMatchObject([
    { text: "It is the third lid.", edited: expect.any(String) },
  ]);
  await remove("errata", id);
  expect(await errataOf(behind)).toBeUndefined();
  expectProblem(await post("errata", { text: "What?", erratum: true }), "invalid");
});

test("[ANN-4] an edit and a taking back reach who was told; the pages go on around what is gone", async () => {
  await client.publish("edited", manyClues(1));
  const ada = await client.team("edited", "Ada");
  const ids: string[] = [];
  for (const text of ["a", "b", "c"]) ids.push(await announce("edited", { text }));
  const [first = "", second = ""] = ids;
  const sockets = [await Socket.ofPlayer(client, ada), await Socket.open(client, "edited")];
  const told = await edit("edited", first, "A");
  expect(told.status, told.text).toBe(200);
  expect(told.body).toMatchObject({ id: first, text: "A", edited: expect.any(String) });
  for (const socket of sockets) {
    expect(await socket.next("announcement")).toMatchObject({
      id: first,
      text: "A",
      edited: told.body.edited,
    });
  }
  expect((await remove("edited", second)).status).toBe(204);
  for (const socket of sockets) {
    expect(await socket.next("announcement")).toEqual({ id: second, removed: true });
  }
  expect(await textsOf(ada)).toEqual(["A", "c"]);
  expect(await pageOf(ada)).toEqual(["A", "c"]);
  const rows = (await listOf("edited", `?cursor=${second}`)).announcements;
  expect(rows.map(({ text }) => text)).toEqual(["A"]);
  expectProblem(await edit("edited", second, "B"), "not_found");
  expectProblem(await remove("edited", second), "not_found");
  expectProblem(await edit("edited", "a-unknown", "B"), "not_found");
  expectProblem(
    await client.organise("PATCH", `/v1/hunts/edited/announcements/${first}`, { text: "x" }),
    "invalid",
  );
  expectProblem(await client.organise("DELETE", `/v1/hunts/edited/announcements/${first}`), "invalid");
  const audit = await client.organise<Audit>("GET", "/v1/hunts/edited/audit");
  expect(audit.body.entries.slice(0, 2)).toMatchObject([
    { action: "remove-announcement", detail: { id: second, reason: "wrong" } },
    { action: "edit-announcement", detail: { id: first, reason: "a typo" } },
  ]);
  for (const socket of sockets) await socket.close();
});
