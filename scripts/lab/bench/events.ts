/** The event path against the floors: HTTP single and in batches, over sockets; the standings read. */
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, startedBy } from "../measure/cpu.ts";
import { medianOf, quantileOf } from "../measure/statistics.ts";
import { closedLoop } from "./client.ts";
import { BASELINE, startEngines, stopAll } from "./engines.ts";
import { type Case, caseOf, ratioOf } from "./figures.ts";
import { startFloor } from "./floor.ts";
import { type BenchHunt, openBenchHunt, shardRows } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
import { casesOf, type Rounds, ratiosOf, type Settings, takeTurns } from "./rounds.ts";
import { FrameSocket, socketLoop } from "./socket.ts";

const JSON_HEADERS = { "content-type": "application/json" };

/** So many batches of 50 stay within WAITING_COMMANDS_MAX. */
const BATCH_CONNECTIONS = 16;

/** Sockets, and frames of each that wait for a response; a shard lets 16 of one wait. */
const SOCKETS = 64;
const IN_FLIGHT = 4;

/** Events single and in batches of 50, against a no-op call and a row per event. */
export async function measureEvents(
  scratch: string,
  settings: Settings,
): Promise<{ cases: Case[]; counts: Record<string, number> }> {
  const floor = await startedBy(() => startFloor(scratch));
  const engines = await startEngines(scratch, settings.baseline);
  try {
    const recorded = (body: string): boolean => body.includes('"seq":');
    const hunts = await Promise.all(engines.map(({ engine }) => openBenchHunt(engine, { teams: 500 })));
    const floors = { origin: floor.value.url, pid: floor.pid };
    const post = (path: string) => () => ({
      method: "POST" as const,
      path,
      headers: JSON_HEADERS,
      body: hunts[0]?.body() ?? "",
    });
    const all = await takeTurns(
      [
        { name: "rpc", ...floors, next: post("/rpc") },
        { name: "row", ...floors, next: post("/row") },
        ...engines.flatMap(({ suffix, origin, pid }, index) => {
          const hunt = hunts[index] as BenchHunt;
          return [
            { name: `event${suffix}`, origin, pid, next: () => hunt.event(), check: recorded },
            {
              name: `event in batches of 50${suffix}`,
              origin,
              pid,
              events: 50,
              connections: BATCH_CONNECTIONS,
              next: () => hunt.batch(50),
              check: recorded,
            },
          ];
        }),
      ],
      settings,
    );
    const cases = [
      ...casesOf(all),
      ...ratiosOf(all, "event", "rpc"),
      ratioOf("event / row", all.get("event")?.rates ?? [], all.get("row")?.rates ?? []),
      ratioOf(
        "event in batches of 50 / row",
        all.get("event in batches of 50")?.rates ?? [],
        all.get("row")?.rates ?? [],
      ),
      ...(settings.baseline === undefined
        ? []
        : ["event", "event in batches of 50"].flatMap((name) => ratiosOf(all, name, `${name}${BASELINE}`))),
    ];
    const counts: Record<string, number> = {};
    for (const [index, { suffix, engine, ...of }] of engines.entries()) {
      const hunt = hunts[index] as BenchHunt;
      for (const connections of [settings.connections, 1]) {
        const before = await shardRows(engine, hunt.id);
        const name = `event, connections: ${connections}${suffix}`;
        const alone = await takeTurns([{ name, ...of, connections, next: () => hunt.event() }], {
          ...settings,
          rounds: 1,
        });
        const after = await shardRows(engine, hunt.id);
        counts[`rowsWrittenPerEvent${connections}${suffix}`] =
          (after.rows - before.rows) / (after.facts - before.facts);
        if (connections === 1) cases.push(...casesOf(alone));
      }
    }
    return { cases, counts };
  } finally {
    await stopAll(engines);
    await floor.value.stop();
  }
}

/** A page of the standings out of isolate memory, against a text. Nothing else happens meanwhile. */
export async function measureReads(scratch: string, settings: Settings): Promise<Case[]> {
  const floor = await startedBy(() => startFloor(scratch));
  const [of] = await startEngines(scratch, undefined);
  if (!of) throw new Error("no engine was started");
  const { engine } = of;
  try {
    const hunt = await openBenchHunt(engine, { teams: 200 });
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
        { name: "first 10 places", origin: of.origin, pid: of.pid, next: page(10), check: ranked },
        { name: "first 50 places", origin: of.origin, pid: of.pid, next: page(50), check: ranked },
      ],
      settings,
    );
    return [
      ...casesOf(all),
      ...ratiosOf(all, "first 10 places", "hello"),
      ...ratiosOf(all, "first 50 places", "hello"),
    ];
  } finally {
    await engine.stop();
    await floor.value.stop();
  }
}

/** Events over players' sockets, against an object that parses a frame and sends it back. */
export async function measureSockets(scratch: string, settings: Settings): Promise<Case[]> {
  const floor = await startedBy(() => startFloor(scratch));
  const engines = await startEngines(scratch, settings.baseline);
  const opened: FrameSocket[] = [];
  try {
    const contenders: SocketContender[] = [];
    for (const { suffix, engine, origin, pid } of engines) {
      const hunt = await openBenchHunt(engine, { teams: SOCKETS });
      const sockets = await openPlayerSockets(hunt, origin, SOCKETS);
      opened.push(...sockets);
      const next = (): string => hunt.body();
      contenders.push({ name: `event over a socket${suffix}`, sockets, pid, next, holds: '"seq":' });
    }
    const echoes = await Promise.all(
      Array.from({ length: SOCKETS }, () =>
        FrameSocket.open(new URL("/echo", floor.value.url.replace("http", "ws")), () => true),
      ),
    );
    opened.push(...echoes);
    const next = contenders[0]?.next ?? (() => "");
    contenders.unshift({
      name: "echo over a socket",
      sockets: echoes,
      pid: floor.pid,
      next,
      holds: '"events"',
    });
    const all = await socketTurns(contenders, settings);
    return [
      ...casesOf(all),
      ...ratiosOf(all, "event over a socket", "echo over a socket"),
      ...(settings.baseline === undefined
        ? []
        : ratiosOf(all, "event over a socket", `event over a socket${BASELINE}`)),
    ];
  } finally {
    for (const socket of opened) socket.close();
    await stopAll(engines);
    await floor.value.stop();
  }
}

interface SocketContender {
  name: string;
  sockets: readonly FrameSocket[];
  pid: number | undefined;
  next(): string;
  /** Stands in every response to a frame. */
  holds: string;
}

/** As `takeTurns`, over sockets; the first round compiles. */
async function socketTurns(
  contenders: readonly SocketContender[],
  { rounds, seconds, say }: Settings,
): Promise<Map<string, Rounds>> {
  const all = new Map<string, Rounds>(
    contenders.map(({ name }) => [name, { rates: [], cpu: [], p50: [], p99: [] }]),
  );
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round + 1) % contenders.length];
      if (!contender) continue;
      const { name, sockets, pid, next, holds } = contender;
      const begun = cpuSeconds(pid) ?? Number.NaN;
      const run = await socketLoop(sockets, {
        inFlight: IN_FLIGHT,
        seconds,
        next,
        check: (frame) => frame.includes(holds),
      });
      if (round < 0) continue;
      const micros = (((cpuSeconds(pid) ?? Number.NaN) - begun) * 1e6) / run.frames;
      const figures = all.get(name);
      figures?.rates.push(run.frames / run.seconds);
      figures?.p50.push(quantileOf(run.latencies, 0.5));
      figures?.p99.push(quantileOf(run.latencies, 0.99));
      if (Number.isFinite(micros)) figures?.cpu.push(micros);
      say(
        `round ${round + 1} ${name.padEnd(30)} ${(run.frames / run.seconds).toFixed(0)}/s  ${micros.toFixed(0)} µs CPU`,
      );
    }
  }
  return all;
}

/** Everybody solves one clue in the same moment, with decay and first solves; spread over clues; and wrong. */
export async function measureHotClue(scratch: string, settings: Settings): Promise<Case[]> {
  const [of] = await startEngines(scratch, undefined);
  if (!of) throw new Error("no engine was started");
  const { engine, origin, pid } = of;
  const TEAMS = 2_000;
  /** Clues of the one case and of the other: nobody solves a clue twice. */
  const HALF = 25;
  try {
    settings.say(`joining ${TEAMS} teams`);
    const hunt = await openBenchHunt(engine, { teams: TEAMS, moving: true });
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
        if (run.failed > 0) throw new Error(`${run.failed} responses of ${name} are wrong: ${run.failure}`);
        await sleep(1_500); // the consequences of one burst must not fall into the next
        if (round === 0) continue; // warming up
        rates.get(name)?.push(run.requests / run.seconds);
        p99.get(name)?.push(quantileOf(run.latencies, 0.99));
        const micros = (((cpuSeconds(pid) ?? Number.NaN) - cpu) * 1e6) / run.requests;
        if (Number.isFinite(micros)) cpus.get(name)?.push(micros);
        settings.say(`round ${round} ${name} ${(run.requests / run.seconds).toFixed(0)}/s`);
      }
    }
    const ratesOf = (name: string): number[] => rates.get(name) ?? [];
    const correct = names
      .slice(0, 2)
      .map((name) => ratesOf(name))
      .reduce((one, other) => one.map((rate, round) => medianOf([rate, other[round] ?? rate])));
    return [
      ...names.flatMap((name) => [
        caseOf(name, "1/s", ratesOf(name)),
        ...((cpus.get(name) ?? []).length > 0
          ? [caseOf(`${name}: CPU with all that follows`, "µs", cpus.get(name) ?? [])]
          : []),
        caseOf(`${name}: p99`, "ms", p99.get(name) ?? []),
      ]),
      ratioOf("hot clue / spread clues", ratesOf("hot clue"), ratesOf("spread clues")),
      ratioOf("correct / wrong answers", correct, ratesOf("wrong answers")),
    ];
  } finally {
    await engine.stop();
  }
}
