/** How many rows fit on the screen, and which of them are shown now. PURE. */

/** Rows shown before anything was measured. */
export const ROWS_AT_FIRST = 10;

/** Rows that fit into so many pixels; one at least. */
export const rowsIn = (height: number, row: number): number =>
  row > 0 ? Math.max(1, Math.floor(height / row)) : ROWS_AT_FIRST;

export const pagesOf = (rows: number, each: number): number => Math.max(1, Math.ceil(rows / each));

/** The page that has this place. */
export const pageOf = (place: number, each: number): number => Math.floor((Math.max(1, place) - 1) / each);
