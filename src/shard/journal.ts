/**
 * The log and what is folded from it, together: a fact is folded and appended
 * in one step, and what follows from it (shipping, reporting, pushing) begins
 * when its commit is durable.
 */
import type { Clock } from "../clock.ts";
import type { Context } from "../hunt/context.ts";
import { resultOf } from "../hunt/repeat.ts";
import type { Team } from "../hunt/team.ts";
import { newlyReached, reachedFacts, scoreOf } from "../hunt/team-score.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Fact, NewFact, Result } from "../protocol.ts";
import { SegmentLog } from "./log.ts";
import type { Segment } from "./ship.ts";
import { TeamStore } from "./teams.ts";
import type { ShardTime } from "./time.ts";

export interface JournalDeps {
  sql: Sql;
  /** Resolves when everything written so far is durable. */
  sync(): Promise<void>;
  clock: Pick<Clock, "now">;
  time: ShardTime;
  /** Facts after which a changed page is written. */
  pageFlushFacts: number;
  /** In every commit's transaction. */
  committing(): void;
  /** A commit is durable. `ms`: how long that took. */
  committed(facts: readonly Fact[], segments: readonly Segment[], ms: number): void;
  /** Memory is ahead of the log: the object must be thrown away. */
  failed(error: unknown): void;
}

export class Journal {
  readonly log: SegmentLog;
  readonly teams: TeamStore;
  readonly #time: ShardTime;
  readonly #fold = (fact: Fact): void => this.teams.apply(fact);

  constructor(deps: JournalDeps) {
    this.#time = deps.time;
    this.log = new SegmentLog(deps.sql, deps.sync, deps.clock, {
      beforeSync: (head) => {
        this.teams.beforeSync(head);
        deps.committing();
      },
      committed: (facts, segments, ms) => deps.committed(facts, segments, ms),
      failed: (error) => deps.failed(error),
    });
    this.teams = new TeamStore(deps.sql, this.log, deps.pageFlushFacts);
    deps.time.recorded(this.log.at(this.log.head)?.at ?? 0);
  }

  /**
   * Folds a fact into its team and puts it into the commit that is gathering, in
   * this order: one that cannot be folded throws, and never gets into the log.
   */
  append(draft: NewFact): Fact {
    const fact = this.log.append(draft, this.#fold);
    this.#time.recorded(fact.at);
    return fact;
  }

  /** Records what was decided, and gives the player's result. */
  conclude(context: Context, decision: { result: Result } | { facts: NewFact[] }, player: string): Result {
    if ("result" in decision) return decision.result;
    const [fact] = decision.facts.map((draft) => this.append(draft));
    if (!fact || !("outcome" in fact)) throw new Error("a decision's first fact must be the player's");
    return resultOf(context, fact, player);
  }

  /** With moving scores: records point conditions that changed standings fulfilled meanwhile. */
  noteReached(context: Context, team: Team, now: number): void {
    if (!context.hunt.dynamic || context.phase !== "live" || team.newerFrom !== undefined) return;
    const reached = newlyReached(context, team, scoreOf(context, team));
    for (const draft of reachedFacts(team.id, reached, now)) this.append(draft);
  }

  /** Resolves when every fact appended so far is durable. */
  committed(): Promise<void> {
    return this.log.committed();
  }

  /** Durable facts after `after`, about `limit` of them: the log holds facts whose commit is under way. */
  durableFacts(after: number, limit: number): Fact[] {
    return this.log.read(after, limit).filter((fact) => fact.seq <= this.log.durable);
  }
}
