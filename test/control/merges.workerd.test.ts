/** Control drives a merge of two teams of two shards: whatever stops between two steps, it is finished or undone by the alarm. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { HuntShard } from "../../src/shard/object.ts";
import {
  command,
  control,
  guess,
  join,
  logOf,
  lookAt,
  makeOrigin,
  outcomeOf,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
  shardOf,
} from "../shard/workerd.ts";

setParameters({ SHARDS_PER_REGION: 2 });
beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const OTHER = "weur-1";
const BY = { actor: "ada", request: "r-7" };

interface Pair {
  hunt: string;
  from: Playing;
  into: Playing;
}

async function mate({ hunt, shard, team }: Playing, name: string): Promise<Playing> {
  const joinCode = team.joinCode ?? "";
  const joined = await shardOf(hunt, shard).join({ key: `key-${name}`, player: `p-${name}`, name, joinCode });
  if ("refused" in joined) throw new Error(joined.detail);
  return { ...joined, hunt, shard };
}

/** Two teams of two, of which each solved something: a is solved by both, first by `from`. */
async function pair(hunt: string, more: object = {}): Promise<Pair> {
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 4 }, ...more });
  await setPhase(hunt, "live");
  const from = await join(hunt, "one");
  const into = await join(hunt, "two", OTHER);
  await mate(from, "mate");
  await mate(into, "friend");
  await play(from, guess(hunt, "1", "right"), guess(hunt, "2", "right", "b"));
  await play(into, guess(hunt, "1", "right"));
  await control(hunt).actOnTeam(from.team.id, { type: "award", points: 5, reason: "r" }, BY);
  return { hunt, from, into };
}

const merge = ({ hunt, from, into }: Pair) => control(hunt).mergeTeams(from.team.id, into.team.id, "why", BY);

const rowsOf = (hunt: string): Promise<number> =>
  runInDurableObject(control(hunt), (_, { storage }) => {
    const [table] = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'merging'").toArray();
    return table ? storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM merging").one().n : 0;
  });

const newest = async (hunt: string) => (await control(hunt).audit(undefined, 10)).entries[0];

const teamsOf = async (hunt: string, shard: string) => {
  const page = await shardOf(hunt, shard).teams(0, 100);
  if ("refused" in page) throw new Error(page.detail);
  return page.teams;
};

const PLAYERS = ["p-one", "p-mate", "p-two", "p-friend"];

/** All are in the one team, once, with what both had, once. */
async function expectMerged({ hunt, from, into }: Pair): Promise<void> {
  expect((await teamsOf(hunt, "weur-0")).map(({ id }) => id)).not.toContain(from.team.id);
  const [team] = await teamsOf(hunt, OTHER);
  expect(team?.members.map(({ id }) => id).sort()).toEqual([...PLAYERS].sort());
  expect(team).toMatchObject({ id: into.team.id, score: 25, solves: 2 });
  expect(await rowsOf(hunt)).toBe(0);
  const all = [...(await logOf(hunt)), ...(await logOf(hunt, OTHER))];
  for (const type of ["seat", "depart", "arrive", "merge", "absorb"] as const) {
    const count = all.filter((fact) => fact.type === type).length;
    expect([type, count]).toEqual([type, type === "merge" || type === "absorb" ? 1 : 2]);
  }
  for (const shard of ["weur-0", OTHER]) expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
}

/** As if nobody had asked. */
async function expectApart({ hunt, from, into }: Pair): Promise<void> {
  expect(await teamsOf(hunt, "weur-0")).toMatchObject([
    { id: from.team.id, score: 25, members: [{ id: "p-one" }, { id: "p-mate" }] },
  ]);
  expect(await teamsOf(hunt, OTHER)).toMatchObject([
    { id: into.team.id, score: 10, members: [{ id: "p-two" }, { id: "p-friend" }] },
  ]);
  expect(await rowsOf(hunt)).toBe(0);
  for (const shard of ["weur-0", OTHER]) expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
}

type Step = "mergingOf" | "keepSeats" | "handOver" | "takeOver" | "giveUpSeats";

/** The first call of the step comes to `meet`, before its work or after it, and goes on when that has. */
function meetOnce(step: Step, when: "before" | "after", meet: (shard: HuntShard) => Promise<void>): void {
  const holder = HuntShard.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const original = holder[step];
  let isMet = false;
  vi.spyOn(holder, step).mockImplementation(async function (this: unknown, ...args: unknown[]) {
    if (isMet) return original?.apply(this, args);
    isMet = true;
    if (when === "before") await meet(this as HuntShard);
    const told = await original?.apply(this, args);
    if (when === "after") await meet(this as HuntShard);
    return told;
  });
}

/** The step's shard stops there. */
const stopShardAt = (step: Step, when: "before" | "after"): void =>
  meetOnce(step, when, async (shard) => {
    (shard as unknown as { ctx: DurableObjectState }).ctx.abort("restarted by a test");
    throw new Error("restarted by a test");
  });

/** Merges, and stops control while the step is there. */
async function stopControlAt(step: Step, when: "before" | "after", merging: Pair): Promise<void> {
  let isThere = false;
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  meetOnce(step, when, async () => {
    isThere = true;
    await gate;
  });
  const asked = outcomeOf(async () => merge(merging));
  await expect.poll(() => isThere).toBe(true);
  await outcomeOf(() =>
    runInDurableObject(control(merging.hunt), (_, state) => state.abort("restarted by a test")),
  );
  open();
  await asked;
}

test("[TE-34] a merge is done once, however often it is asked for, and stands in the audit", async () => {
  const merging = await pair("merge-once");
  const [first, second] = await Promise.all([merge(merging), merge(merging)]);
  expect(first).toMatchObject({ team: { id: merging.into.team.id, name: "two" } });
  expect(second).toEqual(first);
  expect(await merge(merging)).toEqual(first);
  expect(await newest("merge-once")).toMatchObject({
    ...BY,
    action: "merge",
    detail: { team: merging.from.team.id, into: merging.into.team.id, reason: "why" },
  });
  await expectMerged(merging);
});

test("[TE-36] what cannot be is refused, and changes nothing", async () => {
  const hunt = "merge-refused";
  const merging = await pair(hunt, { teams: { mode: "teams", maxSize: 3 } });
  const { from, into } = merging;
  const third = await join(hunt, "three");
  const asked = (team: string, target: string) => control(hunt).mergeTeams(team, target, "why", BY);
  expect(await merge(merging)).toMatchObject({ refused: "conflict" });
  expect((await newest(hunt))?.detail).toMatchObject({ refused: "conflict" });
  expect(await asked(from.team.id, from.team.id)).toMatchObject({ refused: "conflict" });
  expect(await asked(from.team.id, "afr-3-0-abcde")).toMatchObject({ refused: "not_found" });
  expect(await asked(from.team.id, into.team.id.replace("-0-", "-5-"))).toMatchObject({
    refused: "not_found",
  });
  expect(await asked(from.team.id.replace("-0-", "-5-"), into.team.id)).toMatchObject({
    refused: "not_found",
  });
  expect(await control("merge-none").mergeTeams(from.team.id, into.team.id, "why", BY)).toMatchObject({
    refused: "not_found",
  });
  expect(await rowsOf(hunt)).toBe(0);
  expect(await teamsOf(hunt, OTHER)).toMatchObject([{ score: 10, members: [{}, {}] }]);
  // It is part of another team since, and answers for nothing.
  expect(await asked(third.team.id, from.team.id)).toMatchObject({ team: { id: from.team.id } });
  expect(await asked(third.team.id, into.team.id)).toMatchObject({ refused: "not_found" });
  expect(await asked(into.team.id, third.team.id)).toMatchObject({ refused: "not_found" });
  const award = { type: "award", points: 1, reason: "r" } as const;
  expect(await control(hunt).actOnTeam(third.team.id, award, BY)).toMatchObject({ refused: "not_found" });
  expect(
    await control(hunt).changeTeam(third.team.id, { type: "alter", name: "New" }, "why", BY),
  ).toMatchObject({ refused: "not_found" });
  expect(await shardOf(hunt).history(third.team.id, { organiser: true })).toMatchObject({
    refused: "not_found",
  });
  expect(await control(hunt).movePlayer(from.team.id, "p-one", third.team.id, "why", BY)).toMatchObject({
    refused: "not_found",
  });
  expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
});

describe("[TE-35] a break between two steps", () => {
  test.each([
    ["mergingOf", "before"],
    ["keepSeats", "before"],
    ["keepSeats", "after"],
    ["handOver", "before"],
    ["handOver", "after"],
    ["takeOver", "before"],
    ["takeOver", "after"],
  ] as const)("of the shard, at %s, %s its work: the merge is done", async (method, when) => {
    const merging = await pair(`merge-${method.toLowerCase()}-${when}`);
    stopShardAt(method, when);
    expect(await merge(merging)).toMatchObject({ team: { id: merging.into.team.id } });
    await expectMerged(merging);
  });

  test.each([
    ["keepSeats", "after"],
    ["handOver", "before"],
    ["handOver", "after"],
    ["takeOver", "before"],
    ["takeOver", "after"],
  ] as const)("of control, at %s, %s its work: the alarm goes on", async (method, when) => {
    const hunt = `merge-own-${method.toLowerCase()}-${when}`;
    const merging = await pair(hunt);
    await stopControlAt(method, when, merging);
    for (let look = 0; look < 20 && (await rowsOf(hunt)) > 0; look += 1) {
      await runDurableObjectAlarm(control(hunt));
    }
    await expectMerged(merging);
  });

  test("seats of which nobody knows whether they are kept are given up, and the merge can be sent again", async () => {
    const merging = await pair("merge-unknown");
    const kept = vi.spyOn(HuntShard.prototype, "keepSeats");
    kept.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    expect(await merge(merging)).toMatchObject({ refused: "unavailable" });
    kept.mockRestore();
    await expectApart(merging);
    expect((await newest("merge-unknown"))?.detail).toMatchObject({ refused: "unavailable" });
    expect(await merge(merging)).toMatchObject({ team: { id: merging.into.team.id } });
    await expectMerged(merging);
  });

  test("a shard that does not respond after the handing over: all is there when it does again, and nobody is merged or moved otherwise meanwhile", async () => {
    const merging = await pair("merge-gone");
    const { hunt, from, into } = merging;
    const third = await join(hunt, "three");
    const taking = vi.spyOn(HuntShard.prototype, "takeOver");
    taking.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    expect(await merge(merging)).toMatchObject({ refused: "unavailable" });
    const asked = (team: string, target: string) => control(hunt).mergeTeams(team, target, "why", BY);
    expect(await asked(from.team.id, third.team.id)).toMatchObject({ refused: "conflict" });
    expect(await asked(into.team.id, third.team.id)).toMatchObject({ refused: "conflict" });
    expect(await control(hunt).movePlayer(from.team.id, "p-one", third.team.id, "why", BY)).toHaveProperty(
      "refused",
    );
    taking.mockRestore();
    await runDurableObjectAlarm(control(hunt));
    expect(await rowsOf(hunt)).toBe(0);
    const [team] = await teamsOf(hunt, OTHER);
    expect(team).toMatchObject({ id: into.team.id, score: 25, solves: 2 });
    expect(team?.members).toHaveLength(4);
    for (const shard of ["weur-0", OTHER]) {
      expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
    }
  });

  test("who joins after the seats were kept comes along", async () => {
    const merging = await pair("merge-late", { teams: { mode: "teams", maxSize: 5 } });
    meetOnce("handOver", "before", async () => {
      await mate(merging.from, "late");
    });
    expect(await merge(merging)).toMatchObject({ team: { id: merging.into.team.id } });
    const [team] = await teamsOf("merge-late", OTHER);
    expect(team?.members.map(({ id }) => id).sort()).toEqual([...PLAYERS, "p-late"].sort());
    expect(team?.score).toBe(25);
  });

  test("[LOG-6] a row with a flipped bit is mended, and its merge goes on", async () => {
    const hunt = "merge-flipped";
    const merging = await pair(hunt);
    const taking = vi.spyOn(HuntShard.prototype, "takeOver");
    taking.mockImplementation(async () => ({ refused: "unavailable", detail: "restarts" }));
    await merge(merging);
    taking.mockRestore();
    await runInDurableObject(control(hunt), (_, { storage }) => {
      const { body } = storage.sql.exec<{ body: string }>("SELECT body FROM merging").one();
      const at = body.indexOf("why");
      const flipped = `${body.slice(0, at)}${String.fromCharCode(body.charCodeAt(at) ^ 1)}${body.slice(at + 1)}`;
      storage.sql.exec("UPDATE merging SET body = ?", flipped);
    });
    await runDurableObjectAlarm(control(hunt));
    await expectMerged(merging);
  });
});

test("[TE-37] the players come back in the other team; the code of the emptied one leads there, over merges of merges", async () => {
  const merging = await pair("merge-follow", { teams: { mode: "teams", maxSize: 6 } });
  const { hunt, from, into } = merging;
  await merge(merging);
  expect(await shardOf(hunt).whereIs(from.team.id, "p-one")).toEqual({
    moved: { team: into.team.id, player: "p-one", gen: 1 },
  });
  expect(await shardOf(hunt).whereIs(from.team.id, "p-one", 0)).toMatchObject({
    moved: { team: into.team.id },
  });
  expect(await shardOf(hunt).leadsTo({ code: from.team.joinCode ?? "" })).toEqual({ team: into.team.id });
  const third = await join(hunt, "three");
  expect(await control(hunt).mergeTeams(into.team.id, third.team.id, "why", BY)).toMatchObject({
    team: { id: third.team.id },
  });
  expect(await shardOf(hunt, OTHER).leadsTo({ team: into.team.id })).toEqual({ team: third.team.id });
  expect(await shardOf(hunt).leadsTo({ team: third.team.id })).toEqual({});
  const team = (await teamsOf(hunt, "weur-0")).find(({ id }) => id === third.team.id);
  expect(team).toMatchObject({ score: 25, solves: 2, members: [{}, {}, {}, {}, {}] });
  for (const shard of ["weur-0", OTHER]) expect((await shardOf(hunt, shard).verify()).mismatches).toEqual([]);
});

test("[TE-30] a win that is taken back is so in the team that its player is in now", async () => {
  const hunt = "merge-revoked";
  const prizes = [{ id: "shell", title: "Shell", mode: "first-come", stock: 2 }];
  const merging = await pair(hunt, { prizes });
  await play(merging.from, command(hunt, { id: "c", type: "claim", prize: "shell" }));
  await merge(merging);
  expect(await control(hunt).revoke("shell", 0, "why", BY)).toEqual({ team: merging.from.team.id });
  const me = await lookAt({ ...merging.into, player: merging.from.player, gen: 1 });
  expect("refused" in me ? me : me.prizes?.[0]?.wins).toMatchObject([{ event: "c", revoked: true }]);
  await expectMerged(merging);
});
