import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as PostgresClient } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Client } from "../contract/client.ts";
import { type Started, startByNpm } from "./npm-start.ts";

const HUNT = "harbour-nights";

/** How long facts may take to the origin, and processes to their end, ms. */
const PATIENCE = 20_000;

let dataDir: string;
let running: Started | undefined;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-postgres-e2e-"));
});
afterEach(async () => {
  if (running && running.processes().length > 0) await running.killAll();
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** Asks the engine's own PostgreSQL, with the address it printed and the password it kept. */
async function ask(statement: string): Promise<Record<string, unknown>[]> {
  const printed = /^ {2}origin\s+(postgresql:\S+)/m.exec(running?.output() ?? "")?.[1];
  if (printed === undefined) throw new Error(`no origin in:\n${running?.output()}`);
  const url = new URL(printed);
  expect(url.password).toBe("");
  url.password = (await readFile(join(dataDir, "postgres", "password"), "utf8")).trim();
  const client = new PostgresClient({ connectionString: url.href });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows as Record<string, unknown>[];
}

const serverPid = async (): Promise<number> =>
  Number.parseInt(await readFile(join(dataDir, "postgres", "data", "postmaster.pid"), "utf8"), 10);

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

test("[ORIGIN-13] ORIGIN=postgres npm start brings its own PostgreSQL, facts arrive in it, and it ends and starts again with the engine", {
  timeout: 540_000,
}, async () => {
  running = await startByNpm(dataDir, { ORIGIN: "postgres", DATABASE_URL: "" });
  let client = await Client.of(running);
  const player = await client.team(HUNT, "Tug o'War ☕");
  const event = { id: "e1", type: "answer", clue: "strong-one", answer: "tug" } as const;
  const result = await client.playOne(player, event);
  expect(result).toMatchObject({ outcome: "correct" });
  const solved = "SELECT team, clue, cast(points AS int) AS points FROM solve";
  const row = { team: player.team.id, clue: "strong-one", points: result.points };
  await expect.poll(() => ask(solved), { timeout: PATIENCE }).toEqual([row]);
  expect(await ask("SELECT name FROM team")).toEqual([{ name: "Tug o'War ☕" }]);
  await client.verify(HUNT);

  let pid = await serverPid();
  running.npm.kill("SIGTERM");
  expect(await running.ended).toEqual({ code: 0, signal: null });
  expect(isRunning(pid)).toBe(false);
  await expect.poll(() => running?.processes(), { timeout: PATIENCE }).toEqual([]);

  running = await startByNpm(dataDir, { ORIGIN: "postgres", DATABASE_URL: "" });
  expect(await ask(solved)).toEqual([row]);
  pid = await serverPid();
  await running.killAll();
  await expect.poll(() => isRunning(pid), { timeout: PATIENCE }).toBe(false);

  running = await startByNpm(dataDir, { ORIGIN: "postgres", DATABASE_URL: "" });
  client = await Client.of(running);
  expect(await client.playOne(player, event)).toEqual({ ...result, duplicate: true });
  expect(await ask(solved)).toEqual([row]);
  await client.verify(HUNT);
  pid = await serverPid();
  running.npm.kill("SIGINT");
  await running.ended;
  expect(isRunning(pid)).toBe(false);
});

test("[ORIGIN-13] a DATABASE_URL that cannot be used is told, without its password", {
  timeout: 180_000,
}, async () => {
  const refused = (env: Record<string, string>) =>
    startByNpm(dataDir, { ORIGIN: "postgres", ...env }).then(
      () => "",
      (error: Error) => error.message,
    );
  const unreachable = await refused({ DATABASE_URL: "postgresql://me:secret@127.0.0.1:1/origin" });
  expect(unreachable).toMatch(/error: PostgreSQL at 127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/);
  expect(unreachable).not.toContain("secret");
  expect(await refused({ DATABASE_URL: "mysql://a:b@c/d" })).toMatch(
    /error: DATABASE_URL must be postgresql:/,
  );
  expect(await refused({ ORIGIN: "oracle" })).toMatch(/error: ORIGIN must be d1 or postgres, not "oracle"/);
});
