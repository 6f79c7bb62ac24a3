/**
 * A deleted hunt leaves no byte: canaries in everything that a hunt holds are searched for in every file of
 * the data folder and in the origin, after a restart and a redrive, and after kill -9 in the middle of it.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as PgClient } from "pg";
import { afterAll, expect, test } from "vitest";
import { startProxy } from "../../scripts/lab/faults/proxy.ts";
import { compactPostgres } from "../../scripts/local/compact.ts";
import { startEngine } from "../../scripts/local/engine.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import type { DeletionBegun, DeletionJob } from "../../src/contract/deletion.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { startByNpm } from "../e2e/npm-start.ts";

const HUNT = "to-be-deleted";

/** What is written into the hunt, and must not be found afterwards. */
const CANARIES = {
  title: "Canary Title Quetzal",
  body: "Canary body: where does the axolotl sleep?",
  answer: "canary answer capybara",
  hint: "Canary hint: look for the pangolin.",
  wrong: "canary wrong guess okapi",
  player: "Canary Player Narwhal",
  team: "Canary Team Tapir",
  external: "canary-external-vicuna",
  field: "canary.field@fossa.example",
  announcement: "Canary announcement: the manatee is late.",
  reason: "canary reason kakapo",
} as const;

/** What another hunt has, and keeps. */
const KEPT = "Kept Player Wombat";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hunt-deletion-"));
  made.push(folder);
  return folder;
}

/** Where which of the texts stands in a file beneath. */
async function found(folder: string, texts: readonly string[]): Promise<string[]> {
  const where: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = (await readFile(path)).toString("latin1").toLowerCase();
    for (const text of texts) {
      if (bytes.includes(text.toLowerCase())) where.push(`${text} in ${path.slice(folder.length)}`);
    }
  }
  return where;
}

/** Files of objects of the class. */
async function objectsIn(dataDir: string, name: string): Promise<number> {
  const files = await readdir(join(dataDir, "storage", "do", `treasure-hunt-engine-${name}`));
  return files.filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file)).length;
}

const canaries = Object.values(CANARIES);

/** What tells who the player is: in clear in the origin alone. */
const SEALED: readonly string[] = [CANARIES.player, CANARIES.external, CANARIES.field];

/** A hunt with a canary in everything, played, and archived; and another one that stays. */
async function play(client: Client): Promise<Player> {
  const definition = {
    ...manyClues(1),
    title: CANARIES.title,
    teams: { mode: "teams", maxSize: 4 },
    clues: [
      {
        id: "c",
        round: "one",
        title: "C",
        body: CANARIES.body,
        kind: "answer",
        points: 10,
        answers: [CANARIES.answer],
        hints: [{ id: "h", text: CANARIES.hint, cost: 0 }],
      },
    ],
    join: { fields: [{ id: "mail", label: "Mail", kind: "email", required: true }] },
  };
  await client.publish(HUNT, definition);
  const player = await client.join(HUNT, {
    name: CANARIES.player,
    team: { create: CANARIES.team },
    externalId: CANARIES.external,
    fields: { mail: CANARIES.field },
  });
  await client.play(
    player,
    { id: "1", type: "answer", clue: "c", answer: CANARIES.wrong },
    { id: "2", type: "hint", clue: "c", hint: "h" },
    { id: "3", type: "answer", clue: "c", answer: CANARIES.answer },
  );
  await client.organise("POST", `/v1/hunts/${HUNT}/announcements`, { text: CANARIES.announcement });
  await client.organise("POST", `/v1/hunts/${HUNT}/teams/${player.team.id}/awards`, {
    points: 1,
    reason: CANARIES.reason,
  });
  await client.publish("kept", manyClues(1));
  await client.join("kept", { name: KEPT, team: { create: "Kept" } });
  await expect
    .poll(async () => (await client.organise<{ ok: boolean }>("GET", `/v1/hunts/${HUNT}/verify`)).body.ok, {
      timeout: 90_000,
    })
    .toBe(true);
  await client.setPhase(HUNT, "ended");
  return player;
}

async function begin(client: Client): Promise<string> {
  const { body, text } = await client.organise<DeletionBegun>(
    "DELETE",
    `/v1/hunts/${HUNT}?confirm=${HUNT}&reason=over`,
  );
  expect(body.job, text).toBeDefined();
  return body.job;
}

const look = async (client: Client, job: string): Promise<DeletionJob> =>
  (await client.organise<DeletionJob>("GET", `/v1/jobs/${job}`)).body;

const ended = (client: Client, job: string): Promise<void> =>
  expect.poll(async () => (await look(client, job)).state, { timeout: 180_000 }).toBe("done");

/** Redrives what there is, makes the hunt anew, and plays it. */
async function beginAnew(client: Client): Promise<void> {
  await client.organise("POST", "/v1/ops/dead-letters/redrive", {});
  await client.organise("POST", "/v1/hunts/kept/dead-letters/redrive", {});
  await client.publish(HUNT, manyClues(1));
  await client.organise("POST", `/v1/hunts/${HUNT}/dead-letters/redrive`, {});
  const player = await client.team(HUNT, "Anew");
  await client.playOne(player, { id: "1", type: "answer", clue: "c0", answer: "right 0" });
  await expect
    .poll(async () => (await client.organise<{ ok: boolean }>("GET", `/v1/hunts/${HUNT}/verify`)).body.ok, {
      timeout: 90_000,
    })
    .toBe(true);
  await client.verify("kept");
}

test("[DEL-5] no byte of a deleted hunt is left in the data folder, also after a restart and a redrive", {
  timeout: 540_000,
}, async () => {
  const dataDir = await newFolder();
  let engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off" } });
  let client = await Client.of(engine);
  await play(client);
  await engine.stop();
  for (const canary of canaries) {
    const files = await found(dataDir, [canary]);
    const objects = files.filter((file) => !file.includes("/d1/"));
    if (SEALED.includes(canary)) expect(objects, "it is sealed").toEqual([]);
    else expect(files, "it was looked where it is").not.toEqual([]);
  }
  engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await ended(client, await begin(client));
  await engine.stop();
  expect(await found(dataDir, canaries)).toEqual([]);
  expect(await found(dataDir, [KEPT])).not.toEqual([]);
  expect(await objectsIn(dataDir, "HuntControl"), "no file of the hunt is left").toBe(1);
  expect(await objectsIn(dataDir, "Leaderboard")).toBe(1);
  engine = await startEngine({ dataDir, vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await beginAnew(client);
  await engine.stop();
  expect(await found(dataDir, canaries)).toEqual([]);
  expect(await found(dataDir, [KEPT])).not.toEqual([]);
});

test("[DEL-2] [DEL-5] kill -9 in the middle of a deletion: it goes on by itself, and nothing is left", {
  timeout: 720_000,
}, async () => {
  const dataDir = await newFolder();
  const start = () => startByNpm(dataDir, { RESEND_AFTER_MS: "1000" });
  let engine = await start();
  let client = await Client.of(engine);
  await play(client);
  const job = await begin(client);
  const steps: string[] = [];
  for (let kills = 0; kills < 3; kills += 1) {
    await sleep(kills * 1_500);
    const { state, done, of } = await look(client, job);
    steps.push(`${state} ${done}/${of}`);
    await engine.killAll();
    engine = await start();
    client = await Client.of(engine);
  }
  process.stdout.write(`deletion killed at ${steps.join(", ")}\n`);
  expect(steps[0]).toMatch(/^running /);
  await ended(client, job);
  await engine.killAll();
  // The next start compacts what the killed one left.
  engine = await start();
  client = await Client.of(engine);
  expect(await found(dataDir, canaries)).toEqual([]);
  await beginAnew(client);
  await engine.killAll();
});

test("[DEL-2] [DEL-5] with a dead PostgreSQL a deletion is running and says why; it ends when that is back, and no byte is left", {
  timeout: 720_000,
}, async () => {
  const dataDir = await newFolder();
  let postgres = await startPostgres({ dataDir });
  const { hostname, port } = new URL(postgres.url);
  const proxy = await startProxy({ upstream: { host: hostname, port: Number(port) } });
  const url = new URL(postgres.url);
  url.host = `${proxy.host}:${proxy.port}`;
  const engine = await startEngine({ origin: { postgres: url.href }, vars: { RATE_LIMITS: "off" } });
  const client = await Client.of(engine);
  await play(client);
  await proxy.down();
  const job = await begin(client);
  await expect
    .poll(async () => (await look(client, job)).waitsFor, { timeout: 90_000 })
    .toMatch(/^origin: the origin is unavailable/);
  const waiting = await look(client, job);
  expect(waiting).toMatchObject({ state: "running" });
  await sleep(3_000);
  expect(await look(client, job)).toMatchObject({ state: "running", done: waiting.done });
  await proxy.up();
  await ended(client, job);
  await client.verify("kept");
  await engine.stop();
  const direct = new PgClient({ connectionString: postgres.url });
  await direct.connect();
  for (const table of ["segment", "team", "player", "solve_row", "score", "mark", "win"]) {
    const { rows } = await direct.query<{ n: string }>(
      `SELECT count(*) AS n FROM ${table} WHERE hunt = '${HUNT}'`,
    );
    expect(Number(rows[0]?.n), table).toBe(0);
  }
  await direct.end();
  // As `npm start` does with a server of its own, before it stops and after it starts.
  await compactPostgres(postgres.url);
  await postgres.stop();
  expect(await found(dataDir, canaries)).toEqual([]);
  postgres = await startPostgres({ dataDir });
  await postgres.stop();
  expect(await found(dataDir, [KEPT])).not.toEqual([]);
  await proxy.close();
});
