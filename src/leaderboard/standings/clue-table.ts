/**
 * A row for each clue: how many teams solved it, its present value, and the
 * first solves. Clues are numbered when first solved, so that clues nobody
 * solves cost the teams no bits.
 */
import type { Scoring } from "../../hunt/compiled.ts";
import { clueValue } from "../../hunt/score.ts";

/** A solve among the first of its clue, in the order `(at, shard, seq)`. */
export interface FirstSolve {
  at: number;
  shard: string;
  seq: number;
  team: number;
}

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
  /** The first `depth` solves; a banned team keeps its slot. */
  first: FirstSolve[];
}

export class ClueTable {
  readonly #rows: ClueRow[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #dirty = new Set<number>();
  readonly #points: Map<string, number>;
  /** First solves stored per clue. */
  readonly depth: number;

  constructor(definition: { id: string; points: number }[], depth: number) {
    this.#points = new Map(definition.map(({ id, points }) => [id, points]));
    this.depth = depth;
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
    this.#rows.push({ id, solvers, counted, first: [...first], points: this.#points.get(id), value: 0 });
    this.#numbers.set(id, number);
    this.#dirty.add(number);
    return number;
  }

  /** Base points by the present definition, solved or not; undefined: not in the hunt. O(1). */
  pointsOf(id: string): number | undefined {
    return this.#points.get(id);
  }

  /** One more team solved it; whether it counts is whether it is shown. O(1). */
  solvedBy(clue: number, counts: boolean): void {
    this.row(clue).solvers += 1;
    if (counts) this.count(clue, 1);
  }

  /** Counts `by` more teams that count (−1: one less). O(1). */
  count(clue: number, by: number): void {
    this.row(clue).counted += by;
    this.#dirty.add(clue);
  }

  /**
   * Puts a solve where it belongs among the clue's first ones. Returns the
   * teams whose bonus may have changed by it: the team itself and those it
   * pushed back; empty if it came too late. O(depth).
   */
  insertFirst(clue: number, solve: FirstSolve): number[] {
    const { first } = this.row(clue);
    let slot = first.length;
    while (slot > 0 && isEarlier(solve, first[slot - 1] as FirstSolve)) slot -= 1;
    if (slot >= this.depth) return [];
    first.splice(slot, 0, solve);
    const touched = first.slice(slot).map(({ team }) => team);
    if (first.length > this.depth) first.pop();
    return touched;
  }

  /** Computes the values that are due; returns the clues whose value is another now. O(due). */
  revalue(scoring: Scoring): number[] {
    const moved: number[] = [];
    for (const clue of this.#dirty) {
      const row = this.row(clue);
      const value = row.points === undefined ? 0 : clueValue(scoring, row.points, row.counted);
      if (value === row.value) continue;
      row.value = value;
      moved.push(clue);
    }
    this.#dirty.clear();
    return moved;
  }

  /** The same solves under another definition: values are due, first solves cut to `depth`. */
  under(definition: { id: string; points: number }[], depth: number): ClueTable {
    const copy = new ClueTable(definition, depth);
    for (const row of this.#rows) copy.add({ ...row, first: row.first.slice(0, depth) });
    return copy;
  }

  /** A copy that shares nothing that changes. O(clues · depth). */
  clone(): ClueTable {
    const copy = new ClueTable([], this.depth);
    for (const [id, points] of this.#points) copy.#points.set(id, points);
    for (const row of this.#rows) copy.row(copy.add(row)).value = row.value;
    copy.#dirty.clear();
    for (const clue of this.#dirty) copy.#dirty.add(clue);
    return copy;
  }
}

function isEarlier(a: FirstSolve, b: FirstSolve): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.shard !== b.shard) return a.shard < b.shard;
  return a.seq < b.seq;
}
