/** The lint that finds answers and codes given away in what players read. */
import type { Issue } from "../errors.ts";
import { normaliseAnswer } from "./answer.ts";
import type { ClueDefinition, Definition } from "./definition.ts";

/** Characters. Shorter answers stand in any text by chance. */
const ANSWER_LENGTH_MIN = 3;
/** Characters. Shorter codes stand in any text by chance. */
const CODE_LENGTH_MIN = 4;

/** An answer in its own clue's title or body, a scan or prize code in any text players see. */
export function lintSpoilers(definition: Definition, codes: readonly string[]): Issue[] {
  const secrets = new Set(
    [...codes, ...definition.prizes.flatMap((prize) => prize.codes ?? [])].filter(
      (code) => code.length >= CODE_LENGTH_MIN,
    ),
  );
  const inClues = definition.clues.flatMap((clue, index) => {
    const path = `clues.${index}`;
    return [
      ...lintCodes(clue.title, `${path}.title`, secrets),
      ...lintCodes(clue.body, `${path}.body`, secrets),
      ...clue.hints.flatMap((hint, at) => lintCodes(hint.text, `${path}.hints.${at}.text`, secrets)),
      ...lintAnswers(clue, path),
    ];
  });
  return [
    ...lintCodes(definition.title, "title", secrets),
    ...lintCodes(definition.description ?? "", "description", secrets),
    ...inClues,
  ];
}

function lintCodes(text: string, path: string, secrets: ReadonlySet<string>): Issue[] {
  if (secrets.size === 0) return [];
  // A code may be a word between Markdown marks, or any run without spaces, such as a URL in brackets.
  const words = text.match(/[A-Za-z0-9_-]+/g) ?? [];
  const runs = (text.match(/\S+/g) ?? []).map(trimPunctuation);
  if (![...words, ...runs].some((word) => secrets.has(word))) return [];
  return [{ path, code: "code-in-text", message: "a code stands in a text that players see" }];
}

/** Loops: a pattern bound to the end takes quadratic time on a long run of marks. */
function trimPunctuation(run: string): string {
  const isMark = (index: number): boolean => !/[\p{L}\p{N}\p{Surrogate}]/u.test(run.charAt(index));
  let from = 0;
  let to = run.length;
  while (from < to && isMark(from)) from += 1;
  while (to > from && isMark(to - 1)) to -= 1;
  return run.slice(from, to);
}

function lintAnswers(clue: ClueDefinition, path: string): Issue[] {
  if (clue.kind !== "answer") return [];
  const texts = [
    { at: `${path}.title`, contains: containing(clue, clue.title) },
    { at: `${path}.body`, contains: containing(clue, clue.body) },
  ];
  return texts.flatMap(({ at, contains }) => {
    if (!(clue.answers ?? []).some(contains)) return [];
    return [{ path: at, code: "answer-in-text", message: "the clue's own text contains an answer to it" }];
  });
}

/** Tells whether an answer stands in `text`, at word boundaries, as the clue compares. */
function containing(clue: ClueDefinition, text: string): (answer: string) => boolean {
  if (clue.compare === "number") {
    const numbers = new Set(
      (text.match(/[+-]?\d[\d,]*(?:\.\d+)?/g) ?? []).map((number) => normaliseAnswer("number", number)),
    );
    return (answer) => {
      const number = normaliseAnswer("number", answer);
      return number !== null && number.length >= ANSWER_LENGTH_MIN && numbers.has(number);
    };
  }
  const words = (text.match(/[\p{L}\p{N}\p{M}'’]+/gu) ?? []).map(
    (word) => normaliseAnswer("letters", word) ?? "",
  );
  const run = words.join("");
  const boundaries = new Set<number>([0]);
  let length = 0;
  for (const word of words) {
    length += word.length;
    boundaries.add(length);
  }
  return (answer) => {
    const letters = normaliseAnswer("letters", answer) ?? "";
    if (letters.length < ANSWER_LENGTH_MIN) return false;
    for (let at = run.indexOf(letters); at >= 0; at = run.indexOf(letters, at + 1)) {
      if (boundaries.has(at) && boundaries.has(at + letters.length)) return true;
    }
    return false;
  };
}
