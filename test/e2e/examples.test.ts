/** What is in examples/, run as its readers run it, with the client library built from this source. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleClient } from "../../scripts/client/build.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client } from "../contract/client.ts";

const root = join(import.meta.dirname, "../..");

let folder: string;
let engine: Engine;
let client: Client;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hunt-examples-"));
  const library = join(folder, "node_modules/@treasure-hunt/client");
  await mkdir(library, { recursive: true });
  await bundleClient(join(library, "index.js"));
  await writeFile(join(library, "package.json"), '{"type":"module","exports":"./index.js"}');
  for (const name of ["play.mjs", "first-solves.mjs"]) {
    await copyFile(join(root, "examples", name), join(folder, name));
  }
  await symlink(join(library, "index.js"), join(folder, "client.js"));
  engine = await startEngine({ vars: { RATE_LIMITS: "off", CORS_ORIGINS: "*" } });
  client = await Client.of(engine);
  const yaml = await readFile(join(root, "hunts/harbour-nights.yaml"), "utf8");
  const published = await client.call("PUT", "/v1/hunts/harbour-nights", {
    token: client.organiserToken,
    body: yaml,
    type: "application/yaml",
  });
  expect(published.status, published.text).toBe(201);
  await client.setPhase("harbour-nights", "live");
});
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A program of the folder, and what it has printed by now. */
function start(
  name: string,
  env: Record<string, string> = {},
): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [name, engine.url.origin, "harbour-nights"], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return { child, output: () => output };
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => child.once("close", (code) => done(code)));

/** A Discord that takes messages, after it has asked for a pause once. */
async function discord(): Promise<{ server: Server; url: string; told: { content: string }[] }> {
  const told: { content: string; allowed_mentions: unknown }[] = [];
  let asked = false;
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      if (!asked) {
        asked = true;
        response.writeHead(429, { "retry-after": "0.1" }).end();
        return;
      }
      told.push(JSON.parse(body) as (typeof told)[number]);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told };
}

test("[LIB-7] a program plays the demo hunt, and a bot tells Discord who is first", async () => {
  const { server, url, told } = await discord();
  try {
    const bot = start("first-solves.mjs", { DISCORD_WEBHOOK: url });
    await expect.poll(bot.output).toContain("watching");
    const { child, output } = start("play.mjs");
    expect(await ended(child), output()).toBe(0);
    expect(output()).toContain("strong-one: correct, 50 points");
    // What the player itself was told, whatever the demo's clues are worth.
    const brought = [...output().matchAll(/: correct, (\d+) points$/gm)].map(([, points]) => Number(points));
    expect(brought).toHaveLength(3);
    expect(output()).toContain(`\n${brought.reduce((sum, points) => sum + points, 0)} points\n`);
    await expect
      .poll(() => told.at(-1)?.content)
      .toMatch(/^Bots \w+ is the first to solve 3 clues: \d+ points\.$/);
    expect(told[0]).toMatchObject({ allowed_mentions: { parse: [] } });
    const stopped = ended(bot.child);
    bot.child.kill("SIGINT");
    expect(await stopped, bot.output()).toBe(0);
  } finally {
    server.close();
  }
});

test("[LIB-7] the bot says what it needs", async () => {
  const { child, output } = start("first-solves.mjs", { DISCORD_WEBHOOK: "" });
  expect(await ended(child)).not.toBe(0);
  expect(output()).toContain("DISCORD_WEBHOOK");
});
