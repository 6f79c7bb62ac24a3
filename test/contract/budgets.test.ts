/** What one address, team or player may ask for, with the limits of production: over HTTP and over sockets. */
import { get } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Advice } from "../../src/contract/ops.ts";
import type { Result, Results } from "../../src/protocol.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { manyClues, NEAR_PIER, PIER } from "./hunts.ts";
import { Socket, ticketOf } from "./socket.ts";

/** Joins with a rate of its own, so that the others are not in its way. */
const LIMITS = {
  RATE_LIMITS: "on",
  SHARDS_PER_REGION: "2",
  WRONG_RATE: "12",
  CHECKINS_PER_MINUTE: "5",
  NUDGES_PER_MINUTE: "5",
  TEAM_BYTES_PER_HOUR: "20000",
};

let engine: Engine | undefined;
let client: Client;

async function start(vars: Record<string, string>): Promise<void> {
  engine = await startEngine({ vars, log: () => undefined });
  client = await Client.of(engine);
}
const stop = async (): Promise<void> => {
  await engine?.stop();
  engine = undefined;
};

/** The status of an upgrade to a player's socket, which is closed again. */
function upgradeStatus(ticket: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get(new URL(`/v1/hunts/frames/live?ticket=${ticket}`, client.url), {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("upgrade", (response, connection) => {
      connection.destroy();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
  });
}

const guess = (id: string, clue: string, text: string) => ({
  id,
  type: "answer" as const,
  clue,
  answer: text,
});

const generous = { attempts: { burst: 10_000, refillPerMinute: 10_000, perClue: 0 } };

function pier(): object {
  return {
    format: 1,
    title: "Pier",
    teams: { mode: "teams", maxSize: 4 },
    ...generous,
    rounds: [{ id: "r", title: "R" }],
    clues: [
      {
        id: "pier",
        round: "r",
        title: "Pier",
        kind: "place",
        points: 10,
        place: { lat: PIER.lat, lng: PIER.lng, radius: 60 },
      },
      {
        id: "word",
        round: "r",
        title: "Word",
        kind: "answer",
        points: 10,
        answers: ["right"],
        nudges: [{ match: ["close"], say: "Close!" }],
      },
    ],
  };
}

describe("with limits", () => {
  beforeAll(() => start(LIMITS));
  afterAll(stop);

  test("[SEC-41] throw-away teams do not help to guess: beyond the rate every answer to the clue is a cooldown", async () => {
    await client.publish("guessing", manyClues(3));
    const teams: Player[] = [];
    for (let index = 0; index < 6; index += 1) teams.push(await client.team("guessing", `T${index}`));
    const [first, second, third, fourth, fifth] = teams as [Player, Player, Player, Player, Player];
    const texts = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => guess(`g${from + index}`, "c0", `wrong ${from + index}`));
    const outcomes = async (player: Player, ...events: ReturnType<typeof guess>[]) =>
      (await client.play(player, ...events)).map(({ outcome }) => outcome);
    // Half over HTTP; what many get wrong counts once, and right answers do not.
    expect(await outcomes(first, ...texts(0, 6))).toEqual(Array(6).fill("incorrect"));
    expect(await outcomes(second, ...texts(0, 6))).toEqual(Array(6).fill("incorrect"));
    expect(await outcomes(third, guess("r", "c0", "right 0"))).toEqual(["correct"]);
    expect(await outcomes(first, ...texts(6, 20))).toEqual([
      ...Array(6).fill("incorrect"),
      ...Array(14).fill("cooldown"),
    ]);
    const [right] = await client.play(fourth, guess("r", "c0", "right 0"));
    expect(right).toMatchObject({ outcome: "cooldown", clue: "c0", retryAt: expect.any(String) });
    const wait = Date.parse(right?.retryAt ?? "") - Date.now();
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60_000);
    // Duplicates, solved and locked clues are told as ever, and other clues play on.
    expect(await client.playOne(first, guess("g0", "c0", "wrong 0"))).toMatchObject({
      outcome: "incorrect",
      duplicate: true,
    });
    expect(await outcomes(third, guess("x", "c0", "again"))).toEqual(["already_solved"]);
    expect(await outcomes(third, guess("y", "no-such", "again"))).toEqual(["locked"]);
    expect(await outcomes(fifth, guess("z", "c1", "right 1"))).toEqual(["correct"]);
    await client.verify("guessing");
  });

  test("[SEC-41] nor do sockets: the shard counts for the address that opened them", async () => {
    await client.publish("by-socket", { ...manyClues(2), ...generous });
    const player = await client.team("by-socket", "One");
    const socket = await Socket.ofPlayer(client, player);
    const outcomes: string[] = [];
    for (let index = 0; index < 15; index += 1) {
      socket.send({ events: [guess(`g${index}`, "c0", `wrong ${index}`)] });
      outcomes.push(...(await socket.next<Result[]>("results")).map(({ outcome }) => outcome));
    }
    expect(outcomes).toEqual([...Array(12).fill("incorrect"), ...Array(3).fill("cooldown")]);
    socket.send({ events: [guess("r", "c0", "right 0"), guess("s", "c1", "right 1")] });
    expect(await socket.next<Result[]>("results")).toMatchObject([
      { outcome: "cooldown", clue: "c0", retryAt: expect.any(String) },
      { outcome: "correct" },
    ]);
    await socket.close();
  });

  test("[SEC-43] check-ins and nudges of a player are so many a minute, over both ways together", async () => {
    await client.publish("check-ins", pier());
    const player = await client.team("check-ins", "One");
    const mate = await client.join("check-ins", { name: "M", team: { join: player.team.joinCode ?? "" } });
    const there = (id: string, position = NEAR_PIER) => ({
      id,
      type: "checkin" as const,
      clue: "pier",
      position,
    });
    const first = await client.play(player, ...[1, 2, 3].map((index) => there(`a${index}`)));
    expect(first.map(({ outcome }) => outcome)).toEqual(Array(3).fill("out_of_range"));
    const socket = await Socket.ofPlayer(client, player);
    socket.send({ events: [4, 5, 6].map((index) => there(`a${index}`)) });
    expect(await socket.next<Result[]>("results")).toMatchObject([
      { outcome: "out_of_range" },
      { outcome: "out_of_range" },
      { outcome: "cooldown", clue: "pier", retryAt: expect.any(String) },
    ]);
    await socket.close();
    expect(await client.playOne(player, there("in", PIER))).toMatchObject({ outcome: "cooldown" });
    expect(await client.playOne(player, there("a1"))).toMatchObject({ duplicate: true });
    expect(await client.playOne(mate, there("in", PIER))).toMatchObject({ outcome: "correct" });
    const nudges = await client.play(
      player,
      ...Array.from({ length: 8 }, (_, index) => guess(`n${index}`, "word", "close")),
    );
    expect(nudges.filter(({ outcome }) => outcome === "nudge").length).toBeLessThanOrEqual(5);
    expect(nudges.at(-1)).toMatchObject({ outcome: "cooldown", clue: "word" });
    await client.verify("check-ins");
  });

  test("[SEC-44] a team that fills the log is refused, and nobody else", async () => {
    await client.publish("filling", { ...manyClues(100), ...generous });
    const flood = await client.team("filling", "Flood");
    const other = await client.team("filling", "Other");
    let refused: Awaited<ReturnType<Client["call"]>> | undefined;
    for (let round = 0; round < 40 && !refused; round += 1) {
      const events = Array.from({ length: 10 }, (_, index) =>
        guess(`f${round}-${index}`, `c${(round * 10 + index) % 100}`, `wrong ${round} ${"x".repeat(200)}`),
      );
      const answer = await client.call<Results>("POST", "/v1/hunts/filling/events", {
        token: flood.token,
        json: { events },
      });
      if (answer.status !== 200) refused = answer;
    }
    if (!refused) throw new Error("the team was never refused");
    expectProblem(refused, "overloaded");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const lines = (await client.export("filling")).filter(({ team }) => team === flood.team.id);
    expect(JSON.stringify(lines).length).toBeLessThan(30_000);
    expect(await client.playOne(other, guess("o", "c0", "right 0"))).toMatchObject({ outcome: "correct" });
    // It may look on.
    await client.me(flood);
    await client.verify("filling");
  });
});

describe("each by itself", () => {
  afterEach(stop);

  test("[SEC-40] joinings of an address are so many a minute; the others are told when to come again", async () => {
    await start({ RATE_LIMITS: "on", SHARDS_PER_REGION: "1", JOIN_RATE: "8" });
    await client.publish("joining", manyClues(1));
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        client.call("POST", "/v1/hunts/joining/players", {
          json: { name: `N${index}`, team: { create: `T${index}` } },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(8);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const answer of refused) {
      expectProblem(answer, "rate_limited");
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(4);
      expect(Number(answer.headers.get("retry-after"))).toBeLessThan(65);
    }
    // Nothing else is in the way.
    expect((await client.board("joining")).total).toBeLessThanOrEqual(8);
  });

  test("[SEC-154] too many return codes that nobody has stop every attempt from there, right ones too", async () => {
    await start({ RATE_LIMITS: "on", SHARDS_PER_REGION: "1" });
    await client.publish("returning", manyClues(1));
    const joined = await client.call<Joined>("POST", "/v1/hunts/returning/players", {
      json: { name: "Ada", team: { create: "Returners" } },
    });
    const comeBack = (returnCode: string) =>
      client.call("POST", "/v1/hunts/returning/sessions", { json: { returnCode } });
    const { returnCode } = joined.body;
    for (let tried = 0; tried < 10; tried += 1) {
      expectProblem(await comeBack(`WEUR0-00000000000000000${tried}`), "not_found");
    }
    expect((await comeBack(returnCode)).status).toBe(201);
    expectProblem(await comeBack("WEUR0-no-such-code"), "rate_limited");
    const refused = await comeBack(returnCode);
    expectProblem(refused, "rate_limited");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(4);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThan(65);
    // Who plays plays on, and others join.
    await client.call("GET", "/v1/hunts/returning/me", { token: joined.body.token });
    await client.team("returning", "Others");
  });

  test("[SEC-44] a team's flood of events is refused for that team alone, recorded or not, over both ways", async () => {
    await start({ RATE_LIMITS: "on", SHARDS_PER_REGION: "1", TEAM_EVENTS_PER_MINUTE: "100" });
    await client.publish("events", manyClues(2));
    const flood = await client.team("events", "Flood");
    const other = await client.team("events", "Other");
    const nothing = Array.from({ length: 100 }, (_, index) => guess(`n${index}`, "no-such", "x"));
    expect((await client.play(flood, ...nothing)).every(({ outcome }) => outcome === "locked")).toBe(true);
    const refused = await client.call("POST", "/v1/hunts/events/events", {
      token: flood.token,
      json: { events: nothing },
    });
    expectProblem(refused, "overloaded");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(30);
    const socket = await Socket.ofPlayer(client, flood);
    socket.send({ events: nothing.slice(0, 30) });
    expect(await socket.next("error")).toMatchObject({ code: "overloaded" });
    await socket.close();
    expect(await client.playOne(other, guess("r", "c0", "right 0"))).toMatchObject({ outcome: "correct" });
    await client.me(flood);
  });

  test("[SEC-49] the players of a team do not look at /me more often together than a team may", async () => {
    await start({ RATE_LIMITS: "on", SHARDS_PER_REGION: "1", TEAM_EVENTS_PER_MINUTE: "100" });
    await client.publish("looking", manyClues(2));
    const first = await client.team("looking", "Flood");
    const mate = await client.join("looking", { name: "M", team: { join: first.team.joinCode ?? "" } });
    const other = await client.team("looking", "Other");
    const looks = await Promise.all(
      Array.from({ length: 140 }, (_, index) =>
        client.call("GET", "/v1/hunts/looking/me", { token: (index % 2 === 0 ? first : mate).token }),
      ),
    );
    const refused = looks.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.length).toBeLessThanOrEqual(40);
    for (const answer of refused) expectProblem(answer, "overloaded");
    // It plays on, and others look.
    expect(await client.playOne(mate, guess("r", "c0", "right 0"))).toMatchObject({ outcome: "correct" });
    await client.me(other);
  });

  test("[SEC-44] malformed events in frames are events, too, and tickets sent again and again are requests", async () => {
    await start({ RATE_LIMITS: "on", SHARDS_PER_REGION: "1", TEAM_EVENTS_PER_MINUTE: "100" });
    await client.publish("frames", manyClues(2));
    const flood = await client.team("frames", "Flood");
    const socket = await Socket.ofPlayer(client, flood);
    const malformed = Array.from({ length: 60 }, (_, index) => ({ id: `n${index}`, type: "none" }));
    socket.send({ events: malformed });
    expect(await socket.next<Result[]>("results")).toHaveLength(60);
    socket.send({ events: malformed });
    expect(await socket.next("error")).toMatchObject({ code: "overloaded" });
    // Refused before they are looked at.
    socket.send({ events: malformed.slice(0, 1) });
    expect(await socket.next("error")).toMatchObject({ code: "overloaded" });
    await socket.close();
    const ticket = await ticketOf(client, flood);
    // Twice, because a window of the rate may end meanwhile.
    const statuses: (number | undefined)[] = [];
    for (let times = 0; times < 2; times += 1) {
      statuses.push(...(await Promise.all(Array.from({ length: 400 }, () => upgradeStatus(ticket)))));
    }
    expect(statuses.filter((status) => status === 101)).toHaveLength(1);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(50);
  });

  test("[SEC-42] a team that is too young gets cooldown for every answer, and is told when it is old enough", async () => {
    await start({ RATE_LIMITS: "off", SHARDS_PER_REGION: "1", TEAM_AGE: "5" });
    await client.publish("young", pier());
    const began = Date.now();
    const player = await client.team("young", "One");
    const at = { id: "c", type: "checkin" as const, clue: "pier", position: PIER };
    const early = await client.play(player, guess("a", "word", "right"), guess("b", "word", "wrong"), at);
    expect(early.map(({ outcome }) => outcome)).toEqual(["cooldown", "cooldown", "cooldown"]);
    const until = Date.parse(early[0]?.retryAt ?? "");
    expect(until - began).toBeGreaterThan(4_900);
    expect(until - began).toBeLessThan(20_000);
    await new Promise((done) => setTimeout(done, until - Date.now() + 50));
    expect(
      (await client.play(player, guess("a", "word", "right"), at)).map(({ outcome }) => outcome),
    ).toEqual(["correct", "correct"]);
  });

  test("[SEC-45] a shard that is nearly full records solves and organisers' acts only, and advice tells before", async () => {
    await start({ RATE_LIMITS: "off", SHARDS_PER_REGION: "1", SHARD_FULL_BYTES: "100000" });
    await client.publish("full", { ...pier(), clues: [...(pier() as { clues: object[] }).clues] });
    const player = await client.team("full", "One");
    const other = await client.team("full", "Other");
    const advised = async (): Promise<Advice["advice"]> => {
      const answer = await client.organise<Advice>("GET", "/v1/ops/advice");
      expect(answer.status, answer.text).toBe(200);
      return answer.body.advice.filter(({ limit }) => limit === "SHARD_FULL_BYTES");
    };
    await expect
      .poll(
        async () => {
          const events = Array.from({ length: 100 }, (_, index) =>
            guess(
              `f${Math.random().toString(36).slice(2)}${index}`,
              "word",
              `wrong ${index} ${Math.random()} ${"x".repeat(100)}`,
            ),
          );
          const results = await client.play(player, ...events);
          return results.every(({ outcome }) => outcome === "cooldown");
        },
        { timeout: 90_000, interval: 200 },
      )
      .toBe(true);
    const [word] = await advised();
    expect(word).toMatchObject({ evidence: expect.stringContaining("of full"), change: expect.any(String) });
    expect(word?.at).toBeGreaterThanOrEqual(1);
    expect((await client.playOne(player, guess("r", "word", "right"))).outcome).toBe("cooldown");
    expect((await client.playOne(other, guess("r", "word", "right"))).outcome).toBe("correct");
    expect((await client.playOne(other, guess("r", "word", "right"))).duplicate).toBe(true);
    const awarded = await client.organise("POST", `/v1/hunts/full/teams/${player.team.id}/awards`, {
      points: 5,
      reason: "for waiting",
    });
    expect(awarded.status).toBe(201);
    const late = await client.call("POST", "/v1/hunts/full/players", {
      json: { name: "L", team: { create: "Late" } },
    });
    expectProblem(late, "overloaded");
    expectProblem(await client.call("GET", "/v1/ops/advice"), "unauthenticated");
    await client.verify("full");
    // [ADV-6] What is over needs no advice.
    await client.setPhase("full", "ended");
    expect(await advised()).toEqual([]);
  });
});
