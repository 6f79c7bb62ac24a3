/** The log judged again, over a whole engine: said, made, undone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Effects, Regraded, RegradeUndone } from "../../src/contract/regrade.ts";
import { Client, expectProblem, type Player } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { AT_ONCE } from "./waiting.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: AT_ONCE });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

const regrade = (hunt: string, json: object) =>
  client.organise<Regraded>("POST", `/v1/hunts/${hunt}/regrade`, json);
const undo = (hunt: string, id: string, json: object = { reason: "it was right" }) =>
  client.organise<RegradeUndone>("POST", `/v1/hunts/${hunt}/regrade/${id}/undo`, json);

const places = async (hunt: string): Promise<string[]> =>
  (await client.board(hunt)).entries.map(({ team, score }) => `${team.name} ${score}`);

/** The first clue's answer is another one. */
function corrected(answer: string) {
  const definition = manyClues(2) as { clues: object[] };
  const [first, ...rest] = definition.clues as { answers: string[] }[];
  return { ...definition, clues: [{ ...first, answers: [answer] }, ...rest] };
}

const say = (team: Player, id: string, answer: string) =>
  client.playOne(team, { id, type: "answer", clue: "c0", answer });

test("[COR-10] [COR-12] [COR-13] [SEE-1] a wrong key is found, corrected, judged again, undone, and judged once more", async () => {
  await client.publish("key", manyClues(2));
  const [one, two] = [await client.team("key", "One"), await client.team("key", "Two")];
  await say(one, "1", "right 0");
  await say(two, "1", "lighthouse keeper");
  await expect.poll(() => places("key")).toEqual(["One 10", "Two 0"]);

  const json = corrected("lighthouse keeper");
  const checked = await client.organise<{ effects: Effects; version: number }>(
    "PUT",
    "/v1/hunts/key?dryRun=true&effects=true",
    json,
  );
  expect(checked.body.effects).toMatchObject({ events: 2, teamsMoved: 2 });
  await client.publish("key", json, "draft");
  await expect.poll(() => places("key")).toEqual(["One 10", "Two 0"]);
  const said = await regrade("key", { dryRun: true });
  expect(said.body).toEqual(checked.body.effects);
  const done = await regrade("key", { dryRun: false, reason: "the key was wrong" });
  const { id = "", ...moved } = done.body;
  expect([done.status, moved]).toEqual([200, said.body]);
  await expect.poll(() => places("key")).toEqual(["Two 10", "One 0"]);
  expect((await client.me(one)).clues.find(({ id: clue }) => clue === "c0")?.state).toBe("open");
  // What it made of a try is no try.
  const tried = await client.call("GET", "/v1/hunts/key/clues/c0/guesses", { token: two.token });
  expect(tried.body).toEqual({
    guesses: [expect.objectContaining({ type: "answer", answer: "lighthouse keeper", outcome: "incorrect" })],
  });
  await client.verify("key");

  expect((await undo("key", id)).body).toEqual({ teams: 2 });
  await expect.poll(() => places("key")).toEqual(["One 10", "Two 0"]);
  expectProblem(await undo("key", id), "not_found");
  await client.verify("key");
  expect((await regrade("key", { dryRun: false })).body).toMatchObject(moved);
  await expect.poll(() => places("key")).toEqual(["Two 10", "One 0"]);
  const lines = (await client.export("key")).filter((fact) => "regrade" in fact && fact.regrade === id);
  expect(lines.map(({ type }) => type).sort()).toEqual(["solve", "solve", "unsolve", "unsolve"]);
  await client.verify("key");
});

test("[SEE-2] [SEE-3] an answer that a corrected key takes is none of the wrong ones any more, and no viewer reads it", async () => {
  await client.publish("kept", manyClues(1));
  const teams = [await client.team("kept", "One"), await client.team("kept", "Two")];
  for (const team of teams) await say(team, "1", "Lighthouse Keeper");
  await say(teams[0] as Player, "2", "the moon");
  const wrong = async (): Promise<string[]> => {
    const told = await client.organise<{ answers: { answer: string }[] }>(
      "GET",
      "/v1/hunts/kept/clues/c0/wrong",
    );
    return told.body.answers.map(({ answer }) => answer);
  };
  expect(await wrong()).toEqual(["Lighthouse Keeper", "the moon"]);
  const definition = corrected("lighthouse keeper") as { clues: object[] };
  await client.publish("kept", { ...definition, clues: definition.clues.slice(0, 1) }, "draft");
  expect(await wrong()).toEqual(["the moon"]);
  const viewer = await mintOrganiserToken(engine.secrets, Date.now(), { name: "Vi", roles: ["viewer"] });
  const read = (token: string) => client.call("GET", "/v1/hunts/kept/facts?clue=c0", { token });
  const seen = await read(viewer);
  expect(seen.text).toContain("the moon");
  expect(seen.text).not.toContain("Lighthouse");
  expect((await read(client.organiserToken)).text).toContain("Lighthouse");
});

test("[COR-12] effects only of a dry run; what is no regrade is refused", async () => {
  await client.publish("refusals", manyClues(1));
  expectProblem(await client.organise("PUT", "/v1/hunts/refusals?effects=true", manyClues(1)), "invalid");
  expectProblem(await regrade("refusals", {}), "invalid");
  expectProblem(await regrade("refusals", { dryRun: "yes" }), "invalid");
  expectProblem(await regrade("nowhere", { dryRun: true }), "not_found");
  expectProblem(await undo("refusals", "0000000000000000"), "not_found");
  expectProblem(await undo("refusals", "0000000000000000", {}), "invalid");
  const none = await regrade("refusals", { dryRun: false });
  expect(none.body).toEqual({ events: 0, teamsMoved: 0, changes: [], clues: [], prizes: [] });
});

test("[COR-5] [COR-10] while the public standings stand still, a regrade shows in none of them", async () => {
  const freeze = new Date(Date.now() + 2_500).toISOString();
  await client.publish("frozen", { ...manyClues(2), freeze });
  const [one, two] = [await client.team("frozen", "One"), await client.team("frozen", "Two")];
  await say(one, "1", "right 0");
  await say(two, "1", "lighthouse keeper");
  await expect.poll(() => places("frozen")).toEqual(["One 10", "Two 0"]);
  await expect.poll(async () => (await client.board("frozen")).frozen, { timeout: 30_000 }).toBe(true);
  await client.publish("frozen", { ...corrected("lighthouse keeper"), freeze }, "draft");
  const { body } = await regrade("frozen", { dryRun: false });
  expect(body.teamsMoved).toBe(2);
  expect(await places("frozen")).toEqual(["One 10", "Two 0"]);
  await client.setPhase("frozen", "ended");
  await expect.poll(() => places("frozen")).toEqual(["Two 10", "One 0"]);
  await client.verify("frozen");
});

test("[COR-9] a broken clue is withdrawn, declared void, put back; what moves is said beforehand", async () => {
  const chain = manyClues(3) as { clues: object[] };
  const [first, second, third] = chain.clues;
  await client.publish("broken", { ...chain, clues: [first, { ...second, opens: { solved: "c0" } }, third] });
  const [one, two] = [await client.team("broken", "One"), await client.team("broken", "Two")];
  await say(one, "1", "right 0");
  const change = (path: string, json: object = { reason: "it broke" }) =>
    client.organise<{ withdrawn: boolean; void?: true; effects: Effects }>(
      "POST",
      `/v1/hunts/broken/clues/${path}`,
      json,
    );
  const clueOf = async (team: Player, id: string) =>
    (await client.me(team)).clues.find((clue) => clue.id === id);

  expect((await change("c2/withdraw")).body).toMatchObject({ withdrawn: true, effects: { teamsMoved: 0 } });
  const event = { id: "x", type: "answer", clue: "c2", answer: "right 2" } as const;
  expect(await client.playOne(two, event)).toMatchObject({ outcome: "closed" });
  expect(await clueOf(two, "c2")).toMatchObject({ state: "open", withdrawn: true });
  expect((await change("c2/restore")).body).toMatchObject({ withdrawn: false });
  expect(await client.playOne(two, event)).toMatchObject({ outcome: "correct" });
  expect((await clueOf(two, "c2"))?.withdrawn).toBeUndefined();

  const said = await change("c0/withdraw?dryRun=true", { void: true, reason: "it broke" });
  expect(said.body).toMatchObject({ void: true, effects: { teamsMoved: expect.any(Number) } });
  expect(said.body.effects.changes).toContainEqual(
    expect.objectContaining({ team: one.team.id, after: expect.objectContaining({ score: 0 }) }),
  );
  expect((await clueOf(one, "c0"))?.withdrawn).toBeUndefined();
  expect((await change("c0/withdraw", { void: true, reason: "it broke" })).body).toEqual(said.body);
  await expect.poll(() => places("broken")).toEqual(["Two 10", "One 0"]);
  // What it opens is open to everybody.
  expect(await clueOf(two, "c1")).toMatchObject({ state: "open" });
  expect(await clueOf(one, "c0")).toMatchObject({ state: "solved", withdrawn: true, points: 0 });
  await client.verify("broken");
  expect((await change("c0/withdraw", { void: true, reason: "it broke" })).status).toBe(200);

  expect((await change("c0/restore")).body).toMatchObject({ withdrawn: false });
  await expect.poll(() => places("broken")).toEqual(["One 10", "Two 10"]);
  expect(await clueOf(two, "c1")).toMatchObject({ state: "open" });
  await client.verify("broken");

  expectProblem(await change("nothing/withdraw"), "not_found");
  expectProblem(await change("c0/withdraw", {}), "invalid");
  expectProblem(await change("c0/withdraw", { void: false, reason: "r" }), "invalid");
});
