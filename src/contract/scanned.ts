/**
 * What a scanned or typed code may mean. A QR code carries the code itself, or
 * the address that the engine prints for it (`https://…/play/hunt#code=…`), and
 * some apps encode the marks of an address once more before they open it. The
 * engine and its pages both read codes here. PURE.
 */

/**
 * Longest code a clue can have once white space around it is cut, UTF-16 units. Authors' codes have
 * fewer characters (src/hunt/kinds/scan.ts), but hunts published earlier may have such codes.
 */
export const CODE_UNITS_MAX = 512;

/** Longest scanned text, characters: the address of a code, every character of it percent-encoded. */
export const SCANNED_MAX = 3_000;

/** `#code=` as the engine prints it. */
const PRINTED = /^https?:\/\/[^#]*#code=([^&#]+)/iu;

/** The same where an app encoded its marks: `%23code%3D`. */
const ENCODED = /^https?:\/\/[^#]*?(?:#|%23)code(?:=|%3D)([^&#]+)/iu;

/** Not printed by the engine, but by some who make codes by hand. */
const IN_QUERY = /^https?:\/\/[^#]*[?&]code=([^&#]+)/iu;

/** Percent-decoded; what is not encoded well is taken as it is. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The codes that an address can carry, the likeliest first; none in any other text. */
function carriedBy(address: string): string[] {
  const printed = PRINTED.exec(address)?.[1];
  if (printed !== undefined) return [unescaped(printed)];
  // An app that encodes the marks may have encoded the code with them.
  const encoded = ENCODED.exec(address)?.[1];
  if (encoded !== undefined) return [unescaped(unescaped(encoded)), unescaped(encoded)];
  const inQuery = IN_QUERY.exec(address)?.[1];
  return inQuery === undefined ? [] : [unescaped(inQuery)];
}

/** Whether this is the address of a page that a printed code opens. */
export const opensByCode = (address: string): boolean => PRINTED.test(address) || ENCODED.test(address);

/**
 * The texts that a scanned one can mean, the likeliest first: itself, because an author's
 * code may be an address, then the code that it carries. None is blank.
 */
export function readingsOf(scanned: string): string[] {
  const text = scanned.trim();
  const readings = [text, ...carriedBy(text).map((code) => code.trim())];
  return [...new Set(readings)].filter((reading) => reading !== "");
}
