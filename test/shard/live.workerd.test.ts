/** Live sockets of a shard that sleeps under them. */
import { evictDurableObject } from "cloudflare:test";
import { beforeAll, expect, test } from "vitest";
import { TICKET_HEADER } from "../../src/shard/live.ts";
import { join, makeOrigin, type Playing, publish, setPhase, shardOf } from "./workerd.ts";

beforeAll(makeOrigin);

let tickets = 0;

async function open(
  playing: Playing,
  id = `t${++tickets}`,
  expires = Date.now() + 30_000,
): Promise<Response> {
  const ticket = { id, team: playing.team.id, player: playing.player.id, expires };
  return shardOf(playing.hunt).fetch("https://shard/live", {
    headers: { upgrade: "websocket", [TICKET_HEADER]: JSON.stringify(ticket) },
  });
}

function listen(response: Response): { socket: WebSocket; frames: Record<string, unknown>[] } {
  const socket = response.webSocket;
  if (!socket) throw new Error(`no socket: ${response.status}`);
  const frames: Record<string, unknown>[] = [];
  socket.addEventListener("message", ({ data }) => {
    frames.push(JSON.parse(String(data)));
  });
  socket.accept();
  return { socket, frames };
}

const has = (frames: readonly object[], key: string) =>
  expect.poll(() => frames.some((frame) => key in frame), { timeout: 5_000 }).toBe(true);

async function live(hunt: string): Promise<Playing> {
  await publish(hunt);
  await setPhase(hunt, "live");
  return join(hunt, "one");
}

test("[LIVE-8] a socket outlives the object's eviction: events, progress and phases go on", async () => {
  const team = await live("sleeps");
  const { socket, frames } = listen(await open(team));
  await has(frames, "phase");
  await evictDurableObject(shardOf("sleeps"));
  socket.send(JSON.stringify({ events: [{ id: "1", type: "answer", clue: "a", answer: "right" }] }));
  await has(frames, "results");
  expect(frames.find((frame) => "results" in frame)?.results).toMatchObject([{ outcome: "correct", seq: 2 }]);
  await has(frames, "team");
  await evictDurableObject(shardOf("sleeps"));
  await setPhase("sleeps", "paused");
  await expect.poll(() => frames.some(({ phase }) => phase === "paused"), { timeout: 5_000 }).toBe(true);
  socket.close();
});

test("[LIVE-9] a ticket is used up also after an eviction; an old one, a stranger's or none opens nothing", async () => {
  const team = await live("used");
  listen(await open(team, "once"));
  await evictDurableObject(shardOf("used"));
  const refusedWith = async (response: Response) => ((await response.json()) as { refused: string }).refused;
  expect(await refusedWith(await open(team, "once"))).toBe("unauthenticated");
  expect(await refusedWith(await open(team, "old", Date.now() - 1))).toBe("unauthenticated");
  const stranger = { ...team, player: { ...team.player, id: "p-nobody" } };
  expect(await refusedWith(await open(stranger))).toBe("forbidden");
  const bare = await shardOf("used").fetch("https://shard/live", { headers: { upgrade: "websocket" } });
  expect(await refusedWith(bare)).toBe("unauthenticated");
});

test("[LIVE-10] a team has at most a hundred sockets", async () => {
  const team = await live("crowd");
  for (let socket = 0; socket < 100; socket += 1) listen(await open(team));
  expect(((await (await open(team)).json()) as { refused: string }).refused).toBe("rate_limited");
});
