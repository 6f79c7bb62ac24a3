/**
 * Why an answer is right or wrong, for who writes a clue: what of it counts, and what the comparison passed over.
 * Nothing here decides: a fold is told only if the comparison itself takes both texts for the same. PURE.
 */
import { COMPARED_MAX, type Compared, type Fold } from "../contract/preview.ts";
import type { CompareMode } from "../protocol.ts";
import { withAsciiDigits, withoutInvisible, withPlainSigns } from "./characters.ts";
import { normaliseAnswer } from "./normalise.ts";

const MODES: readonly CompareMode[] = ["letters", "words", "exact", "number"];

/** The text without what the fold passes over; several, where it is more or less. */
const WITHOUT: Record<Fold, readonly ((text: string) => string)[]> = {
  case: [(text) => text.toLowerCase()],
  marks: [(text) => text.normalize("NFD").replace(/\p{M}/gu, "").normalize("NFC")],
  blanks: [
    (text) => text.replace(/\s+/gu, ""),
    (text) => text.trim().replace(/\s+/gu, " "),
    (text) => text.trim(),
  ],
  punctuation: [(text) => text.replace(/[^\p{L}\p{M}\p{N}\s]/gu, "")],
  signs: [withPlainSigns],
  digits: [withAsciiDigits],
  invisible: [withoutInvisible],
  forms: [(text) => text.normalize("NFKC")],
  groups: [(text) => text.replace(/(?<=\d)[,. '’\u00a0\u202f](?=\d{3}(?!\d))/gu, "")],
  zeros: [
    (text) => text.replace(/^([+-]?)0+(?=\d)/u, "$1"),
    (text) => text.replace(/([.,]\d*?)0+$/u, "$1").replace(/[.,]$/u, ""),
  ],
};

function foldedIn(mode: CompareMode, text: string): Fold[] {
  const counts = normaliseAnswer(mode, text);
  if (counts === null) return [];
  const isFolded = (fold: Fold): boolean =>
    WITHOUT[fold].some((without) => {
      const rest = without(text);
      return rest !== text && normaliseAnswer(mode, rest) === counts;
    });
  return (Object.keys(WITHOUT) as Fold[]).filter(isFolded);
}

/** `written`: the author's answers and near misses. */
export function comparedWith(
  mode: CompareMode,
  answer: string,
  written: readonly { text: string; role: "answer" | "nudge" }[],
): Compared {
  const given = normaliseAnswer(mode, answer);
  const texts = written.map(({ text, role }) => {
    const counts = normaliseAnswer(mode, text) ?? "";
    return { text, role, counts, matches: given !== null && counts === given };
  });
  const isRight = texts.some(({ role, matches }) => role === "answer" && matches);
  const answers = written.filter(({ role }) => role === "answer");
  const isRightIn = (other: CompareMode): boolean => {
    const counts = normaliseAnswer(other, answer);
    return counts !== null && answers.some(({ text }) => normaliseAnswer(other, text) === counts);
  };
  return {
    mode,
    ...(given === null ? {} : { given }),
    folded: foldedIn(mode, answer),
    texts: texts.toSorted((a, b) => Number(b.matches) - Number(a.matches)).slice(0, COMPARED_MAX),
    otherwise: isRight ? [] : MODES.filter((other) => other !== mode && isRightIn(other)),
  };
}
