/**
 * The standings and, from the first fact behind a freeze on, a second copy
 * that stands still: facts later than the freeze do not enter it. PURE.
 */

import type { Still } from "../../hunt/freeze.ts";
import type { StandingsRules } from "../../hunt/score.ts";
import type { ScoreFact } from "../../protocol.ts";
import { Standings } from "./standings.ts";

/**
 * The copies of more teams are thin: at 10^6 a full one takes 45 MB, a thin one
 * 29, and an isolate has 128 with about 90 for the standings themselves.
 */
export const FULL_COPY_TEAMS = 250_000;

/** Epoch ms; see `src/hunt/freeze.ts`. */
export type StandingStill = Pick<Still, "from" | "marksUntil">;

/** What an earlier view had. */
export interface Earlier {
  all: Standings;
  frozen?: Standings | undefined;
  /** The latest time of a fact, and of a ban or the like; absent: not known. Epoch ms. */
  latest?: Latest | undefined;
}

interface Latest {
  fact: number;
  mark: number;
}

const NOTHING_YET: Latest = { fact: 0, mark: 0 };
const NOT_KNOWN: Latest = { fact: Number.POSITIVE_INFINITY, mark: Number.POSITIVE_INFINITY };

export class View {
  #all: Standings;
  #frozen: Standings | undefined;
  #still: StandingStill | undefined;
  #latest: Latest;
  readonly #fullCopyTeams: number;

  constructor(
    rules: StandingsRules,
    still: StandingStill | undefined,
    earlier?: Earlier,
    fullCopyTeams = FULL_COPY_TEAMS,
  ) {
    this.#fullCopyTeams = fullCopyTeams;
    this.#all = earlier?.all ?? new Standings(rules);
    this.#frozen = earlier?.frozen;
    this.#latest = { ...(earlier === undefined ? NOTHING_YET : (earlier.latest ?? NOT_KNOWN)) };
    this.#still = still;
    this.settle();
  }

  /** The whole truth. */
  get all(): Standings {
    return this.#all;
  }

  get still(): StandingStill | undefined {
    return this.#still;
  }

  get latest(): Latest {
    return this.#latest;
  }

  /** The standings as of the freeze. */
  frozenView(): Standings {
    return this.#frozen ?? this.#all;
  }

  apply(shard: string, fact: ScoreFact): void {
    const mark = isMark(fact);
    const late = this.#still !== undefined && fact.at > this.#still.from;
    if (late && !this.#frozen) {
      this.#all.settle();
      this.#frozen = this.#all.clone({ thin: this.#all.teamCount > this.#fullCopyTeams });
      this.#frozen.settle();
    }
    this.#all.apply(shard, fact);
    this.#latest.fact = Math.max(this.#latest.fact, fact.at);
    if (mark) this.#latest.mark = Math.max(this.#latest.mark, fact.at);
    if (!this.#frozen) return;
    // During a freeze a ban counts at once, also in what was frozen before it.
    const enters = !late || (mark && fact.at <= (this.#still?.marksUntil ?? Number.POSITIVE_INFINITY));
    // A clock that went back may date a fact before the freeze whose team joined behind it.
    if (enters && (fact.type === "join" || this.#frozen.has(fact.team))) this.#frozen.apply(shard, fact);
  }

  /** The freeze has not come yet, whatever the facts so far were dated. */
  thaw(): void {
    this.#frozen = undefined;
  }

  settle(): void {
    for (const _ of this.settleInSteps());
  }

  /** In steps of a few ms; nothing may be applied or read until the last. */
  *settleInSteps(): Generator<void, void> {
    yield* this.#all.settleInSteps();
    if (this.#frozen) yield* this.#frozen.settleInSteps();
  }

  get isSettled(): boolean {
    return this.#all.isSettled && this.#frozen?.isSettled !== false;
  }

  /** So many facts are about to be applied before the next `settle`. */
  expect(facts: number): void {
    this.#all.expect(facts);
    this.#frozen?.expect(facts);
  }

  /** Takes new rules, yet to be settled. False: the stored data does not suffice, rebuild from the logs. */
  change(rules: StandingsRules, still: StandingStill | undefined): boolean {
    if (!this.stand(still)) return false;
    const all = this.#all.rerule(rules);
    if (!all) return false;
    const frozen = this.#frozen?.rerule(rules);
    if (this.#frozen && !frozen) return false;
    this.#all = all;
    this.#frozen = frozen;
    return true;
  }

  /** Stands still as of another moment. False: what was before it and what after cannot be told apart. */
  stand(still: StandingStill | undefined): boolean {
    if (still === undefined) this.#frozen = undefined;
    else if (!this.#suffices(still)) return false;
    this.#still = still;
    return true;
  }

  #suffices(next: StandingStill): boolean {
    // What is later makes the copy when it comes; what came was before both moments.
    if (!this.#frozen) return this.#latest.fact <= next.from;
    if (this.#still?.from !== next.from) return false;
    const ends = [this.#still.marksUntil, next.marksUntil].map((end) => end ?? Number.POSITIVE_INFINITY);
    return ends[0] === ends[1] || this.#latest.mark <= Math.min(...ends);
  }

  *parts(): Generator<[string, Standings]> {
    yield ["all", this.#all];
    if (this.#frozen) yield ["frozen", this.#frozen];
  }
}

/** What organisers may do at any time, and enters standings that stand still; a name is the same in both. */
const MARKS: ReadonlySet<string> = new Set([
  "ban",
  "unban",
  "hide",
  "show",
  "emptied",
  "filled",
  "rename",
  "bracket",
] satisfies ScoreFact["type"][]);

const isMark = ({ type }: ScoreFact): boolean => MARKS.has(type);
