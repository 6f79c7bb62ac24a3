/** `hunt entry`: an entry ticket, as a sponsor's own site makes them (docs/joining.md). */
import { SignJWT } from "jose";
import { currentKey, keyRing } from "../../src/secrets.ts";
import type { Call, Command } from "./command.ts";
import { wrongUsage } from "./failure.ts";
import { readTextFile } from "./text-file.ts";

/** A ticket is a login: it lives for minutes. */
const MINUTES = 10;
const MINUTES_MAX = 7 * 24 * 60;

export const entry: Command = {
  name: "entry",
  summary: "Print an entry ticket for a person, for hunts with `require: signed`",
  usage: "<hunt> <person>",
  options: {
    ring: {
      type: "string",
      value: "file",
      about: "the file with ENTRY_KEYS (- reads standard input); default: the variable ENTRY_KEYS",
    },
    minutes: { type: "string", value: "n", about: `how long it is good for (default ${MINUTES})` },
    link: { type: "string", value: "url", about: "print the link that carries it, to this engine" },
  },
  example: "entry harbour-nights customer-4711 --link https://hunt.example",
  async run(call) {
    const hunt = call.argument("hunt");
    const person = call.argument("person");
    const minutes = call.count("minutes", 1, MINUTES_MAX) ?? MINUTES;
    const link = call.text("link");
    if (link !== undefined && !/^https?:\/\/[^\s/]+\/?$/.test(link)) {
      throw wrongUsage("--link is an origin such as https://hunt.example");
    }
    const { id, bytes } = currentKey("ENTRY_KEYS", await ringOf(call));
    const now = Math.floor(Date.now() / 1_000);
    const ticket = await new SignJWT({ hunt })
      .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: id })
      .setAudience("hunt-entry")
      .setSubject(person)
      .setIssuedAt(now)
      .setExpirationTime(now + minutes * 60)
      .sign(bytes);
    const made = link === undefined ? { ticket } : { ticket, link: linkOf(link, hunt, ticket) };
    await call.out.result(made, () => call.out.line(made.link ?? ticket));
    return undefined;
  },
};

/** Behind the hash, which no server and no log is told. */
const linkOf = (origin: string, hunt: string, ticket: string): string =>
  `${origin.replace(/\/$/, "")}/play/${encodeURIComponent(hunt)}#entry=${ticket}`;

/** Never from the command line, which other processes read. */
async function ringOf(call: Call): Promise<string> {
  const file = call.text("ring");
  const ring = file === undefined ? call.env.ENTRY_KEYS : (await readTextFile(call, file)).trim();
  if (!ring) {
    throw wrongUsage("the ring of keys is missing: set ENTRY_KEYS, or name its file with --ring");
  }
  try {
    keyRing("ENTRY_KEYS", ring);
  } catch (error) {
    throw wrongUsage(`${file ?? "ENTRY_KEYS"}: ${(error as Error).message}`);
  }
  return ring;
}
