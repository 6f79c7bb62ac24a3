/** When two names, codes or ids are the same to a reader: equal once they are folded. PURE. */

const ASCII = /^[\0-\x7f]*$/;
/** Never seen: joiners, soft hyphens, selectors, marks of direction, fillers. */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Seen as a gap, or not at all: white space and the empty Braille cell. */
const BLANK = /[\p{White_Space}\u2800]/gu;
/** Folds to itself but in Turkic languages; its upper case is that of `i`. */
const DOTLESS_I = "\u0131";

/**
 * Unicode's full case folding by what the language offers, up to the choice of
 * the letter that stands for all (Cherokee's are others); the dotless i is an i. Lower case first,
 * because the capital sharp s has no upper case but itself; the final sigma last, because lower case
 * alone depends on what stands around it.
 */
export const foldEveryCase = (text: string): string =>
  text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");

/** The same as Unicode has it: the dotless i stays one. */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.split(DOTLESS_I).map(foldEveryCase).join(DOTLESS_I);
}

/** NFKC (so that full width is none) and full case folding. */
export function foldCode(code: string): string {
  if (ASCII.test(code)) return code.toLowerCase();
  // Twice, as Unicode's NFKC_Casefold: folding can undo a composition.
  return foldOnce(foldOnce(code.normalize("NFKC")));
}

const foldOnce = (text: string): string => foldCase(text).normalize("NFKC");

/**
 * A name as it is compared: without case (in every language, so that the dotless i is one), width, blanks
 * and what is never seen.
 */
export function foldName(name: string): string {
  const seen = (text: string): string => text.replace(IGNORABLE, "").replace(BLANK, "");
  // Without what is never seen, characters may compose.
  return seen(foldCode(seen(foldCode(seen(name))))).replaceAll(DOTLESS_I, "i");
}

/** The folding of engines before: NFKC and case, single blanks. Names reserved under it stay known by it. */
export const foldNameBefore = (name: string): string =>
  name.normalize("NFKC").toUpperCase().toLowerCase().trim().replace(/\s+/gu, " ");

/** The company's id of a player as it is compared: without case and blanks around it. */
export const foldExternalId = (externalId: string): string =>
  foldCase(externalId.trim().normalize("NFD")).normalize("NFC");
