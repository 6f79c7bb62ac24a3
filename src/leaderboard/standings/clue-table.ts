/**
 * A row for each clue: how many teams solved it, its present value, and the
 * first solves. Clues are numbered when first solved, so that clues nobody
 * solves cost the teams no bits.
 */
import type { Scoring } from "../../hunt/compiled.ts";
import { clueValue, decayOf, type StandingsClue } from "../../hunt/score.ts";

/** A solve among the first of its clue, in the order `(at, shard, seq)`. */
export interface FirstSolve {
  at: number;
  shard: string;
  seq: number;
  team: number;
}

/**
 * First solves kept of a clue beyond those that get a bonus, so that others move up when teams are
 * hidden. When they do not suffice, the standings are made again from the logs with more.
 */
export const SPARE_FIRSTS = 32;

/** So many teams were hidden that the first solves of those who move up are no longer known. */
export class FirstsMissing extends Error {}

type IsHidden = (team: number) => boolean;

export interface ClueRow {
  readonly id: string;
  /** Base points of the present definition; undefined: not in the hunt (any more). */
  points: number | undefined;
  /** Teams that solved it, all of them. */
  solvers: number;
  /** Those that count: neither banned nor hidden. */
  counted: number;
  /** Present value, as of the last `revalue`. */
  value: number;
  /** Its first solves up to some moment, those of hidden teams too: see `paid`. */
  first: FirstSolve[];
}

export class ClueTable {
  readonly #rows: ClueRow[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #dirty = new Set<number>();
  readonly #defined: Map<string, StandingsClue>;
  /** First solves of a clue that get a bonus. */
  readonly depth: number;
  readonly #spare: number;

  constructor(definition: Iterable<StandingsClue>, depth: number, spare = SPARE_FIRSTS) {
    this.#defined = new Map(Array.from(definition, (clue) => [clue.id, clue]));
    this.depth = depth;
    this.#spare = spare;
  }

  get size(): number {
    return this.#rows.length;
  }

  get rows(): readonly ClueRow[] {
    return this.#rows;
  }

  row(clue: number): ClueRow {
    return this.#rows[clue] as ClueRow;
  }

  /** The clue's number, or undefined while nobody solved it. O(1). */
  find(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  /** The clue's number, given now if nobody solved it before. O(1). */
  number(id: string): number {
    const existing = this.#numbers.get(id);
    if (existing !== undefined) return existing;
    return this.add({ id, solvers: 0, counted: 0, first: [] });
  }

  /** Adds a clue with the row of another table; its value is due. */
  add(row: Omit<ClueRow, "points" | "value">): number {
    const number = this.#rows.length;
    const { id, solvers, counted, first } = row;
    this.#rows.push({ id, solvers, counted, first: [...first], points: this.pointsOf(id), value: 0 });
    this.#numbers.set(id, number);
    this.#dirty.add(number);
    return number;
  }

  /** The clue in the present definition, solved or not; undefined: it is not there (any more). O(1). */
  definedOf(id: string): StandingsClue | undefined {
    return this.#defined.get(id);
  }

  /** Base points by the present definition, solved or not; undefined: not in the hunt. O(1). */
  pointsOf(id: string): number | undefined {
    return this.#defined.get(id)?.points;
  }

  /** One more team solved it; whether it counts is whether it is shown. O(1). */
  solvedBy(clue: number, counts: boolean): void {
    this.row(clue).solvers += 1;
    if (counts) this.count(clue, 1);
  }

  /** One team less solved it, which counted or not. O(1). */
  unsolvedBy(clue: number, counted: boolean): void {
    this.row(clue).solvers -= 1;
    if (counted) this.count(clue, -1);
    else this.#dirty.add(clue);
  }

  /** Counts `by` more teams that count (−1: one less). O(1). */
  count(clue: number, by: number): void {
    this.row(clue).counted += by;
    this.#dirty.add(clue);
  }

  /**
   * The solves that get the clue's bonuses, in order. A hidden team takes no place among them; a
   * banned one keeps its place, and its bonus goes to nobody. O(first solves).
   */
  paid(clue: number, isHidden: IsHidden): FirstSolve[] {
    return shownFirsts(this.row(clue), this.depth, isHidden);
  }

  /**
   * Puts a solve, counted by `solvedBy` before, where it belongs among the clue's first ones.
   * Returns the teams whose bonus may have changed by it: the team itself and those it
   * pushed back; empty if it came too late. O(first solves).
   */
  insertFirst(clue: number, solve: FirstSolve, isHidden: IsHidden): number[] {
    if (this.depth === 0) return [];
    const row = this.row(clue);
    const { first } = row;
    let slot = first.length;
    while (slot > 0 && isEarlier(solve, first[slot - 1] as FirstSolve)) slot -= 1;
    // Of solves later than the last one here some are not kept, so none is.
    if (slot === first.length && row.solvers - 1 > first.length) return [];
    first.splice(slot, 0, solve);
    const touched = this.#movedBy(row, slot, isHidden);
    this.#trim(row, isHidden);
    return isHidden(solve.team) ? [] : touched;
  }

  /**
   * Takes a team's solve, which is counted no more by `unsolvedBy`, from among the clue's first ones. Returns the
   * teams whose bonus may have changed by it. Throws `FirstsMissing` when it is not known who moved up. O(first solves).
   */
  removeFirst(clue: number, team: number, isHidden: IsHidden): number[] {
    if (this.depth === 0) return [];
    const row = this.row(clue);
    const slot = row.first.findIndex((solve) => solve.team === team);
    if (slot < 0) return [];
    const touched = this.#movedBy(row, slot, isHidden);
    row.first.splice(slot, 1);
    this.#assertKnown(clue, isHidden);
    return touched;
  }

  /** The team's solve among the clue's first ones; undefined: it is none of those that are kept. */
  firstOf(clue: number, team: number): FirstSolve | undefined {
    return this.row(clue).first.find((solve) => solve.team === team);
  }

  /**
   * A team was hidden or shown. Returns the teams whose bonus may have changed by it. Throws
   * `FirstsMissing` when it is not known who moved up. O(first solves).
   */
  remarked(clue: number, team: number, isHidden: IsHidden): number[] {
    const row = this.row(clue);
    const slot = row.first.findIndex((solve) => solve.team === team);
    if (slot < 0) return [];
    this.#assertKnown(clue, isHidden);
    const touched = this.#movedBy(row, slot, isHidden);
    this.#trim(row, isHidden);
    return touched;
  }

  #assertKnown(clue: number, isHidden: IsHidden): void {
    if (!this.isShort(clue, this.depth, isHidden)) return;
    throw new FirstsMissing(`the first solves of ${this.row(clue).id} that are kept do not suffice`);
  }

  /** Whether solves that are not kept would be among the first `depth`. O(first solves). */
  isShort(clue: number, depth: number, isHidden: IsHidden): boolean {
    const row = this.row(clue);
    return row.solvers > row.first.length && shownFirsts(row, depth, isHidden).length < depth;
  }

  /** The teams from a slot on whose bonus depends on it: those within the depth, and the one behind it. */
  #movedBy(row: ClueRow, slot: number, isHidden: IsHidden): number[] {
    const before = row.first.slice(0, slot).filter(({ team }) => !isHidden(team)).length;
    const own = row.first[slot] as FirstSolve;
    const behind = row.first.slice(slot + 1).filter(({ team }) => !isHidden(team));
    return [own, ...behind.slice(0, Math.max(0, this.depth + 1 - before))].map(({ team }) => team);
  }

  /** Lets go of the last ones while there are more than are kept. */
  #trim({ first }: ClueRow, isHidden: IsHidden): void {
    const kept = this.depth + this.#spare;
    if (first.length <= kept) return;
    let shown = first.filter(({ team }) => !isHidden(team)).length;
    while (shown > kept) {
      const last = first.pop();
      if (last && !isHidden(last.team)) shown -= 1;
    }
  }

  /** Computes the values that are due; returns the clues whose value is another now. O(due). */
  revalue(scoring: Scoring): number[] {
    const moved: number[] = [];
    for (const clue of this.#dirty) {
      const row = this.row(clue);
      const defined = this.#defined.get(row.id);
      const value = defined
        ? clueValue({ decay: decayOf(scoring, defined) }, defined.points, row.counted)
        : 0;
      if (value === row.value) continue;
      row.value = value;
      moved.push(clue);
    }
    this.#dirty.clear();
    return moved;
  }

  /** The same solves under another definition: values are due. */
  under(definition: Iterable<StandingsClue>, depth: number): ClueTable {
    const copy = new ClueTable(definition, depth, this.#spare);
    for (const row of this.#rows) copy.add(row);
    return copy;
  }

  /** A copy that shares nothing that changes. O(first solves). */
  clone(): ClueTable {
    const copy = new ClueTable(this.#defined.values(), this.depth, this.#spare);
    for (const row of this.#rows) copy.row(copy.add(row)).value = row.value;
    copy.#dirty.clear();
    for (const clue of this.#dirty) copy.#dirty.add(clue);
    return copy;
  }
}

/** The first `depth` solves of teams that are not hidden. */
function shownFirsts({ first }: ClueRow, depth: number, isHidden: IsHidden): FirstSolve[] {
  const shown: FirstSolve[] = [];
  for (const solve of first) {
    if (shown.length === depth) break;
    if (!isHidden(solve.team)) shown.push(solve);
  }
  return shown;
}

function isEarlier(a: FirstSolve, b: FirstSolve): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.shard !== b.shard) return a.shard < b.shard;
  return a.seq < b.seq;
}
