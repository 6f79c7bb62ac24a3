/** Live sockets of a shard that sleeps under them. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { TICKET_HEADER } from "../../src/objects/shard.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { join, makeOrigin, type Playing, publish, setClock, setPhase, shardOf, wait } from "./workerd.ts";

// Some wait for evictions and for times of the hunt, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

beforeAll(async () => {
  // Before any object starts: each reads its parameters once.
  Object.assign(env, { RATE_LIMITS: "on" });
  await makeOrigin();
});

let tickets = 0;

async function open(
  playing: Playing,
  id = `t${++tickets}`,
  expires = Date.now() + 30_000,
  until = Date.now() + 3_600_000,
): Promise<Response> {
  const ticket = { id, team: playing.team.id, player: playing.player.id, expires, until };
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
  expect.poll(() => frames.some((frame) => key in frame), { timeout: 15_000 }).toBe(true);

async function live(hunt: string): Promise<Playing> {
  await publish(hunt, 10, { teams: { mode: "teams", maxSize: 20 } });
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
  await expect.poll(() => frames.some(({ phase }) => phase === "paused"), { timeout: 15_000 }).toBe(true);
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

test("[LIVE-10] a player has at most ten sockets, the oldest goes; a team has at most a hundred", async () => {
  await live("crowd");
  const players: Playing[] = [];
  const first = await shardOf("crowd").join({
    key: "k-0",
    player: "p-0",
    name: "0",
    create: { name: "Many" },
  });
  if ("refused" in first) throw new Error(first.detail);
  players.push({ ...first, hunt: "crowd", shard: "weur-0" });
  for (let number = 1; number <= 10; number += 1) {
    const joinCode = first.team.joinCode ?? "";
    const next = await shardOf("crowd").join({
      key: `k-${number}`,
      player: `p-${number}`,
      name: "n",
      joinCode,
    });
    if ("refused" in next) throw new Error(next.detail);
    players.push({ ...next, hunt: "crowd", shard: "weur-0" });
  }
  const [owner, ...mates] = players as [Playing, ...Playing[]];
  const oldest = await open(owner);
  const closed: number[] = [];
  oldest.webSocket?.addEventListener("close", ({ code }) => {
    closed.push(code);
  });
  listen(oldest);
  for (let socket = 0; socket < 10; socket += 1) listen(await open(owner));
  await expect.poll(() => closed).toEqual([4_009]);
  for (const mate of mates.slice(0, 9)) {
    for (let socket = 0; socket < 10; socket += 1) listen(await open(mate));
  }
  expect(((await (await open(mates[9] ?? owner)).json()) as { refused: string }).refused).toBe(
    "rate_limited",
  );
});

test("[LIVE-13] nobody plays over a socket longer than the token lasts", async () => {
  const team = await live("expiring");
  const { socket, frames } = listen(await open(team, "t-expiring", Date.now() + 30_000, Date.now() + 300));
  const closed: number[] = [];
  socket.addEventListener("close", ({ code }) => {
    closed.push(code);
  });
  await has(frames, "phase");
  await wait(350);
  socket.send(JSON.stringify({ events: [{ id: "1", type: "answer", clue: "a", answer: "right" }] }));
  await has(frames, "error");
  expect(frames.find((frame) => "error" in frame)?.error).toMatchObject({ code: "unauthenticated" });
  await expect.poll(() => closed).toEqual([1_008]);
});

test("[LIVE-6] a phase that comes by its time reaches the sockets, and comes once", async () => {
  const opens = Date.now() + 1_500;
  await publish("by-time", 10, { opens: new Date(opens).toISOString() });
  const team = await join("by-time", "one");
  const { frames } = listen(await open(team));
  await has(frames, "phase");
  await expect
    .poll(() => frames.flatMap(({ phase }) => phase ?? []), { timeout: 30_000 })
    .toEqual(["draft", "live"]);
});

test("[LIVE-6] a phase that comes back is told to a player who was not there when it first came", async () => {
  const team = await live("comes-back");
  const phases = (frames: readonly Record<string, unknown>[]) => frames.flatMap(({ phase }) => phase ?? []);
  const first = listen(await open(team));
  await setPhase("comes-back", "paused");
  await expect.poll(() => phases(first.frames)).toEqual(["live", "paused"]);
  first.socket.close();
  const openSockets = () =>
    runInDurableObject(shardOf("comes-back"), (_, state) => state.getWebSockets().length);
  await expect.poll(openSockets).toBe(0);
  await setPhase("comes-back", "live");
  const second = listen(await open(team));
  await has(second.frames, "phase");
  await setPhase("comes-back", "paused");
  await expect.poll(() => phases(second.frames)).toEqual(["live", "paused"]);
});

test("[LIVE-5] a clue opened by hand is told", async () => {
  const team = await live("by-hand");
  const { frames } = listen(await open(team));
  await has(frames, "phase");
  await shardOf("by-hand").organise(team.team.id, { type: "unlock", clue: "b", reason: "kind" });
  await has(frames, "team");
  expect(frames.find((frame) => "team" in frame)?.team).toMatchObject({ score: 0, unlocked: ["b"] });
});

describe("[LIVE-16] a clue that opens by its time", () => {
  const QUIZ = { round: "r", kind: "answer", answers: ["right"], points: 10 };
  const at = (moment: number) => ({ at: new Date(moment).toISOString() });
  const unlockedIn = (frames: readonly Record<string, unknown>[]) =>
    frames.flatMap(({ team }) => (team as { unlocked: string[] } | undefined)?.unlocked ?? []);
  const definition = (later: object) => ({
    clues: [
      { ...QUIZ, id: "a", title: "A" },
      { ...QUIZ, id: "b", title: "B", opens: later },
    ],
  });

  /** When the frames first name a clue, ms after `moment`. */
  async function toldAfter(moment: number, frames: readonly Record<string, unknown>[]): Promise<number> {
    while (unlockedIn(frames).length === 0 && Date.now() < moment + 10_000) await wait(10);
    return Date.now() - moment;
  }

  test.each([["awake"], ["put away"]])(
    "is told within 2 s, and not before, to a shard that is %s",
    async (state) => {
      const hunt = `opens-${state.replace(" ", "-")}`;
      const moment = Date.now() + 3_000;
      await publish(hunt, 10, definition(at(moment)));
      await setPhase(hunt, "live");
      const [team, other] = [await join(hunt, "one"), await join(hunt, "two")];
      const mine = listen(await open(team));
      const theirs = listen(await open(other));
      await has(mine.frames, "phase");
      if (state !== "awake") await evictDurableObject(shardOf(hunt));
      const late = await toldAfter(moment, mine.frames);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(2_000);
      await wait(1_000);
      for (const { frames } of [mine, theirs]) {
        expect(frames.filter((frame) => "team" in frame)).toEqual([
          { team: { score: 0, solved: [], unlocked: ["b"] } },
        ]);
      }
      expect(JSON.stringify(await shardOf(hunt).me(team.team.id, team.player.id))).toContain('"id":"b"');
    },
  );

  test("each team's own moment: one that a solve brings nearer, and one counted from the joining", async () => {
    const hunt = "own-moments";
    await publish(hunt, 10, definition({ all: [{ after: "2s" }, { solved: "a" }] }));
    await setPhase(hunt, "live");
    const team = await join(hunt, "one");
    const joined = Date.now();
    const { frames, socket } = listen(await open(team));
    await has(frames, "phase");
    socket.send(JSON.stringify({ events: [{ id: "1", type: "answer", clue: "a", answer: "right" }] }));
    const late = await toldAfter(joined + 2_000, frames);
    expect(late).toBeGreaterThanOrEqual(-100);
    expect(late).toBeLessThan(2_000);
    expect(unlockedIn(frames)).toEqual(["b"]);
  });

  test("of a hunt that opens by its time, the first clues are told with the phase", async () => {
    const moment = Date.now() + 1_500;
    await publish("opening", 10, { opens: at(moment).at, ...definition({ at: at(moment + 3_600_000).at }) });
    const team = await join("opening", "one");
    const { frames } = listen(await open(team));
    expect(await toldAfter(moment, frames)).toBeLessThan(2_000);
    expect(unlockedIn(frames)).toEqual(["a"]);
    expect(frames.flatMap(({ phase }) => phase ?? [])).toEqual(["draft", "live"]);
  });

  test("[SEC-37] is told though the clock was an hour ahead when the socket was opened", async () => {
    const hunt = "opened-ahead";
    const moment = Date.now() + 4_000;
    await publish(hunt, 10, definition(at(moment)));
    await setPhase(hunt, "live");
    const team = await join(hunt, "one");
    // Nothing else is due.
    await evictDurableObject(shardOf(hunt));
    setClock(() => Date.now() + 3_600_000);
    const { frames, socket } = listen(
      await open(team, "ahead", Date.now() + 7_200_000, Date.now() + 7_200_000),
    );
    await has(frames, "phase");
    vi.restoreAllMocks();
    // Whatever looks at the clock.
    socket.send('{"ping": 1}');
    expect(await toldAfter(moment, frames)).toBeLessThan(2_000);
    expect(unlockedIn(frames)).toEqual(["b"]);
  });

  test("wakes no shard on which nobody watches, and one alarm serves many teams", async () => {
    const hunt = "many-watch";
    const moment = Date.now() + 4_000;
    await publish(hunt, 10, definition(at(moment)));
    await setPhase(hunt, "live");
    const teams: Playing[] = [];
    for (let number = 0; number < 20; number += 1) teams.push(await join(hunt, `t${number}`));
    const alarmOf = () => runInDurableObject(shardOf(hunt), (_, { storage }) => storage.getAlarm());
    // Delivery has an alarm of its own, for later.
    expect((await alarmOf()) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(moment);
    const sockets: ReturnType<typeof listen>[] = [];
    for (const team of teams) sockets.push(listen(await open(team)));
    expect(await alarmOf()).toBe(moment);
    await toldAfter(moment, sockets[0]?.frames ?? []);
    await expect.poll(() => sockets.every(({ frames }) => unlockedIn(frames).join() === "b")).toBe(true);
  });
});

test("[LIVE-15] the canonical ping is answered without the object, other pings by it", async () => {
  const team = await live("pings");
  const { socket, frames } = listen(await open(team));
  await has(frames, "phase");
  const woken = vi.spyOn(HuntShard.prototype, "webSocketMessage");
  socket.send('{"ping":true}');
  await expect.poll(() => frames.filter((frame) => frame.pong === true).length).toBe(1);
  expect(woken).not.toHaveBeenCalled();
  socket.send('{"ping": 7}');
  await expect.poll(() => frames.filter((frame) => frame.pong === 7).length).toBe(1);
  expect(woken).toHaveBeenCalledOnce();
  woken.mockRestore();
});

test("[LIVE-12] a player's frames are held to a rate over all its sockets; who does not heed is put out", async () => {
  const team = await live("hasty");
  const first = listen(await open(team));
  const second = listen(await open(team));
  const closed: number[] = [];
  first.socket.addEventListener("close", ({ code }) => {
    closed.push(code);
  });
  for (let frame = 0; frame < 500; frame += 1) first.socket.send('{"x":1}');
  await expect.poll(() => closed, { timeout: 30_000 }).toEqual([1_008]);
  const codes = first.frames.flatMap(({ error }) => (error as { code: string } | undefined)?.code ?? []);
  const taken = codes.filter((code) => code === "bad_request").length;
  expect(taken).toBeGreaterThanOrEqual(300);
  expect(taken).toBeLessThan(340);
  second.socket.send('{"x":1}');
  await has(second.frames, "error");
  expect(second.frames.find((frame) => "error" in frame)?.error).toMatchObject({ code: "rate_limited" });
});
