/**
 * The live sockets of spectators: the first places as a whole, then what
 * changed, each with a position. A client that lost its connection names the
 * last position it saw and gets what it missed, or the whole.
 */

import type { Clock } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import { orRefusal } from "../objects/call.ts";
import type { LivePage } from "../objects/leaderboard.ts";
import type { LeaderboardEntry } from "../protocol.ts";
import { FrameBucket, type FrameRate, type LiveState, parseFrame, Sockets } from "../sockets/socket.ts";

/** Places that spectators are shown. */
export const LIVE_ENTRIES = 100;

/** Changes remembered for clients that come back. */
const RECENT_MAX = 64;

/** Frames of one spectator: each may ask for the whole. */
const FRAME_RATE: FrameRate = { burst: 30, perSecond: 1 };

/**
 * Characters a spectator may leave unread: minutes of the busiest standings, an
 * hour of usual ones, because a client that never says anything is in order.
 */
const UNREAD_MAX = 4_000_000;

export interface BoardLiveDeps {
  ctx: LiveState;
  clock: Pick<Clock, "now">;
  socketsMax: number;
  /** The standings as everybody may see them now. */
  page(): Promise<LivePage>;
  /** Names this instance of the object: positions of another one mean nothing. */
  life: string;
}

export class BoardSockets {
  readonly #deps: BoardLiveDeps;
  readonly #sockets: Sockets;
  readonly #buckets = new WeakMap<WebSocket, FrameBucket>();
  /** The page that the sockets were shown last, with its rows as text; undefined after a start. */
  #shown: { page: LivePage; rows: string[] } | undefined;
  #position = 0;
  #recent: { position: number; text: string }[] = [];

  constructor(deps: BoardLiveDeps) {
    this.#deps = deps;
    this.#sockets = new Sockets(deps.ctx, UNREAD_MAX, "leaderboard");
  }

  get hasRoom(): boolean {
    return this.#sockets.hasRoom(this.#deps.socketsMax);
  }

  /**
   * `first`: the frame that a newcomer is sent before the standings, made when it
   * comes in. `since`: the last position the client saw, when it was here before.
   */
  async accept(first: () => object, since: string | null): Promise<Response | Refusal> {
    const full = (): Refusal => refuse("overloaded", "the leaderboard has too many live sockets");
    if (!this.hasRoom) return full();
    const page = await this.#pageToSend();
    // Others may have come in during the await.
    if (!this.hasRoom) return full();
    const { 0: client, 1: server } = new WebSocketPair();
    this.#sockets.accept(server, []);
    this.#sockets.send(server, first());
    if (since === null) this.#sockets.sendText(server, this.#whole(page));
    else this.#resume(server, since, page);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * The page that the others were shown last, also during the await, so that the
   * next changes fit it; without others, a new one.
   */
  async #pageToSend(): Promise<LivePage> {
    if (this.#shown) return this.#shown.page;
    const page = await this.#deps.page();
    if (!this.#shown && !this.#sockets.any) this.#shown = { page, rows: rowsOf(page) };
    return this.#shown?.page ?? page;
  }

  async message(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    // A frame that was on its way when the socket was closed is ignored.
    if (socket.readyState !== WebSocket.OPEN) return;
    const text = this.#sockets.textOf(socket, data);
    if (text === undefined) return;
    const now = this.#deps.clock.now();
    const bucket = this.#buckets.get(socket) ?? new FrameBucket(FRAME_RATE, now);
    this.#buckets.set(socket, bucket);
    if (!this.#sockets.inTime(socket, bucket, now)) return;
    const frame = parseFrame(text);
    if (frame?.ping !== undefined) this.#sockets.pong(socket, frame.ping);
    else if (typeof frame?.since === "string") {
      const page = await orRefusal(this.#pageToSend());
      if ("refused" in page) this.#sockets.sendError(socket, page);
      else this.#resume(socket, frame.since, page);
    } else {
      this.#sockets.sendError(
        socket,
        refuse("bad_request", "a spectator's frame is {since: position} or {ping}"),
      );
    }
  }

  #resume(socket: WebSocket, since: string, page: LivePage): void {
    const [life, text] = since.split(".");
    const position = Number(text);
    const missed = this.#recent.filter((change) => change.position > position);
    // Without anything shown in this life there is nothing the missed changes would lead to.
    const complete =
      this.#shown !== undefined &&
      life === this.#deps.life &&
      position <= this.#position &&
      missed.length === this.#position - position;
    if (!complete) {
      this.#sockets.sendText(socket, this.#whole(page));
      return;
    }
    // It knows a position that was sent a moment ago: it reads.
    this.#sockets.heard(socket);
    for (const change of missed) this.#sockets.sendText(socket, change.text);
  }

  /**
   * Whether anybody watches. When nobody does, the page that was shown is
   * forgotten: the next to come gets the whole, and old positions are gaps.
   */
  isWatched(): boolean {
    if (this.#sockets.any) return true;
    if (this.#shown) this.#position += 1;
    this.#shown = undefined;
    this.#recent = [];
    return false;
  }

  /** Shows the sockets what is different now. */
  push(page: LivePage): void {
    if (!this.isWatched()) return;
    const rows = rowsOf(page);
    const shown = this.#shown;
    const changed = rows.filter((row, place) => row !== shown?.rows[place]);
    const same = shown?.page.total === page.total && shown.page.frozen === page.frozen;
    if (shown && same && changed.length === 0 && rows.length === shown.rows.length) return;
    this.#shown = { page, rows };
    this.#position += 1;
    let text: string;
    if (shown) {
      text = this.#frame(page, changed, this.#position - 1);
      this.#recent.push({ position: this.#position, text });
      if (this.#recent.length > RECENT_MAX) this.#recent.shift();
    } else {
      text = this.#frame(page, rows);
      this.#recent = [];
    }
    this.#sockets.tellAll(text);
  }

  closed(socket: WebSocket, code?: number): void {
    this.#sockets.closed(socket, code);
  }

  /** The hunt is deleted. */
  closeAll(): void {
    this.#sockets.closeAll();
  }

  tellAll(frame: object): void {
    this.#sockets.tellAll(JSON.stringify(frame));
  }

  #whole(page: LivePage): string {
    return this.#frame(page, rowsOf(page));
  }

  /** `from`: these rows replace those of the same rank in what was shown at that position. */
  #frame(page: LivePage, rows: readonly string[], from?: number): string {
    const { life } = this.#deps;
    const head = {
      asOf: new Date(page.asOf).toISOString(),
      frozen: page.frozen,
      total: page.total,
      position: `${life}.${this.#position}`,
      ...(from === undefined ? {} : { from: `${life}.${from}` }),
    };
    return `{"leaderboard":${JSON.stringify(head).slice(0, -1)},"entries":[${rows.join(",")}]}}`;
  }
}

const rowsOf = (page: LivePage): string[] => page.entries.map((entry) => JSON.stringify(rowOf(entry)));

function rowOf({ lastSolveAt, ...entry }: LeaderboardEntry): object {
  return lastSolveAt === undefined ? entry : { ...entry, lastSolveAt: new Date(lastSolveAt).toISOString() };
}
