/** Lines of an export against roots: what `hunt proof` checks, without reading or asking anything itself. */
import type { Proof, Root } from "../../src/contract/proof.ts";
import { base64url, sha256 } from "../../src/hmac.ts";
import { partsOfLine } from "../../src/proof/line.ts";
import { HASH_BYTES, hashIn, hashText, leafHash, rootBy, Subtrees } from "../../src/proof/tree.ts";
import { refused } from "./failure.ts";

/** A line that does not fit. */
export interface WrongLine {
  line: number;
  why: string;
}

/** A fact of the export in a root. */
export interface Leaf {
  shard: string;
  seq: number;
  line: number;
  hash: Uint8Array;
}

/** Facts of one shard in a root. */
interface Part {
  root: number;
  seq: number;
}

/** The roots as they are, if each follows the one before it and none leaves facts out. Throws where one does not. */
export function rootsInOrder(roots: readonly Root[]): readonly Root[] {
  const covered = new Map<string, number>();
  let previous: string | null = null;
  for (const root of roots) {
    if (root.previous !== previous) throw refused(`the root of ${root.at} does not follow the one before it`);
    previous = root.root;
    for (const { shard, seq, leaves } of root.shards) {
      if (seq - leaves !== (covered.get(shard) ?? 0)) {
        throw refused(`the root of ${root.at} leaves facts of ${shard} out, or has some again`);
      }
      covered.set(shard, seq);
    }
  }
  return roots;
}

interface ReadLine {
  shard: string;
  seq: number;
  leaf: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a line says of itself; a text: why it is no line of an export. */
function read(bytes: Uint8Array): ReadLine | string {
  let fact: { shard?: unknown; seq?: unknown; personal?: unknown; type?: unknown; first?: unknown };
  let text: string;
  try {
    text = decoder.decode(bytes);
    fact = JSON.parse(text) as typeof fact;
  } catch {
    return "it is no JSON text";
  }
  const { shard, seq, personal, type, first } = fact ?? {};
  if (typeof shard !== "string" || typeof seq !== "number") return "it is no fact";
  if (type === "gap")
    return `the log could not give the facts ${first} to ${seq} of ${shard}: repair the hunt`;
  const { leaf, person } = partsOfLine(text);
  if (person !== undefined && personal !== base64url(sha256(person), HASH_BYTES)) {
    return "its person is not the one that the fact commits to";
  }
  return { shard, seq, leaf };
}

export class CheckedExport {
  readonly #roots: readonly Root[];
  /** By shard the roots that have facts of it, in order. */
  readonly #parts = new Map<string, Part[]>();
  readonly #trees: Subtrees[];
  /** The line of each root's first fact. */
  readonly #firstLines = new Map<number, number>();
  #shard = "";
  #seq = 0;
  proven = 0;
  newer = 0;

  constructor(roots: readonly Root[]) {
    this.#roots = roots;
    this.#trees = roots.map(() => new Subtrees(0));
    for (const [root, { shards }] of roots.entries()) {
      for (const { shard, seq } of shards) {
        const parts = this.#parts.get(shard);
        if (parts) parts.push({ root, seq });
        else this.#parts.set(shard, [{ root, seq }]);
      }
    }
  }

  /** Takes the next line; tells what does not fit. */
  take(bytes: Uint8Array, line: number): WrongLine | undefined {
    const told = read(bytes);
    if (typeof told === "string") return { line, why: told };
    const { shard, seq, leaf } = told;
    if (shard !== this.#shard) {
      const missing = this.#missing(shard);
      if (missing) return { line, why: missing };
      if (shard < this.#shard) return { line, why: `${shard} comes after ${this.#shard}` };
      this.#shard = shard;
      this.#seq = 0;
    }
    if (seq !== this.#seq + 1) return { line, why: `fact ${seq} of ${shard} follows fact ${this.#seq}` };
    this.#seq = seq;
    const parts = this.#parts.get(shard) ?? [];
    if (parts[0] && seq > parts[0].seq) parts.shift();
    const [part] = parts;
    const tree = part && this.#trees[part.root];
    if (tree) {
      if (tree.next === 0) this.#firstLines.set(part.root, line);
      tree.add(leafHash(leaf));
      this.proven += 1;
    } else this.newer += 1;
    return undefined;
  }

  /** After the last line, number `lines`: tells what is missing behind it. */
  end(lines: number): WrongLine | undefined {
    const why = this.#missing(undefined);
    return why === undefined
      ? undefined
      : { line: lines + 1, why: `${why} (--until tells when it was made)` };
  }

  /** What the roots have before `next` that has not come; undefined: nothing. */
  #missing(next: string | undefined): string | undefined {
    const own = this.#parts.get(this.#shard)?.at(-1);
    if (own && own.seq > this.#seq) {
      return `the export ends at fact ${this.#seq} of ${this.#shard}, roots have up to ${own.seq}`;
    }
    const passed = [...this.#parts.keys()]
      .sort()
      .find((shard) => shard > this.#shard && (next === undefined || shard < next));
    return passed === undefined ? undefined : `the facts of ${passed} are left out`;
  }

  /** The roots that are not those of these lines, each with the line of its first fact, the first ones first. */
  mismatched(): { root: Root; from: number }[] {
    return this.#roots
      .map((root, index) => ({ root, from: this.#firstLines.get(index) ?? 0, tree: this.#trees[index] }))
      .filter(({ root, tree }) => !tree || hashText(tree.root()) !== root.root)
      .sort((a, b) => a.from - b.from);
  }
}

/** Gathers the leaves of one root. */
export class LeavesOfRoot {
  readonly leaves: Leaf[] = [];
  readonly #root: Root;

  constructor(root: Root) {
    this.#root = root;
  }

  take(bytes: Uint8Array, line: number): void {
    const told = read(bytes);
    if (typeof told === "string") return;
    const part = this.#root.shards.find(({ shard }) => shard === told.shard);
    if (!part || told.seq > part.seq || told.seq <= part.seq - part.leaves) return;
    this.leaves.push({ shard: told.shard, seq: told.seq, line, hash: leafHash(told.leaf) });
  }
}

/**
 * The first leaf that is not as the root has it. The way from a leaf to the root
 * tells the hashes of the subtrees beside it: those that ours have do not need
 * to be looked into, so that a few questions suffice. Undefined: the ways that
 * are told lead elsewhere.
 */
export async function firstWrong(
  { root }: Root,
  leaves: readonly Leaf[],
  ask: (leaf: Leaf) => Promise<Proof>,
): Promise<Leaf | undefined> {
  let from = 0;
  let to = leaves.length;
  for (;;) {
    const leaf = leaves[from];
    if (!leaf) return undefined;
    const { path, leaf: told } = await ask(leaf);
    const hash = hashIn(told);
    const reached = hash && rootBy(hash, path);
    if (!reached || hashText(reached) !== root) return undefined;
    if (told !== hashText(leaf.hash)) return leaf;
    const beside = besideFirst(leaves.length, from, to);
    const wrong = beside.find(([first, end], index) => {
      const subtree = new Subtrees(first);
      for (const one of leaves.slice(first, end)) subtree.add(one.hash);
      return hashText(subtree.root()) !== path[index]?.hash;
    });
    if (!wrong) return undefined;
    [from, to] = wrong;
  }
}

/** The subtrees beside the way from the leaf `from` to the node over [from, to), the lowest first. */
function besideFirst(size: number, from: number, to: number): [number, number][] {
  const beside: [number, number][] = [];
  let [first, end] = [0, size];
  while (end - first > 1) {
    let split = 1;
    while (split * 2 < end - first) split *= 2;
    const middle = first + split;
    if (from < middle) {
      if (first === from && end <= to) beside.push([middle, end]);
      end = middle;
    } else first = middle;
  }
  return beside.reverse();
}
