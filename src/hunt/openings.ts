/**
 * When each clue opens for a team, worked out for all clues at once and
 * remembered until it changes. An event about a locked clue must not take longer
 * than one about a clue that does not exist, however large the conditions are:
 * so both look here, and nobody evaluates the conditions of the one clue that was named.
 */
import type { Team } from "./team.ts";

/** Times of clues remembered over all teams: 8 MB. */
const TIMES_MAX = 1_000_000;

interface Openings {
  /** By the clues' places: epoch ms; `Infinity`: nothing known opens it. A list: an array of a type has a buffer, and a collector looks at all of those. */
  times: readonly number[];
  /** They hold from … until, epoch ms. */
  from: number;
  until: number;
  /** The rest tells whether the team's progress is still the same: while nothing is corrected, each count only grows. */
  openedAt: number;
  joinedAt: number;
  startedAt: number | undefined;
  solves: number;
  opened: number;
  reached: number;
  peaks: number;
  corrected: number | undefined;
}

/** The openings of the teams of an object. Teams that memory drops are forgotten with them. */
export class OpeningsMemory {
  #teams = new WeakMap<Team, Openings>();
  #count = 0;

  /** The times by the clues' places; undefined: they are not known as of `now` (epoch ms). */
  get(team: Team, openedAt: number, now: number): readonly number[] | undefined {
    const known = this.#teams.get(team);
    return known && holds(known, team, openedAt, now) ? known.times : undefined;
  }

  /** `until`: when the next clue opens by its time, epoch ms. */
  set(team: Team, openedAt: number, now: number, times: readonly number[], until: number): void {
    // Progress that is dated ahead of the clock changes with the time, but not within one request.
    const isAhead = team.lastAt > now || openedAt > now;
    if (this.#count >= TIMES_MAX) {
      this.#teams = new WeakMap();
      this.#count = 0;
    }
    if (!this.#teams.has(team)) this.#count += times.length;
    this.#teams.set(team, {
      times,
      from: now,
      until: isAhead ? Math.min(until, now + 1) : until,
      openedAt,
      joinedAt: team.joinedAt,
      startedAt: team.startedAt,
      solves: team.solves.size,
      opened: team.opened.size,
      reached: team.reached.size,
      peaks: team.peaks.length,
      corrected: team.corrected,
    });
  }
}

const holds = (known: Openings, team: Team, openedAt: number, now: number): boolean =>
  now >= known.from &&
  now < known.until &&
  known.openedAt === openedAt &&
  known.joinedAt === team.joinedAt &&
  known.startedAt === team.startedAt &&
  known.solves === team.solves.size &&
  known.opened === team.opened.size &&
  known.reached === team.reached.size &&
  known.peaks === team.peaks.length &&
  known.corrected === team.corrected;
