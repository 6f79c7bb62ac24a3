/**
 * Common to all live sockets: frames as text, pings, closing, and the bound
 * on what waits for a slow reader. The platform tells an object nothing of its
 * outgoing buffers (no `bufferedAmount`; a send never blocks or fails), so a
 * socket that was sent much is asked for a sign that it reads.
 */
import { isAhead } from "../ahead.ts";
import { type Refusal, refuse } from "../errors.ts";
import { meter } from "../telemetry/meter.ts";

/** The canonical ping is answered without waking the object. The engine's own pings have the same text. */
export const PING = '{"ping":true}';
export const PONG = '{"pong":true}';

/** Longest frame of a client, bytes. */
export const FRAME_MAX = 4_096;

/** RFC 6455: a normal end, a message too big to process, a policy violation. */
const CLOSE_NORMAL = 1_000;
const CLOSE_TOO_BIG = 1_009;
export const CLOSE_POLICY = 1_008;

/** Our own: the client does not read what it is sent; it may come again and resume. */
export const CLOSE_SLOW = 4_008;

/** Our own: the same player opened more sockets than one may have. */
export const CLOSE_REPLACED = 4_009;

/** Our own: the hunt is deleted; there is nothing to come back to. */
export const CLOSE_GONE = 4_404;

/** Our own: the token that the socket was opened by is void; only another token helps. */
export const CLOSE_VOID = 4_401;

/** A client is asked for a sign when it was sent this share of the most it may leave unread. */
const ASK_AT = 0.25;

export type LiveState = Pick<
  DurableObjectState,
  "acceptWebSocket" | "getWebSockets" | "setWebSocketAutoResponse" | "getWebSocketAutoResponseTimestamp"
>;

/** How fast frames may come. */
export interface FrameRate {
  burst: number;
  perSecond: number;
}

/** Frames refused beyond the rate before the socket is closed. */
const OVERDRAWN_MAX = 100;

/** The frames a client may still send. */
export class FrameBucket {
  readonly #rate: FrameRate;
  #left: number;
  #at: number;

  /** `now`: epoch ms, as everywhere here. */
  constructor(rate: FrameRate, now: number) {
    this.#rate = rate;
    this.#left = rate.burst;
    this.#at = now;
  }

  left(now: number): number {
    // Filled by a clock that was wrong: from now on it fills again, instead of when the clock gets there.
    if (isAhead(this.#at, now)) this.#at = now;
    const gained = (Math.max(0, now - this.#at) / 1_000) * this.#rate.perSecond;
    return Math.min(this.#rate.burst, this.#left + gained);
  }

  /** Takes a frame; what is left is below 0 when it came too early. */
  take(now: number): number {
    this.#left = this.left(now) - 1;
    this.#at = now;
    return this.#left;
  }
}

interface Reading {
  /** Characters sent since the last sign of reading. */
  unread: number;
  /** When the client was last heard to ping, as of the engine's ping that waits for a pong; undefined: none waits. */
  asked: number | undefined;
}

const received = meter.counter("hunt_live_frames_total", "received");
const sent = meter.counter("hunt_live_frames_total", "sent");

/** The open sockets of an object. */
export class Sockets {
  readonly #ctx: LiveState;
  readonly #unreadMax: number;
  readonly #object: string;
  readonly #reading = new WeakMap<WebSocket, Reading>();
  /** Those put out because they did not read. */
  readonly #slow = new WeakSet<WebSocket>();
  /** Open sockets, or a few more: to list thousands takes a millisecond, so it is done only where it matters. */
  #count: number;

  /**
   * `unreadMax`: characters that may be on their way to one socket without a sign
   * that it reads. `object`: whose sockets these are, for the metrics.
   */
  constructor(ctx: LiveState, unreadMax: number, object: "shard" | "leaderboard") {
    this.#object = object;
    this.#ctx = ctx;
    this.#unreadMax = unreadMax;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#count = ctx.getWebSockets().length;
  }

  /** Open sockets, or a few more. */
  get count(): number {
    return this.#count;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  hasRoom(max: number): boolean {
    if (this.#count >= max) this.#count = this.open().length;
    return this.#count < max;
  }

  /** Those that can be sent to: one that is being closed stays listed until its client answers. */
  open(tag?: string): WebSocket[] {
    return this.#ctx.getWebSockets(tag).filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  accept(socket: WebSocket, tags: string[], attachment?: object): void {
    this.#ctx.acceptWebSocket(socket, tags);
    meter.add("hunt_live_sockets_opened_total", 1, this.#object);
    this.#count += 1;
    if (attachment) socket.serializeAttachment(attachment);
  }

  /** Sends, or closes the socket of a client that has not read what it was sent before. */
  sendText(socket: WebSocket, text: string): void {
    const reading = this.#readingOf(socket);
    reading.unread += text.length;
    if (reading.unread > this.#unreadMax * ASK_AT) {
      const pinged = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      if (reading.asked === undefined) {
        reading.asked = pinged;
        sendTo(socket, PING);
      } else if (reading.asked !== pinged) {
        reading.asked = undefined;
        reading.unread = text.length;
      } else if (reading.unread > this.#unreadMax) {
        this.#slow.add(socket);
        socket.close(CLOSE_SLOW, "too much is unread: answer a ping with a ping");
        return;
      }
    }
    sent.value += 1;
    sendTo(socket, text);
  }

  #readingOf(socket: WebSocket): Reading {
    const known = this.#reading.get(socket);
    if (known) return known;
    const reading: Reading = { unread: 0, asked: undefined };
    this.#reading.set(socket, reading);
    return reading;
  }

  send(socket: WebSocket, frame: object): void {
    this.sendText(socket, JSON.stringify(frame));
  }

  sendError(socket: WebSocket, { refused, detail }: Refusal): void {
    this.send(socket, { error: { code: refused, detail } });
  }

  tellAll(text: string): void {
    const sockets = this.open();
    this.#count = sockets.length;
    for (const socket of sockets) this.sendText(socket, text);
  }

  /** The hunt is deleted. */
  closeAll(): void {
    for (const socket of this.open()) socket.close(CLOSE_GONE, "the hunt was deleted");
  }

  /** A socket ended, by whomever; `code`: undefined after an error. */
  closed(socket: WebSocket, code?: number): void {
    closeBack(socket, code ?? CLOSE_NORMAL);
    const reason = this.#slow.has(socket) ? "slow" : code === undefined ? "error" : "closed";
    meter.add("hunt_live_sockets_closed_total", 1, this.#object, reason);
    this.#count -= 1;
    if (this.#count <= 0) this.#count = this.open().length;
  }

  /** The text of a client's frame; one that is too large, or binary, closes the socket. */
  textOf(socket: WebSocket, data: string | ArrayBuffer): string | undefined {
    // A character takes three bytes at most: most frames need no counting.
    received.value += 1;
    const text = typeof data === "string" ? data : undefined;
    if (text !== undefined && (text.length * 3 <= FRAME_MAX || Buffer.byteLength(text) <= FRAME_MAX))
      return text;
    this.sendError(socket, refuse("payload_too_large", `a frame is text of ${FRAME_MAX} bytes at most`));
    socket.close(CLOSE_TOO_BIG, "frame too large");
    return undefined;
  }

  /** Whether a frame came in time; if not, it is refused, and a client that goes on is put out. */
  inTime(socket: WebSocket, bucket: FrameBucket, now: number): boolean {
    const left = bucket.take(now);
    if (left >= 0) return true;
    this.sendError(socket, refuse("rate_limited", "too many frames: wait a moment"));
    if (left < -OVERDRAWN_MAX) socket.close(CLOSE_POLICY, "too many frames");
    return false;
  }

  /** The client showed that it has read what it was sent. */
  heard(socket: WebSocket): void {
    this.#reading.delete(socket);
  }

  /** Answers a ping of another form than the canonical one; it shows, too, that the client reads. */
  pong(socket: WebSocket, ping: unknown): void {
    this.heard(socket);
    this.send(socket, { pong: ping });
  }
}

/** A client's frame as an object; undefined when it is none. */
export function parseFrame(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The closing handshake's other half, which the runtime leaves to the object when a Worker passed the socket on. */
function closeBack(socket: WebSocket, code: number): void {
  // 1005 and 1006 say that there was no code, and may not be sent.
  if (socket.readyState !== WebSocket.CLOSED)
    socket.close(code >= 3_000 || code < 1_005 ? code : CLOSE_NORMAL);
}

/** A refusal as an object's response to an upgrade; the edge makes a problem document of it. */
export const refusalResponse = (refusal: Refusal): Response => Response.json(refusal, { status: 400 });

function sendTo(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch (error) {
    // It went away meanwhile: its close event tells the rest. Anything else is our mistake.
    if (!(error instanceof Error) || socket.readyState === WebSocket.OPEN) throw error;
  }
}
