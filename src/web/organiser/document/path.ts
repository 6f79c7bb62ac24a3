/** Places in a definition: the keys and places in lists that lead there. PURE. */

export type Path = readonly (string | number)[];

/** As an issue names it: `clues.3.opens`. */
export const pathOf = (dotted: string): Path =>
  dotted === "" ? [] : dotted.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step));

export const dottedOf = (path: Path): string => path.join(".");

/** Whether `path` is `above` or lies in it. */
export const isWithin = (path: string, above: string): boolean =>
  above === "" || path === above || path.startsWith(`${above}.`);

/** The value at a place of what was read; undefined: there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

export const textAt = (value: unknown, path: Path): string => {
  const found = valueAt(value, path);
  return typeof found === "string" || typeof found === "number" || typeof found === "boolean"
    ? String(found)
    : "";
};

export const listAt = (value: unknown, path: Path): readonly unknown[] => {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
};
