/** The README by hand: each of its commands as it stands, in order, in a folder like the project's. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyRing } from "../../src/secrets.ts";
import { Client } from "../contract/client.ts";
import { type Started, startByNpm } from "./npm-start.ts";

const root = join(import.meta.dirname, "../..");

/** How long a block may take, ms: each of its commands starts npm and Node. */
const BLOCK_MAX = 120_000;

/** What a reader runs elsewhere, or not at all: whole commands by name. The rest of the page is run. */
const STAND_INS = `
npx() { if [ "$1 $2 $3" = "wrangler secret put" ]; then echo "secret $4 $(cat)"; else echo "npx $*"; fi; }
npm() {
  case "$1 $2" in
    "run deploy"|"run migrate") echo "npm $*";;
    *) command npm "$@";;
  esac
}
`;

let folder: string;
let engine: Started;
let blocks: string[];

beforeAll(async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  folder = await mkdtemp(join(tmpdir(), "hunt-readme-"));
  for (const name of ["package.json", "package-lock.json", "scripts", "src", "hunts", "node_modules"]) {
    await symlink(join(root, name), join(folder, name));
  }
  engine = await startByNpm(join(folder, ".data"));
}, BLOCK_MAX);
afterAll(async () => {
  await engine?.killAll();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a block in a shell as somebody who pastes it: the next command comes whatever became of the last. */
async function pasted(block: string): Promise<{ output: string; failed: string[] }> {
  const script = [
    STAND_INS,
    "trap 'echo \"FAILED: $BASH_COMMAND\"' ERR",
    block.replaceAll(":8787", `:${engine.url.port}`),
  ].join("\n");
  const shell = spawn("bash", ["-E", "-c", script], {
    cwd: folder,
    env: { ...process.env, PORT: engine.url.port, DATA_DIR: join(folder, ".data"), INIT_CWD: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await new Promise((done) => shell.once("close", done));
  return { output, failed: [...output.matchAll(/^FAILED: .*/gm)].map(([line]) => line) };
}

test("[CLI-5] the page has the blocks that are run below, and no other", () => {
  expect(blocks).toHaveLength(4);
  const [commands = ""] = blocks;
  expect(commands.match(/^[a-z][^#\n]*/gm)?.map((line) => line.trim())).toEqual(["npm start", "npm test"]);
});

test("[CLI-5] playing by hand", { timeout: BLOCK_MAX }, async () => {
  const { output, failed } = await pasted(blocks[1] ?? "");
  expect(failed, output).toEqual([]);
  expect(output).toContain('"hunt":"harbour-nights"');
  expect(output).toContain('"outcome":"correct"');
  expect(output).toContain('"name":"Foxes"');
  expect(output).not.toContain("urn:hunt:problem");
});

test("[CLI-5] a hunt of one's own", { timeout: BLOCK_MAX }, async () => {
  const { output, failed } = await pasted(blocks[2] ?? "");
  expect(failed, output).toEqual([]);
  expect(output).toContain("my-hunt is published, version 1");
  expect(output).toContain("my-hunt is live");
  expect(output).not.toContain("error:");
  expect(await readFile(join(folder, "codes.html"), "utf8")).toContain("<svg");
  const client = await Client.of(engine);
  expect((await client.call("GET", "/v1/hunts/my-hunt")).body).toMatchObject({ phase: "live" });
});

test("[CLI-5] deploying: keys go to wrangler as they are kept, and the token is made by one of them", {
  timeout: BLOCK_MAX,
}, async () => {
  const { output, failed } = await pasted(blocks[3] ?? "");
  expect(failed, output).toEqual([]);
  const secrets = [...output.matchAll(/^secret (\S+) (\S+)$/gm)].map(([, name = "", ring = ""]) => ({
    name,
    ring,
  }));
  expect(secrets.map(({ name }) => name)).toEqual([
    "PLAYER_TOKEN_KEYS",
    "ORGANISER_TOKEN_KEYS",
    "ANSWER_PEPPERS",
    "CODE_KEYS",
    "VAPID_KEYS",
  ]);
  expect(new Set(secrets.map(({ ring }) => ring)).size).toBe(5);
  for (const { name, ring } of secrets) {
    expect((await readFile(join(folder, "hunt-secrets", name), "utf8")).trim()).toBe(ring);
  }
  const token = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m.exec(output)?.[0] ?? "";
  const [header = ""] = token.split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
  const [key] = keyRing("ORGANISER_TOKEN_KEYS", secrets[1]?.ring ?? "");
  expect(kid).toBe(key?.id);
});

test("[DEV-3] the banner's token command and link open the engine that printed them", {
  timeout: BLOCK_MAX,
}, async () => {
  const command = /^ {2}token {7}(.*)$/m.exec(engine.output())?.[1] ?? "";
  expect(command).toContain(`--data-dir ${join(folder, ".data")}`);
  const { output, failed } = await pasted(`unset DATA_DIR; ${command}`);
  expect(failed, output).toEqual([]);
  const link = /^ {2}organise {4}(\S+)$/m.exec(engine.output())?.[1] ?? "";
  const inLink = /^http:\/\/127\.0\.0\.1:\d+\/organise#token=(.+)$/.exec(link)?.[1] ?? "";
  const client = await Client.of(engine);
  for (const token of [output.trim(), inLink]) {
    expect((await client.call("GET", "/v1/hunts", { token })).status).toBe(200);
  }
});
