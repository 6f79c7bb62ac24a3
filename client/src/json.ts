/** JSON from outside: anybody may have written it, so that nothing here throws. PURE. */

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
