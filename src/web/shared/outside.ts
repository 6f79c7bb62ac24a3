/**
 * Text from outside the page: its address, the device's storage, sockets, what
 * somebody typed. Anybody may have written it, so that nothing here throws. PURE.
 */
import { isObject, objectIn, parsed } from "../../../client/src/json.ts";

export { isObject, objectIn, parsed };

type Fields = Readonly<Record<string, unknown>>;

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

/** Whether these fields of an object are texts. */
export const hasTexts = (value: unknown, ...names: string[]): value is Fields =>
  isObject(value) && names.every((name) => typeof value[name] === "string");

/** Whether a value is a list of what `is` takes. */
export const isListOf = (value: unknown, is: (each: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && value.every(is);
