/** The demo hunt, played through by two teams from its own definition, and found again after a restart. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { ClueView } from "../../src/contract/me.ts";
import { type Definition, parseDefinition } from "../../src/hunt/definition.ts";
import type { PlayerEvent, Result } from "../../src/protocol.ts";
import { Client, type Player } from "../contract/client.ts";

const HUNT = "harbour-nights";
const file = join(import.meta.dirname, "../../hunts", `${HUNT}.yaml`);

/** The demo as it is, but that hints need no waiting for. */
const source = readFileSync(file, "utf8").replaceAll(/(cost: \d+), after: \w+/g, "$1, after: 0s");
const definition = definitionOf(source);
const total = definition.clues.reduce((sum, clue) => sum + clue.points, 0);

let dataDir: string;
let engine: Engine;
let client: Client;
let codes: Map<string, string>;
let swift: Player;
let steady: Player;
/** Every event sent and its first result, by player. */
const played = new Map<Player, { event: PlayerEvent; result: Result }[]>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-demo-"));
  await start();
});
afterAll(async () => {
  await engine.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
}

function definitionOf(text: string): Definition {
  const parsed = parseDefinition(text, "yaml");
  if (parsed.issues) throw new Error(JSON.stringify(parsed.issues));
  return parsed.definition;
}

function clueOf(id: string): Definition["clues"][number] {
  const clue = definition.clues.find((candidate) => candidate.id === id);
  if (!clue) throw new Error(`the demo has no clue ${id}`);
  return clue;
}

async function send(player: Player, event: PlayerEvent): Promise<Result> {
  const result = await client.playOne(player, event);
  const own = played.get(player) ?? [];
  own.push({ event, result });
  played.set(player, own);
  return result;
}

/** The event that solves a clue, from the definition alone. */
function solving({ id }: Pick<ClueView, "id">): PlayerEvent {
  const clue = clueOf(id);
  const head = { id: `solve-${id}` };
  if (clue.kind === "scan") return { ...head, type: "scan", code: codes.get(id) ?? "" };
  if (clue.kind === "place") {
    const { lat = 0, lng = 0 } = clue.place ?? {};
    return { ...head, type: "checkin", clue: id, position: { lat, lng, accuracy: 12 } };
  }
  return { ...head, type: "answer", clue: id, answer: String(clue.answers?.[0] ?? "") };
}

/** Plays whatever is open until nothing is; `before` may try something on each clue first. */
async function playThrough(player: Player, before?: (clue: ClueView) => Promise<void>): Promise<string[]> {
  const order: string[] = [];
  const seen = new Set<string>();
  while (true) {
    const open = (await client.me(player)).clues.filter(({ state }) => state === "open");
    if (open.length === 0) return order;
    for (const clue of open) {
      seen.add(clue.id);
      await before?.(clue);
      const result = await send(player, solving(clue));
      expect(result, clue.id).toMatchObject({ outcome: "correct", clue: clue.id, points: clue.points });
      order.push(clue.id);
      // What is said to be unlocked is what the player then sees.
      const now = (await client.me(player)).clues.map(({ id }) => id);
      expect(now).toEqual(expect.arrayContaining(result.unlocked ?? []));
    }
  }
}

test("[API-60] the demo can be finished by answer, choice, scan and place, unlock by unlock", async () => {
  const put = await client.call("PUT", `/v1/hunts/${HUNT}`, {
    token: client.organiserToken,
    body: source,
    type: "application/yaml",
  });
  expect(put.status, put.text).toBe(201);
  await client.setPhase(HUNT, "live");
  const told = await client.organise<{ codes: { clue: string; code: string }[] }>(
    "GET",
    `/v1/hunts/${HUNT}/codes`,
  );
  codes = new Map(told.body.codes.map(({ clue, code }) => [clue, code]));
  swift = await client.team(HUNT, "Swift", "locals");
  const start = (await client.me(swift)).clues.map(({ id }) => id);
  expect(start.length).toBeGreaterThan(0);
  expect(start.length).toBeLessThan(definition.clues.length / 2);
  const order = await playThrough(swift);
  expect(new Set(order)).toEqual(new Set(definition.clues.map(({ id }) => id)));
  expect(order.at(-1)).toBe(definition.scoring.finish);
  expect((await client.me(swift)).team).toMatchObject({ score: total, solves: definition.clues.length });
});

test("[API-60] nudges cost nothing, hints their price, wrong answers an attempt; the meta is last for everybody", async () => {
  steady = await client.team(HUNT, "Steady", "visitors");
  let paid = 0;
  await playThrough(steady, async (open) => {
    const clue = clueOf(open.id);
    const nudge = clue.nudges[0]?.match[0];
    if (nudge !== undefined) {
      expect(
        await send(steady, { id: `nudge-${clue.id}`, type: "answer", clue: clue.id, answer: String(nudge) }),
      ).toMatchObject({
        outcome: "nudge",
        message: clue.nudges[0]?.say,
      });
    }
    if (clue.kind === "answer") {
      expect(
        await send(steady, {
          id: `wrong-${clue.id}`,
          type: "answer",
          clue: clue.id,
          answer: clue.compare === "number" ? "9999" : "9999 herrings",
        }),
      ).toMatchObject({
        outcome: "incorrect",
      });
    }
    const [hint] = clue.hints;
    const { score } = (await client.me(steady)).team;
    if (hint) {
      const result = await send(steady, {
        id: `hint-${clue.id}`,
        type: "hint",
        clue: clue.id,
        hint: hint.id,
      });
      if (score >= hint.cost) {
        expect(result).toMatchObject({
          outcome: "taken",
          hint: { id: hint.id, text: hint.text },
          score: score - hint.cost,
        });
        paid += hint.cost;
      } else expect(result).toMatchObject({ outcome: "unaffordable" });
    }
  });
  expect(paid).toBeGreaterThan(0);
  expect((await client.me(steady)).team).toMatchObject({
    score: total - paid,
    solves: definition.clues.length,
  });
  const board = () => client.board(HUNT);
  await expect
    .poll(async () => (await board()).entries.map(({ team }) => team.name), { timeout: 45_000 })
    .toEqual(["Swift", "Steady"]);
  await expect
    .poll(async () => (await board()).entries.map(({ score }) => score), { timeout: 45_000 })
    .toEqual([total, total - paid]);
});

test("[REC-2] a restart on the same data directory loses nothing, and duplicates stay duplicates", {
  timeout: 270_000,
}, async () => {
  const state = async () => ({
    swift: await withoutClock(swift),
    steady: await withoutClock(steady),
    export: await client.export(HUNT),
    codes: (await client.organise("GET", `/v1/hunts/${HUNT}/codes`)).body,
    definition: (await client.organise("GET", `/v1/hunts/${HUNT}/definition`)).text,
    places: (await client.board(HUNT)).entries,
  });
  // A rank is left out of /me when the standings are slow to answer.
  const ranked = () =>
    expect
      .poll(async () => [(await client.me(swift)).team.rank, (await client.me(steady)).team.rank], {
        timeout: 45_000,
      })
      .toEqual([1, 2]);
  await ranked();
  const before = await state();
  await engine.stop();
  await start();
  await ranked();
  // Codes carry the address, which a free port changes.
  const after = await state();
  expect(withoutOrigin(after)).toEqual(withoutOrigin(before));
  for (const [player, events] of played) {
    for (const { event, result } of events) {
      if (result.seq === undefined) continue; // decided anew
      expect(await client.playOne(player, event)).toEqual({ ...result, duplicate: true });
    }
  }
  expect(await client.export(HUNT)).toEqual(before.export);
  await client.verify(HUNT);
});

/** /me without what only says when it was asked. */
async function withoutClock(player: Player): Promise<object> {
  const {
    serverTime: _serverTime,
    asOf: _asOf,
    ...rest
  } = (await client.me(player)) as Awaited<ReturnType<typeof client.me>> & { asOf?: string };
  return rest;
}

const withoutOrigin = (state: object): unknown =>
  JSON.parse(JSON.stringify(state).replaceAll(/127\.0\.0\.1:\d+/g, "host"));
