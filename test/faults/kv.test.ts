/**
 * FAULT-9: KV stale, missing, corrupt or of another hunt. It
 * costs time, never a wrong outcome, unlock, place or phase.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    // Isolate memory would hide KV from the test.
    vars: { RATE_LIMITS: "off", HUNT_MEMORY_MS: "0", LEADERBOARD_MEMORY_MS: "0" },
    log: () => undefined,
  });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

/** As far as the tests use it: miniflare's own type goes by another set of globals. */
interface Kv {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  list(): Promise<{ keys: { name: string }[] }>;
}

const kv = async (): Promise<Kv> => (await engine.miniflare.getKVNamespace("CACHE")) as unknown as Kv;

/** Two clues, the second opened by the first; the answers of a version are its own. */
const hunt = (version: number) =>
  manyClues(2, {
    title: `Version ${version}`,
    clues: [0, 1].map((index) => ({
      id: `c${index}`,
      round: "one",
      title: `Clue ${index}`,
      kind: "answer",
      points: 10 * version,
      answers: [`right ${index} of ${version}`],
      ...(index === 0 ? {} : { opens: { solved: "c0" } }),
    })),
  });

/** Plays a team through and checks every word of it. */
async function playThrough(name: string, version: number, tag: string): Promise<void> {
  const player: Player = await client.team(name, `Team ${tag}`);
  const answer = (id: string, clue: string, text: string) =>
    client.playOne(player, { id: `${tag}-${id}`, type: "answer", clue, answer: text });
  expect(await answer("1", "c1", `right 1 of ${version}`)).toMatchObject({ outcome: "locked" });
  expect(await answer("2", "c0", "wrong")).toMatchObject({ outcome: "incorrect" });
  expect(await answer("3", "c0", `right 0 of ${version}`)).toMatchObject({
    outcome: "correct",
    points: 10 * version,
    unlocked: ["c1"],
  });
  expect(await answer("4", "c1", `right 1 of ${version}`)).toMatchObject({
    outcome: "correct",
    score: 20 * version,
  });
}

const CORRUPT: [string, (real: string) => string | undefined][] = [
  ["missing", () => undefined],
  ["empty", () => ""],
  ["no JSON", () => "\u0000{{{"],
  ["cut off", (real) => real.slice(0, real.length / 2)],
  ["null", () => "null"],
  ["a list", () => "[]"],
  ["of a later version", (real) => real.replace('"v":1', '"v":2')],
  ["of another hunt", (real) => real.replaceAll("kv-hunt", "kv-other")],
  [
    "of wrong types",
    () => JSON.stringify({ v: 1, hunt: "kv-hunt", at: "x", asOf: "y", entries: {}, version: "1" }),
  ],
  ["a well-formed lie", (real) => real.replaceAll('"paused":false', '"paused":true')],
  ["huge", (real) => real + " ".repeat(1_000_000)],
];

test.each(CORRUPT)("[FAULT-9] a value that is %s costs time, never a wrong outcome", async (tag, spoil) => {
  const name = "kv-hunt";
  if ((await client.call("GET", `/v1/hunts/${name}`)).status === 404) await client.publish(name, hunt(1));
  await sleep(1_100);
  const listed = async () => (await (await kv()).list()).keys.map(({ name: key }) => key);
  // Also after it was lost: the first look has it written again.
  await expect.poll(listed).toContain(`hunt/${name}`);
  const keys = await listed();
  for (const key of keys) {
    const real = await (await kv()).get(key);
    const spoiled = real === null ? undefined : spoil(real);
    if (spoiled === undefined) await (await kv()).delete(key);
    else await (await kv()).put(key, spoiled);
  }
  expect((await client.call("GET", `/v1/hunts/${name}`)).body).toMatchObject({
    title: "Version 1",
    phase: "live",
  });
  await playThrough(name, 1, tag.replaceAll(" ", "-"));
  await expect
    .poll(async () => (await client.board(name)).entries.map(({ team }) => team.name))
    .toContain(`Team ${tag.replaceAll(" ", "-")}`);
});

test("[FAULT-9] a stale public half, of an older version and phase: shards decide by the present one", async () => {
  const name = "kv-stale";
  await client.publish(name, hunt(1));
  const old = await (await kv()).get(`hunt/${name}`);
  await client.publish(name, hunt(2), "draft");
  await (await kv()).put(`hunt/${name}`, old ?? "");
  await playThrough(name, 2, "stale");
  await client.setPhase(name, "paused");
  await (await kv()).put(`hunt/${name}`, old ?? "");
  const player = await client.team(name, "Late");
  const result = await client.playOne(player, {
    id: "1",
    type: "answer",
    clue: "c0",
    answer: "right 0 of 2",
  });
  expect(result).toMatchObject({ outcome: "paused" });
  expect(result).not.toHaveProperty("seq");
  await client.verify(name);
});

test("[FAULT-9] a stale leaderboard says how old it is, and the next word replaces it", async () => {
  const name = "kv-board";
  await client.publish(name, hunt(1));
  await playThrough(name, 1, "first");
  await expect.poll(async () => (await client.board(name)).total).toBe(1);
  await expect.poll(async () => (await kv()).get(`board/${name}`)).toContain("Team first");
  const old = await (await kv()).get(`board/${name}`);
  await playThrough(name, 1, "second");
  // All that the second team did: no later word comes in the way.
  await expect
    .poll(async () => (await client.board(name)).entries.map(({ score }) => score))
    .toEqual([20, 20]);
  await (await kv()).put(`board/${name}`, old ?? "");
  const stale = await client.board(name);
  expect(stale.total).toBe(1);
  expect(Date.parse(stale.asOf)).toBeLessThan(Date.now() - 500);
  await playThrough(name, 1, "third");
  await expect.poll(async () => (await client.board(name)).total).toBe(3);
});
