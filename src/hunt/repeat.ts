/**
 * A command whose id was recorded before: with the same body it gets the first
 * result again, with another one it is a conflict.
 */
import type { Command, PlayFact, Result } from "../protocol.ts";
import { claimResult } from "./claim.ts";
import type { Context } from "./context.ts";
import { hintResult } from "./hint.ts";
import { eventOf, kindOf } from "./kinds/all.ts";
import type { Decision, Turn } from "./turn.ts";

export function decideRepeated(context: Context, turn: Turn, command: Command, recorded: PlayFact): Decision {
  if (!isSame(recorded, command)) return turn.tell("conflict");
  return { result: { ...resultOf(context, recorded, turn.player), duplicate: true } };
}

/** Whether a repeated id came with the same body. The client's clock may differ. */
function isSame(fact: PlayFact, command: Command): boolean {
  if (fact.type !== command.type) return false;
  switch (command.type) {
    case "hint":
      return fact.clue === command.clue && fact.hint === command.hint;
    case "claim":
      return fact.prize === command.prize;
    default:
      return eventOf(command.type).isSame(fact, command);
  }
}

/**
 * What `player` is told about a recorded fact: the same the first time and every
 * time after.
 */
export function resultOf({ hunt, prizes }: Context, fact: PlayFact, player: string): Result {
  const result: Result = { id: fact.event, outcome: fact.outcome, seq: fact.seq };
  if (fact.clue !== undefined) result.clue = fact.clue;
  if (fact.points !== undefined) result.points = fact.points;
  if (fact.score !== undefined) result.score = fact.score;
  if (fact.unlocked !== undefined) result.unlocked = fact.unlocked;
  if (fact.message !== undefined) result.message = fact.message;
  const clue = fact.clue === undefined ? undefined : hunt.clues.get(fact.clue);
  if (fact.type === "hint") hintResult(hunt, fact, result);
  else if (fact.type === "claim") claimResult(prizes, fact, player, result);
  else if (clue) kindOf(clue).result?.(clue, fact, result);
  return result;
}
