/**
 * Keys of one purpose, derived from a key of a ring (HKDF, RFC 5869), so that
 * what they sign passes for nothing else. New purposes need no new secrets.
 */
import { hkdfSync } from "node:crypto";
import { HmacSha256 } from "./hmac.ts";

const KEY_BYTES = 32;

interface Derived {
  key: Uint8Array;
  mac: HmacSha256;
}

/** By a ring's key, which lives as long as the ring, and by purpose. */
const known = new WeakMap<Uint8Array, Map<string, Derived>>();

/** For short texts: needs no set-up (see hmac.ts). */
export function derivedMac(key: Uint8Array, purpose: string): HmacSha256 {
  return derived(key, purpose).mac;
}

/** The key itself, for the platform's HMAC, which is faster with long texts. */
export function derivedKey(key: Uint8Array, purpose: string): Uint8Array {
  return derived(key, purpose).key;
}

function derived(key: Uint8Array, purpose: string): Derived {
  let ofKey = known.get(key);
  if (!ofKey) {
    ofKey = new Map();
    known.set(key, ofKey);
  }
  const earlier = ofKey.get(purpose);
  if (earlier) return earlier;
  const bytes = new Uint8Array(hkdfSync("sha256", key, new Uint8Array(), `hunt: ${purpose}`, KEY_BYTES));
  const made = { key: bytes, mac: new HmacSha256(bytes) };
  ofKey.set(purpose, made);
  return made;
}
