/** The event path against the floors: HTTP single and in batches, over sockets; the standings read. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEngine } from "../../local/engine.ts";
import { closedLoop, quantileOf } from "./client.ts";
import { cpuSeconds, startedBy } from "./cpu.ts";
import { type Case, caseOf, medianOf, ratioOf } from "./figures.ts";
import { startFloor } from "./floor.ts";
import { openBenchHunt, shardRows } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
import { casesOf, type Rounds, type Settings, takeTurns } from "./rounds.ts";
import { FrameSocket, socketLoop } from "./socket.ts";

const JSON_HEADERS = { "content-type": "application/json" };
const VARS = { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" };

/** So many batches of 50 stay within WAITING_COMMANDS_MAX. */
const BATCH_CONNECTIONS = 16;

/** Sockets, and frames of each that wait for an answer; a shard lets 16 of one wait. */
const SOCKETS = 64;
const IN_FLIGHT = 4;

/** Events single and in batches of 50, against a no-op call and a row per event. */
export async function measureEvents(
  scratch: string,
  settings: Settings,
): Promise<{ cases: Case[]; counts: Record<string, number> }> {
  const floor = await startedBy(() => startFloor(scratch));
  const { value: engine, pid } = await startedBy(() =>
    startEngine({ dataDir: join(scratch, "engine"), vars: VARS, direct: true }),
  );
  try {
    const hunt = await openBenchHunt(engine, { teams: 500 });
    const of = { origin: (engine.directUrl ?? engine.url).origin, pid };
    const floors = { origin: floor.value.url, pid: floor.pid };
    const recorded = (body: string): boolean => body.includes('"seq":');
    const post = (path: string) => () => ({
      method: "POST" as const,
      path,
      headers: JSON_HEADERS,
      body: hunt.body(),
    });
    const all = await takeTurns(
      [
        { name: "rpc", ...floors, next: post("/rpc") },
        { name: "row", ...floors, next: post("/row") },
        { name: "event", ...of, next: () => hunt.event(), check: recorded },
        {
          name: "event in batches of 50",
          ...of,
          events: 50,
          connections: BATCH_CONNECTIONS,
          next: () => hunt.batch(50),
          check: recorded,
        },
      ],
      settings,
    );
    const rates = (name: string): number[] => all.get(name)?.rates ?? [];
    const cases = [
      ...casesOf(all),
      ratioOf("event / rpc", rates("event"), rates("rpc")),
      ...cpuRatio("event / rpc, CPU per event", all, "rpc", "event"),
      ratioOf("event / row", rates("event"), rates("row")),
      ratioOf("event in batches of 50 / row", rates("event in batches of 50"), rates("row")),
    ];
    const counts: Record<string, number> = {};
    for (const connections of [settings.connections, 1]) {
      const before = await shardRows(engine, hunt.id);
      const alone = await takeTurns(
        [{ name: `event, connections: ${connections}`, ...of, connections, next: () => hunt.event() }],
        { ...settings, rounds: 1 },
      );
      const after = await shardRows(engine, hunt.id);
      counts[`rowsWrittenPerEvent${connections}`] = (after.rows - before.rows) / (after.facts - before.facts);
      if (connections === 1) cases.push(...casesOf(alone));
    }
    return { cases, counts };
  } finally {
    await engine.stop();
    await floor.value.stop();
  }
}

/** The floor's CPU time by the contender's: 1 when it takes no more. */
function cpuRatio(name: string, all: ReadonlyMap<string, Rounds>, floor: string, of: string): Case[] {
  const [low = [], high = []] = [all.get(floor)?.cpu, all.get(of)?.cpu];
  return low.length > 0 && high.length > 0 ? [ratioOf(name, low, high)] : [];
}

/** A page of the standings out of isolate memory, against a text. Nothing else happens meanwhile. */
export async function measureReads(scratch: string, settings: Settings): Promise<Case[]> {
  const floor = await startedBy(() => startFloor(scratch));
  const { value: engine, pid } = await startedBy(() =>
    startEngine({ dataDir: join(scratch, "read"), vars: VARS, direct: true }),
  );
  try {
    const hunt = await openBenchHunt(engine, { teams: 200 });
    const of = { origin: (engine.directUrl ?? engine.url).origin, pid };
    const floors = { origin: floor.value.url, pid: floor.pid };
    for (let team = 0; team < 200; team += 1) {
      const { path, ...request } = hunt.answer(team, team % 50, true);
      await (await fetch(new URL(path, of.origin), request)).text();
    }
    await sleep(3_000); // shipped, reported and published
    const page = (limit: number) => () => ({
      method: "GET" as const,
      path: `/v1/hunts/${hunt.id}/leaderboard?limit=${limit}`,
      headers: {},
    });
    const ranked = (body: string): boolean => body.includes('"rank":1,');
    const all = await takeTurns(
      [
        {
          name: "hello",
          ...floors,
          next: () => ({ method: "GET", path: "/hello", headers: {} }),
        },
        { name: "first 10 places", ...of, next: page(10), check: ranked },
        { name: "first 50 places", ...of, next: page(50), check: ranked },
      ],
      settings,
    );
    const rates = (name: string): number[] => all.get(name)?.rates ?? [];
    return [
      ...casesOf(all),
      ratioOf("first 10 places / hello", rates("first 10 places"), rates("hello")),
      ratioOf("first 50 places / hello", rates("first 50 places"), rates("hello")),
      ...cpuRatio("first 50 places / hello, CPU", all, "hello", "first 50 places"),
    ];
  } finally {
    await engine.stop();
    await floor.value.stop();
  }
}

/** Events over players' sockets, against an object that parses a frame and sends it back. */
export async function measureSockets(scratch: string, settings: Settings): Promise<Case[]> {
  const floor = await startedBy(() => startFloor(scratch));
  const { value: engine, pid } = await startedBy(() =>
    startEngine({ dataDir: join(scratch, "socket"), vars: VARS, direct: true }),
  );
  const opened: FrameSocket[] = [];
  try {
    const hunt = await openBenchHunt(engine, { teams: SOCKETS });
    const players = await openPlayerSockets(hunt, (engine.directUrl ?? engine.url).origin, SOCKETS);
    opened.push(...players);
    const echoes = await Promise.all(
      Array.from({ length: SOCKETS }, () =>
        FrameSocket.open(new URL("/echo", floor.value.url.replace("http", "ws")), () => true),
      ),
    );
    opened.push(...echoes);
    const contenders = [
      { name: "echo over a socket", sockets: echoes, pid: floor.pid, holds: '"events"' },
      { name: "event over a socket", sockets: players, pid, holds: '"seq":' },
    ];
    const all = contenders.map(() => ({ rates: [] as number[], cpu: [] as number[], p99: [] as number[] }));
    for (let round = -1; round < settings.rounds; round += 1) {
      for (const [index, { name, sockets, holds, ...contender }] of contenders.entries()) {
        const cpu = cpuSeconds(contender.pid) ?? Number.NaN;
        const run = await socketLoop(sockets, {
          inFlight: IN_FLIGHT,
          seconds: settings.seconds,
          next: () => hunt.body(),
          check: (frame) => frame.includes(holds),
        });
        if (round < 0) continue; // warming up
        const micros = (((cpuSeconds(contender.pid) ?? Number.NaN) - cpu) * 1e6) / run.frames;
        all[index]?.rates.push(run.frames / run.seconds);
        all[index]?.p99.push(run.latencies[Math.floor(run.latencies.length * 0.99)] ?? Number.NaN);
        if (Number.isFinite(micros)) all[index]?.cpu.push(micros);
        settings.say(`round ${round + 1} ${name} ${(run.frames / run.seconds).toFixed(0)}/s`);
      }
    }
    return [
      ...contenders.flatMap(({ name }, index) => {
        const { rates = [], cpu = [], p99 = [] } = all[index] ?? {};
        return [
          caseOf(name, "1/s", rates),
          ...(cpu.length > 0 ? [caseOf(`${name}: CPU per event`, "µs", cpu)] : []),
          caseOf(`${name}: p99`, "ms", p99),
        ];
      }),
      ratioOf("event / echo over a socket", all[1]?.rates ?? [], all[0]?.rates ?? []),
    ];
  } finally {
    for (const socket of opened) socket.close();
    await engine.stop();
    await floor.value.stop();
  }
}

/** Everybody solves one clue in the same moment, with decay and first solves; spread over clues; and wrong. */
export async function measureHotClue(scratch: string, settings: Settings): Promise<Case[]> {
  const { value: engine, pid } = await startedBy(() =>
    startEngine({ dataDir: join(scratch, "hot"), vars: VARS, direct: true }),
  );
  const TEAMS = 2_000;
  /** Clues of the one case and of the other: nobody solves a clue twice. */
  const HALF = 25;
  try {
    settings.say(`joining ${TEAMS} teams`);
    const hunt = await openBenchHunt(engine, { teams: TEAMS, moving: true });
    const origin = (engine.directUrl ?? engine.url).origin;
    const clueOf: Record<string, (team: number, round: number) => number> = {
      "hot clue": (_, round) => round,
      "spread clues": (team, round) => HALF + ((team + round) % HALF),
      "wrong answers": (team, round) => HALF + ((team + round + 12) % HALF),
    };
    const names = Object.keys(clueOf);
    const rates = new Map<string, number[]>(names.map((name) => [name, []]));
    const cpus = new Map<string, number[]>(names.map((name) => [name, []]));
    const p99 = new Map<string, number[]>(names.map((name) => [name, []]));
    const rounds = Math.min(HALF - 13, settings.rounds + 4); // short, so a few more
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < names.length; turn += 1) {
        const name = names[(turn + round) % names.length] ?? "";
        let team = 0;
        const cpu = cpuSeconds(pid) ?? Number.NaN;
        const run = await closedLoop({
          origin,
          connections: settings.connections,
          seconds: 60,
          requests: TEAMS,
          next() {
            team += 1;
            return hunt.answer(team - 1, clueOf[name]?.(team - 1, round) ?? 0, name !== "wrong answers");
          },
          check: (body) => body.includes(name === "wrong answers" ? '"incorrect"' : '"correct"'),
        });
        if (run.failed > 0) throw new Error(`${run.failed} answers of ${name} are wrong: ${run.failure}`);
        await sleep(1_500); // what follows of one burst falls not into the next
        if (round === 0) continue; // warming up
        rates.get(name)?.push(run.requests / run.seconds);
        p99.get(name)?.push(quantileOf(run.latencies, 0.99));
        const micros = (((cpuSeconds(pid) ?? Number.NaN) - cpu) * 1e6) / run.requests;
        if (Number.isFinite(micros)) cpus.get(name)?.push(micros);
        settings.say(`round ${round} ${name} ${(run.requests / run.seconds).toFixed(0)}/s`);
      }
    }
    const of = (name: string): number[] => rates.get(name) ?? [];
    const correct = names
      .slice(0, 2)
      .map((name) => of(name))
      .reduce((one, other) => one.map((rate, round) => medianOf([rate, other[round] ?? rate])));
    return [
      ...names.flatMap((name) => [
        caseOf(name, "1/s", of(name)),
        ...((cpus.get(name) ?? []).length > 0
          ? [caseOf(`${name}: CPU with all that follows`, "µs", cpus.get(name) ?? [])]
          : []),
        caseOf(`${name}: p99`, "ms", p99.get(name) ?? []),
      ]),
      ratioOf("hot clue / spread clues", of("hot clue"), of("spread clues")),
      ratioOf("correct / wrong answers", correct, of("wrong answers")),
    ];
  } finally {
    await engine.stop();
  }
}
