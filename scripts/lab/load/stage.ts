/** Where a load plays: an engine of its own or the user's, a hunt made for it, its players and sockets. */
import { join } from "node:path";
import type { JoinBody, Joined } from "../../../src/contract/join.ts";
import type { Ticket } from "../../../src/contract/live.ts";
import { type Engine, startEngine } from "../../local/engine.ts";
import { mintOrganiserToken } from "../../local/secrets.ts";
import { benchDefinition, JOINING } from "../bench/hunt.ts";
import { FrameSocket } from "../bench/socket.ts";
import type { Player } from "./run.ts";

export interface Stage {
  origin: string;
  hunt: string;
  players: Player[];
  close(): Promise<void>;
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
        ...(options.addressOf ? { TRUST_PROXY: "on" } : {}),
        ...options.vars,
      },
    });
  }
  const origin = options.target?.url.origin ?? engine?.url.origin ?? "";
  const token = options.target?.token ?? (engine ? await mintOrganiserToken(engine.secrets) : "");
  const hunt = `load-${Date.now().toString(36)}-${stages}`;
  const sockets: FrameSocket[] = [];
  try {
    await call(origin, token, "PUT", `/v1/hunts/${hunt}`, {
      ...(options.definition ?? benchDefinition),
      hunt,
    });
    await call(origin, token, "POST", `/v1/hunts/${hunt}/phase`, { phase: "live" });
    const players = await joinPlayers(origin, hunt, options);
    for (const player of players.slice(0, options.sockets)) {
      const socket = await socketOf(origin, hunt, player.token);
      sockets.push(socket);
      player.socket = (frame) => socket.send(frame);
    }
    return { origin, hunt, players, close };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    for (const socket of sockets) socket.close();
    await engine?.stop();
  }
}

async function call(
  origin: string,
  token: string,
  method: string,
  path: string,
  body: unknown,
  address?: string,
): Promise<unknown> {
  const response = await fetch(new URL(path, origin), {
    method,
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(address === undefined ? {} : { "cf-connecting-ip": address }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  return JSON.parse(text) as unknown;
}

async function joinPlayers(
  origin: string,
  hunt: string,
  { players: count, addressOf, definition }: Pick<StageOptions, "players" | "addressOf" | "definition">,
): Promise<Player[]> {
  const players: Player[] = [];
  const inTeams = (definition as { teams?: { mode?: string } } | undefined)?.teams?.mode === "teams";
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  await Promise.all(
    Array.from({ length: JOINING }, async () => {
      for (const number of numbers) {
        const body: JoinBody = {
          name: `Player ${number}`,
          ...(inTeams ? { team: { create: `Team ${number}` } } : {}),
        };
        const address = addressOf?.(number);
        const { token } = (await call(
          origin,
          "",
          "POST",
          `/v1/hunts/${hunt}/players`,
          body,
          address,
        )) as Joined;
        players.push({ token, ...(address === undefined ? {} : { address }) });
      }
    }),
  );
  return players;
}

async function socketOf(origin: string, hunt: string, token: string): Promise<FrameSocket> {
  const { ticket } = (await call(origin, token, "POST", `/v1/hunts/${hunt}/tickets`, {})) as Ticket;
  const url = new URL(`/v1/hunts/${hunt}/live`, origin.replace(/^http/, "ws"));
  url.searchParams.set("ticket", ticket);
  return FrameSocket.open(url, (frame) => /^\{"(results|error)"/.test(frame));
}
