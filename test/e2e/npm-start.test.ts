import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Client, type Player } from "../contract/client.ts";
import { type Started, startByNpm } from "./npm-start.ts";

const root = join(import.meta.dirname, "../..");
const HUNT = "harbour-nights";

/** How long a clean stop may take, ms. */
const STOP_MAX = 10_000;

let dataDir: string;
let running: Started | undefined;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hunt-npm-"));
});
afterEach(async () => {
  if (running && running.processes().length > 0) await running.killAll();
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** Waits for npm to end, and for every process it started. */
async function stopped(engine: Started): Promise<{ code: number | null; signal: string | null }> {
  const ended = await Promise.race([
    engine.ended,
    new Promise<never>((_, fail) => setTimeout(() => fail(new Error("npm does not end")), STOP_MAX).unref()),
  ]);
  await expect.poll(() => engine.processes(), { timeout: STOP_MAX }).toEqual([]);
  return ended;
}

test("[REC-3] npm start is ready with the demo, stops on a SIGTERM to npm alone, and has everything after the next start", {
  timeout: 360_000,
}, async () => {
  running = await startByNpm(dataDir, { SHARDS_PER_REGOIN: "2" });
  expect(running.output()).toContain("SHARDS_PER_REGOIN is no parameter; did you mean SHARDS_PER_REGION?");
  expect(running.output()).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/m);
  expect(running.processes().map(({ name }) => name)).toEqual(expect.arrayContaining(["workerd"]));
  let client = await Client.of(running);
  expect((await client.call("GET", `/v1/hunts/${HUNT}`)).body).toMatchObject({ phase: "live" });
  const player: Player = await client.team(HUNT, "Tuggers");
  const event = { id: "e1", type: "answer", clue: "strong-one", answer: "tug" } as const;
  const first = await client.playOne(player, event);
  expect(first).toMatchObject({ outcome: "correct" });
  const printed = await promisify(execFile)("npm", ["run", "--silent", "hunt", "--", "token"], {
    cwd: root,
    env: { ...process.env, DATA_DIR: dataDir },
  });
  const stats = await client.call("GET", `/v1/hunts/${HUNT}/stats`, { token: printed.stdout.trim() });
  expect(stats.status, stats.text).toBe(200);

  running.npm.kill("SIGTERM");
  expect(await stopped(running)).toEqual({ code: 0, signal: null });
  await expect(fetch(running.url)).rejects.toThrow();

  running = await startByNpm(dataDir);
  client = await Client.of(running);
  expect(await client.playOne(player, event)).toEqual({ ...first, duplicate: true });
  expect((await client.me(player)).team.score).toBe(first.score);
  await client.verify(HUNT);
  running.npm.kill("SIGINT");
  await stopped(running);
});

test("[REC-4] a second engine on the same data directory or port is refused, and says what to do", {
  timeout: 180_000,
}, async () => {
  running = await startByNpm(dataDir);
  const refused = async (env: Record<string, string>): Promise<string> => {
    const error = await promisify(execFile)("npm", ["start"], {
      cwd: root,
      env: { ...process.env, ...env },
    }).then(
      () => undefined,
      (failure: { code: number; stderr: string }) => failure,
    );
    expect(error?.code).toBe(1);
    return error?.stderr ?? "";
  };
  expect(await refused({ DATA_DIR: dataDir, PORT: "0" })).toMatch(/in use by another engine.*DATA_DIR/);
  const other = await mkdtemp(join(tmpdir(), "hunt-npm-"));
  expect(await refused({ DATA_DIR: other, PORT: running.url.port })).toMatch(/port \d+ is in use.*PORT/);
  await rm(other, { recursive: true, force: true });
  const client = await Client.of(running);
  expect((await client.call("GET", "/readyz")).status).toBe(200);
});

test.runIf(process.platform === "linux").each([
  ["npm start", ["start"]],
  ["npm run dev", ["run", "dev"]],
])(
  "[DEV-3] %s on a data directory that cannot be made ends at once, with its path and why",
  async (_, command) => {
    for (const dataDir of ["/proc/nope", "/proc/nope/deeper", "/dev/null"]) {
      const failure = await promisify(execFile)("npm", [...command], {
        cwd: root,
        env: { ...process.env, DATA_DIR: dataDir, PORT: "0" },
        timeout: 60_000,
      }).then(
        () => undefined,
        (error: { code: number; stderr: string }) => error,
      );
      expect(failure?.code, dataDir).toBe(1);
      expect(failure?.stderr).toMatch(
        /error: \/(?:proc\/nope|dev\/null)\S* cannot be used as a data directory: /,
      );
    }
  },
);

test("[DEV-1] npm run dev is on PORT with its data in DATA_DIR, takes the tokens made there, and stops on a SIGTERM", {
  timeout: 360_000,
}, async () => {
  const own = await mkdtemp(join(tmpdir(), "hunt-dev-"));
  const port = await freePort();
  running = await startByNpm(own, { PORT: String(port) }, ["run", "dev"]);
  expect(running.url.port).toBe(String(port));
  expect(readdirSync(own).sort()).toEqual(["dev", "secrets.json"]);
  const client = await Client.of(running);
  expect((await client.call("GET", "/healthz")).status).toBe(200);
  expect((await client.call("GET", "/readyz")).status).toBe(200);
  expect((await client.organise("GET", "/v1/hunts")).body).toEqual({ hunts: [] });
  running.npm.kill("SIGTERM");
  expect(await stopped(running)).toEqual({ code: 0, signal: null });
  await rm(own, { recursive: true, force: true });
});

test("[DEV-2] npm run dev refuses a var that no parameter has, with the nearest name", async () => {
  const own = await mkdtemp(join(tmpdir(), "hunt-dev-"));
  const failure = await promisify(execFile)(
    "npm",
    ["run", "dev", "--", "--var", "RATE_LIMITS:off", "LIVE_PUSH:400"],
    { cwd: root, env: { ...process.env, DATA_DIR: own } },
  ).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  expect(failure?.code).toBe(1);
  expect(failure?.stderr).toContain("error: unknown parameter LIVE_PUSH; did you mean LIVE_PUSH_MS?");
  await rm(own, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
