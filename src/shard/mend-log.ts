/**
 * Mending the log. A flipped bit may be in a number or in a hash: then the body,
 * with the hashes around it, still proves what these were, and the row is put
 * right. So is a short body with one flipped bit (mend-flip.ts); any other can
 * only be brought back from a copy elsewhere.
 */
import type { Range } from "../protocol.ts";
import { chainHash, fits, NO_HASH } from "./chain.ts";
import { cutSegments } from "./cut-segments.ts";
import { factsIn } from "./gaps.ts";
import type { FlipMender } from "./mend-flip.ts";
import type { SegmentRow, SegmentRows } from "./segment-rows.ts";

/** The row as it was, put right; or the facts that are lost with it. */
export function mendRow(rows: SegmentRows, flips: FlipMender, row: SegmentRow): SegmentRow | Range {
  const facts = factsIn(row.body);
  const first = facts?.[0]?.seq ?? row.first;
  const last = facts?.at(-1)?.seq ?? row.last;
  const earlier = rows.before(row.first);
  let before = earlier?.hash ?? NO_HASH;
  if (earlier) {
    const right = chainHash(rows.hashBefore(earlier.first), earlier.first, earlier.body);
    if (right !== before && chainHash(right, first, row.body) === row.hash) {
      before = right;
      rows.setHash(earlier.first, right);
    }
  }
  // It stands where it does not belong.
  if (first !== row.first && chainHash(rows.hashBefore(first), first, row.body) === row.hash) {
    before = rows.hashBefore(first);
  }
  const hash = chainHash(before, first, row.body);
  if (hash !== row.hash) {
    const later = rows.after(row.first);
    if (!later || !fits(later, hash)) {
      const body = flips.bodyOf(row, rows.hashBefore(row.first));
      if (body !== undefined) {
        const mended = { ...row, body, last: factsIn(body)?.at(-1)?.seq ?? row.last };
        replace(rows, row.first, mended);
        return mended;
      }
      // Not further than to the next segment, whatever its row says.
      const upto = facts?.[0]?.seq === row.first ? last : row.last;
      return { first: row.first, last: Math.min(upto, (later?.first ?? upto + 1) - 1) };
    }
  }
  const mended = { ...row, first, last, hash };
  if (first !== row.first || last !== row.last || hash !== row.hash) replace(rows, row.first, mended);
  return mended;
}

/** A segment that stands under another number, put where it belongs. Reads the whole log. */
export function findLost(rows: SegmentRows, first: number, before: string): SegmentRow | undefined {
  const found = rows.beginningWith(first).find(({ body, hash }) => chainHash(before, first, body) === hash);
  if (!found) return undefined;
  const mended = { ...found, first, last: factsIn(found.body)?.at(-1)?.seq ?? first };
  replace(rows, found.first, mended);
  return mended;
}

/** Puts the body of these facts back, if hashes, or something else (`isProven`), prove that it is what was logged. */
export function takeBody(
  rows: SegmentRows,
  { first, last }: Range,
  body: string,
  isProven: boolean,
): boolean {
  const facts = factsIn(body);
  if (facts?.[0]?.seq !== first || facts.at(-1)?.seq !== last) return false;
  const row = rows.at(first);
  const later = rows.after(first);
  const before = rows.hashBefore(first);
  const hash = chainHash(before, first, body);
  const follows = (known: string): boolean => later !== undefined && fits(later, known);
  if (hash !== row?.hash && !follows(hash)) {
    const segments = row ? undefined : cutSegments({ before, first, body }, follows);
    if (segments) {
      for (const segment of segments) replace(rows, segment.first, { ...segment, persons: null });
      return true;
    }
    // Two copies say the same: what is broken is the hash, and later ones were made of it.
    if (!isProven && body !== row?.body) return false;
  }
  replace(rows, first, { first, last, body, persons: row?.persons ?? null, hash });
  // Later ones were made of the broken hash; or of the one before a gap, when they were written behind it.
  if (!follows(hash)) for (const made of [row?.hash, before]) chainAnew(rows, first, made, hash);
  return true;
}

/** Makes the hashes behind a segment anew that were made of `made`, as far as they follow from it. */
function chainAnew(rows: SegmentRows, first: number, made: string | undefined, right: string): void {
  for (let [after, before, now] = [first, made, right]; ; ) {
    const row = rows.after(after);
    if (!row || before === undefined || !fits(row, before)) return;
    now = chainHash(now, row.first, row.body);
    rows.setHash(row.first, now);
    after = row.first;
    before = row.hash;
  }
}

function replace(rows: SegmentRows, at: number, row: SegmentRow): void {
  console.error({ message: "a segment was mended", first: row.first, last: row.last });
  rows.replace(at, row);
}
