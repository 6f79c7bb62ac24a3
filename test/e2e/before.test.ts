/**
 * A hunt that an earlier engine began, on its own data: the current engine finds
 * everything and goes on with it. The earlier engine is the kept bundle in
 * test/fixtures, so it writes what it wrote then.
 */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Me } from "../../src/contract/me.ts";
import type { PlayerEvent, Result } from "../../src/protocol.ts";
import { Client, expectProblem, type Player, sleep } from "../contract/client.ts";
import { everyOutcome, manyClues, NEAR_PIER, PIER, SECRET_ANSWER } from "../contract/hunts.ts";

const HUNT = "begun-before";
const KEPT = join(import.meta.dirname, "../fixtures/engine-before-15");
const VARS = { RATE_LIMITS: "off", SHARDS_PER_REGION: "2" };

/** Members of `/me` and of the hunt that the earlier engine did not have. */
const SINCE = new Set(["returnCode", "bracketRank", "captain", "joining", "push", "select"]);

/** From the publishing to the freeze: room for everything that happens before it, ms. */
const FREEZE_AFTER = 15_000;

/** How long standings, pushes and the archive may take to catch up, ms. */
const SETTLED = { timeout: 180_000, interval: 200 };

/** A hunt for registered players, of whom the earlier engine let one join twice. */
const REGISTERED = "registered-before";
const TWICE = [
  ["c-1", "Ones"],
  ["c-1", "Other ones"],
  ["c-2", "Twos"],
] as const;

/** Another hunt of the earlier engine: names that are one by today's folding, and were not by its own. */
const NAMED = "named-before";
const TWINS = ["Night Owls", "NightOwls"];
const UNSEEN = "Al\u200bpha";

/** A hunt of which the earlier engine took what today's rules refuse. */
const LOOSE = "loose-before";
const LONG_CODE = "x".repeat(300);
const looseHunt = (): object => {
  const clue = (id: string, more: object) => ({ id, round: "one", title: id, points: 10, ...more });
  const scan = (id: string, code: string, more: object = {}) => clue(id, { kind: "scan", code, ...more });
  const answer = (id: string, compare: string, ...answers: string[]) =>
    clue(id, { kind: "answer", compare, answers });
  return {
    format: 1,
    title: "Loose",
    teams: { mode: "teams", maxSize: 4 },
    rounds: [{ id: "one", title: "One" }],
    clues: [
      answer("twice", "words", "Don't look back", "Don’t look back"),
      answer("blank", "exact", "flag{a'b} "),
      answer("bell", "exact", "ding", "ding\u0007"),
      answer("kana", "letters", "パンダ"),
      answer("digits", "letters", "199"),
      scan("small", "rosebud", { compare: "exact" }),
      scan("capital", "Rosebud"),
      scan("long", LONG_CODE),
    ],
    webhooks: [{ url: "https://hooks.example/all", on: ["won"] }],
  };
};
/** Played in it by today's rules, a clue each. */
const LOOSELY: PlayerEvent[] = [
  { id: "l1", type: "answer", clue: "twice", answer: "don’t  look back" },
  { id: "l2", type: "answer", clue: "blank", answer: " flag{a'b}" },
  { id: "l3", type: "answer", clue: "bell", answer: "ding" },
  { id: "l4", type: "answer", clue: "digits", answer: "١٩٩" },
  { id: "l5", type: "scan", code: "rosebud" },
  { id: "l6", type: "scan", code: "Rosebud" },
  { id: "l7", type: "scan", code: LONG_CODE },
];
let loose: Player;

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
/** Those joinings. */
const twice: Joined[] = [];
/** The founders of teams in `NAMED`. */
let named: Joined[];
let before: State;
/** The leaderboard as the earlier engine responded with it, to the byte. */
let standingsBefore: string;
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
    export: factsOf((await client.organise("GET", `/v1/hunts/${HUNT}/export`)).text),
    codes: (await organise<Codes>("GET", "/codes")).codes.map(({ code }) => code),
  };
}

/** The lines of an export, without what tells who somebody is: earlier engines had it in the facts, this one has it beside them. */
function factsOf(text: string): object[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const {
        name,
        externalId,
        position,
        personal: _personal,
        person,
        ...fact
      } = JSON.parse(line) as Record<string, unknown> & { person?: Record<string, unknown> };
      const { player: _player, salt: _salt, ...told } = person ?? {};
      return { ...fact, ...JSON.parse(JSON.stringify({ name, externalId, position })), ...told };
    });
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

/** Without what only says when it was asked, what a shard knows of the vault since it started, and what earlier engines did not tell. */
function withoutPresent(view: object): object {
  const { serverTime: _serverTime, asOf: _asOf, ...rest } = view as Partial<Me> & { asOf?: string };
  const prizes = (rest as { prizes?: { left?: number; requires?: object }[] }).prizes ?? [];
  const clues = (rest as { clues?: Me["clues"] }).clues?.map(
    ({ attemptsLeft: _attemptsLeft, attemptsOfClue: _attemptsOfClue, ...clue }) => clue,
  );
  return {
    ...rest,
    ...(clues ? { clues } : {}),
    prizes: prizes.map(({ left: _left, requires: _requires, ...prize }) => prize),
  };
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

const joinRegistered = (externalId: string, create: string) =>
  client.call<Joined>("POST", `/v1/hunts/${REGISTERED}/players`, {
    json: { name: "Registered", team: { create }, externalId },
    headers: { "idempotency-key": `key-of-before-for-${externalId}-${create.replaceAll(" ", "-")}` },
  });

/** A team is made, with a key of its own for sending it again. */
const joinNamed = (create: string, key: string) =>
  client.call<Joined>("POST", `/v1/hunts/${NAMED}/players`, {
    json: { name: "Founder", team: { create } },
    headers: { "idempotency-key": `${key}-of-the-team-of-this-name` },
  });

/** Hunts whose names and registered players later folding and counting concerns. */
async function beginOthers(): Promise<void> {
  await client.publish(NAMED, manyClues(1));
  await client.publish(LOOSE, looseHunt());
  loose = await client.team(LOOSE, "Loose");
  expect(
    await client.playOne(loose, { id: "l0", type: "answer", clue: "kana", answer: "ハンダ" }),
    "as that engine compared it",
  ).toMatchObject({ outcome: "correct" });
  const ids = ["c-1", "c-2", "c-3", "C-1", "C-2", "C-3"];
  const registrations = await client.call("POST", "/v1/registrations", {
    token: client.organiserToken,
    body: ids.map((externalId) => JSON.stringify({ externalId })).join("\n"),
    type: "application/x-ndjson",
  });
  expect(registrations.status, registrations.text).toBe(202);
  const database = await engine?.miniflare.getD1Database("ORIGIN_DB");
  await expect
    .poll(() => database?.prepare("SELECT count(*) AS n FROM registration").first("n"), SETTLED)
    .toBe(ids.length);
  await client.publish(REGISTERED, manyClues(1, { players: { require: "registered" } }));
  for (const [externalId, create] of TWICE) {
    const answer = await joinRegistered(externalId, create);
    expect(answer.status, answer.text).toBe(201);
    twice.push(answer.body);
  }
  named = [];
  for (const [index, name] of [...TWINS, UNSEEN].entries()) {
    const answer = await joinNamed(name, String(index));
    expect(answer.status, answer.text).toBe(201);
    named.push(answer.body);
  }
}

test("[REC-10] an earlier engine begins a hunt: prizes, a freeze, a ban, a pause, every kind of event", {
  timeout: 270_000,
}, async () => {
  await beginOthers();
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
  standingsBefore = await standingsText();
  await engine?.stop();
});

/** What is in clear of these names in the logs of the stopped engine, and whether they are of the earlier form. */
async function readLogs(): Promise<{ ofBefore: number; named: string[]; beside: string[] }> {
  const told = { ofBefore: 0, named: [] as string[], beside: [] as string[] };
  const people = ["Reds player", "Mate", "Blues player", "Cheats player", "Keyed", "Registered", "Founder"];
  const namesIn = (text: unknown): string[] => people.filter((name) => String(text).includes(`"${name}"`));
  const folder = join(dataDir, "storage");
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!/HuntShard$/.test(entry.parentPath) || !/^[0-9a-f]+\.sqlite$/.test(entry.name)) continue;
    const database = new DatabaseSync(join(entry.parentPath, entry.name));
    const has = (table: string) =>
      database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table) !== undefined;
    for (const table of ["segment", "chained"]) {
      if (!has(table)) continue;
      for (const row of database.prepare(`SELECT * FROM ${table}`).all()) {
        if (table === "segment") told.ofBefore += 1;
        told.named.push(...namesIn(row.body), ...(/"lat":/.test(String(row.body)) ? ["position"] : []));
        told.beside.push(
          ...namesIn(row.persons),
          ...(/"lat":/.test(String(row.persons)) ? ["position"] : []),
        );
      }
    }
    database.close();
  }
  return told;
}

const standingsText = async (): Promise<string> => {
  const { text } = await client.call("GET", `/v1/hunts/${HUNT}/leaderboard`);
  return text;
};

test("[LOG-1] [REC-10] data of an earlier engine is rewritten when it is opened: who somebody is leaves the logs, the standings are the same to the byte", async () => {
  const earlier = await readLogs();
  expect(earlier.ofBefore).toBeGreaterThan(0);
  expect(earlier.named).toEqual(expect.arrayContaining(["Reds player", "position"]));
  expect(earlier.beside).toEqual([]);
  await start();
  await stateOf();
  for (const hunt of [NAMED, REGISTERED, LOOSE]) await client.verify(hunt);
  expect(await standingsText()).toBe(standingsBefore);
  const archive = await engine?.miniflare.getD1Database("ORIGIN_DB");
  const isNamed = async () => {
    const rows = await archive?.prepare("SELECT * FROM segment").all();
    return /Reds player|Keyed|"lat/.test(JSON.stringify(rows?.results).replaceAll("\\", ""));
  };
  // The shards send their logs again, without what they had in them.
  await expect.poll(isNamed, SETTLED).toBe(false);
  await engine?.stop();
  const { ofBefore, named, beside } = await readLogs();
  // Beside the log it is sealed; the export of the next test has it.
  expect({ ofBefore, named, beside }).toEqual({ ofBefore: 0, named: [], beside: [] });
});

test("[REC-10] data of an earlier engine: everything is there, and the standings are frozen as they were", async () => {
  await start();
  const after = await stateOf();
  // What came since is beside it.
  const told: unknown = JSON.parse(JSON.stringify(after), function (this: object, key, value) {
    const isOfClue = key === "answer" && "hints" in this;
    const isOfHunt = key === "rounds" && "prizes" in this && !("clues" in this);
    return SINCE.has(key) || isOfClue || isOfHunt ? undefined : value;
  });
  expect(told).toEqual(JSON.parse(JSON.stringify(before)));
  expect(after.board.frozen).toBe(true);
  expect(after.export.length).toBeGreaterThan(played.length);
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
  const { text } = await client.organise("GET", `/v1/hunts/${HUNT}/export`);
  expect(factsOf(text)).toEqual(before.export);
});

test("[SEC-65] data of an earlier engine: a joining sent again under its key gives the player of then", async () => {
  const again = await joinUnderKey(cheat.team.joinCode);
  expect(again.body.player).toEqual(keyed.player);
  expect(again.body.team).toEqual(keyed.team);
  expectProblem(await joinUnderKey(founder.team.joinCode), "conflict");
});

test("[CTRL-6] [CTRL-7] data of an earlier engine: a hunt that today's rules refuse plays on, by today's comparing", async () => {
  // The first shard that somebody plays on has the whole hunt compiled anew.
  for (const event of LOOSELY) {
    expect(await client.playOne(loose, event), JSON.stringify(event)).toMatchObject({ outcome: "correct" });
  }
  expect((await client.me(loose)).team.score, "what was right then stays right").toBe(80);
  const { body } = await client.organise<{ tolerated?: { path: string; code: string }[] }>(
    "GET",
    `/v1/hunts/${LOOSE}/stats`,
  );
  const told = (body.tolerated ?? []).map(({ path, code }) => `${code} ${path}`).sort();
  expect(told).toEqual([
    "answer-duplicate clues.0.answers.1",
    "cannot-be-given clues.2.answers.1",
    "code-duplicate clues.6.code",
    "compare-superfluous clues.5.compare",
    "too-large clues.7.code",
  ]);
  const again = await client.organise<{ issues?: unknown[] }>("PUT", `/v1/hunts/${LOOSE}`, looseHunt());
  expectProblem(again, "invalid");
  await client.verify(LOOSE);
});

test("[NAME-2] data of an earlier engine: names keep their places, whatever they fold to now", async () => {
  for (const [index, name] of [...TWINS, UNSEEN].entries()) {
    const again = await joinNamed(name, String(index));
    expect(again.body.team, "sent again, it is the joining of then").toEqual(named[index]?.team);
  }
  for (const name of [...TWINS, "night owls", "N I G H T OWLS", UNSEEN, "Alpha", "ALPHA"]) {
    expectProblem(await joinNamed(name, `new ${name.length}`.replaceAll(" ", "-")), "conflict");
  }
  const mate = { name: "Mate", team: { join: named[1]?.team.joinCode ?? "" } };
  expect((await client.join(NAMED, mate)).team.name).toBe(TWINS[1]);
  expect((await joinNamed("Day Owls", "new")).status).toBe(201);
});

test("[REG-7] data of an earlier engine: who joined twice stays, and joins no more", async () => {
  for (const [index, [externalId, create]] of TWICE.entries()) {
    const again = await joinRegistered(externalId, create);
    expect(again.body.team, "sent again, it is the joining of then").toEqual(twice[index]?.team);
    expectProblem(await joinRegistered(externalId.toUpperCase(), `Anew ${create}`), "conflict");
  }
  expect((await joinRegistered("c-3", "Threes")).status).toBe(201);
  expectProblem(await joinRegistered("C-3", "More threes"), "conflict");
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
  expect(factsOf(text)).toEqual(expect.arrayContaining(before.export));
  await client.verify(HUNT);
});
