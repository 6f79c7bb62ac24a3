/** `hunt token`: a token for the local engine, or for a deployed one by its ring of keys. */
import { isBroken } from "../../src/contract/basics.ts";
import { HUNTS_NAMED_MAX, huntsGiven, rolesGiven, SUBJECT_MAX } from "../../src/contract/organisers.ts";
import { ORGANISER_ROLES } from "../../src/contract/role-table.ts";
import { keyRing } from "../../src/secrets.ts";
import {
  keptSecrets,
  mintOpsToken,
  mintOrganiserToken,
  type Person,
  SECRETS_FILE,
  type Secrets,
  TOKEN_DAYS,
} from "../local/secrets.ts";
import type { Call, Command } from "./command.ts";
import { wrongUsage } from "./failure.ts";
import { readTextFile } from "./text-file.ts";

/** Longest life of a token, days: the engine keeps revocations longer. */
const DAYS_MAX = 366;

export const token: Command = {
  name: "token",
  summary: "Print an organiser token, or a scraper's for /metrics; good for 30 days, may do all unless told",
  usage: "",
  options: {
    name: { type: "string", value: "person", about: "whose it is, as the audit names them (default: local)" },
    role: {
      type: "string",
      value: "roles",
      about: `what it may do, with commas: ${ORGANISER_ROLES.join(", ")} (default: owner)`,
    },
    hunts: { type: "string", value: "ids", about: "where, with commas (default: in every hunt)" },
    days: {
      type: "string",
      value: "n",
      about: `how long it is good, 1 to ${DAYS_MAX} (default: ${TOKEN_DAYS})`,
    },
    ring: {
      type: "string",
      value: "file",
      about:
        "of a deployed engine: the file with its ORGANISER_TOKEN_KEYS (- reads standard input; default: $ORGANISER_TOKEN_KEYS, else the local engine's)",
    },
    link: { type: "boolean", about: "print a link that signs in to the console at --url" },
    ops: { type: "boolean", about: "a token that opens /metrics and advice, and nothing else" },
  },
  example: "token --name ada@example.org --role operator,editor --hunts harbour-nights --days 7",
  async run(call) {
    const person = personOf(call);
    const ops = call.flag("ops");
    const unfit = ["role", "hunts"].find((option) => ops && call.text(option) !== undefined);
    if (unfit !== undefined) throw wrongUsage(`--${unfit} says nothing of a scraper's token`);
    if (ops && call.flag("link")) throw wrongUsage("a scraper's token does not sign in to the console");
    const keys = await keysOf(call);
    const made = ops
      ? await mintOpsToken(keys, Date.now(), person)
      : await mintOrganiserToken(keys, Date.now(), person);
    // In the fragment: it is not sent to servers and stays out of their logs.
    const link = call.flag("link") ? new URL(`/organise#token=${made}`, call.url).href : undefined;
    await call.out.result({ token: made, ...(link === undefined ? {} : { link }) }, (told) =>
      call.out.line(told.link ?? told.token),
    );
    return undefined;
  },
};

/** What the options say of the person. Throws wrong usage. */
function personOf(call: Call): Partial<Person> {
  const name = call.text("name")?.trim();
  if (name !== undefined && (name === "" || name.length > SUBJECT_MAX || isBroken(name))) {
    throw wrongUsage(`--name must be a line of 1 to ${SUBJECT_MAX} characters`);
  }
  const roles = listOf(call, "role", rolesGiven, `of ${ORGANISER_ROLES.join(", ")}, each once`);
  const hunts = listOf(call, "hunts", huntsGiven, `hunts' ids or *, each once, ${HUNTS_NAMED_MAX} at most`);
  const days = call.count("days", 1, DAYS_MAX);
  return {
    ...(name === undefined ? {} : { name }),
    ...(roles ? { roles } : {}),
    ...(hunts ? { hunts } : {}),
    ...(days === undefined ? {} : { days }),
  };
}

function listOf<Value>(
  call: Call,
  option: string,
  schema: { safeParse(value: unknown): { success: boolean; data?: Value } },
  what: string,
): Value | undefined {
  const given = call.text(option);
  if (given === undefined) return undefined;
  const { data } = schema.safeParse(given.split(",").map((one) => one.trim()));
  if (data === undefined) throw wrongUsage(`--${option} must be a list ${what}, not "${given}"`);
  return data;
}

/** The ring of a deployed engine, else the local one's; never an argument, which other users of the machine can read. */
async function keysOf(call: Call): Promise<Pick<Secrets, "ORGANISER_TOKEN_KEYS">> {
  const file = call.text("ring");
  const given = call.env.ORGANISER_TOKEN_KEYS;
  if (file === undefined) {
    // A named data directory is of a local engine.
    if (!given || call.text("data-dir") !== undefined) return localSecrets(call.dataDir);
    return checkedRing(given, "ORGANISER_TOKEN_KEYS");
  }
  return checkedRing(await readTextFile(call, file), file === "-" ? "standard input" : file);
}

function checkedRing(text: string, from: string): Pick<Secrets, "ORGANISER_TOKEN_KEYS"> {
  const ring = text.trim();
  try {
    keyRing("ORGANISER_TOKEN_KEYS", ring);
  } catch (error) {
    throw wrongUsage(`${from}: ${(error as Error).message}`);
  }
  return { ORGANISER_TOKEN_KEYS: ring };
}

/** The secrets of the local engine. Throws wrong usage where none has run: a token of new ones would open nothing. */
export async function localSecrets(dataDir: string): Promise<Secrets> {
  const kept = await keptSecrets(dataDir);
  if (kept) return kept;
  throw wrongUsage(
    `there is no ${SECRETS_FILE} in ${dataDir}: no engine has run there. Start it (npm start), or name its folder with --data-dir or DATA_DIR`,
  );
}
