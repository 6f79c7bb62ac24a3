import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startEngine } from "../../scripts/local/engine.ts";
import { createSecrets, secretsOf } from "../../scripts/local/secrets.ts";
import type { Keys } from "../../src/contract/ops.ts";
import { faultsOf } from "../../src/secrets.ts";
import { Client, expectProblem, type Player } from "../contract/client.ts";
import { type Started, startByNpm } from "./npm-start.ts";

const HUNT = "harbour-nights";

let dataDir: string;
let running: Started | undefined;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-lost-"));
});
afterEach(async () => {
  if (running && running.processes().length > 0) await running.killAll();
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const right = (id: string) => ({ id, type: "answer", clue: "strong-one", answer: "tug" }) as const;

test("[SEC-84] a lost secrets.json is told at start, and what its keys judged is refused, not judged wrong", {
  timeout: 540_000,
}, async () => {
  const secrets = join(dataDir, "secrets.json");
  const kept = join(dataDir, "kept.json");
  const answer = (client: Client, player: Player, id: string) =>
    client.call("POST", `/v1/hunts/${HUNT}/events`, { token: player.token, json: { events: [right(id)] } });

  running = await startByNpm(dataDir);
  let client = await Client.of(running);
  const player = await client.team(HUNT, "Tuggers");
  const late = await client.team(HUNT, "Late");
  expect(await client.playOne(player, right("e1"))).toMatchObject({ outcome: "correct" });
  expect(running.output()).not.toContain("warning");
  await running.killAll();
  await copyFile(secrets, kept);
  await rm(secrets);

  running = await startByNpm(dataDir);
  const old = JSON.parse(await readFile(kept, "utf8")) as Record<string, string>;
  const idOf = (name: string) => (old[name] ?? "").split(":")[0];
  expect(running.output()).toMatch(/^warning: .*secrets\.json does not have the keys/m);
  expect(running.output()).toContain(`${HUNT}: ANSWER_PEPPERS ${idOf("ANSWER_PEPPERS")}: answers and scans`);
  expect(running.output()).toContain(`${HUNT}: CODE_KEYS ${idOf("CODE_KEYS")}: `);
  client = await Client.of(running);
  const told = await client.organise<Keys>("GET", "/v1/ops/keys");
  expect(told.body).toMatchObject({ unknown: 0, missing: [{ hunt: HUNT }, { hunt: HUNT }] });
  expectProblem(await answer(client, player, "e2"), "unauthenticated");
  // Its printed codes are made with a key that is gone: the hunt cannot be compiled, and nobody joins.
  const joining = { name: "Early", team: { create: "Early" } };
  const closed = await client.call("POST", `/v1/hunts/${HUNT}/players`, { json: joining });
  expectProblem(closed, "unavailable");
  expect(closed.text).toContain("CODE_KEYS");
  await running.killAll();

  // The peppers alone are lost.
  const made = JSON.parse(await readFile(secrets, "utf8")) as Record<string, string>;
  await writeFile(secrets, JSON.stringify({ ...old, ANSWER_PEPPERS: made.ANSWER_PEPPERS }));
  running = await startByNpm(dataDir);
  client = await Client.of(running);
  const fresh = await client.team(HUNT, "Fresh");
  const refused = await answer(client, fresh, "e1");
  expectProblem(refused, "unavailable");
  expect(refused.text).toContain("the engine no longer has the key");
  // What needs no key is judged as ever.
  const { clues } = await client.me(fresh);
  expect(clues.length).toBeGreaterThan(0);
  await running.killAll();

  // The key comes back: nothing was judged meanwhile, and everything is as it was.
  await copyFile(kept, secrets);
  running = await startByNpm(dataDir);
  client = await Client.of(running);
  expect(running.output()).not.toContain("warning");
  expect(await client.playOne(late, right("e1"))).toMatchObject({ outcome: "correct" });
  expect(await client.playOne(player, right("e1"))).toMatchObject({ outcome: "correct", duplicate: true });
});

test("[SEC-85] keys that are too short, malformed or misnamed stop the start, and the secret is named", async () => {
  const good = createSecrets();
  const [id, key = ""] = good.ANSWER_PEPPERS.split(":");
  const short = Buffer.alloc(31, 7).toString("base64url");
  for (const [value, fault] of [
    ["", /ANSWER_PEPPERS is missing/],
    [`k1:${short}`, /ANSWER_PEPPERS has a key of 31 bytes \(k1\)/],
    [`${good.ANSWER_PEPPERS},k1:${short}`, /ANSWER_PEPPERS has a key of 31 bytes \(k1\)/],
    [`k1=${key}`, /ANSWER_PEPPERS is malformed/],
    [`${id}:${Buffer.alloc(32, 7).toString("base64url")}`, /ANSWER_PEPPERS has another key under the id f/],
    [`k1:${key},k1:${key}`, /ANSWER_PEPPERS has two keys with the id k1/],
  ] as const) {
    const bad = { ...good, ANSWER_PEPPERS: value };
    expect(faultsOf(bad).join()).toMatch(fault);
    await expect(startEngine({ secrets: bad })).rejects.toThrow(fault);
    expect(faultsOf(bad).join()).not.toContain(key);
    await writeFile(join(dataDir, "secrets.json"), JSON.stringify(bad));
    await expect(secretsOf(dataDir)).rejects.toThrow(fault);
  }
  // As earlier engines named them.
  expect(faultsOf({ ...good, ANSWER_PEPPERS: `k2:${key},k1:${key}` })).toEqual([]);
  expect(id).toMatch(/^f[0-9a-f]{10}$/);
});
