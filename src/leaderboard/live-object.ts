/**
 * `LiveBoard`: sockets of spectators that the leaderboard object has no room
 * for. It registers there while somebody watches and gets every page and every
 * frame for all; it works out the changes for its own sockets.
 */

import { DurableObject } from "cloudflare:workers";
import { systemClock } from "../clock.ts";
import { configOf } from "../config.ts";
import { FAREWELL } from "../erase.ts";
import { refuse } from "../errors.ts";
import { calling, leaderboardStub, orRefusal } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import type { LiveBoardObject, Showing } from "../objects/leaderboard.ts";
import { type LivePage, SINCE_HEADER } from "../objects/leaderboard.ts";
import { ownName } from "../objects/own-name.ts";
import { refusalResponse } from "../sockets/socket.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { BoardSockets } from "./live.ts";

export class LiveBoard extends DurableObject<Env> implements LiveBoardObject {
  readonly #hunt: string;
  readonly #live: BoardSockets;
  /** The standings and the phase that hold; undefined: this object is not registered, or was restarted since. */
  #now: { page: LivePage; phase: string } | undefined;
  #asking: Promise<void> | undefined;
  /** Spectators about to come in. */
  #opening = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#hunt = ownName(ctx, env.LIVE_BOARD).split("/", 1)[0] ?? "";
    this.#live = new BoardSockets({
      ctx,
      clock: systemClock,
      socketsMax: configOf(env).LIVE_SOCKETS_PER_OBJECT,
      page: async () => (await this.#current()).page,
      life: randomText(8).toLowerCase(),
    });
  }

  async #current(): Promise<{ page: LivePage; phase: string }> {
    while (!this.#now) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined;
      });
      await this.#asking;
    }
    return this.#now;
  }

  async #ask(): Promise<void> {
    const child = this.ctx.id.name ?? "";
    const watched = await calling(async () => leaderboardStub(this.env, this.#hunt).watch(child));
    if (!watched) throw new Error("a leaderboard without a hunt has no spectators");
    // A page that was shown during the await is newer than the result.
    this.#now ??= watched;
  }

  /** A spectator's socket; the edge lets only upgrades through. */
  override async fetch(request: Request): Promise<Response> {
    if (!this.#live.hasRoom) {
      return refusalResponse(refuse("overloaded", "this part of the leaderboard has too many live sockets"));
    }
    this.#opening += 1;
    try {
      const current = await orRefusal(this.#current());
      if ("refused" in current) return refusalResponse(current);
      const phase = (): object => ({ phase: (this.#now ?? current).phase });
      const accepted = await this.#live.accept(phase, request.headers.get(SINCE_HEADER));
      return "refused" in accepted ? refusalResponse(accepted) : accepted;
    } finally {
      this.#opening -= 1;
    }
  }

  /** Shows this to its spectators. False: nobody watches, and nothing more needs to come. */
  show({ page, phase, words }: Showing): boolean {
    flushMeter(this.env, () => this.ctx);
    const watched = this.#live.isWatched() || this.#opening > 0;
    const newest = page ?? this.#now?.page;
    this.#now = watched && newest ? { page: newest, phase } : undefined;
    if (!watched) return false;
    for (const word of words) this.#live.tellAll(word);
    if (page) this.#live.push(page);
    return true;
  }

  /** It stores nothing. */
  async erase(): Promise<void> {
    if (!this.#live.isWatched()) return;
    this.#live.closeAll();
    this.#now = undefined;
    await systemClock.after(FAREWELL);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#live.message(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#live.closed(socket, code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#live.closed(socket);
  }
}
