import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ShardConfig } from "../../src/objects/shard.ts";
import { HuntShard } from "../../src/shard/object.ts";
import {
  control,
  countRows,
  grow,
  guess,
  holdCommits,
  join,
  logOf,
  makeOrigin,
  outcomeOf,
  play,
  publish,
  restart,
  setClock,
  setParameters,
  setPhase,
  shardOf,
  wait,
} from "./workerd.ts";

// Timers so late that only the alarm delivers within these tests.
setParameters({
  SHIP_DELAY_MS: 60_000,
  REPORT_DELAY_MS: 10_000,
  WAITING_COMMANDS_MAX: 100,
  SHARDS_PER_REGION: 2,
});

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

async function live(hunt: string): Promise<void> {
  await publish(hunt);
  await setPhase(hunt, "live");
}

describe("group commit", () => {
  test("[SH-1] commands that arrive during a commit share the next one, and nobody is answered before theirs is durable", async () => {
    await live("group");
    const team = await join("group", "one");
    const before = await countRows("group", "chained");
    const { release, syncs } = await holdCommits("group");
    let answered = 0;
    const calls = Array.from({ length: 50 }, async (_, index) => {
      const [result] = await play(team, guess("group", `e${index}`));
      answered += 1;
      return result;
    });
    await wait(50);
    expect(answered).toBe(0);
    expect(syncs()).toBe(1);
    release();
    const results = await Promise.all(calls);
    expect(results.map((result) => result?.outcome)).toEqual(Array(50).fill("incorrect"));
    expect(new Set(results.map((result) => result?.seq)).size).toBe(50);
    expect(await countRows("group", "chained")).toBe(before + 2);
    expect(syncs()).toBe(2);
  });

  test("[SH-2] a repeat of an event whose commit is under way gets the same result, after the same commit", async () => {
    await live("repeat");
    const team = await join("repeat", "one");
    const { release } = await holdCommits("repeat");
    let answered = 0;
    const calls = [0, 1, 2].map(async () => {
      const [result] = await play(team, guess("repeat", "e", "right"));
      answered += 1;
      return result;
    });
    await wait(30);
    expect(answered).toBe(0);
    release();
    const results = await Promise.all(calls);
    expect(results.filter((result) => !result?.duplicate)).toHaveLength(1);
    expect(new Set(results.map((result) => `${result?.seq} ${result?.outcome} ${result?.score}`)).size).toBe(
      1,
    );
    expect((await logOf("repeat")).filter((fact) => fact.type === "answer")).toHaveLength(1);
  });

  test("[SH-3] facts are consecutive from 1, and events of one request are decided in order", async () => {
    await live("order");
    const team = await join("order", "one");
    const results = await play(
      team,
      guess("order", "1", "right", "b"),
      guess("order", "2", "right"),
      guess("order", "3", "right", "b"),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(["locked", "correct", "correct"]);
    expect(results[1]?.unlocked).toEqual(["b"]);
    expect((await logOf("order")).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("[SH-14] verification under load counts what is gathering for the next commit", async () => {
    await live("busy");
    const team = await join("busy", "one");
    const { release } = await holdCommits("busy");
    const first = play(team, guess("busy", "1"), guess("busy", "2"));
    await wait(30);
    const verified = shardOf("busy").verify();
    await wait(30);
    const second = play(team, guess("busy", "3"));
    await wait(30);
    release();
    expect((await verified).mismatches).toEqual([]);
    expect((await Promise.all([first, second])).flat()).toHaveLength(3);
  });

  test("[SH-4] a segment's row stays below what a queue message takes, whatever the characters", async () => {
    await live("wide");
    const team = await join("wide", "one");
    const { release } = await holdCommits("wide");
    const calls = Array.from({ length: 45 }, (_, index) =>
      play(team, guess("wide", `e${index}`, `${index}${"鼠".repeat(450)}`)),
    );
    await wait(50);
    release();
    await Promise.all(calls);
    const largest = await runInDurableObject(shardOf("wide"), (_, state) =>
      state.storage.sql
        .exec<{ bytes: number }>("SELECT max(length(CAST(body AS BLOB))) AS bytes FROM chained")
        .one(),
    );
    expect(largest.bytes).toBeGreaterThan(50_000);
    expect(largest.bytes).toBeLessThan(128_000);
  });
});

describe("a commit that fails", () => {
  async function recorded(hunt: string): Promise<string[]> {
    return (await logOf(hunt)).flatMap((fact) => (fact.type === "answer" ? [fact.event] : []));
  }

  test("[SH-5] whose sync fails aborts the shard: callers may repeat, what was acknowledged stays, nothing appears twice", async () => {
    await live("sync");
    const team = await join("sync", "one");
    const acknowledged = await play(team, guess("sync", "kept"));
    await runInDurableObject(shardOf("sync"), (_, state) => {
      vi.spyOn(state.storage, "sync").mockRejectedValue(new Error("the disk is gone"));
    });
    const failed = await Promise.all(
      ["x", "y", "z"].map((id) => outcomeOf(() => play(team, guess("sync", id)))),
    );
    expect(failed.every((outcome) => "error" in outcome)).toBe(true);
    vi.restoreAllMocks();
    for (const id of ["x", "y", "z"])
      expect((await play(team, guess("sync", id)))[0]).toMatchObject({ outcome: "incorrect" });
    expect(await play(team, guess("sync", "kept"))).toEqual([{ ...acknowledged[0], duplicate: true }]);
    expect((await recorded("sync")).sort()).toEqual(["kept", "x", "y", "z"]);
    expect((await shardOf("sync").verify()).mismatches).toEqual([]);
  });

  test("[SH-5] whose rows cannot be written leaves no trace of what was not acknowledged", async () => {
    await live("rows");
    const team = await join("rows", "one");
    await play(team, guess("rows", "kept"));
    await runInDurableObject(shardOf("rows"), (_, state) => {
      const { sql } = state.storage;
      const exec = sql.exec.bind(sql);
      vi.spyOn(sql, "exec").mockImplementation((query, ...bindings) => {
        if (query.startsWith("INSERT INTO chained")) throw new Error("the disk is full");
        return exec(query, ...bindings);
      });
    });
    expect(await outcomeOf(() => play(team, guess("rows", "lost", "right")))).toHaveProperty("error");
    vi.restoreAllMocks();
    expect(await recorded("rows")).toEqual(["kept"]);
    expect((await play(team, guess("rows", "lost", "right")))[0]).toMatchObject({
      outcome: "correct",
      seq: 3,
    });
    expect((await shardOf("rows").verify()).mismatches).toEqual([]);
  });
});

describe("too many", () => {
  test("[SH-6] beyond the bound commands are refused at once; what waits is answered, and then there is room again", async () => {
    await live("bound");
    const team = await join("bound", "one");
    const other = await join("bound", "other");
    const { release } = await holdCommits("bound");
    const batch = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => guess("bound", `${name}${index}`));
    const waiting = [play(team, ...batch("a", 60)), play(other, ...batch("b", 40))];
    await wait(30);
    expect(
      await shardOf("bound").play(team.team.id, team.player.id, JSON.stringify(batch("c", 1))),
    ).toMatchObject({
      refused: "overloaded",
    });
    release();
    for (const results of await Promise.all(waiting))
      expect(results.every(({ seq }) => seq !== undefined)).toBe(true);
    expect(await play(team, ...batch("c", 100))).toHaveLength(100);
    expect(await logOf("bound")).toHaveLength(202);
  });
});

describe("the alarm", () => {
  test("[SH-7] delivers to queue and standings what no timer delivered, and comes again until all is archived", async () => {
    await live("alarm");
    const team = await join("alarm", "one");
    await play(team, guess("alarm", "1", "right"));
    expect(await shardOf("alarm").stats()).toMatchObject({ seq: 2, shipped: 0 });
    // Also after a restart took every timer with it.
    await restart("alarm");
    expect(await runDurableObjectAlarm(shardOf("alarm"))).toBe(true);
    expect(await shardOf("alarm").stats()).toMatchObject({ seq: 2, shipped: 2 });
    const board = await env.LEADERBOARD.getByName("alarm").dump(0);
    expect(board.rows).toMatchObject([{ team: team.team.id, score: 10, solves: 1 }]);
    const alarm = () => runInDurableObject(shardOf("alarm"), (_, state) => state.storage.getAlarm());
    // When the facts may have to be sent again, not before.
    expect(await alarm()).toBeGreaterThan(Date.now() + 50_000);
    await shardOf("alarm").archived([{ first: 1, last: 2 }]);
    await runDurableObjectAlarm(shardOf("alarm"));
    expect(await alarm()).toBeNull();
  });

  test("[SH-7] that runs while a commit becomes durable comes again for it", async () => {
    await live("between");
    const team = await join("between", "one");
    const alarm = () => runInDurableObject(shardOf("between"), (_, state) => state.storage.getAlarm());
    await runDurableObjectAlarm(shardOf("between"));
    await shardOf("between").archived([{ first: 1, last: 1 }]);
    await runDurableObjectAlarm(shardOf("between"));
    expect(await alarm()).toBeNull();
    const { release } = await holdCommits("between");
    const playing = play(team, guess("between", "1"));
    await wait(50);
    expect(await runDurableObjectAlarm(shardOf("between"))).toBe(true);
    expect(await alarm()).toBeNull();
    release();
    expect(await playing).toMatchObject([{ seq: 2 }]);
    expect(await alarm()).not.toBeNull();
  });

  test("[SHIP-19] leaves dead letters alone, also after a restart; redriven they are archived", async () => {
    await live("poison");
    const team = await join("poison", "one");
    await play(team, guess("poison", "1"), guess("poison", "2"));
    const shard = shardOf("poison");
    await runDurableObjectAlarm(shard);
    await shard.archived([{ first: 1, last: 1 }]);
    await shard.buried({ first: 2, last: 2 });
    await shard.archived([{ first: 3, last: 3 }]);
    expect(await shard.stats()).toMatchObject({ seq: 3, shipped: 3, archived: 1 });
    expect(await shard.backlog()).toEqual({ segments: 0 });
    await restart("poison");
    await runDurableObjectAlarm(shardOf("poison"));
    expect(await shardOf("poison").stats()).toMatchObject({ shipped: 3, archived: 1 });
    expect(await runInDurableObject(shardOf("poison"), (_, state) => state.storage.getAlarm())).toBeNull();
    await shardOf("poison").archived([{ first: 2, last: 2 }]);
    expect(await shardOf("poison").stats()).toMatchObject({ archived: 3 });
  });

  test("[SH-7] [FAULT-7] survives deliveries that keep failing, seven times and more", async () => {
    await live("failing");
    const team = await join("failing", "one");
    await play(team, guess("failing", "1", "right"));
    await runInDurableObject(shardOf("failing"), (instance) => {
      const { env: own } = instance as unknown as { env: { FACTS: Queue<string> } };
      vi.spyOn(own.FACTS, "sendBatch").mockRejectedValue(new Error("the queue is away"));
    });
    for (let round = 0; round < 8; round += 1)
      expect(await runDurableObjectAlarm(shardOf("failing"))).toBe(true);
    expect(await shardOf("failing").stats()).toMatchObject({ shipped: 0 });
    vi.restoreAllMocks();
    await runDurableObjectAlarm(shardOf("failing"));
    expect(await shardOf("failing").stats()).toMatchObject({ shipped: 2 });
  });
});

describe("what control tells", () => {
  test("[SH-8] a phase holds on every shard before the organiser is answered, also where the shard was stopped", async () => {
    await live("phases");
    const teams = [
      await join("phases", "one"),
      await join("phases", "two", "weur-1"),
      await join("phases", "three", "apac-0"),
    ];
    await restart("phases", "weur-1");
    const outcomes = async (id: string) =>
      (await Promise.all(teams.map((team) => play(team, guess("phases", id))))).map(
        ([result]) => result?.outcome,
      );
    // Slow to be told, so that an answer that does not wait is seen.
    const { configure } = HuntShard.prototype;
    vi.spyOn(HuntShard.prototype, "configure").mockImplementation(async function (
      this: HuntShard,
      config: ShardConfig,
    ) {
      await wait(50);
      return configure.call(this, config);
    } as unknown as typeof configure);
    expect(await setPhase("phases", "paused")).toEqual({ phase: "paused" });
    expect(await outcomes("1")).toEqual(["paused", "paused", "paused"]);
    expect(await setPhase("phases", "live")).toEqual({ phase: "live" });
    expect(await outcomes("1")).toEqual(["incorrect", "incorrect", "incorrect"]);
    expect(await setPhase("phases", "ended")).toEqual({ phase: "ended" });
    expect(await outcomes("2")).toEqual(["ended", "ended", "ended"]);
    for (const { shard } of teams) await restart("phases", shard);
    expect(await outcomes("2")).toEqual(["ended", "ended", "ended"]);
  });

  test("[SH-8] ended is ended, also on a shard whose clock is behind", async () => {
    await live("behind");
    const team = await join("behind", "one");
    await setPhase("behind", "ended");
    setClock(() => Date.now() - 3_600_000);
    expect((await play(team, guess("behind", "1")))[0]?.outcome).toBe("ended");
  });

  test("[SH-9] a shard that cannot be told refuses the phase; a repeat finishes it", async () => {
    await live("untold");
    const team = await join("untold", "one");
    vi.spyOn(HuntShard.prototype, "configure").mockImplementation(() => {
      throw new Error("unreachable");
    });
    expect(await setPhase("untold", "paused")).toMatchObject({ refused: "unavailable" });
    vi.restoreAllMocks();
    expect(await setPhase("untold", "paused")).toEqual({ phase: "paused" });
    expect((await play(team, guess("untold", "1")))[0]?.outcome).toBe("paused");
  });

  test("[SH-10] a new version holds while teams play: nothing is lost, and it is the last one at the end", async () => {
    await live("versions");
    const team = await join("versions", "one");
    const playing = Promise.all(
      Array.from({ length: 40 }, (_, index) => play(team, guess("versions", `e${index}`))),
    );
    for (const points of [20, 30, 40]) await publish("versions", points);
    expect((await playing).flat().every(({ seq }) => seq !== undefined)).toBe(true);
    expect((await play(team, guess("versions", "s", "right")))[0]).toMatchObject({ points: 40, score: 40 });
    await publish("versions", 99);
    expect((await play(team, guess("versions", "s", "right")))[0]).toMatchObject({
      points: 40,
      score: 40,
      duplicate: true,
    });
    await restart("versions");
    expect((await play(team, guess("versions", "b", "right", "b")))[0]).toMatchObject({
      points: 99,
      score: 139,
    });
  });

  test("[SH-11] an older configuration than the shard has is not taken", async () => {
    await live("older");
    const team = await join("older", "one");
    const config = { revision: 1, version: 1, phase: { live: false, paused: false }, announcements: [] };
    expect(await shardOf("older").configure(config)).toEqual({ missing: false });
    expect((await play(team, guess("older", "1")))[0]?.outcome).toBe("incorrect");
    expect(await shardOf("older").configure({ ...config, revision: 99, version: 99 })).toEqual({
      missing: true,
    });
  });

  test("[SH-12] growing a live hunt moves nobody and stops nothing; new teams land on new shards", async () => {
    await live("growth");
    const team = await join("growth", "one");
    const early = await outcomeOf(() => join("growth", "early", "weur-2"));
    expect(early).toHaveProperty("error");
    const playing = Promise.all(
      Array.from({ length: 20 }, (_, index) => play(team, guess("growth", `e${index}`))),
    );
    expect(await grow("growth", 3)).toEqual({ shardsPerRegion: 3 });
    expect((await playing).flat().every(({ outcome }) => outcome === "incorrect")).toBe(true);
    const late = await join("growth", "late", "weur-2");
    expect((await play(late, guess("growth", "1", "right")))[0]?.outcome).toBe("correct");
    expect(await control("growth").shards()).toEqual(["weur-0", "weur-2"]);
    expect(await setPhase("growth", "paused")).toEqual({ phase: "paused" });
    expect((await play(late, guess("growth", "2")))[0]?.outcome).toBe("paused");
    expect(await grow("growth", 2)).toMatchObject({ refused: "conflict" });
  });

  test("[API-67] of players whose commands come in one call, a refusal or an error of one touches nobody else", async () => {
    const hunt = "played-together";
    await publish(hunt);
    await setPhase(hunt, "live");
    const [one, other] = [await join(hunt, "one"), await join(hunt, "other")];
    const asked = [
      [one.team.id, one.player.id, 0, [guess(hunt, "a")]],
      [one.team.id, "p-nobody", 0, [guess(hunt, "b")]],
      [other.team.id, other.player.id, 0, [null]],
      [other.team.id, other.player.id, 0, [guess(hunt, "c"), guess(hunt, "d", "right")]],
    ];
    const told = await shardOf(hunt).playAll(JSON.stringify(asked));
    const results = told.map((each) => (typeof each === "string" ? JSON.parse(each).results : each));
    expect(results).toMatchObject([
      [{ id: "a", outcome: "incorrect" }],
      { refused: "forbidden" },
      null,
      [{ id: "c", outcome: "incorrect" }, { id: "d" }],
    ]);
  });

  test("[SH-13] a shard of no hunt, and a player who is no member, are refused", async () => {
    expect(
      await shardOf("nowhere").join({ key: "k", player: "p", name: "P", create: { name: "T" } }),
    ).toMatchObject({ refused: "not_found" });
    await live("members");
    const one = await join("members", "one");
    const two = await join("members", "two");
    expect(
      await shardOf("members").play(one.team.id, two.player.id, JSON.stringify([guess("members", "1")])),
    ).toMatchObject({
      refused: "forbidden",
    });
    expect(await shardOf("members").me(one.team.id, two.player.id)).toMatchObject({ refused: "forbidden" });
  });
});

test("[PRIZE-4] a win of a team that the shard does not have keeps no other win out of the log", async () => {
  await live("wins");
  const one = await join("wins", "one");
  const win = { prize: "cup", n: 0, player: "p-one", event: "w", at: 1, revoked: false };
  const stranger = { ...win, team: "weur-0-9-abcde", unit: 0 };
  expect(await shardOf("wins").recordWins([stranger, { ...win, team: one.team.id, unit: 1 }])).toMatchObject({
    refused: "not_found",
  });
  await restart("wins");
  expect(await logOf("wins")).toMatchObject([
    { type: "join" },
    { type: "claim", outcome: "won", team: one.team.id, unit: 1 },
  ]);
});

describe("joining", () => {
  test("[TE-6] the same key and body join once, also after a restart; another body is conflict", async () => {
    await live("keys");
    const first = await join("keys", "one");
    await restart("keys");
    expect(await join("keys", "one")).toEqual(first);
    expect(await logOf("keys")).toHaveLength(1);
    const other = { key: "key-one", player: "p-x", name: "one", create: { name: "another team" } };
    expect(await shardOf("keys").join(other)).toMatchObject({ refused: "conflict" });
  });

  test("[TE-7] a join code leads to its team, in any case; a wrong one is not_found; concurrent joins never overfill a team", async () => {
    await live("codes");
    const first = await join("codes", "one");
    const code = first.team.joinCode ?? "";
    const mates = await Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        shardOf("codes").join({
          key: `m${index}`,
          player: `p-m${index}`,
          name: `m${index}`,
          joinCode: code.toLowerCase(),
        }),
      ),
    );
    expect(mates.filter((mate) => "team" in mate && mate.team.id === first.team.id)).toHaveLength(5);
    expect(mates.filter((mate) => "refused" in mate && mate.refused === "conflict")).toHaveLength(4);
    const wrong = code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
    expect(
      await shardOf("codes").join({ key: "w", player: "p-w", name: "w", joinCode: wrong }),
    ).toMatchObject({ refused: "not_found" });
  });
});
