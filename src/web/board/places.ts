/** Rows that glide to their new place: first where they were, then where they are, then the way between (FLIP). */

/** How long a row is on its way, ms. */
const DURATION = 700;

export class Gliding {
  readonly #tops = new Map<string, number>();

  /** Called after the rows are drawn: `rows` are the elements by their team. */
  settle(rows: ReadonlyMap<string, HTMLElement>): void {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const [team, row] of rows) {
      const top = row.offsetTop;
      const before = this.#tops.get(team);
      this.#tops.set(team, top);
      if (still || before === undefined || before === top) continue;
      row.animate([{ transform: `translateY(${before - top}px)` }, { transform: "none" }], {
        duration: DURATION,
        easing: "cubic-bezier(0.2, 0.8, 0.2, 1)",
      });
    }
    for (const team of this.#tops.keys()) if (!rows.has(team)) this.#tops.delete(team);
  }
}
