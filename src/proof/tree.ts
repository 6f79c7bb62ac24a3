/**
 * The Merkle tree of RFC 6962 (section 2.1): a leaf is SHA-256(0x00 ‖ line), a
 * node SHA-256(0x01 ‖ left ‖ right), and a tree of n leaves splits at the largest
 * power of two below n. So every complete subtree begins at a multiple of its
 * size, and whoever has the leaves from one place on can hash their subtrees
 * without the others: shards do, and the subtrees of all of them make the root.
 */
import type { Step } from "../contract/proof.ts";
import { base64url, sha256, sha256Of } from "../hmac.ts";

export const HASH_BYTES = 32;

/** Characters of a hash as base64url. */
export const HASH_TEXT = 43;

/** Leaves of the largest subtree that is stored: one proof hashes no more of them than that. */
export const SUBTREE_MAX = 1_024;

/** A complete subtree. */
export interface Subtree {
  /** Its first leaf's place in the tree, from 0; a multiple of `size`. */
  first: number;
  /** Its leaves: a power of two. */
  size: number;
  hash: Uint8Array;
}

export const leafHash = (line: string): Uint8Array => sha256(`\0${line}`);

const node = new Uint8Array(1 + 2 * HASH_BYTES);
node[0] = 1;

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256Of(node);
}

export const hashText = (hash: Uint8Array): string => base64url(hash, HASH_BYTES);

/** The bytes of a hash as text; undefined: it is none. */
export function hashIn(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(`${text.replaceAll("-", "+").replaceAll("_", "/")}=`), (character) =>
    character.charCodeAt(0),
  );
  // Its last two bits are none of the hash's: another text for the same hash is no hash's text.
  return hashText(bytes) === text ? bytes : undefined;
}

/** Sizes of the largest complete subtrees of `leaves` leaves from the place `first` on, none larger than `SUBTREE_MAX`. */
export function subtreeSizes(first: number, leaves: number): number[] {
  const sizes: number[] = [];
  const end = first + leaves;
  for (let at = first; at < end; ) {
    let size = SUBTREE_MAX;
    while (at % size !== 0 || at + size > end) size /= 2;
    sizes.push(size);
    at += size;
  }
  return sizes;
}

/** The subtrees of consecutive leaves, joined as far as they are halves of a larger one. */
export class Subtrees {
  readonly #max: number;
  readonly #subtrees: Subtree[] = [];
  #next: number;

  /** From the place `first` on; none becomes larger than `max`. */
  constructor(first: number, max = Number.POSITIVE_INFINITY) {
    this.#next = first;
    this.#max = max;
  }

  /** The place of the leaf that comes next. */
  get next(): number {
    return this.#next;
  }

  get all(): readonly Subtree[] {
    return this.#subtrees;
  }

  /** Takes the hash of the next `size` leaves. */
  add(hash: Uint8Array, size = 1): void {
    let last: Subtree = { first: this.#next, size, hash };
    this.#next += size;
    for (let before = this.#subtrees.at(-1); before; before = this.#subtrees.at(-1)) {
      const isPair = before.size === last.size && before.first % (2 * last.size) === 0;
      if (!isPair || 2 * last.size > this.#max) break;
      this.#subtrees.pop();
      last = { first: before.first, size: 2 * last.size, hash: nodeHash(before.hash, last.hash) };
    }
    this.#subtrees.push(last);
  }

  /** The hash over all of them: of the whole tree if the first leaf is here, else of its part that begins here. */
  root(): Uint8Array {
    let hash: Uint8Array | undefined;
    for (const subtree of this.#subtrees.toReversed())
      hash = hash ? nodeHash(subtree.hash, hash) : subtree.hash;
    return hash ?? sha256("");
  }
}

function rootOf(subtrees: readonly Subtree[]): Uint8Array {
  const joined = new Subtrees(subtrees[0]?.first ?? 0);
  for (const { hash, size } of subtrees) joined.add(hash, size);
  return joined.root();
}

/**
 * The way to the root from the subtree that has the leaf at `place`, the lowest
 * step first. `subtrees`: those of the whole tree, in order.
 */
export function stepsFrom(
  subtrees: readonly Subtree[],
  place: number,
): { subtree: Subtree; steps: Step[] } | undefined {
  const steps: Step[] = [];
  let inside = subtrees;
  for (;;) {
    const [first] = inside;
    const last = inside.at(-1);
    if (!first || !last || place < first.first || place >= last.first + last.size) return undefined;
    if (inside.length === 1) return { subtree: first, steps: steps.reverse() };
    const middle = first.first + splitOf(last.first + last.size - first.first);
    const cut = inside.findIndex((subtree) => subtree.first >= middle);
    const [left, right] = [inside.slice(0, cut), inside.slice(cut)];
    const isLeft = place < middle;
    steps.push({ side: isLeft ? "right" : "left", hash: hashText(rootOf(isLeft ? right : left)) });
    inside = isLeft ? left : right;
  }
}

/** The largest power of two below `leaves`. */
function splitOf(leaves: number): number {
  let split = 1;
  while (split * 2 < leaves) split *= 2;
  return split;
}

/** A complete tree with all its nodes, so that the way from a leaf to its root needs no hashing. */
export class CompleteTree {
  /** The leaves, the nodes over two of them each, and so on up to the root. */
  readonly #levels: (readonly Uint8Array[])[];

  /** `leaves`: a power of two of them. */
  constructor(leaves: readonly Uint8Array[]) {
    this.#levels = [leaves];
    for (let level = leaves; level.length > 1; ) {
      const below = level;
      level = Array.from({ length: below.length / 2 }, (_, index) =>
        nodeHash(below[2 * index] as Uint8Array, below[2 * index + 1] as Uint8Array),
      );
      this.#levels.push(level);
    }
  }

  /** The way from the leaf at `place` to the root, the lowest step first. */
  steps(place: number): Step[] {
    return this.#levels.slice(0, -1).map((level, height) => {
      const at = place >> height;
      const isLeft = at % 2 === 0;
      const hash = level[isLeft ? at + 1 : at - 1] as Uint8Array;
      return { side: isLeft ? "right" : "left", hash: hashText(hash) };
    });
  }
}

/** The root that a leaf leads to by these steps; undefined: a step is none. */
export function rootBy(leaf: Uint8Array, steps: readonly Step[]): Uint8Array | undefined {
  let hash = leaf;
  for (const { side, hash: text } of steps) {
    const other = hashIn(text);
    if (!other) return undefined;
    hash = side === "left" ? nodeHash(other, hash) : nodeHash(hash, other);
  }
  return hash;
}
