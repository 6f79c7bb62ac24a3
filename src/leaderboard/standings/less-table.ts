/**
 * Of solves that bring less than their clue's value, because of time or wrong tries: how much less. Few teams
 * have any, in few hunts, so they are no columns.
 */

/** Of a team: clue, points, clue, points … */
type Entries = readonly number[];

export class LessTable {
  readonly #teams = new Map<number, Entries>();

  get isEmpty(): boolean {
    return this.#teams.size === 0;
  }

  /** Entries of all teams. O(teams with any). */
  get size(): number {
    let size = 0;
    for (const entries of this.#teams.values()) size += entries.length / 2;
    return size;
  }

  /** Notes the team's solve of a clue that it had not solved. */
  add(team: number, clue: number, points: number): void {
    this.#teams.set(team, [...(this.#teams.get(team) ?? []), clue, points]);
  }

  /** Forgets what there is of the team. */
  drop(team: number): void {
    this.#teams.delete(team);
  }

  /** Points that the team's solves bring less at these values: no solve less than 0. O(its entries). */
  sumOf(team: number, valueAt: (clue: number) => number): number {
    const entries = this.#teams.get(team);
    if (!entries) return 0;
    let sum = 0;
    for (let place = 0; place < entries.length; place += 2) {
      sum += Math.min(entries[place + 1] as number, valueAt(entries[place] as number));
    }
    return sum;
  }

  teams(): Iterable<number> {
    return this.#teams.keys();
  }

  *entries(): Generator<{ team: number; clue: number; points: number }> {
    for (const [team, entries] of this.#teams) {
      for (let place = 0; place < entries.length; place += 2) {
        yield { team, clue: entries[place] as number, points: entries[place + 1] as number };
      }
    }
  }

  /** A copy that shares nothing that changes. O(teams with any). */
  clone(): LessTable {
    const copy = new LessTable();
    for (const [team, entries] of this.#teams) copy.#teams.set(team, entries);
    return copy;
  }
}
