/**
 * The standings' columns: one typed array per field, indexed by team number.
 * 23 bytes a team (27 with moving scores), and 4 more per 32 clues that
 * anybody has solved. Points and times have 32 bits until one of them needs
 * more; then their columns are widened once, to 64.
 */

/** Columns double until here, then grow by it: at 10^6 teams at most 13 % lie idle. */
const GROWTH_STEP = 131_072;
const FIRST_CAPACITY = 64;
/** Teams rescored in one step, about 1 ms. */
const RESCORE_TEAMS = 65_536;
/** Clues in one plane of solved bits. */
export const PLANE_CLUES = 32;

/** Times are stored as ms after the first one less this: shards report one after the other, the earliest not first. */
const BEFORE_FIRST = 7 * 86_400_000;

export type Points = Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
export type Times = Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Bits of `flags`. Those of `STATE_FLAGS` are state, the others where the team stands in the indexes. */
export const PRESENT = 1;
export const BANNED = 2;
export const HIDDEN = 4;
export const FINISHED = 8;
export const PLACED = 16;
export const PENDING = 32;
/** Nobody is in it. */
export const EMPTY = 64;
export const STATE_FLAGS = PRESENT | BANNED | HIDDEN | FINISHED | EMPTY;

/** Has a place: joined, with players, neither banned nor hidden. */
export function isShown(flags: number): boolean {
  return (flags & (PRESENT | BANNED | HIDDEN | EMPTY)) === PRESENT;
}

/** Hidden by an organiser, or without players, banned or not. */
export const isHidden = (flags: number): boolean => (flags & (HIDDEN | EMPTY)) !== 0;

export class TeamTable {
  /** Highest team number ever reserved, plus one. */
  extent = 0;
  /** Teams that joined. */
  count = 0;
  score: Points = new Int32Array(0);
  /** Σ of adjusting points; stored only with moving scores (static ones have it in `score`). */
  adjust: Points = new Int32Array(0);
  /** Epoch ms that times count from; undefined before the first. */
  since: number | undefined;
  solves = new Uint16Array(0);
  /** Time (ms after `since`) and seq of what breaks a tie: the raising, finishing or last solve, or the join. */
  keyAt: Times = new Uint32Array(0);
  keySeq = new Uint32Array(0);
  /** Ms after `since`; meaningless without solves. */
  lastSolveAt: Times = new Uint32Array(0);
  shard = new Uint16Array(0);
  bracket = new Uint16Array(0);
  flags = new Uint8Array(0);
  /** `planes[p][team]`: bit b set = clue 32·p + b solved. */
  planes: Uint32Array<ArrayBuffer>[] = [];
  readonly keepsAdjust: boolean;
  /** Without it nobody is known to have solved anything: scores are what they are. */
  readonly keepsSolved: boolean;

  constructor(keepsAdjust: boolean, keepsSolved = true) {
    this.keepsAdjust = keepsAdjust;
    this.keepsSolved = keepsSolved;
  }

  /** Makes row `team` exist, zeroed if new. O(1) amortised. */
  reserve(team: number): void {
    if (team >= this.extent) this.extent = team + 1;
    const capacity = this.flags.length;
    if (team < capacity) return;
    let larger = Math.max(capacity, FIRST_CAPACITY);
    while (larger <= team) larger += Math.min(larger, GROWTH_STEP);
    this.#resize(larger);
  }

  /** Sets what breaks the team's ties from now on. O(1). */
  setKey(team: number, at: number, seq: number): void {
    const time = this.#time(at);
    this.keyAt[team] = time;
    this.keySeq[team] = seq;
  }

  /** Notes the time of the team's last solve, epoch ms. O(1). */
  setLastSolve(team: number, at: number): void {
    const time = this.#time(at);
    this.lastSolveAt[team] = time;
  }

  /** Epoch ms of the team's last solve. O(1). */
  lastSolve(team: number): number {
    return (this.since ?? 0) + (this.lastSolveAt[team] as number);
  }

  /** Adds to the team's adjustment, or to its score where none is stored. O(1). */
  addPoints(team: number, points: number): void {
    const sum = ((this.keepsAdjust ? this.adjust : this.score)[team] as number) + points;
    if (sum !== (sum | 0)) this.widenPoints();
    (this.keepsAdjust ? this.adjust : this.score)[team] = sum;
  }

  setScore(team: number, score: number): void {
    if (score !== (score | 0)) this.widenPoints();
    this.score[team] = score;
  }

  /** From now on points are 64-bit floats. O(teams), once. */
  widenPoints(): void {
    if (this.score instanceof Float64Array) return;
    this.score = Float64Array.from(this.score);
    this.adjust = Float64Array.from(this.adjust);
  }

  /** From now on times are 64-bit floats. O(teams), once. */
  widenTimes(): void {
    if (this.keyAt instanceof Float64Array) return;
    this.keyAt = Float64Array.from(this.keyAt);
    this.lastSolveAt = Float64Array.from(this.lastSolveAt);
  }

  /** Ms after `since`, the columns widened if need be. */
  #time(at: number): number {
    this.since ??= Math.floor(at) - BEFORE_FIRST;
    const time = at - this.since;
    if (time !== time >>> 0) this.widenTimes();
    return time;
  }

  /** Whether the team solved the clue. O(1). */
  hasSolved(team: number, clue: number): boolean {
    const plane = this.planes[clue >>> 5];
    return plane !== undefined && ((plane[team] as number) & (1 << (clue & 31))) !== 0;
  }

  /** Notes a solve, if solves are stored. O(1); the first of 32 clues allocates their plane. */
  markSolved(team: number, clue: number): void {
    if (!this.keepsSolved) return;
    while (this.planes.length <= clue >>> 5) this.addPlane();
    const plane = this.planes[clue >>> 5] as Uint32Array;
    plane[team] = ((plane[team] as number) | (1 << (clue & 31))) >>> 0;
  }

  /** Notes that the team did not solve the clue, if solves are stored. O(1). */
  markUnsolved(team: number, clue: number): void {
    const plane = this.planes[clue >>> 5];
    if (plane) plane[team] = ((plane[team] as number) & ~(1 << (clue & 31))) >>> 0;
  }

  /** Room for 32 more clues. */
  addPlane(): void {
    this.planes.push(new Uint32Array(this.flags.length));
  }

  /** The teams that joined, ascending. O(teams). */
  present(): Uint32Array {
    const teams = new Uint32Array(this.count);
    let filled = 0;
    for (let team = 0; team < this.extent; team++) {
      if (((this.flags[team] as number) & PRESENT) !== 0) teams[filled++] = team;
    }
    return teams;
  }

  /** Calls `visit` with each clue the team solved, ascending. O(planes + solves). */
  forEachSolved(team: number, visit: (clue: number) => void): void {
    for (let p = 0; p < this.planes.length; p++) {
      let bits = (this.planes[p] as Uint32Array)[team] as number;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        visit(p * PLANE_CLUES + bit);
        bits &= bits - 1;
      }
    }
  }

  /**
   * Sets every team's score to its adjustment plus Σ `values(clue)` over its
   * solved clues, a run of teams after each `next()`. A table of the 256 sums of each
   * byte of bits makes it four additions per plane. `most` is what the values of
   * all clues and a team's bonuses come to at most. O(teams · planes).
   */
  *rescore(values: (clue: number) => number, most: number): Generator<void, void> {
    const { extent, planes } = this;
    const sums = planes.map((_, p) => [0, 8, 16, 24].map((bit) => byteSums(p * PLANE_CLUES + bit, values)));
    const isWhole = sums.every((bytes) => bytes.every((table) => table.every(Number.isInteger)));
    if (!isWhole) this.widenPoints();
    for (let from = 0; from < extent; from += RESCORE_TEAMS) {
      const to = Math.min(extent, from + RESCORE_TEAMS);
      if (!this.#fits(from, to, most)) this.widenPoints();
      this.score.set(this.adjust.subarray(from, to), from);
      const { score } = this;
      for (let p = 0; p < planes.length; p++) {
        const plane = planes[p] as Uint32Array;
        const [t0, t1, t2, t3] = sums[p] as [Float64Array, Float64Array, Float64Array, Float64Array];
        for (let team = from; team < to; team++) {
          const bits = plane[team] as number;
          if (bits === 0) continue;
          score[team] =
            (score[team] as number) +
            (t0[bits & 0xff] as number) +
            (t1[(bits >>> 8) & 0xff] as number) +
            (t2[(bits >>> 16) & 0xff] as number) +
            (t3[bits >>> 24] as number);
        }
      }
      yield;
    }
  }

  /** Whether these teams' scores have room in 32 bits. */
  #fits(from: number, to: number, most: number): boolean {
    if (this.adjust instanceof Float64Array) return true;
    for (let team = from; team < to; team++) {
      if (Math.abs(this.adjust[team] as number) + most >= 2 ** 31) return false;
    }
    return true;
  }

  /** A copy that shares only what never changes; `thin`: with scores as they are, without solved clues. O(teams). */
  clone(thin: boolean): TeamTable {
    const copy = new TeamTable(this.keepsAdjust && !thin, this.keepsSolved && !thin);
    copy.extent = this.extent;
    copy.count = this.count;
    copy.since = this.since;
    copy.score = this.score.slice();
    copy.adjust = copy.keepsAdjust ? this.adjust.slice() : this.adjust.slice(0, 0);
    copy.solves = this.solves.slice();
    copy.keyAt = this.keyAt.slice();
    copy.keySeq = this.keySeq.slice();
    copy.lastSolveAt = this.lastSolveAt.slice();
    // Set once, when a team joins, to the same in both.
    copy.shard = this.shard;
    copy.bracket = this.bracket.slice();
    copy.flags = this.flags.slice();
    copy.planes = copy.keepsSolved ? this.planes.map((plane) => plane.slice()) : [];
    return copy;
  }

  /** The columns a snapshot keeps, in its order; `score` is derived with moving scores. */
  storedColumns(): Column[] {
    const { score, adjust, solves, keyAt, keySeq, lastSolveAt, shard, bracket, flags } = this;
    const points = this.keepsAdjust ? adjust : score;
    return [points, keyAt, lastSolveAt, keySeq, solves, shard, bracket, flags, ...this.planes];
  }

  #resize(capacity: number): void {
    this.score = widen(this.score, capacity);
    if (this.keepsAdjust) this.adjust = widen(this.adjust, capacity);
    this.solves = widen(this.solves, capacity);
    this.keyAt = widen(this.keyAt, capacity);
    this.keySeq = widen(this.keySeq, capacity);
    this.lastSolveAt = widen(this.lastSolveAt, capacity);
    this.shard = widen(this.shard, capacity);
    this.bracket = widen(this.bracket, capacity);
    this.flags = widen(this.flags, capacity);
    this.planes = this.planes.map((plane) => widen(plane, capacity));
  }
}

export type Column =
  | Points
  | Times
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

function widen<T extends Column>(from: T, capacity: number): T {
  const into = new (from.constructor as new (length: number) => T)(capacity);
  into.set(from);
  return into;
}

function byteSums(firstClue: number, values: (clue: number) => number): Float64Array {
  const sums = new Float64Array(256);
  for (let bit = 0; bit < 8; bit++) {
    const value = values(firstClue + bit);
    for (let low = 0; low < 1 << bit; low++) sums[(1 << bit) + low] = (sums[low] as number) + value;
  }
  return sums;
}
