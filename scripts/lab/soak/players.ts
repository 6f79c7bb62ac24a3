/** The players of a soak: each plays on whatever happens, and sends again what got no result. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Dispatcher, request, WebSocket } from "undici";
import type { ServerFrame, Ticket } from "../../../src/contract/live.ts";
import type { PlayerEvent, Result, Results } from "../../../src/contract/play.ts";
import { below, type Chance } from "../measure/chance.ts";
import { ANSWERS, answerClue, codeOf, PRIZE, placeClue, positionOf, rightAnswer } from "./hunt.ts";
import type { Ledger } from "./ledger.ts";

/** Longest wait for a response, ms: the engine may be starting. */
const PATIENCE = 20_000;

/** Between two acts of a player, ms at most. */
const THINK = 400;

/** Share of right ones among answers: there are clues left to the end. */
const RIGHT = 0.03;

/** Statuses that ask to come back. */
const COME_BACK = new Set([429, 503]);

/** A team's facts lack, until somebody repairs them. */
const BROKEN = /a part of this team's record is not as it was written/;

/** What the players share: where the engine is now, and since when it is disturbed. */
export interface World {
  hunt: string;
  /** Undefined while the engine is away. */
  origin: string | undefined;
  /** Cuts requests that are under way. */
  cut: AbortController;
  over: boolean;
  /** Until then a request may get no response, epoch ms: the engine restarts, or its clock is wrong. */
  excusedUntil: number;
  /** Requests that got no response, or were told to come back. */
  lost: number;
  refused: number;
  /** Requests of teams that were told that their record is broken. */
  broken: number;
}

export interface SoakPlayer {
  token: string;
  team: string;
  /** Number among the players, which names its events. */
  number: number;
}

export class PlayerLoop {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #random: Chance;
  readonly #player: SoakPlayer;
  readonly #unsure: PlayerEvent[] = [];
  readonly #known: PlayerEvent[] = [];
  #socket: LiveSocket | undefined;
  #count = 0;

  constructor(world: World, ledger: Ledger, player: SoakPlayer, random: Chance) {
    this.#world = world;
    this.#ledger = ledger;
    this.#player = player;
    this.#random = random;
  }

  /** Plays until the world is over. */
  async play(): Promise<void> {
    while (!this.#world.over) {
      await sleep(this.#random() * THINK);
      const { origin } = this.#world;
      if (origin === undefined) continue;
      const what = this.#random();
      if (what < 0.08) await this.#look(origin, "me");
      else if (what < 0.12) await this.#look(origin, "leaderboard");
      else await this.#send(origin, this.#nextEvents());
    }
    this.#socket?.close();
  }

  /** Sends what is unsure until every event has a result; the world holds still then. */
  async settle(origin: string): Promise<void> {
    while (this.#unsure.length > 0) {
      if (!(await this.#overHttp(origin, this.#unsure.slice(0, 50)))) await sleep(200);
    }
  }

  #nextEvents(): PlayerEvent[] {
    if (this.#unsure.length > 0) return this.#unsure.slice(0, 50);
    if (this.#known.length > 0 && this.#random() < 0.15) {
      const again = this.#known[below(this.#random, this.#known.length)];
      return again ? [again] : [];
    }
    return Array.from({ length: 1 + below(this.#random, 4) }, () => this.#makeEvent());
  }

  #makeEvent(): PlayerEvent {
    this.#count += 1;
    const id = `s-${this.#player.number}-${this.#count}`;
    const random = this.#random;
    const clue = below(random, ANSWERS);
    switch (below(random, 10)) {
      case 0: {
        const place = below(random, 4);
        return { id, type: "checkin", clue: placeClue(place), position: positionOf(below(random, 6)) };
      }
      case 1: {
        const known = random() < 0.5;
        return { id, type: "scan", code: known ? codeOf(below(random, 4)) : `no such code ${this.#count}` };
      }
      case 2:
        return { id, type: "hint", clue: answerClue(clue), hint: random() < 0.5 ? "free" : "dear" };
      case 3:
        return { id, type: "claim", prize: PRIZE };
      case 4:
        return { id, type: "answer", clue: answerClue(clue), answer: `near ${clue}` };
      default: {
        const right = random() < RIGHT;
        const answer = right ? rightAnswer(clue) : `wrong ${this.#player.number} ${this.#count}`;
        return { id, type: "answer", clue: answerClue(clue), answer };
      }
    }
  }

  async #send(origin: string, events: PlayerEvent[]): Promise<void> {
    for (const event of events) {
      this.#ledger.sending(this.#player.team, event);
      if (!this.#unsure.includes(event)) this.#unsure.push(event);
    }
    if (this.#player.number % 3 === 0) await this.#overSocket(origin, events);
    else await this.#overHttp(origin, events);
  }

  async #overHttp(origin: string, events: PlayerEvent[]): Promise<boolean> {
    const response = await this.#call(origin, "POST", "events", { events });
    if (!response) return false;
    this.#take(events, (response as Results).results);
    return true;
  }

  async #overSocket(origin: string, events: PlayerEvent[]): Promise<void> {
    const begun = Date.now();
    const { signal } = this.#world.cut;
    try {
      if (!this.#socket?.isOpen) {
        const ticket = (await this.#call(origin, "POST", "tickets", {})) as Ticket | undefined;
        if (!ticket) return;
        this.#socket = await LiveSocket.open(origin, this.#world.hunt, ticket.ticket);
      }
      this.#take(events, await this.#socket.send(events, signal));
    } catch (error) {
      this.#world.lost += 1;
      const isBroken = BROKEN.test(String(error));
      if (isBroken) this.#world.broken += 1;
      const excused = isBroken || signal.aborted || begun <= this.#world.excusedUntil;
      if (!excused) this.#ledger.fault(`a socket: ${error}`);
      this.#socket?.close();
      this.#socket = undefined;
    }
  }

  #take(events: readonly PlayerEvent[], results: readonly Result[]): void {
    for (const [index, event] of events.entries()) {
      this.#ledger.received(this.#player.team, event, results[index]);
      const at = this.#unsure.indexOf(event);
      if (at >= 0) this.#unsure.splice(at, 1);
      if (results[index]?.seq !== undefined && this.#known.length < 5_000) this.#known.push(event);
    }
  }

  async #look(origin: string, what: "me" | "leaderboard"): Promise<void> {
    await this.#call(origin, "GET", what);
  }

  /** The response's body; undefined: there was none, or it said to come back. */
  async #call(origin: string, method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
    const { hunt, cut } = this.#world;
    return callEngine(this.#world, this.#ledger, {
      url: `${origin}/v1/hunts/${hunt}/${path}`,
      method,
      token: this.#player.token,
      body,
      signal: cut.signal,
    });
  }
}

export interface EngineCall {
  url: string;
  method: Dispatcher.HttpMethod;
  token?: string;
  body?: object | undefined;
  signal?: AbortSignal;
  /** Further statuses that are no fault; the body is given for 2xx only. */
  allowed?: readonly number[];
}

/** Calls the engine; anything but success, "come back" and a lost connection is a fault. */
export async function callEngine(
  world: World,
  ledger: Ledger,
  { url, method, token, body, signal, allowed = [] }: EngineCall,
): Promise<unknown> {
  let status: number;
  let text: string;
  const begun = Date.now();
  try {
    const limit = AbortSignal.timeout(PATIENCE);
    const response = await request(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    status = response.statusCode;
    text = await response.body.text();
    if (COME_BACK.has(status) && response.headers["retry-after"] === undefined) {
      ledger.fault(`${method} ${url}: ${status} without Retry-After`);
    }
  } catch (error) {
    world.lost += 1;
    if (!signal?.aborted && begun > world.excusedUntil) ledger.fault(`${method} ${url}: ${error}`);
    return undefined;
  }
  if (status < 300) return text === "" ? {} : JSON.parse(text);
  if (status === 503 && BROKEN.test(text)) {
    world.broken += 1;
  } else if (COME_BACK.has(status)) {
    world.refused += 1;
    if (begun > world.excusedUntil) ledger.fault(`${method} ${url}: ${status} while all is well`);
  } else if (!allowed.includes(status)) ledger.fault(`${method} ${url}: ${status} ${text.slice(0, 300)}`);
  return undefined;
}

/** A player's live socket with one frame under way at a time. */
class LiveSocket {
  readonly #socket: WebSocket;
  #waiting: { done(results: Result[]): void; failed(error: Error): void } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#message(String(data)));
    socket.addEventListener("close", () => this.#end(new Error("the socket was closed")));
    socket.addEventListener("error", () => this.#end(new Error("the socket failed")));
  }

  static async open(origin: string, hunt: string, ticket: string): Promise<LiveSocket> {
    const url = new URL(`/v1/hunts/${hunt}/live`, origin.replace(/^http/, "ws"));
    url.searchParams.set("ticket", ticket);
    const socket = new WebSocket(url);
    const live = new LiveSocket(socket);
    await new Promise<void>((done, failed) => {
      socket.addEventListener("open", () => done());
      socket.addEventListener("close", () => failed(new Error("the socket was refused")));
      socket.addEventListener("error", () => failed(new Error("the socket was refused")));
    });
    return live;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async send(events: readonly PlayerEvent[], signal: AbortSignal): Promise<Result[]> {
    const limit = setTimeout(() => this.#end(new Error("no results in time")), PATIENCE);
    const cut = (): void => this.#end(new Error("cut"));
    signal.addEventListener("abort", cut, { once: true });
    try {
      return await new Promise((done, failed) => {
        this.#waiting = { done, failed };
        this.#socket.send(JSON.stringify({ events }));
      });
    } finally {
      clearTimeout(limit);
      signal.removeEventListener("abort", cut);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #message(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    if ("ping" in frame) this.#socket.send(JSON.stringify({ ping: frame.ping }));
    else if ("results" in frame) this.#waiting?.done(frame.results);
    else if ("error" in frame) this.#end(new Error(frame.error.detail));
  }

  #end(error: Error): void {
    this.#waiting?.failed(error);
    this.#waiting = undefined;
    this.#socket.close();
  }
}
