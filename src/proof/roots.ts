/**
 * Makes the roots of a hunt. Shards tell the heads of their logs with their
 * reports; at the end of a minute the facts that no root has yet are fixed, the
 * shards that have some hash them, one shard after the other, and their subtrees
 * make the root. Each step is stored before the next, so that whatever stops the
 * object, the next instance goes on: no fact is left out, none is in two roots.
 * A shard that is away, or whose log is broken, does not hold the others up: its
 * facts go into a later root.
 */
import { BoundedMap } from "../bounded-map.ts";
import type { Clock } from "../clock.ts";
import type { Root, Roots as RootsPage } from "../contract/proof.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import { type PlacedFact, ROOTS_IN_PAGE } from "../objects/leaderboard.ts";
import type { LeafRange, SubtreeHashes } from "../objects/shard.ts";
import {
  BrokenRoot,
  type RootRange,
  type StoredRoot,
  StoredRoots,
  subtreesIn,
  subtreesOf,
} from "./stored-roots.ts";
import { hashText, SUBTREE_MAX, type Subtree, Subtrees, stepsFrom, subtreeSizes } from "./tree.ts";

/** Calls on shards in one turn; a root that needs more goes on in the next. */
const CALLS_MAX = 200;

/** Longest wait before a shard that failed is asked again, ms. */
const WAIT_MAX = 3_600_000;

/** Ways in memory, about 2 KB each. */
const WAYS_MAX = 2_000;

type Way = NonNullable<ReturnType<typeof stepsFrom>>;

export interface RootsDeps {
  sql: Sql;
  clock: Pick<Clock, "now">;
  /** From one root to the next, ms. */
  every: number;
  /** Asks a shard; throws while it is away. */
  subtrees(shard: string, range: LeafRange): Promise<SubtreeHashes>;
  /** `turn` is wanted at this time (epoch ms). */
  wake(at: number): void;
  /** There is another root, on this page. */
  made(page: number): void;
}

export class Roots {
  readonly #deps: RootsDeps;
  readonly #stored: StoredRoots;
  /** The durable heads of logs that told theirs. */
  readonly #heads = new Map<string, number>();
  /** The last fact of each shard that a root has, or will have. */
  readonly #covered = new Map<string, number>();
  /** Shards that failed: until when they are left alone, and how long that was. */
  readonly #failed = new Map<string, { until: number; wait: number }>();
  #running = false;
  /** Ways to roots that were asked for: a root never changes. */
  readonly #ways = new BoundedMap<string, Way>(WAYS_MAX);

  constructor(deps: RootsDeps) {
    this.#deps = deps;
    this.#stored = new StoredRoots(deps.sql);
  }

  /** After a start: goes on with what an earlier instance began. */
  resume(): void {
    if (this.#stored.last()?.hash === null) this.#deps.wake(this.#deps.clock.now());
  }

  /** The shard's log is durable up to `head`. */
  heard(shard: string, head: number): void {
    if (head <= (this.#heads.get(shard) ?? 0)) return;
    try {
      const covered = this.#coveredOf(shard);
      this.#heads.set(shard, head);
      if (head > covered) this.#deps.wake(this.#nextTime());
    } catch (error) {
      // Without knowing what a root has, there is none of this shard; its reports go on.
      console.error({ message: "no more roots of this shard", shard, error: String(error) });
    }
  }

  /** The newest fact of the shard that is known here. */
  heardOf(shard: string): number {
    let covered = 0;
    try {
      covered = this.#coveredOf(shard);
    } catch (error) {
      if (!(error instanceof BrokenRoot)) throw error;
    }
    return Math.max(covered, this.#heads.get(shard) ?? 0);
  }

  /** The hunt has ended: its last root does not wait for the minute. */
  ended(): void {
    if (this.#news().length > 0) this.#deps.wake(this.#deps.clock.now());
  }

  /** Makes a root of what is new, or goes on with one. Never throws. */
  async turn(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await this.#make();
    } catch (error) {
      console.error({ message: "a root could not be made, will be repeated", error: String(error) });
      this.#deps.wake(this.#nextTime());
    } finally {
      this.#running = false;
    }
  }

  async #make(): Promise<void> {
    const root = this.#begun() ?? this.#begin();
    if (root && !(await this.#gather(root))) this.#deps.wake(this.#deps.clock.now());
    else if (this.#uncovered().length > 0) this.#deps.wake(this.#nextTime());
  }

  /** Gathers the subtrees of a root and finishes it. False: there is more to ask for than one turn may. */
  async #gather(root: StoredRoot): Promise<boolean> {
    const whole: RootRange[] = [];
    let place = 0;
    let calls = 0;
    for (const stored of this.#stored.ranges(root.number)) {
      let range = stored;
      while (range.done < range.seq) {
        if (calls === CALLS_MAX) return false;
        calls += 1;
        // Those before it are complete, so its place is known.
        range = await this.#ask(range, place);
      }
      if (range.seq > range.after) whole.push(range);
      place += range.seq - range.after;
    }
    this.#finish(root, whole);
    return true;
  }

  #begun(): StoredRoot | undefined {
    const last = this.#stored.last();
    return last?.hash === null ? last : undefined;
  }

  /** Fixes what the next root has; undefined: there is nothing new. */
  #begin(): StoredRoot | undefined {
    const news = this.#news();
    if (news.length === 0) return undefined;
    const last = this.#stored.last();
    const root = {
      number: (last?.number ?? 0) + 1,
      // Never before the root before it, wherever the clock went.
      at: Math.max(this.#deps.clock.now(), last?.at ?? 0),
      hash: null,
    };
    this.#stored.begin(
      root,
      news.map(({ shard, head }) => ({ shard, after: this.#coveredOf(shard), seq: head, hashes: "" })),
    );
    for (const { shard, head } of news) this.#covered.set(shard, head);
    return root;
  }

  /** Asks a shard for its next leaves; where it has none to tell, the range ends with those that are there. */
  async #ask(range: RootRange, place: number): Promise<RootRange> {
    const { shard, after, seq, done } = range;
    const next = place + done - after;
    const joined = new Subtrees(place, SUBTREE_MAX);
    try {
      const told = await this.#deps.subtrees(shard, { after: done, upto: seq, place: next });
      const { leaves } = told;
      if (!Number.isSafeInteger(leaves) || leaves < 1 || leaves > seq - done)
        throw new Error("no such leaves");
      const more = subtreesIn(subtreeSizes(next, leaves), told.hashes, next);
      for (const { hash, size } of [...subtreesOf(range, place), ...more]) joined.add(hash, size);
    } catch (error) {
      console.warn({ message: "facts wait for a later root", shard, error: String(error) });
      this.#stored.cut(range);
      this.#covered.set(shard, done);
      this.#putOff(shard);
      return { ...range, seq: done };
    }
    this.#failed.delete(shard);
    const grown = {
      ...range,
      done: after + joined.next - place,
      hashes: joined.all.map(({ hash }) => hashText(hash)).join(""),
    };
    this.#stored.progress(grown);
    return grown;
  }

  #putOff(shard: string): void {
    const { every, clock } = this.#deps;
    const wait = Math.min(WAIT_MAX, 2 * (this.#failed.get(shard)?.wait ?? every / 2));
    this.#failed.set(shard, { until: clock.now() + wait, wait });
  }

  #finish(root: StoredRoot, ranges: readonly RootRange[]): void {
    if (ranges.length === 0) {
      this.#stored.drop(root.number);
      return;
    }
    this.#stored.finish(root, hashText(rootOver(subtreesOver(ranges))));
    this.#deps.made(pageOf(root.number));
  }

  // ── Which facts are new ─────────────────────────────────────────────────

  #coveredOf(shard: string): number {
    const known = this.#covered.get(shard);
    if (known !== undefined) return known;
    const covered = this.#stored.covered(shard);
    this.#covered.set(shard, covered);
    return covered;
  }

  #uncovered(): { shard: string; head: number }[] {
    return [...this.#heads]
      .map(([shard, head]) => ({ shard, head }))
      .filter(({ shard, head }) => head > this.#coveredOf(shard));
  }

  /** Without those of shards that are left alone for now. */
  #news(): { shard: string; head: number }[] {
    const now = this.#deps.clock.now();
    return this.#uncovered().filter(({ shard }) => now >= (this.#failed.get(shard)?.until ?? 0));
  }

  /** When the minute that has begun ends, or later: when the first of the shards that have news may be asked. */
  #nextTime(): number {
    const { clock, every } = this.#deps;
    const now = clock.now();
    const end = now - (now % every) + every;
    const times = this.#uncovered().map(({ shard }) => this.#failed.get(shard)?.until ?? 0);
    return times.length === 0 ? end : Math.max(end, Math.min(...times));
  }

  // ── Reading ─────────────────────────────────────────────────────────────

  /** See `LeaderboardObject.roots`. */
  page(page: number): RootsPage | Refusal {
    return this.#told(() => this.#page(page));
  }

  /** Rows that are not as they were written are told as that, and not as truth. */
  #told<Value>(read: () => Value): Value | Refusal {
    try {
      this.#stored.checkTables();
      return read();
    } catch (error) {
      if (!(error instanceof BrokenRoot)) throw error;
      console.error({ message: error.message });
      return refuse("unavailable", error.message);
    }
  }

  #page(page: number): RootsPage {
    const first = page * ROOTS_IN_PAGE + 1;
    // With the one before it, whose hash the first names.
    const from = Math.max(1, first - 1);
    const stored = this.#stored.from(from, ROOTS_IN_PAGE + 1);
    const roots: Root[] = [];
    for (const [index, { number, at, hash }] of stored.entries()) {
      if (number !== from + index) throw new BrokenRoot(from + index);
      this.#stored.check(number);
      if (number < first || hash === null || number >= first + ROOTS_IN_PAGE) continue;
      roots.push({
        at: new Date(at).toISOString(),
        root: hash,
        previous: stored[index - 1]?.hash ?? null,
        shards: this.#stored
          .ranges(number)
          .map(({ shard, after, seq }) => ({ shard, seq, leaves: seq - after })),
      });
    }
    return { roots, ...(roots.length === ROOTS_IN_PAGE ? { cursor: String(page + 1) } : {}) };
  }

  /** From the subtree that begins at `first` to the root: the same for all of its facts. */
  #way(number: number, ranges: readonly RootRange[], first: number): Way {
    const key = `${number}/${first}`;
    const known = this.#ways.get(key);
    if (known) return known;
    const way = stepsFrom(subtreesOver(ranges), first);
    if (!way) throw new Error("a root has not the leaves of its facts");
    return this.#ways.set(key, way);
  }

  /** See `LeaderboardObject.placed`. */
  placed(shard: string, seq: number): PlacedFact | Refusal {
    return this.#told(() => this.#placed(shard, seq));
  }

  #placed(shard: string, seq: number): PlacedFact | Refusal {
    const root = this.#stored.rootOf(shard, seq);
    if (!root?.hash) {
      const seconds = Math.ceil((this.#nextTime() - this.#deps.clock.now()) / 1_000);
      return refuse("not_found", "no root has this fact yet", Math.max(1, seconds));
    }
    this.#stored.check(root.number);
    const ranges = this.#stored.ranges(root.number);
    const index = ranges.findIndex((range) => range.shard === shard);
    const range = ranges[index];
    // Another row of the shard was lost.
    if (!range || seq <= range.after) throw new BrokenRoot(root.number);
    const { after } = range;
    const place = placeOf(ranges.slice(0, index));
    const { subtree, steps } = this.#way(root.number, ranges, subtreeAt(range, place, seq));
    const { first, size, hash } = subtree;
    return {
      subtree: { first: after + 1 + first - place, size },
      hash: hashText(hash),
      steps,
      root: root.hash,
      at: root.at,
    };
  }
}

/** The place of the first leaf of the subtree that has the fact; `place`: of the range's first. */
function subtreeAt({ after, seq: last }: RootRange, place: number, seq: number): number {
  const own = place + seq - after - 1;
  let first = place;
  for (const size of subtreeSizes(place, last - after)) {
    if (own < first + size) break;
    first += size;
  }
  return first;
}

const pageOf = (number: number): number => Math.floor((number - 1) / ROOTS_IN_PAGE);

/** The place of the leaf after these facts. */
const placeOf = (ranges: readonly RootRange[]): number =>
  ranges.reduce((sum, { seq, after }) => sum + seq - after, 0);

function subtreesOver(ranges: readonly RootRange[]): Subtree[] {
  let place = 0;
  return ranges.flatMap((range) => {
    const subtrees = subtreesOf(range, place);
    place += range.seq - range.after;
    return subtrees;
  });
}

function rootOver(subtrees: readonly Subtree[]): Uint8Array {
  const joined = new Subtrees(0);
  for (const { hash, size } of subtrees) joined.add(hash, size);
  return joined.root();
}
