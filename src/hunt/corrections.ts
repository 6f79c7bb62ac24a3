/**
 * What organisers correct of a team's solves → the facts that make it. However much a correction takes away, what
 * the team has open stays open, each clue since its own time (`keepingOpen`). PURE.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { NewFact, TeamAction } from "../protocol.ts";
import type { Context } from "./context.ts";
import { UNLOCKED_TOLD_MAX } from "./decide.ts";
import { evolve } from "./evolve.ts";
import { hasOwnClock, isBeforeStart } from "./own-clock.ts";
import { encodeTeam, isEmptied, reviveTeam, type Team } from "./team.ts";
import { asSeen, newlyReached, reachedFacts, scoreOf, worthOf } from "./team-score.ts";
import { timesOf } from "./unlock.ts";

/** Clues that stay open in one fact: with ids of 63 characters it keeps within a queue message of 128 KB. */
const KEPT_OPEN_MAX = 500;

/** `score`: the team's after it, as organisers see it. */
export interface Corrected {
  facts: NewFact[];
  score: number;
}

/** A solve by an organiser's hand, from `at` on (epoch ms; absent: from now on). */
export function solveByHand(
  context: Context,
  team: Team,
  { clue: id, at, reason }: TeamAction & { type: "solve" },
  now: number,
): (Corrected & { unlocked: string[] }) | Refusal {
  const clue = context.hunt.clues.get(id);
  if (!clue) return refuse("not_found", `there is no clue ${id}`);
  if (team.banned) return refuse("conflict", "the team is banned");
  if (isEmptied(team)) return refuse("conflict", "nobody is in this team any more");
  if (team.solves.has(id)) return refuse("conflict", `the team has solved ${id} already`);
  if (isBeforeStart(context.hunt, team)) return refuse("conflict", "the team has not started yet");
  const solvedAt = at ?? now;
  const begin = hasOwnClock(context.hunt) ? (team.startedAt ?? team.joinedAt) : team.joinedAt;
  if (solvedAt > now || solvedAt < begin) {
    return refuse("invalid", "at must lie between the team's joining, or its own start, and now");
  }
  const seen = asSeen(context);
  const openings = timesOf(context.hunt, team, context.openedAt, now);
  // What was not open yet was solved at once.
  const opened = Math.min(solvedAt, openings[context.hunt.places.get(id) ?? -1] ?? solvedAt);
  const worth = worthOf(seen, team, clue, opened, solvedAt);
  const { points } = worth;
  const score = scoreOf(context, team) + worthOf(context, team, clue, opened, solvedAt).points;
  const head = { at: now, team: team.id };
  const about = { clue: id, solvedAt, ...worth, score: scoreOf(seen, team) + points, reason };
  const reached = reachedFacts(team.id, newlyReached(context, team, score), now);
  const supposed = afterFacts(team, [{ ...head, type: "solve", ...about }, ...reached]);
  const unlocked = opensNow(context, team, supposed, now)
    .filter((other) => other !== id)
    .slice(0, UNLOCKED_TOLD_MAX);
  return { facts: [{ ...head, type: "solve", ...about, unlocked }, ...reached], score, unlocked };
}

/** Takes a solve back, whoever's it was: the clue can be solved again. */
export function takenBack(
  context: Context,
  team: Team,
  { clue, reason }: TeamAction & { type: "unsolve" },
  now: number,
): Corrected | Refusal {
  const solve = team.solves.get(clue);
  if (!solve) return refuse("not_found", `the team has not solved ${clue}`);
  const draft = { at: now, team: team.id, type: "unsolve" as const, clue, points: solve.points, reason };
  const supposed = afterFacts(team, [{ ...draft, score: 0 }]);
  // The bonus of this clue goes with the solve; those that the standings told are all of the team's.
  const scoreIn = (told: Context): number =>
    scoreOf(told, supposed) - (told.hunt.dynamic ? (told.word?.bonusOf?.get(`${team.id}/${clue}`) ?? 0) : 0);
  const facts: NewFact[] = [{ ...draft, score: scoreIn(asSeen(context)) }];
  return { facts: [...keepingOpen(context, team, facts, now), ...facts], score: scoreIn(context) };
}

/** Facts that go before `drafts`, so that nothing that the team has open at `now` closes, or opens later, by them. */
export const keepingOpen = (
  context: Context,
  team: Team,
  drafts: readonly NewFact[],
  now: number,
): NewFact[] => stayingOpen(context, team, afterFacts(team, drafts), now);

/** The same of facts that make it the team that it is `supposed` to be. `huntBefore`: the same clues with other conditions. */
export function stayingOpen(
  { hunt, openedAt }: Context,
  team: Team,
  supposed: Team,
  now: number,
  huntBefore = hunt,
): NewFact[] {
  const before = timesOf(huntBefore, team, openedAt, now);
  const after = timesOf(hunt, supposed, openedAt, now);
  const clues = hunt.compiled.clues.flatMap(({ id }, place) => {
    const at = before[place] ?? Number.POSITIVE_INFINITY;
    return at <= now && at < (after[place] ?? at) ? [{ clue: id, at }] : [];
  });
  const facts: NewFact[] = [];
  for (let from = 0; from < clues.length; from += KEPT_OPEN_MAX) {
    facts.push({
      at: now,
      team: team.id,
      type: "opened",
      clues: clues.slice(from, from + KEPT_OPEN_MAX),
    });
  }
  return facts;
}

/** The clues that are open at `now` to the team as it is supposed to be, and not yet as it is; in the hunt's order. */
function opensNow({ hunt, openedAt }: Context, team: Team, supposed: Team, now: number): string[] {
  const before = timesOf(hunt, team, openedAt, now);
  const after = timesOf(hunt, supposed, openedAt, now);
  return hunt.compiled.clues.flatMap(({ id }, place) =>
    (before[place] ?? now) > now && (after[place] ?? Number.POSITIVE_INFINITY) <= now ? [id] : [],
  );
}

/** The team as it would be after these facts; it stays as it is itself. */
function afterFacts(team: Team, drafts: readonly NewFact[]): Team {
  let supposed = reviveTeam(JSON.parse(encodeTeam(team)));
  for (const draft of drafts) supposed = evolve(supposed, { ...draft, seq: Number.MAX_SAFE_INTEGER });
  return supposed;
}
