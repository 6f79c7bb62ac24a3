/**
 * ChaCha20 (RFC 8439, section 2.4). What is personal of a fact has some hundred
 * bytes, and setting up a native cipher for them costs ten times what this does.
 * Only 32-bit additions, rotations and exclusive ors: no branch or index depends on a secret.
 */
export const CHACHA_KEY_BYTES = 32;
export const CHACHA_NONCE_BYTES = 12;

const BLOCK = 64;
const WORDS = 16;
const ROUNDS = 10;

/** "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

const state = new Uint32Array(WORDS);
const x = new Uint32Array(WORDS);
const stream = new Uint8Array(BLOCK);

function quarter(a: number, b: number, c: number, d: number): void {
  let xa = x[a] as number;
  let xb = x[b] as number;
  let xc = x[c] as number;
  let xd = x[d] as number;
  xa = (xa + xb) | 0;
  xd ^= xa;
  xd = (xd << 16) | (xd >>> 16);
  xc = (xc + xd) | 0;
  xb ^= xc;
  xb = (xb << 12) | (xb >>> 20);
  xa = (xa + xb) | 0;
  xd ^= xa;
  xd = (xd << 8) | (xd >>> 24);
  xc = (xc + xd) | 0;
  xb ^= xc;
  xb = (xb << 7) | (xb >>> 25);
  x[a] = xa;
  x[b] = xb;
  x[c] = xc;
  x[d] = xd;
}

/** The key stream of the block that `state` counts. */
function block(): void {
  x.set(state);
  for (let round = 0; round < ROUNDS; round += 1) {
    quarter(0, 4, 8, 12);
    quarter(1, 5, 9, 13);
    quarter(2, 6, 10, 14);
    quarter(3, 7, 11, 15);
    quarter(0, 5, 10, 15);
    quarter(1, 6, 11, 12);
    quarter(2, 7, 8, 13);
    quarter(3, 4, 9, 14);
  }
  for (let word = 0; word < WORDS; word += 1) {
    const sum = ((x[word] as number) + (state[word] as number)) | 0;
    stream[4 * word] = sum;
    stream[4 * word + 1] = sum >>> 8;
    stream[4 * word + 2] = sum >>> 16;
    stream[4 * word + 3] = sum >>> 24;
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** Turns the bytes from `from` on into what the key makes of them, or back, where they stand. `counter`: of the first block. */
export function chacha20(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, from = 0, counter = 0): void {
  if (key.length !== CHACHA_KEY_BYTES || nonce.length !== CHACHA_NONCE_BYTES) {
    throw new Error("a key of 32 bytes and a nonce of 12 are needed");
  }
  for (let word = 0; word < 4; word += 1) state[word] = CONSTANTS[word] as number;
  for (let word = 0; word < 8; word += 1) state[4 + word] = wordAt(key, 4 * word);
  for (let word = 0; word < 3; word += 1) state[13 + word] = wordAt(nonce, 4 * word);
  state[12] = counter;
  for (let at = from; at < bytes.length; at += BLOCK) {
    block();
    state[12] = (state[12] as number) + 1;
    const end = Math.min(BLOCK, bytes.length - at);
    for (let index = 0; index < end; index += 1) {
      bytes[at + index] = (bytes[at + index] as number) ^ (stream[index] as number);
    }
  }
}
