/** A live socket as a client has it: frames in order, waited for by what they hold. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket as Connection } from "node:net";
import { Agent, buildConnector, WebSocket } from "undici";
import { expect } from "vitest";
import { serverFrame } from "../../src/contract/live.ts";
import { type Client, type Player, sleep } from "./client.ts";

/** How long a frame may take, ms. */
const FRAME_WITHIN = 20_000;

/** How long a ticket is good, ms. */
const TICKET_LIFE = 30_000;

export type Frame = Record<string, unknown>;

export class Socket {
  readonly frames: Frame[] = [];
  readonly #socket: WebSocket;
  readonly #cut: () => void;
  /** Code and reason, once it is closed. */
  closed: { code: number; reason: string } | undefined;
  #read = 0;
  /** Told to whoever waits for the next frame, or closes. */
  #undeclared: Error | undefined;

  private constructor(socket: WebSocket, cut: () => void) {
    this.#socket = socket;
    this.#cut = cut;
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as Frame;
      const { error } = serverFrame.safeParse(frame);
      if (error) this.#undeclared ??= new Error(`an undeclared frame: ${String(data)}: ${error.message}`);
      this.frames.push(frame);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  /** Opens a socket; rejects when the upgrade is refused. */
  static async open(
    client: Client,
    hunt: string,
    ticket?: string,
    headers = {},
    since?: string,
  ): Promise<Socket> {
    const url = new URL(
      `/v1/hunts/${hunt}/live${ticket === undefined ? "" : `?ticket=${ticket}`}`,
      client.url,
    );
    url.protocol = "ws:";
    if (since !== undefined) url.searchParams.set("since", since);
    let connection: Connection | undefined;
    const connect = buildConnector({});
    const dispatcher = new Agent({
      connect: (options, callback) => {
        connect(options, (...answer) => {
          connection = answer[1] ?? undefined;
          callback(...answer);
        });
      },
    });
    const socket = new WebSocket(url, { headers, dispatcher });
    const own = new Socket(socket, () => connection?.destroy());
    // A browser's socket does not say why it was refused; what carries it knows.
    let status: number | undefined;
    const answered = (message: unknown): void => {
      const { request, response } = message as {
        request: { path: string };
        response: { statusCode: number };
      };
      if (request.path === `${url.pathname}${url.search}`) status = response.statusCode;
    };
    subscribe("undici:request:headers", answered);
    try {
      await new Promise<void>((opened, refused) => {
        socket.addEventListener("open", () => opened());
        socket.addEventListener("error", ({ error }) =>
          refused(new Error(`the socket was refused: ${status ?? String(error)}`, { cause: error })),
        );
      });
    } finally {
      unsubscribe("undici:request:headers", answered);
    }
    return own;
  }

  static async ofPlayer(client: Client, player: Player): Promise<Socket> {
    return Socket.open(client, player.hunt, await ticketOf(client, player));
  }

  /** A text is sent as it is, and so are bytes, in a binary frame. */
  send(frame: object | string): void {
    const verbatim = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(verbatim ? frame : JSON.stringify(frame));
  }

  /** The next frame not yet taken that holds `key`; frames before it are passed over. */
  async next<Value = unknown>(key: string): Promise<Value> {
    const deadline = Date.now() + FRAME_WITHIN;
    while (Date.now() < deadline) {
      if (this.#undeclared) throw this.#undeclared;
      for (; this.#read < this.frames.length; this.#read += 1) {
        const frame = this.frames[this.#read];
        if (frame && key in frame) {
          this.#read += 1;
          return frame[key] as Value;
        }
      }
      await sleep(10);
    }
    throw new Error(`no frame with ${key}: ${JSON.stringify(this.frames).slice(0, 500)}`);
  }

  /** The engine has closed it, though its connection may still be there. */
  get isClosing(): boolean {
    return this.#socket.readyState >= WebSocket.CLOSING;
  }

  /** Loses the connection, without a word to the other side. */
  drop(): void {
    this.#cut();
  }

  async close(): Promise<void> {
    this.#socket.close();
    await expect.poll(() => this.closed, { timeout: FRAME_WITHIN }).toBeDefined();
    if (this.#undeclared) throw this.#undeclared;
  }
}

export async function ticketOf(client: Client, player: Player): Promise<string> {
  const asked = Date.now();
  const answer = await client.call<{ ticket: string; expiresAt: string }>(
    "POST",
    `/v1/hunts/${player.hunt}/tickets`,
    { token: player.token },
  );
  expect(answer.status, answer.text).toBe(200);
  const expires = Date.parse(answer.body.expiresAt);
  // In whole seconds.
  expect(expires).toBeGreaterThan(asked + TICKET_LIFE - 1_000);
  expect(expires).toBeLessThanOrEqual(Date.now() + TICKET_LIFE);
  return answer.body.ticket;
}

/** What a spectator is shown of the standings. */
export interface Shown {
  position: string;
  from?: string;
  total: number;
  entries: { rank: number; team: { id: string; name: string }; score: number }[];
}

/** What a spectator who folds the frames has on screen. Throws when a change does not go on from the one before. */
export function fold(frames: readonly { leaderboard?: Shown }[]): string[] {
  const rows = new Map<number, string>();
  let total = 0;
  let last: string | undefined;
  for (const { leaderboard } of frames) {
    if (!leaderboard) continue;
    if (leaderboard.from === undefined) rows.clear();
    else if (leaderboard.from !== last) throw new Error(`a gap: ${last}, then from ${leaderboard.from}`);
    last = leaderboard.position;
    for (const { rank, team, score } of leaderboard.entries) rows.set(rank, `${rank} ${team.name} ${score}`);
    ({ total } = leaderboard);
  }
  return [...rows]
    .sort(([a], [b]) => a - b)
    .slice(0, total)
    .map(([, row]) => row);
}
