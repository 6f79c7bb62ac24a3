/** A table as CSV (RFC 4180) that spreadsheets open as it is meant. PURE. */

export type Cell = string | number | boolean | undefined;

/** What a spreadsheet would calculate: players write it, and organisers open it. Telephone numbers are none. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?[\d\s()./-]+$/;

function cellOf(value: Cell): string {
  if (value === undefined) return "";
  const text = String(value);
  const harmless = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** With a mark of UTF-8, without which spreadsheets guess. */
export const csvOf = (rows: readonly (readonly Cell[])[]): string =>
  `\ufeff${rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("")}`;
