/**
 * A canary in everything that tells who somebody is: it stands beside the log, and in nothing that is
 * made of the log's facts, wherever these are kept or sent.
 */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, linesOf } from "./client.ts";
import { everyOutcome, soloHunt } from "./hunts.ts";
import { registrationsThere } from "./waiting.ts";

/** On a pier, at a place that no other number looks like. */
const SPOT = { lat: 53.54361357, lng: 9.96691357, accuracy: 13.371357 };

const CANARIES = {
  name: "Canary Lyrebird",
  "name of a mate": "Canary Bowerbird",
  "name of a solo team": "Canary Cassowary",
  "external id": "CANARY-kookaburra",
  "external id of a mate": "CANARY-galah",
  "external id of a solo player": "CANARY-currawong",
  "registered name": "Canary Registered",
  latitude: String(SPOT.lat),
  longitude: String(SPOT.lng),
  accuracy: String(SPOT.accuracy),
};

/** Remembers every message of the queues on its way to the engine, and tells them at `/-/messages`. */
const RECORDER = `
import engine from "./worker.js";
export * from "./worker.js";
const messages = [];
export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/-/messages") return Response.json(messages);
    return engine.fetch(request, env, ctx);
  },
  queue(batch, env, ctx) {
    for (const { body } of batch.messages) messages.push(typeof body === "string" ? body : JSON.stringify(body));
    return engine.queue(batch, env, ctx);
  },
};`;

let dataDir: string;
let exported: string[];
let messages: string[];
const segments: string[] = [];
const letters: string[] = [];
/** Rows of the origin as JSON, by table. */
const origin = new Map<string, string>();
/** What is kept beside the logs. */
const beside: string[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-persons-"));
  const engine = await startEngine({
    dataDir,
    entry: RECORDER,
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" },
    log: () => undefined,
  });
  try {
    await play(engine);
  } finally {
    await engine.stop();
  }
  await readObjects("HuntShard", (database) => {
    for (const { body, persons } of database.prepare("SELECT body, persons FROM chained").all()) {
      segments.push(String(body));
      if (persons !== null) beside.push(String(persons));
    }
  });
  await readObjects("DeadLetters", (database) => {
    for (const letter of database.prepare("SELECT * FROM letter").all()) letters.push(JSON.stringify(letter));
  });
}, 360_000);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function play(engine: Engine): Promise<void> {
  const client = await Client.of(engine);
  const registered = await client.call("POST", "/v1/registrations", {
    token: client.organiserToken,
    body: Object.entries(CANARIES)
      .filter(([what]) => what.startsWith("external id"))
      .map(([, externalId]) => JSON.stringify({ externalId, name: CANARIES["registered name"] }))
      .join("\n"),
    type: "application/x-ndjson",
  });
  expect(registered.status, registered.text).toBe(202);
  const database = await engine.miniflare.getD1Database("ORIGIN_DB");
  // What the origin refuses becomes a dead letter.
  await database.exec(
    "CREATE TRIGGER refuse BEFORE INSERT ON team WHEN NEW.hunt = 'solo' BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  const players = { require: "registered", whenOriginDown: "refuse" };
  await client.publish("several", everyOutcome({ players }));
  await client.publish("solo", soloHunt({ players }));
  await registrationsThere(engine, 3);
  const founder = await client.join("several", {
    name: CANARIES.name,
    externalId: CANARIES["external id"],
    team: { create: "Owls", bracket: "locals" },
  });
  await client.join("several", {
    name: CANARIES["name of a mate"],
    externalId: CANARIES["external id of a mate"],
    team: { join: founder.team.joinCode ?? "" },
  });
  const single = await client.join("solo", {
    name: CANARIES["name of a solo team"],
    externalId: CANARIES["external id of a solo player"],
  });
  const checkin = { id: "here", type: "checkin", clue: "pier", position: SPOT } as const;
  expect(await client.playOne(founder, checkin)).toMatchObject({ outcome: "correct" });
  await client.playOne(single, { id: "right", type: "answer", clue: "c0", answer: "right 0" });
  const path = `/v1/hunts/solo/teams/${single.team.id}`;
  await client.organise("POST", `${path}/awards`, { points: 1, reason: "a reason" });
  const dead = () => client.organise<{ total: number }>("GET", "/v1/hunts/solo/dead-letters");
  await vi.waitFor(async () => expect((await dead()).body.total).toBeGreaterThan(0), {
    timeout: 120_000,
    interval: 200,
  });
  const archived = () =>
    client.organise<{ shards: { seq: number; archived: number }[] }>("GET", "/v1/hunts/several/stats");
  await vi.waitFor(
    async () => {
      for (const { seq, archived: of } of (await archived()).body.shards) expect(of).toBe(seq);
    },
    { timeout: 60_000, interval: 200 },
  );
  exported = [];
  for (const hunt of ["several", "solo"]) {
    exported.push(...linesOf((await client.organise<string>("GET", `/v1/hunts/${hunt}/export`)).text));
  }
  messages = (await (await fetch(new URL("/-/messages", engine.url))).json()) as string[];
  const { results } = await database
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_*' AND name NOT LIKE 'sqlite%'",
    )
    .all<{ name: string }>();
  for (const { name } of results) {
    origin.set(name, JSON.stringify((await database.prepare(`SELECT * FROM "${name}"`).all()).results));
  }
}

async function readObjects(of: string, read: (database: DatabaseSync) => void): Promise<void> {
  const folder = join(dataDir, `storage/do/treasure-hunt-engine-${of}`);
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]+\.sqlite$/.test(name)) continue;
    const database = new DatabaseSync(join(folder, name));
    try {
      read(database);
    } finally {
      database.close();
    }
  }
}

/** Those that stand in a text, whatever their case. */
const canariesIn = (text: string): string[] =>
  Object.entries(CANARIES)
    .filter(([, canary]) => text.toLowerCase().includes(canary.toLowerCase()))
    .map(([what]) => what);

const ofFacts = (): string[] => messages.filter((message) => message.includes('"facts"'));

test("[LOG-1] [PD-6] no segment of a log has in clear who somebody is; that stands beside it, sealed", () => {
  expect(segments.join("")).toContain('"type":"checkin"');
  expect(segments.flatMap(canariesIn)).toEqual([]);
  expect(beside).not.toEqual([]);
  expect(beside.flatMap(canariesIn)).toEqual([]);
});

test("[PD-9] no message of registrations has it either", () => {
  const ofRegistrations = messages.filter((message) => message.includes('"registrations"'));
  expect(ofRegistrations).not.toEqual([]);
  expect(ofRegistrations.flatMap(canariesIn)).toEqual([]);
});

test("[LOG-1] no message of facts has it, nor a dead letter", () => {
  expect(ofFacts().join("")).toContain('"type":"checkin"');
  expect(ofFacts().flatMap(canariesIn)).toEqual([]);
  expect(letters.join("")).toContain('\\"facts\\"');
  expect(letters.flatMap(canariesIn)).toEqual([]);
});

test("[LOG-1] no row of facts at the origin has it: registrations and the lists of players and teams alone", () => {
  expect(origin.get("segment")).toContain("checkin");
  const found = [...origin].flatMap(([table, text]) => canariesIn(text).map((what) => `${what} in ${table}`));
  const allowed = /^(?:name|name of a mate|external id|external id of a mate) in player$|in registration$/;
  expect(found.filter((one) => !allowed.test(one))).toEqual([]);
  expect(found).toEqual(expect.arrayContaining(["name in player", "registered name in registration"]));
});

test("[LOG-1] no line of an export has it outside `person`", () => {
  const persons: string[] = [];
  for (const line of exported) {
    const { person, ...fact } = JSON.parse(line) as { person?: object };
    expect(canariesIn(JSON.stringify(fact)), line).toEqual([]);
    persons.push(...canariesIn(JSON.stringify(person ?? {})));
  }
  const known = Object.keys(CANARIES).filter((what) => what !== "registered name");
  expect(new Set(persons)).toEqual(new Set(known));
});
