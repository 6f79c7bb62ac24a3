/** Players, spectators and hunts of the experiments on engines. */
import { WebSocket } from "undici";
import type { JoinBody, Joined } from "../../../src/contract/join.ts";
import type { Ticket } from "../../../src/contract/live.ts";
import type { EventsBody, PlayerEvent, Result, Results } from "../../../src/contract/play.ts";
import { JOINING } from "../bench/hunt.ts";
import type { Subject } from "./engines.ts";

export const CLUES = 60;

/** A hunt of many clues, without any limit of its own. */
export const definition = {
  format: 1,
  title: "Tune",
  teams: { mode: "solo" },
  attempts: { burst: 1_000_000, refillPerMinute: 1_000_000, perClue: 0 },
  rounds: [{ id: "all", title: "All" }],
  clues: Array.from({ length: CLUES }, (_, index) => ({
    id: `clue-${index}`,
    round: "all",
    title: `Clue ${index}`,
    body: "Say the word.",
    kind: "answer",
    points: 100,
    answers: [`answer ${index}`],
  })),
};

export interface Player {
  hunt: string;
  token: string;
  team: string;
}

/** Runs `work` for 0 to count − 1, some at a time. */
export async function each(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index).values();
  await Promise.all(
    Array.from({ length: Math.min(count, atOnce) }, async () => {
      for (const index of numbers) await work(index);
    }),
  );
}

/** Joins players; `addressOf`: where each comes from. */
export async function joinPlayers(
  subject: Subject,
  hunt: string,
  count: number,
  { addressOf, bodyOf }: { addressOf?: (index: number) => string; bodyOf?: (index: number) => JoinBody } = {},
): Promise<Player[]> {
  const players: Player[] = [];
  await each(count, JOINING, async (index) => {
    const { token, team } = await subject.ask<Joined>("POST", `/v1/hunts/${hunt}/players`, {
      body: bodyOf?.(index) ?? ({ name: `Player ${index}` } satisfies JoinBody),
      address: addressOf?.(index),
    });
    players[index] = { hunt, token, team: team.id };
  });
  return players;
}

let events = 0;
/** No id is used twice. */
export const eventId = (): string => {
  events += 1;
  return `t-${events}`;
};

export const wrong = (clue: number, text = ""): PlayerEvent => {
  const id = eventId();
  return { id, type: "answer", clue: `clue-${clue % CLUES}`, answer: `wrong ${id} ${text}` };
};

export const right = (clue: number): PlayerEvent => ({
  id: eventId(),
  type: "answer",
  clue: `clue-${clue}`,
  answer: `answer ${clue}`,
});

/** The results; the status when the request was refused. */
export async function send(
  subject: Subject,
  { hunt, token }: Player,
  list: PlayerEvent[],
  address?: string,
): Promise<Result[] | number> {
  const { status, text } = await subject.call("POST", `/v1/hunts/${hunt}/events`, {
    token,
    address,
    body: { events: list } satisfies EventsBody,
  });
  return status === 200 ? (JSON.parse(text) as Results).results : status;
}

/** The same where nothing may be refused. */
export async function play(subject: Subject, player: Player, list: PlayerEvent[]): Promise<Result[]> {
  const results = await send(subject, player, list);
  if (typeof results === "number") throw new Error(`events are refused: ${results}`);
  return results;
}

export interface LiveSocket {
  frames: number;
  close(): void;
}

/** Opens a socket: a spectator's, or with a player that player's. Undefined: it was refused. */
export async function openSocket(
  subject: Subject,
  hunt: string,
  player?: Player,
  heard: (frame: string) => void = () => undefined,
): Promise<LiveSocket | undefined> {
  const url = new URL(`/v1/hunts/${hunt}/live`, subject.engine.url);
  url.protocol = "ws:";
  if (player) {
    const { ticket } = await subject.ask<Ticket>("POST", `/v1/hunts/${hunt}/tickets`, {
      token: player.token,
      body: {},
    });
    url.searchParams.set("ticket", ticket);
  }
  const socket = new WebSocket(url);
  const live: LiveSocket = { frames: 0, close: () => socket.close() };
  socket.addEventListener("message", ({ data }) => {
    live.frames += 1;
    heard(String(data));
  });
  return new Promise((done) => {
    socket.addEventListener("open", () => done(live));
    socket.addEventListener("error", () => done(undefined));
  });
}
