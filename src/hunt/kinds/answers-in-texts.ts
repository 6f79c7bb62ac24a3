/** The lint that finds the answers of a clue in what players read of it. PURE. */
import type { Issue } from "../../errors.ts";
import type { CompareMode } from "../../protocol.ts";
import { normaliseAnswer } from "../normalise.ts";

/** Characters. Shorter answers stand in any text by chance. */
const ANSWER_LENGTH_MIN = 3;

/** A number in a text; one with blanks between its groups may be two. */
const WRITTEN_NUMBER = /[+-]?\p{Nd}(?:[\p{Nd},'’]*\p{Nd})?(?:\.\p{Nd}+)?/gu;

/** Words passed and characters taken, so that a text of one-letter words and answers of every length take no minutes. */
const LINT_WORK_MAX = 5_000_000;

/** The texts of a clue in which one of its answers stands. */
export function answersInTexts(
  mode: CompareMode,
  answers: readonly string[],
  texts: readonly { path: string; text: string }[],
): Issue[] {
  return texts.flatMap(({ path, text }) => {
    if (!answers.some(containing(mode, text))) return [];
    return [{ path, code: "answer-in-text", message: "the clue's own text contains an answer to it" }];
  });
}

/** Tells whether an answer stands in `text`, at word boundaries, as `mode` compares. */
function containing(mode: CompareMode, text: string): (answer: string) => boolean {
  if (mode === "number") {
    const numbers = new Set(
      (text.match(WRITTEN_NUMBER) ?? []).map((number) => normaliseAnswer("number", number)),
    );
    return (accepted) => {
      const number = normaliseAnswer("number", accepted);
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
  let work = 0;
  /** By length: what stands between two boundaries. */
  const pieces = new Map<number, ReadonlySet<string>>();
  function piecesOf(size: number): ReadonlySet<string> {
    const known = pieces.get(size);
    if (known) return known;
    const found = new Set<string>();
    for (const from of boundaries) {
      work += 1;
      if (work > LINT_WORK_MAX) break;
      if (!boundaries.has(from + size)) continue;
      work += size;
      found.add(run.slice(from, from + size));
    }
    pieces.set(size, found);
    return found;
  }
  return (accepted) => {
    const letters = normaliseAnswer("letters", accepted) ?? "";
    return letters.length >= ANSWER_LENGTH_MIN && piecesOf(letters.length).has(letters);
  };
}
