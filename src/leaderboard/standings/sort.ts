/**
 * Sorting a million teams: the two leading keys of the ranking are packed with
 * the team number into 64-bit integers, which the engine sorts natively; only
 * teams that are equal in what was packed are compared. Many teams are first
 * parted into buckets by splitters drawn from a sample: a bucket is sorted in
 * the cache, its narrow range of keys leaves few equals, and between two
 * buckets others may be served.
 */
import type { CompareTeams } from "./rank-index.ts";

/** Above the team's 32 bits there are 32 for the keys. */
const KEY_BITS = 32;
/** Runs of equals up to this length are sorted in place; longer ones are worth a call. */
const SHORT_RUN = 16;
/** Teams in a bucket, about: 16 KiB of packed keys stay in the first-level cache. */
const BUCKET_TEAMS = 2_048;
/** Teams of a sample per splitter: the largest bucket is then about twice the mean one. */
const SAMPLES_EACH = 8;
/** Teams handled in one step, about 2 ms. */
const STEP_TEAMS = 32_768;

/** A key by team number: ordered by `values`, from the highest if `descending`. No NaN. */
export interface SortKey {
  values: Float64Array | Uint32Array | Int32Array;
  descending: boolean;
}

/**
 * Orders `teams` in place by `compare`, which must order by `primary` first
 * and by `secondary` (ascending) next. The keys must not change between the
 * steps. O(n log n); 10 bytes per team besides.
 */
export function* sortInSteps(
  teams: Uint32Array,
  primary: SortKey,
  secondary: Float64Array | Uint32Array,
  compare: CompareTeams,
): Generator<void, void> {
  const buckets = Math.min(4_096, Math.ceil(teams.length / BUCKET_TEAMS));
  if (buckets < 4) {
    sortPacked(teams, primary, secondary, compare);
    return;
  }
  const wordOf = packer(teams, primary, secondary);
  yield;
  const splitters = drawSplitters(teams, buckets, wordOf);
  const bucketOf = new Uint16Array(teams.length);
  const ends = new Uint32Array(buckets + 1);
  for (let i = 0; i < teams.length; i++) {
    const bucket = countNotAbove(splitters, wordOf(teams[i] as number));
    bucketOf[i] = bucket;
    ends[bucket + 1] = (ends[bucket + 1] as number) + 1;
    if (i % STEP_TEAMS === STEP_TEAMS - 1) yield;
  }
  for (let bucket = 1; bucket <= buckets; bucket++) {
    ends[bucket] = (ends[bucket] as number) + (ends[bucket - 1] as number);
  }
  // From here on `ends[b]` is where the next team of bucket b goes: at last, its end.
  const parted = new Uint32Array(teams.length);
  for (let i = 0; i < teams.length; i++) {
    const bucket = bucketOf[i] as number;
    const slot = ends[bucket] as number;
    parted[slot] = teams[i] as number;
    ends[bucket] = slot + 1;
  }
  yield;
  teams.set(parted);
  let done = 0;
  for (let bucket = 0, start = 0; bucket < buckets; bucket++) {
    const end = ends[bucket] as number;
    sortPacked(teams.subarray(start, end), primary, secondary, compare);
    if (end - done > STEP_TEAMS) {
      done = end;
      yield;
    }
    start = end;
  }
}

/** Ascending words that part the teams into about equal buckets. */
function drawSplitters(teams: Uint32Array, buckets: number, wordOf: (team: number) => number): Uint32Array {
  const count = buckets * SAMPLES_EACH;
  const sample = new Uint32Array(count);
  // A stride of its own per sample: a pattern in the numbering does not meet itself.
  for (let i = 0; i < count; i++) {
    sample[i] = wordOf(teams[(Math.imul(i, 0x9e37_79b1) >>> 0) % teams.length] as number);
  }
  sample.sort();
  return Uint32Array.from({ length: buckets - 1 }, (_, i) => sample[(i + 1) * SAMPLES_EACH] as number);
}

/** How many of an ascending table are not above `value`. */
function countNotAbove(table: Uint32Array, value: number): number {
  let low = 0;
  let high = table.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((table[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorts by packed keys in one go. */
function sortPacked(
  teams: Uint32Array,
  primary: SortKey,
  secondary: Float64Array | Uint32Array,
  compare: CompareTeams,
): void {
  if (teams.length < 2) return;
  const wordOf = packer(teams, primary, secondary);
  const packed = new BigUint64Array(teams.length);
  // Workers and Node run on little-endian machines only: the low word comes first.
  const words = new Uint32Array(packed.buffer);
  for (let i = 0; i < teams.length; i++) {
    words[2 * i] = teams[i] as number;
    words[2 * i + 1] = wordOf(teams[i] as number);
  }
  packed.sort();
  let start = 0;
  for (let i = 0; i < teams.length; i++) {
    teams[i] = words[2 * i] as number;
    if (words[2 * i + 1] !== words[2 * start + 1]) {
      sortRun(teams, start, i, compare);
      start = i;
    }
  }
  sortRun(teams, start, teams.length, compare);
}

/** The part of a team's keys that fits a 32-bit word, so that words never contradict the order of the keys. */
function packer(
  teams: Uint32Array,
  { values, descending }: SortKey,
  secondary: Float64Array | Uint32Array,
): (team: number) => number {
  const first = rangeOf(teams, values);
  const bits = bitsFor(first.high - first.low);
  // Cut short, the primary key says less than the order: then the secondary must not decide either.
  const exact = first.whole && bits <= KEY_BITS;
  const divisor = exact ? 1 : Math.max(1, (first.high - first.low) / (2 ** KEY_BITS - 1));
  const second = rangeOf(teams, secondary);
  const room = exact ? 2 ** (KEY_BITS - bits) : 1;
  const step = (second.high - second.low + 1) / room;
  return (team) => {
    const value = values[team] as number;
    const major = Math.floor((descending ? first.high - value : value - first.low) / divisor);
    if (room === 1) return major;
    return major * room + Math.min(room - 1, Math.floor(((secondary[team] as number) - second.low) / step));
  };
}

function rangeOf(
  teams: Uint32Array,
  values: Float64Array | Uint32Array | Int32Array,
): { low: number; high: number; whole: boolean } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let whole = true;
  for (let i = 0; i < teams.length; i++) {
    const value = values[teams[i] as number] as number;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value !== Math.floor(value)) whole = false;
  }
  return { low, high, whole };
}

/** Bits that hold 0 … `range`. */
function bitsFor(range: number): number {
  return range < 1 ? 0 : Math.floor(Math.log2(range)) + 1;
}

function sortRun(teams: Uint32Array, from: number, to: number, compare: CompareTeams): void {
  if (to - from > SHORT_RUN) {
    teams.subarray(from, to).sort(compare);
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const team = teams[i] as number;
    let slot = i;
    while (slot > from && compare(team, teams[slot - 1] as number) < 0) {
      teams[slot] = teams[slot - 1] as number;
      slot -= 1;
    }
    teams[slot] = team;
  }
}
