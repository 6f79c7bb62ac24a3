/** What teams send for judging, as it folds into them, and what of it counts. The facts of a verdict are `verdict.ts`'s. PURE. */
import type { Fact, PlayFact } from "../protocol.ts";
import type { Submission, Team } from "./team.ts";

/** Folds a submission. */
export function noteSubmission(team: Team, fact: PlayFact): void {
  const { seq, at, clue = "", player, outcome, judge, words, files, slot } = fact;
  const counted = outcome === "correct";
  const submission: Submission = {
    seq,
    clue,
    player,
    at,
    ...(counted ? { counted } : {}),
    ...(judge === "none" ? { verdict: "accepted" as const, unjudged: true as const } : {}),
    ...(words === undefined ? {} : { words }),
    ...(files === undefined ? {} : { files }),
    ...(slot === undefined ? {} : { slot }),
  };
  team.submissions = [...(team.submissions ?? []), submission];
}

export function noteVerdict(team: Team, fact: Fact & { type: "judged" }): Team {
  const { submission: seq, accept, points, say } = fact;
  team.submissions = (team.submissions ?? []).map((each) => {
    if (each.seq !== seq) return each;
    const { points: _, say: __, undone: ___, ...rest } = each;
    return {
      ...rest,
      verdict: accept ? "accepted" : "refused",
      ...(points === undefined ? {} : { points }),
      ...(say === undefined ? {} : { say }),
    };
  });
  return team;
}

/** Nothing is left of what these said and showed. */
export function clearSubmissions(team: Team, isOne: (submission: Submission) => boolean): void {
  if (!team.submissions?.some(isOne)) return;
  team.submissions = team.submissions.map((each) => {
    if (!isOne(each)) return each;
    const { words: _, files: __, slot: ___, ...rest } = each;
    return { ...rest, cleared: true };
  });
}

/** How a submission is called outside. Its number alone is of its shard. */
export const submissionId = (team: string, seq: number): string => `${team}.${seq}`;

/** The submission of this number; undefined: the team has none such. */
export const submissionOf = (team: Team, seq: number): Submission | undefined =>
  team.submissions?.find((each) => each.seq === seq);

/** Whether somebody must judge it. */
export const isWaiting = ({ verdict }: Submission): boolean => verdict === undefined;

/** The team's submission for the clue that waits for a verdict. */
export const waitingFor = (team: Team, clue: string): Submission | undefined =>
  team.submissions?.find((each) => each.clue === clue && isWaiting(each));

/** The last that the team sent for the clue. */
export const lastFor = (team: Team, clue: string): Submission | undefined =>
  team.submissions?.findLast((each) => each.clue === clue);

/** The first submission for the clue that solves it: accepted, or not yet refused where it counts before. */
export const countingFor = (team: Team, clue: string): Submission | undefined =>
  team.submissions
    ?.filter((each) => each.clue === clue && !each.undone)
    .filter(({ verdict, counted }) => verdict === "accepted" || (verdict === undefined && counted))
    .sort((a, b) => a.at - b.at || a.seq - b.seq)[0];
