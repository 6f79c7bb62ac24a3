/** Where a load plays: an engine of its own or the user's, a hunt made for it, its players and sockets. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HuntClient } from "../../../client/src/index.ts";
import type { Audit, Stats } from "../../../src/contract/data.ts";
import type { JoinBody } from "../../../src/contract/join.ts";
import type { Ticket } from "../../../src/contract/live.ts";
import { type Engine, startEngine } from "../../local/engine.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import { benchDefinition, JOINING } from "../bench/hunt.ts";
import { FrameSocket } from "../bench/socket.ts";
import type { Player } from "./run.ts";

export interface Stage {
  origin: string;
  hunt: string;
  /** Those who have joined. */
  players: Player[];
  /** So many more join, evenly over so long; resolves when they have, or the stage closes. */
  joinLater(count: number, seconds: number): Promise<void>;
  /** What each shard has by now, and how the hunt grew by itself. */
  shards(): Promise<Shards>;
  /** A call with the organiser's token; throws on anything but 2xx. */
  organise(method: string, path: string, body: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export interface Shards {
  shards: Pick<Stats["shards"][number], "shard" | "teams" | "seq">[];
  /** When the engine added shards (epoch ms), and how many a region there were then. */
  grown: { at: number; shardsPerRegion: number }[];
}

export interface StageOptions {
  players: number;
  /** Players with a socket. */
  sockets: number;
  /** The user's own engine; undefined: one is started here. */
  target?: { url: URL; token: string } | undefined;
  scratch: string;
  vars?: Record<string, string>;
  /** Where the requests of a player come from, by its number; undefined: from this machine. */
  addressOf?: (player: number) => string;
  /** What is played; undefined: the benchmarks' hunt. */
  definition?: object;
  /** The hunt stays as the definition has it: its players wait. */
  waits?: true;
  /** Hears every frame of a player's socket, by its number. */
  heard?: (player: number, frame: string) => void;
}

let stages = 0;

export async function openStage(options: StageOptions): Promise<Stage> {
  stages += 1;
  let engine: Engine | undefined;
  if (!options.target) {
    engine = await startEngine({
      dataDir: join(options.scratch, `load-${stages}`),
      vars: {
        RATE_LIMITS: "off",
        SHARDS_PER_REGION: "1",
        SHARDS_MAX: "1",
        ...(options.addressOf ? { TRUST_PROXY: "on" } : {}),
        ...options.vars,
      },
    });
  }
  const origin = options.target?.url.origin ?? engine?.url.origin ?? "";
  const token = options.target?.token ?? (engine ? await mintOrganiserToken(engine.secrets) : "");
  const hunt = `load-${Date.now().toString(36)}-${stages}`;
  const sockets: FrameSocket[] = [];
  let isClosed = false;
  try {
    await call(origin, token, "PUT", `/v1/hunts/${hunt}`, {
      ...(options.definition ?? benchDefinition),
      hunt,
    });
    if (!options.waits) await call(origin, token, "POST", `/v1/hunts/${hunt}/phase`, { phase: "live" });
    const players = await joinPlayers(origin, hunt, options);
    for (const [number, player] of players.slice(0, options.sockets).entries()) {
      const heard = (frame: string): void => options.heard?.(number, frame);
      const socket = await socketOf(origin, hunt, player.token, heard);
      sockets.push(socket);
      player.socket = (frame) => socket.send(frame);
    }
    const organise = (method: string, path: string, body: unknown) => call(origin, token, method, path, body);
    return { origin, hunt, players, organise, joinLater, shards, close };

    async function joinLater(count: number, seconds: number): Promise<void> {
      const begun = performance.now();
      for (let number = 0; number < count && !isClosed; number += 1) {
        const due = begun + (number * seconds * 1_000) / count;
        await sleep(Math.max(0, due - performance.now()));
        players.push(...(await joinPlayers(origin, hunt, { ...options, players: 1, from: players.length })));
      }
    }
  } catch (error) {
    await close();
    throw error;
  }

  async function shards(): Promise<Shards> {
    const get = (path: string) => call(origin, token, "GET", `/v1/hunts/${hunt}/${path}`);
    const { shards: told } = (await get("stats")) as Stats;
    const { entries } = (await get("audit?limit=100")) as Audit;
    const grown = entries
      .filter(({ actor, action }) => actor === "engine" && action === "shards")
      .map(({ at, detail }) => ({ at: Date.parse(at), shardsPerRegion: Number(detail.shardsPerRegion) }))
      .reverse();
    return { shards: told.map(({ shard, teams, seq }) => ({ shard, teams, seq })), grown };
  }

  async function close(): Promise<void> {
    isClosed = true;
    for (const socket of sockets) socket.close();
    await engine?.stop();
  }
}

async function call(
  origin: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(new URL(path, origin), {
    method,
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  return JSON.parse(text) as unknown;
}

async function joinPlayers(
  origin: string,
  hunt: string,
  {
    players: count,
    addressOf,
    definition,
    from = 0,
  }: Pick<StageOptions, "players" | "addressOf" | "definition"> & { from?: number },
): Promise<Player[]> {
  const players: Player[] = [];
  const inTeams = (definition as { teams?: { mode?: string } } | undefined)?.teams?.mode === "teams";
  const numbers = Array.from({ length: count }, (_, number) => from + number).values();
  await Promise.all(
    Array.from({ length: JOINING }, async () => {
      for (const number of numbers) {
        const body: JoinBody = {
          name: `Player ${number}`,
          ...(inTeams ? { team: { create: `Team ${number}` } } : {}),
        };
        const address = addressOf?.(number);
        const token = await tokenOf(origin, hunt, body, address);
        players.push({ token, ...(address === undefined ? {} : { address }) });
      }
    }),
  );
  return players;
}

/** As a program of a player's would, but for the address: gives the token. */
async function tokenOf(
  origin: string,
  hunt: string,
  body: JoinBody,
  address: string | undefined,
): Promise<string> {
  const from = address === undefined ? {} : { "cf-connecting-ip": address };
  const client = new HuntClient({
    url: origin,
    hunt,
    fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, ...from } }),
  });
  await client.join(body);
  return client.token ?? "";
}

async function socketOf(
  origin: string,
  hunt: string,
  token: string,
  heard: (frame: string) => void,
): Promise<FrameSocket> {
  const { ticket } = (await call(origin, token, "POST", `/v1/hunts/${hunt}/tickets`, {})) as Ticket;
  const url = new URL(`/v1/hunts/${hunt}/live`, origin.replace(/^http/, "ws"));
  url.searchParams.set("ticket", ticket);
  return FrameSocket.open(url, (frame) => {
    heard(frame);
    return /^\{"(results|error)"/.test(frame);
  });
}
