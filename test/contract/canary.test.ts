/** A canary answer, code and token are published and played, then looked for wherever they must not be. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { newRing } from "../../scripts/local/secrets.ts";
import { Client, type Player, withoutNames } from "./client.ts";
import { PIER } from "./hunts.ts";
import { boardInKv } from "./waiting.ts";

const ANSWER = "Canary Answer Xylophone Quokka";
const NUDGED = "canary nudge wombat";
const CODE = "CANARY-CODE-numbat-77";
const HINT = "Canary hint: bandicoot.";
const LOCKED = "Canary body of a locked clue: dugong.";
const FILE = "canary-file-wallaby.txt";
const CONTENT = "Canary content of a file: quoll.";
const WRONG = "canary wrong guess platypus";

const definition = {
  format: 1,
  title: "Canary",
  teams: { mode: "teams", maxSize: 5 },
  rounds: [{ id: "one", title: "One" }],
  clues: [
    {
      id: "cage",
      round: "one",
      title: "The Cage",
      body: "Who sings?",
      kind: "answer",
      points: 10,
      answers: [ANSWER],
      nudges: [{ match: [NUDGED], say: "Nearly." }],
      hints: [{ id: "seed", text: HINT, cost: 0 }],
    },
    { id: "tag", round: "one", title: "The Tag", kind: "scan", points: 10, code: CODE },
    { id: "made", round: "one", title: "Generated", kind: "scan", points: 10 },
    {
      id: "tree",
      round: "one",
      title: "The Tree",
      kind: "place",
      points: 10,
      place: { ...PIER, accuracy: undefined, radius: 40 },
    },
    {
      id: "mine",
      round: "one",
      title: "Mine",
      body: `${LOCKED} [The file](asset:${FILE})`,
      kind: "answer",
      answers: ["gas"],
      opens: { solved: "cage" },
    },
  ],
};

/** What a joining brings of a person; `wrong` ones are refused. */
const PERSONAL = {
  name: "Canary Person Axolotl",
  subject: "canary-subject-okapi",
  mail: "Canary.Mail@axolotl.example",
  phone: "+41 79 555 77 33",
  word: "canary field pangolin",
  number: "7355608",
  born: "1971-02-03",
  captcha: "canary-captcha-response",
  "wrong mail": "canary wrong mail tapir",
  "wrong born": "1066-11-23",
};

const joins = {
  ...definition,
  players: { require: "signed" },
  join: {
    fields: [
      { id: "mail", label: "E-mail", kind: "email", once: true },
      { id: "tel", label: "Telephone", kind: "phone", once: true },
      { id: "word", label: "Word", kind: "text", once: true },
      { id: "visits", label: "Visits", kind: "number" },
    ],
    consent: [{ id: "terms", text: "I accept.", required: true }],
    minAge: 18,
    check: "turnstile",
  },
};

const ENTRY_KEYS = newRing();
const folder = mkdtempSync(join(tmpdir(), "canary-"));

let engine: Engine;
let client: Client;
let player: Player;
let secrets: Record<string, string>;
const logged: string[] = [];
const publicTexts: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    dataDir: folder,
    vars: {
      RATE_LIMITS: "off",
      LEADERBOARD_MEMORY_MS: "0",
      LOG_SAMPLE: "1",
      ENTRY_KEYS,
      TURNSTILE_SECRET: "canary-turnstile-secret",
      // Nobody responds there: who joins is unchecked.
      TURNSTILE_URL: "http://127.0.0.1:9/siteverify",
    },
    log: (_level, text) => logged.push(text),
  });
  client = await Client.of(engine);
  for (const hunt of ["canary", "canary-joins"]) {
    const address = `/v1/hunts/${hunt}/assets/${FILE}`;
    const stored = await client.call("PUT", address, { token: client.organiserToken, body: CONTENT });
    expect(stored.status, stored.text).toBe(201);
  }
  await client.publish("canary", definition);
  const { codes } = (
    await client.organise<{ codes: { clue: string; code: string }[] }>("GET", "/v1/hunts/canary/codes")
  ).body;
  player = await client.team("canary", "Miners");
  const code = codes.find(({ clue }) => clue === "made")?.code ?? "";
  secrets = {
    answer: ANSWER,
    "folded answer": "canaryanswerxylophonequokka",
    nudge: NUDGED,
    code: CODE,
    "generated code": code,
    hint: HINT,
    "locked body": LOCKED,
    "locked file's name": FILE,
    "locked file": CONTENT,
    "wrong guess": WRONG,
    "player token": player.token,
    "organiser token": client.organiserToken,
    "join code": player.team.joinCode ?? "",
    "return code": player.returnCode,
    "return code without dashes": player.returnCode.replaceAll("-", ""),
    "latitude of a place": String(PIER.lat),
    "player token key": (engine.secrets.PLAYER_TOKEN_KEYS.split(":")[1] ?? "").slice(0, 30),
    "answer pepper": (engine.secrets.ANSWER_PEPPERS.split(":")[1] ?? "").slice(0, 30),
  };
  expect(code).not.toBe("");
  await joinAsPerson();
  await playEverything();
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

/** Joins with everything that a hunt may ask, comes back, and is refused for each of it. */
async function joinAsPerson(): Promise<void> {
  await client.publish("canary-joins", joins);
  const [kid = "", key = ""] = ENTRY_KEYS.split(":");
  const ticket = (subject: string) =>
    new SignJWT({ hunt: "canary-joins" })
      .setProtectedHeader({ alg: "HS256", kid })
      .setAudience("hunt-entry")
      .setSubject(subject)
      .setExpirationTime("5m")
      .sign(Buffer.from(key, "base64url"));
  const entry = await ticket(PERSONAL.subject);
  const { mail, phone: tel, word, number: visits, born, captcha: check } = PERSONAL;
  const good = { name: PERSONAL.name, team: { create: "Asked" }, consent: ["terms"], born, check, entry };
  const body = { ...good, fields: { mail, tel, word, visits } };
  const send = async (status: number, json: object): Promise<void> => {
    const { status: told, text } = await client.call("POST", "/v1/hunts/canary-joins/players", { json });
    expect(told, text).toBe(status);
    if (status >= 400) publicTexts.push(withoutNames(text));
  };
  await send(201, body);
  await send(200, body);
  const other = await ticket(`${PERSONAL.subject}-2`);
  const team = { create: "Others" };
  for (const fields of [{ mail: mail.toUpperCase() }, { tel }, { word: ` ${word}` }]) {
    await send(409, { ...body, team, entry: other, fields });
  }
  await send(422, { ...body, team, entry: other, fields: { mail: PERSONAL["wrong mail"] } });
  await send(422, { ...body, team, entry: other, fields: { mail: { [mail]: mail } } });
  await send(422, { ...body, team, entry: other, born: PERSONAL["wrong born"] });
  await send(403, { ...body, team, entry: `${entry.slice(0, -5)}AAAAA` });
  secrets = { ...secrets, "entry ticket": entry, "key of entry tickets": key };
  const fact = (await client.export("canary-joins")).find(({ type }) => type === "join");
  expect(JSON.stringify(fact?.person)).toContain(word);
}

/** All rows of the origin's tables. */
async function originTexts(): Promise<string> {
  const origin = await engine.miniflare.getD1Database("ORIGIN_DB");
  const tables = await origin
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
    )
    .all<{ name: string }>();
  let archive = "";
  for (const { name } of tables.results) {
    archive += JSON.stringify((await origin.prepare(`SELECT * FROM "${name}"`).all()).results);
  }
  return archive;
}

/** Uses every secret where it belongs, and sends each to where it does not. */
async function playEverything(): Promise<void> {
  const say = (id: string, answer: string) => ({ id, type: "answer" as const, clue: "cage", answer });
  const outcomes = await client.playRaw(player, [
    say("e1", WRONG),
    say("e2", NUDGED),
    { id: "e3", type: "hint", clue: "cage", hint: "seed" },
    say("e4", ANSWER),
    { id: "e5", type: "scan", code: CODE },
    { id: "e6", type: "scan", code: secrets["generated code"] ?? "" },
    { id: "e7", type: "checkin", clue: "tree", position: PIER },
    { id: "e8", type: "answer", clue: "mine", answer: ANSWER },
    say("e4", "another body under a used id"),
  ]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    "incorrect",
    "nudge",
    "taken",
    "correct",
    "correct",
    "correct",
    "correct",
    "incorrect",
    "conflict",
  ]);
  await client.me(player);
  for (const secret of Object.values(secrets)) {
    const json = { events: [say("x", secret)], [secret]: secret };
    const errors = [
      await client.call("POST", "/v1/hunts/canary/events", { token: `${player.token}x`, json }),
      await client.call("POST", "/v1/hunts/canary/events", { token: player.token, json: { events: secret } }),
      await client.call("POST", "/v1/hunts/canary/events", {
        token: player.token,
        body: `{"${secret}`,
        type: "application/json",
      }),
      await client.call("POST", "/v1/hunts/canary/players", {
        json: { name: "Ann", team: { join: secret } },
      }),
      await client.call("POST", "/v1/hunts/canary/sessions", { json: { returnCode: secret } }),
      await client.call("POST", "/v1/hunts/canary/sessions", { json: { [secret]: secret } }),
      await client.call("POST", "/v1/hunts/canary/sessions/renew", { token: secret.slice(0, 60) }),
      await client.organise("POST", `/v1/hunts/canary/teams/${player.team.id}/members/p-none/return`, {
        reason: ["x"],
        [secret]: secret,
      }),
      await client.call("POST", "/v1/hunts/canary/players", {
        json: { name: ["Ann"], team: { [secret]: secret } },
      }),
      await client.call("POST", "/v1/hunts/canary/phase", {
        token: client.organiserToken,
        json: { phase: secret },
      }),
      await client.call("PUT", "/v1/hunts/canary", { token: player.token, json }),
      await client.call("GET", `/v1/hunts/canary/leaderboard?bracket=${encodeURIComponent(secret)}`),
      await client.call("GET", `/v1/hunts/canary/leaderboard/${encodeURIComponent(secret)}/history`),
    ];
    // The right join code and the right return code let in and are told again: 201.
    publicTexts.push(...errors.filter(({ status }) => status !== 201).map(({ text }) => withoutNames(text)));
  }
  await boardInKv(engine, "canary");
  // All of it has arrived in the origin.
  await vi.waitFor(() => client.verify("canary"), { timeout: 60_000, interval: 200 });
  for (const path of [
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/schema/hunt.json",
    "/metrics",
    "/v1/hunts/canary",
    "/v1/hunts/canary/leaderboard",
    `/v1/hunts/canary/leaderboard?around=${player.team.id}`,
    `/v1/hunts/canary/leaderboard/${player.team.id}/history`,
    `/v1/hunts/canary/teams/${player.team.id}`,
    "/v1/hunts/canary/clues/start/solves",
    "/v1/hunts/canary/me",
    "/v1/hunts/canary/export",
    `/v1/hunts/canary/assets/${FILE}`,
    "/v1/hunts/canary/assets",
  ]) {
    const answer = await client.call("GET", path);
    publicTexts.push(answer.text, JSON.stringify([...answer.headers]));
  }
  const metrics = await client.organise("GET", "/metrics");
  expect(metrics.text).toContain("hunt_events_total");
  publicTexts.push(metrics.text);
}

/** Expects none of the secrets, and nothing of a person, in a text. */
function expectClean(where: string, text: string): void {
  for (const [name, secret] of Object.entries({ ...secrets, ...PERSONAL })) {
    expect(text.toLowerCase().includes(secret.toLowerCase()), `${name} in ${where}`).toBe(false);
  }
}

test("[PR-5] [SEC-30] [SEC-155] KV holds the public half and the standings, and no secret", async () => {
  const kv = await engine.miniflare.getKVNamespace("CACHE");
  const { keys } = await kv.list();
  expect(keys.map(({ name }) => name)).toEqual(expect.arrayContaining(["hunt/canary", "board/canary"]));
  for (const { name } of keys) {
    expectClean("a key of KV", name);
    expectClean(`KV's ${name}`, String(await kv.get(name, "text")));
  }
});

test("[PR-5] [SEC-31] [SEC-155] public routes and error bodies hold no secret", () => {
  expect(publicTexts.length).toBeGreaterThan(100);
  for (const text of publicTexts) expectClean(`a public answer: ${text.slice(0, 200)}`, text);
});

test("[PR-5] [SEC-32] [MET-10] a line of a request has its fields and no others, and nothing the Worker logs holds a secret", () => {
  const requests = logged.filter((text) => text.includes("requestId"));
  const fields = ["message", "requestId", "method", "route", "status", "ms", "code"];
  for (const text of requests) {
    const names = [...text.matchAll(/(\w+)"?: /g)].map(([, name]) => name);
    expect(names.slice(0, 6), text).toEqual(fields.slice(0, 6));
    expect(fields, text).toEqual(expect.arrayContaining(names));
  }
  expect(requests.length).toBeGreaterThan(50);
  expect(requests.some((text) => text.includes("/v1/hunts/{hunt}/events"))).toBe(true);
  for (const text of logged) expectClean(`a line of the log: ${text.slice(0, 200)}`, text);
});

test("[JOIN-3] [JOIN-4] facts, the registers and the origin hold nothing that was given in a field", async () => {
  const given = Object.entries(PERSONAL).filter(([name]) => name !== "name" && name !== "subject");
  const lines = (await client.export("canary-joins")).map(({ person: _, ...fact }) => fact);
  const origin = await engine.miniflare.getD1Database("ORIGIN_DB");
  let archive = "";
  for (const table of ["facts", "players"]) {
    const found = await origin
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?")
      .bind(table)
      .all();
    if (found.results.length > 0) {
      archive += JSON.stringify((await origin.prepare(`SELECT * FROM "${table}"`).all()).results);
    }
  }
  const kept = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (file) => file.isFile() && /Registry|Control|Directory/.test(file.parentPath),
  );
  expect(kept.length).toBeGreaterThan(0);
  const registers = kept.map((file) => readFileSync(join(file.parentPath, file.name), "latin1")).join("\n");
  for (const [where, text] of [
    ["facts", JSON.stringify(lines)],
    ["the origin", archive],
    ["the registers", registers],
  ] as const) {
    for (const [name, value] of given) {
      expect(text.toLowerCase().includes(value.toLowerCase()), `${name} in ${where}`).toBe(false);
    }
  }
});

test("[SEC-33] [SEC-155] the origin and the export hold no code and no accepted answer's digest, pepper or key", async () => {
  const lines = JSON.stringify(await client.export("canary"));
  const archive = await originTexts();
  expect(archive).toContain(player.team.id); // it is there at all
  for (const [where, text] of [
    ["the export", lines],
    ["the origin", archive],
  ] as const) {
    for (const name of [
      "code",
      "generated code",
      "player token",
      "return code",
      "return code without dashes",
      "organiser token",
      "player token key",
      "answer pepper",
    ]) {
      expect(text.includes(secrets[name] ?? ""), `${name} in ${where}`).toBe(false);
    }
    expect(text, where).not.toContain("digests");
  }
});
