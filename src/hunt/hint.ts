/** The decision on a hint that a team asks for, and what its player is told. */
import type { PlayFact, Result } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import { iso } from "./moment.ts";
import { hintKey } from "./team.ts";
import { asSeen, scoreOf } from "./team-score.ts";
import type { Decision, Turn } from "./turn.ts";
import { closesAt } from "./unlock.ts";
import { hintText } from "./withdrawn.ts";

/** Decides on the hint `id` of a clue that opened for the team at `openedAt` (epoch ms). `event`: the event's id. */
export function decideHint(
  context: Context,
  turn: Turn,
  event: string,
  clue: CompiledClue,
  openedAt: number,
  id: string,
): Decision {
  const again = shownAgain(context, turn, event, clue.id, id);
  if (again) return again;
  if (turn.team.solves.has(clue.id)) return turn.tell("already_solved", { clue: clue.id });
  if (clue.closes && closesAt(clue, openedAt) <= turn.now) return turn.tell("closed", { clue: clue.id });
  const hint = clue.hints.find((candidate) => candidate.id === id);
  if (!hint) return turn.tell("invalid", { clue: clue.id, message: `${clue.id} has no hint ${id}` });
  const availableAt = openedAt + hint.after;
  if (availableAt > turn.now) return turn.tell("not_yet", { clue: clue.id, retryAt: iso(availableAt) });
  const isAffordable = scoreOf(context, turn.team) >= hint.cost;
  if (hint.cost > 0 && !isAffordable) return turn.tell("unaffordable", { clue: clue.id });
  const score = scoreOf(asSeen(context), turn.team) - hint.cost;
  return turn.record("taken", { clue: clue.id, hint: hint.id, cost: hint.cost, score });
}

/** A hint that the team took is shown again, charged once, with nothing to record; also when its clue is locked or dropped. */
export function shownAgain(
  { hunt }: Context,
  turn: Turn,
  event: string,
  clue: string,
  id: string,
): Decision | undefined {
  if (!turn.team.hints.has(hintKey(clue, id))) return undefined;
  const text = hintText(hunt, clue, id);
  return text === undefined
    ? undefined
    : { result: { id: event, outcome: "taken", clue, hint: { id, text } } };
}

/** Adds the hint's text to the result of the fact that took it: as it is in the present version, or was in the last that had it. */
export function hintResult(hunt: Context["hunt"], { clue, hint }: PlayFact, result: Result): void {
  if (hint === undefined) return;
  result.hint = { id: hint, text: hintText(hunt, clue ?? "", hint) ?? "" };
}
