/** Hunts with everything that an engine stores, and the files that it keeps them in. */
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "vitest";
import { type Engine, startEngine } from "../../../scripts/local/engine.ts";
import { registryOf } from "../../../src/objects/names.ts";
import { Client, linesOf, type Player, sleep } from "../../contract/client.ts";
import { NEAR_PIER, PIER } from "../../contract/hunts.ts";
import { registrationsThere } from "../../contract/waiting.ts";

/** Teams of each hunt; each has two players, but in the hunt for single players. */
export const TEAMS = 6;

const WON = 4;

/** A hunt that was played, and what the test needs to look at all of it. */
export interface Played {
  hunt: string;
  players: Player[];
  /** The first of each team. */
  founders: Player[];
  isSolo: boolean;
  /** A name, and somebody, that the hunt has. */
  name: string;
  externalId: string;
  /** People who have not joined yet. */
  late: [string, string];
}

export const startOn = (dataDir: string, log: (text: string) => void = () => undefined): Promise<Engine> =>
  startEngine({
    dataDir,
    vars: {
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "2",
      ROOT_EVERY_MS: "1000",
      PAGE_FLUSH_FACTS: "100",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
      // The machine may be busy.
      LOOKUP_LIMIT_MS: "5000",
    },
    log: (level, text) => {
      if (level === "error" || level === "warn") log(text);
    },
  });

const definition = (isSolo: boolean): object => ({
  format: 1,
  title: "Flipped",
  description: "Bits of it will be flipped.",
  teams: isSolo ? { mode: "solo" } : { mode: "teams", maxSize: 3 },
  players: { require: "registered", whenOriginDown: "refuse" },
  attempts: { burst: 1_000, refillPerMinute: 1_000, perClue: 0 },
  rounds: [{ id: "one", title: "One" }],
  clues: [
    ...Array.from({ length: 6 }, (_, index) => ({
      id: `word-${index}`,
      round: "one",
      title: `Word ${index}`,
      body: "Say the word.",
      kind: "answer",
      points: 10 + index,
      answers: [`word ${index}`],
      nudges: [{ match: [`near ${index}`], say: "Near." }],
      hints: [{ id: "dear", text: "It has a number.", cost: 2 }],
      ...(index === 5 ? { opens: { solved: "word-4" } } : {}),
    })),
    { id: "spare", round: "one", title: "Spare", kind: "answer", points: 1, answers: ["spare"] },
    { id: "chest", round: "one", title: "The chest", kind: "scan", points: 20, code: "chest-code-4711" },
    {
      id: "pier",
      round: "one",
      title: "The pier",
      kind: "place",
      points: 30,
      place: { lat: PIER.lat, lng: PIER.lng, radius: 40, maxAccuracy: 100, maxSpeed: 300 },
    },
  ],
  prizes: [
    { id: "cup", title: "Cup", mode: "first-come", stock: WON, codes: ["C-1", "C-2", "C-3", "C-4"] },
    { id: "shell", title: "Shell", mode: "odds", odds: 0.5, stock: 20, perTeam: 2 },
  ],
});

/** Plays hunts of these names; all of it is in the files when it resolves. */
export async function playAll(dataDir: string, hunts: readonly string[]): Promise<Played[]> {
  const engine = await startOn(dataDir);
  try {
    const client = await Client.of(engine);
    const played = await Promise.all(hunts.map((hunt, index) => play(engine, client, hunt, index === 0)));
    const producer = await engine.miniflare.getQueueProducer("FACTS");
    await producer.send("no message of the engine's");
    for (const { hunt } of played) await settled(client, hunt);
    const letters = () => client.organise<{ total: number }>("GET", "/v1/ops/dead-letters");
    await expect.poll(async () => (await letters()).body.total, { timeout: 60_000 }).toBe(1);
    // Sums of metrics are written down some seconds later.
    await sleep(6_000);
    return played;
  } finally {
    await engine.stop();
  }
}

async function play(engine: Engine, client: Client, hunt: string, isSolo: boolean): Promise<Played> {
  await client.publish(hunt, definition(isSolo));
  const externalIds = Array.from({ length: TEAMS * 2 }, (_, index) => `${hunt}-person-${index}`);
  const late: [string, string] = [`${hunt}-late-0`, `${hunt}-late-1`];
  const registered = await client.call("POST", "/v1/registrations", {
    token: client.organiserToken,
    body: [...externalIds, ...late]
      .map((externalId) => JSON.stringify({ externalId, name: "Somebody" }))
      .join("\n"),
    type: "application/x-ndjson",
  });
  expect(registered.status, registered.text).toBe(202);
  await registrationsThere(engine, externalIds.length + late.length, `${hunt}-`);
  const players: Player[] = [];
  const founders: Player[] = [];
  const names: string[] = [];
  for (const [index, externalId] of externalIds.entries()) {
    const founder = index < TEAMS ? undefined : founders[index - TEAMS];
    const name = isSolo ? `Single ${index}` : `Person ${index}`;
    const team = founder ? { join: founder.team.joinCode ?? "" } : { create: `Team ${index}` };
    const player = await client.join(hunt, { name, externalId, ...(isSolo ? {} : { team }) });
    players.push(player);
    if (index < TEAMS || isSolo) founders.push(player);
    if (index < TEAMS || isSolo) names.push(isSolo ? name : `Team ${index}`);
  }
  for (let round = 0; round < 6; round += 1) {
    for (const [index, player] of players.entries()) await playRound(client, player, round, index);
  }
  const [first, second] = founders as [Player, Player];
  const path = `/v1/hunts/${hunt}`;
  await client.organise("POST", `${path}/teams/${first.team.id}/awards`, { points: 5, reason: "helped" });
  await client.organise("POST", `${path}/teams/${second.team.id}/hide`, { reason: "a test team" });
  for (const text of ["The pier closes at ten.", "It is raining."]) {
    await client.organise("POST", `${path}/announcements`, { text });
  }
  await client.organise("POST", `${path}/announcements`, { text: "Look closer.", clue: "word-1" });
  return { hunt, players, founders, isSolo, name: names[0] ?? "", externalId: externalIds[0] ?? "", late };
}

async function playRound(client: Client, player: Player, round: number, index: number): Promise<void> {
  const id = (what: string) => `${what}-${index}-${round}`;
  const say = (what: string, answer: string) =>
    ({ id: id(what), type: "answer", clue: `word-${round % 5}`, answer }) as const;
  await client.play(player, say("wrong", `wrong ${index}`), say("near", `near ${round % 5}`));
  if (round === 0) await client.play(player, { id: id("at"), type: "checkin", clue: "pier", position: PIER });
  if (round === 1) {
    await client.play(player, { id: id("far"), type: "checkin", clue: "pier", position: NEAR_PIER });
    await client.play(player, { id: id("scan"), type: "scan", code: "chest-code-4711" });
  }
  if (round === 2) {
    await client.play(player, { id: id("hint"), type: "hint", clue: "word-2", hint: "dear" });
    await client.play(player, { id: id("cup"), type: "claim", prize: "cup" });
  }
  if (round === 3) await client.play(player, { id: id("shell"), type: "claim", prize: "shell" });
  if ((index + round) % 3 !== 0) await client.play(player, say("right", `word ${round % 5}`));
}

/** The origin has all facts, and a root as well. */
async function settled(client: Client, hunt: string): Promise<void> {
  const shards = async () => {
    const { body } = await client.organise<{ shards: { seq: number; archived: number }[] }>(
      "GET",
      `/v1/hunts/${hunt}/stats`,
    );
    return body.shards;
  };
  await expect
    .poll(async () => (await shards()).every(({ seq, archived }) => seq === archived), { timeout: 90_000 })
    .toBe(true);
  await client.verify(hunt);
  const facts = linesOf((await client.organise<string>("GET", `/v1/hunts/${hunt}/export`)).text).length;
  const covered = async () => {
    const { body } = await client.call<{ roots: { shards: { leaves: number }[] }[] }>(
      "GET",
      `/v1/hunts/${hunt}/proof`,
    );
    return body.roots.flatMap(({ shards }) => shards).reduce((sum, { leaves }) => sum + leaves, 0);
  };
  await expect.poll(covered, { timeout: 90_000 }).toBe(facts);
}

// ── Files ────────────────────────────────────────────────────────────────────

/** A file of the data folder. */
export interface Kept {
  /** In the folder. */
  path: string;
  size: number;
  /** The class of its object, or where else it belongs. */
  kind: string;
  /** Of which hunt alone it holds anything; undefined: of all. */
  hunt: string | undefined;
}

/** Every file that holds something, in the order of their paths. */
export async function filesOf(dataDir: string, hunts: readonly string[]): Promise<Kept[]> {
  const owners = await ownersOf(dataDir, hunts);
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const kept: Kept[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name === "engine.lock") continue;
    const whole = join(entry.parentPath, entry.name);
    const path = relative(dataDir, whole);
    const { size } = await stat(whole);
    if (size > 0) kept.push({ path, size, kind: kindOf(path), hunt: owners.get(entry.name) });
  }
  return kept.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function kindOf(path: string): string {
  const [, own] = /treasure-hunt-engine-(\w+)/.exec(path) ?? [];
  const kind = own ?? path.split("/")[1] ?? path;
  return path.endsWith("metadata.sqlite") ? `${kind} (names and alarms)` : kind;
}

/** Objects' files are named by their id, which the namespace makes of their name. */
async function ownersOf(dataDir: string, hunts: readonly string[]): Promise<Map<string, string>> {
  const engine = await startOn(dataDir);
  try {
    const owners = new Map<string, string>();
    const { miniflare } = engine;
    const classes = ["SHARD", "CONTROL", "LEADERBOARD", "PRIZES", "NAMES", "DEAD_LETTERS", "LIVE_BOARD"];
    for (const binding of classes) {
      const namespace = await miniflare.getDurableObjectNamespace(binding);
      for (const hunt of hunts) {
        const names =
          binding === "SHARD"
            ? ["weur-0", "weur-1"].map((shard) => `${hunt}/${shard}`)
            : binding === "NAMES"
              ? registries(hunt)
              : [hunt];
        for (const name of names) owners.set(`${namespace.idFromName(name)}.sqlite`, hunt);
      }
    }
    return owners;
  } finally {
    await engine.stop();
  }
}

const registries = (hunt: string): string[] =>
  [...new Set(Array.from({ length: 2_000 }, (_, index) => registryOf(hunt, `${index}`)))].sort();
