/**
 * `LiveBoard`: sockets of spectators that the leaderboard object has no room
 * for. It registers there while somebody watches and gets every page and every
 * word to all, one call each; it works out the changes for its own sockets.
 */
import { DurableObject } from "cloudflare:workers";
import { configOf } from "../config.ts";
import { refuse } from "../errors.ts";
import { answerClose, refusalResponse } from "../shard/live.ts";
import { randomText } from "../shard/routing.ts";
import { BoardSockets, type LivePage, SINCE_HEADER } from "./live.ts";
import type { Leaderboard } from "./object.ts";

export interface LiveBoardEnv {
  LEADERBOARD: DurableObjectNamespace<Leaderboard>;
}

/** Children of one leaderboard at most: with 10,000 sockets each, 320,000 spectators. */
export const CHILDREN_MAX = 32;

/** The name of a hunt's n-th child; `hunt` is a slug and holds no slash. */
export const childName = (hunt: string, index: number): string => `${hunt}/live-${index}`;

export class LiveBoard extends DurableObject<LiveBoardEnv> {
  readonly #hunt: string;
  readonly #live: BoardSockets;
  #page: LivePage | undefined;

  constructor(ctx: DurableObjectState, env: LiveBoardEnv) {
    super(ctx, env);
    this.#hunt = (ctx.id.name ?? "").split("/", 1)[0] ?? "";
    this.#live = new BoardSockets({
      ctx,
      socketsMax: configOf(env).LIVE_SOCKETS_PER_OBJECT,
      page: async () => this.#page ?? (await this.#watch()).page,
      life: randomText(8).toLowerCase(),
    });
  }

  /** Registers anew with every socket: the leaderboard forgets children whose sockets are gone. */
  async #watch(): Promise<{ page: LivePage; phase: string }> {
    const watched = await this.env.LEADERBOARD.getByName(this.#hunt).watch(this.ctx.id.name ?? "");
    if (!watched) throw new Error("a leaderboard without a hunt has no spectators");
    this.#page ??= watched.page;
    return watched;
  }

  /** A spectator's socket; the edge lets only upgrades through. */
  override async fetch(request: Request): Promise<Response> {
    if (!this.#live.hasRoom) {
      return refusalResponse(refuse("overloaded", "this part of the leaderboard has too many live sockets"));
    }
    const { phase } = await this.#watch();
    const answer = await this.#live.accept([{ phase }], request.headers.get(SINCE_HEADER));
    return "refused" in answer ? refusalResponse(answer) : answer;
  }

  /** The standings now. Answers whether anybody watches. */
  show(page: LivePage): boolean {
    const watched = this.#live.any;
    // Nobody: the next page is asked for, because none will be sent.
    this.#page = watched ? page : undefined;
    if (watched) this.#live.push(page);
    return watched;
  }

  /** A word to all: a phase, an announcement. */
  tell(frame: object): void {
    this.#live.tellAll(frame);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#live.message(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    answerClose(socket, code);
  }
}
