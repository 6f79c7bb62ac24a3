/**
 * The standings' state as bytes and back. Only values that facts put there are stored;
 * values, bonuses and places are derived again. A header in JSON (rules,
 * shards, clues) is followed by the teams' ids and names and then one column
 * after the other, little-endian.
 */

import { bonusesAtMost, type StandingsRules } from "../../hunt/score.ts";
import { ChunkReader, cutChunks } from "./chunks.ts";
import { ClueTable, type FirstSolve } from "./clue-table.ts";
import { LessTable } from "./less-table.ts";
import { Numbered } from "./numbered.ts";
import type { StandingsState } from "./state.ts";
import { TeamIds } from "./team-ids.ts";
import { STATE_FLAGS, TeamTable } from "./team-table.ts";

const SNAPSHOT_VERSION = 2;
/** The same with lists: solves that bring less than their clue's value, and teams' own starts. */
const SNAPSHOT_WITH_LISTS = 3;
/** Teams copied at a time while writing: keeps the memory needed at little more than one chunk. */
const SNAPSHOT_TEAMS = 16_384;

interface Header {
  version: number;
  rules: StandingsRules;
  teams: number;
  /** Entries of team, clue and points behind the columns; absent: none. */
  less?: number;
  /** Entries of team and time behind those; absent: none. */
  starts?: number;
  planes: number;
  /** Epoch ms that times count from. */
  since?: number;
  /** Columns of 64 bits. */
  wide: { points: boolean; times: boolean };
  keepsAdjust: boolean;
  keepsSolved: boolean;
  shards: readonly string[];
  prefixes: readonly string[];
  lastSeqs: number[];
  brackets: readonly string[];
  clues: { id: string; solvers: number; counted: number; value?: number; first: FirstSolve[] }[];
}

/** The state in chunks of at most 1.5 MB, made as they are asked for; it must not change meanwhile. */
export function writeSnapshot(state: StandingsState): Generator<Uint8Array<ArrayBuffer>, void> {
  return cutChunks(pieces(state));
}

/** The state, or undefined if it was written in another version; throws if bytes are missing or left over. */
export function readSnapshot(chunks: Iterable<Uint8Array>): StandingsState | undefined {
  const reader = new ChunkReader(chunks);
  const length = new Uint32Array(1);
  reader.fill(new Uint8Array(length.buffer));
  const header = JSON.parse(new TextDecoder().decode(reader.take(length[0] as number))) as Header;
  if (header.version !== SNAPSHOT_VERSION && header.version !== SNAPSHOT_WITH_LISTS) return undefined;

  const clues = new ClueTable(header.rules.clues, bonusesAtMost(header.rules));
  for (const clue of header.clues) clues.row(clues.add(clue)).value = clue.value ?? 0;
  const ids = readIds(reader, header.teams, header.prefixes);
  const teams = new TeamTable(header.keepsAdjust, header.keepsSolved);
  teams.count = header.teams;
  teams.since = header.since;
  if (header.wide.points) teams.widenPoints();
  if (header.wide.times) teams.widenTimes();
  if (header.teams > 0) teams.reserve(header.teams - 1);
  for (let plane = 0; plane < header.planes; plane++) teams.addPlane();
  for (const column of teams.storedColumns()) {
    reader.fill(new Uint8Array(column.buffer, 0, header.teams * column.BYTES_PER_ELEMENT));
  }
  const less = new LessTable();
  for (let left = header.less ?? 0; left > 0; left -= 1) {
    const entry = new Float64Array(3);
    reader.fill(new Uint8Array(entry.buffer));
    less.add(entry[0] as number, entry[1] as number, entry[2] as number);
  }
  const starts = new Map<number, number>();
  for (let left = header.starts ?? 0; left > 0; left -= 1) {
    const entry = new Float64Array(2);
    reader.fill(new Uint8Array(entry.buffer));
    starts.set(entry[0] as number, entry[1] as number);
  }
  reader.end();
  const { rules, lastSeqs } = header;
  return {
    rules,
    ids,
    teams,
    less,
    starts,
    clues,
    shards: new Numbered(header.shards),
    lastSeqs,
    brackets: new Numbered(header.brackets),
  };
}

function* pieces(state: StandingsState): Generator<Uint8Array, void> {
  const { rules, ids, teams, less, starts, clues, shards, lastSeqs, brackets } = state;
  const present = teams.present();
  const header: Header = {
    version: less.isEmpty && starts.size === 0 ? SNAPSHOT_VERSION : SNAPSHOT_WITH_LISTS,
    rules,
    ...(less.isEmpty ? {} : { less: less.size }),
    ...(starts.size === 0 ? {} : { starts: starts.size }),
    teams: present.length,
    planes: teams.planes.length,
    ...(teams.since === undefined ? {} : { since: teams.since }),
    wide: { points: teams.score instanceof Float64Array, times: teams.keyAt instanceof Float64Array },
    keepsAdjust: teams.keepsAdjust,
    keepsSolved: teams.keepsSolved,
    shards: shards.names,
    prefixes: ids.prefixes,
    lastSeqs,
    brackets: brackets.names,
    clues: clues.rows.map(({ id, solvers, counted, value, first }) => ({
      id,
      solvers,
      counted,
      // With stored solves it is derived again.
      ...(teams.keepsSolved ? {} : { value }),
      // A snapshot numbers its teams without gaps.
      first: first.map((solve) => ({ ...solve, team: positionOf(present, solve.team) })),
    })),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  yield new Uint8Array(Uint32Array.of(text.length).buffer);
  yield text;
  yield* ids.records(present);
  for (const column of teams.storedColumns()) {
    const mask = column === teams.flags ? STATE_FLAGS : undefined;
    for (let from = 0; from < present.length; from += SNAPSHOT_TEAMS) {
      const some = present.subarray(from, from + SNAPSHOT_TEAMS);
      const values = column.slice(0, some.length);
      for (let i = 0; i < some.length; i++) {
        const value = column[some[i] as number] as number;
        values[i] = mask === undefined ? value : value & mask;
      }
      yield new Uint8Array(values.buffer);
    }
  }
  for (const { team, clue, points } of less.entries()) {
    yield new Uint8Array(Float64Array.of(positionOf(present, team), clue, points).buffer);
  }
  for (const [team, at] of starts) {
    yield new Uint8Array(Float64Array.of(positionOf(present, team), at).buffer);
  }
}

function readIds(reader: ChunkReader, count: number, prefixes: readonly string[]): TeamIds {
  const ids = new TeamIds(count, prefixes);
  const fill = (target: Uint8Array): void => reader.fill(target);
  for (let team = 0; team < count; team++) ids.addRecord(fill);
  return ids;
}

/** Position of a value in an ascending table that holds it. */
function positionOf(table: Uint32Array, value: number): number {
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((table[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
