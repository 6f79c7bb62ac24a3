/** Merging teams over a whole engine: tokens, codes, names, standings, prizes, origin, the audit. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Joined } from "../../src/contract/join.ts";
import type { Renewed } from "../../src/contract/sessions.ts";
import type { Teams } from "../../src/contract/teams.ts";
import { Client, expectProblem, type Player, sleep } from "./client.ts";
import { everyOutcome, manyClues, soloHunt } from "./hunts.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({
    vars: {
      RATE_LIMITS: "off",
      REPORT_DELAY_MS: "10",
      LEADERBOARD_MEMORY_MS: "0",
      LEADERBOARD_KV_MAX_AGE_MS: "0",
      SHARDS_PER_REGION: "3",
    },
  });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

const organise = (method: string, { hunt, team }: Player, path: string, json: object) =>
  client.organise<{ team: Joined["team"] }>(method, `/v1/hunts/${hunt}/teams/${team.id}${path}`, json);

const merge = (from: Player, into: Player, reason = "they joined twice") =>
  organise("POST", from, "/merge", { into: into.team.id, reason });

const mate = (of: Player, name: string, more: object = {}): Promise<Player> =>
  client.join(of.hunt, { name, team: { join: of.team.joinCode ?? "" }, ...more });

const shardOf = ({ team }: Player): string => team.id.split("-").slice(0, 2).join("-");

let count = 0;
/** A new team, on another shard than `than`, or on the same one. */
async function teamOn(than: Player, isSame: boolean): Promise<Player> {
  for (let tries = 0; tries < 60; tries += 1) {
    count += 1;
    const found = await client.team(than.hunt, `Place ${count}`);
    if ((shardOf(found) === shardOf(than)) === isSame) return found;
  }
  throw new Error("no team came to be there");
}

let events = 0;
async function solve(player: Player, clue: number): Promise<void> {
  events += 1;
  const event = { id: `e${events}`, type: "answer", clue: `c${clue}`, answer: `right ${clue}` } as const;
  expect((await client.playOne(player, event)).outcome).toBe("correct");
}

const renewed = async (player: Player): Promise<Player> => {
  const path = `/v1/hunts/${player.hunt}/sessions/renew`;
  const { body, text } = await client.call<Renewed>("POST", path, { token: player.token });
  expect(body.token, text).toBeDefined();
  return { ...player, token: body.token };
};

const places = async (hunt: string): Promise<string[]> =>
  (await client.board(hunt, "?limit=200")).entries.map(({ team, score }) => `${team.name} ${score}`);

describe.each([
  ["of one shard", true],
  ["of two shards", false],
] as const)("[TE-34] [TE-37] two teams %s", (what, isSame) => {
  test("are one: players, solves at their earlier time, hints and awards once; nothing else is left of the first", async () => {
    const hunt = `merged-${isSame ? "near" : "far"}`;
    await client.publish(
      hunt,
      manyClues(4, {
        clues: (manyClues(4) as { clues: object[] }).clues.map((clue) => ({
          ...clue,
          hints: [{ id: "h", text: "H", cost: 3 }],
        })),
      }),
    );
    const into = await client.team(hunt, "Into");
    const from = await teamOn(into, isSame);
    const friend = await mate(from, "Friend");
    for (const team of [from, into]) {
      await organise("POST", team, "/awards", { points: 10, reason: "r" });
      await client.playOne(team, { id: "hint", type: "hint", clue: "c0", hint: "h" });
    }
    await client.playOne(from, { id: "hint1", type: "hint", clue: "c1", hint: "h" });
    await solve(friend, 0);
    await solve(into, 0);
    await solve(into, 1);
    await solve(from, 1);
    await solve(from, 2);
    const before = (await client.me(from)).clues.find(({ id }) => id === "c0")?.solvedAt;
    const socket = await Socket.ofPlayer(client, friend);
    const told = await Socket.ofPlayer(client, into);
    const merged = await merge(from, into);
    expect([merged.status, merged.body]).toEqual([
      200,
      { team: { id: into.team.id, name: "Into", joinCode: into.team.joinCode } },
    ]);
    expect(await socket.next("error")).toMatchObject({ code: "unauthenticated" });
    expect(await told.next("team")).toMatchObject({ solved: expect.arrayContaining(["c0", "c2"]) });
    await told.close();
    for (const player of [from, friend]) {
      const look = await client.call("GET", `/v1/hunts/${hunt}/me`, { token: player.token });
      expectProblem(look, "unauthenticated");
    }
    const there = await renewed(friend);
    const me = await client.me(there);
    expect(me.team).toMatchObject({ id: into.team.id, captain: into.id, score: 30 + 20 - 6, solves: 3 });
    expect(me.team.members.map(({ id }) => id).sort()).toEqual([into.id, from.id, friend.id].sort());
    expect(me.clues.find(({ id }) => id === "c0")?.solvedAt).toBe(before);
    const place = async () =>
      (await places(hunt)).filter((row) => !row.startsWith("Place") || row.startsWith(`${from.team.name} `));
    await expect.poll(place).toEqual(["Into 44"]);
    expect(
      await client.playOne(there, { id: "e1x", type: "answer", clue: "c3", answer: "right 3" }),
    ).toMatchObject({
      outcome: "correct",
      score: 54,
    });
    // Nothing answers for the team any more.
    const reason = "r";
    expectProblem(await organise("POST", from, "/awards", { points: 1, reason }), "not_found");
    expectProblem(await organise("PATCH", from, "", { name: "New", reason }), "not_found");
    expectProblem(await organise("POST", from, "/solves", { clue: "c3", reason }), "not_found");
    expectProblem(await organise("POST", from, `/members/${from.id}/return`, { reason }), "not_found");
    expectProblem(
      await organise("POST", into, `/members/${into.id}/move`, { to: from.team.id, reason }),
      "not_found",
    );
    expectProblem(await merge(into, from), "not_found");
    for (const token of [undefined, client.organiserToken]) {
      const path = `/v1/hunts/${hunt}/leaderboard/${from.team.id}/history`;
      expectProblem(await client.call("GET", path, token === undefined ? {} : { token }), "not_found");
    }
    const listed = (await client.organise<Teams>("GET", `/v1/hunts/${hunt}/teams`)).body.teams;
    expect(listed.map(({ id }) => id)).not.toContain(from.team.id);
    expect(listed.find(({ id }) => id === into.team.id)).toMatchObject({ score: 54, solves: 4 });
    // Asked for again, it is done.
    expect((await merge(from, into)).body).toEqual(merged.body);
    // Its name is free, its code leads to the other team.
    const heir = await client.team(hunt, from.team.name);
    expect(heir.team.id).not.toBe(from.team.id);
    const late = await mate(from, "Late");
    expect(late.team.id).toBe(into.team.id);
    const { entries } = (
      await client.organise<{ entries: { action: string; detail: object }[] }>(
        "GET",
        `/v1/hunts/${hunt}/audit`,
      )
    ).body;
    expect(entries.find(({ action }) => action === "merge")).toMatchObject({
      detail: { team: from.team.id, into: into.team.id, reason: "they joined twice" },
    });
    const facts = await client.export(hunt);
    expect(facts.filter(({ team }) => team === from.team.id).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["depart", "unsolve", "merge"]),
    );
    await client.verify(hunt);
    expect(what).toContain("shard");
  });
});

test("[TE-34] first-solve bonuses and falling values are counted anew", async () => {
  await client.publish(
    "merged-values",
    manyClues(1, {
      scoring: { decay: { kind: "linear", minimum: 1, solves: 10 }, firstSolves: [100, 50, 25] },
    }),
  );
  const first = await client.team("merged-values", "First");
  const second = await client.team("merged-values", "Second");
  const third = await client.team("merged-values", "Third");
  for (const team of [first, second, third]) {
    await solve(team, 0);
    await sleep(2);
  }
  const value = (solvers: number) => Math.ceil(10 - (9 * (solvers - 1)) / 10);
  await expect
    .poll(() => places("merged-values"))
    .toEqual([`First ${100 + value(3)}`, `Second ${50 + value(3)}`, `Third ${25 + value(3)}`]);
  // The first solve is the third team's now; the second team moves up to no better place.
  expect((await merge(first, third)).status).toBe(200);
  await expect
    .poll(() => places("merged-values"))
    .toEqual([`Third ${100 + value(2)}`, `Second ${50 + value(2)}`]);
  await expect.poll(async () => (await client.me(third)).team.score).toBe(100 + value(2));
  await client.verify("merged-values");
});

test("[TE-36] beyond the size of a team, of a hunt played alone, of itself, of nobody's: refused, and nothing is changed", async () => {
  await client.publish("merged-not", everyOutcome({ teams: { mode: "teams", maxSize: 2 } }));
  const [from, into] = [await client.team("merged-not", "From"), await client.team("merged-not", "Into")];
  await mate(into, "Friend");
  expectProblem(await merge(from, into), "conflict");
  expectProblem(await merge(from, from), "conflict");
  expectProblem(await merge(from, { ...into, team: { ...into.team, id: "weur-0-zzz-00000" } }), "not_found");
  expectProblem(await merge({ ...from, team: { ...from.team, id: "weur-0-zzz-00000" } }, into), "not_found");
  expectProblem(await organise("POST", from, "/merge", { into: into.team.id }), "invalid");
  expect((await client.me(from)).team.members).toHaveLength(1);
  await client.publish("merged-solo", soloHunt());
  const alone = await client.join("merged-solo", { name: "One" });
  const other = await client.join("merged-solo", { name: "Two" });
  expectProblem(await merge(alone, other), "conflict");
  expect((await client.me(alone)).team.score).toBe(0);
  await client.verify("merged-not");
  await client.verify("merged-solo");
});

test("[TE-34] [TE-30] wins stay with their players, and count together", async () => {
  await client.publish(
    "merged-wins",
    manyClues(1, { prizes: [{ id: "shell", title: "Shell", mode: "first-come", stock: 9, perTeam: 2 }] }),
  );
  const [from, into] = [await client.team("merged-wins", "From"), await client.team("merged-wins", "Into")];
  const claim = (player: Player, id: string) => client.playOne(player, { id, type: "claim", prize: "shell" });
  expect(await claim(from, "a")).toMatchObject({ outcome: "won" });
  const { prize } = await claim(into, "b");
  await merge(from, into);
  const there = await renewed(from);
  const wins = (await client.me(there)).prizes?.[0]?.wins;
  expect(wins?.map(({ event, player, code }) => [event, player, code !== undefined])).toEqual(
    expect.arrayContaining([
      ["a", from.id, true],
      ["b", into.id, false],
    ]),
  );
  expect(prize?.code).toBeDefined();
  expect(await claim(there, "c")).toMatchObject({ outcome: "already_won" });
  expect(await claim(into, "d")).toMatchObject({ outcome: "already_won" });
  await client.verify("merged-wins");
});
