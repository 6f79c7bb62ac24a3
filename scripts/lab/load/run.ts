/**
 * Runs actions as an open loop: each at its intended time, whatever became of
 * those before, and its latency counted from there. A server that stalls does
 * not slow its load down, and a generator that stalls shows in the figures.
 */
import { build, type Histogram } from "hdr-histogram-js";
import { Pool } from "undici";
import { atTheirTimes } from "../measure/open-loop.ts";
import type { Action, Kind } from "./crowd.ts";
import { KINDS } from "./crowd.ts";

/** When a player gives up, ms. */
const GIVES_UP = 30_000;

/** Connections: as many requests as can be under way. */
const CONNECTIONS_MAX = 5_000;

/** A player who acts. */
export interface Player {
  token: string;
  /** Where its requests come from; undefined: from this machine. */
  address?: string;
  /** Sends a frame and resolves to the response; undefined: this player has no socket. */
  socket?: (frame: string) => Promise<string>;
}

export interface Second {
  offered: number;
  answered: number;
  failed: number;
  /** ms, of those that were due in this second. */
  latencies: number[];
}

export interface LoadRun {
  /** Latencies in µs, by kind. */
  latencies: Record<Kind, Histogram>;
  all: Histogram;
  offered: number;
  events: number;
  failures: Map<string, number>;
  failed: number;
  /** By the second in which a request was due. */
  seconds: Second[];
  /** How late the generator itself sent, worst, ms. */
  latestSend: number;
  /** From the start until the last response, s. */
  took: number;
}

export interface Target {
  origin: string;
  hunt: string;
  players: readonly Player[];
}

const histogram = (): Histogram => build({ numberOfSignificantValueDigits: 3 });

export async function runLoad(
  actions: Iterable<Action>,
  target: Target,
  watch?: (run: LoadRun) => void,
): Promise<LoadRun> {
  const pool = new Pool(target.origin, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const run: LoadRun = {
    latencies: Object.fromEntries(KINDS.map((kind) => [kind, histogram()])) as LoadRun["latencies"],
    all: histogram(),
    offered: 0,
    events: 0,
    failures: new Map(),
    failed: 0,
    seconds: [],
    latestSend: 0,
    took: 0,
  };
  const begun = performance.now();
  const ticks = watch && setInterval(() => watch(run), 1_000);
  try {
    const pace = await atTheirTimes(actions, async (action, intended) => {
      const second = secondOf(run, action.at);
      run.offered += 1;
      second.offered += 1;
      const failure = await send(pool, action, target, intended);
      const ms = performance.now() - intended;
      second.answered += 1;
      second.latencies.push(ms);
      run.latencies[action.kind].recordValue(Math.max(1, Math.round(ms * 1_000)));
      run.all.recordValue(Math.max(1, Math.round(ms * 1_000)));
      if (failure === undefined) run.events += action.events.length;
      else {
        second.failed += 1;
        run.failed += 1;
        run.failures.set(failure, (run.failures.get(failure) ?? 0) + 1);
      }
    });
    run.latestSend = pace.latestSend;
  } finally {
    clearInterval(ticks);
    await pool.destroy();
  }
  run.took = (performance.now() - begun) / 1_000;
  return run;
}

function secondOf(run: LoadRun, at: number): Second {
  const index = Math.floor(at / 1_000);
  while (run.seconds.length <= index) {
    run.seconds.push({ offered: 0, answered: 0, failed: 0, latencies: [] });
  }
  const second = run.seconds[index];
  if (!second) throw new Error("seconds are filled up to the one asked for");
  return second;
}

/** Gives the reason of a failure; undefined: it succeeded. */
async function send(
  pool: Pool,
  { kind, player: index, over, events }: Action,
  { hunt, players }: Target,
  intended: number,
): Promise<string | undefined> {
  const player = players[index % players.length];
  if (!player) throw new Error("a load needs players");
  try {
    if (kind === "event" && over === "socket" && player.socket) {
      return outcomeFailure(await player.socket(JSON.stringify({ events })), events.length);
    }
    const path = `/v1/hunts/${hunt}`;
    const authorization = `Bearer ${player.token}`;
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(intended + GIVES_UP - performance.now())));
    const paths: Record<Kind, string> = {
      event: `${path}/events`,
      me: `${path}/me`,
      leaderboard: `${path}/leaderboard?limit=50`,
      hunt: path,
    };
    const { statusCode, body } = await pool.request({
      path: paths[kind],
      method: kind === "event" ? "POST" : "GET",
      headers: {
        ...(kind === "event" || kind === "me" ? { authorization } : {}),
        ...(kind === "event" ? { "content-type": "application/json" } : {}),
        ...(player.address === undefined ? {} : { "cf-connecting-ip": player.address }),
      },
      body: kind === "event" ? JSON.stringify({ events }) : null,
      signal,
    });
    const text = await body.text();
    if (statusCode >= 300) return `${statusCode} ${/"code":"([^"]*)"/.exec(text)?.[1] ?? ""}`.trim();
    return kind === "event" ? outcomeFailure(text, events.length) : undefined;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "TimeoutError") return "no response in time";
    return "code" in error ? String(error.code) : error.name;
  }
}

/** Whether each event was decided; a null worker decides none, and is asked for speed only. */
function outcomeFailure(text: string, events: number): string | undefined {
  if (text === "null") return undefined;
  const outcomes = [...text.matchAll(/"outcome":"(\w+)"/g)].map(([, outcome]) => outcome ?? "");
  const bad = outcomes.find((outcome) => !["correct", "incorrect", "already_solved"].includes(outcome));
  if (bad !== undefined) return `outcome ${bad}`;
  return outcomes.length === events ? undefined : "a response without results";
}

/** The value below which `percentile` per cent of the latencies lie, ms. */
export function quantileMs(histogram: Histogram, percentile: number): number {
  return histogram.getValueAtPercentile(percentile) / 1_000;
}
