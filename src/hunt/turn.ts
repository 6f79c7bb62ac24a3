/**
 * A turn: one event of a player while it is decided. This is how far the rules
 * of one kind of clue, of hints and of claims see; `decide` makes the turn.
 */
import type { Command, NewFact, PlayFact, RecordedOutcome, Result, UnrecordedOutcome } from "../protocol.ts";
import { type AttemptLimits, cooldownUntil } from "./attempts.ts";
import { iso } from "./moment.ts";
import type { Attempts, Team } from "./team.ts";

/**
 * A result that changed nothing, or the facts to record (the first is the
 * result's), or a claim that the vault must decide: see `decideClaim`.
 */
export type Decision = { result: Result } | { facts: NewFact[] } | { claim: string };

export interface Turn {
  readonly team: Team;
  readonly player: string;
  /** Epoch ms. */
  readonly now: number;
  /** The hunt's own limits, for tries that belong to no clue. */
  readonly limits: AttemptLimits;
  /** Digest of a code → the clue it solves. */
  readonly codes: ReadonlyMap<string, { readonly id: string }>;
  /** The event changes nothing, and the player is told so. */
  tell(outcome: UnrecordedOutcome, more?: Partial<Result>): Decision;
  /** The event is recorded; `more` goes into the fact. */
  record(outcome: Exclude<RecordedOutcome, "correct">, more: Partial<PlayFact>): Decision;
  /** The event solves the turn's clue; `how` goes into the fact, with its points, the score and what opens. */
  solve(how: Partial<PlayFact>): Decision;
}

/** The decision on a try while its bucket is empty. `about` says in the result what was tried. */
export function cooldown(
  turn: Turn,
  limits: AttemptLimits,
  bucket: Attempts | undefined,
  about: Partial<Result>,
): Decision {
  const until = cooldownUntil(limits, bucket, turn.now);
  return until === undefined
    ? turn.tell("exhausted", about)
    : turn.tell("cooldown", { ...about, retryAt: iso(until) });
}

/** The fact of a command, before the log numbers it. */
export function draftOf(
  team: Team,
  player: string,
  command: Command,
  outcome: PlayFact["outcome"],
  more: Partial<PlayFact>,
  now: number,
): Omit<PlayFact, "seq"> {
  const { type, id: event, clientAt } = command;
  const draft: Omit<PlayFact, "seq"> = { at: now, team: team.id, type, outcome, player, event };
  if (clientAt !== undefined) draft.clientAt = clientAt;
  return Object.assign(draft, more);
}
