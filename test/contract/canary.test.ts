/** A canary answer, code and token are published and played, then looked for wherever they must not be. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, type Player } from "./client.ts";
import { PIER } from "./hunts.ts";

const ANSWER = "Canary Answer Xylophone Quokka";
const NUDGED = "canary nudge wombat";
const CODE = "CANARY-CODE-numbat-77";
const HINT = "Canary hint: bandicoot.";
const LOCKED = "Canary body of a locked clue: dugong.";
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
      body: LOCKED,
      kind: "answer",
      answers: ["gas"],
      opens: { solved: "cage" },
    },
  ],
};

let engine: Engine;
let client: Client;
let player: Player;
let secrets: Record<string, string>;
const logged: string[] = [];
const publicTexts: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off", LEADERBOARD_MEMORY_MS: "0", LOG_SAMPLE: "1" },
    log: (_level, text) => logged.push(text),
  });
  client = await Client.of(engine);
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
    "wrong guess": WRONG,
    "player token": player.token,
    "organiser token": client.organiserToken,
    "join code": player.team.joinCode ?? "",
    "latitude of a place": String(PIER.lat),
    "player token key": (engine.secrets.PLAYER_TOKEN_KEYS.split(":")[1] ?? "").slice(0, 30),
    "answer pepper": (engine.secrets.ANSWER_PEPPERS.split(":")[1] ?? "").slice(0, 30),
  };
  expect(code).not.toBe("");
  await playEverything();
});
afterAll(() => engine.stop());

/** Uses every secret where it belongs, and sends each to where it does not. */
async function playEverything(): Promise<void> {
  const say = (id: string, answer: string) => ({ id, type: "answer" as const, clue: "cage", answer });
  const outcomes = await client.play(
    player,
    say("e1", WRONG),
    say("e2", NUDGED),
    { id: "e3", type: "hint", clue: "cage", hint: "seed" },
    say("e4", ANSWER),
    { id: "e5", type: "scan", code: CODE },
    { id: "e6", type: "scan", code: secrets["generated code"] ?? "" },
    { id: "e7", type: "checkin", clue: "tree", position: PIER },
    { id: "e8", type: "answer", clue: "mine", answer: ANSWER },
    say("e4", "another body under a used id"),
  );
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
    // The right join code lets in and is told again: 201.
    publicTexts.push(...errors.filter(({ status }) => status !== 201).map(({ text }) => text));
  }
  // Until the leaderboard is in KV.
  await new Promise((done) => setTimeout(done, 2_500));
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
    "/v1/hunts/canary/me",
    "/v1/hunts/canary/export",
  ]) {
    const answer = await client.call("GET", path);
    publicTexts.push(answer.text, JSON.stringify([...answer.headers]));
  }
  const metrics = await client.organise("GET", "/metrics");
  expect(metrics.text).toContain("hunt_events_total");
  publicTexts.push(metrics.text);
}

/** Expects none of the secrets in a text. */
function expectClean(where: string, text: string): void {
  for (const [name, secret] of Object.entries(secrets)) {
    expect(text.toLowerCase().includes(secret.toLowerCase()), `${name} in ${where}`).toBe(false);
  }
}

test("[SEC-30] KV holds the public half and the standings, and no secret", async () => {
  const kv = await engine.miniflare.getKVNamespace("CACHE");
  const { keys } = await kv.list();
  expect(keys.map(({ name }) => name)).toEqual(expect.arrayContaining(["hunt/canary", "board/canary"]));
  for (const { name } of keys) {
    expectClean("a key of KV", name);
    expectClean(`KV's ${name}`, String(await kv.get(name, "text")));
  }
});

test("[SEC-31] public routes and error bodies hold no secret", () => {
  expect(publicTexts.length).toBeGreaterThan(100);
  for (const text of publicTexts) expectClean(`a public answer: ${text.slice(0, 200)}`, text);
});

test("[SEC-32] [MET-10] a line of a request has its fields and no others, and nothing the Worker logs holds a secret", () => {
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

test("[SEC-33] the origin and the export hold no code and no accepted answer's digest, pepper or key", async () => {
  const lines = JSON.stringify(await client.export("canary"));
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
  expect(archive).toContain(player.team.id); // it is there at all
  for (const [where, text] of [
    ["the export", lines],
    ["the origin", archive],
  ] as const) {
    for (const name of [
      "code",
      "generated code",
      "player token",
      "organiser token",
      "player token key",
      "answer pepper",
    ]) {
      expect(text.includes(secrets[name] ?? ""), `${name} in ${where}`).toBe(false);
    }
    expect(text, where).not.toContain("digests");
  }
});
