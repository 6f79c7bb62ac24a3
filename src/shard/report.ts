/**
 * Reports score facts to the standings, batched, with a watermark. What the
 * standings miss (they lost memory, or a report got lost) is read from the log.
 */
import { isKnown } from "../hunt/evolve.ts";
import type { Fact, ReportResult, ScoreFact, ScoreReport, ShardStandings } from "../protocol.ts";

/** Facts read from the log for one report when the standings are behind. */
const CATCH_UP_FACTS = 5_000;

/** Score facts held in memory for the next report; if there are more, they are read from the log again. */
const PENDING_MAX = 20_000;

export interface ReportDeps {
  shard: string;
  durable(): number;
  read(after: number, limit: number): Fact[];
  report(report: ScoreReport): Promise<ReportResult>;
  takeStandings(standings: ShardStandings): void;
}

export class Reporter {
  readonly #deps: ReportDeps;
  /** The standings' watermark by their last result; undefined after a start. */
  #reported: number | undefined;
  /** The durable facts after `#pendingAfter` that concern the score. */
  #pending: ScoreFact[] = [];
  #pendingAfter: number;
  #running = false;

  constructor(deps: ReportDeps) {
    this.#deps = deps;
    this.#pendingAfter = deps.durable();
  }

  /** Whether durable facts may not have reached the standings. */
  get behind(): boolean {
    return this.#reported === undefined ? this.#deps.durable() > 0 : this.#reported < this.#deps.durable();
  }

  /** Takes the facts of a commit. Returns whether any concerns the score. */
  add(facts: readonly Fact[]): boolean {
    const scores = scoreFactsOf(facts);
    if (this.#pending.length + scores.length > PENDING_MAX) {
      // The standings have been away for long: later these facts are read from the log.
      this.#pending = [];
      this.#pendingAfter = facts.at(-1)?.seq ?? this.#pendingAfter;
    } else this.#pending.push(...scores);
    return scores.length > 0;
  }

  /** One turn: reports everything durable. If the call throws, so does this; nothing is lost then. */
  async turn(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      // Bounded: each round moves the watermark up, or ends the turn.
      for (let round = 0; round < 1_000; round += 1) {
        const report = this.#next();
        const { watermark, word } = await this.#deps.report(report);
        const stuck = this.#reported === watermark && watermark < report.upto;
        this.#reported = watermark;
        this.#deps.takeStandings(word);
        if (stuck || watermark >= this.#deps.durable()) return;
      }
    } finally {
      this.#running = false;
    }
  }

  #next(): ScoreReport {
    const { shard } = this.#deps;
    const upto = this.#deps.durable();
    if (this.#reported === undefined) {
      // Asks for the watermark without assuming one.
      return { shard, after: upto, upto, facts: [] };
    }
    if (this.#reported >= this.#pendingAfter) {
      const after = this.#reported;
      const facts = this.#pending.filter((fact) => fact.seq > after);
      this.#pending = [];
      this.#pendingAfter = upto;
      return { shard, after, upto, facts };
    }
    // The log also holds facts whose commit is under way: they may be lost, so the standings must not have them.
    const facts = this.#deps.read(this.#reported, CATCH_UP_FACTS).filter((fact) => fact.seq <= upto);
    if ((facts.at(-1)?.seq ?? upto) >= upto) {
      this.#pending = [];
      this.#pendingAfter = upto;
    }
    return scoreReport(shard, this.#reported, facts);
  }
}

/** A report of the facts read after `after`; they are complete and in order. */
export function scoreReport(shard: string, after: number, facts: readonly Fact[]): ScoreReport {
  return {
    shard,
    after,
    upto: facts.at(-1)?.seq ?? after,
    facts: scoreFactsOf(facts),
  };
}

function scoreFactsOf(facts: readonly Fact[]): ScoreFact[] {
  const scores: ScoreFact[] = [];
  for (const fact of facts) {
    // Most are wrong answers.
    if ("outcome" in fact && fact.outcome === "incorrect") continue;
    const score = scoreFactOf(fact);
    if (score) scores.push(score);
  }
  return scores;
}

/** What the standings need of a fact; undefined when it does not concern the score. */
export function scoreFactOf(fact: Fact): ScoreFact | undefined {
  const { seq, at, team } = fact;
  // Newer code knows what it means for the score; here its team is read-only.
  if (!isKnown(fact)) return undefined;
  switch (fact.type) {
    case "join":
      if (!fact.created) return undefined;
      return {
        seq,
        at,
        team,
        type: "join",
        name: fact.created.name,
        ...(fact.created.bracket === undefined ? {} : { bracket: fact.created.bracket }),
      };
    case "award":
      return { seq, at, team, type: "adjust", points: fact.points };
    case "ban":
    case "unban":
    case "hide":
    case "show":
      return { seq, at, team, type: fact.type };
    case "unlock":
    case "reached":
    case "revoke":
      return undefined;
    default:
      if (fact.outcome === "correct") {
        return { seq, at, team, type: "solve", clue: fact.clue ?? "", points: fact.points ?? 0 };
      }
      if (fact.outcome === "taken" && fact.cost) {
        return { seq, at, team, type: "adjust", points: -fact.cost };
      }
      return undefined;
  }
}
