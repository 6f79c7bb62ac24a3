/** What a command is: its row in the table, its arguments, its help. */
import { parseArgs } from "node:util";
import type { EngineClient } from "./engine-client.ts";
import { type ExitCode, wrongUsage } from "./failure.ts";
import type { Output } from "./output.ts";

export interface Option {
  type: "string" | "boolean";
  /** What stands for the value in the help; string options only. */
  value?: string;
  about: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** The arguments, all of them required: `<hunt> <team>`. */
  usage: string;
  options: Options;
  /** What could be typed after `npm run hunt -- `. */
  example: string;
  /** Resolves to the exit code; none is 0. */
  run(call: Call): Promise<ExitCode | undefined>;
}

/** A command as it was called. */
export interface Call {
  /** The argument the usage names so. */
  argument(name: string): string;
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** A whole number from an option. Throws wrong usage when it is none or out of bounds. */
  count(option: string, least: number, most: number): number | undefined;
  /** A path as the user means it: relative to where npm was called. */
  path(given: string): string;
  readonly engine: EngineClient;
  /** Where the local engine keeps its secrets. */
  readonly dataDir: string;
  readonly out: Output;
  readonly stdin: NodeJS.ReadableStream;
}

export const COMMON: Options = {
  url: {
    type: "string",
    value: "https://…",
    about: "the engine (default: http://127.0.0.1:$PORT, port 8787)",
  },
  token: {
    type: "string",
    value: "token",
    about: "an organiser token (default: $HUNT_TOKEN, else made for the local engine)",
  },
  "data-dir": {
    type: "string",
    value: "dir",
    about: "the local engine's data directory (default: $DATA_DIR, else .data)",
  },
  json: { type: "boolean", about: "JSON on stdout and nothing else" },
  quiet: { type: "boolean", about: "no confirmations, notes and progress" },
  help: { type: "boolean", about: "this text" },
};

export interface Parsed {
  arguments: ReadonlyMap<string, string>;
  values: Readonly<Record<string, string | boolean | undefined>>;
}

/** Marks a negative number: parseArgs would take `-50` for options. No argument of a process holds this character. */
const NEGATIVE = "\0";

/** Reads what follows the command's name. Throws wrong usage. */
export function parseCall(command: Command, argv: readonly string[]): Parsed {
  const names = argumentNames(command);
  const marked = argv.map((text) => (/^-\d/.test(text) ? `${NEGATIVE}${text}` : text));
  const { positionals, values } = parse(command, marked);
  const given = positionals.map((text) => text.replace(NEGATIVE, ""));
  // Asked for help, nothing else matters.
  if (values.help !== true) {
    const missing = names[given.length];
    if (missing !== undefined) throw wrongUsage(`<${missing}> is missing; ${usageOf(command)}`);
    const extra = given[names.length];
    if (extra !== undefined) throw wrongUsage(`"${extra}" is too much; ${usageOf(command)}`);
  }
  const unmarked = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "string" ? value.replace(NEGATIVE, "") : value,
  ]);
  return {
    arguments: new Map(names.map((name, index) => [name, given[index] ?? ""])),
    values: Object.fromEntries(unmarked),
  };
}

function parse(command: Command, argv: string[]) {
  const options = Object.entries({ ...COMMON, ...command.options }).map(
    ([name, { type }]) => [name, { type }] as const,
  );
  try {
    return parseArgs({
      args: argv,
      options: Object.fromEntries(options),
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS")) throw error;
    // Its first sentence names the option; the rest is advice about `--`.
    const [sentence = ""] = (error as Error).message.replaceAll(NEGATIVE, "").split(/\. |\n/, 1);
    throw wrongUsage(`${sentence.replace(/\.$/, "")}; ${usageOf(command)}`);
  }
}

function argumentNames(command: Command): string[] {
  return [...command.usage.matchAll(/<([^>]+)>/g)].map((match) => match[1] ?? "");
}

function usageOf(command: Command): string {
  return `usage: hunt ${[command.name, command.usage].filter(Boolean).join(" ")} [options]`;
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const listed = (options: Options): string => {
    const rows = Object.entries(options).map(([name, { value, about }]) => [
      `--${name}${value === undefined ? "" : ` ${value}`}`,
      about,
    ]);
    return rows.map(([left = "", right = ""]) => `  ${left.padEnd(22)}  ${right}`).join("\n");
  };
  const own = Object.keys(command.options).length > 0 ? `Options\n${listed(command.options)}\n\n` : "";
  return `${command.summary}

  npm run hunt -- ${[command.name, command.usage].filter(Boolean).join(" ")} [options]

${own}Everywhere
${listed(COMMON)}

Example
  npm run hunt -- ${command.example}
`;
}

/** The list of commands. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, usage, summary }) => [[name, usage].filter(Boolean).join(" "), summary]);
  const width = Math.max(...rows.map(([left = ""]) => left.length));
  return `Usage: npm run hunt -- <command> [options]

${rows.map(([left = "", right = ""]) => `  ${left.padEnd(width)}  ${right}`).join("\n")}

npm run hunt -- <command> --help tells a command's options and an example.
Exit codes: 0 done, 1 the engine or a check said no, 2 wrong usage, 3 engine not reachable.
`;
}

/** A whole number in bounds. Throws wrong usage, naming the argument. */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < least || value > most) {
    throw wrongUsage(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
