/** What a merged team leaves to the other one, read from its facts: who solved what, and what its hints cost. PURE. */
import type { Fact, Legacy } from "../protocol.ts";
import { evolveAny } from "./evolve.ts";
import { hintKey, type Team } from "./team.ts";

/** Takes a team's facts in order. `players`: who goes to the other team. */
export class LegacyReading {
  readonly #players: readonly string[];
  #team: Team | undefined;
  /** By clue: who solved it; undefined: nobody, it is by hand. */
  readonly #solvers = new Map<string, string | undefined>();
  readonly #hints = new Map<string, Legacy["hints"][number]>();
  readonly #awards: Legacy["awards"] = [];

  constructor(players: readonly string[]) {
    this.#players = players;
  }

  add(fact: Fact): void {
    this.#team = evolveAny(this.#team, fact);
    switch (fact.type) {
      case "solve":
        this.#solvers.set(fact.clue, fact.player);
        return;
      case "award":
        this.#awards.push({ at: fact.at, points: fact.points });
        return;
      case "absorb":
        for (const hint of fact.hints ?? []) this.#take(hint);
        this.#awards.push(...(fact.awards ?? []));
        return;
      default:
        if (!("outcome" in fact)) return;
        if (fact.outcome === "correct") this.#solvers.set(fact.clue ?? "", fact.player);
        if (fact.outcome !== "taken") return;
        this.#take({ clue: fact.clue ?? "", hint: fact.hint ?? "", at: fact.at, cost: fact.cost ?? 0 });
    }
  }

  #take(hint: Legacy["hints"][number]): void {
    const key = hintKey(hint.clue, hint.hint);
    if (!this.#hints.has(key)) this.#hints.set(key, hint);
  }

  /** Undefined: this version cannot fold the facts. */
  get legacy(): Legacy | undefined {
    const team = this.#team;
    if (!team || team.newerFrom !== undefined) return undefined;
    const { solves, opened, wins = [], inherited = [] } = team;
    return {
      solves: [...solves].map(([clue, { at, points, less, opensAt }]) => {
        const player = this.#solvers.get(clue);
        return {
          clue,
          at,
          points,
          ...(less === undefined ? {} : { less }),
          ...(player === undefined ? {} : { player }),
          ...(opensAt === undefined ? {} : { opensAt }),
        };
      }),
      opened: [...opened].map(([clue, at]) => ({ clue, at })),
      hints: [...this.#hints.values()],
      awards: this.#awards,
      wins: [
        ...inherited,
        ...wins
          .filter(({ player }) => !this.#players.includes(player))
          .map(({ prize, unit }) => ({ prize, unit })),
      ],
    };
  }
}
