/**
 * Secrets: key rings, and the keyed digests made with them. Each secret is
 * "id:base64url[,id:base64url]": the first key makes, all verify.
 */
import { createHmac } from "node:crypto";
import { base64url, HmacSha256 } from "./hmac.ts";
import type { DigestText } from "./protocol.ts";

export interface Secrets {
  PLAYER_TOKEN_KEYS: string;
  ORGANISER_TOKEN_KEYS: string;
  ANSWER_PEPPERS: string;
  CODE_KEYS: string;
}

export interface Key {
  id: string;
  bytes: Uint8Array;
}

/** Shortest key accepted, bytes: that of the digest (RFC 2104 §3). */
const KEY_BYTES_MIN = 32;

/** Digests are cut to 128 bits: collisions stay out of reach, the log stays short. */
const DIGEST_BYTES = 16;

/** A MAC in a printed code: 80 bits, so that a QR code stays coarse enough to scan. */
const CODE_MAC_BYTES = 10;

const rings = new Map<string, Key[]>();

/** Parses a key ring. Throws without showing the value when it is malformed. */
export function keyRing(name: keyof Secrets, value: string | undefined): Key[] {
  const known = value === undefined ? undefined : rings.get(value);
  if (known) return known;
  const keys = (value ?? "").split(",").flatMap((part) => {
    const [id, encoded] = part.trim().split(":");
    if (!id || !encoded || !/^[a-z0-9]{1,16}$/.test(id)) return [];
    const bytes = bytesOf(encoded);
    if (!bytes) throw malformed(name);
    return bytes.length >= KEY_BYTES_MIN ? [{ id, bytes }] : [];
  });
  if (keys.length === 0) throw malformed(name);
  if (value !== undefined) rings.set(value, keys);
  return keys;
}

function malformed(name: keyof Secrets): Error {
  return new Error(`secret ${name} is missing or malformed: it must be id:base64url of at least 32 bytes`);
}

/** Undefined: the text is not base64url. */
function bytesOf(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    // Its own error would not name the secret.
    return undefined;
  }
}

/** The key that makes new values. */
export function currentKey(name: keyof Secrets, value: string | undefined): Key {
  const [key] = keyRing(name, value);
  if (!key) throw new Error(`secret ${name} holds no key`);
  return key;
}

export function keyById(name: keyof Secrets, value: string | undefined, id: string): Key | undefined {
  return keyRing(name, value).find((key) => key.id === id);
}

/**
 * The keyed digest of a normalised answer or code of `hunt`: HMAC-SHA-256 cut
 * to 128 bits, base64url. Answers are low-entropy: without the pepper a digest
 * cannot be guessed back.
 */
export function digester(pepper: Key, hunt: string): DigestText {
  const mac = macOf(pepper);
  return (scope, text) => {
    const bound = scope === "code" ? "code" : `answer\n${scope.clue}\n${scope.mode}`;
    return base64url(mac.digest(`${hunt}\n${bound}\n${text}`), DIGEST_BYTES);
  };
}

/** By a pepper's bytes, which live as long as its ring. */
const macs = new WeakMap<Uint8Array, HmacSha256>();

function macOf({ bytes }: Key): HmacSha256 {
  const known = macs.get(bytes);
  if (known) return known;
  const made = new HmacSha256(bytes);
  macs.set(bytes, made);
  return made;
}

/** Keys derived from a ring's key for digests of networks; by the key's bytes. */
const networkMacs = new WeakMap<Uint8Array, HmacSha256>();

/**
 * The keyed digest of a client's network: what is counted by address goes on
 * under it, so that no address is kept or carried in clear. Its key is derived
 * (as HKDF's expanding does, RFC 5869 §2.3), so that it signs nothing else.
 */
export function networkDigest(key: Key, network: string): string {
  let mac = networkMacs.get(key.bytes);
  if (!mac) {
    mac = new HmacSha256(macOf(key).digest("network digest\u0001"));
    networkMacs.set(key.bytes, mac);
  }
  return base64url(mac.digest(network), DIGEST_BYTES);
}

/**
 * The code printed for a scan clue: `1.kid.clue.mac`. It depends on the hunt,
 * the clue and the key only, so that a new version leaves prints valid.
 */
export function scanCode(key: Key, hunt: string, clue: string): string {
  const mac = createHmac("sha256", key.bytes)
    .update(`scan\n${hunt}\n${clue}`)
    .digest()
    .subarray(0, CODE_MAC_BYTES);
  return `1.${key.id}.${clue}.${mac.toString("base64url")}`;
}
