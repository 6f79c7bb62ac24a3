/**
 * Answers as they are compared: one text per compare mode, so that the edge
 * can digest it and the shard compares digests only.
 */
import type { CompareMode } from "../protocol.ts";
import {
  countedLetters,
  hasNumeral,
  normaliseBesideNumerals,
  withAsciiDigits,
  withoutInvisible,
  withPlainSigns,
} from "./characters.ts";
import { foldEveryCase } from "./fold.ts";
import { normaliseList } from "./listed.ts";

const ASCII = /^[\0-\x7f]*$/;
const NOT_ASCII_LETTER_OR_DIGIT = /[^a-z0-9]/g;
/** Seen as a gap: white space and the empty Braille cell. */
const BLANKS = /[\s\u2800]+/gu;

/** Groups of three, all with the same sign between them. */
const GROUPED = "\\d{1,3}(?<between>[, '])\\d{3}(?:\\k<between>\\d{3})*";
/** Sign, digits with or without groups, decimals. A comma before exactly three digits at the end would be a group's. */
const DECIMAL = new RegExp(
  `^(?<sign>[+-]?)(?<whole>${GROUPED}|\\d*)(?:(?:\\.|,(?!\\d{3}$))(?<decimals>\\d*))?$`,
);
const BETWEEN_GROUPS = /[, ']/g;

/**
 * Characters of a text once it is decomposed. One character may stand for 18
 * (U+FDFA), and every step after that works on all of them. What an author may
 * write as an answer stays below, but for texts of such characters.
 */
export const DECOMPOSED_MAX = 2_000;

/** The most characters that one decomposes to, under any form. */
const EXPANSION_MAX = 18;

/** Code units decomposed at a time to learn how many they become. */
const SLICE = 64;

/**
 * Marks on one letter: putting n of them in order takes n² steps. Unicode's
 * stream-safe format has 30 at most (UAX 15); ten are more than any script needs,
 * so only a few letters of a text may have as many.
 */
const MARKS_MAX = 30;
const MANY_MARKS = /\p{M}{10,}/gu;
const MARKED_LETTERS_MAX = 3;

function hasBoundedMarks(text: string): boolean {
  const runs = text.match(MANY_MARKS) ?? [];
  return runs.length <= MARKED_LETTERS_MAX && runs.every((run) => [...run].length <= MARKS_MAX);
}

/**
 * Whether a text is taken at all. Looks at no more of it than it takes to see
 * that it is too much.
 */
export function isBounded(mode: CompareMode, text: string): boolean {
  if (ASCII.test(text)) return true;
  if (!hasBoundedMarks(text)) return false;
  if (text.length * EXPANSION_MAX <= DECOMPOSED_MAX) return true;
  const form = mode === "exact" ? "NFD" : "NFKD";
  let decomposed = 0;
  for (let from = 0; from < text.length; ) {
    let to = from + SLICE;
    // Not between the halves of a character.
    if ((text.codePointAt(to - 1) ?? 0) > 0xffff) to += 1;
    decomposed += text.slice(from, to).normalize(form).length;
    if (decomposed > DECOMPOSED_MAX) return false;
    from = to;
  }
  return true;
}

/**
 * The text as `mode` compares it, or null when it normalises to nothing (or,
 * in mode `number`, is no number), or is too much (see `isBounded`). Two texts are the same answer exactly when
 * they normalise to the same string; normalising twice changes nothing. White space around a text never counts.
 *
 * - `letters`: letters, digits and the marks that make a letter (src/hunt/characters.ts), NFKD, case folded.
 * - `words`: NFKC, case folded, single blanks; quotation marks, apostrophes,
 *   dashes and digits are ASCII's, and what is never seen is dropped.
 * - `exact`: NFC only.
 * - `number`: a plain decimal without superfluous zeros, of any length:
 *   `"1,000.0"`, `"1 000"` and `"+1000"` are one number, so are `"3,5"` and
 *   `"3.5"`; `"-0"` is `"0"`. Exponents are no numbers.
 * - `set`, `sequence`: a list of choices (listed.ts), whose order counts in a sequence only.
 *
 * The caller bounds the length of `text`.
 */
export function normaliseAnswer(mode: CompareMode, text: string): string | null {
  if (!isBounded(mode, text)) return null;
  const normalised = NORMALISE[mode](text);
  return normalised === "" ? null : normalised;
}

const NORMALISE: Record<CompareMode, (text: string) => string> = {
  letters: (text) => {
    // What is ASCII needs no composing, and nearly all answers are.
    if (ASCII.test(text)) return text.toLowerCase().replace(NOT_ASCII_LETTER_OR_DIGIT, "");
    const letters = countedLetters(text);
    if (ASCII.test(letters)) return letters.toLowerCase();
    // Marks may stand on one letter only now that what was between them is gone.
    if (!hasBoundedMarks(letters)) return "";
    const folded = countedLetters(foldEveryCase(letters));
    const again = foldEveryCase(folded);
    return again === folded ? folded : countedLetters(again);
  },
  words: (text) => {
    const plain = withPlainSigns(text);
    if (ASCII.test(plain)) return singleBlanks(plain.toLowerCase());
    // Twice, as Unicode's NFKC_Casefold: folding can undo a composition and
    // dropping an invisible character can allow one.
    return singleBlanks(composeFolded(composeFolded(plain.normalize("NFD"))));
  },
  exact: (text) => text.trim().normalize("NFC"),
  number: canonicalNumber,
  set: (text) => normaliseList("set", text),
  sequence: (text) => normaliseList("sequence", text),
};

const singleBlanks = (text: string): string => text.replace(BLANKS, " ").trim();

function composeFolded(text: string): string {
  const composed = normaliseBesideNumerals("NFKC", foldEveryCase(text));
  return withAsciiDigits(withPlainSigns(withoutInvisible(composed)));
}

/** Arabic's own signs between groups and before decimals, and its comma. */
const ARABIC_SIGNS = new Map([
  ["\u066b", "."],
  ["\u066c", ","],
  ["\u060c", ","],
]);

function composedNumber(text: string): string {
  // Signs before as well: composing makes a blank and a mark of an accent that stands for an apostrophe.
  const composed = withPlainSigns(withoutInvisible(text)).normalize("NFKC");
  return withAsciiDigits(withPlainSigns(composed));
}

function canonicalNumber(text: string): string {
  // "5²" is not 52.
  if (hasNumeral(text)) return "";
  const plain = (ASCII.test(text) ? withPlainSigns(text) : composedNumber(text))
    .trim()
    .replace(/[\u066b\u066c\u060c]/g, (sign) => ARABIC_SIGNS.get(sign) ?? sign);
  const { sign, whole = "", decimals = "" } = DECIMAL.exec(plain)?.groups ?? {};
  if (whole + decimals === "") return "";
  const integer = whole.replace(BETWEEN_GROUPS, "").replace(/^0+/, "") || "0";
  const fraction = trimZerosAtEnd(decimals);
  const magnitude = fraction === "" ? integer : `${integer}.${fraction}`;
  return sign === "-" && magnitude !== "0" ? `-${magnitude}` : magnitude;
}

/** A loop: the pattern /0+$/ takes quadratic time on long runs of zeros. */
function trimZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}
