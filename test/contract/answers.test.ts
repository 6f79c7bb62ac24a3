/** Answers on their whole way, over every road that brings them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { PlayerEvent, Result } from "../../src/protocol.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("answers", hunt());
});
afterAll(() => engine.stop());

const CLUES: Record<string, { compare: string; answers: string[]; nudges?: object[] }> = {
  panda: { compare: "letters", answers: ["パンダ"] },
  key: { compare: "letters", answers: ["かぎ"], nudges: [{ match: ["かき"], say: "That is a fruit." }] },
  name: { compare: "letters", answers: ["محمد"] },
  year: { compare: "letters", answers: ["199"] },
  twelve: { compare: "letters", answers: ["12"] },
  song: { compare: "words", answers: ["Don't look back"] },
  flag: { compare: "exact", answers: ["flag{a'b}"] },
  thousand: { compare: "number", answers: ["1000"] },
  half: { compare: "number", answers: ["3.5"] },
};

function hunt(): object {
  return {
    format: 1,
    title: "Answers",
    teams: { mode: "teams", maxSize: 2 },
    attempts: { burst: 2, refillPerMinute: 0, perClue: 2 },
    rounds: [{ id: "one", title: "One" }],
    clues: Object.entries(CLUES).map(([id, clue]) => ({
      id,
      round: "one",
      title: id,
      kind: "answer",
      ...clue,
    })),
  };
}

/** Clue, text, outcome; the wrong ones first, because a solved clue takes no more. */
const GIVEN: [string, string, string][] = [
  ["panda", "ハンダ", "incorrect"],
  ["panda", "ﾊﾟﾝﾀﾞ", "correct"],
  ["key", "かき", "nudge"],
  ["key", "かぎ\n", "correct"],
  ["name", "مُحَمَّدٌ", "correct"],
  ["year", "१९९", "correct"],
  ["twelve", "½", "incorrect"],
  ["twelve", "１２", "correct"],
  ["song", "Don’t  look back", "correct"],
  ["flag", "flag{a’b}", "incorrect"],
  ["flag", "\tflag{a'b} \n", "correct"],
  ["thousand", "a thousand", "invalid"],
  ["thousand", "1e3", "invalid"],
  ["thousand", "1 000 m", "invalid"],
  ["thousand", "1\u202f000", "correct"],
  ["half", "seven", "invalid"],
  ["half", "3,5", "correct"],
];

const EVENTS = GIVEN.map(([clue, answer], index): PlayerEvent => {
  return { id: `e${index}`, type: "answer", clue, answer };
});
const told = (results: readonly Result[]): string[] =>
  results.map(({ outcome }, index) => `${GIVEN[index]?.join(" ")}: ${outcome}`);
const EXPECTED = GIVEN.map((given) => `${given.join(" ")}: ${given[2]}`);

describe("[ANS-1] answers are compared as people write them", () => {
  test("over HTTP", async () => {
    const team = await client.team("answers", "Http");
    expect(told(await client.play(team, ...EVENTS))).toEqual(EXPECTED);
  });

  test("over a socket", async () => {
    const team: Player = await client.team("answers", "Socket");
    const socket = await Socket.ofPlayer(client, team);
    socket.send({ events: EVENTS });
    expect(told(await socket.next<Result[]>("results"))).toEqual(EXPECTED);
    await socket.close();
  });
});

test("[ANS-9] what is no number says why, and leaves the tries as they were", async () => {
  const team = await client.team("answers", "No number");
  const event: PlayerEvent = { id: "n", type: "answer", clue: "half", answer: "seven" };
  for (let count = 0; count < 3; count += 1) {
    const result = await client.playOne(team, event);
    expect(result).toEqual({
      id: "n",
      outcome: "invalid",
      clue: "half",
      message: expect.stringMatching(/number/),
    });
  }
  // Nothing was recorded: the id may be used again.
  expect(await client.playOne(team, { ...event, answer: "3,5" })).toMatchObject({ outcome: "correct" });
});

test("[ANS-8] what no player could send is refused at publishing, each with its place", async () => {
  const source = {
    ...hunt(),
    clues: [
      {
        id: "a",
        title: "A",
        round: "one",
        kind: "answer",
        compare: "exact",
        answers: [" outer \n", "a\u0007", "x".repeat(501), "😀".repeat(500), "caf\ufffd"],
        nudges: [{ match: ["b\tb"], say: "No." }],
      },
    ],
  };
  const refused = await client.organise("PUT", "/v1/hunts/unsendable", source);
  const problem = expectProblem(refused, "invalid");
  expect(problem.issues?.map(({ path, code }) => `${path} ${code}`)).toEqual([
    "clues.0.answers.1 cannot-be-given",
    "clues.0.answers.2 too-large",
    "clues.0.answers.4 cannot-be-given",
    "clues.0.nudges.0.match.0 cannot-be-given",
  ]);
});

describe("[KIND-2] several choices", () => {
  const CHOICES = ["red", "blue", "gold"].map((id) => ({ id, label: id }));
  const events = (...lists: string[][]): PlayerEvent[] =>
    lists.map((choices, index) => ({
      id: `p${index}`,
      type: "answer",
      clue: index < 2 ? "set" : "order",
      choices,
    }));
  const GIVEN_LISTS = events(["red"], ["blue", "red"], ["blue", "red"], ["red", "blue"]);
  const OUTCOMES = ["incorrect", "correct", "incorrect", "correct"];

  beforeAll(async () => {
    await client.publish("picks", {
      format: 1,
      title: "Picks",
      clues: [
        { id: "set", kind: "choice", choices: CHOICES, select: "many", answers: [["red", "blue"]] },
        { id: "order", kind: "choice", choices: CHOICES, select: "order", answers: [["red", "blue"]] },
      ],
    });
  });

  test("over HTTP, and are a list in /me", async () => {
    const player = await client.join("picks", { name: "Http" });
    const [invalid] = await client.play(player, ...events(["red", "red"]));
    expect(invalid).toMatchObject({ id: "p0", outcome: "invalid" });
    const results = await client.play(player, ...GIVEN_LISTS);
    expect(results.map(({ outcome }) => outcome)).toEqual(OUTCOMES);
    const again = await client.play(player, ...GIVEN_LISTS);
    expect(again.every(({ duplicate }) => duplicate)).toBe(true);
    const me = await client.me(player);
    expect(me.clues).toMatchObject([
      { id: "set", select: "many", answer: ["blue", "red"] },
      { id: "order", select: "order", answer: ["red", "blue"] },
    ]);
    const regrade = await client.organise("POST", "/v1/hunts/picks/regrade", { dryRun: true });
    expect(regrade.body).toMatchObject({ teamsMoved: 0, changes: [] });
  });

  test("over a socket", async () => {
    const player = await client.join("picks", { name: "Socket" });
    const socket = await Socket.ofPlayer(client, player);
    socket.send({ events: GIVEN_LISTS });
    const results = await socket.next<Result[]>("results");
    expect(results.map(({ outcome }) => outcome)).toEqual(OUTCOMES);
    await socket.close();
  });

  test("as a line of an import, and tried before they are published", async () => {
    const clue = { id: "set", kind: "choice", choices: CHOICES, select: "many", answers: [["red", "blue"]] };
    const definition = { format: 1, title: "Old", clues: [clue] };
    const { status } = await client.organise("PUT", "/v1/hunts/picks-old", definition);
    expect(status).toBe(201);
    const at = "2026-01-01T10:00:00.000Z";
    const line = { at, team: "A", type: "answer", clue: "set", choices: ["blue", "red"] };
    const { choices: _, ...without } = line;
    const body = [{ at, team: "A", type: "join" }, line, without]
      .map((one) => JSON.stringify(one))
      .join("\n");
    const call = { token: client.organiserToken, body, type: "application/x-ndjson" };
    const told = await client.call("POST", "/v1/hunts/picks-old/import", call);
    expect(told.body).toMatchObject({ lines: 3, accepted: 2, rejected: [{ line: 3 }] });
    const path = "/v1/hunts/picks-old/preview";
    const tried = await client.organise("POST", path, { definition, clue: "set", choices: ["blue", "red"] });
    expect(tried.body).toMatchObject({
      verdict: { outcome: "correct", compared: { mode: "set", given: "blue,red" } },
    });
  });
});
