/**
 * Several segments in a row were lost, and a copy has their facts as one list: where one ended and the
 * next began is found by trying, until the hash of the segment behind them fits.
 */
import { chainHash } from "./chain.ts";
import type { Segment } from "./ship.ts";

/** Characters hashed for one gap, less than two seconds of work: any cut of some 15 facts, four segments of 60. */
const HASHED_MAX = 1 << 28;

/** Between the facts of a body; a string in one has its quotes escaped. */
const BETWEEN = /(?<=\}),(?=\{"seq":)/;

export interface Uncut {
  /** Hash of the segment before them. */
  before: string;
  first: number;
  /** Their facts. */
  body: string;
}

/** The segments with their hashes, fewest first; undefined: none fit, or there are too many ways. `follows`: the next one follows from this hash. */
export function cutSegments(
  { before, first, body }: Uncut,
  follows: (hash: string) => boolean,
): (Segment & { hash: string })[] | undefined {
  const facts = body.split(BETWEEN);
  let left = HASHED_MAX;
  const cut = (from: number, hash: string, segments: number): (Segment & { hash: string })[] | undefined => {
    // The last one ends where the body does; any other leaves a fact for each of those behind it.
    const shortest = segments === 1 ? facts.length : from + 1;
    for (let end = shortest; end <= facts.length - segments + 1; end += 1) {
      const own = facts.slice(from, end).join(",");
      left -= own.length;
      if (left < 0) return undefined;
      const now = { first: first + from, last: first + end - 1, body: own };
      const made = chainHash(hash, now.first, own);
      if (segments === 1) return follows(made) ? [{ ...now, hash: made }] : undefined;
      const rest = cut(end, made, segments - 1);
      if (rest) return [{ ...now, hash: made }, ...rest];
    }
    return undefined;
  };
  for (let segments = 2; segments <= facts.length && left > 0; segments += 1) {
    const found = cut(0, before, segments);
    if (found) return found;
  }
  return undefined;
}
