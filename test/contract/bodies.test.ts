/** Bodies that are partly or wholly not what they say they are: who is told, and what goes on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Result } from "../../src/contract/play.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { everyOutcome, SECRET_ANSWER } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

let engine: Engine;
let client: Client;
let teams = 0;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("bodies", everyOutcome());
});
afterAll(() => engine.stop());

async function newTeam(): Promise<Player> {
  teams += 1;
  return client.team("bodies", `Bodies ${teams}`);
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

/** Sends events; `chunked`: without a Content-Length, in two parts. */
async function play(player: Player, body: Uint8Array<ArrayBuffer>, chunked: boolean): Promise<Result[]> {
  const parts = [body.subarray(0, 30), body.subarray(30)];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts.shift();
      if (part) controller.enqueue(part);
      else controller.close();
    },
  });
  const response = await fetch(new URL("/v1/hunts/bodies/events", client.url), {
    method: "POST",
    headers: { authorization: `Bearer ${player.token}`, "content-type": "application/json" },
    body: chunked ? stream : body,
    duplex: "half",
  } as RequestInit);
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: Result[] }).results;
}

const alpha = JSON.stringify({ id: "alpha", type: "answer", clue: "cave", answer: SECRET_ANSWER });
const eventsWith = (event: string): string => `{"events":[${event},${alpha}]}`;
const answering = (answer: string): string =>
  `{"id":"odd","type":"answer","clue":"cave","answer":"${answer}"}`;

const ODD: [string, Uint8Array<ArrayBuffer>][] = [
  ["U+FFFD", bytesOf(eventsWith(answering("caf\ufffd")))],
  ["an escaped U+FFFD", bytesOf(eventsWith(answering("caf\\ufffd")))],
  ["a lone surrogate", bytesOf(eventsWith(answering("caf\\ud800")))],
  ["NUL", bytesOf(eventsWith(answering("caf\\u0000")))],
  ["bytes that are no UTF-8", new Uint8Array(Buffer.from(eventsWith(answering("caf\u00e9")), "latin1"))],
  [
    "a prototype key",
    bytesOf(eventsWith('{"__proto__":{"x":1},"id":"odd","type":"answer","clue":"cave","answer":"no"}')),
  ],
  ["no object", bytesOf(eventsWith("[[[7]]]"))],
];

describe("[API-36] one unfit event spoils no other, on any road", () => {
  for (const chunked of [false, true]) {
    test.each(ODD)(`%s, ${chunked ? "chunked" : "with a Content-Length"}`, async (_, body) => {
      const [odd, good] = await play(await newTeam(), body, chunked);
      expect(["invalid", "incorrect"]).toContain(odd?.outcome);
      expect(good).toMatchObject({ id: "alpha", outcome: "correct" });
    });
  }

  test("over a socket", async () => {
    for (const [name, body] of ODD) {
      const player = await newTeam();
      const socket = await Socket.open(client, "bodies", await ticketOf(client, player));
      socket.send(Buffer.from(body).toString());
      await expect
        .poll(() => socket.frames.find(({ results }) => results !== undefined), { message: name })
        .toBeDefined();
      const { results } = socket.frames.find((frame) => frame.results !== undefined) as { results: Result[] };
      expect(["invalid", "incorrect"], name).toContain(results[0]?.outcome);
      expect(results[1], name).toMatchObject({ id: "alpha", outcome: "correct" });
      await socket.close();
    }
  });
});

describe("[API-37] a body that cannot be read is bad_request", () => {
  const put = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    client.call("PUT", "/v1/hunts/unreadable", { token: client.organiserToken, body, type });

  test.each<[string, string, string | Uint8Array<ArrayBuffer>, string]>([
    ["words as JSON", "application/json", "this is no hunt", "not valid JSON"],
    ["JSON cut off", "application/json", '{"format": 1,', "not valid JSON"],
    ["no YAML", "application/yaml", "{{{", "not valid YAML"],
    ["an unclosed quote", "text/yaml", 'title: "T', "not valid YAML"],
    ["nothing as JSON", "application/json", "", "empty"],
    ["nothing as YAML", "application/yaml", "", "empty"],
    ["blanks", "application/yaml", " \n \n", "empty"],
    [
      "Windows-1252",
      "application/yaml",
      new Uint8Array(Buffer.from("title: caf\u00e9", "latin1")),
      "Windows-1252",
    ],
    ["UTF-16", "application/yaml", new Uint8Array(Buffer.from("\ufefftitle: T", "utf16le")), "UTF-16"],
    [
      "UTF-16 without a mark",
      "application/yaml",
      new Uint8Array(Buffer.from("title: T", "utf16le")),
      "UTF-16",
    ],
  ])("%s", async (_, type, body, says) => {
    const problem = expectProblem(await put(body, type), "bad_request");
    expect(problem.detail).toContain(says);
    if (says.startsWith("not valid"))
      expect(problem.issues?.[0]).toMatchObject({
        message: expect.stringMatching(/\(line \d+, column \d+\)$/),
      });
  });

  test("a mark of UTF-8 is fine", async () => {
    const answer = await put(`\ufeff${JSON.stringify(everyOutcome())}`, "application/json");
    expect(answer.status, answer.text).toBe(201);
  });

  test("on the other routes too: empty, no JSON, no UTF-8", async () => {
    const latin1 = new Uint8Array(Buffer.from('{"name":"caf\u00e9"}', "latin1"));
    for (const [path, token] of [
      ["players", undefined],
      ["phase", client.organiserToken],
      ["announcements", client.organiserToken],
      ["dead-letters/redrive", client.organiserToken],
    ] as const) {
      for (const body of ["", " ", "nonsense", latin1]) {
        const answer = await client.call("POST", `/v1/hunts/bodies/${path}`, {
          ...(token === undefined ? {} : { token }),
          body,
          type: "application/json",
        });
        expectProblem(answer, "bad_request");
      }
    }
  });

  test("an empty import is taken, and has no lines", async () => {
    await client.publish("bodies-draft", everyOutcome(), "draft");
    for (const body of ["", "\n\n"]) {
      const answer = await client.call("POST", "/v1/hunts/bodies-draft/import", {
        token: client.organiserToken,
        body,
        type: "application/x-ndjson",
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ lines: 0, accepted: 0, rejected: [] });
    }
  });
});

describe("[API-38] unknown keys are named", () => {
  test("of a body, within a choice of forms, of a query, of a line", async () => {
    const joined = await client.call("POST", "/v1/hunts/bodies/players", {
      json: { name: "Ann", nmae: "x", team: { create: "A", colour: "red" } },
    });
    expect(expectProblem(joined, "invalid").issues).toEqual(
      expect.arrayContaining([
        { path: "nmae", code: "unrecognized_keys", message: 'unknown key "nmae"' },
        { path: "team.colour", code: "unrecognized_keys", message: 'unknown key "colour"' },
      ]),
    );
    const query = await client.call("GET", "/v1/hunts/bodies/leaderboard?limti=3");
    expect(expectProblem(query, "invalid").issues).toContainEqual({
      path: "limti",
      code: "unrecognized_keys",
      message: 'unknown key "limti"',
    });
    const lines = await client.call<{ rejected: object[] }>("POST", "/v1/registrations", {
      token: client.organiserToken,
      body: '{"externalId":"C-1","nmae":"x"}',
      type: "application/x-ndjson",
    });
    expect(lines.body.rejected).toMatchObject([{ line: 1, message: expect.stringContaining('"nmae"') }]);
  });
});
