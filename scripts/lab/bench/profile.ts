/**
 * Where workerd's time goes under load: a CPU profile of the isolate, taken
 * over the inspector, summed by function and by file.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import { type Call, closedLoop } from "./client.ts";
import { type BenchEngine, startEngines, stopAll } from "./engines.ts";
import { openBenchHunt } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
import type { Settings } from "./rounds.ts";
import { socketLoop } from "./socket.ts";

/** µs between samples. */
const INTERVAL = 200;

interface Node {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

interface CpuProfile {
  nodes: Node[];
  samples: number[];
  timeDeltas: number[];
}

export interface ProfileFigures {
  /** The kept bundle's end with BASELINE. */
  mode: string;
  /** Share of wall time in which the isolate ran anything at all. */
  busy: number;
  events: number;
  /** Of the isolate, everything it ran, µs. */
  microsPerEvent: number;
  /** Self time by function, highest first. */
  functions: { name: string; microsPerEvent: number; share: number }[];
}

/** Functions in the report. */
const TOP = 40;

/** Profiles each mode on every engine before the next mode, so that a noisy machine disturbs all alike. */
export async function profileEvents(
  scratch: string,
  { seconds, connections, baseline, say }: Settings,
): Promise<ProfileFigures[]> {
  const engines = await startEngines(scratch, baseline, { inspect: true });
  const profiled: Profiled[] = [];
  try {
    for (const engine of engines) profiled.push(await openProfiled(engine, connections));
    const figures: ProfileFigures[] = [];
    for (const mode of MODES) {
      for (const { modes, profiler, suffix } of profiled) {
        const { each, run } = modes[mode];
        // The shipping and the queue of the mode before must not fall into this one.
        await sleep(5_000);
        await run(2);
        await profiler.send("Profiler.setSamplingInterval", { interval: INTERVAL });
        await profiler.send("Profiler.start");
        const requests = await run(seconds);
        const { profile } = (await profiler.send("Profiler.stop")) as { profile: CpuProfile };
        figures.push(summaryOf(profile, `${mode}${suffix}`, requests * each));
        say(`profiled ${requests * each} times (${mode}${suffix})`);
      }
    }
    return figures;
  } finally {
    for (const { close } of profiled) close();
    await stopAll(engines);
  }
}

const MODES = ["single event", "batch of 50", "leaderboard read", "event over a socket"] as const;

interface Profiled {
  suffix: string;
  profiler: Inspector;
  /** `each`: events in a request. `run` loads for so many seconds and tells the requests. */
  modes: Record<(typeof MODES)[number], { each: number; run(seconds: number): Promise<number> }>;
  close(): void;
}

async function openProfiled({ engine, origin, suffix }: BenchEngine, connections: number): Promise<Profiled> {
  const hunt = await openBenchHunt(engine, { teams: 500 });
  const profiler = await attach(await engine.miniflare.getInspectorURL());
  const sockets = await openPlayerSockets(hunt, origin, connections);
  const board: Call = { method: "GET", path: `/v1/hunts/${hunt.id}/leaderboard?limit=50`, headers: {} };
  const load = (next: () => Call) => async (duration: number) =>
    (await closedLoop({ origin, next, connections, seconds: duration })).requests;
  const frames = async (duration: number): Promise<number> => {
    const { frames: sent } = await socketLoop(sockets, {
      inFlight: 4,
      seconds: duration,
      next: () => hunt.body(),
      check: (frame) => frame.includes('"seq":'),
    });
    return sent;
  };
  return {
    suffix,
    profiler,
    modes: {
      "single event": { each: 1, run: load(() => hunt.event()) },
      "batch of 50": { each: 50, run: load(() => hunt.batch(50)) },
      "leaderboard read": { each: 1, run: load(() => board) },
      "event over a socket": { each: 1, run: frames },
    },
    close() {
      profiler.close();
      for (const socket of sockets) socket.close();
    },
  };
}

function summaryOf(profile: CpuProfile, mode: string, events: number): ProfileFigures {
  const names = new Map(
    profile.nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || "(anonymous)"} ${callFrame.url.split("/").at(-1) ?? ""}:${callFrame.lineNumber + 1}`,
    ]),
  );
  const self = new Map<string, number>();
  let total = 0;
  let idle = 0;
  profile.samples.forEach((id, index) => {
    const micros = profile.timeDeltas[index] ?? 0;
    const name = names.get(id) ?? "";
    total += micros;
    if (name.startsWith("(idle)")) idle += micros;
    else self.set(name, (self.get(name) ?? 0) + micros);
  });
  const busy = total - idle;
  return {
    mode,
    busy: busy / total,
    events,
    microsPerEvent: busy / events,
    functions: [...self]
      .sort((a, b) => b[1] - a[1])
      .slice(0, TOP)
      .map(([name, micros]) => ({ name, microsPerEvent: micros / events, share: micros / busy })),
  };
}

export interface Inspector {
  send(method: string, params?: object): Promise<unknown>;
  close(): void;
}

/** Connects to the inspector of an engine that was started with `inspect`. */
export async function attach(url: URL): Promise<Inspector> {
  const listing = new URL("/json", url);
  listing.protocol = "http:";
  const targets = (await (await fetch(listing)).json()) as { webSocketDebuggerUrl: string }[];
  const target = targets[0];
  if (!target) throw new Error("the engine offers no inspector");
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const waiting = new Map<number, { done(result: unknown): void; failed(error: Error): void }>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data)) as {
      id?: number;
      result?: unknown;
      error?: { message: string };
    };
    const call = waiting.get(id ?? -1);
    if (!call) return;
    waiting.delete(id ?? -1);
    if (error) call.failed(new Error(error.message));
    else call.done(result);
  });
  await new Promise<void>((done, failed) => {
    socket.addEventListener("open", () => done());
    socket.addEventListener("error", () => failed(new Error("the inspector refused the connection")));
  });
  const send = (method: string, params: object = {}): Promise<unknown> => {
    last += 1;
    const id = last;
    return new Promise((done, failed) => {
      waiting.set(id, { done, failed });
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  await send("Profiler.enable");
  return { send, close: () => socket.close() };
}
