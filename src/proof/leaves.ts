/** What a shard tells of its facts as leaves: hashes of subtrees, and the way from a fact to one of them. */
import { BoundedMap } from "../bounded-map.ts";
import { type Refusal, refuse } from "../errors.ts";
import type {
  FactsOfSubtree,
  LeafRange,
  ProvenFact,
  ProvenSubtree,
  SubtreeHashes,
} from "../objects/shard.ts";
import type { Fact, Range } from "../protocol.ts";
import { leafTextsIn } from "./line.ts";
import { CompleteTree, hashText, leafHash, rootBy, SUBTREE_MAX, Subtrees } from "./tree.ts";

/** Facts hashed in one call: tens of milliseconds. */
const LEAVES_MAX = 2_000;

/** Subtrees in memory for the next proofs, 300 KB each at most: facts never change. */
const TREES_MAX = 8;

/** Subtrees hashed for players in a second: some tens of milliseconds of the shard's time. */
const PLAYERS_TREES_MAX = 4;
const SECOND = 1_000;

/** To a player who asks for another team's fact, for an organiser's act or for what the engine noted about the team. */
export const NOT_YOURS = refuse("forbidden", "the fact is not one of your team's play");

const BROKEN = refuse(
  "unavailable",
  "the log is not as it was written there; an organiser can repair the hunt",
);

/** Consecutive facts as they are logged. */
interface Segment extends Range {
  body: string;
}

export interface LeavesDeps {
  shard: string;
  /** The segments that have the logged facts after `after`; those in a gap are left out. */
  segments(after: number): Iterable<Segment>;
  /** Epoch ms. */
  now(): number;
}

export class Leaves {
  readonly #deps: LeavesDeps;
  readonly #trees = new BoundedMap<string, CompleteTree>(TREES_MAX);
  /** Subtrees hashed for players in the present second. */
  #hashed = { second: 0, trees: 0 };

  constructor(deps: LeavesDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.subtrees`. */
  subtrees({ after, upto, place }: LeafRange): SubtreeHashes {
    const joined = new Subtrees(place, SUBTREE_MAX);
    try {
      for (const line of this.#lines(after, Math.min(upto, after + LEAVES_MAX))) joined.add(leafHash(line));
    } catch (error) {
      // What stands before the broken segment is as it was.
      if (joined.next === place) throw error;
    }
    return { leaves: joined.next - place, hashes: joined.all.map(({ hash }) => hashText(hash)).join("") };
  }

  /** Of each body whether subtrees with these hashes have its facts, together with what the log has. */
  proven(bodies: readonly Segment[], subtrees: readonly ProvenSubtree[]): boolean[] {
    const proven: Range[] = [];
    for (const { first, size, hash } of subtrees) {
      if (size > SUBTREE_MAX) continue;
      const lines = this.#whole(first, size, bodies);
      const tree = new Subtrees(0);
      for (const line of lines ?? []) tree.add(leafHash(line));
      if (lines && hashText(tree.root()) === hash) proven.push({ first, last: first + size - 1 });
    }
    proven.sort((a, b) => a.first - b.first);
    return bodies.map(({ first, last }) => {
      let next = first;
      for (const range of proven) if (range.first <= next) next = Math.max(next, range.last + 1);
      return next > last;
    });
  }

  /** See `ShardObject.proveFact`. */
  prove(seq: number, subtree: FactsOfSubtree, team?: string): ProvenFact | Refusal {
    const [line] = this.#whole(seq, 1) ?? [];
    if (line === undefined) return BROKEN;
    const fact = JSON.parse(line) as Fact;
    const isPlayers = team !== undefined;
    if (isPlayers && !(fact.team === team && "player" in fact)) return NOT_YOURS;
    const tree = this.#tree(subtree, isPlayers);
    if ("refused" in tree) return tree;
    const leaf = leafHash(line);
    const steps = tree.steps(seq - subtree.first);
    return {
      line,
      leaf: hashText(leaf),
      steps,
      hash: hashText(rootBy(leaf, steps) ?? leaf),
    };
  }

  /** `isPlayers`: a player asks, of whom many may ask. */
  #tree({ first, size }: FactsOfSubtree, isPlayers: boolean): CompleteTree | Refusal {
    const key = `${first}/${size}`;
    const known = this.#trees.get(key);
    if (known) return known;
    if (isPlayers && !this.#mayHash()) return refuse("overloaded", "this shard is asked for too many proofs");
    const lines = this.#whole(first, Math.min(size, SUBTREE_MAX));
    if (!lines) return BROKEN;
    return this.#trees.set(key, new CompleteTree(lines.map(leafHash)));
  }

  #mayHash(): boolean {
    const second = Math.floor(this.#deps.now() / SECOND);
    if (this.#hashed.second !== second) this.#hashed = { second, trees: 0 };
    this.#hashed.trees += 1;
    return this.#hashed.trees <= PLAYERS_TREES_MAX;
  }

  /** The lines of the `size` facts from `first` on; undefined: the log has a gap there. */
  #whole(first: number, size: number, more: readonly Segment[] = []): string[] | undefined {
    try {
      const lines = [...this.#lines(first - 1, first - 1 + size, more)];
      return lines.length === size ? lines : undefined;
    } catch (error) {
      if (!(error instanceof GapInLog)) throw error;
      return undefined;
    }
  }

  /** Of the facts after `after` up to `upto`, in order; `more`: those of gaps of the log. */
  *#lines(after: number, upto: number, more: readonly Segment[] = []): Generator<string> {
    if (after >= upto) return;
    let next = after + 1;
    for (const { first, last, body } of inOrder(this.#deps.segments(after), more)) {
      if (last < next) continue;
      if (first > next) throw new GapInLog(`the log has a gap before fact ${first}`);
      let seq = first;
      for (const line of leafTextsIn(this.#deps.shard, body)) {
        if (seq === next) {
          yield line;
          if (next === upto) return;
          next += 1;
        }
        seq += 1;
      }
      if (seq !== last + 1) throw new GapInLog(`facts ${first} to ${last} are not as many as they should be`);
    }
  }
}

function* inOrder(logged: Iterable<Segment>, more: readonly Segment[]): Generator<Segment> {
  const others = [...more].sort((a, b) => a.first - b.first);
  for (const segment of logged) {
    while ((others[0]?.first ?? Number.POSITIVE_INFINITY) < segment.first) yield others.shift() as Segment;
    yield segment;
  }
  yield* others;
}

/** Facts are missing where a reader needs each of them. */
class GapInLog extends Error {}
