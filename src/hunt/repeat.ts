/**
 * A command whose id was recorded before: with the same body it gets the first
 * result again, with another one it is a conflict.
 */
import type { CarriedEvent, Command, PlayFact, Result } from "../protocol.ts";
import { claimResult } from "./claim.ts";
import type { Context } from "./context.ts";
import { hintResult } from "./hint.ts";
import { eventOf, kindOf } from "./kinds/all.ts";
import { iso } from "./moment.ts";
import type { Decision, Turn } from "./turn.ts";

export function decideRepeated(context: Context, turn: Turn, command: Command, recorded: PlayFact): Decision {
  if (!isSame(recorded, command)) return turn.tell("conflict");
  return { result: { ...resultOf(context, recorded, turn.player), duplicate: true } };
}

/** The player's event of this id that was recorded in an earlier team of it. */
export const carriedEvent = (
  { members }: Turn["team"],
  player: string,
  id: string,
): CarriedEvent | undefined =>
  members.find((member) => member.id === player)?.before?.find(({ event }) => event === id);

/** As `decideRepeated`, of an event that was recorded in an earlier team: what is told of it is nothing of this one. */
export function decideCarried(
  context: Context,
  turn: Turn,
  command: Command,
  carried: CarriedEvent,
): Decision {
  const { type, clue, hint, prize } = { hint: undefined, prize: undefined, clue: undefined, ...command };
  // A scan names no clue.
  const isOfSame = type === "scan" || clue === carried.clue;
  if (type !== carried.type || !isOfSame || hint !== carried.hint || prize !== carried.prize) {
    return turn.tell("conflict");
  }
  const fact = { ...carried, seq: 0, at: 0, team: turn.team.id, player: turn.player };
  const { seq: _, ...result } = resultOf(context, fact, turn.player);
  return { result: { ...result, duplicate: true } };
}

/** Whether a repeated id came with the same body. The client's clock may differ. */
function isSame(fact: PlayFact, command: Command): boolean {
  if (fact.type !== command.type) return false;
  switch (command.type) {
    case "hint":
      return fact.clue === command.clue && fact.hint === command.hint;
    case "claim":
      return fact.prize === command.prize;
    case "start":
      return true;
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
  if (fact.retryAt !== undefined) result.retryAt = iso(fact.retryAt);
  const clue = fact.clue === undefined ? undefined : hunt.clues.get(fact.clue);
  if (fact.type === "hint") hintResult(hunt, fact, result);
  else if (fact.type === "claim") claimResult(prizes, fact, player, result);
  else if (clue) kindOf(clue).result?.(clue, fact, result);
  return result;
}
