/** CSV as spreadsheets write it: with commas, semicolons or tabs, quoted where needed. The one reader of the engine and of its commands. */
import { CsvError, parse } from "csv-parse/sync";

export interface CsvRow {
  /** Line of the text its first cell begins on, from 1. */
  line: number;
  cells: string[];
}

/** A row cannot be read. The message says which, and why. */
export class UnreadableCsv extends Error {}

const SEPARATORS = [",", ";", "\t"] as const;

/** The parser leaves the second character of a Windows line end out of a record's raw text. */
const LINE_END = /\r?\n|\r/g;

/** The rows that are not blank. Throws `UnreadableCsv` with the line of the first row that cannot be read. */
export function csvRows(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  const take = ({ record, raw }: { record: string[]; raw: string }): null => {
    if (record.some((cell) => cell.trim() !== "")) rows.push({ line, cells: record });
    line += raw.match(LINE_END)?.length ?? 0;
    return null; // the rows are here: the parser need not keep them, too
  };
  try {
    parse(text, {
      bom: true,
      delimiter: separatorOf(text),
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      raw: true,
      on_record: (record) => take(record as unknown as Parameters<typeof take>[0]),
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UnreadableCsv(
      `line ${line} of the CSV has a quote that opens inside a cell, or does not close`,
    );
  }
  return rows;
}

/** The separator that is most frequent in the first line. */
function separatorOf(text: string): string {
  const [first = ""] = text.split("\n", 1);
  const often = (separator: string): number => first.split(separator).length;
  return SEPARATORS.reduce((best, one) => (often(one) > often(best) ? one : best));
}
