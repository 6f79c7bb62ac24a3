/**
 * The standings written down as the rules say them: every fact is kept, every
 * question sorts and counts everything again. The model of the property tests;
 * it shares no code with what it checks.
 */

import type { StandingsRules } from "../../../src/hunt/score.ts";
import type { LeaderboardEntry, ScoreFact } from "../../../src/protocol.ts";

export interface Report {
  shard: string;
  fact: ScoreFact;
}

type Solve = { clue: string; points: number; less?: number; at: number; seq: number };

interface NaiveTeam {
  id: string;
  name: string;
  bracket: string | undefined;
  shard: string;
  joined: { at: number; seq: number };
  start: number;
  solves: Solve[];
  adjusted: number;
  banned: boolean;
  hidden: boolean;
  empty: boolean;
}

const isShown = ({ banned, hidden, empty }: NaiveTeam): boolean => !banned && !hidden && !empty;

export function naiveClueValue(
  decay: StandingsRules["scoring"]["decay"],
  points: number,
  solvers: number,
): number {
  if (decay.kind === "none" || points === 0) return points;
  const n = BigInt(decay.solves);
  let k = BigInt(Math.max(0, solvers - 1));
  if (k > n) k = n;
  const power = decay.kind === "log" ? 2n : 1n;
  // Decay never raises a value.
  const minimum = Math.min(decay.minimum, points);
  // v = (points · nᵖ − (points − minimum) · kᵖ) / nᵖ, rounded up.
  const numerator = BigInt(points) * n ** power - (BigInt(points) - BigInt(minimum)) * k ** power;
  const denominator = n ** power;
  const quotient = numerator / denominator;
  return Number(numerator > 0n && quotient * denominator !== numerator ? quotient + 1n : quotient);
}

export class NaiveStandings {
  readonly rules: StandingsRules;
  readonly teams = new Map<string, NaiveTeam>();
  readonly dynamic: boolean;

  constructor(rules: StandingsRules, reports: readonly Report[]) {
    this.rules = rules;
    const all = [rules.scoring, ...rules.clues];
    this.dynamic = all.some(
      ({ decay, firstSolves }) => (decay?.kind ?? "none") !== "none" || firstSolves?.length,
    );
    const ordered = reports.toSorted((a, b) =>
      a.shard === b.shard ? a.fact.seq - b.fact.seq : a.shard < b.shard ? -1 : 1,
    );
    for (const { shard, fact } of ordered) this.#read(shard, fact);
  }

  #read(shard: string, fact: ScoreFact): void {
    if (fact.type === "join") {
      this.teams.set(fact.team, {
        id: fact.team,
        name: fact.name,
        bracket: fact.bracket,
        shard,
        joined: fact,
        start: 0,
        solves: [],
        adjusted: 0,
        banned: false,
        hidden: false,
        empty: fact.empty === true,
      });
      return;
    }
    const team = this.teams.get(fact.team);
    if (team === undefined) throw new Error("the generator made an unknown team");
    if (fact.type === "solve") team.solves.push(fact);
    else if (fact.type === "recount") {
      team.solves = [...fact.solves];
      team.joined = fact.joined;
    } else if (fact.type === "start") team.start = fact.at;
    else if (fact.type === "adjust") team.adjusted += fact.points;
    else if (fact.type === "ban" || fact.type === "unban") team.banned = fact.type === "ban";
    else if (fact.type === "hide" || fact.type === "show") team.hidden = fact.type === "hide";
    else if (fact.type === "bracket") team.bracket = fact.bracket;
    else if (fact.type === "rename") team.name = fact.name;
    else team.empty = fact.type === "emptied";
  }

  basePoints(clue: string): number | undefined {
    return this.rules.clues.find(({ id }) => id === clue)?.points;
  }

  solveCount(clue: string): number {
    return [...this.teams.values()].filter(
      (team) => isShown(team) && team.solves.some((solve) => solve.clue === clue),
    ).length;
  }

  value(clue: string): number {
    const defined = this.rules.clues.find(({ id }) => id === clue);
    if (!defined) return 0;
    const { points, speed, decay = this.rules.scoring.decay } = defined;
    return speed ? points : naiveClueValue(decay, points, this.solveCount(clue));
  }

  /** The solves of a clue by teams that are not hidden, first to last. */
  order(clue: string): { team: NaiveTeam; at: number; seq: number }[] {
    const shown = [...this.teams.values()].filter(({ hidden, empty }) => !hidden && !empty);
    const solves = shown.flatMap((team) =>
      team.solves.filter((solve) => solve.clue === clue).map(({ at, seq }) => ({ team, at, seq })),
    );
    return solves.toSorted(
      (a, b) =>
        a.at - b.at || (a.team.shard < b.team.shard ? -1 : a.team.shard > b.team.shard ? 1 : a.seq - b.seq),
    );
  }

  bonus(team: NaiveTeam, clue: string): number {
    const defined = this.rules.clues.find(({ id }) => id === clue);
    if (team.banned || !defined) return 0;
    const slot = this.order(clue).findIndex((solve) => solve.team === team);
    return (defined.firstSolves ?? this.rules.scoring.firstSolves)[slot] ?? 0;
  }

  score(id: string): number {
    const team = this.teams.get(id) as NaiveTeam;
    const solved = team.solves.map(({ clue, points, less = 0 }) =>
      this.dynamic ? Math.max(0, this.value(clue) - less) + this.bonus(team, clue) : points,
    );
    return solved.reduce((sum, points) => sum + points, team.adjusted);
  }

  /** What breaks the team's ties. */
  key(team: NaiveTeam): { at: number; seq: number } {
    const { ranking, finish } = this.rules.scoring;
    if (ranking === "finish") {
      return team.solves.find(({ clue }) => clue === finish) ?? team.solves.at(-1) ?? team.joined;
    }
    const raises = ({ clue, points }: Solve) => (this.dynamic ? (this.basePoints(clue) ?? 0) : points) > 0;
    const last = team.solves.findLast(raises);
    if (!last) return team.joined;
    return this.rules.ownClock ? { at: last.at - team.start, seq: last.seq } : last;
  }

  ranked(bracket?: string): NaiveTeam[] {
    const { ranking, finish } = this.rules.scoring;
    const rows = [...this.teams.values()]
      .filter((team) => isShown(team) && (bracket === undefined || team.bracket === bracket))
      .map((team) => {
        const finished = team.solves.some(({ clue }) => clue === finish);
        const first =
          ranking === "score"
            ? this.score(team.id)
            : finished
              ? Number.POSITIVE_INFINITY
              : team.solves.length;
        return { team, first, key: this.key(team) };
      });
    rows.sort((a, b) => {
      if (a.first !== b.first) return b.first > a.first ? 1 : -1;
      if (a.key.at !== b.key.at) return a.key.at - b.key.at;
      if (a.team.shard !== b.team.shard) return a.team.shard < b.team.shard ? -1 : 1;
      return a.key.seq - b.key.seq;
    });
    return rows.map(({ team }) => team);
  }

  table(bracket?: string): LeaderboardEntry[] {
    return this.ranked(bracket).map((team, i) => ({
      rank: i + 1,
      team: { id: team.id, name: team.name, ...(team.bracket !== undefined && { bracket: team.bracket }) },
      score: this.score(team.id),
      solves: team.solves.length,
      ...(team.solves.length > 0 && { lastSolveAt: team.solves.at(-1)?.at as number }),
    }));
  }

  word(shard: string) {
    if (!this.dynamic) return undefined;
    const teams = [...this.teams.values()];
    const clues = this.rules.clues
      .map(({ id }) => id)
      .filter((clue) => teams.some(({ solves }) => solves.some((solve) => solve.clue === clue)));
    return {
      values: clues.map((clue) => ({ clue, value: this.value(clue) })),
      bonuses: clues.flatMap((clue) =>
        this.order(clue)
          .filter(({ team }) => team.shard === shard)
          .map(({ team }) => ({ team: team.id, clue, points: this.bonus(team, clue) }))
          .filter(({ points }) => points !== 0),
      ),
    };
  }
}
