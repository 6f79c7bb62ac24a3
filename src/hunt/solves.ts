/**
 * Solves that are no event of a player: by an organiser's hand, at another time than before, taken back. How
 * they fold into a team; which facts they make is in `corrections.ts`.
 */
import type { Fact } from "../protocol.ts";
import { type Peak, Peaks } from "./packed.ts";
import { hintKey, type Solve, type Team, type Undone } from "./team.ts";

/** Solves taken back that a team remembers: they were there when standings that stand still began to. */
const UNDONE_MAX = 200;

type SolveFact = Fact & { type: "solve" };
type UnsolveFact = Fact & { type: "unsolve" };

/** Why the fact cannot follow the team's others; undefined: it can. */
export function objectionToSolve(team: Team, fact: SolveFact | UnsolveFact): string | undefined {
  const { seq, type, clue } = fact;
  const isSolved = team.solves.has(clue);
  if (type === "unsolve") return isSolved ? undefined : `fact ${seq} takes ${clue} back, which is not solved`;
  if (fact.instead === undefined) return isSolved ? `fact ${seq} solves ${clue} a second time` : undefined;
  return isSolved ? undefined : `fact ${seq} gives ${clue} another time, which is not solved`;
}

export function countSolve(team: Team, fact: SolveFact): Team {
  const { clue, solvedAt, points, at, player, opensAt } = fact;
  const before = team.solves.get(clue);
  if (before) forget(team, clue, before, at);
  team.solves.set(clue, {
    at: solvedAt,
    seq: fact.as ?? fact.seq,
    points,
    ...(fact.less === undefined ? {} : { less: fact.less }),
    ...(at === solvedAt ? {} : { recordedAt: at }),
    ...(player === undefined ? { byHand: true } : {}),
    ...(opensAt === undefined || opensAt === solvedAt ? {} : { opensAt }),
  });
  team.earned += points - (before?.points ?? 0);
  // One more solve closes nothing; one that moved does where its points were fewer.
  team.peaks = before ? peaksOf(team) : highest([...team.peaks, ...peaksOf(team)]);
  return corrected(team);
}

export function takeBack(team: Team, { clue, at }: UnsolveFact): Team {
  const solve = team.solves.get(clue);
  if (!solve) return team;
  forget(team, clue, solve, at);
  team.solves.delete(clue);
  // What a judge accepted counts again only when it is judged again.
  for (const each of team.submissions ?? []) if (each.seq === solve.seq) each.undone = true;
  team.earned -= solve.points;
  team.peaks = peaksOf(team);
  return corrected(team);
}

/** What is open keeps the earliest time that it has. */
export function keepOpen(team: Team, { clues }: Fact & { type: "opened" }): Team {
  for (const { clue, at } of clues) {
    team.opened.set(clue, Math.min(at, team.opened.get(clue) ?? Number.POSITIVE_INFINITY));
  }
  return corrected(team);
}

/** The merges that a team remembers to have taken in: one that is gone on with is the last, or nearly. */
const ABSORBED_MAX = 50;

/** Takes in what a merged team had beside players and solves. A hint that was taken in both counts once. */
export function absorb(team: Team, fact: Fact & { type: "absorb" }): Team {
  const { merge, seq, at: recordedAt, hints = [], awards = [], wins = [], more } = fact;
  const adjust = (at: number, points: number): void => {
    team.adjustments.push({ at, seq, points, recordedAt });
    team.adjusted += points;
  };
  for (const { clue, hint, at, cost } of hints) {
    const key = hintKey(clue, hint);
    if (team.hints.has(key)) continue;
    team.hints.set(key, at);
    if (cost > 0) adjust(at, -cost);
  }
  for (const { at, points } of awards) adjust(at, points);
  if (wins.length > 0) team.inherited = [...(team.inherited ?? []), ...wins];
  if (!more) team.absorbed = [...(team.absorbed ?? []), merge].slice(-ABSORBED_MAX);
  team.peaks = highest([...team.peaks, ...peaksOf(team)]);
  return corrected(team);
}

/** The team is another one's: nothing of its play is left but what it won. */
export function handOver(team: Team, { merge, into, after }: Fact & { type: "merge" }): Team {
  team.merged = { merge, into, after };
  team.adjustments = [];
  team.adjusted = 0;
  team.peaks = new Peaks();
  for (const each of [team.attempts, team.hints, team.opened, team.reached]) each.clear();
  delete team.codes;
  delete team.tries;
  delete team.inherited;
  delete team.undone;
  return corrected(team);
}

/** What was worked out of the team's progress holds no more, though its counts may be the same. */
function corrected(team: Team): Team {
  team.corrected = (team.corrected ?? 0) + 1;
  return team;
}

function forget(team: Team, clue: string, solve: Solve, undoneAt: number): void {
  const undone: Undone = { ...solve, clue, undoneAt };
  team.undone = [...(team.undone ?? []), undone].slice(-UNDONE_MAX);
}

/** Every new highest score, as if each solve had been recorded when it counts from. */
function peaksOf(team: Team): Peaks {
  // Points that somebody had to judge are the team's from the verdict on, as far as they open anything.
  const solves = [...team.solves.values()].map(({ at, opensAt = at, seq, points }) => {
    return { at: opensAt, seq, points };
  });
  const changes = [...solves, ...team.adjustments].sort((a, b) => a.at - b.at || a.seq - b.seq);
  let score = 0;
  return highest(
    changes.map(({ at, points }) => {
      score += points;
      return { at, score };
    }),
  );
}

/** Of moments, those at which the score was higher than at every one before. */
function highest(moments: Peak[]): Peaks {
  const peaks: Peak[] = [];
  for (const moment of moments.sort((a, b) => a.at - b.at)) {
    const last = peaks.at(-1);
    if (moment.score <= (last?.score ?? 0)) continue;
    // Of one moment the last score counts.
    if (last?.at === moment.at) peaks.pop();
    peaks.push(moment);
  }
  return new Peaks(peaks);
}

/** The team's solves as they counted at `until` (epoch ms), those included that were taken back later. */
export function solvesAsOf(team: Team, until: number): (Solve & { clue: string })[] {
  const present = [...team.solves].map(([clue, solve]) => ({ clue, ...solve }));
  const undone = (team.undone ?? []).filter(({ undoneAt }) => undoneAt > until);
  return [...present, ...undone].filter(({ at, recordedAt = at }) => recordedAt <= until);
}
