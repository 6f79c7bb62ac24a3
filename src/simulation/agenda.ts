/** Who acts next: a heap by time, and among equals by number. */

export class Agenda {
  readonly #times: number[] = [];
  readonly #who: number[] = [];

  add(at: number, who: number): void {
    let place = this.#times.length;
    this.#times.push(at);
    this.#who.push(who);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** Takes the first one out; undefined: nobody acts any more. */
  next(): { at: number; who: number } | undefined {
    const [at, who] = [this.#times[0], this.#who[0]];
    if (at === undefined || who === undefined) return undefined;
    const last = this.#times.length - 1;
    this.#swap(0, last);
    this.#times.pop();
    this.#who.pop();
    for (let place = 0; ; ) {
      const left = 2 * place + 1;
      let first = place;
      if (left < last && this.#isBefore(left, first)) first = left;
      if (left + 1 < last && this.#isBefore(left + 1, first)) first = left + 1;
      if (first === place) return { at, who };
      this.#swap(place, first);
      place = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    return difference < 0 || (difference === 0 && (this.#who[a] as number) < (this.#who[b] as number));
  }

  #swap(a: number, b: number): void {
    [this.#times[a], this.#times[b]] = [this.#times[b] as number, this.#times[a] as number];
    [this.#who[a], this.#who[b]] = [this.#who[b] as number, this.#who[a] as number];
  }
}
