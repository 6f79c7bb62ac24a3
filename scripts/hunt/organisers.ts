/** Who may sign in as an organiser, and voiding what they are signed in with. */
import { z } from "zod";
import {
  type Organiser,
  type Organisers,
  organiserList,
  type RevokeBody,
  type RevokedTokens,
} from "../../src/contract/organisers.ts";
import { issuesOf } from "../../src/intake/check.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, refused, wrongUsage } from "./failure.ts";
import { left } from "./output.ts";
import { plural } from "./text.ts";
import { readTextFile } from "./text-file.ts";

const PATH = "/v1/organisers";

/** As `--json` prints the list, so that it can be changed and put back. */
const listFile = organiserList.extend({ version: z.int().min(0).exactOptional() });

interface Versioned extends Organisers {
  version?: number;
}

export const organisers: Command = {
  name: "organisers",
  summary: "Who may sign in; --put replaces the list (an owner of every hunt)",
  usage: "",
  options: {
    put: {
      type: "string",
      value: "file",
      about: "replace the list by this one, as --json prints it (- reads standard input)",
    },
    "if-match": {
      type: "string",
      value: "version",
      about: "only if the list is at this version (default: the file's); *: whatever it is",
    },
  },
  example: "organisers --json > organisers.json",
  async run(call) {
    const file = call.text("put");
    if (file === undefined) {
      if (call.text("if-match") !== undefined) throw wrongUsage("--if-match goes with --put");
      await told(call, await list(call));
      return EXIT.ok;
    }
    const { version, organisers } = await read(call, file);
    const seen = seenOf(call.text("if-match"), version);
    const now = await list(call, { put: { organisers }, seen });
    await call.out.confirm(now, `${plural(organisers.length, "organiser")} in version ${now.version}`);
    return EXIT.ok;
  },
};

/** Reads or replaces the list. */
async function list(call: Call, { put, seen }: { put?: Organisers; seen?: string } = {}): Promise<Versioned> {
  let etag: string | undefined;
  const { organisers } = await call.engine.json<Organisers>(put ? "PUT" : "GET", PATH, {
    ...(put ? { body: put } : {}),
    ...(seen === undefined ? {} : { headers: { "if-match": seen } }),
    // Put twice, the second would be told that the list has changed.
    once: put !== undefined,
    tagged: (tag) => {
      etag = tag;
    },
  });
  const version = /^(?:W\/)?"(\d+)"$/.exec(etag ?? "")?.[1];
  return { ...(version === undefined ? {} : { version: Number(version) }), organisers };
}

async function read(call: Call, name: string): Promise<Versioned> {
  const text = await readTextFile(call, name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongUsage(`${name} is no JSON: ${(error as Error).message}`);
  }
  const checked = listFile.safeParse(value);
  if (checked.success) return checked.data as Versioned;
  call.out.errorIssues(issuesOf(checked.error));
  throw refused(`${name} is no list of organisers`);
}

/** The header: nobody replaces a list that they have not seen. */
function seenOf(given: string | undefined, version: number | undefined): string {
  if (given === "*") return "*";
  const seen = given ?? (version === undefined ? undefined : String(version));
  if (seen === undefined) {
    throw wrongUsage("the file has no version: give --if-match (hunt organisers tells it)");
  }
  if (!/^\d+$/.test(seen)) throw wrongUsage(`--if-match is a version or *, not "${seen}"`);
  return `"${seen}"`;
}

async function told(call: Call, { version, organisers }: Versioned): Promise<void> {
  await call.out.result({ version, organisers }, async () => {
    await call.out.table(
      [{ title: "email", whole: true }, left("roles"), { title: "hunts", whole: true }],
      organisers.map(({ email, roles, hunts }: Organiser) => [email, roles.join(","), hunts.join(",")]),
    );
    call.out.note(`version ${version ?? "unknown"}`);
  });
}

/** What `hunt revoke` does for tokens and persons; undefined: neither is named. */
export function tokensToRevoke(call: Call): Omit<RevokeBody, "reason"> | undefined {
  const sub = call.text("person");
  const token = call.text("token-id");
  if (sub === undefined && token === undefined) return undefined;
  return { ...(token === undefined ? {} : { token }), ...(sub === undefined ? {} : { sub }) };
}

export async function revokeTokens(call: Call, what: Omit<RevokeBody, "reason">): Promise<void> {
  const body: RevokeBody = { ...what, reason: call.text("reason") ?? "from the command line" };
  const response = await call.engine.json<RevokedTokens>("POST", `${PATH}/revoke`, { body });
  const { token, sub } = response;
  const named = [
    token === undefined ? [] : [`the token ${token}`],
    sub === undefined ? [] : [`what ${sub} has`],
  ];
  await call.out.confirm(response, `${named.flat().join(" and ")} is void everywhere within a minute`);
}
