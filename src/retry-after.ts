/** What a receiver's `Retry-After` asks for (RFC 9110 §10.2.3). */

/** Longest time that a receiver can ask for, ms. */
const MAX = 24 * 3_600_000;

/** The wait, ms: told in seconds, or by a date. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(MAX, Math.max(0, wait));
}
