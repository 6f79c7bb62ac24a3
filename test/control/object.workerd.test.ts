/** The fan-out, and what is known when a part of it is away. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { publicKey } from "../../src/cache/entry.ts";
import { openSigned } from "../../src/cache/signed.ts";
import { backlogOf } from "../../src/control/backlog.ts";
import { HuntControl } from "../../src/control/object.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { control, join, makeOrigin, outcomeOf, publish, setPhase, shardOf } from "../shard/workerd.ts";

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const BY = { actor: "ada", request: "r-7" };

test("[CTRL-2] a change that reached not everyone is refused and stays; the alarm finishes it", async () => {
  await publish("half");
  vi.spyOn(Leaderboard.prototype, "configure").mockRejectedValue(new Error("away"));
  expect(await setPhase("half", "live")).toMatchObject({
    refused: "unavailable",
    detail: "the leaderboard could not be told yet; repeat the request",
  });
  vi.restoreAllMocks();
  const configure = vi.spyOn(Leaderboard.prototype, "configure");
  expect(await runDurableObjectAlarm(control("half"))).toBe(true);
  expect(configure.mock.lastCall?.[0].phase).toMatchObject({ live: true });
  expect(await control("half").publicEntry()).toMatchObject({ phase: { live: true } });
});

test("[CTRL-2] also when control itself stopped in the middle", async () => {
  await publish("cut");
  await join("cut", "Ann");
  vi.spyOn(HuntShard.prototype, "configure").mockImplementation(() => {
    throw new Error("away");
  });
  expect(await setPhase("cut", "live")).toMatchObject({
    refused: "unavailable",
    detail: "1 of 1 shards could not be told yet; repeat the request",
  });
  await outcomeOf(() => runInDurableObject(control("cut"), (_, state) => state.abort("restarted by a test")));
  vi.restoreAllMocks();
  const configure = vi.spyOn(HuntShard.prototype, "configure");
  expect(await runDurableObjectAlarm(control("cut"))).toBe(true);
  expect(configure.mock.lastCall?.[0].phase).toMatchObject({ live: true });
  expect(
    await shardOf("cut").join({ key: "k", player: "p", name: "Bea", create: { name: "B" } }),
  ).toHaveProperty("team");
});

test("[CTRL-2] repeating the call finishes it as well, with one line in the audit", async () => {
  await publish("again");
  vi.spyOn(Leaderboard.prototype, "configure").mockRejectedValueOnce(new Error("away"));
  expect(await setPhase("again", "live")).toMatchObject({ refused: "unavailable" });
  expect(await setPhase("again", "live")).toEqual({ phase: "live" });
  expect(
    (await control("again").audit(undefined, 100)).entries.filter(({ action }) => action === "phase"),
  ).toHaveLength(1);
});

test("[CTRL-2] KV that refuses holds up nobody: the alarm writes the entry", async () => {
  await publish("kv");
  await env.CACHE.delete(publicKey("kv"));
  vi.spyOn(env.CACHE, "put").mockRejectedValueOnce(new Error("429"));
  expect(await control("kv").grow(9, BY)).toEqual({ shardsPerRegion: 9 });
  vi.restoreAllMocks();
  await env.CACHE.delete(publicKey("kv"));
  expect(await runDurableObjectAlarm(control("kv"))).toBe(true);
  const written = openSigned(env, publicKey("kv"), await env.CACHE.get(publicKey("kv")));
  expect(JSON.parse(written?.json ?? "")).toMatchObject({ shardsPerRegion: 9 });
});

test("[CTRL-3] a hunt that cannot name its shards counts as unknown, and the rest is told", async () => {
  for (const hunt of ["told", "silent"]) {
    await publish(hunt);
    await join(hunt, "Ann");
  }
  vi.spyOn(HuntShard.prototype, "backlog").mockReturnValue({ segments: 3, since: 1_000 });
  const before = await backlogOf(env, 9_000);
  expect(before).toMatchObject({ oldestSeconds: 8, unknownShards: 0 });
  const { shards } = HuntControl.prototype;
  vi.spyOn(HuntControl.prototype, "shards").mockImplementation(function (this: HuntControl) {
    const { id } = (this as unknown as { ctx: DurableObjectState }).ctx;
    if (id.name === "silent") throw new Error("away");
    return shards.call(this);
  });
  // The silent hunt's one shard is not in the sum, the others are.
  expect(await backlogOf(env, 9_000)).toEqual({
    segments: before.segments - 3,
    oldestSeconds: 8,
    unknownShards: 1,
  });
});
