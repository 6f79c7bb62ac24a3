/** The board's copy of the standings: the whole first, then changes with positions (docs/live.md). PURE. */
import type { BoardFrame } from "../../contract/live.ts";
import type { Entry } from "../../contract/standings.ts";

export interface Shown {
  asOf: string;
  frozen: boolean;
  total: number;
  position: string;
  /** By place, from 1 on. */
  rows: readonly Entry[];
}

/** The standings after a frame; undefined: changes that follow something else, so the whole must be asked for. */
export function applyFrame(shown: Shown | undefined, frame: BoardFrame): Shown | undefined {
  const { asOf, frozen, total, position, from, entries } = frame;
  if (from !== undefined && from !== shown?.position) return undefined;
  const rows = new Map((from === undefined ? [] : (shown?.rows ?? [])).map((entry) => [entry.rank, entry]));
  for (const entry of entries) rows.set(entry.rank, entry);
  const kept = [...rows.values()].filter(({ rank }) => rank <= total).sort((a, b) => a.rank - b.rank);
  return { asOf, frozen, total, position, rows: kept };
}

export interface SolveNote {
  team: string;
  name: string;
  at: string;
  /** Clues that the team has solved with this one. */
  solves: number;
  /** Points that it brought, as far as two standings tell; undefined: not known. */
  points?: number;
}

/** Teams that solved something between two standings, newest first. */
export function newSolves(before: readonly Entry[], after: readonly Entry[]): SolveNote[] {
  const known = new Map(before.map((entry) => [entry.team.id, entry]));
  return after
    .filter(
      ({ team, solves, lastSolveAt }) =>
        lastSolveAt !== undefined && solves > (known.get(team.id)?.solves ?? 0),
    )
    .map(({ team, solves, score, lastSolveAt = "" }) => {
      const earlier = known.get(team.id);
      const points = earlier === undefined ? 0 : score - earlier.score;
      return { team: team.id, name: team.name, at: lastSolveAt, solves, ...(points > 0 ? { points } : {}) };
    })
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}
