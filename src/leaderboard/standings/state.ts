/** The state that facts put into the standings; everything else is derived from it. */

import { bonusesAtMost, isDynamic, type StandingsRules } from "../../hunt/score.ts";
import { ClueTable, SPARE_FIRSTS } from "./clue-table.ts";
import { LessTable } from "./less-table.ts";
import { Numbered } from "./numbered.ts";
import { TeamIds } from "./team-ids.ts";
import { isHidden, TeamTable } from "./team-table.ts";

export interface StandingsState {
  rules: StandingsRules;
  ids: TeamIds;
  teams: TeamTable;
  /** With moving scores: of the teams' solves that bring less than the clue's value, how much less. */
  less: LessTable;
  /** When the own time of teams began that have one, epoch ms. */
  starts: Map<number, number>;
  clues: ClueTable;
  shards: Numbered;
  /** The last seq applied of each shard, by its number. */
  lastSeqs: number[];
  /** Numbered from 0 here, from 1 in the teams' column (0 there is "none"). */
  brackets: Numbered;
}

/** `spare`: see `SPARE_FIRSTS`. */
export function emptyState(rules: StandingsRules, spare = SPARE_FIRSTS): StandingsState {
  return {
    rules,
    ids: new TeamIds(),
    teams: new TeamTable(isDynamic(rules)),
    less: new LessTable(),
    starts: new Map(),
    clues: new ClueTable(rules.clues, bonusesAtMost(rules), spare),
    shards: new Numbered(),
    lastSeqs: [],
    brackets: new Numbered(rules.brackets),
  };
}

/** An independent copy, but for ids and names: those only grow, and are shared. `thin`: see `TeamTable`. O(teams). */
export function cloneState(state: StandingsState, thin: boolean): StandingsState {
  return {
    rules: state.rules,
    ids: state.ids,
    teams: state.teams.clone(thin),
    starts: new Map(state.starts),
    less: thin ? new LessTable() : state.less.clone(),
    clues: state.clues.clone(),
    shards: new Numbered(state.shards.names),
    lastSeqs: [...state.lastSeqs],
    brackets: new Numbered(state.brackets.names),
  };
}

/**
 * The state under other rules, sharing its columns; or undefined where that
 * needs facts the columns no longer tell apart: another ranking, another finish
 * that somebody solved, static turned moving or back, more first-solve bonuses
 * than were kept, or, with moving scores, a solved clue that began or ceased to
 * give points (the last score-raising solve would be another). O(clues · first solves).
 */
export function underRules(state: StandingsState, rules: StandingsRules): StandingsState | undefined {
  if (!state.teams.keepsSolved && isDynamic(state.rules)) {
    // How many points the clue gave each team is no longer stored.
    return JSON.stringify(rules) === JSON.stringify(state.rules) ? state : undefined;
  }
  return suffices(state, rules)
    ? {
        ...state,
        rules,
        clues: state.clues.under(rules.clues, bonusesAtMost(rules)),
        brackets: new Numbered([...state.brackets.names, ...rules.brackets]),
      }
    : undefined;
}

function suffices({ rules: before, clues, teams }: StandingsState, rules: StandingsRules): boolean {
  const { scoring } = before;
  const next = rules.scoring;
  if (
    rules.ownClock !== before.ownClock ||
    isDynamic(rules) !== isDynamic(before) ||
    next.ranking !== scoring.ranking
  )
    return false;
  const byFinish = scoring.ranking === "finish";
  if (byFinish && next.finish !== scoring.finish) {
    const isSolved = (clue: string | undefined) => clue !== undefined && clues.find(clue) !== undefined;
    if (isSolved(next.finish) || isSolved(scoring.finish)) return false;
  }
  if (!isDynamic(rules)) return true;
  const hidden = (team: number): boolean => isHidden(teams.flags[team] as number);
  if (clues.rows.some((_, clue) => clues.isShort(clue, bonusesAtMost(rules), hidden))) return false;
  if (byFinish) return true;
  const points = new Map(rules.clues.map((clue) => [clue.id, clue.points]));
  return clues.rows.every((row) => (row.points ?? 0) > 0 === (points.get(row.id) ?? 0) > 0);
}
