/**
 * The commands that wait for their commit: bounded, because beyond that the shard
 * cannot keep its promise in time. No team takes all places: once half of them
 * are taken, a team that has its share gets no more, and the others do. Nor do
 * several together: none holds more than it leaves free, so that each one's share
 * falls with the number of those that wait, and there is room for one more.
 */
import { EVENTS_MAX } from "../contract/play.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { RecentWork } from "./recent-work.ts";

/** A team's share of the places, and the share from which it counts. */
const TEAM_SHARE = 1 / 8;
const CROWDED = 1 / 2;

export class Waiting {
  readonly #max: number;
  readonly #share: number;
  readonly #overloaded: (everybody: boolean) => void;
  readonly #teams = new Map<string, number>();
  readonly #recent: Pick<RecentWork, "came">;
  #count = 0;

  /**
   * `overloaded` is told of a refusal; `everybody`: there is no room for anyone, not for this team alone.
   * `recent` hears of every call.
   */
  constructor(max: number, overloaded: (everybody: boolean) => void, recent: Pick<RecentWork, "came">) {
    this.#max = max;
    this.#recent = recent;
    // A whole request must fit into it.
    this.#share = Math.max(EVENTS_MAX, max * TEAM_SHARE);
    this.#overloaded = overloaded;
  }

  /** Takes places for `count` commands of a team; the caller gives them back with `leave`. */
  enter(count: number, team = ""): Refusal | undefined {
    const own = this.#teams.get(team) ?? 0;
    const after = this.#count + count;
    const isGreedy = own > 0 && own + count > this.#max - this.#count;
    const isCrowded = after > this.#max * CROWDED && own + count > this.#share;
    if (after > this.#max || isCrowded || isGreedy) {
      this.#recent.came(count, this.#count);
      this.#overloaded(after > this.#max);
      return refuse(
        "overloaded",
        after > this.#max
          ? "this part of the hunt has too many events waiting"
          : "the team has too many events waiting",
      );
    }
    this.#count = after;
    this.#recent.came(count, after);
    // Joinings are of no team yet.
    if (team !== "") this.#teams.set(team, own + count);
    return undefined;
  }

  leave(count: number, team = ""): void {
    this.#count -= count;
    if (team === "") return;
    const left = (this.#teams.get(team) ?? 0) - count;
    if (left > 0) this.#teams.set(team, left);
    else this.#teams.delete(team);
  }
}
