/**
 * Wins whose shard has not been heard to have recorded them. A moment after a
 * win its shard is asked for the record, until it succeeds: whatever died
 * between the reservation and the shard's log is repaired here.
 */
import { type Clock, within } from "../clock.ts";
import type { Refusal } from "../errors.ts";
import { parseTeamId } from "../objects/ids.ts";
import { WINS_MAX, type Win } from "../objects/prizes.ts";
import type { WinStore } from "./store.ts";

/** How long after a win its shard is asked for the record, ms; the delay doubles while shards fail. */
const CONFIRM_DELAY = { first: 1_000, most: 60_000 };

/** How long a shard may take to record its wins, ms. */
const CONFIRM_DEADLINE = 10_000;

export interface ConfirmDeps {
  clock: Clock;
  store: WinStore;
  /** Has a shard record wins; a refusal: not now. Safe to repeat. */
  record(shard: string, wins: Win[]): Promise<Refusal | undefined>;
  /** Has `run` called at this time at the latest, epoch ms. */
  callAt(time: number): void;
}

export class Confirmations {
  readonly #deps: ConfirmDeps;
  readonly #waiting = new Map<string, Set<Win>>();
  #delay = CONFIRM_DELAY.first;
  #isDue = false;

  constructor(deps: ConfirmDeps) {
    this.#deps = deps;
  }

  /** What an earlier instance left unconfirmed. */
  resume(): void {
    for (const win of this.#deps.store.unconfirmed()) this.#wait(win);
    if (this.#waiting.size > 0) this.#callSoon();
  }

  /** A stored win waits to be recorded by its shard. */
  add(win: Win): void {
    this.#wait(win);
    this.#callSoon();
  }

  #wait(win: Win): void {
    const shard = shardOf(win.team);
    const waiting = this.#waiting.get(shard) ?? new Set();
    this.#waiting.set(shard, waiting.add(win));
  }

  /** The win as it waits; undefined: it is confirmed. */
  find({ prize, team, n }: Win): Win | undefined {
    for (const win of this.#waiting.get(shardOf(team)) ?? []) {
      if (win.prize === prize && win.team === team && win.n === n) return win;
    }
    return undefined;
  }

  /** Whether no win of the shard waits but these. */
  noneBut(wins: ReadonlySet<Win>, shard: string): boolean {
    return [...(this.#waiting.get(shard) ?? [])].every((win) => wins.has(win));
  }

  #callSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#deps.callAt(this.#deps.clock.now() + this.#delay * (0.75 + Math.random() / 2));
  }

  /** Asks the shards for the record of what they won, and confirms it. */
  async run(): Promise<void> {
    this.#isDue = false;
    let failed = 0;
    try {
      // One after the other would let one that hangs hold up the rest.
      const confirmed = await Promise.all([...this.#waiting.keys()].map((shard) => this.#confirm(shard)));
      failed = confirmed.filter((done) => !done).length;
    } finally {
      this.#delay = failed > 0 ? Math.min(CONFIRM_DELAY.most, this.#delay * 2) : CONFIRM_DELAY.first;
      // In `finally`, because an alarm that keeps failing is dropped by the platform.
      if (this.#waiting.size > 0) this.#callSoon();
    }
  }

  async #confirm(shard: string): Promise<boolean> {
    const { clock, store } = this.#deps;
    const waiting = this.#waiting.get(shard);
    const wins = [...(waiting ?? [])].slice(0, WINS_MAX);
    try {
      const refused = await within(clock, CONFIRM_DEADLINE, this.#deps.record(shard, wins));
      if (refused) throw new Error(refused.detail);
    } catch (error) {
      console.warn({ message: "wins could not be recorded yet", shard, error: String(error) });
      return false;
    }
    for (const win of wins) {
      store.confirm(win);
      waiting?.delete(win);
    }
    if (waiting?.size === 0) this.#waiting.delete(shard);
    return true;
  }
}

function shardOf(team: string): string {
  const place = parseTeamId(team);
  if (!place) throw new Error("a claim names a team that no shard has");
  return place.shard;
}
