/**
 * Reading the log: each segment is held against the chain before anything of it
 * is given. What a flipped bit changed is put right (mend-log.ts) where the rest
 * proves what it was; else it is a gap.
 */
import type { Range } from "../protocol.ts";
import { fits, NO_HASH } from "./chain.ts";
import { type Gap, Gaps, gapOf } from "./gaps.ts";
import { FlipMender } from "./mend-flip.ts";
import { findLost, mendRow, takeBody } from "./mend-log.ts";
import { PAGE, type SegmentRow, type SegmentRows, type StoredSegment } from "./segment-rows.ts";

export class CheckedLog {
  readonly #rows: SegmentRows;
  readonly #flips: FlipMender;
  readonly #gaps = new Gaps();
  readonly #broken: (gap: Gap) => void;
  /** A gap behind the rows that there were at the start. */
  #tail: Gap | undefined;

  /** `broken`: a segment does not check, and nothing here can mend it; told once. */
  constructor(rows: SegmentRows, broken: (gap: Gap) => void) {
    this.#rows = rows;
    this.#flips = new FlipMender(rows);
    this.#broken = broken;
  }

  /** Facts that the log has and cannot give, as far as that was noticed; in order. */
  get gaps(): readonly Gap[] {
    return this.#gaps.all;
  }

  /** The gap that the fact of this number lies in. */
  gapAt(seq: number): Gap | undefined {
    return this.#gaps.at(seq);
  }

  /**
   * The number of the newest fact; 0: there is none. `knownBehind`: the newest fact that the log is known to
   * have had, asked for with the newest that it has; where that is an older one, the rows behind it got lost.
   */
  head(knownBehind: (head: number) => number): number {
    const head = this.#newest();
    const known = knownBehind(head);
    if (head >= known) return head;
    this.#tail = this.#note({ first: head + 1, last: known });
    return known;
  }

  /** By the newest row that can be read or is a gap. */
  #newest(): number {
    for (let tries = 0; ; tries += 1) {
      const newest = this.#rows.newest();
      if (!newest) return 0;
      const segment = this.#check(newest, this.#rows.hashBefore(newest.first));
      // It stood under another number: now another row is the newest.
      if (segment && segment.first !== newest.first && tries === 0) continue;
      return segment?.last ?? this.#gaps.at(newest.first)?.last ?? 0;
    }
  }

  /** The segment that has the fact; undefined: there is none that checks. */
  with(seq: number): StoredSegment | undefined {
    const [row, before] = this.#rows.upto(seq);
    const segment = row && this.#check(row, before?.hash ?? NO_HASH);
    if (segment && segment.first <= seq && seq <= segment.last) return segment;
    const later = this.#rows.after(seq);
    if (!later || this.#gaps.at(seq)) return undefined;
    // The row that had it got lost.
    const first = (row ? (segment ?? this.#gaps.at(row.first) ?? row).last : 0) + 1;
    const found = this.#lost(first, row?.hash ?? NO_HASH);
    if (found && seq <= found.last) return found;
    if (!found && first <= seq) this.#note({ first, last: later.first - 1 });
    return undefined;
  }

  /**
   * The logged facts after `after`, in order, segment by segment; those that do
   * not check are left out. Lazy: a caller may stop early, and must not await
   * inside the loop.
   */
  *segments(after: number): Generator<StoredSegment> {
    for (const part of this.parts(after)) if ("body" in part) yield part;
  }

  /** As `segments`, with the gaps between them. */
  *parts(after: number): Generator<StoredSegment | Gap> {
    let first = this.#rows.before(after + 2)?.first ?? 0;
    let before: string | undefined;
    /** The number of the next fact; undefined: where the reading begins is not known yet. */
    let next = after === 0 ? 1 : undefined;
    for (let limit = PAGE.first; ; limit = Math.min(2 * limit, PAGE.last)) {
      const rows = this.#rows.page(first, limit === PAGE.first, limit);
      if (rows.length === 0) {
        const tail = this.#tail;
        if (tail && tail.last > after && (this.#rows.newest()?.first ?? 0) < tail.first) yield tail;
        return;
      }
      for (const row of rows) {
        before ??= this.#rows.hashBefore(row.first);
        first = row.first;
        if (next !== undefined && row.first > next) {
          // Where its hash fits, it was written behind a gap.
          const found = fits(row, before) ? undefined : this.#lost(next, before);
          const lost = found ?? this.#note({ first: next, last: row.first - 1 });
          yield lost;
          if ("hash" in lost) ({ hash: before } = lost as SegmentRow);
        }
        const checked = this.#check(row, before);
        const part = checked ?? this.#gaps.at(row.first);
        before = checked === row ? row.hash : this.#rows.hashOf(row);
        // A second copy of a segment that was mended.
        if (!part || part.last < (next ?? 0)) continue;
        next = part.last + 1;
        first = Math.max(first, part.first);
        if (part.last > after) yield part;
      }
    }
  }

  /**
   * Takes the segments that the gap had, if hashes show that it is what was logged, or something else did
   * (`isProven`). What is kept beside it stays, and is held against the facts when it is read.
   */
  take({ first, last }: Range, body: string, isProven: boolean): boolean {
    const gap = this.#gaps.at(first);
    if (gap?.first !== first || gap.last !== last) return false;
    if (!takeBody(this.#rows, { first, last }, body, isProven)) return false;
    this.#gaps.remove(gap);
    return true;
  }

  /** The segment, mended if that can be done with what is here; undefined: it is a gap. */
  #check(row: SegmentRow, before: string): StoredSegment | undefined {
    if (isWhole(row, before)) return row;
    const mended = mendRow(this.#rows, this.#flips, row);
    if ("body" in mended) return mended;
    this.#note(mended, row.body);
    return undefined;
  }

  #lost(first: number, before: string): SegmentRow | undefined {
    return this.#gaps.at(first) ? undefined : findLost(this.#rows, first, before);
  }

  /** `body`: what stands there now. */
  #note(range: Range, body?: string): Gap {
    const gap = this.#gaps.at(range.first) ?? gapOf(range, body);
    if (this.#gaps.add(gap)) {
      const { first, last } = gap;
      console.error({ message: "a segment of the log is not as it was written", first, last });
      this.#broken(gap);
    }
    return gap;
  }
}

const isWhole = (row: SegmentRow, before: string): boolean => fits(row, before) && endsAt(row.body, row.last);

/** Whether the fact of this number is the body's last, as far as a look at the text says. */
const endsAt = (body: string, last: number): boolean =>
  body.lastIndexOf(`{"seq":${last},`) >= 0 && !body.includes(`{"seq":${last + 1},`);
