/**
 * The live sockets of a shard's teams. Hibernatable: what must be known of a
 * socket is its tag and its attachment, so that the object may sleep under it.
 * Events take the same way as over HTTP; pushes are hints, which `/me` repeats.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { Announcement, Result } from "../protocol.ts";
import type { Sql } from "./counted-sql.ts";

/** Longest frame of a client, bytes. */
export const FRAME_MAX = 4_096;

/** Sockets of one team: a few devices a player. */
const SOCKETS_PER_TEAM = 100;

/** Frames of one socket being decided at the same time; beyond it the client goes too fast. */
const FRAMES_IN_FLIGHT = 16;

/** Solved and unlocked clues in one push; more are in `/me`. */
const CLUES_PER_PUSH = 1_000;

/** RFC 6455: a message too big to process, and a policy violation. */
const CLOSE_NORMAL = 1_000;
const CLOSE_TOO_BIG = 1_009;
const CLOSE_POLICY = 1_008;

/** The canonical ping is answered without waking the object. */
export const PING = '{"ping":true}';
export const PONG = '{"pong":true}';

const SCHEMA = `CREATE TABLE IF NOT EXISTS ticket (
  id TEXT PRIMARY KEY,
  expires INTEGER NOT NULL -- epoch ms
) WITHOUT ROWID`;

/** The header that carries a verified ticket to the shard; objects are reached through the edge only. */
export const TICKET_HEADER = "X-Hunt-Ticket";

/** What a verified ticket says. */
export interface TicketClaims {
  id: string;
  team: string;
  player: string;
  /** Epoch ms. */
  expires: number;
}

interface Attachment {
  team: string;
  player: string;
}

/** What team-mates are told of a team's progress. */
export interface Progress {
  solved: string[];
  unlocked: string[];
}

export interface LiveDeps {
  ctx: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "setWebSocketAutoResponse">;
  sql: Sql;
  now(): number;
  /** Sockets of this object at most. */
  socketsMax: number;
  /** Decides events of a frame of at most `FRAME_MAX` bytes; resolves when what they recorded is durable. */
  play(
    team: string,
    player: string,
    events: readonly unknown[],
  ): Promise<{ results: Result[]; asOf: number } | Refusal>;
  /** The frame about a team's score and place; undefined: there is no such team. */
  progress(team: string, progress: Progress): Promise<object | undefined>;
  /** How long to gather progress before it is pushed, ms: the standings must have heard of it. */
  pushDelay: number;
}

export class LiveSockets {
  readonly #deps: LiveDeps;
  readonly #inFlight = new WeakMap<WebSocket, number>();
  #pending = new Map<string, Progress>();
  #timer = false;
  /** At least one socket may be open: most shards have none, and then pushing costs nothing. */
  #any: boolean;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    deps.sql.exec(SCHEMA);
    deps.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#any = deps.ctx.getWebSockets().length > 0;
  }

  get any(): boolean {
    return this.#any;
  }

  /** Opens a socket for the holder of an unused ticket. `first`: what it is told at once. */
  accept(ticket: TicketClaims, first: object): Response | Refusal {
    const { ctx, sql } = this.#deps;
    const now = this.#deps.now();
    if (now > ticket.expires) return refuse("unauthenticated", "the ticket has expired");
    sql.exec("DELETE FROM ticket WHERE expires < ?", now);
    const spent = sql.exec(
      "INSERT OR IGNORE INTO ticket (id, expires) VALUES (?, ?)",
      ticket.id,
      ticket.expires,
    );
    if (spent.rowsWritten === 0) return refuse("unauthenticated", "the ticket was used before");
    if (ctx.getWebSockets().length >= this.#deps.socketsMax) {
      return refuse("overloaded", "this part of the hunt has too many live sockets");
    }
    if (ctx.getWebSockets(ticket.team).length >= SOCKETS_PER_TEAM) {
      return refuse("rate_limited", "the team has too many live sockets");
    }
    const { 0: client, 1: server } = new WebSocketPair();
    ctx.acceptWebSocket(server, [ticket.team]);
    server.serializeAttachment({ team: ticket.team, player: ticket.player } satisfies Attachment);
    this.#any = true;
    send(server, first);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** A client's frame. Never throws for what a client sends. */
  async message(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (typeof data !== "string" || Buffer.byteLength(data) > FRAME_MAX) {
      sendError(socket, refuse("payload_too_large", `a frame is text of ${FRAME_MAX} bytes at most`));
      socket.close(CLOSE_TOO_BIG, "frame too large");
      return;
    }
    const frame = parse(data);
    if (frame?.ping !== undefined) {
      send(socket, { pong: frame.ping });
      return;
    }
    if (!Array.isArray(frame?.events) || frame.events.length === 0) {
      sendError(socket, refuse("bad_request", "a frame is {events: […]} or {ping}"));
      return;
    }
    const waiting = this.#inFlight.get(socket) ?? 0;
    if (waiting >= FRAMES_IN_FLIGHT) {
      sendError(socket, refuse("rate_limited", "wait for results before sending more"));
      return;
    }
    const { team, player } = socket.deserializeAttachment() as Attachment;
    this.#inFlight.set(socket, waiting + 1);
    try {
      const answer = await this.#deps.play(team, player, frame.events);
      if (!("refused" in answer)) {
        send(socket, { results: answer.results, asOf: new Date(answer.asOf).toISOString() });
      } else {
        sendError(socket, answer);
        if (answer.refused === "forbidden") socket.close(CLOSE_POLICY, "no longer a member");
      }
    } finally {
      this.#inFlight.set(socket, (this.#inFlight.get(socket) ?? 1) - 1);
    }
  }

  /** Something of the team's became durable: team-mates are told soon, together with what comes meanwhile. */
  noteProgress(team: string, { solved, unlocked }: Progress): void {
    if (!this.#any) return;
    const pending = this.#pending.get(team) ?? { solved: [], unlocked: [] };
    pending.solved.push(...solved);
    pending.unlocked.push(...unlocked);
    this.#pending.set(team, pending);
    if (this.#timer) return;
    this.#timer = true;
    setTimeout(() => {
      this.#timer = false;
      this.#pushProgress().catch((error: unknown) => {
        console.warn({ message: "progress could not be pushed", error: String(error) });
      });
    }, this.#deps.pushDelay);
  }

  async #pushProgress(): Promise<void> {
    const pending = this.#pending;
    this.#pending = new Map();
    await Promise.all(
      [...pending].map(async ([team, progress]) => {
        if (this.#deps.ctx.getWebSockets(team).length === 0) return;
        const frame = await this.#deps.progress(team, {
          solved: progress.solved.slice(0, CLUES_PER_PUSH),
          unlocked: progress.unlocked.slice(0, CLUES_PER_PUSH),
        });
        // Asked anew: sockets come and go during the await.
        if (frame) for (const socket of this.#deps.ctx.getWebSockets(team)) send(socket, frame);
      }),
    );
  }

  /** Tells every socket, or those of teams that `concerns`. */
  tellAll(frame: object, concerns?: (team: string) => boolean): void {
    if (!this.#any) return;
    const text = JSON.stringify(frame);
    const known = new Map<string, boolean>();
    for (const socket of this.#deps.ctx.getWebSockets()) {
      if (concerns) {
        const { team } = socket.deserializeAttachment() as Attachment;
        const told = known.get(team) ?? concerns(team);
        known.set(team, told);
        if (!told) continue;
      }
      sendText(socket, text);
    }
  }

  /** A client closed its socket. */
  closed(socket: WebSocket, code: number): void {
    answerClose(socket, code);
    this.#any = this.#deps.ctx.getWebSockets().length > 0;
  }
}

export const announcementFrame = ({ at, ...rest }: Announcement): object => ({
  announcement: { ...rest, at: new Date(at).toISOString() },
});

/** A refusal as an object answers it to an upgrade; the edge makes a problem document of it. */
export const refusalResponse = (refusal: Refusal): Response => Response.json(refusal, { status: 400 });

/** The closing handshake's other half, which the runtime leaves to the object when a Worker passed the socket on. */
export function answerClose(socket: WebSocket, code: number): void {
  // 1005 and 1006 say that there was no code, and may not be sent.
  if (socket.readyState !== WebSocket.CLOSED)
    socket.close(code >= 3_000 || code < 1_005 ? code : CLOSE_NORMAL);
}

/** A client's frame as an object; undefined when it is none. */
export function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

export function send(socket: WebSocket, frame: object): void {
  sendText(socket, JSON.stringify(frame));
}

export function sendError(socket: WebSocket, { refused, detail }: Refusal): void {
  send(socket, { error: { code: refused, detail } });
}

export function sendText(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch (error) {
    // It went away meanwhile: its close event tells the rest. Anything else is our mistake.
    if (!(error instanceof Error) || socket.readyState === WebSocket.OPEN) throw error;
  }
}
