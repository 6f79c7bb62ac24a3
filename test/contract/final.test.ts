/** After the end: corrections, reopening, and final, which refuses them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { manyClues } from "./hunts.ts";
import { Socket } from "./socket.ts";
import { AT_ONCE } from "./waiting.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: AT_ONCE });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

const post = (hunt: string, path: string, json: object) =>
  client.organise<{ phase?: string }>("POST", `/v1/hunts/${hunt}/${path}`, json);
const reopen = (hunt: string) => post(hunt, "phase", { phase: "live", reopen: true, reason: "too soon" });
const solve = (team: Player, clue: number) =>
  client.playOne(team, { id: `s${clue}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` });
const places = async (hunt: string): Promise<string[]> =>
  (await client.board(hunt)).entries.map(({ team, score }) => `${team.name} ${score}`);
const reason = "a test";

test("[PH-14] a hunt that was ended too soon goes on; [TE-12] between end and final what is corrected moves places", async () => {
  await client.publish("soon", manyClues(3, { results: "manual" }));
  const [one, two] = [await client.team("soon", "One"), await client.team("soon", "Two")];
  await solve(one, 0);
  await client.setPhase("soon", "ended");
  expect(await solve(two, 0)).toMatchObject({ outcome: "ended" });
  await post("soon", "results/release", {});
  expect((await post("soon", `teams/${two.team.id}/awards`, { points: 50, reason })).status).toBe(201);
  await expect.poll(() => places("soon")).toEqual(["Two 50", "One 10"]);

  expectProblem(await post("soon", "phase", { phase: "live" }), "conflict");
  expectProblem(await post("soon", "phase", { phase: "live", reopen: true }), "invalid");
  expectProblem(await post("soon", "phase", { phase: "ended", reopen: true, reason }), "invalid");
  expectProblem(await post("soon", "phase", { phase: "live", reason }), "invalid");
  const socket = await Socket.ofPlayer(client, two);
  expect((await reopen("soon")).body).toEqual({ phase: "live" });
  await expect
    .poll(() => socket.frames.some((frame) => JSON.stringify(frame).includes('"phase":"live"')))
    .toBe(true);
  await socket.close();
  expect(await solve(two, 0)).toMatchObject({ outcome: "correct", score: 60 });
  expectProblem(await reopen("soon"), "conflict");
  await client.setPhase("soon", "ended");
  // The release of before is void.
  await solve(one, 1);
  expect((await client.board("soon")).frozen).toBe(true);
  const { entries } = (
    await client.organise<{ entries: { action: string; detail: object }[] }>(
      "GET",
      "/v1/hunts/soon/audit?limit=20",
    )
  ).body;
  expect(entries.find(({ action }) => action === "reopen")?.detail).toEqual({ reason: "too soon" });
  await client.verify("soon");
});

test("[PH-14] past closes another one is published first; a seed that was told closes for good", async () => {
  const closes = new Date(Date.now() + 1_500).toISOString();
  await client.publish("closed", manyClues(1, { closes }));
  await client.team("closed", "One");
  await sleep(1_600);
  expectProblem(await reopen("closed"), "conflict");
  await client.publish(
    "closed",
    manyClues(1, { closes: new Date(Date.now() + 3_600_000).toISOString() }),
    "draft",
  );
  expect((await reopen("closed")).status).toBe(200);

  const prizes = [{ id: "p", title: "P", mode: "odds", odds: 0.5, stock: 3 }];
  await client.publish("drawn", manyClues(1, { prizes }));
  await client.team("drawn", "One");
  await client.setPhase("drawn", "ended");
  expect((await reopen("drawn")).status).toBe(200);
  await client.setPhase("drawn", "ended");
  const told = await client.call<{ drawSeed?: string }>("GET", "/v1/hunts/drawn/prizes/p/draw");
  expect(told.body.drawSeed).toBeDefined();
  expectProblem(await reopen("drawn"), "conflict");
});

test("[PH-15] final refuses what would move a place, and nothing else", async () => {
  await client.publish("final", manyClues(2));
  const [one, two] = [await client.team("final", "One"), await client.team("final", "Two")];
  await solve(one, 0);
  expectProblem(await post("final", "phase", { phase: "final" }), "conflict");
  await client.setPhase("final", "ended");
  expect((await post("final", "phase", { phase: "final" })).body).toEqual({ phase: "final" });
  expectProblem(await reopen("final"), "conflict");
  const before = await places("final");
  const team = `teams/${one.team.id}`;
  const player = (await client.me(one)).player.id;
  for (const [path, json] of [
    [`${team}/awards`, { points: 5, reason }],
    [`${team}/unlocks`, { clue: "c1", reason }],
    [`${team}/solves`, { clue: "c1", reason }],
    [`${team}/solves/c0/undo`, { reason }],
    [`${team}/attempts/reset`, { reason }],
    ...["ban", "unban", "hide", "show"].map((mark) => [`${team}/${mark}`, { reason }] as const),
    [`${team}/members/${player}/move`, { to: two.team.id, reason }],
    [`${team}/merge`, { into: two.team.id, reason }],
    ["regrade", { dryRun: false }],
    ["regrade/0000000000000000/undo", { reason }],
  ] as const) {
    expectProblem(await post("final", path, json), "conflict");
  }
  const path = `/v1/hunts/final/${team}`;
  expectProblem(await client.organise("DELETE", `${path}/members/${player}?reason=test`), "conflict");
  expectProblem(await client.organise("PUT", "/v1/hunts/final", manyClues(2)), "conflict");
  expect(await places("final")).toEqual(before);

  expect((await client.me(one)).phase).toBe("final");
  expect(await solve(two, 0)).toMatchObject({ outcome: "ended" });
  expect((await client.organise("PATCH", path, { name: "The One", reason })).status).toBe(200);
  expect((await post("final", "announcements", { text: "Thank you" })).status).toBe(201);
  expect((await post("final", "regrade", { dryRun: true })).status).toBe(200);
  expect(
    (await client.organise("PUT", "/v1/hunts/final?dryRun=true&effects=true", manyClues(2))).status,
  ).toBe(200);
  expect((await client.export("final")).length).toBeGreaterThan(0);
  await client.verify("final");
});
