/**
 * A shard under load as a queueing simulation: one thread decides events in
 * order and makes commits; while a commit becomes durable, new events gather
 * for the next one. Pure: the same for the same seed.
 */
import { waitOf } from "../measure/chance.ts";
import { quantileOf, rising } from "../measure/statistics.ts";

/** Unit costs, s. */
export interface UnitCosts {
  /** Of the thread, for each request: receiving, deciding, responding. */
  request: number;
  /** Of the thread, for each event beyond a request's first. */
  event: number;
  /** Of the thread, for each commit. */
  commit: number;
  /** Between a request and its response, spent elsewhere: the way there and back. */
  way: number;
  /** The collector's pauses; absent: it makes none. */
  pauses?: Pauses;
}

/**
 * The collector stops the thread once there is so much garbage, and work makes garbage: for a moment when what is
 * young is collected, and for longer when everything is. What requests leave behind outlives the small collections
 * (docs/performance.md, "Tails"), so that full ones come as often as there is work.
 */
export interface Pauses {
  small: Pause;
  full: Pause;
}

export interface Pause {
  /** Of the thread's work between two, s. */
  every: number;
  /** The longest, s; they are spread evenly between half of it and all. */
  longest: number;
}

/** Of a pause's longest, the mean. */
export const PAUSE_MEAN = 0.75;

export interface Simulated {
  /** Events with a result, per second. */
  rate: number;
  /** Latencies of requests, s. */
  p50: number;
  p99: number;
  /** Events in a commit, mean. */
  perCommit: number;
  /** Share of time in which the thread was busy. */
  busy: number;
  /** Share of requests refused because too many waited. */
  refused: number;
}

export type Load =
  /** Each of `clients` sends the next request when it has the response. */
  | { kind: "closed"; clients: number }
  /** Independent arrivals, requests/s. */
  | { kind: "open"; rate: number };

export interface SimulateOptions {
  costs: UnitCosts;
  load: Load;
  eventsPerRequest: number;
  /** Events waiting for a commit beyond which requests are refused. */
  waitingMax: number;
  /** Simulated, s. */
  seconds: number;
  random: () => number;
}

/** Requests simulated at most: far more than a figure needs. */
const REQUESTS_MAX = 400_000;

/** A request's work is done in three turns of the event loop: received, decided, answered. */
const TURNS = 3;

type Task = { kind: "received" | "decided" | "answered"; sent: number } | { kind: "commit" | "wait" };

export function simulateShard(options: SimulateOptions): Simulated {
  const { costs, load, eventsPerRequest, waitingMax, seconds, random } = options;
  const { pauses } = costs;
  const turn = (costs.request + costs.event * (eventsPerRequest - 1)) / TURNS;
  /** Requests on their way to the thread, in order of time. */
  const arriving = new Line<{ at: number; sent: number }>();
  let nextOpen = load.kind === "open" ? waitOf(random, load.rate) : Number.POSITIVE_INFINITY;
  const clients = load.kind === "closed" ? load.clients : 0;
  for (let client = 0; client < clients; client += 1) {
    arriving.push({ at: (costs.way * client) / clients, sent: 0 });
  }
  const tasks = new Line<Task>();
  const latencies: number[] = [];
  let gathering: number[] = [];
  let isCommitDue = false;
  let crowded = false;
  let now = 0;
  let busy = 0;
  const due = pauses ? [pauses.small, pauses.full].map((pause) => ({ pause, since: 0 })) : [];
  let commits = 0;
  let refused = 0;
  let taken = 0;
  const nextArrival = (): number => Math.min(arriving.first?.at ?? Number.POSITIVE_INFINITY, nextOpen);
  const work = (cost: number): void => {
    now += cost;
    busy += cost;
    for (const each of due) {
      each.since += cost;
      if (each.since < each.pause.every) continue;
      each.since = 0;
      const pause = each.pause.longest * (2 * PAUSE_MEAN - 1 + random() * 2 * (1 - PAUSE_MEAN));
      now += pause;
      busy += pause;
    }
  };
  while (now < seconds && taken < REQUESTS_MAX) {
    if (tasks.length === 0) {
      const next = nextArrival();
      if (!Number.isFinite(next)) break;
      now = Math.max(now, next);
    }
    while (nextArrival() <= now) {
      taken += 1;
      if (nextOpen <= (arriving.first?.at ?? Number.POSITIVE_INFINITY)) {
        tasks.push({ kind: "received", sent: nextOpen - costs.way / 2 });
        if (load.kind === "open") nextOpen += waitOf(random, load.rate);
      } else tasks.push({ kind: "received", sent: arriving.shift()?.sent ?? 0 });
    }
    const task = tasks.shift();
    if (!task) continue;
    switch (task.kind) {
      case "received":
        work(turn);
        tasks.push({ kind: "decided", sent: task.sent });
        break;
      case "decided":
        if ((gathering.length + 1) * eventsPerRequest > waitingMax) {
          refused += 1;
          break;
        }
        work(turn);
        gathering.push(task.sent);
        if (!isCommitDue) {
          isCommitDue = true;
          // After a commit of several, those that have arrived are let in first.
          tasks.push({ kind: crowded ? "wait" : "commit" });
        }
        break;
      case "wait":
        tasks.push({ kind: "commit" });
        break;
      case "commit": {
        work(costs.commit);
        commits += 1;
        crowded = gathering.length > 1;
        for (const sent of gathering) tasks.push({ kind: "answered", sent });
        gathering = [];
        isCommitDue = false;
        break;
      }
      case "answered": {
        work(turn);
        const back = now + costs.way / 2;
        latencies.push(back - task.sent);
        if (load.kind === "closed") arriving.push({ at: back + costs.way / 2, sent: back });
      }
    }
  }
  const answered = latencies.length * eventsPerRequest;
  const sorted = rising(latencies);
  return {
    rate: answered / now,
    p50: quantileOf(sorted, 0.5),
    p99: quantileOf(sorted, 0.99),
    perCommit: commits === 0 ? 0 : answered / commits,
    busy: busy / now,
    refused: taken === 0 ? 0 : refused / taken,
  };
}

/** First in, first out, without moving the items that wait. */
class Line<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 10_000 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
