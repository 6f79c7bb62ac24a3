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
 * The text as `mode` compares it, or null when it normalises to nothing (or,
 * in mode `number`, is no number). Two texts are the same answer exactly when
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
