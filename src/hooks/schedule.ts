/** When a delivery is tried again. */

/** After the first try, the second, …, ms; after the last of them a delivery is dead. */
export const RETRY_DELAYS: readonly number[] = [5_000, 30_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000];

/** Longest time that a receiver can ask for, ms. */
const RETRY_AFTER_MAX = 24 * 3_600_000;

/** `failures`: tries so far, all of which failed. Undefined: never again. `wait`: what the receiver asked for, ms. */
export function nextTry(failures: number, now: number, wait = 0): number | undefined {
  const delay = RETRY_DELAYS[failures - 1];
  return delay === undefined ? undefined : now + Math.max(delay, wait);
}

/** The wait that a `Retry-After` asks for, ms: seconds, or a date. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.min(RETRY_AFTER_MAX, Math.max(0, wait));
}
