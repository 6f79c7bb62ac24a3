/**
 * What the engine told of a look at `/me`, put together with the look before: it tells
 * what changed, long texts by their addresses. PURE.
 */
import type { ClueApart, MeApart, MeChanges, TextAt } from "../../contract/me.ts";

export type Told = MeApart | MeChanges;

/** The look as a whole. `before`: the one whose ETag was named. */
export function wholeOf(told: Told, before: MeApart | undefined): MeApart {
  if (!("since" in told)) return told;
  if (!before) throw new Error("changes of a look that nobody had");
  const { since: _, order, points, values, clues, rounds, announcements, ...rest } = told;
  const known = new Map(before.clues.map((clue) => [clue.id, clue]));
  for (const clue of clues) known.set(clue.id, clue);
  const ids = order ?? before.clues.map(({ id }) => id);
  const { languages, look, pages } = before;
  return {
    ...(languages === undefined ? {} : { languages }),
    ...(look === undefined ? {} : { look }),
    ...(pages === undefined ? {} : { pages }),
    ...rest,
    rounds: rounds ?? before.rounds,
    clues: ids.flatMap((id) => {
      const clue = known.get(id);
      if (!clue) return [];
      const worth = points?.[id];
      // Where the engine tells no value of its own, it moves with the points.
      const value = values?.[id] ?? (clue.value === undefined ? undefined : worth);
      return [
        {
          ...clue,
          ...(worth === undefined ? {} : { points: worth }),
          ...(value === undefined ? {} : { value }),
        },
      ];
    }),
    announcements: announcements ?? before.announcements,
  };
}

/** Where the long texts of a look stand, those of its newest clues first. */
export function textsOf(look: Pick<MeApart, "clues">): TextAt[] {
  const ofClue = ({ bodyAt, solutionAt, hints }: ClueApart): TextAt[] => [
    ...(bodyAt ? [bodyAt] : []),
    ...(solutionAt ? [solutionAt] : []),
    ...hints.flatMap(({ textAt }) => (textAt ? [textAt] : [])),
  ];
  const open = look.clues.filter(({ state }) => state === "open");
  const solved = look.clues.filter(({ state }) => state !== "open");
  return [...open, ...solved].flatMap(ofClue);
}

/** The look with those of its long texts that are known, by their digests. */
export function withTexts(look: MeApart, texts: ReadonlyMap<string, string>): MeApart {
  return { ...look, clues: look.clues.map((clue) => clueWithTexts(clue, texts)) };
}

function clueWithTexts(clue: ClueApart, texts: ReadonlyMap<string, string>): ClueApart {
  const { bodyAt, solutionAt, hints } = clue;
  const body = bodyAt && texts.get(bodyAt.digest);
  const solution = solutionAt && texts.get(solutionAt.digest);
  return {
    ...clue,
    ...(body === undefined ? {} : { body }),
    ...(solution === undefined ? {} : { solution }),
    hints: hints.map((hint) => {
      const text = hint.textAt && texts.get(hint.textAt.digest);
      return text === undefined ? hint : { ...hint, text };
    }),
  };
}
