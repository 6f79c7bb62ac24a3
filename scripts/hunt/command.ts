/** A command of the table: its row, and how commander reads its arguments and writes its help. */
import { Command as Commander, CommanderError, Option as CommanderOption } from "commander";
import type { EngineClient } from "./engine-client.ts";
import { type ExitCode, wrongUsage } from "./failure.ts";
import type { Output } from "./output.ts";

export interface Option {
  type: "string" | "boolean";
  /** Placeholder of the value in the help; string options only. */
  value?: string;
  about: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** The arguments: `<hunt> <team>`, and in brackets those that may be left out. */
  usage: string;
  options: Options;
  /** Words that could follow `npm run hunt -- `. */
  example: string;
  /** Resolves to the exit code; none is 0. */
  run(call: Call): Promise<ExitCode | undefined>;
}

/** A command as it was called. */
export interface Call {
  /** The argument the usage names so; "": it was left out. */
  argument(name: string): string;
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** A whole number from an option. Throws wrong usage when it is none or out of bounds. */
  count(option: string, least: number, most: number): number | undefined;
  /** A path as the user means it: relative to where npm was called. */
  path(given: string): string;
  readonly engine: EngineClient;
  /** Where the engine is, by `--url` or the local one's. */
  readonly url: URL;
  /** Where the local engine keeps its secrets. */
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
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
  "token-file": {
    type: "string",
    value: "file",
    about: "a file with the token, which other users of the machine cannot read as they can arguments",
  },
  "data-dir": {
    type: "string",
    value: "dir",
    about: "the local engine's data directory (default: $DATA_DIR, else .data)",
  },
  json: { type: "boolean", about: "JSON on stdout and nothing else" },
  quiet: { type: "boolean", about: "no confirmations, notes and progress" },
};

export interface Parsed {
  /** `--help` is given: nothing else counts. */
  help: boolean;
  arguments: ReadonlyMap<string, string>;
  values: Readonly<Record<string, string | boolean | undefined>>;
}

const HELP_WIDTH = 110;

/** Reads the words behind the command's name. Throws wrong usage. */
export function parseCall(command: Command, argv: readonly string[]): Parsed {
  const parser = parserOf(command);
  const names = parser.registeredArguments.map((argument) => argument.name());
  try {
    parser.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { help: true, arguments: new Map(), values: {} };
    throw wrongUsage(`${faultOf(error, names, parser.args)}; ${usageOf(command)}`);
  }
  const given: Record<string, unknown> = parser.opts();
  const values = parser.options.map((option) => {
    const value = given[option.attributeName()];
    return [option.name(), option.negate ? value === false : value] as const;
  });
  return {
    help: false,
    arguments: new Map(names.map((name, index) => [name, parser.args[index] ?? ""])),
    values: Object.fromEntries(values) as Parsed["values"],
  };
}

/** Turns the error of commander into one line. */
function faultOf({ code, message }: CommanderError, names: string[], given: readonly string[]): string {
  if (code === "commander.missingArgument") return `<${names[given.length]}> is missing`;
  if (code === "commander.excessArguments") return `"${given[names.length]}" is too much`;
  const [sentence = "", suggestion] = message.replace(/^error: /, "").split("\n");
  const advice = suggestion === undefined ? "" : ` ${suggestion.toLowerCase()}`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${advice}`;
}

function parserOf(command: Command): Commander {
  const parser = new Commander(`npm run hunt -- ${command.name}`)
    .description(command.summary)
    .helpOption("--help", "this text")
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .exitOverride();
  for (const [argument] of command.usage.matchAll(/<[^>]+>|\[[^\]]+\]/g)) parser.argument(argument);
  for (const [group, options] of [
    ["Options:", command.options],
    ["Everywhere:", COMMON],
  ] as const) {
    for (const [name, { value, about }] of Object.entries(options)) {
      const flags = value === undefined ? `--${name}` : `--${name} <${value}>`;
      parser.addOption(new CommanderOption(flags, about).helpGroup(group));
    }
  }
  return parser.addHelpText("after", `\nExample\n  npm run hunt -- ${command.example}`);
}

function usageOf(command: Command): string {
  return `usage: hunt ${[command.name, command.usage].filter(Boolean).join(" ")} [options]`;
}

/** The help of one command. */
export function helpOf(command: Command): string {
  return written(parserOf(command));
}

/** The list of commands. */
export function overview(commands: readonly Command[]): string {
  const program = new Commander("npm run hunt --")
    .usage("<command> [options]")
    .helpCommand(false)
    .configureHelp({
      helpWidth: HELP_WIDTH,
      subcommandTerm: (command) =>
        [
          command.name(),
          ...command.registeredArguments.map((argument) =>
            argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
          ),
        ].join(" "),
      visibleOptions: () => [],
    })
    .addHelpText(
      "after",
      `
npm run hunt -- <command> --help tells a command's options and an example.
Exit codes: 0 done, 1 the engine or a check said no, 2 wrong usage, 3 engine not reachable.`,
    );
  for (const command of commands) {
    program.addCommand(parserOf(command).name(command.name).summary(command.summary));
  }
  return written(program);
}

/** The help that a program of commander writes, with the texts after it. */
function written(program: Commander): string {
  let text = "";
  program.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  program.outputHelp();
  return text;
}

/** A whole number in bounds. Throws wrong usage, naming the argument. */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < least || value > most) {
    throw wrongUsage(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
