/** The tables of an export. Without zod, which the pages have no room for. PURE. */

export const TABLES = ["standings", "solves", "players", "winners", "facts"] as const;
export type Table = (typeof TABLES)[number];

/** The tables that every organiser may have; the others have personal data, or what players typed. */
export const OPEN_TABLES: readonly Table[] = ["standings", "solves"];
