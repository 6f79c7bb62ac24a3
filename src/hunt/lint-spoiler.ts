/** The lint that finds secrets given away in what players read: codes here, answers as each kind says. */
import { CODE_UNITS_MAX } from "../contract/scanned.ts";
import type { Issue } from "../errors.ts";
import type { Definition } from "./definition.ts";
import { foldCode } from "./fold.ts";
import { kindOf } from "./kinds/all.ts";

/** Characters. Shorter codes stand in any text by chance. */
const CODE_LENGTH_MIN = 4;

/** A clue's or a prize's code in any text that players see, and the warnings of each clue's kind. */
export function lintSpoilers(definition: Definition, codes: readonly string[]): Issue[] {
  const secrets = new Set(
    [...codes, ...definition.prizes.flatMap((prize) => prize.codes ?? [])]
      .filter((code) => code.length >= CODE_LENGTH_MIN)
      .map(foldCode),
  );
  const inClues = definition.clues.flatMap((clue, index) => {
    const path = `clues.${index}`;
    return [
      ...lintCodes(clue.title, `${path}.title`, secrets),
      ...lintCodes(clue.body, `${path}.body`, secrets),
      ...lintCodes(clue.instead?.text ?? "", `${path}.instead.text`, secrets),
      ...clue.hints.flatMap((hint, at) => lintCodes(hint.text, `${path}.hints.${at}.text`, secrets)),
      ...(kindOf(clue).lint?.(clue, path) ?? []),
    ];
  });
  return [
    ...lintCodes(definition.title, "title", secrets),
    ...lintCodes(definition.description ?? "", "description", secrets),
    ...definition.pages.flatMap(({ body }, index) => lintCodes(body, `pages.${index}.body`, secrets)),
    ...definition.rounds.flatMap(({ body = "" }, index) => lintCodes(body, `rounds.${index}.body`, secrets)),
    ...inClues,
  ];
}

function lintCodes(text: string, path: string, secrets: ReadonlySet<string>): Issue[] {
  if (secrets.size === 0) return [];
  // A code may be a word between Markdown marks, or any run without spaces, such as a URL in brackets.
  const words = text.match(/[A-Za-z0-9_-]+/g) ?? [];
  const runs = (text.match(/\S+/g) ?? []).map(trimPunctuation);
  const isCode = (word: string): boolean => secrets.has(isLong(word) ? word : foldCode(word));
  if (![...words, ...runs].some(isCode)) return [];
  return [{ path, code: "code-in-text", message: "a code stands in a text that players see" }];
}

/** Folding puts the marks on a letter in order, which takes time; no code that is typed has so many, or is so long. */
const isLong = (word: string): boolean => word.length > CODE_UNITS_MAX || /\p{M}{10}/u.test(word);

/** Loops: a pattern bound to the end takes quadratic time on a long run of marks. */
function trimPunctuation(run: string): string {
  const isMark = (index: number): boolean => !/[\p{L}\p{N}\p{Surrogate}]/u.test(run.charAt(index));
  let from = 0;
  let to = run.length;
  while (from < to && isMark(from)) from += 1;
  while (to > from && isMark(to - 1)) to -= 1;
  return run.slice(from, to);
}
