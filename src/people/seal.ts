/**
 * Texts and bytes that only who has their key can read: what was deleted in SQLite
 * may stand on in its file, and copies of it elsewhere. Without the key that is
 * nothing. Short texts are sealed with ChaCha20, which needs no set-up; bytes, which
 * may be many or pass through others' hands, with AES-256-GCM.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { CHACHA_KEY_BYTES, CHACHA_NONCE_BYTES, chacha20 } from "../chacha20.ts";
import { sha256Of } from "../hmac.ts";

export const SEAL_KEY_BYTES = CHACHA_KEY_BYTES;

/** Of the text's digest, sealed before it: against flipped bits and other keys, not against people, who have the key beside it. */
const CHECK_BYTES = 4;
const HEAD_BYTES = CHACHA_NONCE_BYTES + CHECK_BYTES;

/** Nonces made at once: each call for random bytes costs more than they do. */
const NONCES = 128;

let nonces = new Uint8Array();
let used = 0;

function newNonce(): Uint8Array {
  if (used >= nonces.length) {
    nonces = crypto.getRandomValues(new Uint8Array(NONCES * CHACHA_NONCE_BYTES));
    used = 0;
  }
  used += CHACHA_NONCE_BYTES;
  return nonces.subarray(used - CHACHA_NONCE_BYTES, used);
}

/** Base64url of a random nonce, and under the key the check and the text. */
export function seal(key: Uint8Array, text: string): string {
  const plain = Buffer.from(text);
  const sealed = Buffer.allocUnsafe(HEAD_BYTES + plain.length);
  const nonce = newNonce();
  sealed.set(nonce);
  sealed.set(sha256Of(plain).subarray(0, CHECK_BYTES), CHACHA_NONCE_BYTES);
  sealed.set(plain, HEAD_BYTES);
  chacha20(key, nonce, sealed, CHACHA_NONCE_BYTES);
  return sealed.toString("base64url");
}

/** The text; undefined: it was not sealed with this key, or is not as it was written. */
export function unseal(key: Uint8Array, text: string): string | undefined {
  const sealed = Buffer.from(text, "base64url");
  if (sealed.length < HEAD_BYTES) return undefined;
  chacha20(key, sealed.subarray(0, CHACHA_NONCE_BYTES), sealed, CHACHA_NONCE_BYTES);
  const plain = sealed.subarray(HEAD_BYTES);
  const check = sha256Of(plain);
  for (let index = 0; index < CHECK_BYTES; index += 1) {
    if (sealed[CHACHA_NONCE_BYTES + index] !== check[index]) return undefined;
  }
  return plain.toString();
}

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The bytes under the key, between a random nonce and the tag. */
export function sealBytes(key: Uint8Array, bytes: Uint8Array): Buffer<ArrayBuffer> {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** As `unseal`. */
export function unsealBytes(key: Uint8Array, sealed: Uint8Array): Buffer<ArrayBuffer> | undefined {
  const end = sealed.byteLength - TAG_BYTES;
  if (end < NONCE_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]);
  } catch {
    // The tag says no.
    return undefined;
  }
}
