/** Regrades over the shards of a hunt: what is said beforehand, what is made of it, what is left when it is undone. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import type { Regraded } from "../../src/contract/regrade.ts";
import type { Refusal } from "../../src/errors.ts";
import {
  control,
  guess,
  join,
  logOf,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
  wait,
} from "../shard/workerd.ts";

setParameters({ SHARDS_PER_REGION: 2, REPORT_DELAY_MS: 10 });
beforeAll(makeOrigin);

const BY = { actor: "organiser", request: "r-1" };

const told = <Value extends object>(value: Value | Refusal): Value => {
  if ("refused" in value) throw new Error(`${value.refused}: ${value.detail}`);
  return value;
};

const regrade = async (hunt: string, dryRun = false): Promise<Regraded> =>
  told((await control(hunt).regrade({ dryRun, reason: "a wrong key" }, BY)) as Regraded | Refusal);
const undo = (hunt: string, id: string) => control(hunt).undoRegrade(id, "it was right", BY);

const clues = (answers: string[], points = 10) => ({
  clues: [
    { id: "a", round: "r", title: "a", kind: "answer", answers, points },
    {
      id: "b",
      round: "r",
      title: "b",
      kind: "answer",
      answers: ["right"],
      points: 10,
      opens: { solved: "a" },
    },
  ],
});

/** Places as organisers see them, once the standings have everything. */
async function places(
  hunt: string,
): Promise<{ team: string; score: number; solves: number; rank?: number }[]> {
  const board = env.LEADERBOARD.getByName(hunt);
  const heads = new Map<string, number>();
  for (const shard of await control(hunt).shards()) {
    heads.set(shard, (await logOf(hunt, shard)).at(-1)?.seq ?? 0);
  }
  await expect
    .poll(async () => {
      const { marks } = await board.dump(0);
      return [...heads].every(([shard, head]) => marks.find((each) => each.shard === shard)?.mark === head);
    })
    .toBe(true);
  // In the order of their ids: made anew they may come in another one.
  return (await board.dump(0)).rows.sort((a, b) => (a.team < b.team ? -1 : 1));
}

async function verified(hunt: string): Promise<void> {
  for (const shard of await control(hunt).shards()) {
    expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
  }
}

/** Five teams of two shards: two say "left", two "right", one nothing that counts. */
async function played(hunt: string, more: object = {}): Promise<Playing[]> {
  await publish(hunt, 10, { ...clues(["right"]), ...more });
  await setPhase(hunt, "live");
  const teams: Playing[] = [];
  for (const [index, answer] of ["left", "right", "left", "right", "neither"].entries()) {
    const team = await join(hunt, `t${index}`, `weur-${index % 2}`);
    await play(team, guess(hunt, "1", answer));
    teams.push(team);
  }
  return teams;
}

test("[COR-12] [COR-13] the dry run says what the regrade does, over all shards, and changes nothing", async () => {
  const hunt = "dry";
  const teams = await played(hunt);
  await publish(hunt, 10, clues(["left"]));
  const before = await places(hunt);
  const heads = (await logOf(hunt)).length;
  const { id: none, ...said } = await regrade(hunt, true);
  expect(none).toBeUndefined();
  expect(said).toMatchObject({ events: 5, teamsMoved: 4, prizes: [] });
  // As many as before, but others.
  expect(said.clues).toEqual([]);
  expect((await logOf(hunt)).length).toBe(heads);
  expect(await places(hunt)).toEqual(before);
  const { id, ...done } = await regrade(hunt);
  expect(done).toEqual(said);
  expect(id).toMatch(/^[0-9A-Z]{16}$/);
  const after = await places(hunt);
  for (const change of said.changes) {
    expect(before.find(({ team }) => team === change.team)).toMatchObject(change.before);
    expect(after.find(({ team }) => team === change.team)).toMatchObject(change.after);
  }
  expect(after.filter(({ score }) => score === 10).map(({ team }) => team)).toEqual(
    expect.arrayContaining([teams[0]?.team.id, teams[2]?.team.id]),
  );
  await verified(hunt);
  const again = await regrade(hunt);
  expect(again).toEqual({ events: 5, teamsMoved: 0, changes: [], clues: [], prizes: [] });
});

test("[COR-11] undone, the standings are as they were to the byte, also made anew from the logs", async () => {
  const hunt = "undone";
  const teams = await played(hunt);
  await publish(hunt, 10, clues(["left", "right"]));
  const before = await places(hunt);
  const { id = "" } = await regrade(hunt);
  expect(await places(hunt)).not.toEqual(before);
  // What it opened stays open.
  const first = teams[0] as Playing;
  expect(await play(first, guess(hunt, "2", "wrong", "b"))).toMatchObject([{ outcome: "incorrect" }]);
  await publish(hunt, 10, clues(["right"]));
  expect(await undo(hunt, id)).toEqual({ teams: 2 });
  expect(await places(hunt)).toEqual(before);
  expect(await play(first, guess(hunt, "3", "wrong too", "b"))).toMatchObject([{ outcome: "incorrect" }]);
  await env.LEADERBOARD.getByName(hunt).rebuild();
  await wait(50);
  expect(await places(hunt)).toEqual(before);
  await verified(hunt);
  expect(await undo(hunt, id)).toMatchObject({ refused: "not_found" });
  expect(await undo(hunt, "0000000000000000")).toMatchObject({ refused: "not_found" });
  const { entries } = await control(hunt).audit(undefined, 10);
  expect(entries.filter(({ action }) => action.startsWith("regrade"))).toMatchObject([
    { action: "regrade-undo", detail: { regrade: id, reason: "it was right", teams: 2 } },
    { action: "regrade", detail: { regrade: id, version: 2, teams: 2, reason: "a wrong key" } },
  ]);
});

test("[COR-11] while a later one stands it is a conflict; in their order both can be undone", async () => {
  const hunt = "two";
  await played(hunt);
  const before = await places(hunt);
  await publish(hunt, 10, clues(["left"]));
  const { id: one = "" } = await regrade(hunt);
  const between = await places(hunt);
  await publish(hunt, 10, clues(["left", "right"], 30));
  const { id: two = "" } = await regrade(hunt);
  expect(await undo(hunt, one)).toMatchObject({ refused: "conflict" });
  expect(await undo(hunt, two)).toMatchObject({ teams: 4 });
  expect(await places(hunt)).toEqual(between);
  expect(await undo(hunt, one)).toMatchObject({ teams: 4 });
  expect(await places(hunt)).toEqual(before);
  await verified(hunt);
});

test("[COR-12] effects of a definition that is only checked: points, values that move, prizes; nothing on a first one", async () => {
  const hunt = "effects";
  const prizes = {
    prizes: [{ id: "p", title: "P", mode: "first-come", stock: 1, requires: { solved: "a" } }],
  };
  const definition = (more: object) =>
    JSON.stringify({
      format: 1,
      title: hunt,
      teams: { mode: "teams", maxSize: 6 },
      rounds: [{ id: "r", title: "R" }],
      ...more,
    });
  const check = async (more: object) => {
    const options = { dryRun: true, effects: true };
    const checked = await control(hunt).publish(definition(more), "json", options, BY);
    if ("refused" in checked) throw new Error(JSON.stringify(checked));
    return checked.effects;
  };
  expect(await check(clues(["right"]))).toEqual({
    events: 0,
    teamsMoved: 0,
    changes: [],
    clues: [],
    prizes: [],
  });
  await played(hunt, prizes);
  expect(await check({ ...clues(["right"], 50), ...prizes })).toMatchObject({
    events: 5,
    teamsMoved: 2,
    changes: [
      { before: { score: 10 }, after: { score: 50 } },
      { before: { score: 10 }, after: { score: 50 } },
    ],
    clues: [],
    prizes: [],
  });
  expect(await check({ ...clues(["right", "left"]), ...prizes })).toMatchObject({
    clues: [{ clue: "a", solves: { before: 2, after: 4 } }],
    prizes: [{ prize: "p", eligible: { before: 2, after: 4 } }],
  });
  const scoring = { scoring: { decay: { kind: "linear", minimum: 1, solves: 2 } } };
  expect(await check({ ...clues(["right", "left"]), ...prizes, ...scoring })).toMatchObject({
    teamsMoved: 4,
    changes: expect.arrayContaining([expect.objectContaining({ after: { score: 1, rank: 1 } })]),
  });
  // Nothing of it is published.
  expect(await regrade(hunt, true)).toMatchObject({ teamsMoved: 0 });
});

test("[COR-14] a shard that is restarted in the middle begins its part anew; play goes on meanwhile", async () => {
  const hunt = "restarted";
  const teams = await played(hunt);
  await publish(hunt, 10, clues(["left"]));
  const asked = { run: "R", version: 2 };
  expect(await shardOf(hunt).judgeAgain(asked, 0)).toMatchObject({ done: true });
  await restart(hunt);
  expect(await shardOf(hunt).weigh("R", 0)).toMatchObject({ refused: "precondition_failed" });
  expect(await shardOf(hunt).judgeAgain(asked, 4)).toMatchObject({ refused: "precondition_failed" });
  expect(await shardOf(hunt).judgeAgain({ ...asked, version: 1 }, 0)).toMatchObject({
    refused: "unavailable",
  });
  const [done] = await Promise.all([
    regrade(hunt),
    restart(hunt),
    ...teams.map((team) => play(team, guess(hunt, "x", "nothing")).catch(() => [])),
  ]);
  expect(done.id).toBeDefined();
  expect((await places(hunt)).filter(({ score }) => score === 10)).toHaveLength(2);
  expect(await regrade(hunt)).toMatchObject({ teamsMoved: 0 });
  await verified(hunt);
});

test("[COR-14] a regrade that a kill of control cut short is gone on with, and can be undone", async () => {
  const hunt = "killed";
  await played(hunt);
  await publish(hunt, 10, clues(["left"]));
  const before = await places(hunt);
  const running = outcomeOf(() => regrade(hunt));
  await wait(1);
  await outcomeOf(() => runInDurableObject(control(hunt), (_, state) => state.abort("killed by a test")));
  await running;
  await expect
    .poll(
      async () =>
        (await places(hunt))
          .filter(({ score }) => score === 10)
          .map(({ team }) => team)
          .sort(),
      {
        timeout: 60_000,
      },
    )
    .not.toEqual(
      before
        .filter(({ score }) => score === 10)
        .map(({ team }) => team)
        .sort(),
    );
  const { entries } = await control(hunt).audit(undefined, 5);
  const id = String(entries.find(({ action }) => action === "regrade")?.detail.regrade);
  await expect.poll(() => undo(hunt, id), { timeout: 60_000 }).toMatchObject({ teams: expect.any(Number) });
  await expect.poll(() => places(hunt)).toEqual(before);
  await verified(hunt);
});

test("[COR-13] a hunt with moving values and first solves: said is done, and undone it was none", async () => {
  const hunt = "moving";
  const scoring = { scoring: { decay: { kind: "linear", minimum: 1, solves: 10 }, firstSolves: [100, 50] } };
  await played(hunt, scoring);
  const before = await places(hunt);
  await publish(hunt, 10, { ...clues(["left", "right"]), ...scoring });
  const { id: _, ...said } = await regrade(hunt, true);
  const { id = "", ...done } = await regrade(hunt);
  expect(done).toEqual(said);
  const after = await places(hunt);
  for (const change of said.changes) {
    expect(after.find(({ team }) => team === change.team)).toMatchObject(change.after);
  }
  await undo(hunt, id);
  expect(await places(hunt)).toEqual(before);
});
