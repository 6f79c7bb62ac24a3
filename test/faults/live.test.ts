/**
 * FAULT-8: spectators' sockets dropped and opened again while
 * the standings move. The first whole and all changes, folded, are the
 * leaderboard: no gap, whatever was missed.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Result } from "../../src/protocol.ts";
import { Client, type Player, sleep } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";
import { type Frame, fold, type Shown, Socket } from "../contract/socket.ts";
import { seeded } from "../hunt/random.ts";

const TEAMS = 12;
const WATCHERS = 8;
const STEPS = process.env.FAULTS === "long" ? 400 : 80;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

let engine: Engine;
let client: Client;

beforeAll(async () => {
  process.stdout.write(`live test: SEED=${seed}\n`);
  engine = await startEngine({
    // Some of the watchers have to sit in a child of the leaderboard.
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", LIVE_PUSH_MS: "50", LIVE_SOCKETS_PER_OBJECT: "6" },
    log: () => undefined,
  });
  client = await Client.of(engine);
});
afterAll(() => engine?.stop());

interface Watcher {
  socket: Socket | undefined;
  /** Everything it was ever shown, over all its sockets. */
  frames: Frame[];
}

test(`[FAULT-8] sockets dropped and reconnected: whole and changes equal the leaderboard (SEED=${seed})`, {
  timeout: 360_000,
}, async () => {
  const draw = seeded(seed);
  await client.publish("dropped", manyClues(STEPS));
  const players: Player[] = [];
  for (let team = 0; team < TEAMS; team += 1) players.push(await client.team("dropped", `Team ${team}`));
  const watchers: Watcher[] = Array.from({ length: WATCHERS }, () => ({ socket: undefined, frames: [] }));
  const counts = { drops: 0, resumed: 0, whole: 0 };

  const leave = (watcher: Watcher): void => {
    watcher.socket?.drop();
    watcher.frames.push(...(watcher.socket?.frames ?? []));
    watcher.socket = undefined;
    counts.drops += 1;
  };
  const come = async (watcher: Watcher): Promise<void> => {
    const boards = watcher.frames.flatMap(({ leaderboard }) => (leaderboard as Shown | undefined) ?? []);
    const since = boards.at(-1)?.position;
    watcher.socket = await Socket.open(client, "dropped", undefined, {}, since);
    if (since === undefined) return;
    await sleep(20);
    const first = watcher.socket.frames.find((frame) => "leaderboard" in frame)?.leaderboard as
      | Shown
      | undefined;
    if (first && first.from === undefined) counts.whole += 1;
    else counts.resumed += 1;
  };

  for (const watcher of watchers) await come(watcher);
  for (let step = 0; step < STEPS; step += 1) {
    const player = players[draw(TEAMS)];
    if (!player) throw new Error("teams joined");
    await client.playOne(player, {
      id: `s${step}`,
      type: "answer",
      clue: `c${step}`,
      answer: `right ${step}`,
    });
    const watcher = watchers[draw(WATCHERS)];
    if (watcher && draw(2) === 0) await (watcher.socket ? leave(watcher) : come(watcher));
    await sleep(draw(60));
  }
  for (const watcher of watchers) if (!watcher.socket) await come(watcher);

  const board = async () =>
    (await client.board("dropped")).entries.map(({ rank, team, score }) => `${rank} ${team.name} ${score}`);
  await expect
    .poll(async () => (await board()).reduce((sum, row) => sum + Number(row.split(" ").at(-1)), 0))
    .toBe(STEPS * 10);
  const expected = await board();
  for (const watcher of watchers) {
    const shown = () =>
      fold([...watcher.frames, ...(watcher.socket?.frames ?? [])] as { leaderboard?: Shown }[]);
    await expect.poll(shown).toEqual(expected);
  }
  process.stdout.write(`live test: ${JSON.stringify(counts)}\n`);
  // The faults happened, and some came back in time for what they had missed.
  expect(counts.drops).toBeGreaterThan(5);
  expect(counts.resumed).toBeGreaterThan(0);
  for (const { socket } of watchers) await socket?.close();
});

test(`[FAULT-8] a player's sockets cut in the middle: what is sent again is answered, and recorded once (SEED=${seed})`, {
  timeout: 360_000,
}, async () => {
  const draw = seeded(seed + 1);
  const events = Math.min(STEPS, 150);
  await client.publish("cut", manyClues(events));
  const player = await client.team("cut", "One");
  const counts = { cuts: 0, overHttp: 0, duplicates: 0 };
  const results = new Map<string, Result>();
  const take = (answered: readonly Result[]): void => {
    for (const result of answered) {
      if (result.duplicate) counts.duplicates += 1;
      const { duplicate: _, ...own } = result;
      const before = results.get(result.id);
      if (before) expect(own).toEqual(before);
      results.set(result.id, own);
    }
  };
  const eventOf = (number: number) => ({
    id: `e${number}`,
    type: "answer" as const,
    clue: `c${number}`,
    answer: draw(4) === 0 ? "wrong" : `right ${number}`,
  });
  const unanswered = new Map(Array.from({ length: events }, (_, number) => [`e${number}`, eventOf(number)]));
  while (unanswered.size > 0) {
    const socket = await Socket.ofPlayer(client, player);
    const sending = [...unanswered.values()].slice(0, 1 + draw(8));
    for (const event of sending) socket.send({ events: [event] });
    // Cut before, while or after the answers come.
    await sleep(draw(6) * 4);
    socket.drop();
    counts.cuts += 1;
    await expect.poll(() => socket.closed).toBeDefined();
    const before = results.size;
    take(socket.frames.flatMap((frame) => (frame.results as Result[] | undefined) ?? []));
    if (results.size === before || draw(3) === 0) {
      take(await client.play(player, ...sending));
      counts.overHttp += 1;
    }
    for (const id of results.keys()) unanswered.delete(id);
  }
  process.stdout.write(`live test: ${JSON.stringify(counts)}\n`);
  const recorded = (await client.export("cut")).filter(({ event, type }) => event && type === "answer");
  expect(recorded.map(({ event, seq }) => `${seq} ${event}`).sort()).toEqual(
    [...results.values()].map(({ id, seq }) => `${seq} ${id}`).sort(),
  );
  expect(recorded).toHaveLength(events);
  await client.verify("cut");
  expect(counts.cuts).toBeGreaterThan(5);
  expect(counts.duplicates).toBeGreaterThan(0);
});
