/**
 * How many events of a team an isolate, or the team's shard, lets pass, whether they
 * are recorded or not. A bucket holds six seconds' events: more at once would hold
 * up the other teams of the shard. The edge asks before it digests answers; the
 * shard counts what comes from all isolates. The edge counts looks at /me in the same way.
 */
import { isAhead } from "../ahead.ts";
import { BoundedMap } from "../bounded-map.ts";
import { EVENTS_MAX } from "../contract/play.ts";

const MINUTE = 60_000;

/** Of a minute's events, the share that may come at once; a whole request may in any case. */
const BURST = 0.1;

/** Teams remembered; the one remembered longest is given a full bucket. */
const TEAMS_MAX = 25_000;

/** How long a team that was refused is refused whatever it sends, before its request is even read, ms. */
const PAUSE = 1_000;

export class EventRate {
  readonly #perMinute: number;
  readonly #full: number;
  readonly #teams = new BoundedMap<string, { left: number; at: number; pausedAt: number }>(TEAMS_MAX);

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#full = Math.max(EVENTS_MAX, perMinute * BURST);
  }

  /** Takes `count` events of the team's; 0: taken. Else none is taken, and the result is the seconds until so many are there. */
  take(team: string, count: number, now: number): number {
    const full = this.#full;
    const bucket =
      this.#teams.get(team) ??
      this.#teams.set(team, { left: full, at: now, pausedAt: Number.NEGATIVE_INFINITY });
    const passed = now - bucket.at;
    // One dated ahead was dated by a clock that was wrong.
    const isWrong = isAhead(bucket.at, now);
    if (isWrong) bucket.left = full;
    else if (passed > 0) bucket.left = Math.min(full, bucket.left + (passed / MINUTE) * this.#perMinute);
    if (passed > 0 || isWrong) bucket.at = now;
    const missing = count - bucket.left;
    if (missing > 0) {
      bucket.pausedAt = now;
      return Math.ceil((missing / this.#perMinute) * 60);
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
