/** The codes that solve clues, as they are printed. */
import type { ClueDefinition, Definition } from "./definition.ts";
import { kindOf } from "./kinds/all.ts";

/**
 * Every clue that a code solves, with its `index` in the definition and its
 * code: the author's, or the one that `generate` makes for the clue's id.
 */
export function codesOf(
  definition: Definition,
  generate: (clue: string) => string,
): { index: number; clue: ClueDefinition; code: string }[] {
  return definition.clues.flatMap((clue, index) => {
    const code = kindOf(clue).code?.(clue, generate);
    return code === undefined ? [] : [{ index, clue, code }];
  });
}
