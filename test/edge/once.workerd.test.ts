/** Registered players who joined under an engine that did not count them. */
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import { joinedWith, joinOnce } from "../../src/edge/once.ts";
import { RequestError } from "../../src/errors.ts";
import { personName } from "../../src/objects/person.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { makeOrigin, publish, setPhase, shardOf } from "../shard/workerd.ts";

vi.setConfig({ testTimeout: 20_000 });
beforeAll(makeOrigin);

const SHARDS = ["weur-0", "weur-1"];
const JOINED = "joined";

test("[REG-7] who joined when nobody counted joins no more, but the joining of then may be sent again", async () => {
  const hunt = "counted-late";
  await publish(hunt);
  await setPhase(hunt, "live");
  for (const [index, shard] of SHARDS.entries()) {
    const joining = { key: `before-${index}`, player: `p-${index}`, name: "Ann", create: { name: "Ann" } };
    const joined = await shardOf(hunt, shard).join({ ...joining, externalId: `ann-${index}@example.org` });
    expect(joined).toHaveProperty("player");
  }
  const asked = vi.spyOn(HuntShard.prototype, "registeredPlayers");
  const join = (externalId: string, keys: { key: string; olderKey?: string }) => {
    const taken = new RequestError("conflict", "has joined already");
    const once = { name: personName(env, hunt, externalId), older: true as const, taken };
    const joining = { hunt, ...keys, shards: SHARDS, now: Date.now() };
    return joinOnce(env, [once], joining, () => Promise.resolve(JOINED)).catch(
      (error: { code: string }) => error.code,
    );
  };
  for (const index of SHARDS.keys()) {
    const id = `ann-${index}@example.org`;
    expect(await join(id, { key: "new" })).toBe("conflict");
    expect(await join(` ${id.toUpperCase()}`, { key: "new" })).toBe("conflict");
    expect(await join(id, { key: `before-${index}` })).toBe(JOINED);
    expect(await join(id, { key: "new", olderKey: `before-${index}` })).toBe(JOINED);
  }
  expect(await join("eve@example.org", { key: "eve" })).toBe(JOINED);
  expect(await join("eve@example.org", { key: "eve again" })).toBe("conflict");
  // Each of the registries that were asked has looked once.
  const calls = asked.mock.calls.length;
  expect(calls).toBeLessThanOrEqual(3 * SHARDS.length);
  await join("ann-0@example.org", { key: "new" });
  expect(asked.mock.calls.length).toBe(calls);
  asked.mockRestore();
});

test("[TE-32] who was moved to another team has joined, until it leaves that one", async () => {
  const hunt = "counted-moved";
  await publish(hunt);
  await setPhase(hunt, "live");
  const found = async (shard: string, key: string, name: string) => {
    const joined = await shardOf(hunt, shard).join({ key, player: `p-${name}`, name, create: { name } });
    if ("refused" in joined) throw new Error(joined.detail);
    return joined;
  };
  const taken = new RequestError("conflict", "has joined already");
  const once = { name: personName(env, hunt, "C-1"), taken };
  let minutes = 0;
  const join = async (key: string, shard: string, name: string) => {
    minutes += 1;
    // Later than a reservation is believed without its joining.
    const joining = { hunt, key, shards: [shard], now: Date.now() + minutes * 60_000 };
    return joinOnce(env, [once], joining, () => found(shard, key, name)).catch(
      (error: { code: string }) => error.code,
    );
  };
  const first = await join("first", "weur-0", "ada");
  if (typeof first === "string") throw new Error(first);
  const to = await found("weur-1", "other", "ben");
  const move = { move: "M", player: first.player.id, from: first.team.id, to: to.team.id, reason: "why" };
  await shardOf(hunt, "weur-1").keepSeat(move);
  const departed = await shardOf(hunt, "weur-0").depart(move);
  if ("refused" in departed) throw new Error(departed.detail);
  await shardOf(hunt, "weur-1").arrive(move, departed.leaving);
  expect(await join("second", "weur-0", "eve")).toBe("conflict");
  expect(await joinedWith(env, hunt, once.name)).toMatchObject({
    player: { id: first.player.id },
    team: { id: to.team.id },
  });
  const remove = { type: "remove", player: first.player.id } as const;
  await shardOf(hunt, "weur-1").changeTeam(to.team.id, { reason: "why" }, remove);
  expect(await joinedWith(env, hunt, once.name)).toBeUndefined();
  expect(await join("third", "weur-0", "cyd")).toMatchObject({ player: { name: "cyd" } });
});
