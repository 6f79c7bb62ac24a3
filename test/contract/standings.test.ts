import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Leaderboard } from "../../src/contract/standings.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues, SECRET_ANSWER } from "./hunts.ts";

let engine: Engine;
let client: Client;

/** The standings follow at once, so that a test need not wait for caches. */
const FRESH = {
  RATE_LIMITS: "off",
  REPORT_DELAY_MS: "10",
  LEADERBOARD_MEMORY_MS: "0",
  LEADERBOARD_KV_MAX_AGE_MS: "0",
};

beforeAll(async () => {
  engine = await startEngine({ vars: FRESH });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

/** Solves clues 0 … n − 1, one after the other. */
async function solve(team: Player, solves: number, from = 0): Promise<void> {
  for (let clue = from; clue < from + solves; clue += 1) {
    const result = await client.playOne(team, {
      id: `s${clue}`,
      type: "answer",
      clue: `c${clue}`,
      answer: `right ${clue}`,
    });
    expect(result.outcome).toBe("correct");
  }
}

const act = (team: Player, action: string, body: object = { reason: "a test" }) =>
  client.organise<Record<string, unknown>>(
    "POST",
    `/v1/hunts/${team.hunt}/teams/${team.team.id}/${action}`,
    body,
  );

/** Team names in order, once the standings show `solves` in all. */
async function places(hunt: string, query = ""): Promise<string[]> {
  return (await client.board(hunt, query)).entries.map(({ rank, team }) => `${rank} ${team.name}`);
}

describe("[API-40] the leaderboard", () => {
  let teams: Player[];

  beforeAll(async () => {
    await client.publish(
      "board",
      manyClues(12, {
        brackets: [
          { id: "odd", title: "Odd" },
          { id: "even", title: "Even" },
        ],
      }),
    );
    teams = [];
    for (let index = 0; index < 12; index += 1) {
      teams.push(await client.team("board", `T${index}`, index % 2 === 0 ? "even" : "odd"));
    }
    // T11 solves most, T1 least; T0 nothing.
    for (const [index, team] of teams.entries()) await solve(team, index);
    await vi.waitFor(async () => {
      const { entries } = await client.board("board");
      expect(entries.map(({ solves }) => solves)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    }, 30_000);
  });

  test("orders by score, with unique places and every field", async () => {
    const board = await client.board("board");
    expect(board).toMatchObject({ hunt: "board", frozen: false, total: 12 });
    expect(Math.abs(Date.parse(board.asOf) - Date.now())).toBeLessThan(20_000);
    expect(board.entries.map(({ team }) => team.name)).toEqual(
      Array.from({ length: 12 }, (_, index) => `T${11 - index}`),
    );
    expect(board.entries.map(({ rank }) => rank)).toEqual(board.entries.map((_, index) => index + 1));
    const [first, last] = [board.entries[0], board.entries[11]];
    expect(first).toEqual({
      rank: 1,
      team: { id: teams[11]?.team.id, name: "T11", bracket: "odd" },
      score: 110,
      solves: 11,
      lastSolveAt: expect.stringMatching(/Z$/),
    });
    expect(last).toEqual({
      rank: 12,
      team: { id: teams[0]?.team.id, name: "T0", bracket: "even" },
      score: 0,
      solves: 0,
    });
  });

  test("pages by limit and offset", async () => {
    const all = (await client.board("board")).entries;
    for (const [limit, offset] of [
      [5, 0],
      [5, 5],
      [5, 10],
      [1, 11],
      [500, 0],
      [3, 12],
      [3, 100_000],
    ] as const) {
      const page = await client.board("board", `?limit=${limit}&offset=${offset}`);
      expect(page.total).toBe(12);
      expect(page.entries).toEqual(all.slice(offset, offset + limit));
    }
  });

  test("gives the rows around a team", async () => {
    const around = (index: number, limit = 5) =>
      places("board", `?around=${teams[index]?.team.id}&limit=${limit}`);
    expect(await around(6)).toEqual(["4 T8", "5 T7", "6 T6", "7 T5", "8 T4"]);
    expect(await around(11)).toContain("1 T11");
    expect(await around(0)).toContain("12 T0");
    expect(await around(0, 1)).toEqual(["12 T0"]);
    expectProblem(await client.call("GET", "/v1/hunts/board/leaderboard?around=nobody"), "not_found");
  });

  test("gives a bracket by itself", async () => {
    const board = await client.board("board", "?bracket=odd");
    expect(board.total).toBe(6);
    expect(board.entries.map(({ team }) => team.name)).toEqual(["T11", "T9", "T7", "T5", "T3", "T1"]);
    expect(new Set(board.entries.map(({ team }) => team.bracket))).toEqual(new Set(["odd"]));
    expect((await client.board("board", "?bracket=odd&limit=2&offset=1")).entries).toEqual(
      board.entries.slice(1, 3),
    );
  });

  test.each(["limit=0", "limit=501", "limit=x", "offset=-1", "offset=1.5", "bracket=No%20Slug", "around="])(
    "refuses %s",
    async (query) => {
      expectProblem(await client.call("GET", `/v1/hunts/board/leaderboard?${query}`), "invalid");
    },
  );

  test("[API-41] shows a team's score over time", async () => {
    const team = teams[4];
    const { body } = await client.call<{ points: { at: string; score: number }[] }>(
      "GET",
      `/v1/hunts/board/leaderboard/${team?.team.id}/history`,
    );
    expect(body.points.map(({ score }) => score)).toEqual([0, 10, 20, 30, 40]);
    const times = body.points.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expectProblem(
      await client.call("GET", "/v1/hunts/board/leaderboard/weur-0-zzz-00000/history"),
      "not_found",
    );
  });
});

describe("[API-42] what organisers do to a team", () => {
  test("awards give and take points, and move places", async () => {
    await client.publish("awards", manyClues(3));
    const [one, two] = [await client.team("awards", "One"), await client.team("awards", "Two")];
    await solve(one, 2);
    await solve(two, 1);
    const given = await act(two, "awards", { points: 15, reason: "the costume" });
    expect(given.status).toBe(201);
    expect(given.body).toEqual({ score: 25 });
    await expect.poll(() => places("awards")).toEqual(["1 Two", "2 One"]);
    expect((await act(two, "awards", { points: -20, reason: "a mistake" })).body).toEqual({ score: 5 });
    await expect.poll(() => places("awards")).toEqual(["1 One", "2 Two"]);
    expect((await client.me(two)).team.score).toBe(5);
    for (const body of [
      { points: 1.5, reason: "x" },
      { points: 1 },
      { reason: "x" },
      { points: 1e9, reason: "x" },
    ]) {
      expectProblem(await act(two, "awards", body), "invalid");
    }
    await client.setPhase("awards", "ended");
    expect((await act(two, "awards", { points: 100, reason: "the jury" })).body).toEqual({ score: 105 });
    await client.setPhase("awards", "final");
    expectProblem(await act(two, "awards", { points: 100, reason: "too late" }), "conflict");
  });

  test("unlocks open a clue whatever its condition says", async () => {
    await client.publish("unlocks", everyOutcome());
    const team = await client.team("unlocks", "Keys");
    const opened = await act(team, "unlocks", { clue: "vault", reason: "by hand" });
    expect(opened.status).toBe(201);
    expect(opened.body).toEqual({ unlocked: ["vault"] });
    expect((await client.me(team)).clues.map(({ id }) => id)).toContain("vault");
    expectProblem(await act(team, "unlocks", { clue: "nothing", reason: "x" }), "not_found");
    expectProblem(await act(team, "unlocks", { clue: "vault" }), "invalid");
  });

  test("banned and hidden teams have no place and shift nobody; unban and show bring them back", async () => {
    await client.publish("marks", manyClues(3));
    const teams = [
      await client.team("marks", "A"),
      await client.team("marks", "B"),
      await client.team("marks", "C"),
    ];
    const [a, b, c] = teams as [Player, Player, Player];
    await solve(a, 3);
    await solve(b, 2);
    await solve(c, 1);
    await expect.poll(() => places("marks")).toEqual(["1 A", "2 B", "3 C"]);
    expect((await act(a, "ban")).body).toEqual({ banned: true });
    await expect.poll(() => places("marks")).toEqual(["1 B", "2 C"]);
    expect((await act(b, "hide")).body).toEqual({ hidden: true });
    await expect.poll(() => places("marks")).toEqual(["1 C"]);
    expect((await client.me(b)).team).not.toHaveProperty("rank");
    // A hidden team plays on, a banned one does not.
    await solve(b, 1, 2);
    expect(await client.playOne(a, { id: "x", type: "answer", clue: "c0", answer: "x" })).toMatchObject({
      outcome: "banned",
    });
    expect((await act(a, "unban")).body).toEqual({ banned: false });
    expect((await act(b, "show")).body).toEqual({ hidden: false });
    await expect.poll(() => places("marks")).toEqual(["1 A", "2 B", "3 C"]);
    expect((await act(a, "ban")).status).toBe(200);
    expect((await act(a, "ban")).status).toBe(200);
    for (const action of ["ban", "unban", "hide", "show"]) {
      expectProblem(await act(a, action, {}), "invalid");
      expectProblem(
        await client.organise("POST", `/v1/hunts/marks/teams/nobody/${action}`, { reason: "x" }),
        "not_found",
      );
      expectProblem(
        await client.organise("POST", `/v1/hunts/marks/teams/weur-0-zzz-00000/${action}`, { reason: "x" }),
        "not_found",
      );
    }
  });

  test("[API-43] is in the audit: who, when, what, from which request", async () => {
    const { entries } = (
      await client.organise<{ entries: { at: string; actor: string; action: string; request: string }[] }>(
        "GET",
        "/v1/hunts/marks/audit",
      )
    ).body;
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["publish", "phase", "ban", "unban", "hide", "show"]),
    );
    for (const entry of entries) {
      expect(entry).toMatchObject({ actor: "local", request: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    }
    const times = entries.map(({ at }) => at);
    expect(times).toEqual([...times].sort().reverse());
    const ban = await act(await client.team("marks", "Audited"), "hide", { reason: "staff" });
    const [newest] = (await client.organise<{ entries: object[] }>("GET", "/v1/hunts/marks/audit")).body
      .entries;
    expect(newest).toMatchObject({
      action: "hide",
      detail: { reason: "staff" },
      request: ban.headers.get("x-request-id"),
    });
  });
});

test("[API-44] during a freeze the standings stand still for everybody, and the end shows all", async () => {
  const closes = new Date(Date.now() + 2 * 86_400_000).toISOString();
  await client.publish("frozen", manyClues(5, { closes }));
  const [one, two] = [await client.team("frozen", "One"), await client.team("frozen", "Two")];
  await solve(one, 2);
  await solve(two, 1);
  await expect.poll(() => places("frozen")).toEqual(["1 One", "2 Two"]);
  const freeze = await client.publishSoon("frozen", (at) => manyClues(5, { freeze: at, closes }));
  await solve(two, 3, 1);
  await sleep(300);
  const during: Leaderboard = await client.board("frozen");
  expect(during).toMatchObject({ frozen: true, asOf: freeze });
  expect(during.entries.map(({ team, score }) => [team.name, score])).toEqual([
    ["One", 20],
    ["Two", 10],
  ]);
  const me = await client.me(two);
  expect(me.team).toMatchObject({ score: 40, rank: 2 });
  const history = `/v1/hunts/frozen/leaderboard/${two.team.id}/history`;
  const past = await client.call<{ points: { score: number }[] }>("GET", history);
  expect(past.body.points.map(({ score }) => score)).toEqual([0, 10]);
  const { teams } = (
    await client.organise<{ teams: { name: string; rank: number }[] }>("GET", "/v1/hunts/frozen/teams")
  ).body;
  expect(teams.find(({ name }) => name === "Two")?.rank).toBe(1); // organisers see through it
  await client.setPhase("frozen", "ended");
  await expect.poll(async () => (await client.board("frozen")).frozen).toBe(false);
  expect(await places("frozen")).toEqual(["1 Two", "2 One"]);
  expect((await client.call<{ points: { score: number }[] }>("GET", history)).body.points.at(-1)?.score).toBe(
    40,
  );
});

test("[API-45] ranking finish: finishers by time, then solves, then the earlier last solve", async () => {
  await client.publish("finish", manyClues(4, { scoring: { ranking: "finish", finish: "c0" } }));
  const [slow, busy, quick, idle, late] = (await Promise.all(
    ["Slow", "Busy", "Quick", "Idle", "Late"].map((name) => client.team("finish", name)),
  )) as [Player, Player, Player, Player, Player];
  await solve(quick, 1);
  await solve(busy, 3, 1);
  await solve(slow, 2);
  await solve(late, 1, 3);
  expect(idle.team.name).toBe("Idle");
  await expect.poll(() => places("finish")).toEqual(["1 Quick", "2 Slow", "3 Busy", "4 Late", "5 Idle"]);
});

describe("[API-46] all teams", () => {
  test("come page by page, each once, with what organisers see", async () => {
    await client.publish("paged", manyClues(2));
    const made = await Promise.all(
      Array.from({ length: 23 }, (_, index) => client.team("paged", `Team ${index}`)),
    );
    for (const limit of [1, 4, 7, 100]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const query = `?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`;
        const { body } = await client.organise<{ teams: { id: string }[]; cursor?: string }>(
          "GET",
          `/v1/hunts/paged/teams${query}`,
        );
        expect(body.teams.length).toBeLessThanOrEqual(limit);
        seen.push(...body.teams.map(({ id }) => id));
        cursor = body.cursor;
      } while (cursor !== undefined);
      expect(seen).toHaveLength(23);
      expect(new Set(seen)).toEqual(new Set(made.map(({ team }) => team.id)));
    }
    const { teams } = (await client.organise<{ teams: object[] }>("GET", "/v1/hunts/paged/teams?limit=1"))
      .body;
    expect(teams[0]).toMatchObject({
      id: expect.any(String),
      name: expect.any(String),
      members: [{ id: expect.any(String), name: expect.any(String) }],
      score: 0,
      solves: 0,
      joinedAt: expect.stringMatching(/Z$/),
      joinCode: expect.any(String),
      banned: false,
      hidden: false,
    });
  });

  test("are found by a part of their name, a player, an id or the code, page by page", async () => {
    await client.publish("sought", manyClues(1));
    for (const name of ["Red Kite", "Black Kite", "Straße", "Heron"]) await client.team("sought", name);
    const heron = await client.team("sought", "Night Heron");
    await client.join("sought", { name: "Ödön", team: { join: heron.team.joinCode ?? "" } });
    const found = async (search: string, limit = 100): Promise<string[]> => {
      const names: string[] = [];
      let cursor = "";
      do {
        const { body } = await client.organise<{ teams: { name: string }[]; cursor?: string }>(
          "GET",
          `/v1/hunts/sought/teams?limit=${limit}&search=${encodeURIComponent(search)}${cursor}`,
        );
        names.push(...body.teams.map(({ name }) => name));
        cursor = body.cursor === undefined ? "" : `&cursor=${body.cursor}`;
      } while (cursor !== "");
      return names.toSorted();
    };
    expect(await found("kite")).toEqual(["Black Kite", "Red Kite"]);
    expect(await found("KITE", 1)).toEqual(["Black Kite", "Red Kite"]);
    expect(await found("strasse")).toEqual(["Straße"]);
    expect(await found("ödön")).toEqual(["Night Heron"]);
    expect(await found(heron.team.id)).toEqual(["Night Heron"]);
    expect(await found(heron.team.joinCode ?? "")).toEqual(["Night Heron"]);
    expect(await found("osprey")).toEqual([]);
    expect(await found("")).toHaveLength(5);
  });

  test("that try without solving are told to organisers", async () => {
    await client.publish("stuck", manyClues(1));
    await client.team("stuck", "Fresh");
    expect((await client.organise("GET", "/v1/hunts/stuck/stuck")).body).toEqual({ teams: [] });
    expectProblem(await client.organise("GET", "/v1/hunts/stuck/stuck?minutes=0"), "invalid");
  });

  test.each(["limit=0", "limit=501", "cursor=abc", "cursor=-1.0", "limit=ten", `search=${"x".repeat(81)}`])(
    "refuse %s",
    async (query) => {
      expectProblem(await client.organise("GET", `/v1/hunts/paged/teams?${query}`), "invalid");
    },
  );

  test("of a hunt without any are none", async () => {
    await client.publish("empty", manyClues(1));
    expect((await client.organise("GET", "/v1/hunts/empty/teams")).body).toEqual({ teams: [] });
    expect(await client.board("empty")).toMatchObject({ total: 0, entries: [] });
  });
});

test("[API-47] the hunt in numbers", async () => {
  await client.publish("numbers", everyOutcome());
  const team = await client.team("numbers", "Numbers");
  await client.join("numbers", { name: "Second", team: { join: team.team.joinCode ?? "" } });
  await client.play(
    team,
    { id: "a", type: "answer", clue: "cave", answer: "wrong" },
    { id: "b", type: "answer", clue: "cave", answer: "sesame" },
    { id: "e", type: "hint", clue: "cave", hint: "free" },
    { id: "c", type: "answer", clue: "cave", answer: SECRET_ANSWER },
    { id: "d", type: "answer", clue: "end", answer: "locked" },
  );
  const { body } = await client.organise<{
    facts: number;
    shards: { teams: number; seq: number; shipped: number; archived: number }[];
    clues: { clue: string }[];
  }>("GET", "/v1/hunts/numbers/stats");
  expect(body).toMatchObject({
    players: 2,
    teams: 1,
    events: 4,
    facts: 6,
    outcomes: { correct: 1, incorrect: 1, nudge: 1, taken: 1 },
  });
  expect(body.clues.find(({ clue }) => clue === "cave")).toMatchObject({
    attempts: expect.any(Number),
    solves: 1,
  });
  expect(body.clues.find(({ clue }) => clue === "cave")).toHaveProperty("medianSolveSeconds");
  expect(body.clues.map(({ clue }) => clue)).toEqual(["cave", "chest", "pier", "flag", "vault", "end"]);
  expect(body.shards.reduce((sum, shard) => sum + shard.seq, 0)).toBe(body.facts);
});
