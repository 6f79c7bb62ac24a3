/** Spectators' sockets: the leaderboard's own and its children's, through evictions, a freeze and slow readers. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { Board } from "../../src/leaderboard/board.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import { childName, SINCE_HEADER } from "../../src/objects/leaderboard.ts";
import { PING, Sockets } from "../../src/sockets/socket.ts";
import {
  guess,
  join,
  makeOrigin,
  type Playing,
  play,
  publish,
  restart,
  setParameters,
  setPhase,
  shardOf,
  wait,
} from "../shard/workerd.ts";

// Some wait for evictions and for times of the hunt, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

beforeAll(async () => {
  setParameters({ LIVE_PUSH_MS: 50, REPORT_DELAY_MS: 20 });
  await makeOrigin();
});
afterEach(() => vi.restoreAllMocks());

interface Shown {
  position: string;
  from?: string;
  frozen: boolean;
  total: number;
  entries: { rank: number; team: { name: string }; score: number }[];
}

interface Watching {
  socket: WebSocket;
  frames: Record<string, unknown>[];
  closed: { code?: number };
}

const boardOf = (hunt: string) => env.LEADERBOARD.getByName(hunt);
const childOf = (hunt: string, index = 0) => env.LIVE_BOARD.getByName(childName(hunt, index));

async function watch(
  object: { fetch(url: string, init: RequestInit): Promise<Response> },
  since?: string,
): Promise<Watching> {
  const headers = { upgrade: "websocket", ...(since === undefined ? {} : { [SINCE_HEADER]: since }) };
  const response = await object.fetch("https://leaderboard/live", { headers });
  const socket = response.webSocket;
  if (!socket) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  const frames: Record<string, unknown>[] = [];
  const closed: { code?: number } = {};
  socket.addEventListener("message", ({ data }) => {
    frames.push(JSON.parse(String(data)));
  });
  socket.addEventListener("close", ({ code }) => {
    closed.code = code;
  });
  socket.accept();
  return { socket, frames, closed };
}

const shownTo = ({ frames }: Watching): Shown[] =>
  frames.flatMap(({ leaderboard }) => (leaderboard as Shown | undefined) ?? []);

/** The screen of a spectator who folds what it is sent; a change that does not fit is an error. */
function screen(watching: Watching): string[] {
  let rows: string[] = [];
  let position: string | undefined;
  for (const shown of shownTo(watching)) {
    if (shown.from === undefined) rows = [];
    else if (shown.from !== position) throw new Error(`a gap: ${position} then ${shown.from}`);
    for (const { rank, team, score } of shown.entries) rows[rank - 1] = `${team.name} ${score}`;
    rows.length = Math.min(rows.length, shown.total);
    ({ position } = shown);
  }
  return rows;
}

const sees = (watching: Watching, rows: string[]) =>
  expect.poll(() => screen(watching), { timeout: 24_000 }).toEqual(rows);

const phasesOf = ({ frames }: Watching): unknown[] => frames.flatMap(({ phase }) => phase ?? []);

async function live(hunt: string, more: object = {}): Promise<Playing> {
  await publish(hunt, 10, more);
  await setPhase(hunt, "live");
  return join(hunt, "one");
}

const solve = (team: Playing, clue: string) => play(team, guess(team.hunt, `solve-${clue}`, "right", clue));

test("[LIVE-7] what the spectators see goes on through evictions of the leaderboard; a gap brings the whole", async () => {
  const team = await live("slept");
  const early = await watch(boardOf("slept"));
  await sees(early, ["one 0"]);
  const before = shownTo(early).at(-1)?.position;
  await solve(team, "a");
  await sees(early, ["one 10"]);
  // What was missed, as changes.
  const back = await watch(boardOf("slept"), before);
  await expect.poll(() => shownTo(back).map(({ from }) => from)).toEqual([before]);
  await evictDurableObject(boardOf("slept"));
  await solve(team, "b");
  await sees(early, ["one 20"]);
  // A position of the earlier life: the whole.
  const again = await watch(boardOf("slept"), before);
  await sees(again, ["one 20"]);
  expect(shownTo(again).map(({ from }) => from)).toEqual([undefined]);
});

test("[LIVE-7] a spectator whose position is being looked up meanwhile does not fall back behind a push", async () => {
  const team = await live("overtaken");
  const watching = await watch(boardOf("overtaken"));
  await sees(watching, ["one 0"]);
  await evictDurableObject(boardOf("overtaken"));
  const standings = holdStandings(1);
  watching.socket.send(JSON.stringify({ since: "of-an-earlier-life.1" }));
  await expect.poll(standings.asked).toBe(1);
  await solve(team, "a");
  await sees(watching, ["one 10"]);
  standings.show();
  // At the start, with the first push after the eviction, and for the position.
  const wholes = () => shownTo(watching).filter(({ from }) => from === undefined).length;
  await expect.poll(wholes).toBe(3);
  expect(screen(watching)).toEqual(["one 10"]);
});

test("[LIVE-11] children show the same, through evictions of either; who left is forgotten, who comes back served", async () => {
  const team = await live("tree");
  const own = await watch(boardOf("tree"));
  const child = await watch(childOf("tree"));
  const other = await watch(childOf("tree", 1));
  for (const watching of [own, child, other]) await sees(watching, ["one 0"]);
  await evictDurableObject(boardOf("tree"));
  await evictDurableObject(childOf("tree"));
  await solve(team, "a");
  for (const watching of [own, child, other]) await sees(watching, ["one 10"]);
  other.socket.close();
  await setPhase("tree", "paused");
  for (const watching of [own, child]) {
    await expect.poll(() => phasesOf(watching).at(-1), { timeout: 15_000 }).toBe("paused");
  }
  const fed = async (): Promise<string> =>
    runInDurableObject(boardOf("tree"), (_, state) =>
      state.storage.sql
        .exec<{ body: string }>("SELECT body FROM stored_text WHERE name = 'children'")
        .one()
        .body.toString(),
    );
  await expect.poll(fed, { timeout: 15_000 }).toBe(JSON.stringify([childName("tree", 0)]));
  await setPhase("tree", "live");
  const back = await watch(childOf("tree", 1));
  await solve(team, "b");
  for (const watching of [own, child, back]) await sees(watching, ["one 20"]);
});

test("[LIVE-11] a child that cannot ask the leaderboard tells its spectator so, and the socket stays", async () => {
  const team = await live("cut-off");
  const watching = await watch(childOf("cut-off"));
  await sees(watching, ["one 0"]);
  await evictDurableObject(childOf("cut-off"));
  const asked = vi.spyOn(Leaderboard.prototype, "watch").mockImplementation(async function (
    this: Leaderboard,
  ) {
    (this as unknown as { ctx: DurableObjectState }).ctx.abort("restarted by a test");
    throw new Error("restarted by a test");
  });
  watching.socket.send(JSON.stringify({ since: "of-an-earlier-life.1" }));
  const errors = () => watching.frames.flatMap(({ error }) => (error as { code?: string } | undefined) ?? []);
  await expect.poll(errors, { timeout: 15_000 }).toMatchObject([{ code: "unavailable" }]);
  asked.mockRestore();
  watching.socket.send(JSON.stringify({ since: "of-an-earlier-life.1" }));
  await solve(team, "a");
  await sees(watching, ["one 10"]);
  expect(watching.closed.code).toBeUndefined();
});

test("[LIVE-11] spectators who come and go while the standings move are all shown the end", async () => {
  const clues = Array.from({ length: 20 }, (_, index) => ({
    id: `c${index}`,
    round: "r",
    title: "C",
    kind: "answer",
    answers: ["right"],
    points: 10,
  }));
  const team = await live("restless", { clues });
  let watching = await watch(childOf("restless"));
  for (let index = 0; index < 20; index += 1) {
    await solve(team, `c${index}`);
    watching.socket.close();
    await wait(index % 5 === 0 ? 120 : 7 * (index % 4));
    watching = await watch(childOf("restless"));
  }
  await sees(watching, ["one 200"]);
});

/** The first `pages` of the standings that are read from now on are held back until `show`. */
function holdStandings(pages = Number.POSITIVE_INFINITY): { asked: () => number; show: () => void } {
  let show = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    show = resolve;
  });
  const { page } = Board.prototype;
  const spy = vi.spyOn(Board.prototype, "page").mockImplementation(async function (this: Board, query) {
    const isHeld = spy.mock.calls.length <= pages;
    const read = await page.call(this, query);
    if (isHeld) await held;
    return read;
  });
  return { asked: () => spy.mock.calls.length, show };
}

test("[LIVE-6] a phase that comes while a spectator waits for the standings is the one it is told", async () => {
  await live("waited");
  const standings = holdStandings();
  const watching = watch(boardOf("waited"));
  await expect.poll(standings.asked).toBe(1);
  await setPhase("waited", "paused");
  standings.show();
  await expect.poll(async () => phasesOf(await watching)).toEqual(["paused"]);
});

test("[LIVE-11] spectators who waited for the standings together do not overfill the object", async () => {
  await live("crowded");
  const { hasRoom } = Sockets.prototype;
  vi.spyOn(Sockets.prototype, "hasRoom").mockImplementation(function (this: Sockets) {
    return hasRoom.call(this, 2);
  });
  const standings = holdStandings();
  const headers = { upgrade: "websocket" };
  const opened = [1, 2, 3].map(() => boardOf("crowded").fetch("https://leaderboard/live", { headers }));
  await expect.poll(standings.asked).toBe(3);
  standings.show();
  const responses = await Promise.all(opened);
  const refused = responses.filter(({ webSocket }) => !webSocket);
  for (const { webSocket } of responses) webSocket?.accept();
  expect(await Promise.all(refused.map((response) => response.json()))).toMatchObject([
    { refused: "overloaded" },
  ]);
});

test("[LIVE-14] a freeze shows nothing new; at the end everything shows, and phases come by their time", async () => {
  const now = Date.now();
  const at = (ms: number): string => new Date(now + ms).toISOString();
  await publish("frozen", 10, { opens: at(-1_000), freeze: at(2_000), closes: at(4_500) });
  const team = await join("frozen", "one");
  await solve(team, "a");
  const watchers = [await watch(boardOf("frozen")), await watch(childOf("frozen"))];
  for (const watching of watchers) await sees(watching, ["one 10"]);
  await wait(now + 2_200 - Date.now());
  // Whoever wakes it does not put off what it was to be called for.
  await evictDurableObject(boardOf("frozen"));
  await solve(team, "b");
  await wait(now + 4_000 - Date.now());
  for (const watching of watchers) {
    expect(screen(watching)).toEqual(["one 10"]);
    expect(shownTo(watching).at(-1)?.frozen).toBe(true);
  }
  for (const watching of watchers) {
    await sees(watching, ["one 20"]);
    // A repeat means nothing.
    await expect.poll(() => [...new Set(phasesOf(watching))]).toEqual(["live", "ended"]);
  }
});

test("[LIVE-12] who does not read is asked for a ping and then put out; who answers stays", async () => {
  await live("slow");
  const deaf = await watch(boardOf("slow"));
  const heard = await watch(boardOf("slow"));
  heard.socket.addEventListener("message", ({ data }) => {
    if (data === PING) heard.socket.send(PING);
  });
  await runInDurableObject(boardOf("slow"), async (_, state) => {
    const sockets = new Sockets(state, 20_000, "leaderboard");
    for (let frame = 0; frame < 40; frame += 1) {
      sockets.tellAll(JSON.stringify({ filler: "x".repeat(1_000) }));
      await wait(10);
    }
  });
  await expect.poll(() => deaf.closed.code, { timeout: 15_000 }).toBe(4_008);
  const fillers = ({ frames }: Watching) => frames.filter(({ filler }) => filler).length;
  expect(fillers(deaf)).toBeLessThan(21);
  expect(deaf.frames.filter(({ ping }) => ping)).toHaveLength(1);
  await expect.poll(() => fillers(heard)).toBe(40);
  expect(heard.closed.code).toBeUndefined();
});

test("[LIVE-12] a spectator's frames are held to a rate", async () => {
  await live("eager");
  const eager = await watch(boardOf("eager"));
  for (let frame = 0; frame < 200; frame += 1) eager.socket.send(JSON.stringify({ since: "x.1" }));
  await expect.poll(() => eager.closed.code, { timeout: 15_000 }).toBe(1_008);
  expect(shownTo(eager).length).toBeLessThan(40);
  expect(eager.frames.some(({ error }) => (error as { code?: string })?.code === "rate_limited")).toBe(true);
});

test("[LIVE-7] a restarted shard and a restarted leaderboard leave the spectators with the truth", async () => {
  const team = await live("restarted");
  const watching = await watch(boardOf("restarted"));
  await solve(team, "a");
  await restart("restarted");
  await evictDurableObject(boardOf("restarted"));
  await shardOf("restarted").stats();
  await solve(team, "b");
  await sees(watching, ["one 20"]);
});
