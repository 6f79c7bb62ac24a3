/**
 * Prints for the commands: results on stdout; notes, progress and errors on
 * stderr.
 */
import { once } from "node:events";
import { styleText } from "node:util";
import type { Issue } from "../../src/contract/problem.ts";
import { Progress } from "./progress.ts";
import { CELL_MAX, clean, count, cut, displayWidth, pad } from "./text.ts";

export interface Sink extends NodeJS.WritableStream {
  isTTY?: boolean;
  columns?: number;
}

type Style = "red" | "yellow" | "green" | "dim" | "bold" | "cyan";

export interface Column {
  title: string;
  align?: "right";
  /** Not to be cut, however long: codes, differences. */
  whole?: true;
}

export const left = (title: string): Column => ({ title });
export const right = (title: string): Column => ({ title, align: "right" });

export class Output {
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  readonly json: boolean;
  readonly quiet: boolean;

  constructor(stdout: Sink, stderr: Sink, { json, quiet }: { json: boolean; quiet: boolean }) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
    this.quiet = quiet;
  }

  /** Writes to stdout as fast as its reader takes it. */
  async write(data: string | Uint8Array): Promise<void> {
    if (!this.#stdout.write(data)) await once(this.#stdout, "drain");
  }

  async line(text: string): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** JSON, for machines. */
  async value(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value, null, 2));
  }

  /** The result of a command: as JSON, or told by `tell`. */
  async result<T>(value: T, tell: (value: T) => Promise<void>): Promise<void> {
    await (this.json ? this.value(value) : tell(value));
  }

  /** Says that something was done. */
  async confirm(value: unknown, text: string): Promise<void> {
    if (this.json) await this.value(value);
    else if (!this.quiet) await this.line(text);
  }

  note(text: string): void {
    if (!this.quiet) this.#stderr.write(`${text}\n`);
  }

  error(text: string): void {
    this.#stderr.write(`${this.#styled("red", "error:", this.#stderr)} ${text}\n`);
  }

  async issues(issues: readonly Issue[], style: "red" | "yellow"): Promise<void> {
    for (const line of this.#issueLines(issues, style, this.#stdout)) await this.line(line);
  }

  errorIssues(issues: readonly Issue[]): void {
    for (const line of this.#issueLines(issues, "red", this.#stderr)) this.#stderr.write(`${line}\n`);
  }

  noteIssues(issues: readonly Issue[]): void {
    for (const line of this.#issueLines(issues, "yellow", this.#stderr)) this.note(line);
  }

  /** `path  code  message`, in columns. */
  #issueLines(issues: readonly Issue[], style: Style, sink: Sink): string[] {
    const rows = issues.map(({ path, code, message }) => ({
      path: clean(path) || ".",
      code: clean(code),
      message: clean(message),
    }));
    const pathWidth = Math.min(CELL_MAX, Math.max(0, ...rows.map(({ path }) => displayWidth(path))));
    const codeWidth = Math.max(0, ...rows.map(({ code }) => code.length));
    return rows.map(({ path, code, message }) => {
      const told = this.#styled(style, code.padEnd(codeWidth), sink);
      return `${this.#styled("bold", pad(path, pathWidth), sink)}  ${told}  ${message}`;
    });
  }

  styled(style: Style, text: string): string {
    return this.#styled(style, text, this.#stdout);
  }

  #styled(style: Style, text: string, sink: Sink): string {
    // Colours are for people: never in a file or a pipe, unless FORCE_COLOR says so.
    return styleText(style, text, { stream: sink as NodeJS.WriteStream, validateStream: true });
  }

  async heading(text: string): Promise<void> {
    await this.line(`\n${this.styled("bold", text)}`);
  }

  /** A table of one page. */
  async table(
    columns: readonly Column[],
    rows: readonly (readonly (string | number | undefined)[])[],
  ): Promise<void> {
    await new Table(this, columns).rows(rows);
  }

  openTable(columns: readonly Column[]): Table {
    return new Table(this, columns);
  }

  progress(label: string, unit: "bytes" | "lines", total?: number): Progress {
    return new Progress(this.#stderr, this.#stderr.isTTY === true && !this.quiet, label, unit, total);
  }
}

/** A table that may get its rows page by page: the first page sets the widths. */
class Table {
  readonly #out: Output;
  readonly #columns: readonly Column[];
  #widths: number[] | undefined;

  constructor(out: Output, columns: readonly Column[]) {
    this.#out = out;
    this.#columns = columns;
  }

  async rows(rows: readonly (readonly (string | number | undefined)[])[]): Promise<void> {
    const cells = rows.map((row) => row.map((cell, index) => this.#cell(cell, index)));
    if (!this.#widths) {
      this.#widths = this.#columns.map(({ title }, index) =>
        Math.max(title.length, ...cells.map((row) => displayWidth(row[index] ?? ""))),
      );
      const titles = this.#columns.map(({ title }) => title);
      await this.#out.line(this.#out.styled("dim", this.#row(titles)));
    }
    for (const row of cells) await this.#out.line(this.#row(row));
  }

  #cell(cell: string | number | undefined, index: number): string {
    const text = clean(typeof cell === "number" ? count(cell) : (cell ?? ""));
    return this.#columns[index]?.whole ? text : cut(text);
  }

  #row(cells: readonly string[]): string {
    const padded = this.#columns.map(({ align }, index) =>
      pad(cells[index] ?? "", this.#widths?.[index] ?? 0, align),
    );
    return padded.join("  ").trimEnd();
  }
}
