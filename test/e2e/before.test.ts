/**
 * A hunt that an earlier engine began, on its own data: the current engine finds
 * everything and goes on with it. The earlier engine is the kept bundle in
 * test/fixtures, so it writes what it wrote then.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Me } from "../../src/contract/me.ts";
import type { PlayerEvent, Result } from "../../src/protocol.ts";
import { Client, expectProblem, type Player, sleep } from "../contract/client.ts";
import { everyOutcome, NEAR_PIER, PIER, SECRET_ANSWER } from "../contract/hunts.ts";

const HUNT = "begun-before";
const KEPT = join(import.meta.dirname, "../fixtures/engine-before-15");
const VARS = { RATE_LIMITS: "off", SHARDS_PER_REGION: "2" };

/** From the publishing to the freeze: room for everything that happens before it, ms. */
const FREEZE_AFTER = 15_000;

/** How long standings, pushes and the archive may take to catch up, ms. */
const SETTLED = { timeout: 20_000, interval: 200 };

const CHEATED = { id: "lucky", type: "claim", prize: "shell" } as const;

const CODES = ["FIRST-CODE", "SECOND-CODE", "THIRD-CODE"];

let dataDir: string;
let engine: Engine | undefined;
let client: Client;
let scanCode: string;
let founder: Player;
let mate: Player;
let blue: Player;
let cheat: Player;
/** Who joined under an Idempotency-Key. */
let keyed: Joined;
let before: State;
/** How the earlier engine answered the event of a team that it had banned. */
let refusedToCheat: Result;
/** Each recorded event with its result, as the earlier engine answered. */
const played: { player: Player; event: PlayerEvent; result: Result }[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-before-"));
  await start(KEPT);
});
afterAll(async () => {
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(bundle?: string): Promise<void> {
  engine = await startEngine({ dataDir, vars: VARS, ...(bundle === undefined ? {} : { bundle }) });
  client = await Client.of(engine);
}

/** Sends an event and remembers it, if it is recorded, to be sent again. */
async function send(player: Player, event: PlayerEvent): Promise<Result> {
  const result = await client.playOne(player, event);
  if (result.seq !== undefined) played.push({ player, event, result });
  return result;
}

/** What an organiser does, which must succeed. */
async function organise<Body>(method: string, path: string, body?: object): Promise<Body> {
  const { status, text, body: given } = await client.organise<Body>(method, `/v1/hunts/${HUNT}${path}`, body);
  expect(status, text).toBeLessThan(300);
  return given;
}

async function scores(): Promise<[string, number][]> {
  return (await client.board(HUNT)).entries.map(({ team, score }) => [team.name, score]);
}

type State = Awaited<ReturnType<typeof stateOf>>;

/** Everything a player or an organiser can read, once it has come to rest. */
async function stateOf() {
  await expect
    .poll(async () => {
      const { shards } = await organise<{ shards: { seq: number; archived: number }[] }>("GET", "/stats");
      return shards.every(({ seq, archived }) => seq === archived);
    }, SETTLED)
    .toBe(true);
  const players = [founder, mate, blue, cheat];
  // A rank is left out while the standings are slow to say it; who is banned has none.
  for (const player of [founder, mate, blue]) {
    await expect.poll(async () => (await client.me(player)).team.rank, SETTLED).toBeDefined();
  }
  const history = (player: Player) =>
    client.call("GET", `/v1/hunts/${HUNT}/leaderboard/${player.team.id}/history`);
  const { asOf, ...board } = await client.board(HUNT);
  return {
    mes: await Promise.all(players.map(async (player) => withoutPresent(await client.me(player)))),
    board,
    frozenAt: asOf,
    bracket: (await client.board(HUNT, "?bracket=locals")).entries,
    histories: await Promise.all([founder, blue].map(async (player) => (await history(player)).body)),
    page: withoutPresent((await client.call<object>("GET", `/v1/hunts/${HUNT}`)).body),
    draw: (await client.call("GET", `/v1/hunts/${HUNT}/prizes/shell/draw`)).body,
    winners: {
      voucher: await organise("GET", "/prizes/voucher/winners"),
      shell: await organise("GET", "/prizes/shell/winners"),
    },
    teams: await organise("GET", "/teams"),
    stats: withoutMeters(await organise<Stats>("GET", "/stats")),
    audit: changesOf((await organise<{ entries: { action: string }[] }>("GET", "/audit")).entries),
    definition: (await client.organise("GET", `/v1/hunts/${HUNT}/definition`)).body,
    export: (await client.organise("GET", `/v1/hunts/${HUNT}/export`)).text,
    codes: (await organise<Codes>("GET", "/codes")).codes.map(({ code }) => code),
  };
}

interface Codes {
  codes: { clue: string; code: string }[];
}

interface Stats {
  shards: { rowsWritten: number }[];
}

/** An object counts the rows it wrote since it started. */
function withoutMeters({ shards, ...stats }: Stats): object {
  return { ...stats, shards: shards.map(({ rowsWritten: _rows, ...shard }) => shard) };
}

/** Without the times that only say when it was asked, and what a shard knows of the vault since it started. */
function withoutPresent(view: object): object {
  const { serverTime: _serverTime, asOf: _asOf, ...rest } = view as Partial<Me> & { asOf?: string };
  const prizes = (rest as { prizes?: { left?: number }[] }).prizes ?? [];
  return { ...rest, prizes: prizes.map(({ left: _left, ...prize }) => prize) };
}

/** Reads that the audit notes, among them this test's own. */
const READS = ["codes", "winners", "export", "definition", "teams", "checkins", "dead-letters"];

const changesOf = (entries: readonly { action: string }[]): object[] =>
  entries.filter(({ action }) => !READS.includes(action));

/** A joining that is sent again under its Idempotency-Key. */
const joinUnderKey = (code = "") =>
  client.call<Joined>("POST", `/v1/hunts/${HUNT}/players`, {
    json: { name: "Keyed", team: { join: code } },
    headers: { "idempotency-key": "key-of-before" },
  });

test("[REC-10] an earlier engine begins a hunt: prizes, a freeze, a ban, a pause, every kind of event", {
  timeout: 90_000,
}, async () => {
  const now = Date.now();
  const freeze = now + FREEZE_AFTER;
  const at = (time: number): string => new Date(time).toISOString();
  await client.publish(
    HUNT,
    everyOutcome({
      freeze: at(freeze),
      closes: at(now + 3_600_000),
      prizes: [
        {
          id: "voucher",
          title: "Voucher",
          mode: "first-come",
          stock: CODES.length,
          codes: CODES,
          requires: { solved: "cave" },
        },
        // Its units are spread over an hour, of which nearly all has passed.
        {
          id: "shell",
          title: "Shell",
          mode: "instant-win",
          stock: 1_000,
          window: { from: at(now - 3_500_000), to: at(now + 100_000) },
        },
      ],
    }),
  );
  const { codes } = await organise<Codes>("GET", "/codes");
  scanCode = codes[0]?.code ?? "";

  founder = await client.team(HUNT, "Reds", "locals");
  mate = await client.join(HUNT, { name: "Mate", team: { join: founder.team.joinCode ?? "" } });
  blue = await client.team(HUNT, "Blues", "visitors");
  cheat = await client.team(HUNT, "Cheats");
  keyed = (await joinUnderKey(cheat.team.joinCode)).body;

  const answer = { type: "answer", clue: "cave" } as const;
  expect(await send(founder, { id: "wrong", ...answer, answer: "open barley" })).toMatchObject({
    outcome: "incorrect",
  });
  expect(await send(mate, { id: "nudge", ...answer, answer: "sesame" })).toMatchObject({ outcome: "nudge" });
  expect(await send(founder, { id: "hint", type: "hint", clue: "cave", hint: "free" })).toMatchObject({
    outcome: "taken",
  });
  expect(await send(founder, { id: "cave", ...answer, answer: SECRET_ANSWER })).toMatchObject({
    outcome: "correct",
  });
  expect(await send(mate, { id: "chest", type: "scan", code: scanCode })).toMatchObject({
    outcome: "correct",
  });
  expect(
    await send(founder, { id: "far", type: "checkin", clue: "pier", position: NEAR_PIER }),
  ).toMatchObject({ outcome: "out_of_range" });
  expect(await send(mate, { id: "pier", type: "checkin", clue: "pier", position: PIER })).toMatchObject({
    outcome: "correct",
  });
  expect(await send(blue, { id: "flag", type: "answer", clue: "flag", answer: "red" })).toMatchObject({
    outcome: "incorrect",
  });
  expect(await send(founder, { id: "claim", type: "claim", prize: "voucher" })).toMatchObject({
    outcome: "won",
    prize: { code: CODES[0] },
  });
  expect(await send(founder, { id: "lucky", type: "claim", prize: "shell" })).toMatchObject({
    outcome: "won",
  });
  expect(await send(cheat, CHEATED)).toMatchObject({ outcome: "won" });

  await organise("POST", "/announcements", { text: "The pier closes at ten.", clue: "pier" });
  await organise("POST", `/teams/${blue.team.id}/awards`, { points: 25, reason: "a song" });
  await organise("POST", `/teams/${blue.team.id}/unlocks`, { clue: "vault", reason: "the sheet was gone" });
  await organise("POST", `/teams/${cheat.team.id}/ban`, { reason: "a bot" });
  refusedToCheat = await client.playOne(cheat, CHEATED);
  await organise("POST", "/prizes/voucher/stock", { add: 1, codes: ["FOURTH-CODE"], reason: "a sponsor" });
  await client.setPhase(HUNT, "paused");
  expect(await client.playOne(blue, { id: "paused", type: "answer", clue: "vault", answer: "gold" })).toEqual(
    expect.objectContaining({ outcome: "paused" }),
  );
  await client.setPhase(HUNT, "live");
  await expect.poll(scores, SETTLED).toEqual([
    ["Reds", 220],
    ["Blues", 25],
  ]);
  // Not a second later: else the places above could be those of the freeze, not those before it.
  expect(Date.now()).toBeLessThan(freeze);
  await sleep(freeze - Date.now() + 50);
  expect(await send(blue, { id: "cave", ...answer, answer: SECRET_ANSWER })).toMatchObject({
    outcome: "correct",
  });
  expect(await send(blue, { id: "claim", type: "claim", prize: "voucher" })).toMatchObject({
    outcome: "won",
    prize: { code: CODES[1] },
  });
  await expect.poll(async () => (await client.board(HUNT)).frozen, SETTLED).toBe(true);
  before = await stateOf();
  await engine?.stop();
});

test("[REC-10] data of an earlier engine: everything is there, and the standings are frozen as they were", async () => {
  await start();
  const after = await stateOf();
  expect(after).toEqual(before);
  expect(after.board.frozen).toBe(true);
  expect(after.export.split("\n").length).toBeGreaterThan(played.length);
  await client.verify(HUNT);
});

test("[REC-10] data of an earlier engine: its event ids stay duplicates, with the results of then", async () => {
  expect(played.length).toBeGreaterThan(10);
  for (const { player, event, result } of played) {
    if (player === cheat) continue; // banned since then: below
    // That engine told distances within ten radii, this one within two.
    const { distance: _, ...told } = result;
    expect(await client.playOne(player, event), JSON.stringify(event)).toEqual({ ...told, duplicate: true });
  }
  expect(await client.playOne(cheat, CHEATED)).toEqual(refusedToCheat);
  expect((await client.organise("GET", `/v1/hunts/${HUNT}/export`)).text).toBe(before.export);
});

test("[SEC-65] data of an earlier engine: a joining sent again under its key gives the player of then", async () => {
  const again = await joinUnderKey(cheat.team.joinCode);
  expect(again.body.player).toEqual(keyed.player);
  expect(again.body.team).toEqual(keyed.team);
  expectProblem(await joinUnderKey(founder.team.joinCode), "conflict");
});

test("[REC-10] data of an earlier engine: the hunt goes on, ends, thaws and reveals the seed of its draws", async () => {
  const late = await client.team(HUNT, "Latecomers", "visitors");
  const friend = await client.join(HUNT, { name: "Friend", team: { join: blue.team.joinCode ?? "" } });
  expect(friend.team.id).toBe(blue.team.id);
  expect(
    await client.playOne(friend, { id: "gold", type: "answer", clue: "vault", answer: "gold" }),
  ).toMatchObject({ outcome: "correct" });
  expect(
    await client.playOne(founder, { id: "end", type: "answer", clue: "end", answer: "treasure" }),
  ).toMatchObject({ outcome: "correct" });
  const claimed = await client.playOne(late, {
    id: "cave",
    type: "answer",
    clue: "cave",
    answer: SECRET_ANSWER,
  });
  expect(claimed).toMatchObject({ outcome: "correct" });
  expect(await client.playOne(late, { id: "claim", type: "claim", prize: "voucher" })).toMatchObject({
    outcome: "won",
    prize: { code: CODES[2] },
  });
  expect(await client.playOne(founder, { id: "again", type: "claim", prize: "voucher" })).toMatchObject({
    outcome: "already_won",
  });
  await organise("POST", `/teams/${cheat.team.id}/unban`, { reason: "a person after all" });
  await organise("POST", "/announcements", { text: "The last hour." });
  expect((await client.me(founder)).announcements.map(({ text }) => text).sort()).toEqual([
    "The last hour.",
    "The pier closes at ten.",
  ]);
  expect((await client.board(HUNT)).entries.slice(0, 2)).toEqual(before.board.entries);

  await client.setPhase(HUNT, "ended");
  await expect.poll(scores, SETTLED).toEqual([
    ["Reds", 420],
    ["Blues", 135],
    ["Latecomers", 100],
    ["Cheats", 0],
  ]);
  const { drawHash } = before.draw as { drawHash: string };
  const draw = async () =>
    (await client.call<{ drawSeed?: string; drawHash: string }>("GET", `/v1/hunts/${HUNT}/prizes/shell/draw`))
      .body;
  await expect.poll(async () => (await draw()).drawSeed, SETTLED).toBeDefined();
  const { drawSeed = "" } = await draw();
  expect(createHash("sha256").update(drawSeed).digest("hex")).toBe(drawHash);
  const { text } = await client.organise("GET", `/v1/hunts/${HUNT}/export`);
  expect(text.split("\n")).toEqual(expect.arrayContaining(before.export.split("\n")));
  await client.verify(HUNT);
});
