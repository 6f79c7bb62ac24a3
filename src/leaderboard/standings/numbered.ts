/** Names numbered in the order they come, from 0: shards, brackets. Small numbers fit the teams' columns. */

/** The columns that hold the numbers have 16 bits. */
const NAMES_MAX = 65_535;

export class Numbered {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** Place of each name in string order, by number; undefined after a change. */
  #order: Uint16Array | undefined;

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.number(name);
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** The name's number, or undefined. O(1). */
  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** The name's number, given now if it is new. O(1). */
  number(name: string): number {
    const existing = this.#numbers.get(name);
    if (existing !== undefined) return existing;
    const number = this.#names.length;
    if (number >= NAMES_MAX) throw new Error(`more than ${NAMES_MAX} names`);
    this.#names.push(name);
    this.#numbers.set(name, number);
    this.#order = undefined;
    return number;
  }

  /**
   * The place of each number among the names in string order (code units). A
   * new name never changes the order among the others. O(1), O(n log n) after a change.
   */
  order(): Uint16Array {
    if (this.#order !== undefined) return this.#order;
    const order = new Uint16Array(this.#names.length);
    const sorted = this.#names.toSorted((a, b) => (a < b ? -1 : 1));
    for (const [place, name] of sorted.entries()) order[this.#numbers.get(name) as number] = place;
    this.#order = order;
    return order;
  }
}
