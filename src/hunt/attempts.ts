/**
 * Token buckets: a wrong try takes a token, tokens come back with time. Each
 * team has one for each clue, one for unknown codes and one for each prize.
 */
import { isAhead } from "../ahead.ts";
import type { Attempts } from "./team.ts";

/** The figures of a bucket; `perClue`: wrong answers to a clue in all, 0 = unlimited. */
export interface AttemptLimits {
  burst: number;
  refillPerMinute: number;
  perClue: number;
}

/** Tokens that floating point may lose in a refill. */
const TOKEN_NOISE = 1e-9;
const TOKEN = 1 - TOKEN_NOISE;

/** The last moment a `Date` can tell (ECMA-262), epoch ms: a trickle of a refill may take longer. */
const TIME_MAX = 8.64e15;

/**
 * Tokens in a bucket at `now`; a clock that went back a little refills nothing.
 * A bucket dated far ahead was filled while the clock was wrong: it counts as
 * full, so that a team need not wait until the clock gets there.
 */
function tokensAt(limits: AttemptLimits, bucket: Attempts | undefined, now: number): number {
  if (!bucket || isAhead(bucket.at, now)) return limits.burst;
  const minutes = Math.max(0, now - bucket.at) / 60_000;
  return Math.min(limits.burst, bucket.tokens + minutes * limits.refillPerMinute);
}

/** Whether the bucket holds less than one token at `now`, beside `reserved` ones. */
export function isEmpty(
  limits: AttemptLimits,
  bucket: Attempts | undefined,
  now: number,
  reserved = 0,
): boolean {
  return tokensAt(limits, bucket, now) - reserved < TOKEN;
}

/**
 * Tokens left at `now` once one more is taken. Rounded down to a thousandth, to
 * keep the log short and never to give a token early.
 */
export function tokensLeft(limits: AttemptLimits, bucket: Attempts | undefined, now: number): number {
  return Math.floor((tokensAt(limits, bucket, now) - 1) * 1_000) / 1_000;
}

/** Tries that the bucket has at `now`, whole ones. */
export const triesAt = (limits: AttemptLimits, bucket: Attempts | undefined, now: number): number =>
  Math.max(0, Math.floor(tokensAt(limits, bucket, now) + TOKEN_NOISE));

/** Tries that a clue's `perClue` leaves in all; undefined: it sets no limit. */
export const triesOfClue = ({ perClue }: AttemptLimits, bucket: Attempts | undefined): number | undefined =>
  perClue > 0 ? Math.max(0, perClue - (bucket?.wrong ?? 0)) : undefined;

/** When the bucket will hold a token again; undefined if it holds one now or never refills. */
export function cooldownUntil(
  limits: AttemptLimits,
  bucket: Attempts | undefined,
  now: number,
): number | undefined {
  const { refillPerMinute } = limits;
  if (!bucket || refillPerMinute <= 0 || !isEmpty(limits, bucket, now)) return undefined;
  // From the bucket's own time: the same moment however often it is asked for,
  // also after the clock went back. Half the noise, so that the token is there
  // then, and a moment that is a whole millisecond is not rounded up to the next.
  const missing = 1 - TOKEN_NOISE / 2 - bucket.tokens;
  return Math.min(TIME_MAX, bucket.at + Math.ceil((missing / refillPerMinute) * 60_000));
}
