/** Voids of a player's tokens and return codes, where they are judged: in the shard and its log. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { readReturnCode } from "../../src/objects/check-part.ts";
import { type Joined, type Seat, TICKET_HEADER } from "../../src/objects/shard.ts";
import {
  guess,
  join,
  logOf,
  makeOrigin,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({ PAGE_FLUSH_FACTS: 100, SHARDS_PER_REGION: 1 });
beforeAll(makeOrigin);

async function live(hunt: string): Promise<Playing> {
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 5 } });
  await setPhase(hunt, "live");
  return join(hunt, "one");
}

const seatOf = ({ team, player }: Playing, gen?: number): Seat => ({
  team: team.id,
  player: player.id,
  ...(gen === undefined ? {} : { gen }),
});

/** Who comes back by the code, or why nobody does. */
async function back(hunt: string, text: string): Promise<Joined | string> {
  const code = readReturnCode(env, hunt, text);
  if (!code) return "not made by the engine";
  const told = await shardOf(hunt).comeBack(code);
  return "refused" in told ? told.refused : told;
}

const refusalOf = (told: object): unknown => ("refused" in told ? told.refused : undefined);

async function open(playing: Playing, id: string, gen?: number) {
  const ticket = { id, ...seatOf(playing, gen), expires: Date.now() + 30_000, until: Date.now() + 3_600_000 };
  const { webSocket: socket } = await shardOf(playing.hunt).fetch("https://shard/live", {
    headers: { upgrade: "websocket", [TICKET_HEADER]: JSON.stringify(ticket) },
  });
  if (!socket) throw new Error("no socket");
  const closed: number[] = [];
  socket.addEventListener("close", ({ code }) => {
    closed.push(code);
  });
  socket.accept();
  return { socket, closed };
}

test("[SEC-151] a void outlives restarts and pages, and the log verifies", async () => {
  const hunt = "voids";
  const one = await live(hunt);
  const mate = await shardOf(hunt).join({
    key: "k-mate",
    player: "p-mate",
    name: "Mate",
    joinCode: one.team.joinCode ?? "",
  });
  if ("refused" in mate) throw new Error(mate.detail);
  const ended = await shardOf(hunt).endSessions(seatOf(one), "k-1");
  expect(ended).toMatchObject({ player: one.player, gen: 1 });
  // Sent again it is the same; under another key the token is void.
  expect(await shardOf(hunt).endSessions(seatOf(one), "k-1")).toEqual(ended);
  expect(refusalOf(await shardOf(hunt).endSessions(seatOf(one), "k-2"))).toBe("unauthenticated");
  const judged = async () => {
    const commands = JSON.stringify([guess(hunt, "x")]);
    const { team, player } = seatOf(one);
    expect(refusalOf(await shardOf(hunt).seated(seatOf(one)))).toBe("unauthenticated");
    expect(await shardOf(hunt).play(team, player, commands)).toMatchObject({ refused: "unauthenticated" });
    expect(refusalOf(await shardOf(hunt).hears(team, player))).toBe("unauthenticated");
    expect(await shardOf(hunt).seated(seatOf(one, 1))).toEqual(ended);
    expect(refusalOf(await shardOf(hunt).seated(seatOf(one, 2)))).toBe("unauthenticated");
    expect(await back(hunt, one.returnCode)).toBe("not_found");
    expect(await back(hunt, (ended as Joined).returnCode)).toEqual(ended);
    expect(await back(hunt, mate.returnCode)).toEqual(mate);
    expect((await shardOf(hunt).verify()).mismatches).toEqual([]);
  };
  await judged();
  await restart(hunt);
  await judged();
  const playing = { ...mate, hunt, shard: "weur-0" };
  await play(playing, ...Array.from({ length: 150 }, (_, index) => guess(hunt, `w${index}`)));
  await play(playing, guess(hunt, "last"));
  await restart(hunt);
  await judged();
  expect((await logOf(hunt)).filter(({ type }) => type === "void")).toMatchObject([
    { member: one.player.id, gen: 1, key: "k-1", salt: expect.any(String) },
  ]);
});

test("[SEC-151] sockets of a void token are closed with 4401, also after an eviction; others stay", async () => {
  const hunt = "void-sockets";
  const one = await live(hunt);
  const first = await open(one, "t1");
  await evictDurableObject(shardOf(hunt));
  await shardOf(hunt).endSessions(seatOf(one), "k-1");
  await expect.poll(() => first.closed).toEqual([4_401]);
  const second = await open(one, "t2", 1);
  const returned = await shardOf(hunt).returnMember(one.team.id, one.player.id, "lost");
  await expect.poll(() => second.closed).toEqual([4_401]);
  if ("refused" in returned) throw new Error(returned.detail);
  expect(await back(hunt, returned.returnCode)).toMatchObject({ gen: 2 });
  const third = await open(one, "t3", 2);
  // A member of the team that signs out costs no other its socket.
  const mate = await shardOf(hunt).join({
    key: "k-mate",
    player: "p-mate",
    name: "Mate",
    joinCode: one.team.joinCode ?? "",
  });
  if ("refused" in mate) throw new Error(mate.detail);
  await shardOf(hunt).endSessions(seatOf({ ...mate, hunt, shard: "weur-0" }), "k-3");
  expect(third.closed).toEqual([]);
  expect(refusalOf(await shardOf(hunt).returnMember(one.team.id, "p-nobody", "x"))).toBe("not_found");
});
