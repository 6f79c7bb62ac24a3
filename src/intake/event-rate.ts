/**
 * Events of a team that one isolate, or the team's shard, lets pass: a bucket that
 * holds a minute's events, whether they come to anything or not. The edge asks
 * before it digests answers, the shard knows the sum of all isolates.
 */
import { BoundedMap } from "../bounded-map.ts";

const MINUTE = 60_000;

/** Teams remembered; the one remembered longest is given a full bucket. */
const TEAMS_MAX = 25_000;

/** How long a team that was refused is refused whatever it sends, before its request is even read, ms. */
const PAUSE = 1_000;

/** A bucket dated further ahead than this was dated by a clock that was wrong, ms. */
const AHEAD_MAX = 10_000;

export class EventRate {
  readonly #perMinute: number;
  readonly #teams = new BoundedMap<string, { left: number; at: number; pausedAt: number }>(TEAMS_MAX);

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Takes `count` events of the team's. Above 0: none was taken, and there will be so many after so many seconds. */
  take(team: string, count: number, now: number): number {
    const full = this.#perMinute;
    const bucket =
      this.#teams.get(team) ??
      this.#teams.set(team, { left: full, at: now, pausedAt: Number.NEGATIVE_INFINITY });
    const passed = now - bucket.at;
    if (passed < -AHEAD_MAX) bucket.left = full;
    else if (passed > 0) bucket.left = Math.min(full, bucket.left + (passed / MINUTE) * full);
    if (passed > 0 || passed < -AHEAD_MAX) bucket.at = now;
    const missing = count - bucket.left;
    if (missing > 0) {
      bucket.pausedAt = now;
      return Math.ceil((missing / full) * 60);
    }
    bucket.left -= count;
    return 0;
  }

  /** The team was refused a moment ago. */
  isPaused(team: string, now: number): boolean {
    const bucket = this.#teams.get(team);
    return bucket !== undefined && now >= bucket.pausedAt && now - bucket.pausedAt < PAUSE;
  }
}

export const TOO_MANY_EVENTS = "the team sends more events than one team may";
