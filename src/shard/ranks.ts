/**
 * Ranks of the shard's teams, asked of the standings in batches: while one
 * question is under way, further teams gather for the next.
 */

/** A rank this old is told without asking again, ms. */
const FRESH = 1_000;

/** Longest a player waits for a rank, ms; then `/me` goes without. */
const WAIT = 500;

/** Ranks kept in memory. */
const KEPT_MAX = 20_000;

export class RankCache {
  readonly #ask: (teams: string[]) => Promise<(number | null)[]>;
  readonly #known = new Map<string, { rank: number | null; at: number }>();
  #wanted = new Set<string>();
  #inFlight: Promise<void> | undefined;

  constructor(ask: (teams: string[]) => Promise<(number | null)[]>) {
    this.#ask = ask;
  }

  /** The team's place, null when it has none, undefined when the standings did not answer in time. */
  async rankOf(team: string, now: number): Promise<number | null | undefined> {
    const known = this.#known.get(team);
    if (known && now - known.at < FRESH) return known.rank;
    this.#wanted.add(team);
    const asked = this.#inFlight?.then(() => this.#round(now)) ?? this.#round(now);
    await Promise.race([asked, new Promise((done) => setTimeout(done, WAIT))]).catch(() => undefined);
    const answer = this.#known.get(team);
    return answer && now - answer.at < FRESH + WAIT ? answer.rank : undefined;
  }

  #round(now: number): Promise<void> {
    if (this.#inFlight || this.#wanted.size === 0) return this.#inFlight ?? Promise.resolve();
    const teams = [...this.#wanted];
    this.#wanted = new Set();
    this.#inFlight = this.#ask(teams)
      .then((ranks) => {
        if (this.#known.size + teams.length > KEPT_MAX) this.#known.clear();
        teams.forEach((team, index) => {
          this.#known.set(team, { rank: ranks[index] ?? null, at: now });
        });
      })
      .finally(() => {
        this.#inFlight = undefined;
      });
    return this.#inFlight;
  }
}
