/**
 * Signatures by the Standard Webhooks convention, version 1: of what webhooks send, and of what sign-up feeds
 * bring. Secrets are derived from the key that makes the hunt's printed codes, so that they stay as
 * long as these, and none is stored.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { derivedMac } from "../derived-mac.ts";
import { scopeOf } from "../objects/incarnation.ts";
import { keyById, type Secrets } from "../secrets.ts";

const PREFIX = "whsec_";

/** How far a message's time may be from the present, seconds. */
const TOLERANCE = 300;

/** Signatures of one message that are looked at. */
const SIGNATURES_MAX = 10;

/** Whose secret: a hunt's webhook of this id, or its sign-up feed. */
export interface SecretOf {
  hunt: string;
  incarnation?: number | undefined;
  codeKey: string;
  id: string;
}

/** Undefined: the key is no longer in CODE_KEYS. */
export function secretBytes(
  secrets: Pick<Secrets, "CODE_KEYS">,
  { hunt, incarnation, codeKey, id }: SecretOf,
): Uint8Array | undefined {
  const key = keyById("CODE_KEYS", secrets.CODE_KEYS, codeKey);
  return key && derivedMac(key.bytes, "webhook secrets").digest(`${scopeOf(hunt, incarnation)}\n${id}`);
}

/** As receivers are given it. */
export const secretText = (secret: Uint8Array): string => PREFIX + Buffer.from(secret).toString("base64");

function macOf(
  secret: Uint8Array,
  id: string,
  timestamp: number | string,
  body: string | Uint8Array,
): Buffer {
  return createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
}

/** The header `webhook-signature`. `timestamp`: seconds since the epoch. */
export const signatureOf = (secret: Uint8Array, id: string, timestamp: number, body: string): string =>
  `v1,${macOf(secret, id, timestamp, body).toString("base64")}`;

/** The three headers of a signed message, as they came. */
export interface SignedHeaders {
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
}

/** Whether the message is signed with the secret, and its time is near `now` (epoch ms). */
export function isSigned(
  secret: Uint8Array,
  { id, timestamp, signature }: SignedHeaders,
  body: Uint8Array,
  now: number,
): boolean {
  if (id === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp ?? "")) return false;
  if (Math.abs(Number(timestamp) - now / 1_000) > TOLERANCE) return false;
  const expected = macOf(secret, id, timestamp ?? "", body);
  return signature
    .split(" ", SIGNATURES_MAX)
    .filter((each) => each.startsWith("v1,"))
    .some((each) => {
      const given = Buffer.from(each.slice("v1,".length), "base64");
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
}
