/** The client library, as it is packed, against an engine: on Node.js with and without a WebSocket of its own, and in a Worker. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleClient } from "../../scripts/client/build.ts";
import { buildWorker, startWorker } from "../../scripts/lab/lone-worker.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client } from "../contract/client.ts";
import { everyOutcome, SECRET_ANSWER } from "../contract/hunts.ts";

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const HUNT = "everywhere-at-once";

let folder: string;
let engine: Engine;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hunt-runtimes-"));
  await bundleClient(join(folder, "client.js"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  await writeFile(join(folder, "session.js"), SESSION);
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish(HUNT, everyOutcome());
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A session of all that the library does: by who watches, who plays, and who comes back. */
const SESSION = `
import { HuntClient, HuntProblem } from "./client.js";

export async function session(url, team, platform = {}) {
  const options = { url, hunt: ${JSON.stringify(HUNT)}, ...platform };
  const watching = new HuntClient(options);
  const seen = listening(watching);
  const playing = new HuntClient({ ...options, storage: new Map() });
  const joined = await playing.join({ name: "Ada", team: { create: team } });
  const heard = listening(playing);
  // The socket is there with its first frame.
  await heard(() => true);
  const results = await playing.play([
    { type: "answer", clue: "cave", answer: "sesame" },
    { type: "answer", clue: "cave", answer: ${JSON.stringify(SECRET_ANSWER)} },
  ]);
  const { player } = await playing.me();
  const { hunt } = await playing.leaderboard({ limit: 5 });
  const back = new HuntClient(options);
  const returned = await back.return(joined.returnCode);
  const problem = await new HuntClient(options).return("NONE-NONE").catch((error) => error);
  await seen((frame) => frame.leaderboard !== undefined);
  await heard((frame) => frame.team?.solved?.includes("cave"));
  for (const each of [watching, playing, back]) each.close();
  return {
    outcomes: results.map(({ outcome }) => outcome),
    isOne: player.id === joined.player.id && returned.player.id === player.id,
    hunt,
    problem: problem instanceof HuntProblem && problem.status,
  };
}

/** Waits for a frame that fits, among those since the subscription. */
function listening(client) {
  const frames = [];
  let look = () => undefined;
  client.subscribe((frame) => {
    frames.push(frame);
    look();
  });
  return (fits) =>
    new Promise((done) => {
      look = () => frames.some(fits) && done();
      look();
    });
}
`;

const EXPECTED = {
  outcomes: ["nudge", "correct"],
  isOne: true,
  hunt: HUNT,
  problem: 404,
};

describe("[LIB-20] the packed library", () => {
  /** What a program prints that imports the session; its Node.js gets these options. */
  async function printed(name: string, source: string, options: readonly string[]): Promise<unknown> {
    const program = join(folder, `${name}.js`);
    await writeFile(program, source);
    const { stdout } = await run(process.execPath, [...options, program, engine.url.href], {
      timeout: 120_000,
    });
    return JSON.parse(stdout);
  }

  test("on Node.js", async () => {
    const source = `
      import { session } from "./session.js";
      console.log(JSON.stringify(await session(process.argv[2], "Natives")));
    `;
    expect(await printed("native", source, [])).toEqual(EXPECTED);
  });

  test("on Node.js without a WebSocket, as before version 22, with that of the package ws", async () => {
    const source = `
      import WebSocket from ${JSON.stringify(pathToFileURL(require.resolve("ws")).href)};
      import { session } from "./session.js";
      if (globalThis.WebSocket) throw new Error("there is one");
      console.log(JSON.stringify(await session(process.argv[2], "Handed In", { WebSocket })));
    `;
    expect(await printed("without", source, ["--no-experimental-websocket"])).toEqual(EXPECTED);
  });

  test("in a Worker", async () => {
    const source = join(folder, "worker.js");
    await writeFile(
      source,
      `
        import { session } from "./session.js";
        export default {
          async fetch() {
            return Response.json(await session(${JSON.stringify(engine.url.href)}, "Workers"));
          },
        };
      `,
    );
    const script = join(folder, "bundled/worker.js");
    await buildWorker(pathToFileURL(source), script);
    const worker = startWorker("plays", script, {});
    try {
      const response = await worker.dispatchFetch("http://worker/");
      const text = await response.text();
      expect(response.status, text).toBe(200);
      expect(JSON.parse(text)).toEqual(EXPECTED);
    } finally {
      await worker.dispose();
    }
  });
});
