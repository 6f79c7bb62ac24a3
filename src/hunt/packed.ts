/**
 * What grows with a team's play, packed: a few flat lists instead of an object for each solve, bucket and peak.
 * A shard keeps ten thousand teams in memory, and a collector looks at each object of them again and
 * again: packed, a team of a hundred events is a dozen objects, before it was three hundred.
 */
export interface Solve {
  at: number;
  seq: number;
  /** As recorded; with moving scores the standings know the present value. */
  points: number;
  /** Points that time and wrong tries took from the clue's value; absent: none. */
  less?: number;
  /** When its fact was recorded, if that is another time. */
  recordedAt?: number;
  /** An organiser's: nobody solved it. */
  byHand?: true;
  /** From when on it opens others, if that is another time than `at`. */
  opensAt?: number;
}

/** A token bucket: `tokens` were left at `at`; `wrong` counts for good. */
export interface Attempts {
  wrong: number;
  tokens: number;
  at: number;
  /**
   * Of a clue that is not solved: the last wrong texts (`PlayFact.wrongText`), the oldest first;
   * `TEXTS_REMEMBERED` at most, `TEXTS_OF_TEAM` of all clues together.
   */
  texts?: string[];
}

/** From so many entries on, a key is looked up by hash. */
const HASHED_FROM = 64;

/** As a `Map`, in the order in which the keys came: records of `width` numbers. What it gives is a copy. */
abstract class Packed<Value> {
  readonly #width: number;
  readonly #keys: string[] = [];
  /** Always with a number that is no small integer, so that the list is one of doubles. */
  readonly #numbers: number[] = [];
  /** Undefined: there are few. */
  #places: Map<string, number> | undefined;

  constructor(width: number) {
    this.#width = width;
  }

  protected abstract read(key: string, from: number): Value;

  get size(): number {
    return this.#keys.length;
  }

  has(key: string): boolean {
    return this.placeOf(key) >= 0;
  }

  get(key: string): Value | undefined {
    const place = this.placeOf(key);
    return place < 0 ? undefined : this.read(key, place);
  }

  delete(key: string): boolean {
    const place = this.placeOf(key);
    if (place < 0) return false;
    this.#keys.splice(place / this.#width, 1);
    this.#numbers.splice(place, this.#width);
    this.#places = undefined;
    return true;
  }

  clear(): void {
    this.#keys.length = 0;
    this.#numbers.length = 0;
    this.#places = undefined;
  }

  keys(): IterableIterator<string> {
    return this.#keys.values();
  }

  values(): Value[] {
    return this.#keys.map((key, index) => this.read(key, index * this.#width));
  }

  entries(): [string, Value][] {
    return this.#keys.map((key, index) => [key, this.read(key, index * this.#width)]);
  }

  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.entries().values();
  }

  /** Where the key's numbers begin; below 0: it has none. */
  protected placeOf(key: string): number {
    const keys = this.#keys;
    if (keys.length < HASHED_FROM) {
      const index = keys.indexOf(key);
      return index < 0 ? index : index * this.#width;
    }
    if (!this.#places) {
      this.#places = new Map();
      for (const [index, own] of keys.entries()) this.#places.set(own, index * this.#width);
    }
    return this.#places.get(key) ?? -1;
  }

  /** Where the key's numbers begin; a new one's are zeros. */
  protected placeFor(key: string): number {
    const known = this.placeOf(key);
    if (known >= 0) return known;
    const place = this.#numbers.length;
    this.#keys.push(key);
    for (let index = 0; index < this.#width; index += 1) this.#numbers.push(0);
    this.#places?.set(key, place);
    return place;
  }

  protected at(place: number): number {
    return this.#numbers[place] as number;
  }

  protected put(place: number, value: number): void {
    this.#numbers[place] = value;
  }

  /** Where the numbers of each key begin, in order. */
  protected *places(): Generator<[key: string, place: number]> {
    for (const [index, key] of this.#keys.entries()) yield [key, index * this.#width];
  }
}

/** Clue → its solve. */
export class Solves extends Packed<Solve> {
  /** What few solves have. Undefined: none. */
  #more: Map<string, Pick<Solve, "less" | "recordedAt" | "byHand" | "opensAt">> | undefined;

  constructor(entries: Iterable<readonly [string, Solve]> = []) {
    super(3);
    for (const [clue, solve] of entries) this.set(clue, solve);
  }

  set(clue: string, { at, seq, points, ...more }: Solve): this {
    const place = this.placeFor(clue);
    this.put(place, at);
    this.put(place + 1, seq);
    this.put(place + 2, points);
    const { less, recordedAt, byHand, opensAt } = more;
    if ([less, recordedAt, byHand, opensAt].every((each) => each === undefined)) this.#more?.delete(clue);
    else {
      this.#more ??= new Map();
      this.#more.set(clue, more);
    }
    return this;
  }

  override delete(clue: string): boolean {
    this.#more?.delete(clue);
    return super.delete(clue);
  }

  override clear(): void {
    this.#more = undefined;
    super.clear();
  }

  /** When the clue was solved, epoch ms; `Infinity`: it is not. */
  timeOf(clue: string): number {
    const place = this.placeOf(clue);
    return place < 0 ? Number.POSITIVE_INFINITY : this.at(place);
  }

  /** From when on the solve opens others, epoch ms; `Infinity`: the clue is not solved. */
  opensFrom(clue: string): number {
    return this.#more?.get(clue)?.opensAt ?? this.timeOf(clue);
  }

  /** Points that time and wrong tries took from the clue's value. */
  lessOf(clue: string): number {
    return this.#more?.get(clue)?.less ?? 0;
  }

  protected override read(clue: string, place: number): Solve {
    const solve: Solve = { at: this.at(place), seq: this.at(place + 1), points: this.at(place + 2) };
    const more = this.#more?.get(clue);
    return more ? { ...solve, ...more } : solve;
  }
}

/** Before, between and behind remembered texts, which have none. */
const BREAK = "\n";

/** Places of a bucket's numbers, from its first. */
const [WRONG, TOKENS, AT, TEXTS] = [0, 1, 2, 3] as const;

/** Clue → its bucket. As an entry it has the remembered texts, by `get` it has not. */
export class Buckets extends Packed<Attempts> {
  /** Of each clue that has any, the oldest first, in one text. Undefined: none has. */
  #texts: Map<string, string> | undefined;

  constructor(entries: Iterable<readonly [string, Attempts]> = []) {
    super(4);
    for (const [clue, { wrong, tokens, at, texts }] of entries) {
      const place = this.placeFor(clue);
      this.put(place + WRONG, wrong);
      this.put(place + TOKENS, tokens);
      this.put(place + AT, at);
      if (!texts || texts.length === 0) continue;
      this.#keep(clue, BREAK + texts.map((text) => text + BREAK).join(""), texts.length);
    }
  }

  /** A wrong try at the clue. */
  note(clue: string, tokens: number, at: number): void {
    const place = this.placeFor(clue);
    this.put(place + WRONG, this.at(place + WRONG) + 1);
    this.put(place + TOKENS, tokens);
    this.put(place + AT, at);
  }

  /** Counts the tries at the clue anew, from so many tokens on; remembered texts stay. */
  refill(clue: string, tokens: number, at: number): void {
    const place = this.placeOf(clue);
    if (place < 0) return;
    this.put(place + WRONG, 0);
    this.put(place + TOKENS, tokens);
    this.put(place + AT, at);
  }

  /** Wrong tries at the clue that count. */
  wrongOf(clue: string): number {
    const place = this.placeOf(clue);
    return place < 0 ? 0 : this.at(place + WRONG);
  }

  hasText(clue: string, text: string): boolean {
    return this.#texts?.get(clue)?.includes(BREAK + text + BREAK) === true;
  }

  /** Remembers a text of a clue that has a bucket; `max` of them at most, the oldest make room. */
  addText(clue: string, text: string, max: number): void {
    if (this.hasText(clue, text)) return;
    let texts = this.#texts?.get(clue) ?? BREAK;
    let count = this.at(this.placeFor(clue) + TEXTS);
    for (; count >= max; count -= 1) texts = texts.slice(texts.indexOf(BREAK, 1));
    this.#keep(clue, texts + text + BREAK, count + 1);
  }

  #keep(clue: string, texts: string, count: number): void {
    this.#texts ??= new Map();
    this.#texts.set(clue, texts);
    this.put(this.placeFor(clue) + TEXTS, count);
  }

  /** Undefined: the clue has none. */
  textsOf(clue: string): string[] | undefined {
    return this.#texts?.get(clue)?.slice(1, -1).split(BREAK);
  }

  forgetTexts(clue: string): void {
    if (this.#texts?.delete(clue)) this.put(this.placeFor(clue) + TEXTS, 0);
  }

  /** Forgets the texts of the clues tried longest ago, but for `present`, until there are `max` at most. */
  boundTexts(present: string, max: number): void {
    let count = 0;
    for (const [, place] of this.places()) count += this.at(place + TEXTS);
    while (count > max) {
      let oldest: { clue: string; at: number; texts: number } | undefined;
      for (const [clue, place] of this.places()) {
        const at = this.at(place + AT);
        const texts = this.at(place + TEXTS);
        if (texts === 0 || clue === present || (oldest && oldest.at <= at)) continue;
        oldest = { clue, at, texts };
      }
      if (!oldest) return;
      this.forgetTexts(oldest.clue);
      count -= oldest.texts;
    }
  }

  override clear(): void {
    this.#texts = undefined;
    super.clear();
  }

  override entries(): [string, Attempts][] {
    return super.entries().map(([clue, bucket]) => {
      const texts = this.textsOf(clue);
      return [clue, texts ? { ...bucket, texts } : bucket];
    });
  }

  protected override read(_clue: string, place: number): Attempts {
    return { wrong: this.at(place + WRONG), tokens: this.at(place + TOKENS), at: this.at(place + AT) };
  }
}

/** A new highest score, and when. */
export interface Peak {
  at: number;
  score: number;
}

/** Peaks in the order of their scores. */
export class Peaks {
  /** Time and score of each. */
  readonly #numbers: number[] = [];

  constructor(peaks: Iterable<Peak> = []) {
    for (const { at, score } of peaks) this.push(at, score);
  }

  get length(): number {
    return this.#numbers.length / 2;
  }

  /** 0: there is none. */
  get highest(): number {
    return this.#numbers.at(-1) ?? 0;
  }

  push(at: number, score: number): void {
    this.#numbers.push(at, score);
  }

  /** When the score first was so high, as far as peaks tell; undefined: never. */
  firstAt(points: number): number | undefined {
    for (let index = 0; index < this.#numbers.length; index += 2) {
      if ((this.#numbers[index + 1] as number) >= points) return this.#numbers[index];
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<Peak> {
    for (let index = 0; index < this.#numbers.length; index += 2) {
      yield { at: this.#numbers[index] as number, score: this.#numbers[index + 1] as number };
    }
  }
}
