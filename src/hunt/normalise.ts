/**
 * Answers as they are compared: one text per compare mode, so that the edge
 * can digest it and the shard compares digests only.
 */
import type { CompareMode } from "../protocol.ts";

/** Characters that are never seen (joiners, soft hyphens, selectors): pasted text is full of them. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const NOT_LETTER_OR_DIGIT = /[^\p{L}\p{N}]/gu;
const ASCII = /^[\0-\x7f]*$/;
const NOT_ASCII_LETTER_OR_DIGIT = /[^a-z0-9]/g;
/** Sign, digits with or without thousands commas, decimals; at least one digit in all. */
const DECIMAL = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?$/;

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

/** More marks on one letter than Unicode's stream-safe format has (UAX 15): putting n of them in order takes n² steps. */
const MANY_MARKS = /\p{M}{31}/u;

/**
 * Whether a text is taken at all. Looks at no more of it than it takes to see
 * that it is too much.
 */
export function isBounded(mode: CompareMode, text: string): boolean {
  if (ASCII.test(text)) return true;
  if (MANY_MARKS.test(text)) return false;
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
 * they normalise to the same string; normalising twice changes nothing.
 *
 * - `letters`: NFKD, case folded, letters and digits only (accents go).
 * - `words`: NFKC, case folded, invisible characters dropped, single spaces.
 * - `exact`: NFC only.
 * - `number`: a plain decimal without superfluous zeros, of any length:
 *   `"1,000.0"`, `"+1000"` and `"1000"` are one number, `"-0"` is `"0"`.
 *   Exponents and decimal commas are not numbers.
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
    const folded = foldCase(foldCase(text.normalize("NFKD")).normalize("NFKD"));
    return folded.normalize("NFKD").replace(NOT_LETTER_OR_DIGIT, "");
  },
  words: (text) => {
    // Twice, as Unicode's NFKC_Casefold: folding can undo a composition and
    // dropping an invisible character can allow one.
    const folded = composeFolded(composeFolded(text.normalize("NFD")));
    return folded.replace(/\s+/gu, " ").trim();
  },
  exact: (text) => text.normalize("NFC"),
  number: canonicalNumber,
};

/**
 * Full case folding with what the language offers. Lower case first, because
 * the capital sharp s has no upper case but itself; the final sigma last,
 * because lower case alone depends on what stands around it.
 */
function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function composeFolded(text: string): string {
  return foldCase(text).normalize("NFKC").replace(INVISIBLE, "");
}

function canonicalNumber(text: string): string {
  const plain = text.normalize("NFKC").replace(INVISIBLE, "").trim().replaceAll("\u2212", "-");
  const [, sign, whole, decimals = ""] = DECIMAL.exec(plain) ?? [];
  if (whole === undefined || whole + decimals === "") return "";
  const integer = whole.replaceAll(",", "").replace(/^0+/, "") || "0";
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
