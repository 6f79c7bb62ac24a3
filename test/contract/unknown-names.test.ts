/** What somebody without a token can make: nothing. Counted by the databases that the engine's folder holds. */
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as pathOf } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { makeJoinCode, makeTeamId } from "../../src/objects/check-part.ts";
import { REGIONS } from "../../src/objects/ids.ts";
import { Client, expectProblem } from "./client.ts";
import { everyOutcome, manyClues } from "./hunts.ts";

let folder: string;
let engine: Engine;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(pathOf(tmpdir(), "hunt-unknown-"));
  engine = await startEngine({ dataDir: folder, vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("known", everyOutcome());
  await client.team("known", "Real");
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Of objects that a name makes; there are a few of the metrics and one of the origin's gate, whoever asks for what. */
const databases = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".sqlite") && !/MetricsHub|OriginGate/.test(file))
    .sort();

/** The databases that came while `work` was done. */
async function made(work: () => Promise<void>): Promise<string[]> {
  const before = new Set(databases());
  await work();
  return databases().filter((file) => !before.has(file));
}

const SLUGS = Array.from({ length: 40 }, (_, index) => `unknown-${index}`);

describe("[SEC-60] no object is touched for a hunt that the directory does not know", () => {
  const open: [method: string, path: string, json: unknown][] = [
    ["GET", "", undefined],
    ["GET", "/leaderboard", undefined],
    ["GET", "/leaderboard?around=weur-0-0-abcde", undefined],
    ["GET", "/leaderboard/weur-0-0-abcde/history", undefined],
    ["GET", "/teams/weur-0-0-abcde", undefined],
    ["GET", "/clues/c0/solves", undefined],
    ["GET", "/prizes/lantern/draw", undefined],
    ["POST", "/players", { name: "Eve", team: { create: "Eves" } }],
    ["POST", "/players", { name: "Eve", team: { join: "WEUR0-0ABCDEF" } }],
  ];
  let tried = 0;

  test.each(open)("%s /v1/hunts/{unknown}%s", async (method, path, json) => {
    tried += 1;
    const grown = await made(async () => {
      await Promise.all(
        SLUGS.map(async (slug) =>
          expectProblem(
            await client.call(method, `/v1/hunts/${slug}-${tried}${path}`, { json }),
            "not_found",
          ),
        ),
      );
    });
    expect(grown).toEqual([]);
  });

  test("spectators' sockets, and sockets with a forged ticket", async () => {
    const grown = await made(async () => {
      for (const slug of SLUGS) {
        for (const query of ["", "?ticket=a.b.c"]) {
          const socket = new WebSocket(new URL(`/v1/hunts/${slug}/live${query}`, engine.url));
          await new Promise((done) => socket.addEventListener("error", done, { once: true }));
        }
      }
    });
    expect(grown).toEqual([]);
  });

  test("nor by an organiser who reads or changes one", async () => {
    const calls: [method: string, path: string, json?: unknown][] = [
      ...[
        "definition",
        "codes",
        "export",
        "teams",
        "stuck",
        "checkins",
        "facts",
        "clues/c0/wrong",
        "help",
        "stats",
        "verify",
        "audit",
      ].map((path): [string, string] => ["GET", path]),
      ["GET", "dead-letters"],
      ["GET", "prizes/lantern/winners"],
      ["POST", "phase", { phase: "live" }],
      ["POST", "announcements", { text: "Hello" }],
      ["POST", "shards", { shardsPerRegion: 3 }],
      ["POST", "rearchive", { reason: "x" }],
      ["POST", "repair", { reason: "x" }],
      ["POST", "dead-letters/redrive", {}],
      ["POST", "prizes/lantern/stock", { add: 1, reason: "x" }],
      ["POST", "prizes/lantern/withdraw", { reason: "x" }],
      ["POST", "prizes/lantern/restore", { reason: "x" }],
      ["POST", "prizes/lantern/revoke", { unit: 0, reason: "x" }],
      ["POST", "teams/weur-0-0-abcde/ban", { reason: "x" }],
      ["POST", "teams/weur-0-0-abcde/awards", { points: 1, reason: "x" }],
    ];
    const grown = await made(async () => {
      for (const [index, [method, path, json]] of calls.entries()) {
        expectProblem(await client.organise(method, `/v1/hunts/nobodys-${index}/${path}`, json), "not_found");
      }
    });
    expect(grown).toEqual([]);
  });

  test("9,000 names at once cost a moment", async () => {
    const before = databases().length;
    for (let from = 0; from < 9_000; from += 300) {
      await Promise.all(
        Array.from({ length: 300 }, async (_, index) => {
          const answer = await fetch(new URL(`/v1/hunts/flood-${from + index}`, engine.url));
          await answer.arrayBuffer();
          expect(answer.status).toBe(404);
        }),
      );
    }
    expect(databases().length).toBe(before);
  });

  test("a new hunt is there at once for its organiser, and within two seconds for everybody", async () => {
    expectProblem(await client.call("GET", "/v1/hunts/newcomer"), "not_found");
    await client.publish("newcomer", manyClues(1));
    expect((await client.organise("GET", "/v1/hunts/newcomer/definition")).status).toBe(200);
    const until = Date.now() + 2_000;
    let { status } = await client.call("GET", "/v1/hunts/newcomer");
    while (status !== 200 && Date.now() < until) {
      await sleep(100);
      ({ status } = await client.call("GET", "/v1/hunts/newcomer"));
    }
    expect(status).toBe(200);
  });
});

describe("[SEC-61] no shard is touched for a guessed id or code", () => {
  const shardsOf = async (hunt: string) =>
    (
      await client.organise<{ shards: { shard: string }[] }>("GET", `/v1/hunts/${hunt}/stats`)
    ).body.shards.map(({ shard }) => shard);

  test("team ids and join codes of every region, of the old form and the new", async () => {
    const before = await shardsOf("known");
    const grown = await made(async () => {
      for (const region of REGIONS) {
        for (const index of [0, 1]) {
          const place = `${region}${index}`.toUpperCase();
          for (const code of [`${place}-0ABCDEF`, `${place}-0000ABCDEFGHJK`, `${place}0ABCDEF`]) {
            expectProblem(
              await client.call("POST", "/v1/hunts/known/players", {
                json: { name: "Eve", team: { join: code } },
              }),
              "not_found",
            );
          }
          for (const check of ["abcde", "abcdefghjk"]) {
            expectProblem(
              await client.call("GET", `/v1/hunts/known/leaderboard/${region}-${index}-0-${check}/history`),
              "not_found",
            );
          }
        }
      }
    });
    expect(grown).toEqual([]);
    expect(await shardsOf("known")).toEqual(before);
  });

  test("an id of another hunt proves nothing here; one of this hunt is asked for", async () => {
    const before = await shardsOf("known");
    const foreign = makeTeamId(engine.secrets, "another", "oc-0", 0);
    expectProblem(await client.call("GET", `/v1/hunts/known/leaderboard/${foreign}/history`), "not_found");
    const code = makeJoinCode(engine.secrets, "another", "oc-0", 0);
    expectProblem(
      await client.call("POST", "/v1/hunts/known/players", { json: { name: "Eve", team: { join: code } } }),
      "not_found",
    );
    expect(await shardsOf("known")).toEqual(before);
    const { team } = await client.team("known", "Own");
    expect(team.id).toMatch(/^[a-z-]+-\d+-\w+-[0-9a-z]{10}$/);
    expect((await client.call("GET", `/v1/hunts/known/leaderboard/${team.id}/history`)).status).toBe(200);
  });
});
