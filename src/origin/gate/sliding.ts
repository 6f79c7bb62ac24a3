/** Counts of the last seconds, one row a second. Pure: the time is passed in, in ms. */
export class SlidingCounts<Name extends string> {
  readonly #names: readonly Name[];
  readonly #length: number;
  #rows: { second: number; counts: Record<Name, number> }[] = [];

  /** `length`: seconds that count, the running one included. */
  constructor(length: number, names: readonly Name[]) {
    this.#length = length;
    this.#names = names;
  }

  add(now: number, counts: Partial<Record<Name, number>>): void {
    this.#forget(now);
    const second = Math.floor(now / 1_000);
    let row = this.#rows.at(-1);
    if (row?.second !== second) {
      row = { second, counts: this.#zero() };
      this.#rows.push(row);
    }
    for (const name of this.#names) row.counts[name] += counts[name] ?? 0;
  }

  /** Sums over the seconds that begin at `from` or later and end at `to` or earlier, both in ms. */
  sum(now: number, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Record<Name, number> {
    this.#forget(now);
    const sums = this.#zero();
    for (const { second, counts } of this.#rows) {
      if (second * 1_000 < from || (second + 1) * 1_000 > to) continue;
      for (const name of this.#names) sums[name] += counts[name];
    }
    return sums;
  }

  clear(): void {
    this.#rows = [];
  }

  /** Old rows go, and rows of the future, which a clock that was set back leaves behind. */
  #forget(now: number): void {
    const second = Math.floor(now / 1_000);
    const counts = (row: { second: number }): boolean =>
      row.second > second - this.#length && row.second <= second;
    if (!this.#rows.every(counts)) this.#rows = this.#rows.filter(counts);
  }

  #zero(): Record<Name, number> {
    return Object.fromEntries(this.#names.map((name) => [name, 0])) as Record<Name, number>;
  }
}
