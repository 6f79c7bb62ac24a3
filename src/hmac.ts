/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) with the key's part computed
 * once. Every answer is digested on the event path, where setting up a native
 * digest costs ten times the hashing of its hundred bytes; and a browser, which
 * has no synchronous digest, can run what imports this. Only 32-bit
 * additions, rotations and masks: no branch or index depends on a secret.
 */
const BLOCK = 64;
const LENGTH_BYTES = 8;

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2). */
const ROUND = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

/** The initial state: of the square roots of the first eight primes (FIPS 180-4 §5.3.3). */
const INITIAL = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** Shared between calls: everything here is synchronous. */
const words = new Int32Array(64);
const state = new Int32Array(8);
let bytes = new Uint8Array(1_024);
const encoder = new TextEncoder();

/** The 32 bytes of SHA-256 over the text's UTF-8. */
export function sha256(text: string): Uint8Array {
  return finish(encodePadded(text, 0));
}

function digestOf(data: Uint8Array): Uint8Array {
  makeRoom(data.length);
  bytes.set(data);
  return finish(pad(data.length, 0));
}

/** Hashes the padded `length` bytes from the initial state on. */
function finish(length: number): Uint8Array {
  state.set(INITIAL);
  for (let at = 0; at < length; at += BLOCK) compress(bytes, at);
  const digest = new Uint8Array(32);
  writeState(digest);
  return digest;
}

export class HmacSha256 {
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  constructor(key: Uint8Array) {
    const block = new Uint8Array(BLOCK);
    block.set(key.length > BLOCK ? digestOf(key) : key);
    this.#inner = stateAfter(block.map((byte) => byte ^ 0x36));
    this.#outer = stateAfter(block.map((byte) => byte ^ 0x5c));
  }

  /** The 32 bytes of the MAC over the text's UTF-8. */
  digest(text: string): Uint8Array {
    const length = encodePadded(text, BLOCK);
    state.set(this.#inner);
    for (let at = 0; at < length; at += BLOCK) compress(bytes, at);
    writeState(bytes);
    pad(32, BLOCK);
    state.set(this.#outer);
    compress(bytes, 0);
    const mac = new Uint8Array(32);
    writeState(mac);
    return mac;
  }
}

/** The state after one block, from the start. */
function stateAfter(block: Uint8Array): Int32Array {
  state.set(INITIAL);
  compress(block, 0);
  return state.slice();
}

/** Makes `bytes` long enough for this many bytes and their padding. */
function makeRoom(size: number): void {
  if (bytes.length < size + BLOCK + LENGTH_BYTES + 1) {
    bytes = new Uint8Array(size * 2 + BLOCK + LENGTH_BYTES + 1);
  }
}

/**
 * Puts the text and its padding into `bytes`; `before`: bytes hashed before it.
 * Returns their length, a multiple of a block.
 */
function encodePadded(text: string, before: number): number {
  makeRoom(text.length * 3);
  let size = 0;
  for (; size < text.length; size += 1) {
    const unit = text.charCodeAt(size);
    // The encoder's call costs more than this loop, which nearly always suffices.
    if (unit > 0x7f) return pad(encoder.encodeInto(text, bytes).written, before);
    bytes[size] = unit;
  }
  return pad(size, before);
}

/** Pads the first `size` bytes; the length field also counts the bytes hashed `before` them. */
function pad(size: number, before: number): number {
  const end = Math.ceil((size + 1 + LENGTH_BYTES) / BLOCK) * BLOCK;
  bytes.fill(0, size, end);
  bytes[size] = 0x80;
  // Texts stay far below 2^29 bytes: their bits fit the low word.
  const bits = (size + before) * 8;
  bytes[end - 4] = bits >>> 24;
  bytes[end - 3] = bits >>> 16;
  bytes[end - 2] = bits >>> 8;
  bytes[end - 1] = bits;
  return end;
}

function writeState(into: Uint8Array): void {
  for (let index = 0; index < 8; index += 1) {
    const word = state[index] ?? 0;
    into[index * 4] = word >>> 24;
    into[index * 4 + 1] = word >>> 16;
    into[index * 4 + 2] = word >>> 8;
    into[index * 4 + 3] = word;
  }
}

/** One block into `state` (FIPS 180-4 §6.2.2). */
function compress(from: Uint8Array, at: number): void {
  for (let index = 0; index < 16; index += 1) {
    const byte = at + index * 4;
    words[index] =
      ((from[byte] ?? 0) << 24) |
      ((from[byte + 1] ?? 0) << 16) |
      ((from[byte + 2] ?? 0) << 8) |
      (from[byte + 3] ?? 0);
  }
  for (let index = 16; index < 64; index += 1) {
    const w15 = words[index - 15] ?? 0;
    const w2 = words[index - 2] ?? 0;
    const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
    const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10);
    words[index] = ((words[index - 16] ?? 0) + s0 + (words[index - 7] ?? 0) + s1) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let index = 0; index < 64; index += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const chosen = (e & f) ^ (~e & g);
    const t1 = (h + s1 + chosen + (ROUND[index] ?? 0) + (words[index] ?? 0)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  state[0] = ((state[0] ?? 0) + a) | 0;
  state[1] = ((state[1] ?? 0) + b) | 0;
  state[2] = ((state[2] ?? 0) + c) | 0;
  state[3] = ((state[3] ?? 0) + d) | 0;
  state[4] = ((state[4] ?? 0) + e) | 0;
  state[5] = ((state[5] ?? 0) + f) | 0;
  state[6] = ((state[6] ?? 0) + g) | 0;
  state[7] = ((state[7] ?? 0) + h) | 0;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The first `count` bytes as base64url without padding. */
export function base64url(from: Uint8Array, count: number): string {
  let text = "";
  for (let index = 0; index < count; index += 3) {
    const triple =
      ((from[index] ?? 0) << 16) |
      ((index + 1 < count ? (from[index + 1] ?? 0) : 0) << 8) |
      (index + 2 < count ? (from[index + 2] ?? 0) : 0);
    text += BASE64URL.charAt(triple >>> 18) + BASE64URL.charAt((triple >>> 12) & 63);
    if (index + 1 < count) text += BASE64URL.charAt((triple >>> 6) & 63);
    if (index + 2 < count) text += BASE64URL.charAt(triple & 63);
  }
  return text;
}
