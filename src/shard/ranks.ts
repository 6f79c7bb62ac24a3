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

/** `Place`: what the standings tell of a team that has a place. */
export class RankCache<Place = number> {
  readonly #clock: Clock;
  readonly #ask: (teams: string[]) => Promise<(Place | null)[]>;
  readonly #cached = new BoundedMap<string, { rank: Place | null; at: number }>(RANKS_MAX);
  #wanted = new Set<string>();
  #inFlight: Promise<void> | undefined;

  /** `ask`: the places of these teams, null where a team has none. */
  constructor(clock: Clock, ask: (teams: string[]) => Promise<(Place | null)[]>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The team's place, null when it has none, undefined when the standings did not respond in time. */
  async rankOf(team: string): Promise<Place | null | undefined> {
    return (await this.ranksOf([team])).get(team);
  }

  /** The same of several teams, with one wait for all. */
  async ranksOf(teams: readonly string[]): Promise<Map<string, Place | null | undefined>> {
    const now = this.#clock.now();
    const ranks = new Map<string, Place | null | undefined>();
    const old: string[] = [];
    for (const team of teams) {
      const cached = this.#cached.get(team);
      if (cached && isYoung(cached.at, now, FRESH)) ranks.set(team, cached.rank);
      else old.push(team);
    }
    if (old.length === 0) return ranks;
    for (const team of old) this.#wanted.add(team);
    const asked = this.#inFlight?.then(() => this.#round(now)) ?? this.#round(now);
    await within(this.#clock, WAIT, asked).catch(() => undefined);
    for (const team of old) {
      const latest = this.#cached.get(team);
      ranks.set(team, latest && isYoung(latest.at, now, FRESH + WAIT) ? latest.rank : undefined);
    }
    return ranks;
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
