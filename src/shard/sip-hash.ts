/**
 * SipHash-1-3: a hash with a secret key, so that nobody without the key can
 * find texts that fall together. In 32-bit halves, because 64-bit integers of
 * this language are objects.
 */

/** Bytes of a key. */
export const SIP_KEY_BYTES = 16;

export class SipHash {
  /** The halves of the last hash, as signed integers. */
  high = 0;
  low = 0;
  readonly #key: Int32Array;

  /** `key`: SIP_KEY_BYTES random bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, SIP_KEY_BYTES);
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
  }

  /** Hashes the text: by a byte a character if it is Latin-1, else by two bytes. */
  hash(text: string): void {
    // Nearly every text is Latin-1: another one is found out on the way.
    if (this.#hash(text, false) > 0xff) this.#hash(text, true);
  }

  /** Gives all units of the text, one laid over the other. */
  #hash(text: string, wide: boolean): number {
    let units = 0;
    const { length } = text;
    const key = this.#key;
    // "somepseudorandomlygeneratedbytes", as the algorithm has it.
    let v0h = 0x736f6d65 ^ (key[1] as number);
    let v0l = 0x70736575 ^ (key[0] as number);
    let v1h = 0x646f7261 ^ (key[3] as number);
    // A wide text never has the state of a narrow one.
    let v1l = 0x6e646f6d ^ (key[2] as number) ^ (wide ? 0xee : 0);
    let v2h = 0x6c796765 ^ (key[1] as number);
    let v2l = 0x6e657261 ^ (key[0] as number);
    let v3h = 0x74656462 ^ (key[3] as number);
    let v3l = 0x79746573 ^ (key[2] as number);
    const each = wide ? 4 : 8;
    const blocks = Math.floor(length / each);
    // The whole blocks, the last one with the length, and three rounds to finish.
    for (let step = 0; step <= blocks + 3; step += 1) {
      let mh = 0;
      let ml = 0;
      const at = step * each;
      if (step < blocks) {
        if (wide) {
          ml = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
          mh = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 16);
        } else {
          const a = text.charCodeAt(at);
          const b = text.charCodeAt(at + 1);
          const c = text.charCodeAt(at + 2);
          const d = text.charCodeAt(at + 3);
          const e = text.charCodeAt(at + 4);
          const f = text.charCodeAt(at + 5);
          const g = text.charCodeAt(at + 6);
          const h = text.charCodeAt(at + 7);
          units |= a | b | c | d | e | f | g | h;
          ml = a | (b << 8) | (c << 16) | (d << 24);
          mh = e | (f << 8) | (g << 16) | (h << 24);
        }
      } else if (step === blocks) {
        const bits = wide ? 16 : 8;
        for (let index = at; index < length; index += 1) {
          const shift = (index - at) * bits;
          const unit = text.charCodeAt(index);
          units |= unit;
          if (shift < 32) ml |= unit << shift;
          else mh |= unit << (shift - 32);
        }
        mh |= (length * (wide ? 2 : 1)) << 24;
      } else if (step === blocks + 1) {
        v2l ^= 0xff;
      }
      v3h ^= mh;
      v3l ^= ml;
      // v0 += v1, v1 = rotl(v1, 13) ^ v0, v0 = rotl(v0, 32)
      let sum = (v0l >>> 0) + (v1l >>> 0);
      v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v0l = sum | 0;
      let high = (v1h << 13) | (v1l >>> 19);
      v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = high ^ v0h;
      high = v0h;
      v0h = v0l;
      v0l = high;
      // v2 += v3, v3 = rotl(v3, 16) ^ v2
      sum = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v2l = sum | 0;
      high = (v3h << 16) | (v3l >>> 16);
      v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = high ^ v2h;
      // v0 += v3, v3 = rotl(v3, 21) ^ v0
      sum = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v0l = sum | 0;
      high = (v3h << 21) | (v3l >>> 11);
      v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = high ^ v0h;
      // v2 += v1, v1 = rotl(v1, 17) ^ v2, v2 = rotl(v2, 32)
      sum = (v2l >>> 0) + (v1l >>> 0);
      v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
      v2l = sum | 0;
      high = (v1h << 17) | (v1l >>> 15);
      v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = high ^ v2h;
      high = v2h;
      v2h = v2l;
      v2l = high;
      v0h ^= mh;
      v0l ^= ml;
    }
    this.high = v0h ^ v1h ^ v2h ^ v3h;
    this.low = v0l ^ v1l ^ v2l ^ v3l;
    return units;
  }
}
