import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { ClueView } from "../../src/contract/me.ts";
import type { PlayerEvent } from "../../src/protocol.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues, NEAR_PIER, PIER, SECRET_ANSWER } from "./hunts.ts";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let engine: Engine;
let client: Client;
let names = 0;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("outcomes", everyOutcome());
});
afterAll(() => engine.stop());

/** A new team of the hunt in which every outcome can be reached. */
function newTeam(hunt = "outcomes"): Promise<Player> {
  names += 1;
  return client.team(hunt, `Team ${names}`);
}

const answer = (id: string, clue: string, text: string): PlayerEvent => ({
  id,
  type: "answer",
  clue,
  answer: text,
});
const checkin = (id: string, position = PIER): PlayerEvent => ({
  id,
  type: "checkin",
  clue: "pier",
  position,
});

async function chestCode(): Promise<string> {
  const { codes } = (
    await client.organise<{ codes: { clue: string; code: string }[] }>("GET", "/v1/hunts/outcomes/codes")
  ).body;
  return codes.find(({ clue }) => clue === "chest")?.code ?? "";
}

test("[API-67] requests that come together are each told their own, also when others' clients go away", async () => {
  await client.publish("crowd", everyOutcome());
  const teams = await Promise.all(
    Array.from({ length: 24 }, (_, index) => client.team("crowd", `Crowd ${index}`)),
  );
  const url = new URL("/v1/hunts/crowd/events", engine.url);
  const send = (team: Player, id: string, text: string, signal: AbortSignal | null = null) =>
    fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${team.token}`, "content-type": "application/json" },
      body: JSON.stringify({ events: [answer(id, "cave", text)] }),
      signal,
    });
  const gone = new AbortController();
  const told = teams.map(async (team, index) => {
    if (index % 3 === 0) {
      await send(team, "first", "wrong", gone.signal).catch(() => undefined);
      return;
    }
    const isRight = index % 2 === 0;
    const response = await send(team, "first", isRight ? "open sesame" : "wrong");
    const { results } = (await response.json()) as { results: object[] };
    expect(results).toMatchObject([{ id: "first", outcome: isRight ? "correct" : "incorrect" }]);
  });
  const stranger = send({ ...teams[0], token: teams[0]?.token.slice(0, -3) } as Player, "first", "wrong");
  setTimeout(() => gone.abort(), 5);
  await Promise.all(told);
  expect((await stranger).status).toBe(401);
  // Sent again, each was recorded once.
  for (const [index, team] of teams.entries()) {
    const isRight = index % 3 !== 0 && index % 2 === 0;
    const again = await send(team, "first", isRight ? "open sesame" : "wrong");
    const { results } = (await again.json()) as { results: object[] };
    expect(results).toMatchObject([{ id: "first", outcome: isRight ? "correct" : "incorrect" }]);
  }
  const { body } = await client.organise<{ outcomes: Record<string, number> }>(
    "GET",
    "/v1/hunts/crowd/stats",
  );
  expect(body.outcomes).toEqual({ correct: 8, incorrect: 16 });
});

describe("[API-30] outcomes that are recorded", () => {
  test("correct: points, score, what it unlocked, and a seq", async () => {
    const team = await newTeam();
    expect(await client.playOne(team, answer("e1", "cave", " Open  SESAME! "))).toEqual({
      id: "e1",
      outcome: "correct",
      seq: expect.any(Number),
      clue: "cave",
      points: 100,
      score: 100,
      unlocked: ["chest"],
    });
    expect(
      await client.playOne(team, { id: "e2", type: "scan", code: ` ${await chestCode()}\n` }),
    ).toMatchObject({
      outcome: "correct",
      clue: "chest",
      score: 150,
      unlocked: ["end"],
    });
    expect(await client.playOne(team, checkin("e3"))).toMatchObject({
      outcome: "correct",
      clue: "pier",
      score: 220,
    });
    expect(await client.playOne(team, answer("e4", "flag", "blue"))).toMatchObject({
      outcome: "correct",
      score: 250,
    });
    expect(await client.playOne(team, answer("e5", "end", "treasure"))).toMatchObject({
      outcome: "correct",
      score: 450,
    });
  });

  test("nudge and incorrect", async () => {
    const team = await newTeam();
    expect(await client.playOne(team, answer("e1", "cave", "sesame"))).toEqual({
      id: "e1",
      outcome: "nudge",
      seq: expect.any(Number),
      clue: "cave",
      message: "Say all of it.",
    });
    expect(await client.playOne(team, answer("e2", "cave", "wrong"))).toEqual({
      id: "e2",
      outcome: "incorrect",
      seq: expect.any(Number),
      clue: "cave",
    });
    expect((await client.me(team)).clues.find(({ id }) => id === "cave")?.attempts).toBe(1);
  });

  test("out_of_range and implausible, by accuracy and by speed", async () => {
    const team = await newTeam();
    expect(await client.playOne(team, checkin("e1", NEAR_PIER))).toMatchObject({ outcome: "out_of_range" });
    expect(await client.playOne(team, checkin("e2", { ...PIER, accuracy: 101 }))).toMatchObject({
      outcome: "implausible",
    });
    // The other side of the earth: a wrong fix, which holds up nobody.
    expect(await client.playOne(team, checkin("e3", { lat: -53, lng: -170, accuracy: 5 }))).toMatchObject({
      outcome: "out_of_range",
    });
    expect(await client.playOne(team, checkin("e4"))).toMatchObject({ outcome: "correct" });
  });

  test("[PL-4] a journey that was too fast is implausible with a retryAt; the client's times may say how long it took", async () => {
    const place = (id: string, lat: number) => ({
      id,
      round: "r",
      title: id,
      kind: "place",
      points: 10,
      place: { lat, lng: 10, radius: 50 },
    });
    await client.publish("journeys", {
      format: 1,
      hunt: "journeys",
      title: "Journeys",
      rounds: [{ id: "r", title: "R" }],
      clues: [place("one", 53), place("two", 53.0009)],
    });
    const there = (id: string, clue: string, lat: number, at?: string): PlayerEvent => ({
      id,
      type: "checkin",
      clue,
      position: { lat, lng: 10, accuracy: 1 },
      ...(at === undefined ? {} : { at }),
    });
    const hurried = await newTeam("journeys");
    // 100 m at 60 m/s: 1.7 s, and the player joined a moment ago.
    const [first, early] = await client.play(hurried, there("1", "one", 53), there("2", "two", 53.0009));
    expect(first).toMatchObject({ outcome: "correct" });
    expect(early).toMatchObject({
      outcome: "implausible",
      retryAt: expect.stringMatching(TIME),
      seq: expect.any(Number),
    });
    expect(await client.playOne(hurried, there("2", "two", 53.0009))).toEqual({ ...early, duplicate: true });
    const waited = await newTeam("journeys");
    await sleep(2_500);
    const at = (ago: number) => new Date(Date.now() - ago).toISOString();
    const results = await client.play(
      waited,
      there("1", "one", 53, at(1_800_000)),
      there("2", "two", 53.0009, at(0)),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(["correct", "correct"]);
  });

  test("unknown_code, which draws on the team's budget", async () => {
    const team = await newTeam();
    const results = [];
    for (let guess = 0; guess < 4; guess += 1) {
      results.push(
        await client.playOne(team, { id: `e${guess}`, type: "scan", code: `1.k1.chest.${guess}` }),
      );
    }
    expect(results.map(({ outcome }) => outcome)).toEqual([
      "unknown_code",
      "unknown_code",
      "unknown_code",
      "cooldown",
    ]);
    expect(results[3]?.retryAt).toMatch(TIME);
  });

  test("taken: the text, charged once, shown again for nothing", async () => {
    const team = await newTeam();
    const hint = (id: string): PlayerEvent => ({ id, type: "hint", clue: "cave", hint: "free" });
    expect(await client.playOne(team, hint("e1"))).toEqual({
      id: "e1",
      outcome: "taken",
      seq: expect.any(Number),
      clue: "cave",
      score: 0,
      hint: { id: "free", text: "It is a seed." },
    });
    const again = await client.playOne(team, hint("e2"));
    expect(again).toMatchObject({ outcome: "taken", hint: { text: "It is a seed." } });
    expect(again).not.toHaveProperty("seq");
  });
});

describe("[API-31] outcomes that change nothing have no seq, and the id is decided anew", () => {
  test("already_solved, locked, exhausted, cooldown, not_yet, unaffordable, not_eligible, invalid", async () => {
    const team = await newTeam();
    await client.play(team, answer("s2", "flag", "red"));
    const hints = await client.playRaw(team, [
      { id: "f", type: "hint", clue: "cave", hint: "late" },
      { id: "g", type: "hint", clue: "cave", hint: "dear" },
      { id: "i", type: "hint", clue: "cave", hint: "no-such-hint" },
    ]);
    expect(hints.map(({ outcome }) => outcome)).toEqual(["not_yet", "unaffordable", "invalid"]);
    expect(hints[0]?.retryAt).toMatch(TIME);
    await client.play(team, answer("s1", "cave", SECRET_ANSWER));
    for (let wrong = 0; wrong < 3; wrong += 1) {
      await client.playOne(team, { id: `w${wrong}`, type: "scan", code: `nothing ${wrong}` });
    }
    const results = await client.playRaw(team, [
      answer("a", "cave", "again"),
      answer("b", "end", "treasure"),
      answer("c", "no-such-clue", "treasure"),
      answer("d", "flag", "blue"),
      { id: "e", type: "scan", code: "one more" },
      { id: "h", type: "claim", prize: "no-such-prize" },
      answer("j", "pier", "by answer"),
      { id: "k", type: "checkin", clue: "cave", position: PIER },
      { id: "l", type: "hint", clue: "cave", hint: "free" },
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual([
      "already_solved",
      "locked",
      "locked",
      "exhausted",
      "cooldown",
      "not_eligible",
      "invalid",
      "already_solved",
      "already_solved",
    ]);
    for (const result of [...hints, ...results]) expect(result).not.toHaveProperty("seq");
    expect(results[4]?.retryAt).toMatch(TIME);
    // What is locked and what does not exist look the same but for the name that was sent.
    expect({ ...results[1], id: "", clue: "" }).toEqual({ ...results[2], id: "", clue: "" });
    const { body } = await client.organise("POST", `/v1/hunts/outcomes/teams/${team.team.id}/unlocks`, {
      clue: "end",
      reason: "a test",
    });
    expect(body).toEqual({ unlocked: ["end"] });
    expect(await client.playOne(team, answer("b", "end", "treasure"))).toMatchObject({
      outcome: "correct",
      seq: expect.any(Number),
    });
  });

  test("not_open, paused, ended, banned", async () => {
    await client.publish("states", everyOutcome(), "draft");
    const [team, banned] = [await newTeam("states"), await newTeam("states")];
    const event = answer("e1", "cave", SECRET_ANSWER);
    expect(await client.playOne(team, event)).toEqual({ id: "e1", outcome: "not_open" });
    await client.setPhase("states", "live");
    await client.organise("POST", `/v1/hunts/states/teams/${banned.team.id}/ban`, { reason: "a test" });
    expect(await client.playOne(banned, event)).toEqual({ id: "e1", outcome: "banned" });
    expect((await client.me(banned)).team.banned).toBe(true);
    await client.setPhase("states", "paused");
    expect(await client.playOne(team, event)).toEqual({ id: "e1", outcome: "paused" });
    await client.setPhase("states", "live");
    expect(await client.playOne(team, event)).toMatchObject({ outcome: "correct" });
    await client.setPhase("states", "ended");
    expect(await client.playOne(team, answer("e2", "flag", "blue"))).toEqual({ id: "e2", outcome: "ended" });
    // What is in the log is answered as it was, whatever the state is now.
    expect(await client.playOne(team, event)).toMatchObject({ outcome: "correct", duplicate: true });
  });
});

describe("[API-32] the same id again", () => {
  test("with the same body gives the same result, marked duplicate; the client's clock may differ", async () => {
    const team = await newTeam();
    const events: PlayerEvent[] = [
      { id: "e4", type: "hint", clue: "cave", hint: "free" },
      answer("e1", "cave", SECRET_ANSWER),
      answer("e2", "flag", "red"),
      checkin("e3", NEAR_PIER),
      { id: "e5", type: "scan", code: "nothing" },
    ];
    const first = await client.play(team, ...events);
    const again = await client.play(
      team,
      ...events.map((event) => ({ ...event, at: "2026-01-01T00:00:00Z" })),
    );
    expect(again).toEqual(first.map((result) => ({ ...result, duplicate: true })));
  });

  test("with another body is a conflict and changes nothing", async () => {
    const team = await newTeam();
    await client.playOne(team, answer("e1", "cave", "wrong"));
    const others: PlayerEvent[] = [
      answer("e1", "cave", SECRET_ANSWER),
      answer("e1", "flag", "wrong"),
      { id: "e1", type: "scan", code: "wrong" },
      { id: "e1", type: "hint", clue: "cave", hint: "free" },
    ];
    for (const other of others)
      expect(await client.playOne(team, other)).toEqual({ id: "e1", outcome: "conflict" });
    expect((await client.me(team)).team.score).toBe(0);
  });

  test("within one request, the first counts", async () => {
    const team = await newTeam();
    // A program has ids apart: the library refuses this.
    const results = await client.playRaw(team, [
      answer("e1", "cave", SECRET_ANSWER),
      answer("e1", "cave", SECRET_ANSWER),
      answer("e1", "cave", "else"),
    ]);
    expect(results.map(({ outcome, duplicate }) => [outcome, duplicate])).toEqual([
      ["correct", undefined],
      ["correct", true],
      ["conflict", undefined],
    ]);
  });

  test("of another team means nothing", async () => {
    const [one, two] = [await newTeam(), await newTeam()];
    await client.playOne(one, answer("shared", "cave", "wrong"));
    expect(await client.playOne(two, answer("shared", "cave", SECRET_ANSWER))).toMatchObject({
      outcome: "correct",
    });
  });

  test("sent many times at once is recorded once", async () => {
    const team = await newTeam();
    const results = await Promise.all(
      Array.from({ length: 20 }, () => client.playOne(team, answer("e1", "cave", SECRET_ANSWER))),
    );
    expect(new Set(results.map(({ seq }) => seq)).size).toBe(1);
    expect(results.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect((await client.me(team)).team.score).toBe(100);
  });
});

describe("[API-33] one request of many events", () => {
  test("handles the good ones, and tells the bad ones at their places", async () => {
    const team = await newTeam();
    const results = await client.playRaw(team, [
      answer("good-1", "flag", "red"),
      { id: "bad-1", type: "answer", clue: "cave" },
      { id: "bad-2", type: "dance", clue: "cave" },
      null,
      "text",
      { id: "no spaces", type: "answer", clue: "cave", answer: "x" },
      { id: "bad-3", type: "answer", clue: "Not A Slug", answer: "x" },
      { id: "bad-4", type: "checkin", clue: "pier", position: { lat: 91, lng: 0, accuracy: 1 } },
      { id: "bad-5", type: "answer", clue: "cave", answer: "\ud800" },
      { id: "bad-6", type: "answer", clue: "cave", answer: "x".repeat(501) },
      answer("bad-7", "cave", "a\u0007"),
      answer("bad-8", "cave", " \n"),
      answer("good-3", "cave", ` ${"😀".repeat(500)}\n`),
      answer("good-2", "cave", SECRET_ANSWER),
    ]);
    expect(results.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
      "good-1 incorrect",
      "bad-1 invalid",
      "bad-2 invalid",
      " invalid",
      " invalid",
      " invalid",
      "bad-3 invalid",
      "bad-4 invalid",
      "bad-5 invalid",
      "bad-6 invalid",
      "bad-7 invalid",
      "bad-8 invalid",
      "good-3 incorrect",
      "good-2 correct",
    ]);
    for (const result of results.filter(({ outcome }) => outcome === "invalid")) {
      expect(result.message).toMatch(/./);
      expect(result).not.toHaveProperty("seq");
    }
  });

  test("takes 100 and refuses 101, none, and what is no list", async () => {
    await client.publish("hundred", manyClues(100));
    const team = await newTeam("hundred");
    const events = Array.from({ length: 101 }, (_, index) =>
      answer(`e${index}`, `c${index}`, `right ${index}`),
    );
    const path = "/v1/hunts/hundred/events";
    for (const body of [{ events }, { events: [] }, {}, { events: {} }, [], null, 7, "events"]) {
      expectProblem(await client.call("POST", path, { token: team.token, json: body }), "invalid");
    }
    expect((await client.me(team)).team.solves).toBe(0);
    const results = await client.play(team, ...events.slice(0, 100));
    expect(results.map(({ id }) => id)).toEqual(events.slice(0, 100).map(({ id }) => id));
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["correct"]));
    const seqs = results.map(({ seq = 0 }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
  });

  test("may have 64 KiB, an event 4 KiB", async () => {
    const team = await newTeam();
    const path = "/v1/hunts/outcomes/events";
    const padded = (bytes: number, pad = "x") => {
      const event = { ...answer("p1", "flag", "red"), pad: "" };
      const room = bytes - JSON.stringify(event).length;
      return { ...event, pad: pad.repeat(Math.floor(room / Buffer.byteLength(pad))) };
    };
    const [small, large] = [padded(4_096), padded(4_097)];
    expect((await client.playRaw(team, [large]))[0]).toMatchObject({ id: "p1", outcome: "invalid" });
    // Bytes, not characters.
    expect((await client.playRaw(team, [padded(5_000, "€")]))[0]).toMatchObject({
      id: "p1",
      outcome: "invalid",
    });
    expect((await client.playRaw(team, [small]))[0]).toMatchObject({ id: "p1", outcome: "incorrect" });
    // Nested so deeply that writing it out again would overflow the stack.
    const deep = `{"id":"d1","type":"answer","clue":"cave","answer":"x","pad":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    const nested = await client.call<{ results: object[] }>("POST", path, {
      token: team.token,
      body: `{"events":[${deep}]}`,
      type: "application/json",
    });
    expect(nested.body.results).toMatchObject([{ id: "d1", outcome: "invalid" }]);
    const body = JSON.stringify({ events: [answer("q1", "cave", "x")] });
    const filled = (size: number) => body + " ".repeat(size - body.length);
    const send = (size: number) =>
      client.call("POST", path, { token: team.token, body: filled(size), type: "application/json" });
    expect((await send(65_536)).status).toBe(200);
    expectProblem(await send(65_537), "payload_too_large");
  });

  test("is refused as a whole for its token, its media type or its JSON", async () => {
    const team = await newTeam();
    const path = "/v1/hunts/outcomes/events";
    const body = JSON.stringify({ events: [answer("e1", "cave", "x")] });
    expectProblem(await client.call("POST", path, { body, type: "application/json" }), "unauthenticated");
    expectProblem(
      await client.call("POST", path, { token: team.token, body, type: "text/plain" }),
      "unsupported_media_type",
    );
    expectProblem(
      await client.call("POST", path, { token: team.token, body: body.slice(1), type: "application/json" }),
      "bad_request",
    );
    expectProblem(
      await client.call("POST", path, { token: team.token, type: "application/json" }),
      "bad_request",
    );
    const elsewhere = await newTeam("hundred");
    expectProblem(
      await client.call("POST", path, { token: elsewhere.token, body, type: "application/json" }),
      "forbidden",
    );
  });

  test("answers in order with the time it is as of", async () => {
    const team = await newTeam();
    const before = Date.now();
    const answered = await client.call<{ asOf: string }>("POST", "/v1/hunts/outcomes/events", {
      token: team.token,
      json: { events: [answer("e1", "cave", "x")] },
    });
    expect(answered.body.asOf).toMatch(TIME);
    expect(Math.abs(Date.parse(answered.body.asOf) - before)).toBeLessThan(10_000);
  });
});

describe("[API-34] /me", () => {
  test("shows what is open and solved, in the order of the definition, and nothing else", async () => {
    const team = await client.team("outcomes", "Onlookers", "visitors");
    const me = await client.me(team);
    expect(me).toMatchObject({
      player: { id: team.id, name: "Onlookers player" },
      team: {
        id: team.team.id,
        name: "Onlookers",
        bracket: "visitors",
        joinCode: team.team.joinCode,
        members: [{ id: team.id, name: "Onlookers player" }],
        score: 0,
        solves: 0,
      },
      phase: "live",
      serverTime: expect.stringMatching(TIME),
    });
    expect(me.team).not.toHaveProperty("banned");
    expect(me.clues.map(({ id }) => id)).toEqual(["cave", "pier", "flag"]);
    const [cave, pier, flag] = me.clues as [ClueView, ClueView, ClueView];
    expect(cave).toEqual({
      id: "cave",
      round: "one",
      title: "The Cave",
      kind: "answer",
      points: 100,
      state: "open",
      body: "What does Ali Baba *say*?",
      attempts: 0,
      attemptsLeft: 3,
      openedAt: expect.stringMatching(TIME),
      hints: [
        { id: "free", cost: 0, availableAt: cave.openedAt, taken: false },
        { id: "late", cost: 10, availableAt: expect.stringMatching(TIME), taken: false },
        { id: "dear", cost: 5_000, availableAt: cave.openedAt, taken: false },
      ],
    });
    expect(Date.parse(cave.hints[1]?.availableAt ?? "") - Date.parse(cave.openedAt)).toBe(3_600_000);
    expect(pier).toMatchObject({ kind: "place", place: { radius: 50 } });
    expect(JSON.stringify(pier)).not.toContain("53.5");
    expect(flag).toMatchObject({
      kind: "choice",
      choices: [
        { id: "red", label: "Red" },
        { id: "blue", label: "Blue" },
      ],
    });
    for (const secret of ["Locked words", "The Vault", "The Chest", "seed", "sesame"]) {
      expect(JSON.stringify(me)).not.toContain(secret);
    }
  });

  test("follows the play: solved clues, opened ones, texts of hints taken, cooldowns", async () => {
    const team = await newTeam();
    await client.play(
      team,
      { id: "h", type: "hint", clue: "cave", hint: "free" },
      answer("s", "cave", SECRET_ANSWER),
    );
    for (let wrong = 0; wrong < 3; wrong += 1)
      await client.playOne(team, { id: `w${wrong}`, type: "scan", code: `${wrong}` });
    const me = await client.me(team);
    const cave = me.clues.find(({ id }) => id === "cave");
    expect(cave).toMatchObject({ state: "solved", solvedAt: expect.stringMatching(TIME) });
    expect(cave?.hints[0]).toMatchObject({ taken: true, text: "It is a seed." });
    expect(cave?.hints[2]).not.toHaveProperty("text");
    expect(me.clues.map(({ id }) => id)).toEqual(["cave", "chest", "pier", "flag"]);
    expect(me.team).toMatchObject({ score: 100, solves: 1 });
    await expect.poll(async () => (await client.me(team)).team.rank).toBeGreaterThan(0);
  });

  test("tells when attempts are back", async () => {
    const team = await newTeam();
    for (let wrong = 0; wrong < 3; wrong += 1)
      await client.playOne(team, answer(`w${wrong}`, "cave", `wrong ${wrong}`));
    const cave = (await client.me(team)).clues.find(({ id }) => id === "cave");
    expect(cave?.attempts).toBe(3);
    const wait = Date.parse(cave?.cooldownUntil ?? "") - Date.now();
    expect(wait).toBeGreaterThan(30_000);
    expect(wait).toBeLessThan(61_000);
    expect(await client.playOne(team, answer("w3", "cave", SECRET_ANSWER))).toMatchObject({
      outcome: "cooldown",
      retryAt: cave?.cooldownUntil,
    });
  });

  test("shows no clue before the hunt opens", async () => {
    await client.publish("waiting", everyOutcome(), "draft");
    const team = await newTeam("waiting");
    expect(await client.me(team)).toMatchObject({ phase: "draft", clues: [] });
  });

  test("shows a clue that opens by time at its second, to one who only looks", async () => {
    const timed = (at: string) => {
      const hunt = everyOutcome() as { clues: Record<string, unknown>[] };
      Object.assign(hunt.clues[4] ?? {}, { opens: { at } });
      return hunt;
    };
    await client.publish("timed", timed(new Date(Date.now() + 86_400_000).toISOString()));
    const team = await newTeam("timed");
    const open = async () => (await client.me(team)).clues.some(({ id }) => id === "vault");
    expect(await open()).toBe(false);
    await client.publishSoon("timed", timed);
    expect(await open()).toBe(true);
  });
});

describe("[API-35] announcements", () => {
  test("reach all players, those about a clue only teams that have it open", async () => {
    await client.publish("announced", everyOutcome());
    const [early, late] = [await newTeam("announced"), await newTeam("announced")];
    await client.playOne(late, answer("e1", "cave", SECRET_ANSWER));
    const tell = (body: object) =>
      client.organise<{ id: string; at: string }>("POST", "/v1/hunts/announced/announcements", body);
    const all = await tell({ text: "The kiosk is *closed*." });
    const some = await tell({ text: "Mind the lid.", clue: "chest" });
    expect(all.status).toBe(201);
    expect(all.body).toEqual({ id: expect.any(String), at: expect.stringMatching(TIME) });
    expect((await client.me(early)).announcements).toEqual([{ ...all.body, text: "The kiosk is *closed*." }]);
    expect((await client.me(late)).announcements).toEqual([
      { ...all.body, text: "The kiosk is *closed*." },
      { ...some.body, text: "Mind the lid.", clue: "chest" },
    ]);
    expectProblem(await tell({ text: "Where?", clue: "nowhere" }), "invalid");
    for (const body of [{ text: "" }, {}, { text: "x".repeat(4_001) }, { text: "x", loud: true }]) {
      expectProblem(await tell(body), "invalid");
    }
  });
});
