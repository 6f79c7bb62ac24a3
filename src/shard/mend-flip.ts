/**
 * The likeliest damage, one flipped bit in the body of a segment, is found by
 * trying each bit against the segment's hash.
 */
import { createHash } from "node:crypto";
import { chained } from "./chain.ts";
import type { SegmentRow, SegmentRows } from "./segment-rows.ts";

/** Bytes hashed in the life of an instance, about three seconds of work: one body of 11 KB, or 64 of 1.4 KB. */
const HASHED_MAX = 1 << 30;

const BITS = 8;

export class FlipMender {
  readonly #rows: SegmentRows;
  #left = HASHED_MAX;

  constructor(rows: SegmentRows) {
    this.#rows = rows;
  }

  /** The body as it was logged, after a segment with the hash `before`; undefined: more is wrong, or it is too long. */
  bodyOf({ first, hash }: SegmentRow, before: string): string | undefined {
    // As bytes: what a flip leaves may be no text.
    const body = this.#rows.bytesOf(first);
    const bytes = chained(before, first, body);
    const cost = body.length * BITS * bytes.length;
    if (cost > this.#left) return undefined;
    this.#left -= cost;
    const start = bytes.length - body.length;
    const right = Buffer.from(hash, "base64url");
    for (let index = start; index < bytes.length; index += 1) {
      const is = bytes[index] as number;
      for (let bit = 1; bit < 1 << BITS; bit <<= 1) {
        bytes[index] = is ^ bit;
        if (createHash("sha256").update(bytes).digest().equals(right))
          return new TextDecoder().decode(bytes.subarray(start));
      }
      bytes[index] = is;
    }
    return undefined;
  }
}
