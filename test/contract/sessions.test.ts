/** Coming back: return codes, renewal, signing out elsewhere, and what is void from then on. */
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { ComeBackBody, EndedElsewhere, Renewed, Returned } from "../../src/contract/sessions.ts";
import { currentKey } from "../../src/secrets.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { Socket } from "./socket.ts";

const DAY = 86_400;
const HUNT = "sessions";

let engine: Engine;
let client: Client;
let teams = 0;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", LEADERBOARD_MEMORY_MS: "0" } });
  client = await Client.of(engine);
  await client.publish(HUNT, manyClues(3));
  await client.publish("sessions-other", manyClues(1));
});
afterAll(() => engine.stop());

/** A new player alone in a team. */
function joinAnew(): Promise<Player> {
  teams += 1;
  return client.join(HUNT, { name: "Ada", team: { create: `Team ${teams}` } });
}

const comeBack = (returnCode: string, hunt = HUNT): Promise<Answer<Joined>> =>
  client.call<Joined>("POST", `/v1/hunts/${hunt}/sessions`, { json: { returnCode } satisfies ComeBackBody });

const renew = (token: string): Promise<Answer<Renewed>> =>
  client.call<Renewed>("POST", `/v1/hunts/${HUNT}/sessions/renew`, { token });

const end = (token: string, key?: string): Promise<Answer<EndedElsewhere>> =>
  client.call<EndedElsewhere>("POST", `/v1/hunts/${HUNT}/sessions/end`, {
    token,
    ...(key === undefined ? {} : { headers: { "idempotency-key": key } }),
  });

const returnOf = (team: string, player: string, json: object = { reason: "lost the phone" }) =>
  client.organise<Returned>("POST", `/v1/hunts/${HUNT}/teams/${team}/members/${player}/return`, json);

/** A player's token that ends so many seconds from now; negative: ended so long ago. */
function tokenOf({ id, team }: Player, expires: number, gen?: unknown): Promise<string> {
  const key = currentKey("PLAYER_TOKEN_KEYS", engine.secrets.PLAYER_TOKEN_KEYS);
  const at = Math.floor(Date.now() / 1_000);
  return new SignJWT({ hunt: HUNT, team: team.id, ...(gen === undefined ? {} : { gen }) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience("hunt-player")
    .setSubject(id)
    .setExpirationTime(at + expires)
    .sign(key.bytes);
}

/** Every way a player acts or looks by its token. */
function everything(token: string): Promise<Answer[]> {
  const { origin } = client.url;
  expect(origin).toBeDefined();
  const get = (path: string) => client.call("GET", `/v1/hunts/${HUNT}${path}`, { token });
  const post = (path: string, json?: object) =>
    client.call("POST", `/v1/hunts/${HUNT}${path}`, { token, ...(json ? { json } : {}) });
  return Promise.all([
    get("/me"),
    get("/announcements"),
    get("/proof/weur-0/1"),
    post("/tickets"),
    post("/events", { events: [{ id: "g", type: "answer", clue: "c0", answer: "right 0" }] }),
    post("/events", { events: [{ id: "p", type: "claim", prize: "none" }] }),
    post("/sessions/renew"),
    post("/sessions/end"),
  ]);
}

test("[SEC-150] a return code is told at joining and in /me, is always the same, and folds as join codes do", async () => {
  const ada = await joinAnew();
  expect(ada.returnCode).toMatch(/^[A-Z]+\d+-[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{6}$/);
  expect((await client.me(ada)).player).toEqual({ id: ada.id, name: "Ada", returnCode: ada.returnCode });
  const typed = [
    ada.returnCode,
    ada.returnCode.toLowerCase(),
    ada.returnCode.replaceAll("-", ""),
    ` ${[...ada.returnCode].join(" ")} `.slice(0, 64),
    ada.returnCode.replaceAll("0", "o").replaceAll("1", "l"),
  ];
  for (const text of typed) {
    const back = await comeBack(text);
    expect(back.status, text).toBe(201);
    expect(back.body).toMatchObject({
      player: { id: ada.id, name: "Ada" },
      team: ada.team,
      returnCode: ada.returnCode,
    });
    // The same player: what one device did, the other sees.
    expect((await client.me({ ...ada, token: back.body.token })).player.id).toBe(ada.id);
  }
  // The other device is not signed out by it.
  await client.me(ada);
  const mate = await client.call<Joined>("POST", `/v1/hunts/${HUNT}/players`, {
    json: { name: "Ben", team: { join: ada.team.joinCode ?? "" } },
  });
  expect(mate.body.returnCode).not.toBe(ada.returnCode);
  expect((await comeBack(mate.body.returnCode)).body.player.name).toBe("Ben");
});

test("[SEC-150] a code that nobody has is 404, and no other code comes in by it", async () => {
  const ada = await joinAnew();
  const changed = `${ada.returnCode.slice(0, -1)}${ada.returnCode.endsWith("A") ? "B" : "A"}`;
  for (const code of [
    changed,
    ada.team.joinCode ?? "",
    ada.token.slice(0, 60),
    "x",
    "WEUR0-000000",
    ada.team.id,
  ]) {
    expectProblem(await comeBack(code), "not_found");
  }
  expectProblem(await comeBack(ada.returnCode, "sessions-other"), "not_found");
  expectProblem(await comeBack(ada.returnCode, "no-such-hunt"), "not_found");
  expectProblem(await comeBack(""), "invalid");
  // Nor is one a join code.
  const joined = await client.call("POST", `/v1/hunts/${HUNT}/players`, {
    json: { name: "Eve", team: { join: ada.returnCode } },
  });
  expectProblem(joined, "not_found");
});

test("[SEC-151] signing out elsewhere voids every earlier token and code, whatever an isolate remembers, and closes sockets", async () => {
  const ada = await joinAnew();
  const elsewhere = (await comeBack(ada.returnCode)).body.token;
  // The isolate knows both tokens by now.
  await client.me(ada);
  await client.me({ ...ada, token: elsewhere });
  const socket = await Socket.ofPlayer(client, { ...ada, token: elsewhere });
  const ticket = await client.call<{ ticket: string }>("POST", `/v1/hunts/${HUNT}/tickets`, {
    token: elsewhere,
  });
  const ended = await end(ada.token);
  expect(ended.status, ended.text).toBe(200);
  const { token, returnCode } = ended.body;
  expect(await socket.next("error")).toMatchObject({ code: "unauthenticated" });
  await expect.poll(() => socket.isClosing).toBe(true);
  for (const old of [ada.token, elsewhere]) {
    for (const answer of await everything(old)) expectProblem(answer, "unauthenticated");
  }
  // A ticket of before opens nothing, either.
  await expect(Socket.open(client, HUNT, ticket.body.ticket)).rejects.toThrow();
  expectProblem(await comeBack(ada.returnCode), "not_found");
  expect(returnCode).not.toBe(ada.returnCode);
  expect((await client.me({ ...ada, token })).player.returnCode).toBe(returnCode);
  const back = await comeBack(returnCode);
  expect(back.body.player.id).toBe(ada.id);
  const again = await Socket.ofPlayer(client, { ...ada, token });
  expect(again.closed).toBeUndefined();
  await again.close();
  expect(
    await client.playOne({ ...ada, token }, { id: "e", type: "answer", clue: "c0", answer: "right 0" }),
  ).toMatchObject({ outcome: "correct" });
  const facts = (await client.export(HUNT)).filter(
    ({ type, member }) => type === "void" && member === ada.id,
  );
  expect(facts).toMatchObject([{ gen: 1 }]);
  await client.verify(HUNT);
});

test("[SEC-151] signing out is safe to send again under its Idempotency-Key, and no joining's key undoes it", async () => {
  teams += 1;
  const json = { name: "Ada", team: { create: `Team ${teams}` } };
  const headers = { "idempotency-key": "joining-key-of-ada" };
  const joined = await client.call<Joined>("POST", `/v1/hunts/${HUNT}/players`, { json, headers });
  const first = await end(joined.body.token, "ending-key-of-ada");
  const second = await end(joined.body.token, "ending-key-of-ada");
  expect(second.status, second.text).toBe(200);
  expect(second.body.returnCode).toBe(first.body.returnCode);
  const ada = { hunt: HUNT, ...joined.body, id: joined.body.player.id, name: "Ada" };
  await client.me({ ...ada, token: second.body.token });
  expectProblem(await end(joined.body.token, "another-key-of-ada"), "unauthenticated");
  expectProblem(await client.call("POST", `/v1/hunts/${HUNT}/players`, { json, headers }), "conflict");
});

test("[SEC-152] a token is renewed while it is good and for 90 days after, but no void one", async () => {
  const ada = await joinAnew();
  for (const expires of [60, -60, -89 * DAY]) {
    const lapsed = await tokenOf(ada, expires);
    if (expires < 0) {
      for (const answer of (await everything(lapsed)).slice(0, 6)) expectProblem(answer, "unauthenticated");
    }
    const fresh = await renew(await tokenOf(ada, expires));
    // `everything` above renews and ends, so that this one is void by now.
    if (expires < 0) expect([200, 401]).toContain(fresh.status);
    else expect(fresh.status, fresh.text).toBe(200);
  }
  const ben = await joinAnew();
  const renewed = await renew(await tokenOf(ben, -89 * DAY));
  expect(renewed.status, renewed.text).toBe(200);
  expect(Date.parse(renewed.body.expiresAt)).toBeGreaterThan(Date.now() + 3_600_000);
  await client.me({ ...ben, token: renewed.body.token });
  expectProblem(await renew(await tokenOf(ben, -91 * DAY)), "unauthenticated");
  for (const gen of [1, -1, 0.5, "0", null]) {
    expectProblem(await renew(await tokenOf(ben, 60, gen)), "unauthenticated");
  }
  expect((await renew(await tokenOf(ben, 60, 0))).status).toBe(200);
  await end(ben.token);
  expectProblem(await renew(await tokenOf(ben, -60)), "unauthenticated");
  expect((await renew(await tokenOf(ben, -60, 1))).status).toBe(200);
});

test("[SEC-152] who joined before the hunt was put off renews into its new time", async () => {
  const closes = (days: number) => new Date(Date.now() + days * DAY * 1_000).toISOString();
  const hunt = "put-off";
  await client.publish(hunt, { ...manyClues(1), closes: closes(1) });
  const ada = await client.team(hunt, "Early");
  const until = (token: string): number =>
    (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp: number }).exp;
  expect(until(ada.token)).toBeLessThan(Date.now() / 1_000 + 3 * DAY);
  await client.publish(hunt, { ...manyClues(1), closes: closes(31) }, "draft");
  const renewed = await client.call<Renewed>("POST", `/v1/hunts/${hunt}/sessions/renew`, {
    token: ada.token,
  });
  expect(renewed.status, renewed.text).toBe(200);
  expect(until(renewed.body.token) * 1_000).toBe(Date.parse(renewed.body.expiresAt));
  expect(until(renewed.body.token)).toBeGreaterThan(Date.now() / 1_000 + 30 * DAY);
});

test("[SEC-153] an organiser gives who lost everything a way back; the audit says so, without the code", async () => {
  const ada = await joinAnew();
  const socket = await Socket.ofPlayer(client, ada);
  const given = await returnOf(ada.team.id, ada.id);
  expect(given.status, given.text).toBe(201);
  const { returnCode } = given.body;
  await expect.poll(() => socket.isClosing).toBe(true);
  expectProblem(await comeBack(ada.returnCode), "not_found");
  expectProblem(await client.call("GET", `/v1/hunts/${HUNT}/me`, { token: ada.token }), "unauthenticated");
  const back = await comeBack(returnCode);
  expect(back.body).toMatchObject({ player: { id: ada.id }, returnCode });
  const audit = await client.organise<Audit>("GET", `/v1/hunts/${HUNT}/audit`);
  expect(audit.body.entries[0]).toMatchObject({
    action: "return",
    detail: { team: ada.team.id, player: ada.id, reason: "lost the phone" },
  });
  expect(audit.text).not.toContain(returnCode);
  const other = await joinAnew();
  for (const [team, player] of [
    [ada.team.id, "p-nobody"],
    [ada.team.id, other.id],
    ["weur-0-0-abcde", ada.id],
  ] as const) {
    expectProblem(await returnOf(team, player), "not_found");
  }
  expectProblem(await returnOf(ada.team.id, ada.id, {}), "invalid");
});
