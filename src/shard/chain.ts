/**
 * The chain of a log: each segment has the hash of its bytes and of the hash
 * before it, so that no byte of it changes unseen.
 */
import { createHash } from "node:crypto";
import { base64url, sha256 } from "../hmac.ts";

const HASH_BYTES = 32;

/** Below it our own code is faster than setting up a native digest, characters. */
const SHORT = 4_096;

/** Of the first segment. */
export const NO_HASH = "";

/** Base64url of SHA-256 over the hash before it, the seq of its first fact, and its body. */
export function chainHash(before: string, first: number, body: string): string {
  const text = `${before}\n${first}\n${body}`;
  if (text.length < SHORT) return base64url(sha256(text), HASH_BYTES);
  return createHash("sha256").update(text).digest("base64url");
}

/** The bytes whose hash that is. */
export const chained = (before: string, first: number, body: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${before}\n${first}\n`), body]);

/** Whether the segment has the hash that it must have after this one. */
export const fits = (
  { first, body, hash }: { first: number; body: string; hash: string },
  before: string,
): boolean => chainHash(before, first, body) === hash;
