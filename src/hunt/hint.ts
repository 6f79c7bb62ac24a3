/** The decision on a hint that a team asks for, and what its player is told. */
import type { PlayFact, Result } from "../protocol.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import { iso } from "./moment.ts";
import { hintKey } from "./team.ts";
import { scoreOf } from "./team-score.ts";
import type { Decision, Turn } from "./turn.ts";

/** Decides on the hint `id` of a clue that opened for the team at `openedAt` (epoch ms). `event`: the event's id. */
export function decideHint(
  context: Context,
  turn: Turn,
  event: string,
  clue: CompiledClue,
  openedAt: number,
  id: string,
): Decision {
  const hint = clue.hints.find((candidate) => candidate.id === id);
  if (!hint) return turn.tell("invalid", { clue: clue.id, message: `${clue.id} has no hint ${id}` });
  if (turn.team.hints.has(hintKey(clue.id, hint.id))) {
    // Given before: shown again, charged once, nothing to record.
    const shown = { clue: clue.id, hint: { id: hint.id, text: hint.text } };
    return { result: { id: event, outcome: "taken", ...shown } };
  }
  const availableAt = openedAt + hint.after;
  if (availableAt > turn.now) return turn.tell("not_yet", { clue: clue.id, retryAt: iso(availableAt) });
  const score = scoreOf(context, turn.team) - hint.cost;
  if (hint.cost > 0 && score < 0) return turn.tell("unaffordable", { clue: clue.id });
  return turn.record("taken", { clue: clue.id, hint: hint.id, cost: hint.cost, score });
}

/** Adds the hint's text to the result of the fact that took it: as it is in the present version. */
export function hintResult(clue: CompiledClue | undefined, fact: PlayFact, result: Result): void {
  if (fact.hint === undefined) return;
  const text = clue?.hints.find(({ id }) => id === fact.hint)?.text;
  result.hint = { id: fact.hint, text: text ?? "" };
}
