/**
 * Keys of one purpose, derived from a key of a ring (HKDF, RFC 5869), so that
 * what they sign passes for nothing else. New purposes need no new secrets.
 */
import { hkdfSync } from "node:crypto";
import { HmacSha256 } from "./hmac.ts";

const KEY_BYTES = 32;

/** By a ring's key, which lives as long as the ring, and by purpose. */
const macs = new WeakMap<Uint8Array, Map<string, HmacSha256>>();

export function derivedMac(key: Uint8Array, purpose: string): HmacSha256 {
  let ofKey = macs.get(key);
  if (!ofKey) {
    ofKey = new Map();
    macs.set(key, ofKey);
  }
  const known = ofKey.get(purpose);
  if (known) return known;
  const derived = hkdfSync("sha256", key, new Uint8Array(), `hunt: ${purpose}`, KEY_BYTES);
  const made = new HmacSha256(new Uint8Array(derived));
  ofKey.set(purpose, made);
  return made;
}
