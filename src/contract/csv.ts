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

/** One row as the export writes it: every text that a spreadsheet would calculate is marked, no number is. */
export const csvRow = (cells: readonly Cell[]): string => `${cells.map(strictCell).join(",")}\r\n`;

function strictCell(value: Cell): string {
  if (value === undefined) return "";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** By which spreadsheets know UTF-8. */
export const UTF8_MARK = "\ufeff";
