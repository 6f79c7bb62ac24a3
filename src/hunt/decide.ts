/**
 * `decide`: one player's command against a team's state → the facts it makes
 * and what the player is told. PURE: the clock, earlier facts and the
 * standings' word come in as arguments; live traffic, import and simulation
 * run this same function.
 */

import type { Command, NewFact, PlayFact, Result, UnrecordedOutcome } from "../protocol.ts";
import type { AttemptLimits, CompiledClue, CompiledPrize } from "./compiled.ts";
import type { IndexedHunt } from "./indexed.ts";
import { CLOCK_TOLERANCE } from "./moment.ts";
import type { Phase } from "./phase.ts";
import { judgeCheckin } from "./place.ts";
import { type Attempts, hintKey, recordedScore, type Team, type Win } from "./team.ts";
import { holdsAt, opensAt, progressOf } from "./unlock.ts";

/** What a rule may know beside the team. */
export interface Context {
  hunt: IndexedHunt;
  phase: Phase;
  /** When the hunt opened, epoch ms; `Infinity` before that. */
  openedAt: number;
  /** With moving scores, the standings' last word; undefined before the first. */
  word?: ScoreWord;
  /** What only a live shard knows of prizes; without it, claims are refused. */
  prizes?: PrizeWord;
}

/** What the organisers and the vault said of prizes. */
export interface PrizeWord {
  withdrawn(prize: string): boolean;
  /** The vault has no unit left, nor one kept for a team of this shard. */
  drained(prize: string): boolean;
  /** What the winner of a unit is shown; undefined: it cannot be made any more. */
  codeOf(prize: string, unit: number): string | undefined;
}

/** The standings' word, indexed: present clue values and this shard's bonuses. */
export interface ScoreWord {
  asOf: number;
  values: ReadonlyMap<string, number>;
  /** Team → its first-solve bonuses in all. */
  bonuses: ReadonlyMap<string, number>;
  /** `team/clue` → that bonus alone, where it is known. */
  bonusOf?: ReadonlyMap<string, number>;
}

/**
 * A result that changed nothing, or the facts to record (the first is the
 * result's), or a claim that the vault must decide: see `decideClaim`.
 */
export type Decision = { result: Result } | { facts: NewFact[] } | { claim: string };

/**
 * Decides `command` of `player` at `now` (epoch ms). `recorded` is the fact an
 * earlier command of the team with this id made, if any.
 */
export function decide(
  context: Context,
  team: Team,
  player: string,
  command: Command,
  recorded: PlayFact | undefined,
  now: number,
): Decision {
  const tell = (outcome: UnrecordedOutcome, more?: Partial<Result>): Decision => ({
    result: { id: command.id, outcome, ...more },
  });

  if (recorded) {
    if (!sameCommand(recorded, command)) return tell("conflict");
    return { result: { ...resultOf(context, recorded, player), duplicate: true } };
  }
  if (context.phase === "draft") return tell("not_open");
  if (context.phase === "ended") return tell("ended");
  if (team.banned) return tell("banned");
  if (context.phase === "paused") return tell("paused");

  const fact = (outcome: PlayFact["outcome"], more: Partial<PlayFact>): PlayFactDraft =>
    draftOf(team, player, command, outcome, more, now);

  if (command.type === "claim") return claim(command.prize);
  if (command.type === "scan") return scan(command.codeDigest);

  const clue = context.hunt.clues.get(command.clue);
  const progress = progressOf(context.hunt, team, context.openedAt, now);
  if (!clue || opensAt(context.hunt, clue, team, progress) > now) {
    return tell("locked", { clue: command.clue });
  }
  if (command.type === "hint") return hint(clue, command.hint);
  if (team.solves.has(clue.id)) return tell("already_solved", { clue: clue.id });
  if (command.type === "checkin") {
    if (!clue.place)
      return tell("invalid", { clue: clue.id, message: `${clue.id} is not solved by a check-in` });
    const last = team.members.find((member) => member.id === player)?.lastCheckin;
    const { outcome, distance } = judgeCheckin(clue.place, command.position, last, now);
    const where = { clue: clue.id, position: command.position, distance };
    return outcome === "correct" ? solve(clue, where) : { facts: [fact(outcome, where)] };
  }
  return answer(clue, command);

  function answer(clue: CompiledClue, given: Command & { type: "answer" }): Decision {
    if (clue.kind !== "answer" && clue.kind !== "choice") {
      return tell("invalid", { clue: clue.id, message: `${clue.id} is not solved by an answer` });
    }
    const bucket = team.attempts.get(clue.id);
    if (clue.attempts.perClue > 0 && (bucket?.wrong ?? 0) >= clue.attempts.perClue) {
      return tell("exhausted", { clue: clue.id });
    }
    const tokens = tokensAt(clue.attempts, bucket, now);
    // Before the answer is looked at: an empty bucket must not be an oracle.
    if (tokens < TOKEN) return cooldown(clue.attempts, bucket, { clue: clue.id });
    const digest = given.digests[clue.compare] ?? null;
    const text = { clue: clue.id, answer: given.answer };
    if (digest !== null) {
      if (context.hunt.answers.get(clue.id)?.has(digest)) return solve(clue, text);
      const say = context.hunt.nudges.get(clue.id)?.get(digest);
      if (say !== undefined) return { facts: [fact("nudge", { ...text, message: say })] };
    }
    return { facts: [fact("incorrect", { ...text, attemptsLeft: rounded(tokens - 1) })] };
  }

  function scan(codeDigest: string): Decision {
    const limits = context.hunt.compiled.attempts;
    const tokens = tokensAt(limits, team.codes, now);
    if (tokens < TOKEN) return cooldown(limits, team.codes, {});
    const clue = context.hunt.codes.get(codeDigest);
    if (!clue) {
      return { facts: [fact("unknown_code", { codeDigest, attemptsLeft: rounded(tokens - 1) })] };
    }
    const progress = progressOf(context.hunt, team, context.openedAt, now);
    if (opensAt(context.hunt, clue, team, progress) > now) return tell("locked");
    if (team.solves.has(clue.id)) return tell("already_solved", { clue: clue.id });
    return solve(clue, { clue: clue.id, codeDigest });
  }

  function solve(clue: CompiledClue, how: Partial<PlayFact>): Decision {
    const points = presentValue(context, clue);
    const score = scoreOf(context, team) + points;
    const reached = newlyReached(context, team, score);
    const before = progressOf(context.hunt, team, context.openedAt, now);
    const after = progressOf(context.hunt, team, context.openedAt, now, {
      clue: clue.id,
      at: now,
      points,
      reached,
    });
    const unlocked = (context.hunt.dependents.get(clue.id) ?? [])
      .filter((other) => !team.solves.has(other.id) && other.id !== clue.id)
      .filter((other) => opensAt(context.hunt, other, team, before) > now)
      .filter((other) => opensAt(context.hunt, other, team, after) <= now)
      .slice(0, UNLOCKED_TOLD_MAX)
      .map((other) => other.id);
    return {
      facts: [fact("correct", { ...how, points, score, unlocked }), ...reachedFacts(team.id, reached, now)],
    };
  }

  function hint(clue: CompiledClue, id: string): Decision {
    const wanted = clue.hints.find((candidate) => candidate.id === id);
    if (!wanted) return tell("invalid", { clue: clue.id, message: `${clue.id} has no hint ${id}` });
    const shown = { clue: clue.id, hint: { id: wanted.id, text: wanted.text } };
    if (team.hints.has(hintKey(clue.id, wanted.id))) {
      // Given before: shown again, charged once, nothing to record.
      return { result: { id: command.id, outcome: "taken", ...shown } };
    }
    const availableAt = opensAt(context.hunt, clue, team, progress) + wanted.after;
    if (availableAt > now) return tell("not_yet", { clue: clue.id, retryAt: iso(availableAt) });
    const score = scoreOf(context, team) - wanted.cost;
    if (wanted.cost > 0 && score < 0) return tell("unaffordable", { clue: clue.id });
    return { facts: [fact("taken", { clue: clue.id, hint: wanted.id, cost: wanted.cost, score })] };
  }

  function claim(id: string): Decision {
    const { hunt, prizes } = context;
    const about = { prize: { id } };
    const prize = hunt.prizes.get(id);
    if (!prize) return tell("not_eligible", about);
    if (!prizes) return tell("invalid", { ...about, message: "prizes are handed out in the live hunt only" });
    if (!isEligible(context, prize, team, now)) {
      const from = prize.window?.from ?? now;
      return tell("not_eligible", { ...about, ...(from > now ? { retryAt: iso(from) } : {}) });
    }
    if (hasEnough(team, prize, player)) return tell("already_won", about);
    if (prizes.drained(id)) return tell("sold_out", about);
    const limits = hunt.compiled.attempts;
    const bucket = triesOf(team, id);
    if (tokensAt(limits, bucket, now) < TOKEN) return cooldown(limits, bucket, about);
    return { claim: id };
  }

  function cooldown(limits: AttemptLimits, bucket: Attempts | undefined, more: Partial<Result>): Decision {
    const until = cooldownUntil(limits, bucket, now);
    return until === undefined ? tell("exhausted", more) : tell("cooldown", { ...more, retryAt: iso(until) });
  }
}

type PlayFactDraft = Omit<PlayFact, "seq">;

function draftOf(
  team: Team,
  player: string,
  command: Command,
  outcome: PlayFact["outcome"],
  more: Partial<PlayFact>,
  now: number,
): PlayFactDraft {
  const { type, id: event, clientAt } = command;
  const draft: PlayFactDraft = { at: now, team: team.id, type, outcome, player, event };
  if (clientAt !== undefined) draft.clientAt = clientAt;
  return Object.assign(draft, more);
}

/** What the vault said of a claim. `at`: when, epoch ms. */
export type VaultWord =
  | { outcome: "won"; unit: number; at: number }
  | { outcome: "missed"; at: number }
  | { outcome: "sold_out" | "already_won" | "not_eligible" };

/**
 * The decision on a claim that `decide` left to the vault. A win is recorded
 * whatever became of the hunt or the team meanwhile: the vault gave the unit.
 */
export function decideClaim(
  context: Context,
  team: Team,
  player: string,
  command: Command & { type: "claim" },
  word: VaultWord,
  now: number,
): { result: Result } | { facts: NewFact[] } {
  const { id, prize } = command;
  switch (word.outcome) {
    case "won": {
      const how = { prize, unit: word.unit, drawnAt: word.at };
      return { facts: [draftOf(team, player, command, "won", how, now)] };
    }
    case "missed": {
      const tokens = Math.max(0, tokensAt(context.hunt.compiled.attempts, triesOf(team, prize), now) - 1);
      const how = { prize, drawnAt: word.at, attemptsLeft: rounded(tokens) };
      return { facts: [draftOf(team, player, command, "missed", how, now)] };
    }
    default:
      return { result: { id, outcome: word.outcome, prize: { id: prize } } };
  }
}

/** The team's wins of one prize, revoked ones too: they count for its limits. */
const winsOf = (team: Team, prize: string): Win[] => (team.wins ?? []).filter((win) => win.prize === prize);

/** Whether the prize's limits leave nothing to this player of the team. */
export function hasEnough(team: Team, { id, perTeam, perPlayer }: CompiledPrize, player: string): boolean {
  const own = winsOf(team, id);
  const byPlayer = own.filter((win) => win.player === player).length;
  return own.length >= perTeam || byPlayer >= (perPlayer ?? Number.POSITIVE_INFINITY);
}

const triesOf = (team: Team, prize: string): Attempts | undefined =>
  team.tries?.find((tried) => tried.prize === prize)?.bucket;

/** Whether the team may claim this prize now, as far as its limits and the stock are not concerned. */
export function isEligible(context: Context, prize: CompiledPrize, team: Team, now: number): boolean {
  const { hunt, prizes, openedAt } = context;
  if (prizes?.withdrawn(prize.id)) return false;
  if (prize.window && (now < prize.window.from || now > prize.window.to)) return false;
  if (!prize.requires) return true;
  return holdsAt(hunt, prize.requires, progressOf(hunt, team, openedAt, now)) <= now;
}

/**
 * What `player` is told about a recorded fact: the same the first time and every
 * time after. Only who claimed a prize is shown its code.
 */
export function resultOf({ hunt, prizes }: Context, fact: PlayFact, player: string): Result {
  const result: Result = { id: fact.event, outcome: fact.outcome, seq: fact.seq };
  if (fact.clue !== undefined) result.clue = fact.clue;
  if (fact.points !== undefined) result.points = fact.points;
  if (fact.score !== undefined) result.score = fact.score;
  if (fact.unlocked !== undefined) result.unlocked = fact.unlocked;
  if (fact.message !== undefined) result.message = fact.message;
  if (fact.type === "hint" && fact.hint !== undefined) {
    const text = hunt.clues.get(fact.clue ?? "")?.hints.find((hint) => hint.id === fact.hint)?.text;
    result.hint = { id: fact.hint, text: text ?? "" };
  }
  if (fact.outcome === "out_of_range" && fact.distance !== undefined) {
    const radius = hunt.clues.get(fact.clue ?? "")?.place?.radius ?? 0;
    if (fact.distance <= NEAR_RADII * radius) result.distance = roughly(fact.distance);
  }
  if (fact.prize !== undefined) {
    const own = fact.unit !== undefined && fact.player === player;
    const code = own ? prizes?.codeOf(fact.prize, fact.unit ?? -1) : undefined;
    result.prize = { id: fact.prize, ...(code === undefined ? {} : { code }) };
  }
  return result;
}

/** Whether a repeated id came with the same body. The client's clock may differ. */
function sameCommand(fact: PlayFact, command: Command): boolean {
  if (fact.type !== command.type) return false;
  switch (command.type) {
    case "answer":
      return fact.clue === command.clue && fact.answer === command.answer;
    case "scan":
      return fact.codeDigest === command.codeDigest;
    case "checkin":
      return (
        fact.clue === command.clue &&
        fact.position?.lat === command.position.lat &&
        fact.position.lng === command.position.lng &&
        fact.position.accuracy === command.position.accuracy
      );
    case "hint":
      return fact.clue === command.clue && fact.hint === command.hint;
    case "claim":
      return fact.prize === command.prize;
  }
}

/** What the clue is worth now to whoever solves it: static, or by the standings' last word. */
export function presentValue(context: Context, clue: CompiledClue): number {
  return context.word?.values.get(clue.id) ?? clue.points;
}

/** The team's score now: exact with static scoring, else as of the standings' last word. */
export function scoreOf(context: Context, team: Team): number {
  if (!context.hunt.dynamic) return recordedScore(team);
  let score = team.adjusted + (context.word?.bonuses.get(team.id) ?? 0);
  for (const id of team.solves.keys()) {
    const clue = context.hunt.clues.get(id);
    if (clue) score += presentValue(context, clue);
  }
  return score;
}

/**
 * With moving scores a `{points: n}` condition must be noted when it is met,
 * because the score may fall again. The thresholds `score` meets for the first time.
 */
export function newlyReached({ hunt, word }: Context, team: Team, score: number): number[] {
  // Without the standings' word a score is a guess, and what is noted stays.
  if (!hunt.dynamic || !word) return [];
  return hunt.thresholds.filter((points) => points > 0 && score >= points && !team.reached.has(points));
}

/** The facts that note `newlyReached`. */
export function reachedFacts(team: string, reached: readonly number[], now: number): NewFact[] {
  return reached.map((points) => ({ at: now, team, type: "reached" as const, points }));
}

/**
 * Unlocked clues told of one solve at most: with ids of 63 characters that keeps
 * the fact within a queue message of 128 KB. All of them are in `/me`.
 */
const UNLOCKED_TOLD_MAX = 1_000;

/** What floating point may lose on the way to a token. */
const TOKEN_NOISE = 1e-9;
const TOKEN = 1 - TOKEN_NOISE;

/** The last moment a `Date` can tell (ECMA-262), epoch ms: a trickle of a refill may take longer. */
const TIME_MAX = 8.64e15;

/**
 * Tokens in a bucket at `now`; a clock that went back a little refills nothing.
 * A bucket dated far ahead was filled while the clock was wrong: it counts as
 * full, because a team must not wait until the clock gets there.
 */
function tokensAt(limits: AttemptLimits, bucket: Attempts | undefined, now: number): number {
  if (!bucket || bucket.at - now > CLOCK_TOLERANCE) return limits.burst;
  const minutes = Math.max(0, now - bucket.at) / 60_000;
  return Math.min(limits.burst, bucket.tokens + minutes * limits.refillPerMinute);
}

/** When the bucket will hold a token again; undefined if it holds one now or never refills. */
export function cooldownUntil(
  limits: AttemptLimits,
  bucket: Attempts | undefined,
  now: number,
): number | undefined {
  const { refillPerMinute } = limits;
  if (!bucket || refillPerMinute <= 0 || tokensAt(limits, bucket, now) >= TOKEN) return undefined;
  // From the bucket's own time: the same moment however often it is asked for,
  // also after the clock went back. Half the noise, so that the token is there
  // then, and a moment that is a whole millisecond is not rounded up to the next.
  const missing = 1 - TOKEN_NOISE / 2 - bucket.tokens;
  return Math.min(TIME_MAX, bucket.at + Math.ceil((missing / refillPerMinute) * 60_000));
}

/**
 * Radii from a place within which a player is told how far it is: who is near
 * is helped, and who asks from afar, perhaps with invented positions, cannot
 * measure where it lies.
 */
const NEAR_RADII = 10;

/** Rounded up to one digit: 234 m are 300. */
function roughly(metres: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(10, metres)));
  return Math.ceil(metres / unit) * unit;
}

/** Rounds down, to keep the log short: a rounding must never give a token early. */
const rounded = (tokens: number): number => Math.floor(tokens * 1_000) / 1_000;

const iso = (at: number): string => new Date(at).toISOString();
