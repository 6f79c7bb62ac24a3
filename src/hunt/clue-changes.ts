/**
 * Clues that organisers withdrew: nobody can act on them. One that is void as well gives no points, and conditions
 * that ask for it hold for everybody: the hunt is made what it would be without it. PURE.
 */
import type { CompiledHunt, Condition } from "./compiled.ts";

export interface ClueChange {
  void?: true;
}

/** By the ids of those that are withdrawn. */
export type ClueChanges = Readonly<Record<string, ClueChange>>;

/** An id may be the name of a member that every object has. */
export const changeOfClue = (changes: ClueChanges | undefined, clue: string): ClueChange | undefined =>
  changes && Object.hasOwn(changes, clue) ? changes[clue] : undefined;

export const isVoid = (changes: ClueChanges | undefined, clue: string): boolean =>
  changeOfClue(changes, clue)?.void === true;

/** The changes with this one; undefined: the clue is as it was published. */
export function withClueChange(
  changes: ClueChanges | undefined,
  clue: string,
  change: ClueChange | undefined,
): ClueChanges {
  const others = Object.entries(changes ?? {}).filter(([id]) => id !== clue);
  return Object.fromEntries(change ? [...others, [clue, change]] : others);
}

/** The hunt as it is with these changes. */
export function withClueChanges(compiled: CompiledHunt, changes: ClueChanges | undefined): CompiledHunt {
  const voided = compiled.clues.filter(({ id }) => isVoid(changes, id));
  if (voided.length === 0) return compiled;
  const ids = new Set(voided.map(({ id }) => id));
  /** Void clues of these rounds that count there. */
  const countedIn = (rounds: readonly string[]): number =>
    voided.filter(({ round, meta }) => !meta && round !== undefined && rounds.includes(round)).length;
  const without = (condition: Condition): Condition => {
    switch (condition.op) {
      case "solved":
      case "since":
        return ids.has(condition.clue) ? { op: "start" } : condition;
      case "solvedIn":
        return { ...condition, atLeast: Math.max(0, condition.atLeast - countedIn(condition.rounds)) };
      case "all":
      case "any":
        return { ...condition, of: condition.of.map(without) };
      case "atLeast":
        return {
          ...condition,
          of: condition.of.map((part) => ({ ...part, condition: without(part.condition) })),
        };
      default:
        return condition;
    }
  };
  return {
    ...compiled,
    clues: compiled.clues.map((clue) => {
      const { speed: _, ...others } = clue;
      const opens = without(clue.opens);
      return ids.has(clue.id) ? { ...others, opens, points: 0 } : { ...clue, opens };
    }),
    prizes: compiled.prizes.map((prize) =>
      prize.requires ? { ...prize, requires: without(prize.requires) } : prize,
    ),
  };
}
