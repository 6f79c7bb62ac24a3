/** Times that lie ahead of the present: how far they may, and which copies are young. PURE; all times are epoch ms. */

/**
 * Milliseconds by which clocks may differ in order (machines an object moves
 * between). What is dated further ahead was dated by a clock that was wrong.
 */
export const CLOCK_TOLERANCE = 10_000;

/** Whether `at` lies so far ahead of `now` that the clock which told it was wrong (epoch ms). */
export const isAhead = (at: number, now: number): boolean => at - now > CLOCK_TOLERANCE;

/** Whether a copy made `at` is younger than `age` (ms); one that a wrong clock dated ahead is not. */
export const isYoung = (at: number, now: number, age: number): boolean => now - at < age && !isAhead(at, now);
