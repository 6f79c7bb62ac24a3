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
  /** Shared with the sites that make entry tickets; absent: no hunt asks for them. */
  ENTRY_KEYS?: string;
  /** That push messages are signed with; absent: the engine sends none. */
  VAPID_KEYS?: string;
}

export interface Key {
  id: string;
  bytes: Uint8Array;
}

/** Shortest key accepted, bytes: that of the digest (RFC 2104 §3). */
const KEY_BYTES_MIN = 32;

/** Every ring that an engine needs, by the name of its secret. */
export const RINGS: readonly (keyof Secrets)[] = [
  "PLAYER_TOKEN_KEYS",
  "ORGANISER_TOKEN_KEYS",
  "ANSWER_PEPPERS",
  "CODE_KEYS",
];

/**
 * An id that names its key: the beginning of a digest of it. Rings have had
 * other ids, which stay valid; but with another key under the same id, what was
 * made with the lost one would be judged wrong instead of refused.
 */
const FINGERPRINT = /^f[0-9a-f]{10}$/;
const FINGERPRINT_HEX = 10;

/** Digests are cut to 128 bits: collisions stay out of reach, the log stays short. */
const DIGEST_BYTES = 16;

/** Digits and letters that are not mistaken for each other (Crockford's base 32). */
export const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A MAC in a printed code: 80 bits, so that a QR code stays coarse enough to scan. */
const CODE_MAC_BYTES = 10;

const rings = new Map<string, Key[]>();

/** The id of a key that a new ring gives it. */
export function fingerprintOf(bytes: Uint8Array): string {
  const digest = createHmac("sha256", bytes).update("key id").digest("hex");
  return `f${digest.slice(0, FINGERPRINT_HEX)}`;
}

/** Parses a key ring. Throws without showing the value when any key of it is malformed, too short or misnamed. */
export function keyRing(name: keyof Secrets, value: string | undefined): Key[] {
  const known = value === undefined ? undefined : rings.get(value);
  if (known) return known;
  const keys: Key[] = [];
  const parts = (value ?? "").split(",").filter((part) => part.trim() !== "");
  if (parts.length === 0) throw faulty(name, "is missing");
  for (const part of parts) {
    const [, id, encoded] = /^([a-z0-9]{1,16}):([A-Za-z0-9_+/-]+)={0,2}$/.exec(part.trim()) ?? [];
    if (id === undefined || encoded === undefined) {
      throw faulty(name, "is malformed: it must be id:base64url[,id:base64url]");
    }
    const bytes = new Uint8Array(Buffer.from(encoded, "base64url"));
    if (bytes.length < KEY_BYTES_MIN) {
      throw faulty(
        name,
        `has a key of ${bytes.length} bytes (${id}): ${KEY_BYTES_MIN} random ones are the least`,
      );
    }
    if (name === "VAPID_KEYS" && !isPrivateKey(bytes)) {
      throw faulty(name, `has a key (${id}) that is none of P-256, which has 32 bytes`);
    }
    if (FINGERPRINT.test(id) && id !== fingerprintOf(bytes)) {
      throw faulty(name, `has another key under the id ${id}, which names the key that was there`);
    }
    if (keys.some((key) => key.id === id)) throw faulty(name, `has two keys with the id ${id}`);
    keys.push({ id, bytes });
  }
  if (value !== undefined) rings.set(value, keys);
  return keys;
}

/** The order of P-256 (SEC 2, 2.4.2): a private key is less, and not 0. */
const P256_ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");

const isPrivateKey = (bytes: Uint8Array): boolean =>
  bytes.length === P256_ORDER.length &&
  Buffer.compare(bytes, P256_ORDER) < 0 &&
  bytes.some((byte) => byte !== 0);

function faulty(name: string, fault: string): Error {
  return new Error(`the secret ${name} ${fault}`);
}

/** A sentence for each ring that cannot be used. */
export function faultsOf(secrets: Secrets): string[] {
  const rings: readonly (keyof Secrets)[] = [
    ...RINGS,
    ...(["ENTRY_KEYS", "VAPID_KEYS"] as const).filter((name) => secrets[name]),
  ];
  return rings.flatMap((name) => {
    try {
      keyRing(name, secrets[name]);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
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

/** Whether the ring is sound and has this key. */
export function hasKey(name: keyof Secrets, value: string | undefined, id: string): boolean {
  try {
    return keyById(name, value, id) !== undefined;
  } catch {
    return false; // nothing can be verified with it
  }
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

/**
 * The code printed for a scan clue, `1.kid.clue.mac`, in hunts that were first published by an
 * engine that made it so. It depends on the hunt, the clue and the key only, so that a new version
 * leaves prints valid.
 */
export function scanCode(key: Key, hunt: string, clue: string): string {
  const mac = createHmac("sha256", key.bytes)
    .update(`scan\n${hunt}\n${clue}`)
    .digest()
    .subarray(0, CODE_MAC_BYTES);
  return `1.${key.id}.${clue}.${mac.toString("base64url")}`;
}

/** The digits of the code printed for a scan clue in any other hunt; they depend on the same. */
export function scanDigits(key: Key, hunt: string, clue: string, digits: number): string {
  const mac = createHmac("sha256", key.bytes).update(`scan digits\n${hunt}\n${clue}`).digest();
  return Array.from(mac.subarray(0, digits), (byte) => BASE32.charAt(byte & 31)).join("");
}
