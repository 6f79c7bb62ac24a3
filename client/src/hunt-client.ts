/** A hunt over HTTP and its live socket, for whoever plays and whoever looks on. */
import { makeId } from "./ids.ts";
import { type Frame, type Live, openLive, type Socket } from "./live.ts";
import { Outbox } from "./outbox.ts";
import { HuntProblem } from "./problem.ts";
import { type Call, type Fetch, request } from "./request.ts";
import { type HuntStorage, outboxIn, readSession, type Session, saveSession } from "./storage.ts";
import { isDue, playerOf } from "./token.ts";
import type {
  JoinBody,
  Joined,
  Leaderboard,
  Me,
  PlayerEvent,
  Renewed,
  Result,
  Results,
  Ticket,
} from "./wire.ts";

/** Events that wait for a result at the same time. */
const WAITING_MAX = 1_000;

/** How often a call other than `play` is made, and the longest wait between two of them, ms. */
const TRIES = 4;
const WAIT_MOST = 10_000;
const WAIT_FIRST = 250;

export interface HuntClientOptions {
  /** The engine's address. */
  url: string | URL;
  hunt: string;
  /** A player's token; without one, of who joined or came back before, as `storage` has it. */
  token?: string;
  /** Keeps who plays and what has no result; without it both last as long as the client. */
  storage?: HuntStorage;
  fetch?: Fetch;
  /** For `subscribe` where there is no global one: the class of the package `ws` on Node.js before 22. */
  WebSocket?: new (
    address: string,
  ) => Socket;
  /** Hears each result, also of events that an earlier life of the program left in `storage`. */
  onResult?: (result: Result, event: PlayerEvent) => void;
}

/** Who plays. The token is kept by the client. */
export type Player = Pick<Joined, "player" | "team" | "returnCode">;

type WithoutId<Event> = Event extends unknown ? Omit<Event, "id"> & { id?: string } : never;
/** An event; without an `id` it gets one, and the time of now. */
export type NewEvent = WithoutId<PlayerEvent>;

export interface Standings {
  limit?: number;
  offset?: number;
  bracket?: string;
  /** The rows around this team instead. */
  around?: string;
}

export interface Abortable {
  signal?: AbortSignal;
}

export interface SubscribeOptions {
  /** Whether the socket is open, each time that changes. */
  state?: (open: boolean) => void;
  /** No more frames come: the hunt is deleted, or the token is refused for good. */
  ended?: (why: HuntProblem) => void;
}

type Listener = (frame: Frame) => void;

interface Deferred<Value> {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (why: unknown) => void;
}

/** Who waits for the result of an event. */
interface Waiting extends Deferred<Result> {
  event: PlayerEvent;
}

export class HuntClient {
  readonly #url: URL;
  readonly #hunt: string;
  readonly #storage: HuntStorage;
  readonly #fetch: Fetch;
  readonly #WebSocket: HuntClientOptions["WebSocket"];
  readonly #onResult: HuntClientOptions["onResult"];
  /** What is kept is read, and what waits there is on its way. */
  readonly #opened: Promise<void>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Map<Listener, SubscribeOptions>();
  #session: Session | undefined;
  #outbox: Outbox | undefined;
  #renewing: Promise<string> | undefined;
  /** The token that was renewed last: by a clock that is wrong it may be due at once. */
  #renewed: string | undefined;
  /** Of the outbox's pause. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #live: Live | undefined;
  /** The last position in the standings that a spectator's socket told. */
  #position: string | undefined;
  #closed = false;

  constructor({ url, hunt, token, storage = new Map(), fetch, WebSocket, onResult }: HuntClientOptions) {
    this.#url = new URL(url);
    this.#hunt = hunt;
    this.#storage = storage;
    // Called as a method of something else it is refused on some platforms.
    this.#fetch = fetch ?? ((address, init) => globalThis.fetch(address, init));
    this.#WebSocket = WebSocket ?? (globalThis as { WebSocket?: HuntClientOptions["WebSocket"] }).WebSocket;
    this.#onResult = onResult;
    this.#opened = this.#open(token);
    // Told by the first call that needs it.
    this.#opened.catch(() => undefined);
  }

  /** Of who plays; whoever has it plays as this player. Known once a call has been made. */
  get token(): string | undefined {
    return this.#session?.token;
  }

  /** Joins the hunt, and plays as this player from now on. Tried again after a lost response, it joins once. */
  async join(joining: JoinBody, { signal }: Abortable = {}): Promise<Player> {
    const headers = { "idempotency-key": makeId() };
    return this.#enter(await this.#call<Joined>("/players", { json: joining, headers, signal }));
  }

  /** Comes back as a player who joined before, on another device too. */
  async return(returnCode: string, { signal }: Abortable = {}): Promise<Player> {
    return this.#enter(await this.#call<Joined>("/sessions", { json: { returnCode }, signal }));
  }

  /** What the player sees: the team, open clues, announcements. `lang`: the language of texts. */
  me({ lang, signal }: Abortable & { lang?: string } = {}): Promise<Me> {
    return this.#callAsPlayer<Me>(`/me${queryOf({ lang })}`, { signal });
  }

  /**
   * Sends events and resolves to their results, in order. Until there are some they are kept, and sent again
   * under the same ids through outages. Rejects when `signal` says so: then they are sent no more, though one
   * that was under way may be recorded. Rejects also when the engine takes nothing from this player (401, 403,
   * 404): then they are kept, and go out once the player has come back.
   */
  async play(events: readonly NewEvent[], { signal }: Abortable = {}): Promise<Result[]> {
    signal?.throwIfAborted();
    await this.#opened;
    const outbox = this.#outbox;
    if (!outbox) throw nobody();
    const given = events.map((event): PlayerEvent => {
      if (event.id !== undefined) return event as PlayerEvent;
      // An id of the caller's may be sent again, and the same id is the same event.
      return { at: new Date().toISOString(), ...event, id: makeId() } as PlayerEvent;
    });
    if (new Set(given.map(({ id }) => id)).size < given.length)
      throw new TypeError("events need ids of their own");
    const fresh = given.filter((event) => !this.#isWaiting(event));
    if (this.#waiting.size + fresh.length > WAITING_MAX) {
      throw new RangeError(`more than ${WAITING_MAX} events would wait for a result`);
    }
    for (const event of fresh) this.#await(event);
    const results = given.flatMap(({ id }) => this.#waiting.get(id)?.promise ?? []);
    const stop = (): void => this.#giveUp(outbox, fresh, signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      if (fresh.length > 0) {
        await outbox.add(...fresh).catch((error: unknown) => this.#giveUp(outbox, fresh, error));
        // Meanwhile: they were added after all.
        if (signal?.aborted) stop();
      }
      // Those that were sent by an earlier call may have been refused then.
      outbox.wake();
      return await Promise.all(results);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** A page of the standings. */
  leaderboard({ signal, ...page }: Standings & Abortable = {}): Promise<Leaderboard> {
    return this.#call<Leaderboard>(`/leaderboard${queryOf({ ...page })}`, { signal });
  }

  /**
   * Hears every frame that the engine pushes (docs/live.md) but pings, also after lost connections: a player's
   * with who plays, else a spectator's. Ends by the function that it gives.
   */
  subscribe(listener: (frame: Frame) => void, options: SubscribeOptions = {}): () => void {
    if (!this.#WebSocket) {
      throw new TypeError("there is no WebSocket here: give HuntClient the class of the package `ws`");
    }
    // The same listener twice is two subscriptions.
    const own: Listener = (frame) => listener(frame);
    this.#listeners.set(own, options);
    if (!this.#live) this.#connect();
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#disconnect();
    };
  }

  /** The network may be back: sends and connects now. Browsers tell it by the event `online`. */
  wake(): void {
    this.#outbox?.wake();
    this.#live?.wake();
  }

  /** Ends sockets and sending. What has no result stays in `storage`; who waits for it is told. */
  close(): void {
    this.#closed = true;
    this.#disconnect();
    this.#listeners.clear();
    this.#outbox?.stop();
    clearTimeout(this.#timer);
    this.#rejectAll(new Error("the client is closed"));
  }

  async #open(token: string | undefined): Promise<void> {
    const kept = await readSession(this.#storage, this.#hunt);
    // What is kept of the same player may be a newer one.
    const isOwn = token === undefined || (kept && playerOf(kept.token) === playerOf(token));
    const session = isOwn ? kept : { token };
    if (session && !this.#session) await this.#play(session);
  }

  /** Plays as this player. What waits for another one stays in the storage. */
  async #play(session: Session): Promise<void> {
    const before = playerOf(this.#session?.token ?? "");
    const player = playerOf(session.token);
    this.#session = session;
    if (this.#outbox && player !== undefined && before === player) {
      this.#outbox.wake();
      return;
    }
    this.#outbox?.stop();
    this.#rejectAll(new HuntProblem(401, "unauthenticated", "somebody else plays now"));
    const outbox = new Outbox({
      store: this.#storeOf(player ?? ""),
      send: async (events) => {
        const { results } = await this.#callOnceAsPlayer<Results>("/events", { json: { events } });
        return results;
      },
      result: (result, event) => {
        const waiting = this.#waiting.get(event.id);
        this.#waiting.delete(event.id);
        waiting?.resolve(result);
        this.#onResult?.(result, event);
      },
      pending: (events) => {
        // Those of an earlier life are waited for by whoever plays them again.
        for (const event of events) if (!this.#waiting.has(event.id)) this.#await(event);
      },
      refused: (why) => this.#rejectAll(why),
      wait: (ms) => {
        clearTimeout(this.#timer);
        return new Promise((done) => {
          this.#timer = setTimeout(done, ms);
        });
      },
    });
    this.#outbox = outbox;
    if (!this.#closed) await outbox.start();
  }

  /** What cannot be taken out of the storage is sent once more later, and is a duplicate then. */
  #storeOf(player: string): ReturnType<typeof outboxIn> {
    const store = outboxIn(this.#storage, this.#hunt, player);
    return { ...store, remove: (ids) => store.remove(ids).catch(() => undefined) };
  }

  async #enter({ token, ...who }: Joined): Promise<Player> {
    await this.#opened.catch(() => undefined);
    const session = { token, ...who };
    await saveSession(this.#storage, this.#hunt, session);
    await this.#play(session);
    if (this.#live) {
      // A spectator's socket, or another player's.
      this.#disconnect();
      this.#connect();
    }
    return who;
  }

  #isWaiting(event: PlayerEvent): boolean {
    const waiting = this.#waiting.get(event.id);
    if (!waiting) return false;
    const { at: _, ...same } = waiting.event;
    const { at: __, ...own } = event;
    if (stableText(same) !== stableText(own)) {
      throw new TypeError(`another event waits under the id ${event.id}`);
    }
    return true;
  }

  #await(event: PlayerEvent): void {
    const result = deferred<Result>();
    // Nobody may wait for it: of an earlier life, or given up.
    result.promise.catch(() => undefined);
    this.#waiting.set(event.id, { event, ...result });
  }

  #giveUp(outbox: Outbox, events: readonly PlayerEvent[], why: unknown): void {
    const ids = new Set(events.map(({ id }) => id));
    for (const id of ids) {
      this.#waiting.get(id)?.reject(why);
      this.#waiting.delete(id);
    }
    void outbox.drop(ids);
  }

  #rejectAll(why: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }

  #connect(): void {
    const Socket = this.#WebSocket;
    if (!Socket || this.#closed) return;
    const live = openLive({
      address: async () => {
        try {
          return await this.#liveAddress();
        } catch (error) {
          if (error instanceof HuntProblem && !error.retryable) this.#endListening(error);
          throw error;
        }
      },
      open: (address) => new Socket(address),
      frame: (frame) => {
        if (frame.leaderboard) this.#position = frame.leaderboard.position;
        for (const listener of [...this.#listeners.keys()]) listener(frame);
      },
      state: (open) => {
        for (const { state } of [...this.#listeners.values()]) state?.(open);
      },
      gone: () => this.#endListening(new HuntProblem(404, "not_found", "the hunt is deleted")),
    });
    this.#live = live;
  }

  #disconnect(): void {
    this.#live?.close();
    this.#live = undefined;
    this.#position = undefined;
  }

  #endListening(why: HuntProblem): void {
    const options = [...this.#listeners.values()];
    this.#listeners.clear();
    this.#disconnect();
    for (const { ended } of options) ended?.(why);
  }

  /** With a ticket of who plays; else with what a spectator saw last. */
  async #liveAddress(): Promise<string> {
    await this.#opened;
    const query = this.#session
      ? { ticket: (await this.#callOnceAsPlayer<Ticket>("/tickets", { method: "POST" })).ticket }
      : { since: this.#position };
    const address = new URL(this.#address(`/live${queryOf(query)}`));
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    return address.href;
  }

  #address(path: string): string {
    return new URL(`/v1/hunts/${encodeURIComponent(this.#hunt)}${path}`, this.#url).href;
  }

  /** Tried a few times where it may be sent again. */
  #call<Told>(path: string, call: Call): Promise<Told> {
    return patiently(() => request<Told>(this.#fetch, this.#address(path), call), call.signal);
  }

  #callAsPlayer<Told>(path: string, call: Call): Promise<Told> {
    return patiently(() => this.#callOnceAsPlayer<Told>(path, call), call.signal);
  }

  /** A token that ends soon is renewed before, one that is refused after the call, which is then made again. */
  async #callOnceAsPlayer<Told>(path: string, call: Call): Promise<Told> {
    await this.#opened;
    if (!this.#session) throw nobody();
    const { token: before } = this.#session;
    if (before !== this.#renewed && isDue(before, Date.now())) {
      // It may still be good.
      await this.#renew(this.#session).catch(() => undefined);
    }
    const { token } = this.#session;
    const send = (by: string): Promise<Told> =>
      request<Told>(this.#fetch, this.#address(path), { ...call, token: by });
    try {
      return await send(token);
    } catch (error) {
      if (!(error instanceof HuntProblem) || error.status !== 401) throw error;
      const present = this.#session;
      return await send(present.token === token ? await this.#renew(present) : present.token);
    }
  }

  #renew(session: Session): Promise<string> {
    this.#renewing ??= (async () => {
      const { token } = await request<Renewed>(this.#fetch, this.#address("/sessions/renew"), {
        method: "POST",
        token: session.token,
      });
      if (this.#session === session) {
        this.#session = { ...session, token };
        this.#renewed = token;
        await saveSession(this.#storage, this.#hunt, this.#session);
      }
      return token;
    })().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }
}

const nobody = (): HuntProblem => new HuntProblem(401, "unauthenticated", "nobody has joined");

function queryOf(parts: Record<string, string | number | undefined>): string {
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length === 0 ? "" : `?${query}`;
}

async function patiently<Told>(call: () => Promise<Told>, signal: AbortSignal | undefined): Promise<Told> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof HuntProblem) || !error.retryable || tried === TRIES) throw error;
      const asked = (error.retryAfter ?? 0) * 1_000;
      if (asked > WAIT_MOST) throw error;
      await pause(Math.max(asked, WAIT_FIRST * 2 ** tried) * (1 + Math.random() / 4));
      signal?.throwIfAborted();
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The same for the same keys and values, whatever their order. */
const stableText = (value: object): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (why: unknown) => void = () => undefined;
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
