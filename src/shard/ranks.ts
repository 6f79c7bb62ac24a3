/**
 * Ranks of the shard's teams, asked of the standings in batches: while one
 * question is under way, further teams gather for the next.
 */
import { isYoung } from "../ahead.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type Clock, within } from "../clock.ts";

/** A rank this old is told without asking again, ms. */
const FRESH = 1_000;

/** Longest a player waits for a rank, ms; then `/me` goes without. */
const WAIT = 500;

/** Ranks in memory. */
const RANKS_MAX = 20_000;

export class RankCache {
  readonly #clock: Clock;
  readonly #ask: (teams: string[]) => Promise<(number | null)[]>;
  readonly #cached = new BoundedMap<string, { rank: number | null; at: number }>(RANKS_MAX);
  #wanted = new Set<string>();
  #inFlight: Promise<void> | undefined;

  /** `ask`: the places of these teams, null where a team has none. */
  constructor(clock: Clock, ask: (teams: string[]) => Promise<(number | null)[]>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The team's place, null when it has none, undefined when the standings did not respond in time. */
  async rankOf(team: string): Promise<number | null | undefined> {
    const now = this.#clock.now();
    const cached = this.#cached.get(team);
    if (cached && isYoung(cached.at, now, FRESH)) return cached.rank;
    this.#wanted.add(team);
    const asked = this.#inFlight?.then(() => this.#round(now)) ?? this.#round(now);
    await within(this.#clock, WAIT, asked).catch(() => undefined);
    const latest = this.#cached.get(team);
    return latest && isYoung(latest.at, now, FRESH + WAIT) ? latest.rank : undefined;
  }

  #round(now: number): Promise<void> {
    if (this.#inFlight || this.#wanted.size === 0) return this.#inFlight ?? Promise.resolve();
    const teams = [...this.#wanted];
    this.#wanted = new Set();
    this.#inFlight = this.#ask(teams)
      .then((ranks) => {
        teams.forEach((team, index) => {
          this.#cached.set(team, { rank: ranks[index] ?? null, at: now });
        });
      })
      .finally(() => {
        this.#inFlight = undefined;
      });
    return this.#inFlight;
  }
}
