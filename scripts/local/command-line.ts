/** How every command that npm runs reads its options: commander, with exit code 2 for wrong usage. */
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";

export const WRONG_USAGE = 2;

/** A command of package.json, whose options the caller adds. Wrong usage ends the process. */
export function commandOf(name: string, description: string): Command {
  return new Command()
    .name(`npm run ${name} --`)
    .description(description)
    .configureHelp({ helpWidth: 110 })
    .showHelpAfterError(`npm run ${name} -- --help lists the options`)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : WRONG_USAGE));
}

/** Ends the process: wrong usage that one option alone does not show. */
export function failUsage(command: Command, message: string): never {
  return command.error(`error: ${message}`);
}

/** Reads an option's number; `whole` refuses fractions. */
export function number(least: number, most: number, { whole = false } = {}): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      throw new InvalidArgumentError(`It must be ${whole ? "a whole number from " : ""}${least} to ${most}.`);
    }
    return value;
  };
}

/** Reads names separated by commas, each of them one of `names`. */
export function listOf<Name extends string>(names: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(",").map((given) => {
      const found = names.find((name) => name === given);
      if (found === undefined) throw new InvalidArgumentError(`Allowed are ${names.join(", ")}.`);
      return found;
    });
}

/** Whether a URL names this machine, by name or number; `127.0.0.1.example.com` is another one. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Makes a path absolute as the user means it: npm runs scripts in the project's folder. */
export function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}
