/**
 * The shard's part of a regrade, in slices that let play go on, as control drives them (src/control/regrades.ts): its
 * log is judged again from the beginning, then its teams are weighed, page by page, and changed if that is wanted.
 * What is recorded meanwhile is judged before each page. Safe to repeat: a team that is as it should be gets no fact.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { stayingOpen } from "../hunt/corrections.ts";
import { type IndexedHunt, indexHunt } from "../hunt/indexed.ts";
import { JudgedAgain } from "../hunt/judged-again.ts";
import { eligibleFor, type Regrade, regraded, ungraded } from "../hunt/regrade.ts";
import { isEmptied, type Team } from "../hunt/team.ts";
import { ordinalOf } from "../objects/ids.ts";
import type { JudgedPart, RegradeRun, Undone, Weighed, WeighedTeam } from "../objects/shard.ts";
import type { CountedSolve, Fact } from "../protocol.ts";
import { digester, keyById, type Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { ShardTime } from "./time.ts";

/** Facts judged in one slice, about (whole segments): some 5 ms. */
const FACTS_IN_SLICE = 400;

/** Work in one page of teams: a team is 1, and one that changes so much more; some 5 ms. */
const PAGE_WORK = 250;
const CHANGE_WORK = 20;

/** Facts behind the slices read so far that are judged at once with the next page. */
const BEHIND_MAX = 2_000;

/** Facts looked through at once for those of a regrade, and of the rest of a team's. */
const LOOKED_MAX = 10_000;

export interface RegradesDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  secrets: Pick<Secrets, "ANSWER_PEPPERS">;
}

interface Reading {
  run: string;
  version: number;
  /** Of a definition that is not published. */
  candidate: IndexedHunt | undefined;
  only: string | undefined;
  /** As it was before clues were put back. */
  before: IndexedHunt | undefined;
  judged: JudgedAgain;
  /** The last fact that was judged. */
  after: number;
}

type RegradedFact = Fact & { type: "solve" | "unsolve" };

export class Regrades {
  readonly #deps: RegradesDeps;
  #reading: Reading | undefined;

  constructor(deps: RegradesDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.judgeAgain`. */
  async judgeAgain(asked: RegradeRun, after: number): Promise<JudgedPart | Refusal> {
    const refused = await this.#deps.current.ready();
    if (refused) return refused;
    const reading = this.#readingOf(asked, after);
    if ("refused" in reading) return reading;
    const done = this.#readOn(reading, FACTS_IN_SLICE);
    return { after: reading.after, events: reading.judged.events, done };
  }

  /** See `ShardObject.weigh`. */
  async weigh(run: string, from: number, regrade?: Regrade): Promise<Weighed | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const reading = this.#reading;
    if (reading?.run !== run || reading.version !== current.version) return ANEW;
    if (!this.#readOn(reading, BEHIND_MAX)) return BEHIND;
    const now = time.now();
    const present = current.context(now);
    const context = reading.candidate ? { ...present, hunt: reading.candidate } : present;
    const page: Weighed = { teams: [], events: 0 };
    let work = 0;
    for (const team of journal.teams.all(from)) {
      if (work >= PAGE_WORK) {
        page.next = ordinalOf(team.id);
        break;
      }
      work += 1;
      if (team.merged) continue;
      if (this.#weigh(team, { present, context, reading, now, regrade }, page)) work += CHANGE_WORK;
    }
    page.events = reading.judged.events;
    if (page.next === undefined) this.#reading = undefined;
    if (regrade) await journal.committed();
    return page;
  }

  /** See `ShardObject.undoRegrade`. */
  async undoRegrade(regrade: Regrade, after: number): Promise<Undone | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    const { log, teams } = journal;
    // Its own facts come behind.
    const end = log.durable;
    let upto = Math.min(end, after + LOOKED_MAX);
    let facts = this.#factsOf(regrade.regrade, after, upto);
    // The rest of a team's.
    while (facts.at(-1)?.more && upto < end) {
      upto = Math.min(end, upto + LOOKED_MAX);
      facts = this.#factsOf(regrade.regrade, after, upto);
    }
    const byTeam = Map.groupBy(facts, ({ team }) => team);
    const now = time.now();
    const context = current.context(now);
    let changed = 0;
    for (const [id, own] of byTeam) {
      const team = teams.get(id);
      if (!team || team.merged || teams.readOnly(team)) continue;
      const undoing = ungraded(context, team, own, regrade, now);
      if (!undoing) continue;
      for (const draft of undoing.facts) journal.append(draft);
      changed += 1;
    }
    await journal.committed();
    return { after: upto, teams: changed, done: upto >= end };
  }

  #factsOf(regrade: string, after: number, upto: number): RegradedFact[] {
    const { log } = this.#deps.journal;
    const found: RegradedFact[] = [];
    for (const segment of log.segmentsWith(regrade, after, upto)) {
      for (const fact of log.factsOf(segment)) {
        if (fact.seq <= after || fact.seq > upto) continue;
        if (fact.type !== "solve" && fact.type !== "unsolve") continue;
        if (fact.regrade === regrade && !fact.undone) found.push(fact);
      }
    }
    return found;
  }

  /** Adds the team as it is, and as it is after; true: it changes. */
  #weigh(
    team: Team,
    by: { present: Context; context: Context; reading: Reading; now: number; regrade: Regrade | undefined },
    page: Weighed,
  ): boolean {
    const { journal } = this.#deps;
    const { present, context, reading, now, regrade } = by;
    const about = regrade ?? { regrade: reading.run, reason: "" };
    const isWritable = journal.teams.readOnly(team) === undefined;
    const regrading = isWritable
      ? regraded(context, team, reading.judged.of(team.id), about, now, reading.only)
      : undefined;
    const eligible = {
      before: eligibleFor(present, team, now),
      after: eligibleFor(context, regrading?.after ?? team, now),
    };
    const weighed: WeighedTeam = {
      team: team.id,
      joined: { at: team.joinedAt, seq: team.joinSeq },
      ...(team.bracket === undefined ? {} : { bracket: team.bracket }),
      ...(team.banned ? { banned: true } : {}),
      ...(team.hidden ? { hidden: true } : {}),
      ...(isEmptied(team) ? { empty: true } : {}),
      ...(team.startedAt === undefined ? {} : { start: team.startedAt }),
      adjusted: team.adjusted,
      before: solvesOf(team),
      ...(regrading ? { after: solvesOf(regrading.after) } : {}),
      ...(eligible.before.length + eligible.after.length > 0 ? { eligible } : {}),
    };
    page.teams.push(weighed);
    if (!regrade || !isWritable) return regrading !== undefined;
    const after = regrading?.after ?? team;
    const open = reading.before ? stayingOpen(context, team, after, now, reading.before) : [];
    for (const draft of [...open, ...(regrading?.facts ?? [])]) journal.append(draft);
    return regrading !== undefined || open.length > 0;
  }

  #readingOf({ run, version, compiled, clues, only, before }: RegradeRun, after: number): Reading | Refusal {
    const { current, secrets } = this.#deps;
    const reading = this.#reading;
    if (after > 0) {
      return reading?.run === run && reading.version === current.version ? reading : ANEW;
    }
    if (version !== current.version) return refuse("unavailable", "another version is being published");
    const hunt = compiled ? indexHunt(compiled, clues) : current.hunt;
    const { pepper, hunt: id } = hunt.compiled;
    const key = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, pepper);
    const unjudged = current.unjudged([{ type: "answer" }, { type: "scan" }]);
    if (unjudged || !key) return unjudged ?? refuse("unavailable", "the hunt's pepper is gone");
    const judged = new JudgedAgain(hunt, digester(key, id));
    this.#reading = {
      run,
      version,
      candidate: compiled && hunt,
      only,
      before: before && current.huntWith(before),
      judged,
      after: 0,
    };
    return this.#reading;
  }

  /** Judges what comes next in the log, about `limit` facts; true: that was all. */
  #readOn(reading: Reading, limit: number): boolean {
    const { log } = this.#deps.journal;
    let count = 0;
    const take = (fact: Fact): void => {
      if (fact.seq <= reading.after) return;
      reading.judged.add(fact);
      reading.after = fact.seq;
      count += 1;
    };
    for (const part of log.parts(reading.after)) {
      if (count >= limit) return false;
      // Teams that a gap may concern are read-only.
      if ("body" in part) log.factsOf(part).forEach(take);
      else reading.after = part.last;
    }
    log.gathering.forEach(take);
    return true;
  }
}

/** By when they count. */
const solvesOf = ({ solves }: Team): CountedSolve[] =>
  [...solves]
    .map(([clue, { at, seq, points, less }]) => ({
      clue,
      at,
      seq,
      points,
      ...(less === undefined ? {} : { less }),
    }))
    .sort((a, b) => a.at - b.at || a.seq - b.seq);

/** This instance knows nothing of the run, or of another version: it begins from the beginning. */
const ANEW = refuse("precondition_failed", "the log is to be judged from the beginning");

/** Too much was recorded since. */
const BEHIND = refuse("conflict", "more of the log is to be judged first");
