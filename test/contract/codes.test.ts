/** The codes of scan clues over the API: every one that is published scans, as itself and as its address. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const definition = (codes: Record<string, string | undefined>, more: object = {}): object => ({
  format: 1,
  title: "Codes",
  teams: { mode: "teams", maxSize: 2 },
  rounds: [{ id: "r", title: "R" }],
  clues: Object.entries(codes).map(([id, code]) => ({
    id,
    round: "r",
    title: id,
    kind: "scan",
    points: 1,
    ...(code === undefined ? {} : { code }),
  })),
  ...more,
});

interface Code {
  clue: string;
  code: string;
  url: string;
}

async function codesOf(hunt: string): Promise<Record<string, Code>> {
  const { body } = await client.organise<{ codes: Code[] }>("GET", `/v1/hunts/${hunt}/codes`);
  return Object.fromEntries(body.codes.map((code) => [code.clue, code]));
}

let team = 0;
/** What a scan comes to, for a team of its own. */
async function scan(hunt: string, code: string) {
  team += 1;
  const player = await client.team(hunt, `Team ${team}`);
  return client.playOne(player, { id: "e", type: "scan", code });
}

const FOX = "🦊".repeat(200);

describe("[CODE-1] every code that publishes scans", () => {
  const authors: Record<string, string | undefined> = {
    rosebud: "rosebud",
    treasure: "TREASURE!(1)",
    museum: "https://museum.example/item?code=77",
    seventy: "77",
    marks: "a/b?c#d&e=f%41",
    fox: FOX,
    made: undefined,
  };
  beforeAll(() => client.publish("scans", definition(authors)));

  test.each(Object.keys(authors))("%s, as itself and as its url", async (clue) => {
    const { code = "", url = "" } = (await codesOf("scans"))[clue] ?? {};
    for (const given of [code, ` ${code}\n`, url, url.replace("#code=", "%23code%3D")]) {
      expect(await scan("scans", given), given).toMatchObject({ outcome: "correct", clue });
    }
  });

  test("a generated one is short, in groups, and is typed as it comes", async () => {
    const { code = "" } = (await codesOf("scans")).made ?? {};
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    const typed = code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l");
    for (const given of [typed, code.replaceAll("-", ""), code.replaceAll("-", " – ")]) {
      expect(await scan("scans", given), given).toMatchObject({ outcome: "correct", clue: "made" });
    }
  });

  test("over a socket and in an import as well", async () => {
    const player = await client.team("scans", "Live");
    const { url = "" } = (await codesOf("scans")).treasure ?? {};
    const socket = await Socket.ofPlayer(client, player);
    socket.send({ events: [{ id: "e", type: "scan", code: url }] });
    expect(await socket.next("results")).toMatchObject([{ outcome: "correct", clue: "treasure" }]);
    await socket.close();

    expect((await client.organise("PUT", "/v1/hunts/imported", definition(authors))).status).toBe(201);
    const at = "2026-06-06T18:30:00Z";
    const lines = [
      { at, team: "Old", type: "join" },
      { at, team: "Old", type: "scan", code: url.replace("/scans#", "/imported#") },
      { at, team: "OLD ", type: "scan", code: "ROSEBUD" },
    ];
    const taken = await client.call<{ accepted: number }>("POST", "/v1/hunts/imported/import", {
      token: client.organiserToken,
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
      type: "application/x-ndjson",
    });
    expect(taken.body).toMatchObject({ accepted: 3, rejected: [] });
    const facts = await client.export("imported");
    expect(facts.map(({ clue, outcome }) => [clue, outcome]).slice(1)).toEqual([
      ["treasure", "correct"],
      ["rosebud", "correct"],
    ]);
  });

  test("`Rosebud` for `rosebud` costs nobody a try", async () => {
    const player = await client.team("scans", "Typing");
    for (const [id, code] of ["Rosebud", "ROSEBUD ", "ｒｏｓｅｂｕｄ"].entries()) {
      expect(await client.playOne(player, { id: `e${id}`, type: "scan", code })).toMatchObject({
        outcome: id === 0 ? "correct" : "already_solved",
      });
    }
  });

  test("a new version leaves generated codes as they were", async () => {
    const before = await codesOf("scans");
    const next = definition({ ...authors, another: undefined });
    expect((await client.organise("PUT", "/v1/hunts/scans", next)).status).toBe(200);
    const after = await codesOf("scans");
    expect(after.made).toEqual(before.made);
    expect(after.another?.code).not.toBe(before.made?.code);
  });
});

test("[CODE-3] [CODE-4] codes that could be taken for each other, or not be given, are refused", async () => {
  const refused = async (codes: Record<string, string | undefined>) => {
    const answer = await client.organise("PUT", "/v1/hunts/scans?dryRun=true", definition(codes));
    return expectProblem(answer, "invalid").issues?.map(({ path, code }) => `${path} ${code}`);
  };
  const { url = "", code = "" } = (await codesOf("scans")).made ?? {};
  expect(await refused({ a: "rosebud", b: "Rosebud" })).toEqual(["clues.1.code code-duplicate"]);
  expect(await refused({ made: undefined, b: url })).toEqual(["clues.1.code code-duplicate"]);
  expect(await refused({ made: undefined, b: code.replaceAll("-", "") })).toEqual([
    "clues.1.code code-duplicate",
  ]);
  expect(await refused({ a: "x".repeat(201) })).toEqual(["clues.0.code too-large"]);
  expect(await refused({ a: "a\u0007b" })).toEqual(["clues.0.code cannot-be-given"]);
});

test("[CODE-6] a scanned text that no code can be is invalid, and costs nothing", async () => {
  const player = await client.team("scans", "Careless");
  for (const [id, code] of ["", " \n", "x".repeat(513), "a\u0000b", "a\nb"].entries()) {
    expect(await client.playOne(player, { id: `e${id}`, type: "scan", code }), code).toMatchObject({
      outcome: "invalid",
    });
  }
});
