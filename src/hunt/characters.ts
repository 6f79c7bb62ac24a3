/**
 * Which characters count as the same, or not at all, where texts of people are
 * compared. Lists are written out where Unicode has no property for the
 * subject; the scripts they speak of are closed. PURE.
 */

/** Never seen: joiners, soft hyphens, selectors, marks of direction, fillers, anchors of annotations. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

export const withoutInvisible = (text: string): string => text.replace(INVISIBLE, "");

/** Not what is no digit, and not ASCII's: the others. */
const OTHER_DIGIT = /[^\P{Nd}0-9]/gu;
const DIGIT = /^\p{Nd}$/u;

/** ASCII's digit for each of another script that was met: some seven hundred at most. */
const digits = new Map<string, string>();

/** Decimal digits of every script as ASCII's. */
export const withAsciiDigits = (text: string): string =>
  text.replace(OTHER_DIGIT, (digit) => {
    const known = digits.get(digit) ?? asciiDigit(digit);
    digits.set(digit, known);
    return known;
  });

/** Unicode keeps the digits of a script together, in order from zero: some sets follow each other without a gap. */
function asciiDigit(digit: string): string {
  const own = digit.codePointAt(0) ?? 0;
  let first = own;
  while (DIGIT.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((own - first) % 10);
}

/** Numbers that are no digits: fractions, superscripts, numbers in circles. Compatibility forms would make digits of them. */
const NUMERAL = /\p{No}/u;
const NUMERALS = /(\p{No}+)/u;

export const hasNumeral = (text: string): boolean => NUMERAL.test(text);

/** NFKC or NFKD, with numerals as they are. */
export function normaliseBesideNumerals(form: "NFKC" | "NFKD", text: string): string {
  if (!NUMERAL.test(text)) return text.normalize(form);
  return text
    .split(NUMERALS)
    .map((part) => (NUMERAL.test(part) ? part : part.normalize(form)))
    .join("");
}

/** Every dash and hyphen but ASCII's, and the minus sign. */
const DASH = /[^\P{Pd}-]|\u2212/gu;

/** Apostrophes and single quotation marks: curly, low, angled, accents and primes typed for them, those of alphabets. */
const SINGLE_QUOTES =
  "`\u00b4\u02b9\u02bb-\u02bd\u0374\u055a\u05f3\u2018-\u201b\u2032\u2035\u2039\u203a\ua78b\ua78c\uff07";
const DOUBLE_QUOTES = "\u00ab\u00bb\u02ba\u02ee\u05f4\u201c-\u201f\u2033\u2036\u2e42\u301d-\u301f\uff02";
const QUOTE = new RegExp(`([${SINGLE_QUOTES}])|[${DOUBLE_QUOTES}]`, "gu");

/** Quotation marks, apostrophes and dashes of every kind as the plain ones of ASCII. */
export const withPlainSigns = (text: string): string =>
  text
    .replace(DASH, "-")
    .replace(QUOTE, (_, single: string | undefined) => (single === undefined ? '"' : "'"));

/**
 * What does not count in a text of letters:
 * - everything but letters, numbers and marks, and what is never seen
 * - marks that are diacritics: those of Latin, Greek and Cyrillic (also above
 *   letters of others), Arabic vowels with hamza and madda on a carrier, Hebrew
 *   points; and those that belong to symbols and notes. All other marks make
 *   their letter another: voicing, vowels, tones, nukta, virama.
 * - letters that only stretch a word (tatweel), or are typed for an apostrophe
 */
const NO_PART_OF_LETTERS = new RegExp(
  `[${[
    "\\p{P}\\p{S}\\p{Z}\\p{C}\\p{Default_Ignorable_Code_Point}",
    // Latin, Greek; for phonetics; halves.
    "\\u0300-\\u036f\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\ufe20-\\ufe2f",
    // Cyrillic.
    "\\u0483-\\u0489\\u2de0-\\u2dff\\ua66f-\\ua672\\ua674-\\ua67d\\ua69e\\ua69f\\u{1e08f}",
    // Hebrew.
    "\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7\\ufb1e",
    // Arabic.
    "\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed",
    "\\u0897-\\u089f\\u08ca-\\u08e1\\u08e3-\\u08ff\\u{10efa}-\\u{10eff}",
    // Of symbols and notes.
    "\\u20d0-\\u20ff\\u{1cf00}-\\u{1cf46}\\u{1d165}-\\u{1d1ad}\\u{1d242}-\\u{1d244}",
    // Letters: tatweel; apostrophes.
    "\\u0640\\u07fa\\u02b9-\\u02bd\\u02ee\\u0374\\ua78b\\ua78c",
  ].join("")}]+`,
  "gu",
);

/** Letters that count as another. Hamza with its carrier is the carrier; Hebrew letters at the end of a word are the plain ones. */
const COUNTS_AS = new Map([
  ["\u0671", "\u0627"],
  ["\u0672", "\u0627"],
  ["\u0673", "\u0627"],
  ["\u0675", "\u0627"],
  ["\u0676", "\u0648"],
  ["\u0677", "\u06c7"],
  ["\ufbdd", "\u06c7"],
  ["\u0678", "\u064a"],
  ["\u05da", "\u05db"],
  ["\u05dd", "\u05de"],
  ["\u05df", "\u05e0"],
  ["\u05e3", "\u05e4"],
  ["\u05e5", "\u05e6"],
]);
const COUNTED_AS_ANOTHER = new RegExp(`[${[...COUNTS_AS.keys()].join("")}]`, "gu");

const counted = (text: string): string =>
  text.replace(COUNTED_AS_ANOTHER, (letter) => COUNTS_AS.get(letter) ?? letter);

/** The letters, numbers and marks of a text that count, decomposed (NFKD, numerals as they are); case stays. */
export function countedLetters(text: string): string {
  // Before as well: the forms with a high hamza would decompose to two letters.
  const decomposed = normaliseBesideNumerals("NFKD", counted(text));
  return withAsciiDigits(counted(decomposed.replace(NO_PART_OF_LETTERS, "")));
}
