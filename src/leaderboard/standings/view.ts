/**
 * The standings and, from the first fact behind a freeze on, a second copy
 * that stands still: facts later than the freeze do not enter it. PURE.
 */

import type { StandingsRules } from "../../hunt/score.ts";
import type { ScoreFact } from "../../protocol.ts";
import { Standings } from "./standings.ts";

/**
 * The copies of more teams are thin: at 10^6 a full one takes 45 MB, a thin one
 * 29, and an isolate has 128 with about 90 for the standings themselves.
 */
export const FULL_COPY_TEAMS = 250_000;

export class View {
  #all: Standings;
  #frozen: Standings | undefined;
  #freeze: number | undefined;
  readonly #fullCopyTeams: number;

  constructor(
    rules: StandingsRules,
    freeze: number | undefined,
    all?: Standings,
    frozen?: Standings,
    fullCopyTeams = FULL_COPY_TEAMS,
  ) {
    this.#fullCopyTeams = fullCopyTeams;
    this.#all = all ?? new Standings(rules);
    this.#frozen = frozen;
    this.#freeze = freeze;
    this.settle();
  }

  /** The whole truth. */
  get all(): Standings {
    return this.#all;
  }

  /** Epoch ms. */
  get freeze(): number | undefined {
    return this.#freeze;
  }

  /** The standings as of the freeze. */
  frozenView(): Standings {
    return this.#frozen ?? this.#all;
  }

  apply(shard: string, fact: ScoreFact): void {
    const late = this.#freeze !== undefined && fact.at > this.#freeze;
    if (late && !this.#frozen) {
      this.#all.settle();
      this.#frozen = this.#all.clone({ thin: this.#all.teamCount > this.#fullCopyTeams });
      this.#frozen.settle();
    }
    this.#all.apply(shard, fact);
    if (!this.#frozen) return;
    // A ban counts at once, also in what was frozen before it.
    const mark = fact.type === "ban" || fact.type === "unban" || fact.type === "hide" || fact.type === "show";
    // A clock that went back may date a fact before the freeze whose team joined behind it.
    const isMember = fact.type === "join" || this.#frozen.has(fact.team);
    if (isMember && (!late || mark)) this.#frozen.apply(shard, fact);
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
  change(rules: StandingsRules, freeze: number | undefined): boolean {
    if (freeze !== this.#freeze && this.#all.teamCount > 0) return false;
    const all = this.#all.rerule(rules);
    if (!all) return false;
    const frozen = this.#frozen?.rerule(rules);
    if (this.#frozen && !frozen) return false;
    this.#all = all;
    this.#frozen = frozen;
    this.#freeze = freeze;
    return true;
  }

  *parts(): Generator<[string, Standings]> {
    yield ["all", this.#all];
    if (this.#frozen) yield ["frozen", this.#frozen];
  }
}
