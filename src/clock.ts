import { isAhead } from "./ahead.ts";

/**
 * Time as an object or a loop sees it: the present and waiting, together, so
 * that a test that moves one moves the other.
 */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as that is aborted. */
  after(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * The clock, which tells when it went back by more than `CLOCK_TOLERANCE`: it
 * was wrong before, and what was set by it may lie far ahead. Calls
 * `wentBack` before `now` returns the first earlier time.
 */
export function watched(clock: Clock, wentBack: (by: number) => void): Clock {
  let latest = 0;
  return {
    now() {
      const now = clock.now();
      if (now >= latest) latest = now;
      else if (isAhead(latest, now)) {
        const by = latest - now;
        latest = now;
        wentBack(by);
      }
      return now;
    },
    after: (ms, signal) => clock.after(ms, signal),
  };
}

/** The clock of a hunt, which in a rehearsal is ahead of the engine's by `ahead()` ms, or behind it. */
export const aheadBy = (engine: Clock, ahead: () => number): Clock => ({
  now: () => engine.now() + ahead(),
  after: (ms, signal) => engine.after(ms, signal),
});

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/** The promise's value, or an error after `ms`: a call on another object may hang. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const late = clock.after(ms, ended.signal).then(() => {
    throw new Error(`no result within ${ms} ms`);
  });
  late.catch(() => undefined); // nobody waits for the timer once the promise has settled
  try {
    return await Promise.race([promise, late]);
  } finally {
    ended.abort();
  }
}
