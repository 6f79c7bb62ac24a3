/** Load for the fault tests: requests at their intended times, whatever became of those before. */

import { Pool } from "undici";
import { quantileOf, rising } from "../../scripts/lab/measure/statistics.ts";
import type { Result } from "../../src/protocol.ts";
import type { Player } from "../contract/client.ts";

/** Connections of the load; more than it has requests in flight when all is well. */
const CONNECTIONS = 32;

export interface Shot {
  /** Intended start, epoch ms. */
  at: number;
  /** From the intended start to the answer, ms. */
  latency: number;
  status: number;
  events: number;
}

/**
 * Sends `rate` requests a second, each with `events` events of the next player.
 * Latency counts from the intended start, so that a stall is not hidden.
 */
export class OpenLoad {
  readonly shots: Shot[] = [];
  /** Results by outcome. */
  readonly outcomes: Record<string, number> = {};
  readonly #pool: Pool;
  readonly #players: readonly Player[];
  readonly #makeEvent: (player: Player, number: number) => object;
  readonly #flying = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;
  #started = 0;

  constructor(url: URL, players: readonly Player[], makeEvent: (player: Player, number: number) => object) {
    this.#pool = new Pool(url.origin, { connections: CONNECTIONS });
    this.#players = players;
    this.#makeEvent = makeEvent;
  }

  start(rate: number, events = 1): void {
    this.#started = Date.now();
    let due = 0;
    this.#timer = setInterval(() => {
      for (; due < ((Date.now() - this.#started) / 1_000) * rate; due += 1) {
        const shot = this.#shoot(this.#started + (due / rate) * 1_000, events);
        this.#flying.add(shot);
        void shot.finally(() => this.#flying.delete(shot));
      }
    }, 2);
  }

  async #shoot(at: number, count: number): Promise<void> {
    const player = this.#players[this.#sent % this.#players.length];
    if (!player) throw new Error("a load needs players");
    const events = Array.from({ length: count }, (_, index) =>
      this.#makeEvent(player, this.#sent * count + index),
    );
    this.#sent += 1;
    let status = 0;
    try {
      const answer = await this.#pool.request({
        method: "POST",
        path: `/v1/hunts/${player.hunt}/events`,
        headers: { authorization: `Bearer ${player.token}`, "content-type": "application/json" },
        body: JSON.stringify({ events }),
      });
      status = answer.statusCode;
      const text = await answer.body.text();
      if (status === 200) {
        for (const { outcome } of (JSON.parse(text) as { results: Result[] }).results) {
          this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
        }
      }
    } catch {
      status = 0; // the connection was lost: counted like any other failure
    }
    this.shots.push({ at, latency: Date.now() - at, status, events: count });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#flying);
    await this.#pool.close();
  }
}

/** The latency that `share` of the shots stayed within, ms. */
export function quantile(shots: readonly Shot[], share: number): number {
  return quantileOf(rising(shots.map(({ latency }) => latency)), share) || 0;
}
