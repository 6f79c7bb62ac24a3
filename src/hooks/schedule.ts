/** When a delivery is tried again. */

/** After the first try, the second, …, ms; after the last of them a delivery is dead. */
export const RETRY_DELAYS: readonly number[] = [5_000, 30_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000];

/** `failures`: tries so far, all of which failed. Undefined: never again. `wait`: what the receiver asked for, ms. */
export function nextTry(failures: number, now: number, wait = 0): number | undefined {
  const delay = RETRY_DELAYS[failures - 1];
  return delay === undefined ? undefined : now + Math.max(delay, wait);
}
