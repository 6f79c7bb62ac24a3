/** The table of commands, and the way from a command line to an exit code. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isLoopback } from "../local/command-line.ts";
import { dataDirectory, mintOrganiserToken, secretsOf } from "../local/secrets.ts";
import { DEFAULT_PORT } from "../local/vars.ts";
import { codes } from "./codes.ts";
import { type Call, type Command, helpOf, overview, type Parsed, parseCall, wholeNumber } from "./command.ts";
import { hunts, phase, publish, shards } from "./definition.ts";
import { checkDraws } from "./draw.ts";
import { EngineClient } from "./engine-client.ts";
import { exportFacts, importLines } from "./facts.ts";
import { EXIT, type ExitCode, printFailure, wrongUsage } from "./failure.ts";
import { lint } from "./lint.ts";
import { deadLetters, origin, rearchive, redrive } from "./origin.ts";
import { Output, type Sink } from "./output.ts";
import { prizes, restore, revoke, stock, winners, withdraw } from "./prizes.ts";
import { registrations } from "./registrations.ts";
import { ring } from "./ring.ts";
import { announce, award, ban, hide, show, unban, unlock } from "./teams.ts";
import { token } from "./token.ts";
import { audit, leaderboard, stats, teams, verify } from "./watch.ts";

const COMMANDS: readonly Command[] = [
  token,
  ring,
  lint,
  publish,
  phase,
  hunts,
  codes,
  stats,
  leaderboard,
  teams,
  announce,
  award,
  unlock,
  ban,
  unban,
  hide,
  show,
  stock,
  withdraw,
  restore,
  winners,
  revoke,
  checkDraws,
  prizes,
  importLines,
  exportFacts,
  registrations,
  verify,
  audit,
  shards,
  origin,
  deadLetters,
  redrive,
  rearchive,
];

/** The surroundings of a command line; `process` is one. */
export interface Surroundings {
  stdin: NodeJS.ReadableStream;
  stdout: Sink;
  stderr: Sink;
  env: NodeJS.ProcessEnv;
}

/** Runs a command line (without node and script) and tells the exit code. Expected failures are printed, not thrown. */
export async function main(argv: readonly string[], around: Surroundings): Promise<ExitCode> {
  const [name, ...rest] = argv;
  // Before anything is parsed: an error about the options must follow them, too.
  const out = new Output(around.stdout, around.stderr, {
    json: rest.includes("--json"),
    quiet: rest.includes("--quiet"),
  });
  try {
    if (name === undefined) throw wrongUsage(`no command is given\n\n${overview(COMMANDS).trimEnd()}`);
    if (name === "help" || name === "--help" || name === "-h") return await help(rest[0], out);
    const command = find(name);
    const parsed = parseCall(command, rest);
    if (parsed.help) return await help(name, out);
    return (await command.run(callOf(parsed, out, around))) ?? EXIT.ok;
  } catch (error) {
    return await printFailure(error, out);
  }
}

function find(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (!command) throw wrongUsage(`there is no command "${name}"; npm run hunt -- --help lists them`);
  return command;
}

async function help(name: string | undefined, out: Output): Promise<ExitCode> {
  await out.write(name === undefined ? overview(COMMANDS) : helpOf(find(name)));
  return EXIT.ok;
}

function callOf({ arguments: given, values }: Parsed, out: Output, { env, stdin }: Surroundings): Call {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const path = (relative: string): string => resolve(whereCalled(env), relative);
  const own = text("data-dir");
  const dataDir = own === undefined ? dataDirectory(env) : path(own);
  let client: EngineClient | undefined;
  return {
    argument(name) {
      const value = given.get(name);
      if (value === undefined) throw new Error(`the usage has no <${name}>`);
      return value;
    },
    text,
    flag: (name) => values[name] === true,
    count(name, least, most) {
      const value = text(name);
      return value === undefined ? undefined : wholeNumber(`--${name}`, value, least, most);
    },
    path,
    get engine() {
      client ??= clientOf(text("url"), text("token"), dataDir, out, env);
      return client;
    },
    dataDir,
    out,
    stdin,
  };
}

/** Where the user is: npm runs scripts in the project's folder and says in INIT_CWD where it was called. */
function whereCalled(env: NodeJS.ProcessEnv): string {
  const { INIT_CWD: called, npm_lifecycle_event: script } = env;
  return script === "hunt" && called !== undefined && existsSync(called) ? called : process.cwd();
}

function clientOf(
  givenUrl: string | undefined,
  givenToken: string | undefined,
  dataDir: string,
  out: Output,
  env: NodeJS.ProcessEnv,
): EngineClient {
  const url = urlOf(givenUrl, env);
  const note = (text: string): void => out.note(text);
  if (givenToken !== undefined)
    return new EngineClient({ url, note, tokenFrom: "--token", token: async () => givenToken });
  const ours = env.HUNT_TOKEN;
  if (ours) return new EngineClient({ url, note, tokenFrom: "HUNT_TOKEN", token: async () => ours });
  // A deployed engine has other secrets; and a token goes to nobody it was not made for.
  if (!isLoopback(url))
    throw wrongUsage(`${url.origin} is not the local engine: give --token, or set HUNT_TOKEN`);
  let minted: Promise<string> | undefined;
  const token = (): Promise<string> => {
    minted ??= secretsOf(dataDir).then((secrets) => mintOrganiserToken(secrets));
    return minted;
  };
  return new EngineClient({
    url,
    note,
    tokenFrom: `the secrets in ${dataDir}; --data-dir names another directory`,
    token,
  });
}

function urlOf(given: string | undefined, env: NodeJS.ProcessEnv): URL {
  if (given === undefined) {
    return new URL(`http://127.0.0.1:${wholeNumber("PORT", env.PORT || String(DEFAULT_PORT), 1, 65_535)}`);
  }
  const url = URL.parse(given);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw wrongUsage(`--url must be an http or https address, not "${given}"`);
  }
  return url;
}
