/**
 * `evolve(team, fact) → team`: the only way a team's state comes to be. It
 * judges nothing and reads no definition, so a log folds to the same state
 * under every version of the hunt.
 */
import {
  type Fact,
  FORGOTTEN_NAME,
  type ForgetFact,
  type JoinFact,
  type MakeFact,
  type PlayFact,
  type RecordedOutcome,
} from "../protocol.ts";
import { noteEffectiveTime } from "./client-time.ts";
import { eventOf } from "./kinds/all.ts";
import { refill } from "./refill.ts";
import { absorb, countSolve, handOver, keepOpen, objectionToSolve, takeBack } from "./solves.ts";
import {
  type FormerMember,
  generationOf,
  hintKey,
  type Moved,
  recordedScore,
  type Team,
  unplayed,
} from "./team.ts";

/** The types of facts that this version of the engine knows. */
const TYPES: Record<Fact["type"], true> = {
  join: true,
  answer: true,
  scan: true,
  checkin: true,
  hint: true,
  claim: true,
  start: true,
  award: true,
  unlock: true,
  ban: true,
  unban: true,
  hide: true,
  show: true,
  revoke: true,
  reached: true,
  solve: true,
  unsolve: true,
  opened: true,
  reset: true,
  merge: true,
  absorb: true,
  void: true,
  leave: true,
  remove: true,
  captain: true,
  code: true,
  rename: true,
  bracket: true,
  make: true,
  forget: true,
  seat: true,
  unseat: true,
  depart: true,
  arrive: true,
};

/** Types that came later: a team that has one of them says so in `kinds`. */
const LATER: ReadonlySet<string> = new Set([
  "start",
  "solve",
  "unsolve",
  "opened",
  "reset",
  "merge",
  "absorb",
  "leave",
  "remove",
  "captain",
  "code",
  "rename",
  "bracket",
  "make",
  "forget",
  "seat",
  "unseat",
  "depart",
  "arrive",
] satisfies Fact["type"][]);

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
  started: true,
};

/** False: newer code recorded it. It is not a bad fact, but nothing follows from it here. */
export const isKnown = ({ type, outcome }: { type: string; outcome?: string }): boolean =>
  Object.hasOwn(TYPES, type) && (outcome === undefined || Object.hasOwn(OUTCOMES, outcome));

/** Whether the fact is its team's first. */
export const makesTeam = (fact: Fact): boolean =>
  fact.type === "make" || (fact.type === "join" && fact.created !== undefined);

/** The version of this fold. A change that folds facts which were refused before adds one. */
export const FOLD_FORM = 1;

/** Wrong texts remembered of a team and clue: a text given again takes no try. */
export const TEXTS_REMEMBERED = 200;

/**
 * Wrong texts remembered of a team: a page of 64 teams stays within 1 MB of them,
 * however many clues a team tries. The clue tried longest ago is forgotten first.
 */
export const TEXTS_OF_TEAM = 1_000;

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
  noteSlot(next, fact);
  if (LATER.has(fact.type) && !next.kinds?.includes(fact.type)) {
    next.kinds = [...(next.kinds ?? []), fact.type];
  }
  if ("score" in fact && fact.score !== undefined) next.told = fact.score;
  return next;
}

/** What is personal of the member is sealed under this key from now on. */
function noteSlot({ members }: Team, fact: Fact): void {
  if (fact.slot === undefined || !("player" in fact)) return;
  const member = members.find(({ id }) => id === fact.player);
  if (!member) return;
  member.slot = fact.slot;
  if (fact.type === "join" || fact.type === "arrive") member.joinSeq = fact.seq;
}

/** Why the fact cannot follow the team's others; undefined: it can. */
function objectionTo(team: Team | undefined, fact: Fact): string | undefined {
  const { seq } = fact;
  if (!team) {
    if (fact.type === "make") return undefined;
    if (fact.type !== "join") return `fact ${seq} comes before its team was created`;
    return fact.created ? undefined : `join ${seq} names a team that does not exist`;
  }
  if (fact.type === "make") return `fact ${seq} makes a team that exists`;
  if ("move" in fact || fact.type === "leave" || fact.type === "remove" || fact.type === "captain") {
    const isMember = team.members.some(({ id }) => id === fact.player);
    const isComing = fact.type === "seat" || fact.type === "unseat" || fact.type === "arrive";
    if (!isComing) return isMember ? undefined : `fact ${seq} is about ${fact.player}, who is no member`;
    if (isMember) return `fact ${seq} is about a seat for ${fact.player}, who has one`;
    const isKept = team.seats?.some(({ move }) => move === fact.move) === true;
    if (fact.type === "seat") return isKept ? `fact ${seq} keeps a seat a second time` : undefined;
    return isKept ? undefined : `fact ${seq} is about a seat that is not kept`;
  }
  if (fact.type === "forget") {
    const isKnown = [...team.members, ...(team.former ?? [])].some(({ id }) => id === fact.player);
    return isKnown ? undefined : `fact ${seq} forgets ${fact.player}, who was never a member`;
  }
  if (fact.type === "merge") {
    const isLeft = team.members.length === 0 && team.solves.size === 0 && team.merged === undefined;
    return isLeft ? undefined : `fact ${seq} merges a team that is not emptied, or no more`;
  }
  if (fact.type === "absorb" && team.absorbed?.includes(fact.merge))
    return `fact ${seq} takes in a team a second time`;
  if (fact.type === "solve" || fact.type === "unsolve") return objectionToSolve(team, fact);
  if (!("outcome" in fact)) return undefined;
  if (fact.outcome === "correct" && team.solves.has(fact.clue ?? "")) {
    return `fact ${seq} solves ${fact.clue ?? ""} a second time`;
  }
  if (fact.outcome === "started" && team.startedAt !== undefined) {
    return `fact ${seq} starts the team a second time`;
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
  if (fact.type === "make") return create(fact, fact);
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
      for (const wins of [team.wins, ...team.members.map(({ won }) => won)]) {
        const win = wins?.find(({ prize, unit }) => prize === fact.prize && unit === fact.unit);
        if (win) win.revoked = true;
      }
      return team;
    }
    case "reached":
      if (!team.reached.has(fact.points)) team.reached.set(fact.points, fact.at);
      return team;
    case "solve":
      team.attempts.forgetTexts(fact.clue);
      return countSolve(team, fact);
    case "unsolve":
      return takeBack(team, fact);
    case "opened":
      return keepOpen(team, fact);
    case "reset":
      return refill(team, fact);
    case "merge":
      return handOver(team, fact);
    case "absorb":
      return absorb(team, fact);
    case "void":
      return voided(team, fact);
    case "leave":
      return leave(team, fact.player, fact.at);
    case "remove":
      if (fact.last) delete team.keepsPlace;
      return leave(team, fact.player, fact.at);
    case "seat":
      team.seats = [...(team.seats ?? []), { move: fact.move, player: fact.player, from: fact.from }];
      return team;
    case "unseat":
      return unseat(team, fact.move);
    case "depart": {
      const { player, move, to } = fact;
      const own = team.members.find(({ id }) => id === player);
      return leave(team, player, fact.at, {
        move,
        to,
        gen: generationOf(own ?? {}),
        ...(own?.provisional ? { provisional: true } : {}),
        ...(own?.effectiveAt === undefined ? {} : { effectiveAt: own.effectiveAt }),
        ...(own?.lastReached === undefined ? {} : { lastReached: own.lastReached }),
      });
    }
    case "arrive":
      return arrive(unseat(team, fact.move), fact);
    case "captain":
      team.captain = fact.player;
      return team;
    case "code":
      team.joinCode = fact.joinCode;
      return team;
    case "rename":
      return rename(team, fact);
    case "bracket":
      team.bracket = fact.bracket;
      return team;
    case "forget":
      return forget(team, fact);
    default:
      return play(team, fact);
  }
}

/** A member's generation never goes back: what was void once stays so. */
function voided(team: Team, { type, member, gen, key }: Fact & { type: "void" }): Team {
  // An engine that does not know this type would let void tokens play on.
  if (!team.kinds?.includes(type)) team.kinds = [...(team.kinds ?? []), type];
  const own = team.members.find(({ id }) => id === member);
  if (!own || generationOf(own) >= gen) return team;
  own.gen = gen;
  if (key === undefined) delete own.voidedBy;
  else own.voidedBy = key;
  return team;
}

function join(team: Team | undefined, fact: JoinFact): Team {
  const joined = team ?? create(fact, fact.created);
  delete joined.keepsPlace;
  joined.members.push({
    id: fact.player,
    name: fact.name,
    joinedAt: fact.at,
    ...(fact.externalId === undefined ? {} : { externalId: fact.externalId }),
    ...(fact.provisional ? { provisional: true } : {}),
  });
  return joined;
}

function leave(team: Team, player: string, leftAt: number, moved?: Moved): Team {
  const place = team.members.findIndex(({ id }) => id === player);
  const [gone] = place < 0 ? [] : team.members.splice(place, 1);
  if (!gone) return team;
  const { id, name, joinedAt, externalId, slot, joinSeq } = gone;
  const former = {
    id,
    name,
    joinedAt,
    leftAt,
    ...(externalId === undefined ? {} : { externalId }),
    ...(slot === undefined ? {} : { slot }),
    ...(joinSeq === undefined ? {} : { joinSeq }),
    ...(moved === undefined ? {} : { moved }),
  };
  team.former = [...(team.former ?? []), former];
  if (team.captain === player) delete team.captain;
  return team;
}

/** Of a member, and of who left: a neutral entry stays, so that the player's tokens stay void. */
function forget(team: Team, { player, at, alone }: ForgetFact): Team {
  const place = team.members.findIndex(({ id }) => id === player);
  const [gone] = place < 0 ? [] : team.members.splice(place, 1);
  const neutral = (joinedAt: number, leftAt: number): FormerMember => ({
    id: player,
    name: FORGOTTEN_NAME,
    joinedAt,
    leftAt,
    forgotten: true,
  });
  const former = (team.former ?? []).map((each) =>
    each.id === player ? neutral(each.joinedAt, each.leftAt) : each,
  );
  team.former = gone ? [...former, neutral(gone.joinedAt, at)] : former;
  if (gone && team.members.length === 0) team.keepsPlace = true;
  if (team.captain === player) delete team.captain;
  if (alone) team.name = FORGOTTEN_NAME;
  return team;
}

function unseat(team: Team, move: string): Team {
  const seats = team.seats?.filter((seat) => seat.move !== move);
  if (seats && seats.length > 0) team.seats = seats;
  else delete team.seats;
  return team;
}

function arrive(team: Team, fact: Fact & { type: "arrive" }): Team {
  const { player, name, at, externalId, provisional, gen, from } = fact;
  delete team.keepsPlace;
  const { effectiveAt, position, reached, wins, events } = fact;
  team.members.push({
    id: player,
    name,
    joinedAt: at,
    ...(externalId === undefined ? {} : { externalId }),
    ...(provisional ? { provisional } : {}),
    gen,
    ...(effectiveAt === undefined ? {} : { effectiveAt }),
    ...(position === undefined || reached === undefined ? {} : { lastReached: { ...position, ...reached } }),
    from,
    // Copies: a win that is revoked later was none when it was recorded.
    ...(wins === undefined ? {} : { won: wins.map((win) => ({ ...win })) }),
    ...(events === undefined ? {} : { before: events }),
  });
  return team;
}

function rename(team: Team, { name, nameKey, player }: Fact & { type: "rename" }): Team {
  team.name = name;
  if (nameKey !== undefined) team.nameKey = nameKey;
  // Who plays alone is called like the team.
  const alone = team.members.find(({ id }) => id === player);
  if (alone) alone.name = name;
  return team;
}

function create(fact: JoinFact | MakeFact, created: JoinFact["created"]): Team {
  if (!created) throw new Unfoldable(`join ${fact.seq} names a team that does not exist`);
  const { name, bracket, joinCode } = created;
  return {
    id: fact.team,
    name,
    ...(bracket === undefined ? {} : { bracket }),
    ...(joinCode === undefined ? {} : { joinCode }),
    joinedAt: fact.at,
    joinSeq: fact.seq,
    lastAt: fact.at,
    members: [],
    ...unplayed(),
  };
}

function play(team: Team, fact: PlayFact): Team {
  const clue = fact.clue ?? "";
  eventOf(fact.type)?.evolve?.(team, fact);
  noteEffectiveTime(team, fact);
  switch (fact.outcome) {
    case "correct": {
      const points = fact.points ?? 0;
      const { at, seq, less } = fact;
      team.solves.set(clue, { at, seq, points, ...(less === undefined ? {} : { less }) });
      team.attempts.forgetTexts(clue);
      team.earned += points;
      notePeak(team, fact.at);
      return team;
    }
    case "incorrect": {
      const { wrongText } = fact;
      team.attempts.note(clue, fact.attemptsLeft ?? 0, fact.at);
      if (wrongText === undefined) return team;
      team.attempts.addText(clue, wrongText, TEXTS_REMEMBERED);
      // Most teams have tried too few clues for that.
      if (team.attempts.size * TEXTS_REMEMBERED > TEXTS_OF_TEAM)
        team.attempts.boundTexts(clue, TEXTS_OF_TEAM);
      return team;
    }
    case "started":
      team.startedAt = fact.at;
      return team;
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
  if (score > team.peaks.highest) team.peaks.push(at, score);
}
