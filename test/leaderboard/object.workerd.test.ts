import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Leaderboard } from "../../src/leaderboard/object.ts";
import type { ScoreFact, ScoreReport } from "../../src/protocol.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  control,
  guess,
  join,
  makeOrigin,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
} from "../shard/workerd.ts";

setParameters({ SHIP_DELAY_MS: 10, REPORT_DELAY_MS: 10 });

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const boardOf = (hunt: string) => env.LEADERBOARD.getByName(hunt);
const top = (hunt: string) => boardOf(hunt).read({ limit: 10, offset: 0, organiser: false });

/** A live hunt whose first team solved a, for which it has `score`. */
async function hunting(hunt: string, more: object = {}, score = 10): Promise<Playing[]> {
  await publish(hunt, 10, more);
  await setPhase(hunt, "live");
  const teams = [await join(hunt, "one"), await join(hunt, "two")];
  await play(teams[0] as Playing, guess(hunt, "1", "right"));
  await vi.waitFor(async () => expect((await top(hunt)).entries[0]?.score).toBe(score), { timeout: 30_000 });
  return teams;
}

const snapshotRows = (hunt: string) =>
  runInDurableObject(boardOf(hunt), (_, { storage }) =>
    storage.sql
      .exec<{ view: string; bytes: number }>("SELECT view, length(body) AS bytes FROM snapshot")
      .toArray(),
  );

test("[LB-28] after an eviction the snapshot and what the logs have beyond it give the same rows", async () => {
  const hunt = "evicted";
  const [, two] = await hunting(hunt);
  await runDurableObjectAlarm(boardOf(hunt));
  const before = await top(hunt);
  // Only what comes after the watermarks is pulled.
  const pulled = vi.spyOn(HuntShard.prototype, "scoreFacts");
  await evictDurableObject(boardOf(hunt));
  expect((await top(hunt)).entries).toEqual(before.entries);
  expect(pulled.mock.calls.map(([after]) => after)).toEqual([3]);

  await play(two as Playing, guess(hunt, "2", "right"));
  await vi.waitFor(async () => expect((await top(hunt)).entries[1]?.score).toBe(10), { timeout: 30_000 });
  const after = await top(hunt);
  await evictDurableObject(boardOf(hunt));
  expect((await top(hunt)).entries).toEqual(after.entries);
});

test("[LB-28] without a snapshot everything comes from the logs", async () => {
  const hunt = "unwritten";
  await hunting(hunt, { scoring: { firstSolves: [5] } }, 15);
  const before = await top(hunt);
  await evictDurableObject(boardOf(hunt));
  expect(await snapshotRows(hunt)).toEqual([]);
  expect((await top(hunt)).entries).toEqual(before.entries);
});

test("[LB-28] a new snapshot takes the place of the old one, a half-written one counts for nothing", async () => {
  const hunt = "halves";
  const [, two] = await hunting(hunt);
  await runDurableObjectAlarm(boardOf(hunt));
  expect((await snapshotRows(hunt)).map(({ view }) => view)).toEqual(["all/1"]);
  await play(two as Playing, guess(hunt, "2", "right"));
  await vi.waitFor(async () => expect((await top(hunt)).entries[1]?.score).toBe(10), { timeout: 30_000 });
  // As an eviction in the middle of the next one leaves it.
  await runInDurableObject(boardOf(hunt), (_, { storage }) => {
    storage.sql.exec("INSERT INTO snapshot (view, part, body) VALUES ('all/2', 0, x'00')");
  });
  const before = await top(hunt);
  await evictDurableObject(boardOf(hunt));
  expect((await top(hunt)).entries).toEqual(before.entries);
  await runInDurableObject(boardOf(hunt), (board) => (board as unknown as Leaderboard).alarm());
  expect((await snapshotRows(hunt)).map(({ view }) => view)).toEqual(["all/2"]);
  await evictDurableObject(boardOf(hunt));
  expect((await top(hunt)).entries).toEqual(before.entries);
});

test("[LB-30] results that are held back stay so over a restart, with a snapshot or without, until they are released", {
  timeout: 60_000,
}, async () => {
  for (const written of [true, false]) {
    const hunt = written ? "held-written" : "held-unwritten";
    const [one] = await hunting(hunt, { results: "manual" });
    await setPhase(hunt, "ended");
    if (written) await runDurableObjectAlarm(boardOf(hunt));
    const act = { type: "ban", reason: "a test" } as const;
    await control(hunt).actOnTeam((one as Playing).team.id, act, { actor: "o", request: "r" });
    const organisers = () => boardOf(hunt).read({ limit: 10, offset: 0, organiser: true });
    await vi.waitFor(async () => expect((await organisers()).total).toBe(1), { timeout: 30_000 });
    expect(await top(hunt)).toMatchObject({ frozen: true, total: 2 });
    await evictDurableObject(boardOf(hunt));
    expect(await top(hunt)).toMatchObject({ frozen: true, total: 2 });
    expect(await control(hunt).release({ actor: "o", request: "r" })).toEqual({ released: true });
    expect(await top(hunt)).toMatchObject({ frozen: false, total: 1 });
    await evictDurableObject(boardOf(hunt));
    expect(await top(hunt)).toMatchObject({ frozen: false, total: 1 });
    expect(await control(hunt).release({ actor: "o", request: "r" })).toEqual({ released: true });
  }
});

test("[LB-6] when more are hidden than first solves are kept, the standings are made again from the logs", async () => {
  const hunt = "staffed";
  await publish(hunt, 10, { scoring: { firstSolves: [5] } });
  await setPhase(hunt, "live");
  const said = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const teams: Playing[] = [];
  for (let index = 0; index < 36; index += 1) teams.push(await join(hunt, `t${index}`));
  for (const team of teams) await play(team, guess(hunt, "1", "right"));
  await vi.waitFor(async () => expect((await top(hunt)).entries[0]?.score).toBe(15), { timeout: 30_000 });
  const act = { type: "hide", reason: "staff" } as const;
  for (const { team } of teams.slice(0, 35)) {
    await control(hunt).actOnTeam(team.id, act, { actor: "o", request: "r" });
  }
  await vi.waitFor(
    async () => expect((await top(hunt)).entries).toMatchObject([{ team: { name: "t35" }, score: 15 }]),
    10_000,
  );
  expect(said.mock.calls.flat()).toContainEqual(
    expect.objectContaining({ error: expect.stringContaining("do not suffice") }),
  );
});

test("[LB-23] [LB-28] [LB-29] a crowd's snapshot is written in rows that fit while reports come, and nothing is lost", {
  timeout: 90_000,
}, async () => {
  const hunt = "crowd";
  await publish(hunt);
  await setPhase(hunt, "live");
  const teams = 60_000;
  const facts = Array.from({ length: teams }, (_, i): ScoreFact => {
    const team = `weur-0-${i.toString(36)}-00000`;
    return { seq: i + 1, at: i, team, type: "join", name: `The Crew of ${i}` };
  });
  const award = (seq: number): ScoreFact => ({
    seq,
    at: seq,
    team: "weur-0-0-00000",
    type: "adjust",
    points: 1,
  });
  for (let seq = teams + 1; seq <= teams + 50; seq += 1) facts.push(award(seq));
  // The shard's log, as the object pulls it.
  vi.spyOn(HuntShard.prototype, "scoreFacts").mockImplementation(async (after) => {
    const some = facts.slice(after, after + 10_000);
    return { shard: "weur-0", after, upto: some.at(-1)?.seq ?? after, facts: some };
  });
  const board = boardOf(hunt);
  const report = (from: number, to: number): ScoreReport => ({
    shard: "weur-0",
    after: from,
    upto: to,
    facts: facts.slice(from, to),
  });
  for (let from = 0; from < teams; from += 10_000) {
    expect(await board.report(report(from, from + 10_000))).toMatchObject({ watermark: from + 10_000 });
  }
  const written = runInDurableObject(board, (instance) => (instance as unknown as Leaderboard).alarm());
  for (let seq = teams; seq < teams + 50; seq += 1) {
    expect((await board.report(report(seq, seq + 1))).watermark).toBe(seq + 1);
  }
  await written;
  const rows = await snapshotRows(hunt);
  expect(rows.length).toBeGreaterThan(1);
  for (const { bytes } of rows) expect(bytes).toBeLessThanOrEqual(2_000_000);

  await evictDurableObject(board);
  const page = await top(hunt);
  expect([page.total, page.entries[0]?.score]).toEqual([teams, 50]);
  // [LB-29] The dump comes in pages, each with the watermarks it is as of.
  let dumped = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    const part: Awaited<ReturnType<typeof board.dump>> = await board.dump(from);
    expect(part.marks).toEqual([{ shard: "weur-0", mark: teams + 50 }]);
    expect(part.rows.length).toBeLessThanOrEqual(20_000);
    dumped += part.rows.length;
    from = part.next;
  }
  expect(dumped).toBe(teams);
});
