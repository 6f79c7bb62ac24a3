/**
 * A regrade: what a team's recorded events come to by the present definition (judged-again.ts) → the facts that
 * make it so, and those that undo it. It closes nothing that the team has open. PURE.
 */
import type { Fact, NewFact, SolveBefore } from "../protocol.ts";
import { isEligible } from "./claim.ts";
import type { Context } from "./context.ts";
import { stayingOpen } from "./corrections.ts";
import { Drafts } from "./drafts.ts";
import { type Counting, isEarlier, type TeamJudged, wrongBefore } from "./judged-again.ts";
import { submissionOf } from "./submissions.ts";
import { isEmptied, type Solve, type Team } from "./team.ts";
import { asSeen, lessOf, newlyReached, presentValue, reachedFacts, scoreOf } from "./team-score.ts";
import { timesOf } from "./unlock.ts";

/** The regrade that facts belong to. */
export interface Regrade {
  /** Its id. */
  regrade: string;
  reason: string;
}

/** The facts, and the team as it is after them. */
export interface Regrading {
  facts: NewFact[];
  after: Team;
}

/** What makes the team's solves those that count by the context's hunt, or with `only` that clue's; undefined: they are. */
export function regraded(
  context: Context,
  team: Team,
  judged: TeamJudged | undefined,
  about: Regrade,
  now: number,
  only?: string,
): Regrading | undefined {
  // Nothing was read of it.
  if (!judged) return undefined;
  const { hunt } = context;
  const wanted = new Map(judged.counting);
  const changes = new Changes(context, team, about, now);
  for (const { id } of hunt.compiled.clues) {
    const counting = wanted.get(id);
    const solve = team.solves.get(id);
    if ((!counting && !solve) || (only !== undefined && only !== id)) continue;
    changes.make(id, counting, judged);
  }
  for (const scan of judged.scans.filter(({ clue }) => only === undefined || only === clue))
    changes.scanned(scan, wanted, judged);
  return changes.end();
}

type RegradedFact = Fact & { type: "solve" | "unsolve" };

/** Takes back what these facts of a regrade changed in the team; what changed since stays. Undefined: nothing is left of it. */
export function ungraded(
  context: Context,
  team: Team,
  regradeFacts: readonly RegradedFact[],
  about: Regrade,
  now: number,
): Regrading | undefined {
  const changes = new Changes(context, team, about, now, true);
  for (const fact of regradeFacts) {
    const { clue, was } = fact;
    const solve = changes.team.solves.get(clue);
    if (fact.type === "solve") {
      const isIts =
        solve?.at === fact.solvedAt &&
        solve.seq === (fact.as ?? fact.seq) &&
        solve.points === fact.points &&
        (solve.less ?? 0) === (fact.less ?? 0);
      if (isIts) changes.set(clue, was, fact.player);
    } else if (was && (!solve || isEarlier(was, solve))) changes.set(clue, was, undefined);
  }
  return changes.end();
}

/** The solves of a team, changed one by one. */
class Changes {
  readonly #context: Context;
  readonly #before: Team;
  readonly #about: Regrade;
  readonly #now: number;
  readonly #undone: boolean;
  #drafts: Drafts | undefined;

  constructor(context: Context, team: Team, about: Regrade, now: number, undone = false) {
    this.#context = context;
    this.#before = team;
    this.#about = about;
    this.#now = now;
    this.#undone = undone;
  }

  /** As it is after the changes so far. */
  get team(): Team {
    return this.#drafts?.team ?? this.#before;
  }

  /** The clue is solved by what counts. */
  make(clue: string, counting: Counting | undefined, judged: TeamJudged): void {
    const solve = this.team.solves.get(clue);
    const solver = judged.solvers.get(clue);
    if (!counting) {
      if (solve) this.set(clue, undefined, solver);
      return;
    }
    const worth = this.#worthOf(clue, solve, counting, judged);
    const isSame = solve?.at === counting.at && solve.seq === counting.seq;
    if (isSame && solve.points === worth.points && (solve.less ?? 0) === (worth.less ?? 0)) return;
    this.set(clue, { ...counting, ...worth }, solver);
  }

  /** A scan of a code that nobody knew then: it counts if the clue was open, by all that counts so far. */
  scanned(scan: Counting & { clue: string }, wanted: Map<string, Counting>, judged: TeamJudged): void {
    const { hunt, openedAt } = this.#context;
    const { clue, ...counting } = scan;
    const known = wanted.get(clue);
    if (known && isEarlier(known, counting)) return;
    const place = hunt.places.get(clue) ?? -1;
    const opened = timesOf(hunt, this.team, openedAt, this.#now)[place] ?? Number.POSITIVE_INFINITY;
    if (opened > counting.at) return;
    wanted.set(clue, counting);
    this.make(clue, counting, judged);
  }

  /** What the clue gives to the team: with moving scores only the standings know. */
  #worthOf(
    id: string,
    solve: Solve | undefined,
    counting: Counting,
    judged: TeamJudged,
  ): { points: number; less?: number } {
    const context = this.#context;
    const { hunt, openedAt } = context;
    const clue = hunt.clues.get(id);
    if (!clue)
      return { points: solve?.points ?? 0, ...(solve?.less === undefined ? {} : { less: solve.less }) };
    // A judge said how many.
    if (clue.range)
      return { points: submissionOf(this.team, counting.seq)?.points ?? solve?.points ?? clue.points };
    let opened = counting.at;
    if (clue.speed) {
      const at = timesOf(hunt, this.team, openedAt, this.#now)[hunt.places.get(id) ?? -1];
      opened = Math.min(opened, at ?? opened);
    }
    const less = lessOf(hunt, clue, counting.at - opened, wrongBefore(judged, id, counting));
    const value = hunt.dynamic ? presentValue(asSeen(context), clue) : clue.points;
    const points = hunt.dynamic && solve ? solve.points : Math.max(0, value - less);
    return { points, ...(less === 0 ? {} : { less }) };
  }

  /** `solver`: who has solved it so far. */
  set(clue: string, next: SolveBefore | undefined, solver: string | undefined): void {
    const { regrade, reason } = this.#about;
    this.#drafts ??= new Drafts(this.#context, this.#before);
    const solve = this.#drafts.team.solves.get(clue);
    const was: SolveBefore | undefined = solve && {
      at: solve.at,
      seq: solve.seq,
      points: solve.points,
      ...(solve.less === undefined ? {} : { less: solve.less }),
      ...(solve.opensAt === undefined ? {} : { opensAt: solve.opensAt }),
      ...(solver === undefined || solve.byHand ? {} : { player: solver }),
    };
    const head = { at: this.#now, team: this.#before.id };
    const tail = {
      score: 0,
      more: true,
      reason,
      regrade,
      ...(was ? { was } : {}),
      ...(this.#undone ? { undone: true as const } : {}),
    };
    if (next) {
      const { at, seq, points, less, player, opensAt } = next;
      this.#drafts.add({
        ...head,
        type: "solve",
        clue,
        solvedAt: at,
        as: seq,
        points,
        ...(less === undefined ? {} : { less }),
        ...(solve ? { instead: solve.points } : {}),
        ...(player === undefined ? {} : { player }),
        ...(opensAt === undefined ? {} : { opensAt }),
        ...tail,
      });
    } else if (solve) {
      this.#drafts.add({ ...head, type: "unsolve", clue, points: solve.points, ...tail });
    }
  }

  end(): Regrading | undefined {
    const drafts = this.#drafts;
    const last = drafts?.facts.at(-1);
    if (!drafts || !last) return undefined;
    if ("more" in last) last.more = false;
    const context = this.#context;
    const open = stayingOpen(context, this.#before, drafts.team, this.#now);
    const all = open.length === 0 ? drafts : new Drafts(context, this.#before);
    if (all !== drafts) for (const fact of [...open, ...drafts.facts]) all.add(fact);
    const reached = newlyReached(context, all.team, scoreOf(context, all.team));
    for (const fact of reachedFacts(this.#before.id, reached, this.#now)) all.add(fact);
    return { facts: all.facts, after: all.team };
  }
}

/** The prizes that the team may claim. */
export function eligibleFor(context: Context, team: Team, now: number): string[] {
  if (team.banned || isEmptied(team)) return [];
  return context.hunt.compiled.prizes
    .filter((prize) => isEligible(context, prize, team, now))
    .map(({ id }) => id);
}
