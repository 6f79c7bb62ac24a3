/** Solves by an organiser's hand, and solves taken back, over a whole engine. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues } from "./hunts.ts";
import { Socket } from "./socket.ts";
import { AT_ONCE } from "./waiting.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: AT_ONCE });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

const act = (team: Player, path: string, json: object) =>
  client.organise<{ score: number; unlocked: string[] }>(
    "POST",
    `/v1/hunts/${team.hunt}/teams/${team.team.id}/${path}`,
    json,
  );
const byHand = (team: Player, clue: string, at?: string) =>
  act(team, "solves", { clue, ...(at === undefined ? {} : { at }), reason: "the lamp was off" });
const undo = (team: Player, clue: string) => act(team, `solves/${clue}/undo`, { reason: "another lamp" });

let guesses = 0;
const solve = async (team: Player, clue: number): Promise<void> => {
  guesses += 1;
  const event = { id: `e${guesses}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` } as const;
  expect((await client.playOne(team, event)).outcome).toBe("correct");
};

const places = async (hunt: string, query = ""): Promise<string[]> =>
  (await client.board(hunt, query)).entries.map(({ team, score }) => `${team.name} ${score}`);

const historyOf = async (team: Player): Promise<number[]> => {
  const path = `/v1/hunts/${team.hunt}/leaderboard/${team.team.id}/history`;
  const { body } = await client.call<{ points: { score: number }[] }>("GET", path);
  return body.points.map(({ score }) => score);
};

const statsOf = async (hunt: string) =>
  (
    await client.organise<{
      outcomes: Record<string, number>;
      clues: { clue: string; solves: number; attempts: number }[];
    }>("GET", `/v1/hunts/${hunt}/stats`)
  ).body;

describe("[COR-1] [COR-2] a clue is counted as solved, and no more", () => {
  test("a locked clue too; what it opens stays open when it is taken back, and it can be solved again", async () => {
    await client.publish("hand", everyOutcome());
    const team = await client.team("hand", "Hands");
    const given = await byHand(team, "chest");
    expect([given.status, given.body]).toEqual([201, { score: 50, unlocked: ["end"] }]);
    expect((await client.me(team)).clues).toContainEqual(
      expect.objectContaining({ id: "chest", state: "solved" }),
    );
    expectProblem(await byHand(team, "chest"), "conflict");
    expectProblem(await byHand(team, "nothing"), "not_found");
    const before = (await client.me(team)).clues.map(({ id, openedAt }) => [id, openedAt]);
    const taken = await undo(team, "chest");
    expect([taken.status, taken.body]).toEqual([200, { score: 0 }]);
    expectProblem(await undo(team, "chest"), "not_found");
    const me = await client.me(team);
    expect(me.clues.map(({ id, openedAt }) => [id, openedAt])).toEqual(before);
    expect(me.clues).toContainEqual(expect.objectContaining({ id: "chest", state: "open" }));
    expect(me.team).toMatchObject({ score: 0, solves: 0 });
    const again = await client.playOne(team, { id: "1", type: "answer", clue: "end", answer: "treasure" });
    expect(again).toMatchObject({ outcome: "correct", score: 200 });
    expect((await undo(team, "end")).body).toEqual({ score: 0 });
    expect(
      await client.playOne(team, { id: "1", type: "answer", clue: "end", answer: "treasure" }),
    ).toMatchObject({ outcome: "correct", duplicate: true });
    expect(
      await client.playOne(team, { id: "2", type: "answer", clue: "end", answer: "treasure" }),
    ).toMatchObject({ outcome: "correct", score: 200 });
    await client.verify("hand");
  });

  test("from a time between the team's joining and now", async () => {
    const team = await client.team("hand", "Times");
    const now = Date.now();
    for (const at of [now - 3_600_000, now + 60_000]) {
      expectProblem(await byHand(team, "cave", new Date(at).toISOString()), "invalid");
    }
    expectProblem(await byHand(team, "cave", "yesterday"), "invalid");
    await sleep(20);
    const at = new Date(Date.now() - 10).toISOString();
    expect((await byHand(team, "cave", at)).status).toBe(201);
    expect((await client.me(team)).clues).toContainEqual(
      expect.objectContaining({ id: "cave", solvedAt: at }),
    );
  });

  test("a banned team is given none, and one is taken from it; nobody else's team, no reason: refused", async () => {
    const team = await client.team("hand", "Banned");
    await byHand(team, "pier");
    await act(team, "ban", { reason: "r" });
    expectProblem(await byHand(team, "flag"), "conflict");
    expect((await undo(team, "pier")).status).toBe(200);
    expectProblem(await act(team, "solves", { clue: "flag" }), "invalid");
    expectProblem(await act(team, "solves/flag/undo", {}), "invalid");
    const nobody = { ...team, team: { ...team.team, id: "weur-0-zzz-00000" } };
    expectProblem(await byHand(nobody, "flag"), "not_found");
    expectProblem(await undo(nobody, "flag"), "not_found");
  });

  test("it is counted, told to the team at once, and stands in export and audit", async () => {
    const team = await client.team("hand", "Told");
    const socket = await Socket.ofPlayer(client, team);
    await byHand(team, "chest", new Date(Date.now() - 1).toISOString());
    await expect
      .poll(() => socket.frames.find((frame) => "team" in frame && JSON.stringify(frame).includes("chest")))
      .toMatchObject({ team: { score: 50, solved: ["chest"], unlocked: ["end"] } });
    await undo(team, "chest");
    await expect
      .poll(() => socket.frames.find((frame) => JSON.stringify(frame).includes('"score":0')))
      .toMatchObject({ team: { solved: [], unlocked: [] } });
    await socket.close();
    const facts = (await client.export("hand")).filter((fact) => fact.team === team.team.id);
    expect(facts.map(({ type }) => type)).toEqual(["join", "solve", "opened", "unsolve"]);
    const { entries } = (
      await client.organise<{ entries: { action: string; detail: object }[] }>(
        "GET",
        "/v1/hunts/hand/audit?limit=3",
      )
    ).body;
    expect(entries.filter(({ action }) => action !== "export")).toMatchObject([
      { action: "unsolve", detail: { team: team.team.id, clue: "chest", reason: "another lamp" } },
      { action: "solve", detail: { team: team.team.id, clue: "chest", at: expect.any(String) } },
    ]);
    const before = await statsOf("hand");
    await byHand(team, "flag");
    const after = await statsOf("hand");
    const flag = ({ clues }: typeof after) => clues.find(({ clue }) => clue === "flag");
    expect(flag(after)).toMatchObject({
      solves: (flag(before)?.solves ?? 0) + 1,
      attempts: flag(before)?.attempts,
    });
    expect(after.outcomes).toEqual(before.outcomes);
  });
});

test("[COR-4] a solve from before breaks ties as of then, and one that is gone breaks none", async () => {
  await client.publish("ties", manyClues(3));
  const [one, two] = [await client.team("ties", "One"), await client.team("ties", "Two")];
  await sleep(5);
  const early = new Date(Date.now() - 1).toISOString();
  await sleep(5);
  await solve(one, 0);
  await expect.poll(() => places("ties")).toEqual(["One 10", "Two 0"]);
  await byHand(two, "c0", early);
  await expect.poll(() => places("ties")).toEqual(["Two 10", "One 10"]);
  await solve(two, 1);
  await solve(one, 2);
  await expect.poll(() => places("ties")).toEqual(["Two 20", "One 20"]);
  // Now two's only solve is its later one.
  await undo(two, "c0");
  await undo(one, "c2");
  await expect.poll(() => places("ties")).toEqual(["One 10", "Two 10"]);
  await expect.poll(() => historyOf(two)).toEqual([0, 10]);
  await client.setPhase("ties", "ended");
  expect((await byHand(two, "c2", early)).body.score).toBe(20);
  await expect.poll(() => places("ties")).toEqual(["Two 20", "One 10"]);
  await client.verify("ties");
});

test("[COR-4] [LB-4] the finish by hand is at its time, and taken back it is none", async () => {
  await client.publish("goal", manyClues(3, { scoring: { ranking: "finish", finish: "c0" } }));
  const [one, two] = [await client.team("goal", "One"), await client.team("goal", "Two")];
  await sleep(5);
  const early = new Date(Date.now() - 1).toISOString();
  await sleep(5);
  await solve(one, 0);
  await solve(two, 1);
  await byHand(two, "c0", early);
  await expect.poll(() => places("goal")).toEqual(["Two 20", "One 10"]);
  await undo(two, "c0");
  await expect.poll(() => places("goal")).toEqual(["One 10", "Two 10"]);
  await client.verify("goal");
});

test("[COR-2] [COR-4] first-solve bonuses and falling values are counted anew, over all shards", async () => {
  await client.publish(
    "bonuses",
    manyClues(2, {
      scoring: { decay: { kind: "linear", minimum: 1, solves: 10 }, firstSolves: [100, 50] },
    }),
  );
  const teams: Player[] = [];
  for (const name of ["A", "B", "C", "D"]) teams.push(await client.team("bonuses", name));
  const [a, b, c, d] = teams as [Player, Player, Player, Player];
  await sleep(5);
  const early = new Date(Date.now() - 1).toISOString();
  await sleep(5);
  await solve(a, 0);
  await solve(b, 0);
  await solve(c, 0);
  const value = (solvers: number) => Math.ceil(10 - (9 * (solvers - 1)) / 10);
  await expect
    .poll(() => places("bonuses"))
    .toEqual([`A ${100 + value(3)}`, `B ${50 + value(3)}`, `C ${value(3)}`, "D 0"]);
  await undo(a, "c0");
  await expect
    .poll(() => places("bonuses"))
    .toEqual([`B ${100 + value(2)}`, `C ${50 + value(2)}`, "A 0", "D 0"]);
  await byHand(d, "c0", early);
  await expect
    .poll(() => places("bonuses"))
    .toEqual([`D ${100 + value(3)}`, `B ${50 + value(3)}`, `C ${value(3)}`, "A 0"]);
  await expect.poll(async () => (await client.me(b)).team.score).toBe(50 + value(3));
  await client.verify("bonuses");
});

test("[COR-5] a frozen board and history show nothing of it before the end", async () => {
  const freeze = new Date(Date.now() + 2_500).toISOString();
  const closes = new Date(Date.now() + 3_600_000).toISOString();
  await client.publish("still", manyClues(3, { freeze, closes }));
  const [one, two] = [await client.team("still", "One"), await client.team("still", "Two")];
  const early = new Date(Date.now()).toISOString();
  await solve(one, 0);
  await solve(one, 1);
  await solve(two, 0);
  await expect.poll(() => places("still"), { timeout: 6_000 }).toEqual(["One 20", "Two 10"]);
  await sleep(Date.parse(freeze) - Date.now() + 50);
  await undo(one, "c1");
  await byHand(two, "c1", early);
  await byHand(two, "c2", early);
  await sleep(300);
  expect(await places("still")).toEqual(["One 20", "Two 10"]);
  expect([await historyOf(one), await historyOf(two)]).toEqual([
    [0, 10, 20],
    [0, 10],
  ]);
  expect((await client.me(two)).team).toMatchObject({ score: 30, rank: 2 });
  await client.setPhase("still", "ended");
  await expect.poll(() => places("still")).toEqual(["Two 30", "One 10"]);
  await expect.poll(() => historyOf(two)).toEqual([0, 10, 20, 30]);
  await client.verify("still");
});

test("[COR-2] a prize that was won stays won", async () => {
  await client.publish(
    "keeps",
    manyClues(1, {
      prizes: [
        { id: "shell", title: "Shell", mode: "first-come", stock: 3, perTeam: 2, requires: { solved: "c0" } },
      ],
    }),
  );
  const team = await client.team("keeps", "Winners");
  await byHand(team, "c0");
  expect(await client.playOne(team, { id: "w", type: "claim", prize: "shell" })).toMatchObject({
    outcome: "won",
  });
  await undo(team, "c0");
  const [prize] = (await client.me(team)).prizes ?? [];
  expect(prize).toMatchObject({ eligible: false, wins: [{ event: "w" }] });
  expect(await client.playOne(team, { id: "v", type: "claim", prize: "shell" })).toMatchObject({
    outcome: "not_eligible",
  });
  await client.verify("keeps");
});
