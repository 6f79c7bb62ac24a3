/**
 * Text from outside the page: its address, the device's storage, sockets, what
 * somebody typed. Anybody may have written it, so that nothing here throws. PURE.
 */

/** Percent-decoded; what is not encoded well is taken as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Percent-encoded; half a character, which has no encoding, becomes a mark. */
export const encoded = (text: string): string =>
  encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/gu, "\ufffd"));

/** The JSON value; undefined: the text is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The JSON object in the text; undefined: there is none. */
export function objectIn(text: string | undefined): Fields | undefined {
  const value = text === undefined ? undefined : parsed(text);
  return isObject(value) ? value : undefined;
}

/** Whether these fields of an object are texts. */
export const hasTexts = (value: unknown, ...names: string[]): value is Fields =>
  isObject(value) && names.every((name) => typeof value[name] === "string");

/** Whether a value is a list of what `is` takes. */
export const isListOf = (value: unknown, is: (each: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && value.every(is);
