/**
 * `evolve(team, fact) → team`: the only way a team's state comes to be. It
 * judges nothing and reads no definition, so a log folds to the same state
 * under every version of the hunt.
 */
import type { Fact, JoinFact, PlayFact, RecordedOutcome } from "../protocol.ts";
import { eventOf } from "./kinds/all.ts";
import { hintKey, recordedScore, type Team } from "./team.ts";

/** The types of facts that this version of the engine knows. */
const TYPES: Record<Fact["type"], true> = {
  join: true,
  answer: true,
  scan: true,
  checkin: true,
  hint: true,
  claim: true,
  award: true,
  unlock: true,
  ban: true,
  unban: true,
  hide: true,
  show: true,
  revoke: true,
  reached: true,
};

/** The outcomes that this version knows. */
const OUTCOMES: Record<RecordedOutcome, true> = {
  correct: true,
  nudge: true,
  incorrect: true,
  out_of_range: true,
  implausible: true,
  unknown_code: true,
  taken: true,
  won: true,
  missed: true,
};

/** False: newer code recorded it. It is not a bad fact, but nothing follows from it here. */
export const isKnown = ({ type, outcome }: { type: string; outcome?: string }): boolean =>
  Object.hasOwn(TYPES, type) && (outcome === undefined || Object.hasOwn(OUTCOMES, outcome));

/** The version of this fold. A change that folds facts which were refused before adds one. */
export const FOLD_FORM = 1;

/** The fact cannot be folded into the team, which is as it was before. */
export class Unfoldable extends Error {}

/**
 * The team after any fact of a log. One that this version does not know, or
 * cannot fold, is set aside, and so is every later fact of the team: it may
 * follow from it (a clue solved again after newer code took the solve back). The
 * team notes where that begins. Undefined: there is no team yet that this
 * version could know. `setAside` is told of a fact that cannot be folded, and why.
 */
export function evolveAny(
  team: Team | undefined,
  fact: Fact,
  setAside?: (fact: Fact, why: string) => void,
): Team | undefined {
  if (team?.newerFrom === undefined && isKnown(fact)) {
    try {
      return evolve(team, fact);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      setAside?.(fact, why);
      if (team) team.unfoldable = { seq: fact.seq, why, form: FOLD_FORM };
    }
  }
  if (!team) return undefined;
  team.newerFrom ??= fact.seq;
  team.lastAt = Math.max(team.lastAt, fact.at);
  return team;
}

/**
 * The team after `fact`. The first fact of a team is a join with `created`;
 * before it, `team` is undefined. The team passed in is consumed: callers use
 * the returned one only. Throws `Unfoldable` before it changes anything.
 */
export function evolve(team: Team | undefined, fact: Fact): Team {
  const why = objectionTo(team, fact);
  if (why !== undefined) throw new Unfoldable(why);
  const next = fold(team, fact);
  next.lastAt = Math.max(next.lastAt, fact.at);
  if ("score" in fact && fact.score !== undefined) next.told = fact.score;
  return next;
}

/** Why the fact cannot follow the team's others; undefined: it can. */
function objectionTo(team: Team | undefined, fact: Fact): string | undefined {
  const { seq } = fact;
  if (!team) {
    if (fact.type !== "join") return `fact ${seq} comes before its team was created`;
    return fact.created ? undefined : `join ${seq} names a team that does not exist`;
  }
  if (!("outcome" in fact)) return undefined;
  if (fact.outcome === "correct" && team.solves.has(fact.clue ?? "")) {
    return `fact ${seq} solves ${fact.clue ?? ""} a second time`;
  }
  if (fact.outcome === "won" && hasWon(team, fact.prize, fact.unit)) {
    return `fact ${seq} wins unit ${fact.unit} of ${fact.prize} a second time`;
  }
  return undefined;
}

/** Whether the team has this unit, revoked or not. */
export const hasWon = (team: Team, prize = "", unit = -1): boolean =>
  team.wins?.some((win) => win.prize === prize && win.unit === unit) === true;

function fold(team: Team | undefined, fact: Fact): Team {
  if (fact.type === "join") return join(team, fact);
  if (!team) throw new Unfoldable(`fact ${fact.seq} comes before its team was created`);
  switch (fact.type) {
    case "award":
      adjust(team, fact, fact.points);
      return team;
    case "unlock":
      if (!team.opened.has(fact.clue)) team.opened.set(fact.clue, fact.at);
      return team;
    case "ban":
    case "unban":
      team.banned = fact.type === "ban";
      return team;
    case "hide":
    case "show":
      team.hidden = fact.type === "hide";
      return team;
    case "revoke": {
      const win = team.wins?.find(({ prize, unit }) => prize === fact.prize && unit === fact.unit);
      if (win) win.revoked = true;
      return team;
    }
    case "reached":
      if (!team.reached.has(fact.points)) team.reached.set(fact.points, fact.at);
      return team;
    default:
      return play(team, fact);
  }
}

function join(team: Team | undefined, fact: JoinFact): Team {
  const joined = team ?? create(fact);
  joined.members.push({
    id: fact.player,
    name: fact.name,
    joinedAt: fact.at,
    ...(fact.externalId === undefined ? {} : { externalId: fact.externalId }),
    ...(fact.provisional ? { provisional: true } : {}),
  });
  return joined;
}

function create(fact: JoinFact): Team {
  if (!fact.created) throw new Unfoldable(`join ${fact.seq} names a team that does not exist`);
  return {
    id: fact.team,
    ...fact.created,
    joinedAt: fact.at,
    joinSeq: fact.seq,
    lastAt: fact.at,
    members: [],
    solves: new Map(),
    attempts: new Map(),
    hints: new Map(),
    opened: new Map(),
    reached: new Map(),
    peaks: [],
    earned: 0,
    adjustments: [],
    adjusted: 0,
    banned: false,
    hidden: false,
  };
}

function play(team: Team, fact: PlayFact): Team {
  const clue = fact.clue ?? "";
  eventOf(fact.type)?.evolve?.(team, fact);
  switch (fact.outcome) {
    case "correct": {
      const points = fact.points ?? 0;
      team.solves.set(clue, { at: fact.at, seq: fact.seq, points });
      team.earned += points;
      notePeak(team, fact.at);
      return team;
    }
    case "incorrect": {
      const before = team.attempts.get(clue);
      team.attempts.set(clue, {
        wrong: (before?.wrong ?? 0) + 1,
        tokens: fact.attemptsLeft ?? 0,
        at: fact.at,
      });
      return team;
    }
    case "taken":
      team.hints.set(hintKey(clue, fact.hint ?? ""), fact.at);
      if (fact.cost) adjust(team, fact, -fact.cost);
      return team;
    case "won": {
      const { prize = "", unit = -1, player, event, at } = fact;
      team.wins = [...(team.wins ?? []), { prize, unit, player, event, at }];
      return team;
    }
    case "missed": {
      const { prize = "" } = fact;
      const tried = team.tries?.find((each) => each.prize === prize);
      const bucket = {
        wrong: (tried?.bucket.wrong ?? 0) + 1,
        tokens: fact.attemptsLeft ?? 0,
        at: fact.at,
      };
      if (tried) tried.bucket = bucket;
      else team.tries = [...(team.tries ?? []), { prize, bucket }];
      return team;
    }
    default:
      return team;
  }
}

function adjust(team: Team, { at, seq }: Fact, points: number): void {
  team.adjustments.push({ at, seq, points });
  team.adjusted += points;
  notePeak(team, at);
}

function notePeak(team: Team, at: number): void {
  const score = recordedScore(team);
  if (score > (team.peaks.at(-1)?.score ?? 0)) team.peaks.push({ at, score });
}
