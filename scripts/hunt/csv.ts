/** CSV (RFC 4180) as spreadsheets write it: with commas, semicolons or tabs, quoted where needed. */
import { refused } from "./failure.ts";

export interface Row {
  /** Line of the file its first cell begins on, from 1. */
  line: number;
  cells: string[];
}

/** A cell and what ends it: quoted, in which two quotes are one, or bare. */
const CELL = {
  ",": /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y,
  ";": /(?:"((?:[^"]|"")*)"|([^";\r\n]*))(;|\r?\n|$)/y,
  "\t": /(?:"((?:[^"]|"")*)"|([^"\t\r\n]*))(\t|\r?\n|$)/y,
};

/** The rows that are not blank. Throws with the line of the first cell that cannot be read. */
export function parseCsv(given: string): Row[] {
  const text = given.replace(/^\ufeff/, "");
  const cell = CELL[separatorOf(text)];
  const rows: Row[] = [];
  let row: Row = { line: 1, cells: [] };
  let line = 1;
  for (let at = 0; at < text.length; at = cell.lastIndex) {
    cell.lastIndex = at;
    const found = cell.exec(text);
    if (!found)
      throw refused(`line ${line} of the CSV has a quote that opens inside a cell, or does not close`);
    const [whole, quoted, bare = "", end = ""] = found;
    row.cells.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    line += whole.split("\n").length - 1;
    const last = cell.lastIndex >= text.length;
    if (last && end !== "" && !end.endsWith("\n")) row.cells.push("");
    if (!last && !end.endsWith("\n")) continue;
    if (row.cells.some((value) => value !== "")) rows.push(row);
    row = { line, cells: [] };
  }
  return rows;
}

/** The separator that is most frequent in the first line. */
function separatorOf(text: string): keyof typeof CELL {
  const [first = ""] = text.split("\n", 1);
  const often = (separator: string): number => first.split(separator).length;
  return ([",", ";", "\t"] as const).reduce((best, one) => (often(one) > often(best) ? one : best));
}
