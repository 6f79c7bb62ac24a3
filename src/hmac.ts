/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) with the key's part computed
 * once. Every answer is digested on the event path, where setting up a native
 * digest costs ten times the hashing of its hundred bytes; and a browser, which
 * has no synchronous digest, can run what imports this. Only 32-bit
 * additions, rotations and masks: no branch or index depends on a secret.
 */
import { compress } from "./sha256-block.ts";

const BLOCK = 64;
const LENGTH_BYTES = 8;

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
const state = new Int32Array(8);
let bytes = new Uint8Array(1_024);
const encoder = new TextEncoder();

/** The 32 bytes of SHA-256 over the text's UTF-8. */
export function sha256(text: string): Uint8Array {
  return finish(encodePadded(text, 0));
}

/** The 32 bytes of SHA-256 over bytes. */
export function sha256Of(data: Uint8Array): Uint8Array {
  makeRoom(data.length);
  bytes.set(data);
  return finish(pad(data.length, 0));
}

/** Hashes the padded `length` bytes from the initial state on. */
function finish(length: number): Uint8Array {
  state.set(INITIAL);
  for (let at = 0; at < length; at += BLOCK) compress(state, bytes, at);
  const digest = new Uint8Array(32);
  writeState(digest);
  return digest;
}

export class HmacSha256 {
  readonly #inner: Int32Array;
  readonly #outer: Int32Array;

  constructor(key: Uint8Array) {
    const block = new Uint8Array(BLOCK);
    block.set(key.length > BLOCK ? sha256Of(key) : key);
    this.#inner = stateAfter(block.map((byte) => byte ^ 0x36));
    this.#outer = stateAfter(block.map((byte) => byte ^ 0x5c));
  }

  /** The 32 bytes of the MAC over the text's UTF-8. */
  digest(text: string): Uint8Array {
    const length = encodePadded(text, BLOCK);
    state.set(this.#inner);
    for (let at = 0; at < length; at += BLOCK) compress(state, bytes, at);
    writeState(bytes);
    pad(32, BLOCK);
    state.set(this.#outer);
    compress(state, bytes, 0);
    const mac = new Uint8Array(32);
    writeState(mac);
    return mac;
  }
}

/** The state after one block, from the start. */
function stateAfter(block: Uint8Array): Int32Array {
  state.set(INITIAL);
  compress(state, block, 0);
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

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Two characters for each twelve bits: half as many strings are made as of single ones. */
const PAIRS = Array.from(
  { length: 1 << 12 },
  (_, bits) => BASE64URL.charAt(bits >> 6) + BASE64URL.charAt(bits & 63),
);

/** The first `count` bytes as base64url without padding. */
export function base64url(from: Uint8Array, count: number): string {
  let text = "";
  let at = 0;
  for (; at + 2 < count; at += 3) {
    const triple = ((from[at] ?? 0) << 16) | ((from[at + 1] ?? 0) << 8) | (from[at + 2] ?? 0);
    text += (PAIRS[triple >>> 12] ?? "") + (PAIRS[triple & 0xfff] ?? "");
  }
  const left = count - at;
  if (left <= 0) return text;
  const last = ((from[at] ?? 0) << 16) | ((left > 1 ? (from[at + 1] ?? 0) : 0) << 8);
  text += PAIRS[last >>> 12] ?? "";
  return left > 1 ? text + BASE64URL.charAt((last >>> 6) & 63) : text;
}
