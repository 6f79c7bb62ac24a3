/**
 * Events without a result so far. They are kept before they are
 * sent, named by their id, and sent again under it until there is a result:
 * a reload, a lost network or an overloaded engine loses nothing.
 */
import type { PlayerEvent, Result } from "./wire.ts";

export interface OutboxStore {
  /** In the order they were added. */
  all(): Promise<PlayerEvent[]>;
  add(events: readonly PlayerEvent[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

/** Why a request brought no results. */
export interface Refusal {
  /** The same events may be sent again. */
  retryable?: boolean;
  /** Seconds, where the engine names them. */
  retryAfter?: number | undefined;
  status?: number;
  message?: string;
}

export interface OutboxDeps {
  store: OutboxStore;
  /** Rejects with `Refusal`. */
  send(events: readonly PlayerEvent[]): Promise<Result[]>;
  result(result: Result, event: PlayerEvent): void;
  /** Events without a result, each time they change. */
  pending(events: readonly PlayerEvent[]): void;
  /** The engine takes nothing from here: the token is refused, for example. The events stay. */
  refused(error: unknown): void;
  wait(ms: number): Promise<void>;
}

/** In one request the engine takes 100 events, of 65,536 bytes in all; the rest is room for what is around them. */
const BATCH = { events: 100, bytes: 60_000 };

/** Refusals of what a request holds, not of who sends it: the others in it can be taken without it. */
const UNFIT = [400, 413, 415, 422];

/** Waits after a failure, ms: doubled up to the most, with jitter. */
const RETRY = { first: 500, most: 30_000 };

/** The first of the events, at least one, as many as go into a request. */
function batchOf(events: readonly PlayerEvent[]): PlayerEvent[] {
  const encoder = new TextEncoder();
  let bytes = 0;
  const end = events.slice(0, BATCH.events).findIndex((event) => {
    bytes += encoder.encode(JSON.stringify(event)).length + 1;
    return bytes > BATCH.bytes;
  });
  return events.slice(0, end < 0 ? BATCH.events : Math.max(1, end));
}

export class Outbox {
  readonly #deps: OutboxDeps;
  #events: PlayerEvent[] = [];
  #sending = false;
  #delay = RETRY.first;
  /** One event a request: one among several was unfit. */
  #careful = false;
  #stopped = false;
  #woken: (() => void) | undefined;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Takes up what the store has: of an earlier life of the page, or come to it otherwise. */
  async start(): Promise<void> {
    const stored = await this.#deps.store.all();
    const known = new Set(this.#events.map(({ id }) => id));
    this.#events = [...stored.filter(({ id }) => !known.has(id)), ...this.#events];
    this.#deps.pending(this.#events);
    this.wake();
  }

  /** Sends nothing more; what has no result stays in the store. */
  stop(): void {
    this.#stopped = true;
    this.#woken?.();
  }

  /** Resolves when the events are kept; their results come by themselves. What waits already waits once. */
  async add(...events: PlayerEvent[]): Promise<void> {
    const known = new Set(this.#events.map(({ id }) => id));
    const fresh = events.filter(({ id }) => !known.has(id));
    await this.#deps.store.add(fresh);
    this.#events = [...this.#events, ...fresh];
    this.#deps.pending(this.#events);
    this.wake();
  }

  /** Sends these no more. Whether one that is under way is recorded, only sending it again would tell. */
  async drop(ids: ReadonlySet<string>): Promise<void> {
    this.#events = this.#events.filter(({ id }) => !ids.has(id));
    this.#deps.pending(this.#events);
    await this.#deps.store.remove([...ids]);
  }

  /** The network may be back: sends now, unless the engine asked for a pause. */
  wake(): void {
    this.#woken?.();
    if (!this.#sending && this.#events.length > 0) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    try {
      while (this.#events.length > 0 && !this.#stopped) {
        const batch = this.#careful ? this.#events.slice(0, 1) : batchOf(this.#events);
        const results = await this.#send(batch);
        if (results === "refused") return;
        if (results === "later") continue;
        this.#delay = RETRY.first;
        const answered = new Map(results.map((result) => [result.id, result]));
        const done = batch.filter(({ id }) => answered.has(id));
        await this.#deps.store.remove(done.map(({ id }) => id));
        this.#events = this.#events.filter(({ id }) => !answered.has(id));
        this.#deps.pending(this.#events);
        for (const event of done) {
          const result = answered.get(event.id);
          if (result) this.#deps.result(result, event);
        }
        // A response without any of their results would go round for ever.
        if (done.length === 0) await this.#pause();
      }
    } finally {
      this.#sending = false;
      this.#careful = false;
    }
  }

  /** The results of a batch; "later": it is to be sent again, "refused": nothing is taken. */
  async #send(batch: readonly PlayerEvent[]): Promise<readonly Result[] | "later" | "refused"> {
    try {
      return await this.#deps.send(batch);
    } catch (error) {
      const { retryable, retryAfter, status = 0, message = "" } = error as Refusal;
      if (retryable) {
        await this.#pause(retryAfter);
        return "later";
      }
      if (!UNFIT.includes(status)) {
        this.#deps.refused(error);
        return "refused";
      }
      const [only] = batch;
      if (batch.length === 1 && only) return [{ id: only.id, outcome: "invalid", message }];
      this.#careful = true;
      return "later";
    }
  }

  /** `told`: seconds that the engine asked for; nothing cuts those short. */
  async #pause(told = 0): Promise<void> {
    const delay = Math.max(this.#delay, told * 2_000) * (0.5 + Math.random() / 2);
    this.#delay = Math.min(RETRY.most, this.#delay * 2);
    const woken = new Promise<void>((wake) => {
      if (told === 0) this.#woken = wake;
    });
    await Promise.race([this.#deps.wait(delay), woken]);
    this.#woken = undefined;
  }
}
