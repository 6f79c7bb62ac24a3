/**
 * The live sockets of a shard's teams. Hibernatable: all that must be known of a
 * socket is in its tags and its attachment, so that the object may sleep under
 * it. Events take the same way as over HTTP; pushes are hints, which `/me`
 * repeats.
 */

import { isAhead } from "../ahead.ts";
import type { Clock } from "../clock.ts";
import { EVENTS_MAX } from "../contract/play.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import type { TicketClaims } from "../objects/shard.ts";
import { type Fact, type Result, resultsText } from "../protocol.ts";
import {
  CLOSE_POLICY,
  CLOSE_REPLACED,
  CLOSE_VOID,
  FrameBucket,
  type FrameRate,
  type LiveState,
  parseFrame,
  Sockets,
} from "../sockets/socket.ts";

/** Sockets of one team: a few devices a player. */
const SOCKETS_PER_TEAM = 100;

/** Sockets of one player; the next one closes the oldest, which a phone may have left without closing it. */
const SOCKETS_PER_PLAYER = 10;

/** Frames of one socket being decided at the same time; beyond it the client goes too fast. */
const FRAMES_IN_FLIGHT = 16;

/** Frames of one player, over all its sockets: the figures of PLAYER_RATE in wrangler.toml. */
const FRAME_RATE: FrameRate = { burst: 300, perSecond: 30 };

/** Solved and unlocked clues in one push; more are in `/me`. */
const CLUES_PER_PUSH = 1_000;

/** Characters a player may leave unread: mostly results, for which it must have sent about as much. */
const UNREAD_MAX = 8_000_000;

const SCHEMA = `CREATE TABLE IF NOT EXISTS ticket (
  id TEXT PRIMARY KEY,
  expires INTEGER NOT NULL -- epoch ms
) WITHOUT ROWID`;

/** Whose socket it is. `network`: where it was opened from, as a keyed digest. */
export type From = Pick<TicketClaims, "team" | "player" | "gen" | "network">;

interface Attachment extends From, Pick<TicketClaims, "until"> {
  /** Epoch ms. */
  opened: number;
}

/** What team-mates are told of their team. */
export interface TeamNews {
  solved: string[];
  unlocked: string[];
  /** Prizes won, and by which player. */
  won?: { prize: string; player: string }[];
  /** Its own time began. */
  started?: true;
}

export interface LiveDeps {
  ctx: LiveState;
  sql: Sql;
  clock: Clock;
  /** Sockets of this object at most. */
  socketsMax: number;
  /** Whether players are held to the rate of frames and to reading. */
  limited: boolean;
  /** Decides events of a frame of at most 4 KiB; resolves when what they recorded is durable. */
  play(from: From, events: readonly unknown[]): Promise<{ results: Result[]; asOf: number } | Refusal>;
  /** The frame about a team's score and place; undefined: there is no such team. */
  news(team: string, news: TeamNews): Promise<object | undefined>;
  /** How long to gather news before they are pushed, ms: the standings must have the facts by then. */
  pushDelay: number;
}

export class LiveSockets {
  readonly #deps: LiveDeps;
  readonly #sockets: Sockets;
  readonly #inFlight = new WeakMap<WebSocket, number>();
  /** By player: of those who have sockets, and of those who left with a bucket less than half full. */
  readonly #buckets = new Map<string, FrameBucket>();
  #pending = new Map<string, TeamNews>();
  #timer = false;
  /** The phase that all were told last by this instance of the object; undefined: none yet. */
  #phase: string | undefined;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#sockets = new Sockets(deps.ctx, deps.limited ? UNREAD_MAX : Number.POSITIVE_INFINITY, "shard");
    deps.sql.exec(SCHEMA);
  }

  /** At least one socket may be open: most shards have none, and then pushing costs nothing. */
  get any(): boolean {
    return this.#sockets.any;
  }

  /** Open sockets, about. */
  get count(): number {
    return this.#sockets.count;
  }

  /** Opens a socket for the holder of an unused ticket. `first`: what it is told at once. */
  accept(ticket: TicketClaims, first: object): Response | Refusal {
    const { sql } = this.#deps;
    const now = this.#deps.clock.now();
    if (now > ticket.expires) return refuse("unauthenticated", "the ticket has expired");
    sql.exec("DELETE FROM ticket WHERE expires < ?", now);
    const spent = sql.exec(
      "INSERT OR IGNORE INTO ticket (id, expires) VALUES (?, ?)",
      ticket.id,
      ticket.expires,
    );
    if (spent.rowsWritten === 0) return refuse("unauthenticated", "the ticket was used before");
    this.#replaceOldest(ticket.player, now);
    if (!this.#sockets.hasRoom(this.#deps.socketsMax)) {
      return refuse("overloaded", "this part of the hunt has too many live sockets");
    }
    const { team, player, gen, until, network } = ticket;
    if (this.#sockets.open(team).length >= SOCKETS_PER_TEAM) {
      return refuse("rate_limited", "the team has too many live sockets");
    }
    const { 0: client, 1: server } = new WebSocketPair();
    const attachment: Attachment = { team, player, until, opened: now };
    if (gen !== undefined) attachment.gen = gen;
    if (network !== undefined) attachment.network = network;
    // While nobody was here, phases came and went untold: the next one is news even if it was told before.
    if (!this.any) this.#phase = undefined;
    this.#sockets.accept(server, [team, tagOf(player)], attachment);
    this.#sockets.send(server, first);
    return new Response(null, { status: 101, webSocket: client });
  }

  #replaceOldest(player: string, now: number): void {
    const own = this.#sockets.open(tagOf(player));
    if (own.length < SOCKETS_PER_PLAYER) return;
    // One dated ahead, by a clock that was wrong, is no newer than those opened since.
    const openedAt = (socket: WebSocket): number => {
      const { opened } = attachmentOf(socket);
      return isAhead(opened, now) ? 0 : opened;
    };
    own.sort((a, b) => openedAt(a) - openedAt(b));
    own[0]?.close(CLOSE_REPLACED, "the player opened another socket");
  }

  /** A client's frame. Never throws for what a client sends. */
  async message(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    // A frame that was on its way when the socket was closed counts no more.
    if (socket.readyState !== WebSocket.OPEN) return;
    const sockets = this.#sockets;
    const text = sockets.textOf(socket, data);
    if (text === undefined) return;
    const from = attachmentOf(socket);
    const { player, until } = from;
    const now = this.#deps.clock.now();
    if (now >= until) {
      sockets.sendError(socket, refuse("unauthenticated", "the token has expired"));
      socket.close(CLOSE_POLICY, "the token has expired");
      return;
    }
    if (this.#deps.limited && !sockets.inTime(socket, this.#bucketOf(player, now), now)) return;
    const frame = parseFrame(text);
    if (frame?.ping !== undefined) {
      sockets.pong(socket, frame.ping);
      return;
    }
    const events = frame?.events;
    if (!Array.isArray(events) || events.length === 0) {
      sockets.sendError(socket, refuse("bad_request", "a frame is {events: […]} or {ping}"));
      return;
    }
    if (events.length > EVENTS_MAX) {
      sockets.sendError(socket, refuse("invalid", `a frame may hold ${EVENTS_MAX} events`));
      return;
    }
    const waiting = this.#inFlight.get(socket) ?? 0;
    if (waiting >= FRAMES_IN_FLIGHT) {
      sockets.sendError(socket, refuse("rate_limited", "wait for results before sending more"));
      return;
    }
    this.#inFlight.set(socket, waiting + 1);
    try {
      const played = await this.#deps.play(from, events);
      if (!("refused" in played)) {
        sockets.sendText(socket, resultsText(played));
      } else {
        sockets.sendError(socket, played);
        if (played.refused === "unauthenticated") socket.close(CLOSE_VOID, VOIDED);
        if (played.refused === "forbidden") socket.close(CLOSE_POLICY, "no longer a member");
      }
    } finally {
      this.#inFlight.set(socket, (this.#inFlight.get(socket) ?? 1) - 1);
    }
  }

  #bucketOf(player: string, now: number): FrameBucket {
    const known = this.#buckets.get(player);
    if (known) return known;
    const bucket = new FrameBucket(FRAME_RATE, now);
    this.#buckets.set(player, bucket);
    return bucket;
  }

  /** Something of the team's became durable: team-mates are told soon, together with what comes meanwhile. */
  noteNews(team: string, { solved, unlocked, won, started }: TeamNews): void {
    if (!this.any) return;
    const pending = this.#pending.get(team) ?? { solved: [], unlocked: [] };
    pending.solved.push(...solved);
    pending.unlocked.push(...unlocked);
    if (won) pending.won = [...(pending.won ?? []), ...won];
    if (started) pending.started = started;
    this.#pending.set(team, pending);
    if (this.#timer) return;
    this.#timer = true;
    void this.#deps.clock
      .after(this.#deps.pushDelay)
      .then(() => {
        this.#timer = false;
        return this.#pushNews();
      })
      .catch((error: unknown) => {
        console.warn({ message: "a team's news could not be pushed", error: String(error) });
      });
  }

  async #pushNews(): Promise<void> {
    const pending = this.#pending;
    this.#pending = new Map();
    await Promise.all(
      [...pending].map(async ([team, progress]) => {
        if (this.#sockets.open(team).length === 0) return;
        const frame = await this.#deps.news(team, {
          solved: progress.solved.slice(0, CLUES_PER_PUSH),
          unlocked: progress.unlocked.slice(0, CLUES_PER_PUSH),
          ...(progress.won ? { won: progress.won.slice(0, CLUES_PER_PUSH) } : {}),
          ...(progress.started ? { started: progress.started } : {}),
        });
        // Asked anew: sockets come and go during the await.
        if (frame) for (const socket of this.#sockets.open(team)) this.#sockets.send(socket, frame);
      }),
    );
  }

  /** Tells every socket of the phase, unless they were told of it before. */
  tellPhase(phase: string): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.tellAll({ phase });
  }

  /** The teams that have a socket open. */
  teams(): Set<string> {
    return new Set(this.any ? this.#sockets.open().map((socket) => attachmentOf(socket).team) : []);
  }

  /** Whether the team has a socket open. */
  isWatching(team: string): boolean {
    return this.any && this.#sockets.open(team).length > 0;
  }

  /** Closes the player's sockets that were opened by tokens of earlier generations; without `gen`, all. */
  closeVoid(player: string, gen = Number.POSITIVE_INFINITY): void {
    for (const socket of this.#sockets.open(tagOf(player))) {
      if ((attachmentOf(socket).gen ?? 0) >= gen) continue;
      this.#sockets.sendError(socket, refuse("unauthenticated", VOIDED));
      socket.close(CLOSE_VOID, VOIDED);
    }
  }

  /** The hunt is deleted. */
  closeAll(): void {
    this.#sockets.closeAll();
  }

  /** Tells every socket of the team. */
  tellTeam(team: string, frame: object): void {
    const text = JSON.stringify(frame);
    for (const socket of this.#sockets.open(team)) this.#sockets.sendText(socket, text);
  }

  /** Tells every socket, or those of teams that `concerns`. */
  tellAll(frame: object, concerns?: (team: string) => boolean): void {
    if (!this.any) return;
    const text = JSON.stringify(frame);
    if (!concerns) {
      this.#sockets.tellAll(text);
      return;
    }
    const known = new Map<string, boolean>();
    for (const socket of this.#sockets.open()) {
      const { team } = attachmentOf(socket);
      const told = known.get(team) ?? concerns(team);
      known.set(team, told);
      if (told) this.#sockets.sendText(socket, text);
    }
  }

  /** A socket was closed, by either side. */
  closed(socket: WebSocket, code?: number): void {
    this.#sockets.closed(socket, code);
    const { player } = attachmentOf(socket);
    if (this.#sockets.open(tagOf(player)).length === 0) this.#forget(player);
  }

  /** Drops the player's bucket if it is at least half full: nobody gets a full one by coming back at once. */
  #forget(player: string): void {
    const now = this.#deps.clock.now();
    if ((this.#buckets.get(player)?.left(now) ?? 0) >= FRAME_RATE.burst / 2) this.#buckets.delete(player);
    if (this.#buckets.size > 2 * this.#deps.socketsMax) this.#buckets.clear();
  }
}

const VOIDED = "the token is void";

/** The tag of a player's sockets; a team's is its id, which has no space. */
const tagOf = (player: string): string => `player ${player}`;

/** Attachments that were read before, because each reading copies. */
const attachments = new WeakMap<WebSocket, Attachment>();

function attachmentOf(socket: WebSocket): Attachment {
  const known = attachments.get(socket);
  if (known) return known;
  const attachment = socket.deserializeAttachment() as Attachment;
  attachments.set(socket, attachment);
  return attachment;
}

const OF_MEMBERS: ReadonlySet<string> = new Set([
  "leave",
  "remove",
  "captain",
  "code",
  "rename",
  "bracket",
  "forget",
  "depart",
  "arrive",
] satisfies Fact["type"][]);

/** Whether it changed who is in the team, or what the team is called: whoever is told of news looks at that. */
const isOfMembers = ({ type }: Fact): boolean => OF_MEMBERS.has(type);

/** What team-mates are told of a fact; undefined: nothing that concerns them. */
export function newsOf(fact: Fact): TeamNews | undefined {
  // Who makes a team has no team-mates yet.
  if (fact.type === "join") return fact.created ? undefined : { solved: [], unlocked: [] };
  if (isOfMembers(fact)) return { solved: [], unlocked: [] };
  if (fact.type === "reset") return { solved: [], unlocked: [] };
  if (fact.type === "unlock") return { solved: [], unlocked: [fact.clue] };
  if (fact.type === "solve") return { solved: [fact.clue], unlocked: fact.unlocked ?? [] };
  if (fact.type === "start") return { solved: [], unlocked: [], started: true };
  if (fact.type === "claim" && fact.outcome === "won" && fact.prize !== undefined) {
    return { solved: [], unlocked: [], won: [{ prize: fact.prize, player: fact.player }] };
  }
  if (!("score" in fact) || fact.score === undefined) return undefined;
  if (!("outcome" in fact)) return { solved: [], unlocked: [] };
  const solved = fact.outcome === "correct" && fact.clue !== undefined ? [fact.clue] : [];
  return { solved, unlocked: fact.unlocked ?? [] };
}
