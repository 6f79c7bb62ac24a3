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
import { newSalt, type Persons } from "../people/personal.ts";
import type { Fact, NewFact, Result } from "../protocol.ts";
import type { Gap } from "./gaps.ts";
import { type ChainedSegment, type LogHooks, SegmentLog } from "./log.ts";
import { Recounts } from "./recounts.ts";
import type { Segment } from "./ship.ts";
import { storedBehind, TeamStore } from "./teams.ts";
import type { ShardTime } from "./time.ts";

export interface JournalDeps {
  sql: Sql;
  /** Resolves when everything written so far is durable. */
  sync(): Promise<void>;
  clock: Pick<Clock, "now">;
  time: ShardTime;
  /** What others know of the facts that the log had: the origin has them. */
  known: number;
  /** Newest facts may be lost of which nobody told yet. */
  isEndUnsure: boolean;
  /** Facts after which a changed page is written. */
  pageFlushFacts: number;
  /** What is written in the transaction of the fact that the draft becomes; asked before it is folded. */
  besideOf?(draft: NewFact): ((seq: number) => void) | undefined;
  /** In every commit's transaction. */
  committing(): void;
  /** A commit is durable. `ms`: how long that took. */
  committed(facts: readonly Fact[], segments: readonly Segment[], ms: number): void;
  /** A fact of a team cannot be folded; told once a team. */
  setAside(): void;
  /** Memory is ahead of the log: the object must be thrown away. */
  failed(error: unknown): void;
  /** The index of ids was dropped: the next start makes it again, and this one must end when that is durable. */
  lostIndex(): void;
  /** A segment does not check: noticed after the start, whose own are in `log.gaps`. */
  broken(gap: Gap): void;
}

export class Journal {
  readonly log: SegmentLog;
  readonly teams: TeamStore;
  readonly recounts: Recounts;
  readonly #time: ShardTime;
  readonly #besideOf: JournalDeps["besideOf"];
  #isBegun = false;
  readonly #fold = (fact: Fact): void => this.recounts.note(fact, this.teams.apply(fact));
  /** What is written in the same transaction as a fact, by its seq; in order. */
  #beside: { seq: number; write: (seq: number) => void }[] = [];

  constructor(deps: JournalDeps) {
    this.#time = deps.time;
    this.#besideOf = deps.besideOf;
    const hooks: LogHooks = {
      beforeSync: (head) => {
        this.#writeBeside(head);
        this.teams.beforeSync(head);
        deps.committing();
      },
      committed: (facts, segments, ms) => deps.committed(facts, segments, ms),
      failed: (error) => deps.failed(error),
      // What the log finds while it begins is looked at when the teams are made.
      broken: (gap) => {
        if (!this.#isBegun) return;
        this.teams.noticed(gap);
        deps.broken(gap);
      },
      slotOf: (fact) => {
        // What was sent can be deleted alone: it has a key of its own.
        if (!("player" in fact) || fact.type === "submit") return undefined;
        return this.teams.slotOf(fact.team, fact.player);
      },
    };
    this.log = new SegmentLog(deps.sql, deps.sync, deps.clock, hooks, {
      knownBehind: (head) => Math.max(deps.known, storedBehind(deps.sql, head)),
      isEndUnsure: deps.isEndUnsure,
    });
    this.teams = new TeamStore(deps.sql, this.log, deps.pageFlushFacts, {}, deps);
    this.recounts = new Recounts(this.log);
    this.#isBegun = true;
    deps.time.recorded(this.log.at(this.log.head)?.at ?? 0);
  }

  /**
   * Folds a fact into its team and puts it into the commit that is gathering, in
   * this order: one that cannot be folded throws, and never gets into the log. `beside`: writes
   * what must be there if and only if the fact is.
   */
  append(draft: NewFact, beside?: (seq: number) => void): Fact {
    // Any other fact has the random id of its player.
    if (!("player" in draft)) draft.salt = newSalt();
    const own = this.#besideOf?.(draft);
    const fact = this.log.append(draft, this.#fold);
    this.#time.recorded(fact.at);
    if (own) this.#beside.push({ seq: fact.seq, write: own });
    if (beside) this.#beside.push({ seq: fact.seq, write: beside });
    return fact;
  }

  /** See `SegmentLog.take`. */
  take(segment: ChainedSegment, persons: Persons): string | undefined {
    let latest = 0;
    const why = this.log.take(segment, persons, (fact) => {
      this.#fold(fact);
      latest = Math.max(latest, fact.at);
    });
    if (why === undefined) this.#time.recorded(latest);
    return why;
  }

  #writeBeside(head: number): void {
    if (this.#beside.length === 0) return;
    const due = this.#beside.filter(({ seq }) => seq <= head);
    this.#beside = this.#beside.filter(({ seq }) => seq > head);
    for (const { seq, write } of due) write(seq);
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

  /**
   * Durable facts after `after`, about `limit` of them: the log holds facts whose commit is under way.
   * `upto`: nothing is left out up to it but gaps.
   */
  durableFacts(after: number, limit: number): { facts: Fact[]; upto: number } {
    const { durable } = this.log;
    const { facts, upto } = this.log.read(after, limit);
    return {
      facts: facts.filter((fact) => fact.seq <= durable),
      upto: Math.max(after, Math.min(upto, durable)),
    };
  }
}
