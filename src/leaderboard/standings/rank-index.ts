/**
 * Teams in the order of their places: a list of sorted blocks. Finding a place
 * is two binary searches, moving a team shifts at most one block, and the
 * number of teams before a block is a table made on demand. One million teams
 * are about 1,300 blocks: small enough that a tree over them gains nothing.
 */

/** Teams in a block at most: 4 KiB, what a `copyWithin` moves in well under 1 µs. */
const BLOCK_CAPACITY = 1024;
/**
 * Neighbours that fit into this together become one block. So any two
 * neighbours hold more than it, and a team costs less than 4 · 8/3 = 10.7 bytes.
 */
const MERGE_AT = 768;
/** How full `rebuild` makes a block: room to insert without splitting all of them at once. */
const REBUILD_FILL = 768;

/** Negative if `a` places before `b`; 0 only for the same team (a strict total order). */
export type CompareTeams = (a: number, b: number) => number;

/**
 * An order-statistic index over dense team numbers (u32). The comparator reads
 * the caller's columns: a team must be removed *before* its keys change and
 * inserted after. Positions count from 0.
 */
export class RankIndex {
  readonly compare: CompareTeams;
  #blocks: Uint32Array[] = [];
  #counts: number[] = [];
  /** Teams before each block; undefined after a change, made again by the next read. */
  #before: Uint32Array | undefined;
  #size = 0;

  constructor(compare: CompareTeams) {
    this.compare = compare;
  }

  /** Teams in the index. O(1). */
  get size(): number {
    return this.#size;
  }

  /** Adds a team; throws if it is there already. O(log n) comparisons, one block moved. */
  insert(team: number): void {
    if (this.#blocks.length === 0) {
      this.#blocks.push(new Uint32Array(BLOCK_CAPACITY));
      this.#counts.push(0);
    }
    let block = this.#blockOf(team);
    let slot = this.#slotIn(block, team);
    if (slot < this.#count(block) && this.#block(block)[slot] === team) {
      throw new Error(`team ${team} is in the index already`);
    }
    if (this.#count(block) === BLOCK_CAPACITY) {
      block = this.#split(block, slot);
      slot = this.#slotIn(block, team);
    }
    const teams = this.#block(block);
    const count = this.#count(block);
    teams.copyWithin(slot + 1, slot, count);
    teams[slot] = team;
    this.#counts[block] = count + 1;
    this.#size += 1;
    this.#before = undefined;
  }

  /** Takes a team out; throws if it is not there under its present keys. Cost as `insert`. */
  remove(team: number): void {
    const block = this.#blockOf(team);
    const slot = this.#find(block, team);
    if (slot === undefined) throw new Error(`team ${team} is not in the index`);
    const teams = this.#block(block);
    const count = this.#count(block);
    teams.copyWithin(slot, slot + 1, count);
    this.#counts[block] = count - 1;
    this.#size -= 1;
    this.#before = undefined;
    if (count === 1) this.#drop(block);
    else this.#mergeAround(block);
  }

  /** Teams placed before this one, or undefined if it is not there. O(log n) comparisons. */
  rankOf(team: number): number | undefined {
    const block = this.#blockOf(team);
    const slot = this.#find(block, team);
    return slot === undefined ? undefined : (this.#teamsBefore()[block] as number) + slot;
  }

  /** The team at position `k`, or undefined beyond the ends. O(log n). */
  at(k: number): number | undefined {
    return this.slice(k, 1)[0];
  }

  /** Up to `count` teams from position `from` on, in order; a copy. O(log n + count). */
  slice(from: number, count: number): Uint32Array {
    const start = Math.max(0, from);
    const length = Math.max(0, Math.min(count, this.#size - start));
    const out = new Uint32Array(length);
    if (length === 0) return out;
    const before = this.#teamsBefore();
    let block = lastNotAbove(before, start);
    let skip = start - (before[block] as number);
    for (let filled = 0; filled < length; block++, skip = 0) {
      const take = Math.min(this.#count(block) - skip, length - filled);
      out.set(this.#block(block).subarray(skip, skip + take), filled);
      filled += take;
    }
    return out;
  }

  /** Replaces everything by `sorted`, which must be in the comparator's order. O(n), no comparison. */
  rebuild(sorted: Uint32Array): void {
    const blocks = Math.ceil(sorted.length / REBUILD_FILL);
    this.#blocks.length = Math.min(this.#blocks.length, blocks);
    this.#counts = [];
    for (let i = 0; i < blocks; i++) {
      const part = sorted.subarray(i * REBUILD_FILL, (i + 1) * REBUILD_FILL);
      // Old blocks are filled again: two sets of them at once would be 5 MB more at 10^6 teams.
      if (i === this.#blocks.length) this.#blocks.push(new Uint32Array(BLOCK_CAPACITY));
      this.#block(i).set(part);
      this.#counts.push(part.length);
    }
    this.#size = sorted.length;
    this.#before = undefined;
  }

  /**
   * Takes out every team that `leaves`, whatever its keys are now, and puts in
   * `incoming`, which must be in the comparator's order. O(n) moves and
   * O(log(n / incoming)) comparisons for each that comes.
   */
  merge(incoming: Uint32Array, leaves: (team: number) => boolean): void {
    const staying = new Uint32Array(this.#size);
    let stayed = 0;
    for (let block = 0; block < this.#blocks.length; block++) {
      const teams = this.#block(block);
      const count = this.#count(block);
      for (let slot = 0; slot < count; slot++) {
        const team = teams[slot] as number;
        if (!leaves(team)) staying[stayed++] = team;
      }
    }
    const merged = new Uint32Array(stayed + incoming.length);
    let from = 0;
    for (let i = 0; i < incoming.length; i++) {
      const team = incoming[i] as number;
      const to = this.#gallop(staying, from, stayed, team);
      merged.set(staying.subarray(from, to), from + i);
      merged[to + i] = team;
      from = to;
    }
    merged.set(staying.subarray(from, stayed), from + incoming.length);
    this.rebuild(merged);
  }

  /** The same teams in the same order over another copy of the columns. O(n). */
  clone(compare: CompareTeams): RankIndex {
    const copy = new RankIndex(compare);
    copy.#blocks = this.#blocks.map((block) => block.slice());
    copy.#counts = [...this.#counts];
    copy.#size = this.#size;
    return copy;
  }

  /** Memory of the blocks, in bytes. O(1). */
  get bytes(): number {
    return this.#blocks.length * BLOCK_CAPACITY * Uint32Array.BYTES_PER_ELEMENT;
  }

  #block(block: number): Uint32Array {
    return this.#blocks[block] as Uint32Array;
  }

  #count(block: number): number {
    return this.#counts[block] as number;
  }

  /** The last block whose first team does not place after `team`; 0 if there is none. */
  #blockOf(team: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.compare(this.#block(middle)[0] as number, team) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first slot in `block` whose team does not place before `team`. */
  #slotIn(block: number, team: number): number {
    const teams = this.#block(block);
    let low = 0;
    let high = this.#count(block);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(teams[middle] as number, team) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first slot from `from` on whose team places after `team`, `end` if there is none. */
  #gallop(sorted: Uint32Array, from: number, end: number, team: number): number {
    let low = from;
    let step = 1;
    while (low + step <= end && this.compare(sorted[low + step - 1] as number, team) < 0) {
      low += step;
      step *= 2;
    }
    let high = Math.min(end, low + step - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(sorted[middle] as number, team) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #find(block: number, team: number): number | undefined {
    if (block >= this.#blocks.length) return undefined;
    const slot = this.#slotIn(block, team);
    return slot < this.#count(block) && this.#block(block)[slot] === team ? slot : undefined;
  }

  /** Halves a full block; returns the half in which `slot` falls now. */
  #split(block: number, slot: number): number {
    const half = BLOCK_CAPACITY / 2;
    const upper = new Uint32Array(BLOCK_CAPACITY);
    upper.set(this.#block(block).subarray(half));
    this.#blocks.splice(block + 1, 0, upper);
    this.#counts.splice(block, 1, half, half);
    this.#before = undefined;
    let target = slot > half ? block + 1 : block;
    // The halves themselves never merge (together they are full): only their outer neighbours may.
    this.#mergeWithNext(block + 1);
    if (block > 0 && this.#mergeWithNext(block - 1)) target -= 1;
    return target;
  }

  #mergeAround(block: number): void {
    if (this.#mergeWithNext(block)) return;
    if (block > 0) this.#mergeWithNext(block - 1);
  }

  #mergeWithNext(block: number): boolean {
    if (block + 1 >= this.#blocks.length) return false;
    const count = this.#count(block);
    const next = this.#count(block + 1);
    if (count + next > MERGE_AT) return false;
    this.#block(block).set(this.#block(block + 1).subarray(0, next), count);
    this.#counts[block] = count + next;
    this.#drop(block + 1);
    return true;
  }

  #drop(block: number): void {
    this.#blocks.splice(block, 1);
    this.#counts.splice(block, 1);
  }

  #teamsBefore(): Uint32Array {
    if (this.#before !== undefined) return this.#before;
    const before = new Uint32Array(this.#blocks.length);
    let sum = 0;
    for (let block = 0; block < before.length; block++) {
      before[block] = sum;
      sum += this.#count(block);
    }
    this.#before = before;
    return before;
  }
}

/** The last position of an ascending table whose value is not above `wanted`. */
function lastNotAbove(table: Uint32Array, wanted: number): number {
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((table[middle] as number) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
