/**
 * A judge's verdict on a submission → the facts that make it so: the verdict itself, and what it does to the solve of
 * its clue. A later verdict replaces an earlier one. Of several submissions that count the first solves the clue; a
 * solve that no submission made stays as it is. What is open stays open. PURE.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { NewFact } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import { stayingOpen } from "./corrections.ts";
import { UNLOCKED_TOLD_MAX } from "./decide.ts";
import { Drafts } from "./drafts.ts";
import { countingFor, submissionOf } from "./submissions.ts";
import type { Solve, Submission, Team } from "./team.ts";
import { asSeen, newlyReached, reachedFacts, scoreOf, worthOf } from "./team-score.ts";
import { timesOf } from "./unlock.ts";

/** `points`: only where the clue has a range of them. `say`: to the team. */
export interface Verdict {
  submission: number;
  accept: boolean;
  points?: number;
  say?: string;
}

/** Reason of the solves and undone solves that verdicts make. */
const REASON = "verdict";

/** The facts of a verdict at `now`; none: it is the present one. `unlocked`: what it opened. */
export function judged(
  context: Context,
  team: Team,
  verdict: Verdict,
  now: number,
): { facts: NewFact[]; score: number; unlocked: string[] } | Refusal {
  const submission = submissionOf(team, verdict.submission);
  if (!submission) return refuse("not_found", "no such submission");
  const clue = context.hunt.clues.get(submission.clue);
  const refused = refuseVerdict(submission, clue, verdict);
  if (refused) return refused;
  if (isSame(submission, verdict)) return { facts: [], score: scoreOf(context, team), unlocked: [] };
  const { submission: seq, accept, points, say } = verdict;
  const head = { at: now, team: team.id };
  const about: NewFact = {
    ...head,
    type: "judged",
    submission: seq,
    clue: submission.clue,
    accept,
    ...(points === undefined ? {} : { points }),
    ...(say === undefined || say === "" ? {} : { say }),
  };
  const drafts = new Drafts(context, team);
  drafts.add(about);
  const change = changeOf(context, drafts.team, submission.clue, now);
  if (change) drafts.add(change);
  const open = stayingOpen(context, team, drafts.team, now);
  const all = new Drafts(context, team);
  for (const draft of [...open, ...drafts.facts]) all.add(draft);
  const score = scoreAfter(context, team, all.team, submission.clue);
  const reached = reachedFacts(team.id, newlyReached(context, all.team, score), now);
  for (const fact of reached) all.add(fact);
  const unlocked = opened(context, team, all.team, now);
  for (const fact of all.facts) {
    if (fact.type !== "solve") continue;
    fact.unlocked = unlocked.slice(0, UNLOCKED_TOLD_MAX);
  }
  return { facts: all.facts, score, unlocked };
}

function refuseVerdict(
  { unjudged }: Submission,
  clue: CompiledClue | undefined,
  { accept, points }: Verdict,
): Refusal | undefined {
  if (unjudged) return refuse("conflict", "nobody judges this: it counts as it is");
  if (!clue) return refuse("conflict", "the hunt does not have this clue any more");
  const { range } = clue;
  if (!accept || !range) {
    if (points === undefined) return undefined;
    const why = accept ? "the clue's points are fixed" : "a submission that is refused gets none";
    return refuse("invalid", `points: ${why}`);
  }
  if (points !== undefined && points >= range.from && points <= range.to) return undefined;
  return refuse("invalid", `points: from ${range.from} to ${range.to}, and the judge says how many`);
}

const isSame = (submission: Submission, { accept, points, say = "" }: Verdict): boolean =>
  submission.verdict === (accept ? "accepted" : "refused") &&
  submission.points === points &&
  (submission.say ?? "") === say &&
  // What was taken back by hand can be accepted again.
  !(accept && submission.undone);

/** What the clue's solve has to become by what counts in the team; undefined: it is so. */
function changeOf(context: Context, team: Team, id: string, now: number): NewFact | undefined {
  const solve = team.solves.get(id);
  // One by hand, or of a clue that was of another kind, is nothing that judges decided.
  if (solve && !submissionOf(team, solve.seq)) return undefined;
  const counting = countingFor(team, id);
  const head = { at: now, team: team.id, clue: id, score: 0, reason: REASON };
  if (!counting) return solve && { ...head, type: "unsolve", points: solve.points };
  const clue = context.hunt.clues.get(id);
  const worth =
    counting.points === undefined
      ? fixedWorth(context, team, clue, counting.at, solve)
      : { points: counting.points };
  if (solve?.seq === counting.seq && solve.points === worth.points) return undefined;
  return {
    ...head,
    type: "solve",
    solvedAt: counting.at,
    as: counting.seq,
    ...worth,
    ...(solve ? { instead: solve.points } : {}),
    player: counting.player,
    opensAt: now,
  };
}

/** What a solve at `at` gives where no judge says how many points. `before`: the solve that there is. */
function fixedWorth(
  context: Context,
  team: Team,
  clue: CompiledClue | undefined,
  at: number,
  before: Solve | undefined,
): { points: number; less?: number } {
  const { hunt, openedAt } = context;
  if (!clue) return { points: before?.points ?? 0 };
  if (before && !clue.speed && !hunt.compiled.scoring.penalty) return { points: before.points };
  const opened = timesOf(hunt, team, openedAt, at)[hunt.places.get(clue.id) ?? -1];
  return worthOf(asSeen(context), team, clue, Math.min(at, opened ?? at), at);
}

/** With moving scores the bonus of a solve that is taken back goes with it. */
function scoreAfter(context: Context, before: Team, after: Team, clue: string): number {
  const isTakenBack = before.solves.has(clue) && !after.solves.has(clue);
  const bonus = isTakenBack && context.hunt.dynamic ? context.word?.bonusOf?.get(`${after.id}/${clue}`) : 0;
  return scoreOf(context, after) - (bonus ?? 0);
}

/** The clues that are open by now to the team as it will be, and not yet as it is; in the hunt's order. */
function opened({ hunt, openedAt }: Context, before: Team, after: Team, now: number): string[] {
  const were = timesOf(hunt, before, openedAt, now);
  const are = timesOf(hunt, after, openedAt, now);
  return hunt.compiled.clues.flatMap(({ id }, place) =>
    (were[place] ?? now) > now && (are[place] ?? Number.POSITIVE_INFINITY) <= now && !after.solves.has(id)
      ? [id]
      : [],
  );
}
