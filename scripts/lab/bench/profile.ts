/**
 * Where workerd's time goes under load: a CPU profile of the isolate, taken
 * over the inspector, summed by function and by file.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import { startEngine } from "../../local/engine.ts";
import { type Call, closedLoop } from "./client.ts";
import { openBenchHunt } from "./hunt.ts";
import { openPlayerSockets } from "./player-socket.ts";
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
  mode: string;
  /** Share of wall time in which the isolate ran anything at all. */
  busy: number;
  events: number;
  /** Self time by function, highest first. */
  functions: { name: string; microsPerEvent: number; share: number }[];
}

/** Functions in the report. */
const TOP = 40;

export async function profileEvents(
  scratch: string,
  { seconds, connections }: { seconds: number; connections: number },
  say: (line: string) => void,
): Promise<ProfileFigures[]> {
  const engine = await startEngine({
    dataDir: join(scratch, "profiled"),
    vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1" },
    direct: true,
    inspect: true,
  });
  try {
    const hunt = await openBenchHunt(engine, { teams: 500 });
    const origin = (engine.directUrl ?? engine.url).origin;
    const profiler = await attach(await engine.miniflare.getInspectorURL());
    const figures: ProfileFigures[] = [];
    const board: Call = { method: "GET", path: `/v1/hunts/${hunt.id}/leaderboard?limit=50`, headers: {} };
    const modes: [mode: string, each: number, next: () => Call][] = [
      ["single event", 1, () => hunt.event()],
      ["batch of 50", 50, () => hunt.batch(50)],
      ["leaderboard read", 1, () => board],
    ];
    const sockets = await openPlayerSockets(hunt, origin, connections);
    const load = (next: () => Call, duration: number) =>
      closedLoop({ origin, next, connections, seconds: duration });
    const frames = async (duration: number) => {
      const check = (frame: string): boolean => frame.includes('"seq":');
      const run = await socketLoop(sockets, {
        inFlight: 4,
        seconds: duration,
        next: () => hunt.body(),
        check,
      });
      return { requests: run.frames };
    };
    const runs = modes.map(
      ([mode, each, next]) => [mode, each, (duration: number) => load(next, duration)] as const,
    );
    for (const [mode, each, run] of [...runs, ["event over a socket", 1, frames] as const]) {
      // What follows of the mode before (shipping, the consumer) falls not into this one.
      await sleep(5_000);
      await run(2);
      await profiler.send("Profiler.setSamplingInterval", { interval: INTERVAL });
      await profiler.send("Profiler.start");
      const { requests } = await run(seconds);
      const { profile } = (await profiler.send("Profiler.stop")) as { profile: CpuProfile };
      figures.push(summaryOf(profile, mode, requests * each));
      say(`profiled ${requests * each} times (${mode})`);
    }
    profiler.close();
    for (const socket of sockets) socket.close();
    return figures;
  } finally {
    await engine.stop();
  }
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
    functions: [...self]
      .sort((a, b) => b[1] - a[1])
      .slice(0, TOP)
      .map(([name, micros]) => ({ name, microsPerEvent: micros / events, share: micros / busy })),
  };
}

interface Inspector {
  send(method: string, params?: object): Promise<unknown>;
  close(): void;
}

async function attach(url: URL): Promise<Inspector> {
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
