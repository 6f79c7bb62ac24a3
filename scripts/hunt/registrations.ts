/** The command that registers players, from NDJSON or a spreadsheet's CSV. */
import { extname } from "node:path";
import { Readable } from "node:stream";
import { type CsvRow, csvRows, UnreadableCsv } from "../../src/intake/csv.ts";
import type { Call, Command } from "./command.ts";
import { refused, wrongUsage } from "./failure.ts";
import { type LineSource, openSource, STRICT, sendLines } from "./lines.ts";
import { readTextFile } from "./text-file.ts";

const COLUMNS = ["externalId", "name", "locale", "bracket", "blocked"];

export const registrations: Command = {
  name: "registrations",
  summary: "Register players from NDJSON or CSV (- reads standard input), for hunts that require it",
  usage: "<file>",
  options: {
    csv: { type: "boolean", about: "it is CSV (default: if its name ends in .csv)" },
    ...STRICT,
  },
  example: "registrations players.csv --strict",
  async run(call) {
    const name = call.argument("file");
    const csv = call.flag("csv") || extname(name).toLowerCase() === ".csv";
    const source = csv ? await fromCsv(call, name) : await openSource(call, name);
    return sendLines(call, "/v1/registrations", source, { sending: "registering", waiting: "queueing …" });
  },
};

async function fromCsv(call: Call, name: string): Promise<LineSource> {
  const lines = Buffer.from(csvToLines(await readTextFile(call, name)));
  return { open: () => Readable.from([lines]), size: lines.length, replayable: true };
}

/** One registration a row, each on its row's line, so that the engine's line numbers are the file's. */
export function csvToLines(text: string): string {
  const [head, ...rows] = rowsOf(text);
  const columns = head?.cells.map((cell) => cell.trim()) ?? [];
  const unknown = columns.find((column) => !COLUMNS.includes(column));
  if (unknown !== undefined)
    throw wrongUsage(`the CSV has a column "${unknown}"; known: ${COLUMNS.join(", ")}`);
  if (!columns.includes("externalId")) throw wrongUsage("the CSV has no column externalId in its first row");
  let lines = "";
  let at = 1;
  for (const { line, cells } of rows) {
    lines += "\n".repeat(line - at) + JSON.stringify(registrationOf(columns, cells));
    at = line;
  }
  return `${lines}\n`;
}

function rowsOf(text: string): CsvRow[] {
  try {
    return csvRows(text);
  } catch (error) {
    if (error instanceof UnreadableCsv) throw refused(error.message);
    throw error;
  }
}

/** A cell too many gets a name that the engine refuses; an empty one is left out. */
function registrationOf(columns: readonly string[], cells: readonly string[]): object {
  const entries = cells.flatMap((cell, index): [string, unknown][] => {
    const column = columns[index] ?? `column ${index + 1}`;
    if (cell === "") return [];
    return [[column, column === "blocked" ? flagOf(cell) : cell]];
  });
  return Object.fromEntries(entries);
}

/** As spreadsheets write yes and no; anything else is left for the engine to refuse. */
function flagOf(cell: string): boolean | string {
  const word = cell.trim().toLowerCase();
  if (["true", "yes", "1", "x"].includes(word)) return true;
  return ["false", "no", "0"].includes(word) ? false : cell;
}
