/** Facts of a team that are about to be recorded together, each after the one before. PURE. */
import type { NewFact } from "../protocol.ts";
import type { Context } from "./context.ts";
import { evolve } from "./evolve.ts";
import { encodeTeam, reviveTeam, type Team } from "./team.ts";
import { asSeen, scoreOf } from "./team-score.ts";

/** Facts that follow one another, and what the team is after each. */
export class Drafts {
  readonly facts: NewFact[] = [];
  readonly #context: Context;
  /** As it is after them. */
  team: Team;

  constructor(context: Context, team: Team) {
    this.#context = asSeen(context);
    this.team = reviveTeam(JSON.parse(encodeTeam(team)));
  }

  /** The score in it is the team's after it. */
  add(draft: NewFact): void {
    this.team = evolve(this.team, { ...draft, seq: Number.MAX_SAFE_INTEGER });
    // The standings do not know yet that a merged team has no bonuses.
    if ("score" in draft) draft.score = this.team.merged ? 0 : scoreOf(this.#context, this.team);
    this.facts.push(draft);
  }
}
