/**
 * Canaries in every secret and personal field: a hunt is played, then all that
 * anybody is told, and all that is kept, is searched for them. MAY says who may
 * see which, and why; whatever is not in it is a leak.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, type Player, sleep, withoutNames } from "./client.ts";
import { Socket, ticketOf } from "./socket.ts";
import { allArchived, boardInKv, registrationsThere } from "./waiting.ts";

const HUNT = "everywhere";

/** A place of the earth no other number looks like. */
const SPOT = { lat: 53.54361357, lng: 9.96691357, accuracy: 10 };

/** As written into the definition, into requests and into headers. */
const CANARIES = {
  answer: "canary answer xylophone quokka",
  "folded answer": "canaryanswerxylophonequokka",
  "nudge's match": "canary match wombat",
  "nudge's text": "Canary saying: nearly, numbat.",
  code: "CANARY-CODE-numbat-77",
  "hint that was taken": "Canary hint: bandicoot.",
  "hint that was not taken": "Canary hint: thylacine.",
  "body of a locked clue": "Canary locked body: dugong.",
  "wrong answer": "canary wrong guess platypus",
  "player's name": "Canary Player Lyrebird",
  "external id": "CANARY-EXTERNAL-kookaburra",
  "registered name": "Canary Registered Cassowary",
  locale: "xx-CanaryLo",
  latitude: String(SPOT.lat),
  longitude: String(SPOT.lng),
  "idempotency key": "canary-idempotency-key-of-a-join",
  "prize code": "CANARY-PRIZE-bilby-1",
  "unclaimed prize code": "CANARY-PRIZE-bilby-2",
  "private announcement": "Canary announcement to those who have the clue: echidna",
  "request for help": "Canary request of a quoll for help",
  "reason of an act": "canary reason potoroo",
  "client's address": "198.51.100.77",
  "forwarded address": "203.0.113.99",
  "client's agent": "CanaryAgent/7.7",
} as const;

type Secret =
  | keyof typeof CANARIES
  | "generated code"
  | "token"
  | "mate's token"
  | "organiser's token"
  | "ticket"
  | "join code"
  | "key";

/** Where is looked: who is told, and what is kept. */
type Place =
  | "team"
  | "other team"
  | "spectator"
  | "public"
  | "errors"
  | "pages"
  | "organiser"
  | "export"
  | "metrics"
  | "log"
  | "KV"
  | "origin"
  | `disk of ${string}`;

const AUTHOR = "the definition is its author's";
const OWN = "the team's own";
const RECORDED = "the log is the truth: it and what is made from it, for the organisers";
const SUPPORT = "an organiser looks into a dispute";
const KEPT_OF_IT = "it reads what is kept of it";
/** What a team said, in clear. */
const SAID = {
  export: RECORDED,
  origin: RECORDED,
  "disk of HuntShard": RECORDED,
  "disk of D1": RECORDED,
};

/** Who may see it, and why. */
const MAY: Record<Secret, Partial<Record<Place, string>>> = {
  answer: {
    team: "a proof has the fact as it was recorded, and the team gave it",
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    ...SAID,
  },
  "folded answer": {},
  "nudge's match": { team: KEPT_OF_IT, organiser: AUTHOR, "disk of HuntControl": AUTHOR, ...SAID },
  "nudge's text": {
    team: OWN,
    organiser: AUTHOR,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": RECORDED,
    "disk of D1": RECORDED,
  },
  code: { organiser: AUTHOR, "disk of HuntControl": AUTHOR },
  "generated code": { organiser: "to be printed" },
  "hint that was taken": {
    team: OWN,
    organiser: AUTHOR,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "shown to its teams once taken",
    "disk of D1": RECORDED,
  },
  "hint that was not taken": {
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "shown to its teams once taken",
  },
  "body of a locked clue": {
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "shown to its teams once open",
  },
  "wrong answer": { team: KEPT_OF_IT, organiser: "to find what misleads teams", ...SAID },
  "player's name": {
    team: OWN,
    organiser: SUPPORT,
    export: RECORDED,
    origin: RECORDED,
    "disk of D1": RECORDED,
  },
  "external id": {
    team: KEPT_OF_IT,
    organiser: SUPPORT,
    export: RECORDED,
    origin: "the registration",
    "disk of D1": "the registration",
  },
  "registered name": { origin: "the registration", "disk of D1": "the registration" },
  locale: {
    team: OWN,
    organiser: SUPPORT,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntShard": RECORDED,
    "disk of D1": RECORDED,
  },
  latitude: {
    team: KEPT_OF_IT,
    organiser: AUTHOR,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "the place of the clue",
    "disk of D1": RECORDED,
  },
  longitude: {
    team: KEPT_OF_IT,
    organiser: AUTHOR,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "the place of the clue",
    "disk of D1": RECORDED,
  },
  "idempotency key": {},
  "prize code": {
    team: OWN,
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "shows a winner its code",
  },
  "unclaimed prize code": {
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "shows a winner its code",
  },
  "private announcement": {
    team: "it has the clue open",
    organiser: AUTHOR,
    "disk of HuntControl": AUTHOR,
    "disk of HuntShard": "told to teams that have the clue open",
    "disk of Leaderboard": "it drops what is about a clue when it tells spectators",
  },
  "request for help": {
    team: OWN,
    organiser: "it is asked",
    "disk of HuntShard": "threads stand there",
  },
  "reason of an act": {
    organiser: SUPPORT,
    export: RECORDED,
    origin: RECORDED,
    "disk of HuntControl": "the audit",
    "disk of HuntShard": RECORDED,
    "disk of D1": RECORDED,
  },
  "client's address": {},
  "forwarded address": {},
  "client's agent": {},
  token: {},
  "mate's token": {},
  "organiser's token": {},
  ticket: {},
  "join code": { team: OWN, organiser: "a team that lost it asks for it", ...SAID },
  key: { "disk of secrets": "the local engine's own file, its owner's alone" },
};

const definition = {
  format: 1,
  title: "Everywhere",
  teams: { mode: "teams", maxSize: 5 },
  players: { require: "registered", whenOriginDown: "admit" },
  attempts: { burst: 100, refillPerMinute: 100, perClue: 0 },
  help: { perTeam: 2 },
  rounds: [{ id: "one", title: "One" }],
  clues: [
    {
      id: "cage",
      round: "one",
      title: "The Cage",
      body: "Who sings?",
      kind: "answer",
      points: 10,
      answers: [CANARIES.answer],
      nudges: [{ match: [CANARIES["nudge's match"]], say: CANARIES["nudge's text"] }],
      hints: [
        { id: "taken", text: CANARIES["hint that was taken"], cost: 0 },
        { id: "left", text: CANARIES["hint that was not taken"], cost: 0 },
      ],
    },
    { id: "tag", round: "one", title: "The Tag", kind: "scan", points: 10, code: CANARIES.code },
    { id: "made", round: "one", title: "Generated", kind: "scan", points: 10 },
    {
      id: "tree",
      round: "one",
      title: "The Tree",
      kind: "place",
      points: 10,
      place: { lat: SPOT.lat, lng: SPOT.lng, radius: 40 },
    },
    {
      id: "den",
      round: "one",
      title: "The Den",
      kind: "answer",
      answers: ["gas"],
      opens: { solved: "cage" },
    },
    {
      id: "mine",
      round: "one",
      title: "The Mine",
      body: CANARIES["body of a locked clue"],
      kind: "answer",
      answers: ["gas"],
      opens: "manual",
    },
  ],
  prizes: [
    {
      id: "voucher",
      title: "A voucher",
      mode: "first-come",
      stock: 2,
      perTeam: 1,
      codes: [CANARIES["prize code"], CANARIES["unclaimed prize code"]],
      requires: { solved: "cage" },
    },
  ],
};

const HEADERS = {
  "cf-connecting-ip": CANARIES["client's address"],
  "x-forwarded-for": CANARIES["forwarded address"],
  "user-agent": CANARIES["client's agent"],
};

let engine: Engine;
let client: Client;
let dataDir: string;
let secrets: Record<Secret, string>;
const texts = new Map<Place, string[]>();
const tell = (place: Place, text: string): void => {
  texts.set(place, [...(texts.get(place) ?? []), text]);
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-everywhere-"));
  engine = await startEngine({
    dataDir,
    vars: {
      RATE_LIMITS: "off",
      LOG_SAMPLE: "1",
      ROOT_EVERY_MS: "1000",
      LEADERBOARD_MEMORY_MS: "0",
      LOOKUP_LIMIT_MS: "5000",
    },
    log: (_level, text) => tell("log", text),
  });
  client = await Client.of(engine);
  await client.publish(HUNT, definition);
  await playEverything();
  await engine.stop();
  await readDisk(dataDir);
}, 360_000);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function playEverything(): Promise<void> {
  const register = async (externalId: string, more: object): Promise<void> => {
    const body = JSON.stringify({ externalId, ...more });
    const answer = await client.call("POST", "/v1/registrations", {
      token: client.organiserToken,
      body,
      type: "application/x-ndjson",
    });
    expect(answer.status, answer.text).toBe(202);
  };
  await register(CANARIES["external id"], { name: CANARIES["registered name"] });
  await register("OTHER", { name: "Other" });
  await register("MATE", { name: "Mate" });
  await registrationsThere(engine, 3);
  const joining = async (json: object, headers: Record<string, string>): Promise<Player> => {
    const answer = await client.call<
      Omit<Player, "hunt" | "id" | "name"> & { player: { id: string; name: string } }
    >("POST", `/v1/hunts/${HUNT}/players`, { json, headers: { ...HEADERS, ...headers } });
    expect(answer.status, answer.text).toBe(201);
    return { ...answer.body, ...answer.body.player, hunt: HUNT };
  };
  const player = await joining(
    {
      name: CANARIES["player's name"],
      team: { create: "Miners" },
      externalId: CANARIES["external id"],
      locale: CANARIES.locale,
    },
    { "idempotency-key": CANARIES["idempotency key"] },
  );
  const other = await joining({ name: "Other", team: { create: "Others" }, externalId: "OTHER" }, {});
  const mate = await joining({ name: "Mate", team: { join: player.team.joinCode }, externalId: "MATE" }, {});
  const { codes } = (
    await client.organise<{ codes: { clue: string; code: string }[] }>("GET", `/v1/hunts/${HUNT}/codes`)
  ).body;
  const ticket = await ticketOf(client, player);
  const ring = (name: keyof typeof engine.secrets): string =>
    (engine.secrets[name]?.split(",")[0]?.split(":")[1] ?? "").slice(0, 30);
  secrets = {
    ...CANARIES,
    "generated code": codes.find(({ clue }) => clue === "made")?.code ?? "",
    token: player.token,
    "mate's token": mate.token,
    "organiser's token": client.organiserToken,
    ticket,
    "join code": player.team.joinCode ?? "",
    key: ring("PLAYER_TOKEN_KEYS"),
  };
  for (const [name, secret] of Object.entries(secrets)) expect(secret.length, name).toBeGreaterThan(7);

  const sockets: [Place, Socket][] = [
    ["team", await Socket.open(client, HUNT, ticket)],
    ["other team", await Socket.ofPlayer(client, other)],
    ["spectator", await Socket.open(client, HUNT)],
  ];
  const as = async (place: Place, who: Player, ...events: object[]): Promise<string[]> => {
    const answer = await client.call<{ results: { outcome: string }[] }>("POST", `/v1/hunts/${HUNT}/events`, {
      token: who.token,
      json: { events },
      headers: HEADERS,
    });
    tell(place, answer.text);
    return answer.body.results.map(({ outcome }) => outcome);
  };
  const say = (id: string, answer: string) => ({ id, type: "answer", clue: "cage", answer });
  const outcomes = await as(
    "team",
    player,
    say("e1", secrets["wrong answer"]),
    say("e2", secrets["nudge's match"]),
    { id: "e3", type: "hint", clue: "cage", hint: "taken" },
    say("e4", secrets.answer),
    { id: "e5", type: "scan", code: secrets.code },
    { id: "e6", type: "scan", code: secrets["generated code"] },
    { id: "e7", type: "checkin", clue: "tree", position: SPOT },
    { id: "e8", type: "claim", prize: "voucher" },
  );
  expect(outcomes).toEqual([
    "incorrect",
    "nudge",
    "taken",
    "correct",
    "correct",
    "correct",
    "correct",
    "won",
  ]);
  await as("other team", other, say("o1", "something else"), { id: "o2", type: "claim", prize: "voucher" });
  const request = await client.call("POST", `/v1/hunts/${HUNT}/threads`, {
    token: player.token,
    json: { text: CANARIES["request for help"] },
  });
  expect(request.status, request.text).toBe(201);
  const reason = secrets["reason of an act"];
  const acts: [string, object][] = [
    [`teams/${player.team.id}/awards`, { points: 5, reason }],
    [`teams/${other.team.id}/hide`, { reason }],
    [`teams/${other.team.id}/show`, { reason }],
    ["announcements", { text: secrets["private announcement"], clue: "den" }],
  ];
  for (const [path, json] of acts) {
    const answer = await client.organise("POST", `/v1/hunts/${HUNT}/${path}`, json);
    expect(answer.status, answer.text).toBeLessThan(300);
  }
  await boardInKv(engine, HUNT);
  await allArchived(client, HUNT);

  // Each is sent to where it does not belong, too.
  for (const secret of Object.values(secrets)) {
    const wrong = { events: [{ id: "x", type: "scan", code: secret }], [secret]: secret };
    const path = `/v1/hunts/${HUNT}`;
    for (const answer of [
      await client.call("POST", `${path}/events`, { token: secret, json: wrong, headers: HEADERS }),
      await client.call("POST", `${path}/events`, { token: other.token, json: { events: secret } }),
      await client.call("POST", `${path}/players`, { json: { name: [secret], team: { [secret]: secret } } }),
      await client.call("POST", `${path}/phase`, { token: client.organiserToken, json: { phase: secret } }),
      await client.call("GET", `${path}/leaderboard?bracket=${encodeURIComponent(secret)}`),
      await client.call("GET", `${path}/leaderboard/${encodeURIComponent(secret)}/history`),
    ]) {
      tell("errors", `${withoutNames(answer.text)} ${JSON.stringify([...answer.headers])}`);
    }
  }
  await readRoutes(player, other);
  for (const [place, socket] of sockets) {
    expect(socket.frames.length, place).toBeGreaterThan(0);
    tell(place, JSON.stringify(socket.frames));
    socket.drop();
  }
  const kv = await engine.miniflare.getKVNamespace("CACHE");
  for (const { name } of (await kv.list()).keys) tell("KV", `${name} ${await kv.get(name, "text")}`);
  const origin = await engine.miniflare.getD1Database("ORIGIN_DB");
  const { results } = await origin
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_*' AND name NOT LIKE 'sqlite%'",
    )
    .all<{ name: string }>();
  for (const { name } of results) {
    tell("origin", JSON.stringify((await origin.prepare(`SELECT * FROM "${name}"`).all()).results));
  }
}

/** The seq of a right answer of the player's team, once a root has it. */
async function proven(player: Player): Promise<number> {
  const { seq = 0 } =
    (await client.export(HUNT)).find(
      ({ team, outcome }) => team === player.team.id && outcome === "correct",
    ) ?? {};
  const shard = player.team.id.split("-").slice(0, 2).join("-");
  for (let waited = 0; ; waited += 1) {
    const answer = await client.organise("GET", `/v1/hunts/${HUNT}/proof/${shard}/${seq}`);
    if (answer.status === 200) return seq;
    expect(waited, answer.text).toBeLessThan(100);
    await sleep(500);
  }
}

/** Asks every GET of the document, as whoever may. */
async function readRoutes(player: Player, other: Player): Promise<void> {
  const seq = await proven(player);
  await client.publish(`${HUNT}-gone`, definition, "draft");
  const gone = `/v1/hunts/${HUNT}-gone?confirm=${HUNT}-gone&reason=none`;
  const { job } = (await client.organise<{ job: string }>("DELETE", gone)).body;
  for (const [template, methods] of Object.entries(client.document.paths)) {
    const { security = [] } = (methods.get ?? { security: [] }) as unknown as { security?: object[] };
    if (!methods.get || template.endsWith("/live")) continue;
    const path = template
      .replace("{hunt}", HUNT)
      .replace("{team}", player.team.id)
      .replace("{prize}", "voucher")
      .replace("{clue}", "cage")
      .replace("{thread}", `${player.team.id}.1`)
      .replace("{shard}", player.team.id.split("-").slice(0, 2).join("-"))
      .replace("{seq}", String(seq))
      .replace("{job}", job)
      .replace("{webhook}", "registrations")
      .replace("{digest}", "A".repeat(22));
    const opens = security.flatMap((one) => Object.keys(one));
    if (opens.length === 0) tell("public", (await client.call("GET", path, { headers: HEADERS })).text);
    if (opens.includes("player")) {
      tell("team", (await client.call("GET", path, { token: player.token })).text);
      tell("other team", (await client.call("GET", path, { token: other.token })).text);
    }
    if (!opens.includes("organiser")) continue;
    const answer = await client.organise<unknown>("GET", path);
    expect(answer.status, `${path} ${answer.text}`).toBe(200);
    tell(path === "/metrics" ? "metrics" : path.endsWith("/export") ? "export" : "organiser", answer.text);
    tell("errors", (await client.call("GET", path)).text);
  }
  for (const path of ["/", `/play/${HUNT}`, "/organise", `/board/${HUNT}`]) {
    tell("pages", await (await fetch(new URL(path, engine.url))).text());
  }
}

/** The files beneath, by the object, database or store that they belong to. */
async function readDisk(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(folder.length);
    const text = await readFile(join(folder, path), "latin1");
    const owner =
      /HuntShard|Leaderboard|LiveBoard|HuntControl|NameRegistry|HuntDirectory|DeadLetters|OriginGate|MetricsHub|PrizeVault/.exec(
        path,
      )?.[0];
    const store =
      owner ??
      (/\/d1\//i.test(path) ? "D1" : /\/kv\//i.test(path) ? "KV" : /secrets/.test(path) ? "secrets" : path);
    tell(`disk of ${store}`, text);
  }
}

test("[SEC-122] nobody is told, and nothing keeps, a secret or a personal field that is not theirs", () => {
  const leaks: string[] = [];
  for (const [place, all] of texts) {
    const text = all.join("\n").toLowerCase();
    for (const [name, secret] of Object.entries(secrets) as [Secret, string][]) {
      if (!text.includes(secret.toLowerCase()) || MAY[name][place] !== undefined) continue;
      const at = text.indexOf(secret.toLowerCase());
      leaks.push(`${name} in ${place}: …${text.slice(Math.max(0, at - 80), at + 60)}…`);
    }
  }
  expect(leaks).toEqual([]);
});

test("[SEC-122] it was looked where these are", () => {
  const found = (name: Secret, place: Place): boolean =>
    (texts.get(place) ?? []).some((text) => text.toLowerCase().includes(secrets[name].toLowerCase()));
  const seen: [Secret, Place][] = [
    ["answer", "organiser"],
    ["answer", "disk of HuntControl"],
    ["hint that was taken", "team"],
    ["join code", "team"],
    ["player's name", "disk of D1"],
    ["player's name", "origin"],
    ["latitude", "disk of HuntShard"],
    ["prize code", "team"],
    ["private announcement", "team"],
    ["reason of an act", "organiser"],
    ["key", "disk of secrets"],
    ["external id", "origin"],
  ];
  for (const [name, place] of seen) expect(found(name, place), `${name} in ${place}`).toBe(true);
  for (const place of [
    "public",
    "errors",
    "pages",
    "metrics",
    "log",
    "KV",
    "export",
    "disk of KV",
  ] as const) {
    expect((texts.get(place) ?? []).join("").length, place).toBeGreaterThan(100);
  }
});
