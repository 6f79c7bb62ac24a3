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
}

/** Teams that solved something between two standings, newest first. */
export function newSolves(before: readonly Entry[], after: readonly Entry[]): SolveNote[] {
  const known = new Map(before.map(({ team, solves }) => [team.id, solves]));
  return after
    .filter(
      ({ team, solves, lastSolveAt }) => lastSolveAt !== undefined && solves > (known.get(team.id) ?? 0),
    )
    .map(({ team, lastSolveAt = "" }) => ({ team: team.id, name: team.name, at: lastSolveAt }))
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}
