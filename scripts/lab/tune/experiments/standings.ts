/** What a solve takes until it is seen, and what that costs: reports, snapshots in KV, pushes to sockets. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Leaderboard } from "../../../../src/contract/standings.ts";
import { meanOf, medianOf } from "../../measure/statistics.ts";
import {
  definition,
  each,
  joinPlayers,
  type LiveSocket,
  openSocket,
  type Player,
  play,
  right,
} from "../crowd.ts";
import { between, onEngines, type Subject, until } from "../engines.ts";
import type { Figures, Metric } from "../experiment.ts";

/** Spectators of each engine: with those of the other values hundreds. */
const SPECTATORS = 60;
const SOLVERS = 12;

/** Frames that show a score of a team. */
interface Shown {
  leaderboard?: { entries: { team: { id: string }; score: number }[] };
}

interface Watched {
  hunt: string;
  players: Player[];
  sockets: LiveSocket[];
  /** When each team's score came first to each socket that it came to, ms. */
  seen: Map<string, number[]>;
  close(): void;
}

async function watched(subject: Subject, spectators: number): Promise<Watched> {
  const hunt = await subject.publish(definition);
  const players = await joinPlayers(subject, hunt, SOLVERS);
  const seen = new Map<string, number[]>();
  const sockets: LiveSocket[] = [];
  await each(spectators, 20, async () => {
    const shown = new Set<string>();
    const socket = await openSocket(subject, hunt, undefined, (frame) => {
      const now = performance.now();
      for (const { team, score } of (JSON.parse(frame) as Shown).leaderboard?.entries ?? []) {
        if (score === 0 || shown.has(team.id)) continue;
        shown.add(team.id);
        const times = seen.get(team.id) ?? [];
        times.push(now);
        seen.set(team.id, times);
      }
    });
    if (!socket) throw new Error("a spectator was refused");
    sockets.push(socket);
  });
  return {
    hunt,
    players,
    sockets,
    seen,
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}

/** Every player solves a clue, one after the other. The moments of the responses, by team. */
async function solveAll(
  subject: Subject,
  players: readonly Player[],
  pace: number,
): Promise<Map<string, number>> {
  const solved = new Map<string, number>();
  for (const player of players) {
    await play(subject, player, [right(0)]);
    solved.set(player.team, performance.now());
    await sleep(pace);
  }
  return solved;
}

/** Somebody else solves ten clues a second meanwhile: the shard always has something to report. */
async function solveOften(subject: Subject, hunt: string): Promise<void> {
  const [player] = await joinPlayers(subject, hunt, 1);
  for (let clue = 1; player && clue <= 30; clue += 1) {
    await play(subject, player, [right(clue)]);
    await sleep(100);
  }
}

/** From each solve until the last socket shows it, ms: the median. */
async function untilShown({ sockets, seen }: Watched, solved: ReadonlyMap<string, number>): Promise<number> {
  await until("the solves on the sockets", async () =>
    [...solved.keys()].every((team) => (seen.get(team)?.length ?? 0) >= sockets.length),
  );
  return medianOf([...solved].map(([team, at]) => (seen.get(team)?.at(-1) ?? Number.NaN) - at));
}

const AGE: Metric = {
  name: "age",
  what: "from a solve until the last socket shows it",
  unit: "ms",
  better: "less",
  overFloor: "rpc",
};

const isReport = (name: string): boolean => name === "objectRequests LEADERBOARD.report";
const isChildCall = (name: string): boolean => name.startsWith("objectRequests LIVE_BOARD.show");
const isKvWrite = (name: string): boolean => name === "kvWrites";

const perMinute = (count: number, begun: number): number => (count * 60_000) / (performance.now() - begun);

export const standingsExperiments = [
  onEngines({
    parameter: "REPORT_DELAY_MS",
    condition: `ten solves a second, ${SPECTATORS} spectators an engine; LIVE_PUSH_MS 50`,
    values: [20, 50, 200, 1_000, 3_000],
    vars: { LIVE_PUSH_MS: 50 },
    metrics: [AGE, { name: "reports", what: "reports of a busy shard", unit: "/min", better: "less" }],
    wishes: {
      small: [{ metric: "reports", most: 400 }],
      city: [{ metric: "reports", most: 400 }],
      // Dozens of shards report to one object.
      television: [{ metric: "reports", most: 90 }],
    },
    async trial({ subject }) {
      const stage = await watched(subject, SPECTATORS);
      await sleep(500);
      const before = await subject.counts();
      const begun = performance.now();
      const busy = solveOften(subject, stage.hunt);
      const solved = await solveAll(subject, stage.players, 250);
      await busy;
      const reports = perMinute(between(before, await subject.counts(), isReport), begun);
      const age = await untilShown(stage, solved);
      stage.close();
      return { age, reports };
    },
  }),
  onEngines({
    parameter: "LIVE_PUSH_MS",
    condition: `a solve every 100 ms, ${SPECTATORS} spectators an engine; REPORT_DELAY_MS 20`,
    values: [50, 150, 400, 1_500],
    vars: { REPORT_DELAY_MS: 20 },
    metrics: [AGE, { name: "frames", what: "messages to a socket", unit: "/min", better: "less" }],
    wishes: {
      small: [{ metric: "frames", most: 600 }],
      city: [{ metric: "frames", most: 200 }],
      // Each is a message to 10,000 sockets of an object.
      television: [{ metric: "frames", most: 90 }],
    },
    async trial({ subject }) {
      const stage = await watched(subject, SPECTATORS);
      await sleep(500);
      const framesBefore = stage.sockets.map(({ frames }) => frames);
      const begun = performance.now();
      const solved = await solveAll(subject, stage.players, 100);
      const age = await untilShown(stage, solved);
      const frames = stage.sockets.map(({ frames: now }, index) => now - (framesBefore[index] ?? 0));
      const rate = perMinute(meanOf(frames), begun);
      stage.close();
      return { age, frames: rate };
    },
  }),
  onEngines({
    parameter: "PUBLISH_DELAY_MS",
    condition: "a solve every 400 ms; LEADERBOARD_MEMORY_MS 0, so that every request reads KV",
    values: [1_000, 2_000, 5_000],
    vars: { LEADERBOARD_MEMORY_MS: 0, REPORT_DELAY_MS: 20 },
    metrics: [
      { ...AGE, what: "from a solve until the standings of KV have it" },
      { name: "writes", what: "writes of KV", unit: "/min", better: "less" },
    ],
    wishes: {
      small: [{ metric: "writes", most: 120 }],
      city: [{ metric: "writes", most: 120 }],
      television: [{ metric: "writes", most: 120 }],
    },
    async trial({ subject }): Promise<Figures> {
      const hunt = await subject.publish(definition);
      const players = await joinPlayers(subject, hunt, SOLVERS);
      // Before there is an entry in KV readers ask the object itself.
      await sleep(subject.value + 1_000);
      const before = await subject.counts();
      const begun = performance.now();
      const solving = solveAll(subject, players, 400);
      const seen = new Map<string, number>();
      await until(
        "the solves in KV",
        async () => {
          const { entries } = await subject.ask<Leaderboard>("GET", `/v1/hunts/${hunt}/leaderboard?limit=50`);
          for (const { team, score } of entries) {
            if (score > 0 && !seen.has(team.id)) seen.set(team.id, performance.now());
          }
          return seen.size === players.length;
        },
        40,
      );
      const solved = await solving;
      const writes = perMinute(between(before, await subject.counts(), isKvWrite), begun);
      const ages = [...solved].map(([team, at]) => (seen.get(team) ?? Number.NaN) - at);
      return { age: meanOf(ages), writes };
    },
  }),
  onEngines({
    parameter: "LIVE_SOCKETS_PER_OBJECT",
    condition: "60 players and 120 spectators with a socket each, on one shard",
    values: [10, 30, 60, 10_000],
    vars: { REPORT_DELAY_MS: 20, LIVE_PUSH_MS: 100 },
    rounds: 4,
    metrics: [
      { name: "refused", what: "players whose socket is refused", unit: "%", better: "less" },
      { name: "calls", what: "calls on further objects for a solve", unit: "", better: "less" },
      AGE,
    ],
    wishes: { small: [], city: [], television: [] },
    async trial({ subject }) {
      const stage = await watched(subject, 120);
      const own = await joinPlayers(subject, stage.hunt, 60);
      const open: LiveSocket[] = [];
      let refused = 0;
      await each(own.length, 20, async (index) => {
        const socket = await openSocket(subject, stage.hunt, own[index]);
        if (socket) open.push(socket);
        else refused += 1;
      });
      await sleep(500);
      const before = await subject.counts();
      const solved = await solveAll(subject, stage.players, 150);
      const age = await untilShown(stage, solved);
      const calls = between(before, await subject.counts(), isChildCall) / solved.size;
      for (const socket of open) socket.close();
      stage.close();
      return { refused: (100 * refused) / own.length, calls, age };
    },
  }),
];
