/**
 * Scores over time of the teams that are drawn. A team's history is asked for
 * when it comes among them; from then on the standings tell how its score goes.
 * What they cannot tell, such as a regrade, comes by one team's history a minute.
 */
import type { Entry } from "../../contract/standings.ts";

/** Times are epoch ms. */
export type Points = readonly { at: number; score: number }[];

/** Time between two histories that are read again, ms. */
export const AGAIN_EVERY = 60_000;

/** Points kept for a team. */
const POINTS_MAX = 5_000;

export class Histories {
  /** Reads the history of a team; rejects when there is none now. */
  readonly #read: (team: string) => Promise<Points>;
  readonly #known = new Map<string, Points>();
  /** The teams that are drawn, the one to read again next first. */
  #turns: readonly string[] = [];

  constructor(read: (team: string) => Promise<Points>) {
    this.#read = read;
  }

  /** Takes what the standings say at `now`. Resolves when new teams' histories are there; to whether anything changed. */
  async follow(rows: readonly Entry[], now: number): Promise<boolean> {
    const teams = rows.map(({ team }) => team.id);
    for (const id of this.#known.keys()) if (!teams.includes(id)) this.#known.delete(id);
    this.#turns = [
      ...this.#turns.filter((id) => teams.includes(id)),
      ...teams.filter((id) => !this.#turns.includes(id)),
    ];
    let isChanged = false;
    const strangers: string[] = [];
    for (const { team, score } of rows) {
      const points = this.#known.get(team.id);
      if (!points) strangers.push(team.id);
      else if (points.at(-1)?.score !== score) {
        this.#known.set(team.id, [...points, { at: now, score }].slice(-POINTS_MAX));
        isChanged = true;
      }
    }
    // At once, so that nobody asks for the same history twice.
    for (const id of strangers) this.#known.set(id, []);
    await Promise.all(strangers.map((id) => this.#renew(id)));
    return isChanged || strangers.length > 0;
  }

  /** Reads one team's history again. */
  async renewOne(): Promise<void> {
    const [next, ...others] = this.#turns;
    if (next === undefined) return;
    this.#turns = [...others, next];
    await this.#renew(next);
  }

  of(team: string): Points {
    return this.#known.get(team) ?? [];
  }

  async #renew(team: string): Promise<void> {
    try {
      const points = await this.#read(team);
      if (this.#known.has(team)) this.#known.set(team, points);
    } catch {
      // What is known stays; its turn comes again.
    }
  }
}
