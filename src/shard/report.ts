/**
 * Reports score facts to the standings, batched, with a watermark. What the
 * standings miss (they lost memory, or a report got lost) is read from the log.
 */
import { isKnown } from "../hunt/evolve.ts";
import {
  type Fact,
  FORGOTTEN_NAME,
  type Recount,
  type ReportedLoad,
  type ReportResult,
  type ScoreFact,
  type ScoreReport,
  type ShardStandings,
  sizeOf,
} from "../protocol.ts";
import { isRecounting } from "./recounts.ts";

/** Facts read from the log for one report when the standings are behind. */
const CATCH_UP_FACTS = 5_000;

/** Score facts held in memory for the next report (`sizeOf`); if there are more, they are read from the log again. */
const PENDING_MAX = 20_000;

/** Score facts in one report (`sizeOf`), as far as more than one: about 10 MB of a call's 32. */
const REPORT_MAX = 100_000;

export interface ReportDeps {
  shard: string;
  durable(): number;
  /** `upto`: nothing is left out up to it but gaps. */
  read(after: number, limit: number): { facts: Fact[]; upto: number };
  /** See `Recounts.of`. */
  recounts(facts: readonly Fact[]): ReadonlyMap<number, Recount>;
  report(report: ScoreReport): Promise<ReportResult>;
  /** How busy the shard is; asked once a report. */
  load(): ReportedLoad;
  takeStandings(standings: ShardStandings): void;
  /** The standings have facts up to this one, and the log has not: it lost its newest ones without a trace. */
  lost(upto: number): void;
}

export class Reporter {
  readonly #deps: ReportDeps;
  /** The standings' watermark by their last result; undefined after a start. */
  #reported: number | undefined;
  /** The durable facts after `#pendingAfter` that concern the score. */
  #pending: ScoreFact[] = [];
  #pendingSize = 0;
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
    const scores = scoreFactsOf(facts, this.#deps.recounts(facts));
    const size = sizeOf(scores);
    if (this.#pendingSize + size > PENDING_MAX) {
      // The standings have been away for long: later these facts are read from the log.
      this.#drop(facts.at(-1)?.seq ?? this.#pendingAfter);
    } else {
      this.#pending.push(...scores);
      this.#pendingSize += size;
    }
    return scores.length > 0;
  }

  /** The log has facts that were never added: they are read from there. */
  readFromLog(): void {
    this.#drop(this.#deps.durable());
  }

  /** One turn: reports everything durable. If the call throws, so does this; nothing is lost then. */
  async turn(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      // Bounded: each round moves the watermark up, or ends the turn.
      for (let round = 0; round < 1_000; round += 1) {
        const report = { ...this.#next(), load: this.#deps.load() };
        const { watermark, word } = await this.#deps.report(report);
        const stuck = this.#reported === watermark && watermark < report.upto;
        this.#reported = watermark;
        this.#deps.takeStandings(word);
        if (watermark > this.#deps.durable()) this.#deps.lost(watermark);
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
      this.#drop(upto);
      return { shard, after, upto, facts };
    }
    // The log also holds facts whose commit is under way: they may be lost, so the standings must not have them.
    const read = this.#deps.read(this.#reported, CATCH_UP_FACTS);
    if (read.upto >= upto || read.upto === this.#reported) this.#drop(upto);
    const facts = read.facts.filter((fact) => fact.seq <= upto);
    return scoreReport(
      shard,
      this.#reported,
      { facts, upto: Math.min(read.upto, upto) },
      this.#deps.recounts(facts),
    );
  }

  /** Facts up to `after` are on their way, or in the log. */
  #drop(after: number): void {
    this.#pending = [];
    this.#pendingSize = 0;
    this.#pendingAfter = after;
  }
}

/**
 * A report of the facts read after `after` and up to `upto`; they are in order, and complete but for gaps of the
 * log. One that would be too large ends sooner.
 */
export function scoreReport(
  shard: string,
  after: number,
  { facts, upto }: { facts: readonly Fact[]; upto: number },
  recounts: ReadonlyMap<number, Recount>,
): ScoreReport {
  const scores = scoreFactsOf(facts, recounts);
  let size = 0;
  for (const [index, score] of scores.entries()) {
    size += sizeOf([score]);
    const next = scores[index + 1];
    if (size >= REPORT_MAX && next) {
      return { shard, after, upto: next.seq - 1, facts: scores.slice(0, index + 1) };
    }
  }
  return { shard, after, upto, facts: scores };
}

function scoreFactsOf(facts: readonly Fact[], recounts: ReadonlyMap<number, Recount>): ScoreFact[] {
  const scores: ScoreFact[] = [];
  for (const fact of facts) {
    // Most are wrong answers.
    if ("outcome" in fact && fact.outcome === "incorrect") continue;
    const score = scoreFactOf(fact, recounts.get(fact.seq));
    if (score) scores.push(score);
  }
  return scores;
}

const solveOf = (
  { seq, at, team, less }: Pick<Fact, "seq" | "at" | "team"> & { less?: number },
  clue: string,
  points: number,
): ScoreFact => ({ seq, at, team, type: "solve", clue, points, ...(less === undefined ? {} : { less }) });

/** What the standings need of a fact; undefined when it does not concern the score. `recount`: where it needs one. */
export function scoreFactOf(fact: Fact, recount?: Recount): ScoreFact | undefined {
  const { seq, at, team } = fact;
  // Newer code knows what it means for the score; here its team is read-only.
  if (!isKnown(fact)) return undefined;
  switch (fact.type) {
    case "join":
      if (!fact.created) return fact.first ? { seq, at, team, type: "filled" } : undefined;
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
    case "make": {
      const { name, bracket } = fact;
      return {
        seq,
        at,
        team,
        type: "join",
        name,
        ...(bracket === undefined ? {} : { bracket }),
        empty: true,
      };
    }
    case "rename":
      return { seq, at, team, type: "rename", name: fact.name };
    case "bracket":
      return { seq, at, team, type: "bracket", bracket: fact.bracket };
    case "arrive":
      return fact.first ? { seq, at, team, type: "filled" } : undefined;
    case "remove":
    case "depart":
    case "unseat":
      return fact.last ? { seq, at, team, type: "emptied" } : undefined;
    case "forget":
      return fact.alone ? { seq, at, team, type: "rename", name: FORGOTTEN_NAME } : undefined;
    case "merge":
    case "absorb":
    case "solve":
    case "unsolve":
      if (fact.type !== "solve" || isRecounting(fact)) return recount && { seq, at, team, ...recount };
      return solveOf(fact, fact.clue, fact.points);
    case "leave":
    case "seat":
    case "captain":
    case "code":
    case "opened":
    case "reset":
    case "unlock":
    case "reached":
    case "revoke":
    case "void":
      return undefined;
    default:
      if (fact.outcome === "correct") {
        return solveOf(fact, fact.clue ?? "", fact.points ?? 0);
      }
      if (fact.outcome === "started") return { seq, at, team, type: "start" };
      if (fact.outcome === "taken" && fact.cost) {
        return { seq, at, team, type: "adjust", points: -fact.cost };
      }
      return undefined;
  }
}
