/**
 * The teams that solved a clue first. The standings know who solved it and not when; the shards do,
 * and are asked for all who look at the same time at once.
 */
import { BoundedMap } from "../bounded-map.ts";
import type { Clock } from "../clock.ts";
import type { FirstSolver } from "../objects/leaderboard.ts";
import type { ClueSolver } from "../objects/shard.ts";

/** Solvers that are told at most. */
export const SOLVERS_MAX = 100;

/** How long the shards' answers are repeated, ms. */
const AGE_MAX = 5_000;

/** Clues whose solvers are in memory. */
const CLUES_MAX = 1_000;

/** Shards asked at the same time (an object may hold six connections). */
const WIDTH = 6;

/** A shard tells so many, and four times as many when too few of all may be shown, up to the last. */
const ASKED = { first: SOLVERS_MAX, last: 6_400 };

interface Asked {
  at: number;
  first: Promise<FirstSolver[]>;
}

/** What of the solves is shown. */
interface Shown {
  /** What is later does not count; epoch ms. */
  until: number;
  /** Undefined: of this team nothing is shown. */
  nameOf(team: string): string | undefined;
}

export interface SolversDeps {
  clock: Pick<Clock, "now">;
  shards(): readonly string[];
  /** The first solves of a shard's teams that counted at `until`, in order. */
  solversOf(shard: string, clue: string, until: number, limit: number): Promise<ClueSolver[]>;
}

export class Solvers {
  readonly #deps: SolversDeps;
  readonly #known = new BoundedMap<string, Asked>(CLUES_MAX);

  constructor(deps: SolversDeps) {
    this.#deps = deps;
  }

  /** Up to `SOLVERS_MAX`, the first one first. */
  async first(clue: string, shown: Shown): Promise<FirstSolver[]> {
    const key = `${shown.until}/${clue}`;
    const now = this.#deps.clock.now();
    const known = this.#known.get(key);
    if (known && Math.abs(now - known.at) < AGE_MAX) return known.first;
    const first = this.#gather(clue, shown);
    this.#known.set(key, { at: now, first });
    // What failed is asked again.
    first.catch(() => this.#known.delete(key));
    return first;
  }

  async #gather(clue: string, { until, nameOf }: Shown): Promise<FirstSolver[]> {
    for (let limit = ASKED.first; ; limit *= 4) {
      const told = await this.#askAll(clue, until, limit);
      // Behind the last of a shard that told as many as it may there may be more: what is later waits for them.
      const full = told.filter((solvers) => solvers.length === limit);
      const known = Math.min(...full.map((solvers) => solvers.at(-1)?.at ?? 0));
      const shown = told
        .flat()
        .sort((a, b) => a.at - b.at || compared(a.team, b.team) || a.seq - b.seq)
        .flatMap(({ team: id, at }): FirstSolver[] => {
          const name = nameOf(id);
          return name === undefined ? [] : [{ team: { id, name }, at }];
        });
      const sure = shown.filter(({ at }) => at <= known).slice(0, SOLVERS_MAX);
      if (full.length === 0 || sure.length === SOLVERS_MAX || limit >= ASKED.last) return sure;
    }
  }

  async #askAll(clue: string, until: number, limit: number): Promise<ClueSolver[][]> {
    const shards = [...this.#deps.shards()];
    const told: ClueSolver[][] = [];
    while (shards.length > 0) {
      const some = shards.splice(0, WIDTH);
      told.push(...(await Promise.all(some.map((shard) => this.#deps.solversOf(shard, clue, until, limit)))));
    }
    return told;
  }
}

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
