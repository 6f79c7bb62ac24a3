/**
 * The commands that wait for their commit: bounded, because beyond that the shard
 * cannot keep its promise in time. No team takes all places: once half of them
 * are taken, a team that has its share gets no more, and the others do.
 */
import { EVENTS_MAX } from "../contract/play.ts";
import { type Refusal, refuse } from "../errors.ts";

/** A team's share of the places, and the share from which it counts. */
const TEAM_SHARE = 1 / 8;
const CROWDED = 1 / 2;

export class Waiting {
  readonly #max: number;
  readonly #share: number;
  readonly #overloaded: () => void;
  readonly #teams = new Map<string, number>();
  #count = 0;
  #peak = 0;

  /** `overloaded` counts a refusal. */
  constructor(max: number, overloaded: () => void) {
    this.#max = max;
    // A whole request must fit into it.
    this.#share = Math.max(EVENTS_MAX, max * TEAM_SHARE);
    this.#overloaded = overloaded;
  }

  /** The most that ever waited. */
  get peak(): number {
    return this.#peak;
  }

  /** Takes places for `count` commands of a team; the caller gives them back with `leave`. */
  enter(count: number, team = ""): Refusal | undefined {
    const own = this.#teams.get(team) ?? 0;
    const after = this.#count + count;
    if (after > this.#max || (after > this.#max * CROWDED && own + count > this.#share)) {
      this.#overloaded();
      return refuse(
        "overloaded",
        after > this.#max
          ? "this part of the hunt has too many events waiting"
          : "the team has too many events waiting",
      );
    }
    this.#count = after;
    if (after > this.#peak) this.#peak = after;
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
