/** Corrected solves in their shard: over restarts, from pages and the log, and in what the standings and the origin get. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { TeamAction } from "../../src/protocol.ts";
import {
  guess,
  join,
  logOf,
  makeOrigin,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({ PAGE_FLUSH_FACTS: 100, SHARDS_PER_REGION: 1, REPORT_DELAY_MS: 10 });
beforeAll(makeOrigin);

async function act(hunt: string, team: string, action: TeamAction) {
  const done = await shardOf(hunt).organise(team, action);
  if ("refused" in done) throw new Error(done.detail);
  return done;
}

test("[COR-6] corrections fold to the same state in memory, from pages and from the log, and the standings follow", async () => {
  const hunt = "corrected";
  await publish(hunt);
  await setPhase(hunt, "live");
  const [one, two] = [await join(hunt, "one"), await join(hunt, "two")];
  const early = Date.now();
  await play(one, guess(hunt, "1", "right"), guess(hunt, "2", "right", "b"));
  expect(await act(hunt, two.team.id, { type: "solve", clue: "b", at: early, reason: "r" })).toEqual({
    score: 10,
    unlocked: [],
  });
  expect(await act(hunt, one.team.id, { type: "unsolve", clue: "a", reason: "r" })).toEqual({ score: 10 });
  expect(await act(hunt, two.team.id, { type: "solve", clue: "a", reason: "r" })).toEqual({
    score: 20,
    unlocked: [],
  });
  await act(hunt, two.team.id, { type: "unsolve", clue: "b", reason: "r" });
  const look = async () => {
    const me = await shardOf(hunt).me(one.team.id, one.player.id);
    if ("refused" in me) throw new Error(me.detail);
    const { rank: _, ...team } = me.team;
    return { ...me, team, serverTime: "", asOf: "" };
  };
  const before = await look();
  expect(before).toMatchObject({
    team: { score: 10, solves: 1 },
    clues: [{ state: "open" }, { state: "solved" }],
  });
  const scoresBefore = await shardOf(hunt).scoreFacts(0);
  const places = () => env.LEADERBOARD.getByName(hunt).read({ limit: 9, offset: 0, organiser: true });
  await expect
    .poll(async () => (await places()).entries.map(({ team, score }) => [team.name, score]))
    .toEqual([
      ["one", 10],
      ["two", 10],
    ]);
  await restart(hunt);
  expect(await look()).toEqual(before);
  // Folded again from the log, what the standings get is the same.
  const scores = await shardOf(hunt).scoreFacts(0);
  expect(scores.facts).toEqual(scoresBefore.facts);
  expect(scores.facts.map(({ type }) => type)).toEqual([
    "join",
    "join",
    "solve",
    "solve",
    "recount",
    "recount",
    "solve",
    "recount",
  ]);
  await env.LEADERBOARD.getByName(hunt).rebuild();
  await expect
    .poll(async () => (await places()).entries.map(({ team, score }) => [team.name, score]))
    .toEqual([
      ["one", 10],
      ["two", 10],
    ]);
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  // Pages are written past them.
  await play(two, ...Array.from({ length: 150 }, (_, n) => guess(hunt, `w${n}`, undefined, "b")));
  await play(two, guess(hunt, "last", undefined, "b"));
  await restart(hunt);
  expect(await look()).toEqual(before);
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  expect((await logOf(hunt)).filter(({ type }) => type === "opened")).toMatchObject([
    { team: two.team.id, clues: [{ clue: "b", at: early }] },
  ]);
});

test("[COR-2] counts of clues and the ids of events: a solve taken back is no solve, its id stays used", async () => {
  const hunt = "counted";
  await publish(hunt);
  await setPhase(hunt, "live");
  const one = await join(hunt, "one");
  await play(one, guess(hunt, "1", "right"));
  await act(hunt, one.team.id, { type: "unsolve", clue: "a", reason: "r" });
  const stats = async () => {
    const told = await shardOf(hunt).stats();
    return "refused" in told ? undefined : told.clues[0];
  };
  expect(await stats()).toMatchObject({ attempts: 1, solves: 0, open: 1 });
  expect(await play(one, guess(hunt, "1", "right"))).toMatchObject([{ outcome: "correct", duplicate: true }]);
  expect(await play(one, guess(hunt, "2", "right"))).toMatchObject([{ outcome: "correct", score: 10 }]);
  expect(await stats()).toMatchObject({ attempts: 2, solves: 1 });
});
