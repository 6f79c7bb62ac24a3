/**
 * The load of the story: an open loop of players. Each request has an intended
 * time, drawn beforehand from a seed, and its latency counts from there: a
 * server that stalls does not slow the players down, and a stalled generator
 * shows in the figures instead of hiding.
 */
import { Pool } from "undici";
import type { JoinBody } from "../../../src/contract/join.ts";
import type { EventsBody } from "../../../src/contract/play.ts";
import type { Call } from "../bench/client.ts";
import { chance } from "../measure/chance.ts";
import { arrivals, atTheirTimes } from "../measure/open-loop.ts";

/** When a player gives up, ms; counted as an error that took so long. */
export const GIVES_UP = 10_000;

/** Connections: enough for every request that may be under way when nothing responds. */
const CONNECTIONS_MAX = 5_000;

const KINDS = ["answer", "me", "leaderboard", "hunt", "join"] as const;
type Kind = (typeof KINDS)[number];

/** Shares of the mix. */
const MIX: Record<Kind, number> = { answer: 0.7, me: 0.14, leaderboard: 0.12, hunt: 0.03, join: 0.01 };

/** Share of answers that are right. */
const RIGHT = 0.08;

/** Outcomes that are recorded; `already_solved` changes nothing and is not. */
const RECORDED = ["correct", "incorrect"];

export const CLUES = 100;

export interface Player {
  token: string;
  team: string;
}

interface StoryCall extends Call {
  kind: Kind;
  /** The event in it. */
  event?: string;
  team?: string;
}

export interface Sample {
  kind: Kind;
  /** Intended time, ms since the load began. */
  at: number;
  /** From the intended time to the whole response, ms. */
  ms: number;
  ok: boolean;
}

export interface Acknowledged {
  team: string;
  event: string;
}

export interface LoadResult {
  samples: Sample[];
  /** Events whose result says recorded. */
  acknowledged: Acknowledged[];
  /** The first failures, by their text, and how many there were of each. */
  failures: Map<string, number>;
  /** How late the generator itself sent, worst, ms. */
  latestSend: number;
}

export interface LoadOptions {
  origin: string;
  hunt: string;
  /** Those who play; latecomers only join. */
  players: readonly Player[];
  /** Requests per second, on average. */
  rate: number;
  seconds: number;
  seed: number;
}

/** Runs the load to its end; resolves when the last request has its response or is given up. */
export async function openLoop(options: LoadOptions): Promise<LoadResult> {
  const pool = new Pool(options.origin, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const script = schedule(options);
  const result: LoadResult = { samples: [], acknowledged: [], failures: new Map(), latestSend: 0 };
  const pace = await atTheirTimes(script, ({ at, call }, intended) => send(pool, call, intended, at, result));
  result.latestSend = pace.latestSend;
  await pool.close();
  return result;
}

async function send(
  pool: Pool,
  call: StoryCall,
  intended: number,
  at: number,
  result: LoadResult,
): Promise<void> {
  let failure: string | undefined;
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(intended + GIVES_UP - performance.now())));
    const { method, path, headers, body } = call;
    const response = await pool.request({ method, path, headers, body: body ?? null, signal });
    const text = await response.body.text();
    if (response.statusCode >= 300) failure = `${response.statusCode} ${reasonOf(text)}`;
    else if (call.event !== undefined && call.team !== undefined) {
      const outcome = /"outcome":"(\w+)"/.exec(text)?.[1] ?? "none";
      if (RECORDED.includes(outcome)) result.acknowledged.push({ team: call.team, event: call.event });
      else if (outcome !== "already_solved") failure = `outcome ${outcome}`;
    }
  } catch (error) {
    failure = causeOf(error);
  }
  if (failure !== undefined) result.failures.set(failure, (result.failures.get(failure) ?? 0) + 1);
  result.samples.push({ kind: call.kind, at, ms: performance.now() - intended, ok: failure === undefined });
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no response in time";
  return "code" in error ? String(error.code) : error.name;
}

function reasonOf(text: string): string {
  return /"(?:code|error)":"([^"]*)"/.exec(text)?.[1] ?? text.slice(0, 80);
}

/** The script of all calls with their times: the same for the same seed, but for tokens and teams. */
function schedule({ hunt, players, rate, seconds, seed }: LoadOptions): { at: number; call: StoryCall }[] {
  const random = chance(seed);
  const solved = new Map<Player, number>();
  const script: { at: number; call: StoryCall }[] = [];
  for (const { at } of arrivals(rate, seconds, random)) {
    const player = players[Math.floor(random() * players.length)];
    if (!player) throw new Error("a load needs players");
    script.push({
      at,
      call: callOf(draw(random()), `${seed}-${script.length + 1}`, hunt, player, random, solved),
    });
  }
  return script;
}

function draw(chance: number): Kind {
  let left = chance;
  for (const kind of KINDS) {
    left -= MIX[kind];
    if (left < 0) return kind;
  }
  return "answer";
}

function callOf(
  kind: Kind,
  mark: string,
  hunt: string,
  player: Player,
  random: () => number,
  solved: Map<Player, number>,
): StoryCall {
  const path = `/v1/hunts/${hunt}`;
  const authorization = { authorization: `Bearer ${player.token}` };
  const json = { "content-type": "application/json" };
  switch (kind) {
    case "answer": {
      const right = random() < RIGHT;
      const next = solved.get(player) ?? 0;
      if (right) solved.set(player, next + 1);
      const clue = right ? next % CLUES : Math.floor(random() * CLUES);
      const event = `e-${mark}`;
      const answer = right ? `answer ${clue}` : `wrong ${mark}`;
      const body = JSON.stringify({
        events: [{ id: event, type: "answer", clue: `clue-${clue}`, answer }],
      } satisfies EventsBody);
      const headers = { ...authorization, ...json };
      return { kind, method: "POST", path: `${path}/events`, headers, body, event, team: player.team };
    }
    case "me":
      return { kind, method: "GET", path: `${path}/me`, headers: authorization };
    case "leaderboard":
      return { kind, method: "GET", path: `${path}/leaderboard?limit=50`, headers: {} };
    case "hunt":
      return { kind, method: "GET", path, headers: {} };
    case "join": {
      const body = JSON.stringify({ name: `Latecomer ${mark}` } satisfies JoinBody);
      return { kind, method: "POST", path: `${path}/players`, headers: json, body };
    }
  }
}
