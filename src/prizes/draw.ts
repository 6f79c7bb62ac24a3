/**
 * The draw: which moments win and which claims do, from one secret seed. PURE.
 * The seed's hash is public before the hunt and the seed after it, so anybody
 * can do these few lines again (docs/prizes.md tells them for any language).
 */
import { sha256 } from "../hmac.ts";

/** Bits of a drawn number: exact in a double. */
const BITS = 48;

/** The commitment: SHA-256 of the seed's text, in hex. */
export const hashOfSeed = (seed: string): string =>
  Array.from(sha256(seed), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The number in [0, 1) that the seed gives for `text`: the first 48 bits of SHA-256(seed ":" text). */
export function drawn(seed: string, text: string): number {
  let value = 0;
  for (const byte of sha256(`${seed}:${text}`).subarray(0, BITS / 8)) value = value * 256 + byte;
  return value / 2 ** BITS;
}

/** When unit `unit` of an instant-win prize is there to be won, epoch ms: a moment of [from, to). */
export function momentOf(
  seed: string,
  prize: string,
  unit: number,
  { from, to }: { from: number; to: number },
): number {
  return from + Math.floor(drawn(seed, `${prize}:${unit}`) * (to - from));
}

/** Whether a claim wins at the odds. Slugs and team ids hold no colon, so no two claims share a draw. */
export function winsAtOdds(seed: string, prize: string, team: string, event: string, odds: number): boolean {
  return drawn(seed, `${prize}:${team}:${event}`) < odds;
}
