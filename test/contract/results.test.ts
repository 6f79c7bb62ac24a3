import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Audit } from "../../src/contract/data.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      SHARDS_PER_REGION: "4",
      REPORT_DELAY_MS: "10",
      LEADERBOARD_MEMORY_MS: "0",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
    },
  });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

interface History {
  points: { at: string; score: number }[];
}

/** From 100 down to 50 by the sixth solve; 30, 20 for the first two. */
const scoring = { decay: { kind: "linear", minimum: 50, solves: 5 }, firstSolves: [30, 20] };

function moving(clues: number, more: object = {}): object {
  const hunt = manyClues(clues, { scoring, ...more }) as { clues: { points: number }[] };
  return { ...hunt, clues: hunt.clues.map((clue) => ({ ...clue, points: 100 })) };
}

const solve = (player: Player, clue = 0) =>
  client.playOne(player, { id: `s${clue}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` });

const act = (team: Player, action: string, body: object = { reason: "a test" }) =>
  client.organise("POST", `/v1/hunts/${team.hunt}/teams/${team.team.id}/${action}`, body);

const scores = async (hunt: string, query = ""): Promise<string[]> =>
  (await client.board(hunt, query)).entries.map(({ team, score }) => `${team.name} ${score}`);

const historyOf = (team: Player, token?: string) =>
  client.call<History>("GET", `/v1/hunts/${team.hunt}/leaderboard/${team.team.id}/history`, {
    ...(token === undefined ? {} : { token }),
  });

const release = (hunt: string) =>
  client.organise<{ released: boolean }>("POST", `/v1/hunts/${hunt}/results/release`);

const pointsOf = async (player: Player, clue = "c0"): Promise<number | undefined> =>
  (await client.me(player)).clues.find(({ id }) => id === clue)?.points;

test("[LB-6] staff who solve first, hidden before or after, take no bonus from anybody", async () => {
  await client.publish("staff", moving(2));
  const names = ["Staff", "Late staff", "One", "Two", "Three"];
  const teams: Player[] = [];
  for (const name of names) teams.push(await client.team("staff", name));
  const [before, after, one, two, three] = teams as [Player, Player, Player, Player, Player];
  await act(before, "hide");
  for (const team of [before, after, one, two, three]) await solve(team);
  await act(after, "hide");
  // 100 − 50 · 2/5, and the bonuses to the first two who play.
  await expect.poll(() => scores("staff")).toEqual(["One 110", "Two 100", "Three 80"]);
  await expect.poll(async () => (await client.me(one)).team.score).toBe(110);
  await expect.poll(async () => (await client.me(before)).team.score).toBe(80);
  await act(after, "show");
  await expect.poll(() => scores("staff")).toEqual(["Late staff 100", "One 90", "Two 70", "Three 70"]);
  expect((await client.organise("GET", "/v1/hunts/staff/verify")).body).toMatchObject({ ok: true });
});

describe("[LB-31] during a freeze", () => {
  test("players see values, bonuses and scores as of then, the engine decides by the present ones", async () => {
    const closes = new Date(Date.now() + 2 * 86_400_000).toISOString();
    const hunt = moving(3, { closes }) as { clues: object[] };
    // 200 points at the values of the freeze, 220 by those that hold.
    const dear = {
      id: "dear",
      round: "one",
      title: "Dear",
      kind: "answer",
      points: 100,
      answers: ["x"],
      opens: { points: 210 },
    };
    const definition = { ...hunt, clues: [...hunt.clues, dear] };
    await client.publish("still", definition);
    const teams: Player[] = [];
    for (const name of ["One", "Two", "Three", "Four"]) teams.push(await client.team("still", name));
    const [one, two, three, four] = teams as [Player, Player, Player, Player];
    expect(await solve(one)).toMatchObject({ points: 100, score: 100 });
    await expect.poll(async () => (await client.me(one)).team.score).toBe(130);
    const socket = await Socket.ofPlayer(client, one);
    const freeze = await client.publishSoon("still", (at) => ({ ...definition, freeze: at }));
    for (const team of [two, three, four]) await solve(team);
    await sleep(300);
    expect(await pointsOf(one)).toBe(100);
    expect(await pointsOf(four)).toBe(100);
    expect((await client.me(one)).team).toMatchObject({ score: 130, rank: 1 });
    expect((await client.me(one)).asOf).toBe(freeze);
    // Its own solve counts at the values of the freeze, without a bonus.
    expect((await client.me(two)).team.score).toBe(100);
    expect(await solve(two, 1)).toMatchObject({ points: 100, score: 200 });
    await sleep(200);
    expect((await client.me(two)).team.score).toBe(200);
    expect((await client.me(two)).clues.map(({ id }) => id)).toContain("dear");
    await solve(four, 2);
    await sleep(200);
    expect(await solve(one, 2)).toMatchObject({ points: 100, score: 230 });
    await expect
      .poll(() => socket.frames.flatMap((frame) => ("team" in frame ? [frame.team] : [])).at(-1))
      .toMatchObject({ score: 230 });
    await socket.close();
    const rows = (
      await client.organise<{ teams: { name: string; score: number }[] }>("GET", "/v1/hunts/still/teams")
    ).body;
    expect(rows.teams.find(({ name }) => name === "Two")?.score).toBe(70 + 20 + 100 + 30);
    expect((await historyOf(one)).body.points.map(({ score }) => score)).toEqual([0, 130]);
    expect((await historyOf(one, client.organiserToken)).body.points.at(-1)?.score).toBe(70 + 30 + 90 + 20);
    await client.setPhase("still", "ended");
    await expect.poll(async () => (await client.me(one)).team.score).toBe(210);
    await expect.poll(() => pointsOf(one)).toBe(70);
    expect((await client.organise("GET", "/v1/hunts/still/verify")).body).toMatchObject({ ok: true });
  });
});

describe("[LB-32] who has no place", () => {
  test("a hidden or banned team's history is for its players and organisers; the rows around it are nobody's", async () => {
    await client.publish(
      "concealed",
      manyClues(2, {
        brackets: [
          { id: "odd", title: "Odd" },
          { id: "even", title: "Even" },
        ],
      }),
    );
    const one = await client.team("concealed", "One", "odd");
    const two = await client.team("concealed", "Two", "odd");
    await solve(one);
    const around = (team: string, query = "") =>
      client.call("GET", `/v1/hunts/concealed/leaderboard?around=${team}${query}`);
    await expect.poll(async () => (await around(one.team.id)).status).toBe(200);
    for (const [action, back] of [
      ["hide", "show"],
      ["ban", "unban"],
    ] as const) {
      await act(one, action);
      expectProblem(await historyOf(one), "not_found");
      expectProblem(await historyOf(one, two.token), "not_found");
      const own = await historyOf(one, one.token);
      expect([own.status, own.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
      expect((await historyOf(one, client.organiserToken)).status).toBe(200);
      await expect.poll(async () => (await around(one.team.id)).status).toBe(404);
      await act(one, back);
      expect((await historyOf(one)).status).toBe(200);
      await expect.poll(async () => (await around(one.team.id)).status).toBe(200);
    }
    expectProblem(await around("weur-0-0-aaaaa"), "not_found");
    expectProblem(await around("nobody"), "not_found");
    expectProblem(await around(one.team.id, "&bracket=even"), "not_found");
    expect((await around(one.team.id, "&bracket=odd")).status).toBe(200);
    expectProblem(await client.call("GET", "/v1/hunts/concealed/leaderboard?bracket=nope"), "not_found");
    expectProblem(await client.organise("GET", "/v1/hunts/concealed/leaderboard?bracket=nope"), "not_found");
    expect(await client.board("concealed", "?bracket=even")).toMatchObject({ total: 0, entries: [] });
  });
});

describe("[LB-30] results: manual", () => {
  test("after the end everybody sees the standings as of the freeze, until they are released", async () => {
    await client.publish("held", moving(3, { results: "manual" }));
    const teams: Player[] = [];
    for (const name of ["One", "Two", "Three"]) teams.push(await client.team("held", name));
    const [one, two, three] = teams as [Player, Player, Player];
    await solve(one);
    await expect.poll(() => scores("held")).toEqual(["One 130", "Two 0", "Three 0"]);
    const spectator = await Socket.open(client, "held");
    const freeze = await client.publishSoon("held", (at) => moving(3, { freeze: at, results: "manual" }));
    await solve(two, 1);
    await solve(two, 2);
    await solve(three);
    expectProblem(await release("held"), "conflict");
    // During the freeze a ban shows at once.
    await act(three, "hide");
    await expect.poll(() => scores("held")).toEqual(["One 130", "Two 0"]);
    await act(three, "show");
    await client.setPhase("held", "ended");
    const still = ["One 130", "Two 0", "Three 0"];
    await sleep(400);
    expect(await scores("held")).toEqual(still);
    expect(await client.board("held")).toMatchObject({ frozen: true, asOf: freeze });
    await act(one, "ban");
    await sleep(300);
    expect(await scores("held")).toEqual(still);
    expect((await historyOf(one)).body.points.map(({ score }) => score)).toEqual([0, 130]);
    expect((await client.me(two)).team).toMatchObject({ rank: 2, score: 200 });
    expect((await client.me(one)).team.rank).toBe(1);
    expect(await pointsOf(two)).toBe(100);
    expect(
      (await client.organise<{ entries: object[] }>("GET", "/v1/hunts/held/leaderboard")).body.entries,
    ).toMatchObject([{ team: { name: "Two" } }, { team: { name: "Three" } }]);
    expect((await release("held")).body).toEqual({ released: true });
    expect(await client.board("held")).toMatchObject({ frozen: false, total: 2 });
    expect((await release("held")).body).toEqual({ released: true });
    await expect.poll(() => scores("held")).toEqual(["Two 260", "Three 120"]);
    expectProblem(await historyOf(one), "not_found");
    await expect.poll(async () => (await client.me(two)).team).toMatchObject({ rank: 1, score: 260 });
    await expect
      .poll(() =>
        spectator.frames.flatMap((frame) => ("leaderboard" in frame ? [frame.leaderboard] : [])).at(-1),
      )
      .toMatchObject({ frozen: false });
    await spectator.close();
    const { entries } = (await client.organise<Audit>("GET", "/v1/hunts/held/audit")).body;
    expect(entries.filter(({ action }) => action === "release")).toHaveLength(1);
  });

  test("without a freeze they stay as of the end, by hand or by its time", async () => {
    let closes = "";
    await client.publish("closing", manyClues(2, { results: "manual" }));
    await client.publish("stopped", manyClues(2, { results: "manual" }));
    for (const hunt of ["closing", "stopped"]) {
      const [one, two] = [await client.team(hunt, "One"), await client.team(hunt, "Two")];
      await solve(one);
      await solve(two);
      await expect.poll(() => scores(hunt)).toEqual(["One 10", "Two 10"]);
      if (hunt === "stopped") await client.setPhase(hunt, "ended");
      else closes = await client.publishSoon(hunt, (at) => manyClues(2, { closes: at, results: "manual" }));
      await act(one, "ban");
      await sleep(200);
      expect(await client.board(hunt)).toMatchObject({ frozen: true, total: 2 });
    }
    expect((await client.board("closing")).asOf).toBe(closes);
    expect((await release("stopped")).status).toBe(200);
    expect(await scores("stopped")).toEqual(["Two 10"]);
  });

  test("with results: auto there is nothing to release", async () => {
    await client.publish("auto", manyClues(1));
    expectProblem(await release("auto"), "conflict");
    await client.setPhase("auto", "ended");
    expectProblem(await release("auto"), "conflict");
    expectProblem(await release("no-such-hunt"), "not_found");
    expectProblem(await client.call("POST", "/v1/hunts/auto/results/release"), "unauthenticated");
  });
});
