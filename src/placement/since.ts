/**
 * What this isolate placed since the figures it has were made. Figures come
 * late and from elsewhere, so that what is placed is counted by the second and
 * dropped when figures come that have it. PURE; times are epoch ms.
 */

/** Seconds remembered one by one; of earlier ones only the sums are. */
const SECONDS_MAX = 120;

/** A team placed this long before the figures were made may not be in them yet, ms: its shard tells it a moment later. */
const TOLD_WITHIN = 2_000;

interface Second {
  /** Epoch ms of its end. */
  until: number;
  placed: Map<string, number>;
}

export class PlacedSince {
  /** In order. The first may stand for many. */
  #seconds: Second[] = [];

  add(shard: string, now: number): void {
    const until = (Math.floor(now / 1_000) + 1) * 1_000;
    let last = this.#seconds.at(-1);
    // The clock went back: what was placed under the wrong one counts as of now.
    if (last && last.until > until)
      for (const second of this.#seconds) second.until = Math.min(second.until, until);
    if (last?.until !== until) {
      last = { until, placed: new Map() };
      this.#seconds.push(last);
    }
    last.placed.set(shard, (last.placed.get(shard) ?? 0) + 1);
    const [first, second] = this.#seconds;
    if (this.#seconds.length <= SECONDS_MAX || !first || !second) return;
    for (const [name, count] of first.placed) second.placed.set(name, (second.placed.get(name) ?? 0) + count);
    this.#seconds.shift();
  }

  /** A placement came to nothing. */
  remove(shard: string): void {
    const last = this.#seconds.findLast(({ placed }) => placed.has(shard));
    const count = last?.placed.get(shard) ?? 0;
    if (count > 1) last?.placed.set(shard, count - 1);
    else last?.placed.delete(shard);
  }

  /** The counts by shard since figures of `at`; without figures since the beginning. */
  since(at: number | undefined): (shard: string) => number {
    if (at !== undefined) this.#seconds = this.#seconds.filter(({ until }) => until > at - TOLD_WITHIN);
    const sums = new Map<string, number>();
    for (const { placed } of this.#seconds) {
      for (const [shard, count] of placed) sums.set(shard, (sums.get(shard) ?? 0) + count);
    }
    return (shard) => sums.get(shard) ?? 0;
  }
}
