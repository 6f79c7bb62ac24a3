import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { below, chance } from "../../scripts/lab/measure/chance.ts";
import {
  CompleteTree,
  hashIn,
  hashText,
  leafHash,
  nodeHash,
  rootBy,
  SUBTREE_MAX,
  Subtrees,
  stepsFrom,
  subtreeSizes,
} from "../../src/proof/tree.ts";

const hex = (hash: Uint8Array) => Buffer.from(hash).toString("hex");

/** As RFC 6962, section 2.1, words it, with another implementation of the digest. */
function naive(lines: readonly string[]): Buffer {
  const digest = (...parts: (string | Buffer)[]) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  if (lines.length === 0) return digest("");
  if (lines.length === 1) return digest(Buffer.of(0), lines[0] ?? "");
  let split = 1;
  while (split * 2 < lines.length) split *= 2;
  return digest(Buffer.of(1), naive(lines.slice(0, split)), naive(lines.slice(split)));
}

const linesOf = (count: number) => Array.from({ length: count }, (_, index) => `line ${index} – ä`);

function subtreesOf(lines: readonly string[], first = 0, max?: number): Subtrees {
  const joined = new Subtrees(first, max);
  for (const line of lines) joined.add(leafHash(line));
  return joined;
}

test("[LOG-20] the digests of leaves and nodes, and the roots of the reference trees", () => {
  expect(hex(subtreesOf([]).root())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(hex(leafHash(""))).toBe("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  // The inputs of the certificate-transparency reference tests, as far as they are text.
  expect(hex(nodeHash(leafHash(""), leafHash("\0")))).toBe(
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  );
  expect(hex(subtreesOf(["", "\0", "\u0010"]).root())).toBe(
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  );
  expect(hex(subtreesOf(["", "\0", "\u0010", " !", "01", "@ABC"]).root())).toBe(
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  );
});

test("[LOG-20] trees of every size up to 130, out of any split into ranges, have the naive root, and every leaf leads there", () => {
  const random = chance(18);
  for (let size = 1; size <= 130; size += 1) {
    const lines = linesOf(size);
    const root = naive(lines).toString("hex");
    const whole = new Subtrees(0);
    const capped = [];
    for (let first = 0; first < size; ) {
      const count = 1 + below(random, size - first);
      const max = [4, SUBTREE_MAX][below(random, 2)];
      const part = subtreesOf(lines.slice(first, first + count), first, max);
      if (max === SUBTREE_MAX) {
        expect(part.all.map((subtree) => subtree.size)).toEqual(subtreeSizes(first, count));
      }
      for (const subtree of part.all) {
        whole.add(subtree.hash, subtree.size);
        capped.push(subtree);
      }
      first += count;
    }
    expect(hex(whole.root()), `size ${size}`).toBe(root);
    for (const [place, line] of lines.entries()) {
      const found = stepsFrom(capped, place);
      const first = found?.subtree.first ?? 0;
      const inside = lines.slice(first, first + (found?.subtree.size ?? 0)).map(leafHash);
      const steps = [...new CompleteTree(inside).steps(place - first), ...(found?.steps ?? [])];
      expect(hex(rootBy(leafHash(line), steps) ?? new Uint8Array()), `leaf ${place} of ${size}`).toBe(root);
    }
  }
});

test("[LOG-20] subtrees that are stored are bounded, and slices of a range join to the same", () => {
  const random = chance(19);
  const lines = linesOf(5_000);
  for (const first of [0, 1, 1_023, 3_000]) {
    const leaves = lines.slice(first).map(leafHash);
    const once = new Subtrees(first, SUBTREE_MAX);
    for (const leaf of leaves) once.add(leaf);
    const sliced = new Subtrees(first, SUBTREE_MAX);
    for (let at = 0; at < leaves.length; ) {
      const count = Math.min(leaves.length - at, 1 + below(random, 900));
      const slice = new Subtrees(first + at, SUBTREE_MAX);
      for (const leaf of leaves.slice(at, at + count)) slice.add(leaf);
      for (const { hash, size } of slice.all) sliced.add(hash, size);
      at += count;
    }
    expect(sliced.all).toEqual(once.all);
    expect(once.all.map(({ size }) => size)).toEqual(subtreeSizes(first, leaves.length));
    expect(Math.max(...once.all.map(({ size }) => size))).toBeLessThanOrEqual(SUBTREE_MAX);
  }
});

test("[LOG-20] a hash has one text", () => {
  const text = hashText(leafHash("a"));
  expect(hex(hashIn(text) ?? new Uint8Array())).toBe(hex(leafHash("a")));
  const last = text.at(-1) ?? "";
  const same = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const other = same.charAt(same.indexOf(last) + 1);
  for (const wrong of ["", text.slice(1), `${text}A`, text.slice(0, -1) + other, `${text.slice(0, -1)}=`]) {
    expect(hashIn(wrong)).toBeUndefined();
  }
});
