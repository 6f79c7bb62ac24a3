/**
 * A file on its way: bytes come in pieces, and a cleaner (a generator) takes, passes on or leaves out
 * what it reads, wherever the pieces are cut. Only what a cleaner asks for in one go is held.
 */

/** The file is not of the form that its cleaner knows. */
export class Unfit extends Error {
  constructor(why: string) {
    super(why);
    this.name = "Unfit";
  }
}

/** What a cleaner is: it yields when it needs bytes that are not there yet. */
export type Cleaner = (flow: Flow) => Generator<void, void>;

/** Bytes from `from` to before `to`, counted from the file's beginning. */
interface Span {
  from: number;
  to: number;
}

/** Longest stretch that is read as one, bytes. */
const TAKE_MAX = 4 * 1_024 * 1_024;

export class Flow {
  #waiting: Uint8Array[] = [];
  #available = 0;
  #isEnded = false;
  #out: Uint8Array[] = [];
  /** Bytes read so far. */
  #at = 0;
  readonly #blank: Span[] = [];
  readonly #running: Generator<void, void>;
  #isDone = false;

  constructor(cleaner: Cleaner) {
    this.#running = cleaner(this);
  }

  /** What the cleaner makes of the file up to here. Throws `Unfit`. */
  push(bytes: Uint8Array): Uint8Array[] {
    if (bytes.byteLength > 0) {
      this.#waiting.push(bytes);
      this.#available += bytes.byteLength;
    }
    return this.#advance();
  }

  /** The file is complete. Throws `Unfit`. */
  end(): Uint8Array[] {
    this.#isEnded = true;
    return this.#advance();
  }

  #advance(): Uint8Array[] {
    if (!this.#isDone) this.#isDone = this.#running.next().done === true;
    // What stands behind the end of what the cleaner knows is left out.
    if (this.#isDone) {
      this.#waiting = [];
      this.#available = 0;
    }
    const out = this.#out;
    this.#out = [];
    return out;
  }

  // ── What cleaners call ──────────────────────────────────────────────────

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  /** Whether there is nothing more; waits until that is known. */
  *isOver(): Generator<void, boolean> {
    while (this.#available === 0 && !this.#isEnded) yield;
    return this.#available === 0;
  }

  /** The next `length` bytes. Throws `Unfit` when the file ends before. */
  *take(length: number): Generator<void, Uint8Array> {
    if (length > TAKE_MAX) throw new Unfit(`a part of it is longer than ${TAKE_MAX} bytes`);
    while (this.#available < length) {
      if (this.#isEnded) throw new Unfit("it ends too early");
      yield;
    }
    const [first] = this.#waiting;
    if (length > 0 && first && first.byteLength >= length) {
      const taken = first.subarray(0, length);
      this.#drop(length);
      return taken;
    }
    const taken = new Uint8Array(length);
    for (let to = 0; to < length; ) {
      const part = this.#waiting[0]?.subarray(0, length - to) as Uint8Array;
      taken.set(part, to);
      to += part.byteLength;
      this.#drop(part.byteLength);
    }
    return taken;
  }

  /** The next `length` bytes, which stay; undefined: the file ends before. */
  *peek(length: number): Generator<void, Uint8Array | undefined> {
    while (this.#available < length) {
      if (this.#isEnded) return undefined;
      yield;
    }
    const seen = new Uint8Array(length);
    let to = 0;
    for (const part of this.#waiting) {
      if (to === length) break;
      const some = part.subarray(0, length - to);
      seen.set(some, to);
      to += some.byteLength;
    }
    return seen;
  }

  emit(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#out.push(bytes);
  }

  /** Passes on `length` bytes as they come; fewer where the file ends before. */
  *pass(length: number): Generator<void, void> {
    for (let left = length; left > 0; ) {
      const part: Uint8Array | undefined = yield* this.some(left);
      if (!part) return;
      left -= part.byteLength;
      this.emit(this.#blanked(part, this.#at - part.byteLength));
    }
  }

  /** Leaves out `length` bytes. */
  *skip(length: number): Generator<void, void> {
    for (let left = length; left > 0; ) {
      const part: Uint8Array | undefined = yield* this.some(left);
      if (!part) return;
      left -= part.byteLength;
    }
  }

  /** Passes on as many zeros. */
  *zero(length: number): Generator<void, void> {
    for (let left = length; left > 0; ) {
      const part: Uint8Array | undefined = yield* this.some(left);
      if (!part) return;
      left -= part.byteLength;
      this.emit(new Uint8Array(part.byteLength));
    }
  }

  /**
   * Passes on up to the next `byte`, which stays; false: the file ended before.
   */
  *passUpTo(byte: number): Generator<void, boolean> {
    for (;;) {
      const part: Uint8Array | undefined = yield* this.#seen();
      if (!part) return false;
      const found = part.indexOf(byte);
      const length = found < 0 ? part.byteLength : found;
      this.emit(part.subarray(0, length));
      this.#drop(length);
      if (found >= 0) return true;
    }
  }

  /** These bytes are passed on as zeros, when they come. Throws `Unfit` for what is gone by. */
  blank(from: number, to: number): void {
    if (from < this.#at) throw new Unfit("what has to be cut stands before its index");
    this.#blank.push({ from, to });
  }

  /** What is there of the next bytes, without reading them. */
  *#seen(): Generator<void, Uint8Array | undefined> {
    if (yield* this.isOver()) return undefined;
    return this.#waiting[0];
  }

  /** What is there of the next `most` bytes; undefined: nothing more. */
  *some(most: number): Generator<void, Uint8Array | undefined> {
    const part = yield* this.#seen();
    if (!part) return undefined;
    const some = part.subarray(0, most);
    this.#drop(some.byteLength);
    return some;
  }

  #drop(length: number): void {
    this.#at += length;
    this.#available -= length;
    for (let left = length; left > 0; ) {
      const part = this.#waiting[0] as Uint8Array;
      if (part.byteLength > left) {
        this.#waiting[0] = part.subarray(left);
        return;
      }
      left -= part.byteLength;
      this.#waiting.shift();
    }
  }

  #blanked(part: Uint8Array, at: number): Uint8Array {
    if (!this.#blank.some(({ from, to }) => from < at + part.byteLength && to > at)) return part;
    const copy = part.slice();
    for (const { from, to } of this.#blank) copy.fill(0, Math.max(0, from - at), Math.max(0, to - at));
    return copy;
  }
}

/** The whole of a file that is in memory, cleaned. Throws `Unfit`. */
export function cleaned(cleaner: Cleaner, bytes: Uint8Array): Uint8Array {
  const flow = new Flow(cleaner);
  const parts = [...flow.push(bytes), ...flow.end()];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

export const u16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
export const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65_536 + u16(bytes, at + 2);
export const latin = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));
export const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));
