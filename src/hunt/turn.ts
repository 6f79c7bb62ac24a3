/**
 * A turn: one event of a player while it is decided. This is how far the rules
 * of one kind of clue, of hints and of claims see; `decide` makes the turn.
 */
import type {
  Command,
  NewFact,
  PlayFact,
  RecordedOutcome,
  Result,
  SentFile,
  UnrecordedOutcome,
} from "../protocol.ts";
import { type AttemptLimits, cooldownUntil, isEmpty, tokensLeft } from "./attempts.ts";
import { effectiveTime } from "./client-time.ts";
import { iso } from "./moment.ts";
import type { Attempts, Team } from "./team.ts";

/**
 * A result that changed nothing, or the facts to record (the first is the
 * result's), or a claim that the vault must decide: see `decideClaim`. `waits`:
 * the decision depends on what comes of the team's claims that the vault has
 * now; it is made again when one of them is decided.
 */
export type Decision = { result: Result } | { facts: NewFact[] } | { claim: string; waits?: true };

export interface Turn {
  readonly team: Team;
  readonly player: string;
  /** Epoch ms. */
  readonly now: number;
  /** The event's effective time, where its client told a time; epoch ms. */
  readonly effectiveAt: number | undefined;
  /** The engine's budgets hold the event until then, epoch ms; undefined: it may be judged. */
  readonly heldUntil: number | undefined;
  /** The hunt's own limits, for tries that belong to no clue. */
  readonly limits: AttemptLimits;
  /** Digest of a code → the clue it solves. */
  readonly codes: ReadonlyMap<string, { readonly id: string }>;
  /** The file that the team sent for the clue under this id; undefined: there is none that a submission may name. */
  uploadOf(upload: string, clue: string): SentFile | undefined;
  /** The event changes nothing, and the player is told so. */
  tell(outcome: UnrecordedOutcome, more?: Partial<Result>): Decision;
  /** The team gave this wrong text before: nothing changes, and it takes no try. */
  repeated(about: Partial<Result>): Decision;
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
    : turn.tell("cooldown", { ...about, retryAt: iso(Math.max(until, turn.heldUntil ?? until)) });
}

/** The decision on an event that the engine's budgets hold; undefined: they do not. */
export function held(turn: Turn, about: Partial<Result>): Decision | undefined {
  const until = turn.heldUntil;
  return until === undefined ? undefined : turn.tell("cooldown", { ...about, retryAt: iso(until) });
}

/** What of a clue its tries need. */
interface Tried {
  id: string;
  attempts: AttemptLimits;
}

/** The refusal of a try at the clue while the team has none left there; undefined: it has one. */
export function refuseTry(turn: Turn, { id, attempts }: Tried): Decision | undefined {
  const bucket = turn.team.attempts.get(id);
  if (attempts.perClue > 0 && (bucket?.wrong ?? 0) >= attempts.perClue) {
    return turn.tell("exhausted", { clue: id });
  }
  const about = { clue: id };
  return isEmpty(attempts, bucket, turn.now) ? cooldown(turn, attempts, bucket, about) : held(turn, about);
}

/** Characters of a digest that tell wrong texts of a team apart: more than 64 bits. */
const TEXT_TOLD_BY = 12;

/** The end of a digest, which tells equal texts. */
export const endOf = (digest: string): string => digest.slice(-TEXT_TOLD_BY);

/**
 * Records a wrong try at the clue, which takes a token; `given` goes into the
 * fact. One that the team gave before is repeated only. `digest`: of the text, as the
 * clue compares; null: nothing of it remains, and all of those are equal.
 */
export function recordWrong(
  turn: Turn,
  { id, attempts }: Tried,
  given: Partial<PlayFact>,
  digest: string | null,
): Decision {
  const bucket = turn.team.attempts.get(id);
  const wrongText = digest === null ? "" : endOf(digest);
  if (turn.team.attempts.hasText(id, wrongText)) return turn.repeated({ clue: id });
  const attemptsLeft = tokensLeft(attempts, bucket, turn.now);
  return turn.record("incorrect", { ...given, wrongText, attemptsLeft });
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
  draft.behind = now - effectiveTime(team, player, clientAt, now);
  return Object.assign(draft, more);
}
