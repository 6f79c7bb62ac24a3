/** The table of commands, and the way from a command line to an exit code. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isLoopback } from "../local/command-line.ts";
import { dataDirectory, mintOrganiserToken } from "../local/secrets.ts";
import { DEFAULT_PORT } from "../local/vars.ts";
import { advice } from "./advice.ts";
import { backup, restore } from "./backup.ts";
import { restoreClue, withdrawClue } from "./clues.ts";
import { codes } from "./codes.ts";
import { type Call, type Command, helpOf, overview, type Parsed, parseCall, wholeNumber } from "./command.ts";
import { hunts, phase, publish, shards } from "./definition.ts";
import { deleteHunt } from "./delete.ts";
import { reply, requests } from "./desk.ts";
import { checkDraws } from "./draw.ts";
import { EngineClient } from "./engine-client.ts";
import { entry } from "./entry.ts";
import { exportFacts, importLines } from "./facts.ts";
import { EXIT, type ExitCode, printFailure, wrongUsage } from "./failure.ts";
import { importCtfcli, importCtfd } from "./import-others.ts";
import { lint } from "./lint.ts";
import { nudge } from "./nudge.ts";
import { organisers } from "./organisers.ts";
import { deadLetters, origin, rearchive, redrive, repair } from "./origin.ts";
import { Output, type Sink } from "./output.ts";
import { prizes, stock, winners, withdraw } from "./prizes.ts";
import { proof } from "./proof.ts";
import { pull, push } from "./push.ts";
import { registrations } from "./registrations.ts";
import { regrade, regradeUndo } from "./regrade.ts";
import { rehearse } from "./rehearse.ts";
import { revoke } from "./revoke.ts";
import { ring } from "./ring.ts";
import { alter, giveReturn, makeTeams, move, remove } from "./run-team.ts";
import { simulate } from "./simulate.ts";
import {
  announce,
  award,
  ban,
  edit,
  forget,
  hide,
  merge,
  reset,
  show,
  solve,
  takeBack,
  unban,
  unlock,
  unsolve,
} from "./teams.ts";
import { unreadable } from "./text-file.ts";
import { localSecrets, token } from "./token.ts";
import { facts, wrong } from "./typed.ts";
import { audit, leaderboard, stats, teams, verify } from "./watch.ts";
import { webhooks } from "./webhooks.ts";

const COMMANDS: readonly Command[] = [
  token,
  ring,
  organisers,
  entry,
  lint,
  simulate,
  publish,
  push,
  pull,
  phase,
  hunts,
  codes,
  stats,
  leaderboard,
  teams,
  facts,
  wrong,
  requests,
  reply,
  makeTeams,
  alter,
  move,
  remove,
  giveReturn,
  announce,
  edit,
  takeBack,
  award,
  unlock,
  solve,
  unsolve,
  reset,
  withdrawClue,
  nudge,
  restoreClue,
  regrade,
  regradeUndo,
  merge,
  ban,
  unban,
  hide,
  show,
  forget,
  stock,
  withdraw,
  restore,
  winners,
  revoke,
  checkDraws,
  prizes,
  importLines,
  exportFacts,
  importCtfd,
  importCtfcli,
  backup,
  proof,
  registrations,
  verify,
  audit,
  shards,
  rehearse,
  advice,
  origin,
  deadLetters,
  redrive,
  webhooks,
  rearchive,
  repair,
  deleteHunt,
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
      client ??= clientOf(text("url"), tokenGiven(text, path), dataDir, out, env);
      return client;
    },
    get url() {
      return urlOf(text("url"), env);
    },
    dataDir,
    env,
    out,
    stdin,
  };
}

interface TokenGiven {
  from: string;
  token: () => Promise<string>;
}

/** The token of an option. A file is read when a request needs it. */
function tokenGiven(
  text: (name: string) => string | undefined,
  path: (relative: string) => string,
): TokenGiven | undefined {
  const token = text("token");
  const file = text("token-file");
  if (token !== undefined && file !== undefined)
    throw wrongUsage("--token and --token-file are one too many");
  if (token !== undefined) return { from: "--token", token: async () => token };
  if (file === undefined) return undefined;
  return {
    from: file,
    token: async () => (await readFile(path(file), "utf8").catch(unreadable(file))).trim(),
  };
}

/** Where the user is: npm runs scripts in the project's folder and says in INIT_CWD where it was called. */
function whereCalled(env: NodeJS.ProcessEnv): string {
  const { INIT_CWD: called, npm_lifecycle_event: script } = env;
  return script === "hunt" && called !== undefined && existsSync(called) ? called : process.cwd();
}

function clientOf(
  givenUrl: string | undefined,
  given: TokenGiven | undefined,
  dataDir: string,
  out: Output,
  env: NodeJS.ProcessEnv,
): EngineClient {
  const url = urlOf(givenUrl, env);
  const note = (text: string): void => out.note(text);
  if (given) return new EngineClient({ url, note, tokenFrom: given.from, token: given.token });
  const ours = env.HUNT_TOKEN;
  if (ours) return new EngineClient({ url, note, tokenFrom: "HUNT_TOKEN", token: async () => ours });
  // A deployed engine has other secrets; and a token goes to nobody it was not made for.
  if (!isLoopback(url))
    throw wrongUsage(
      `${url.origin} is not the local engine: give --token-file or --token, or set HUNT_TOKEN`,
    );
  let minted: Promise<string> | undefined;
  const token = (): Promise<string> => {
    minted ??= localSecrets(dataDir).then((secrets) => mintOrganiserToken(secrets));
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
