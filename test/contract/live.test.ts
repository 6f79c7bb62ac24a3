/** Live sockets over a whole engine: tickets, playing, pushes, spectators. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Result } from "../../src/protocol.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { fold, type Shown, Socket, ticketOf } from "./socket.ts";

let engine: Engine;
let client: Client;
const logged: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" },
    log: (level, text) => {
      if (level === "error") logged.push(text);
    },
  });
  client = await Client.of(engine);
});
afterAll(async () => {
  await engine?.stop();
  expect(logged).toEqual([]);
});

const answer = (id: string, clue: string, text: string) => ({
  id,
  type: "answer" as const,
  clue,
  answer: text,
});

async function mates(hunt: string): Promise<[Player, Player]> {
  const first = await client.team(hunt, "Foxes");
  const second = await client.join(hunt, { name: "Mate", team: { join: first.team.joinCode ?? "" } });
  return [first, second];
}

describe("tickets", () => {
  test("[LIVE-1] a ticket opens one socket, once, of its own hunt; a forged or missing one none", async () => {
    await client.publish("tickets", manyClues(2));
    await client.publish("tickets-other", manyClues(2));
    const player = await client.team("tickets", "One");
    const ticket = await ticketOf(client, player);
    const socket = await Socket.open(client, "tickets", ticket);
    expect(await socket.next("phase")).toBe("live");
    await expect(Socket.open(client, "tickets", ticket)).rejects.toThrow("refused");
    await expect(Socket.open(client, "tickets-other", await ticketOf(client, player))).rejects.toThrow();
    await expect(Socket.open(client, "tickets", "x.y.z")).rejects.toThrow();
    await expect(Socket.open(client, "tickets", player.token)).rejects.toThrow();
    await expect(Socket.open(client, "no-such-hunt")).rejects.toThrow();
    expectProblem(await client.call("GET", "/v1/hunts/tickets/live"), "bad_request");
    expectProblem(await client.call("POST", "/v1/hunts/tickets/tickets"), "unauthenticated");
    // A ticket is no token.
    const me = await client.call("GET", "/v1/hunts/tickets/me", { token: await ticketOf(client, player) });
    expectProblem(me, "unauthenticated");
    await socket.close();
  });

  test("[LIVE-2] pages of other origins are refused where an allow-list says so", async () => {
    const strict = await startEngine({
      vars: { RATE_LIMITS: "off", CORS_ORIGINS: "https://hunt.example" },
      log: () => undefined,
    });
    try {
      const own = await Client.of(strict);
      await own.publish("origins", manyClues(1));
      await expect(
        Socket.open(own, "origins", undefined, { origin: "https://evil.example" }),
      ).rejects.toThrow();
      for (const headers of [{ origin: "https://hunt.example" }, {}]) {
        const socket = await Socket.open(own, "origins", undefined, headers);
        await socket.next("leaderboard");
        await socket.close();
      }
    } finally {
      await strict.stop();
    }
  });
});

describe("playing over a socket", () => {
  test("[LIVE-3] events take the same way as over HTTP: results in order, recorded, duplicates across both", async () => {
    await client.publish("socket-play", manyClues(3));
    const player = await client.team("socket-play", "One");
    const socket = await Socket.ofPlayer(client, player);
    socket.send({
      events: [answer("1", "c0", "wrong"), { id: "2", type: "dance" }, answer("3", "c0", "right 0")],
    });
    const results = await socket.next<Result[]>("results");
    expect(results).toMatchObject([
      { id: "1", outcome: "incorrect", seq: 2 },
      { id: "2", outcome: "invalid" },
      { id: "3", outcome: "correct", seq: 3, points: 10, score: 10 },
    ]);
    expect(await client.playOne(player, answer("3", "c0", "right 0"))).toEqual({
      ...results[2],
      duplicate: true,
    });
    const over = await client.playOne(player, answer("4", "c1", "wrong"));
    socket.send({ events: [answer("4", "c1", "wrong"), answer("4", "c1", "other")] });
    expect(await socket.next<Result[]>("results")).toMatchObject([
      { ...over, duplicate: true },
      { id: "4", outcome: "conflict" },
    ]);
    // Many frames at once are answered in their order.
    for (let index = 0; index < 10; index += 1)
      socket.send({ events: [answer(`m${index}`, "c2", `wrong ${index}`)] });
    for (let index = 0; index < 10; index += 1) {
      expect(await socket.next<Result[]>("results")).toMatchObject([
        { id: `m${index}`, outcome: "incorrect" },
      ]);
    }
    await socket.close();
    await client.verify("socket-play");
  });

  test("[LIVE-4] a bad frame is told and costs nothing; a too large one closes the socket", async () => {
    await client.publish("socket-bad", manyClues(1));
    const player = await client.team("socket-bad", "One");
    const socket = await Socket.ofPlayer(client, player);
    for (const frame of ["", "{", "[]", "7", "null", '{"events":[]}', '{"events":{}}', '{"x":1}']) {
      socket.send(frame);
      expect(await socket.next("error")).toMatchObject({ code: "bad_request", detail: expect.any(String) });
    }
    socket.send('{"ping":true}');
    expect(await socket.next("pong")).toBe(true);
    socket.send({ ping: 7 });
    expect(await socket.next("pong")).toBe(7);
    socket.send({ events: [answer("1", "c0", "right 0")] });
    expect(await socket.next<Result[]>("results")).toMatchObject([{ outcome: "correct" }]);
    socket.send({ events: [answer("2", "c0", "x".repeat(5_000))] });
    await expect.poll(() => socket.closed?.code).toBe(1_009);
    // Whoever sends without waiting is told to wait, and nothing is lost silently.
    const eager = await Socket.ofPlayer(client, player);
    for (let index = 0; index < 200; index += 1) eager.send({ events: [answer(`e${index}`, "c0", "w")] });
    await expect
      .poll(() => eager.frames.filter((frame) => "results" in frame || "error" in frame).length)
      .toBe(200);
    await eager.close();
  });

  test("[LIVE-5] team-mates see progress, soon and with score and place; other teams do not", async () => {
    await client.publish("socket-mates", manyClues(3));
    const [first, second] = await mates("socket-mates");
    const stranger = await client.team("socket-mates", "Others");
    const own = await Socket.ofPlayer(client, first);
    const mate = await Socket.ofPlayer(client, second);
    const other = await Socket.ofPlayer(client, stranger);
    own.send({ events: [answer("1", "c0", "right 0")] });
    const seen = await mate.next("team");
    expect(seen).toMatchObject({ score: 10, solved: ["c0"], unlocked: [] });
    await client.organise("POST", `/v1/hunts/socket-mates/teams/${first.team.id}/awards`, {
      points: 5,
      reason: "kind",
    });
    expect(await mate.next("team")).toMatchObject({ score: 15, rank: 1, solved: [] });
    await sleep(300);
    expect(other.frames.filter((frame) => "team" in frame)).toEqual([]);
    for (const socket of [own, mate, other]) await socket.close();
  });

  test("[LIVE-6] announcements and phases reach everybody they concern", async () => {
    const definition = manyClues(2, {
      clues: [0, 1].map((index) => ({
        id: `c${index}`,
        round: "one",
        title: `Clue ${index}`,
        kind: "answer",
        points: 10,
        answers: [`right ${index}`],
        ...(index === 0 ? {} : { opens: { solved: "c0" } }),
      })),
    });
    await client.publish("socket-news", definition);
    const ahead = await client.team("socket-news", "Ahead");
    const behind = await client.team("socket-news", "Behind");
    await client.playOne(ahead, answer("1", "c0", "right 0"));
    const sockets = [await Socket.ofPlayer(client, ahead), await Socket.ofPlayer(client, behind)] as const;
    const spectator = await Socket.open(client, "socket-news");
    const announce = (text: string, clue?: string) =>
      client.organise("POST", "/v1/hunts/socket-news/announcements", { text, ...(clue ? { clue } : {}) });
    await announce("about the second clue", "c1");
    await announce("for all");
    expect(await sockets[0].next("announcement")).toMatchObject({
      text: "about the second clue",
      clue: "c1",
    });
    for (const socket of [...sockets, spectator]) {
      expect(await socket.next("announcement")).toMatchObject({ text: "for all", at: expect.any(String) });
    }
    await client.setPhase("socket-news", "paused");
    for (const socket of [...sockets, spectator]) {
      await expect.poll(() => socket.frames.some(({ phase }) => phase === "paused")).toBe(true);
    }
    for (const socket of [...sockets, spectator]) await socket.close();
  });
});

describe("spectators", () => {
  test("[LIVE-7] get the whole, then what changes; folded it is the leaderboard; a position brings what was missed", async () => {
    await client.publish("socket-board", manyClues(5));
    const players: Player[] = [];
    for (let team = 0; team < 5; team += 1) players.push(await client.team("socket-board", `Team ${team}`));
    await expect.poll(async () => (await client.board("socket-board")).total).toBe(5);
    const watcher = await Socket.open(client, "socket-board");
    const early = await watcher.next<Shown>("leaderboard");
    expect(early.total).toBe(5);
    for (const [index, player] of players.entries()) {
      for (let clue = 0; clue <= index; clue += 1) {
        await client.playOne(player, answer(`${clue}`, `c${clue}`, `right ${clue}`));
      }
      await sleep(400);
    }
    const rowsOf = async () =>
      (await client.board("socket-board")).entries.map(
        ({ rank, team, score }) => `${rank} ${team.name} ${score}`,
      );
    // The fifth team has solved all: nothing comes after that.
    await expect
      .poll(async () => fold(watcher.frames)[0] === "1 Team 4 50" && (await rowsOf())[0] === "1 Team 4 50")
      .toBe(true);
    expect(fold(watcher.frames)).toEqual(await rowsOf());
    const deltas = watcher.frames.filter(
      (frame) => (frame.leaderboard as Shown | undefined)?.from !== undefined,
    );
    expect(deltas.length).toBeGreaterThan(1);

    const back = await Socket.open(client, "socket-board");
    await back.next("leaderboard");
    const taken = back.frames.length;
    back.send({ since: early.position });
    await expect.poll(() => back.frames.length - taken).toBe(deltas.length);
    const resumed = [{ leaderboard: early }, ...back.frames.slice(taken)] as { leaderboard?: Shown }[];
    expect(fold(resumed)).toEqual(await rowsOf());
    // A position of another life, or none at all: the whole.
    for (const since of ["other.3", "", "x"]) {
      back.send({ since });
      expect(await back.next<Shown>("leaderboard")).toBeDefined();
    }
    back.send({ events: [] });
    expect(await back.next("error")).toMatchObject({ code: "bad_request" });
    for (const socket of [watcher, back]) await socket.close();
  });

  test("[LIVE-11] beyond the room of one object others take them: everybody sees the same", async () => {
    const small = await startEngine({
      vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", LIVE_SOCKETS_PER_OBJECT: "3" },
      log: () => undefined,
    });
    try {
      const own = await Client.of(small);
      await own.publish("crowd", manyClues(3));
      const player = await own.team("crowd", "One");
      const watchers: Socket[] = [];
      for (let watcher = 0; watcher < 11; watcher += 1) watchers.push(await Socket.open(own, "crowd"));
      for (const watcher of watchers) expect(await watcher.next("phase")).toBe("live");
      await own.playOne(player, answer("1", "c0", "right 0"));
      await own.organise("POST", "/v1/hunts/crowd/announcements", { text: "to all" });
      for (const watcher of watchers) {
        await expect.poll(() => fold(watcher.frames)).toEqual(["1 One 10"]);
        await expect.poll(() => watcher.frames.filter((frame) => "announcement" in frame).length).toBe(1);
      }
      // Those who leave are forgotten, and the next ones are served.
      for (const watcher of watchers) await watcher.close();
      const late = await Socket.open(own, "crowd");
      await own.playOne(player, answer("2", "c1", "right 1"));
      await expect.poll(() => fold(late.frames)).toEqual(["1 One 20"]);
      await late.close();
    } finally {
      await small.stop();
    }
  });
});
