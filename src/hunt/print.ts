/**
 * Fingerprints of what is shown, to tell whether it changed: fast, 64 bits in two
 * lanes, and no secret. Nothing that somebody could gain by a collision hangs on them.
 */
const float = new Float64Array(1);
const halves = new Uint32Array(float.buffer);

export class Print {
  // Not private to the engine's eyes: every look passes here some hundred times.
  private one = 0x9e3779b1 | 0;
  private two = 0x85ebca77 | 0;

  /** 32 bits. */
  word(word: number): this {
    const one = Math.imul(this.one ^ word, 0x9e3779b1);
    this.one = one ^ (one >>> 15);
    const two = Math.imul((this.two + word) | 0, 0x27d4eb2f);
    this.two = two ^ (two >>> 13);
    return this;
  }

  number(value: number): this {
    // Times and counts are whole; what is not has its bits taken.
    if (Number.isInteger(value)) return this.word(value | 0).word((value / 0x1_0000_0000) | 0);
    float[0] = value;
    return this.word((halves[0] ?? 0) | 0).word(~(halves[1] ?? 0));
  }

  /** A text, of which the length is part: `a`, `bc` is not `ab`, `c`. */
  text(value: string): this {
    this.word(value.length);
    for (let index = 0; index < value.length; index += 1) this.word(value.charCodeAt(index));
    return this;
  }

  /** All so far as one whole number of 53 bits, never 0. */
  get value(): number {
    return mixed(this.one) * 0x200000 + (mixed(this.two) >>> 11) || 1;
  }

  /** All 64 bits, for an ETag. */
  get hex(): string {
    return hexOf(mixed(this.one)) + hexOf(mixed(this.two));
  }
}

const hexOf = (word: number): string => word.toString(16).padStart(8, "0");

/** The finish of MurmurHash3: the last words reach every bit. */
function mixed(word: number): number {
  let bits = word ^ (word >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
