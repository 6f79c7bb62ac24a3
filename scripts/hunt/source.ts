/** A definition's file: its text, its format, and the id its hunt is published under. */
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { type ParsedDefinition, parseDefinition } from "../../src/hunt/definition.ts";
import { slugSchema } from "../../src/hunt/fields.ts";
import type { Call } from "./command.ts";
import { wrongUsage } from "./failure.ts";

export interface Source {
  /** As the user named it. */
  name: string;
  text: string;
  format: "json" | "yaml";
  parsed: ParsedDefinition;
}

/** Reads the definition named by `<file>`; `-` is standard input. Throws wrong usage when it cannot be read. */
export async function readSource(call: Call): Promise<Source> {
  const name = call.argument("file");
  const text =
    name === "-"
      ? await readAll(call.stdin)
      : await readFile(call.path(name), "utf8").catch(unreadable(name));
  const json = name === "-" ? text.trimStart().startsWith("{") : extname(name).toLowerCase() === ".json";
  const format = json ? "json" : "yaml";
  return { name, text, format, parsed: parseDefinition(text, format) };
}

/** The hunt's id: as given, else as the definition says, else the file's name. Throws wrong usage when none is one. */
export function huntOf(source: Source, given: string | undefined): string {
  const { name, parsed } = source;
  const id = given ?? parsed.definition?.hunt ?? basename(name, extname(name));
  if (!slugSchema.safeParse(id).success)
    throw wrongUsage(`"${id}" is no hunt id (a-z, 0-9 and inner dashes, 63 at most): give --hunt`);
  return id;
}

/** Why a file cannot be read, as wrong usage. */
export function unreadable(name: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw wrongUsage(`there is no file ${name}`);
    if (code === "EISDIR") throw wrongUsage(`${name} is a directory`);
    if (code === "EACCES" || code === "EPERM") throw wrongUsage(`${name} may not be read`);
    throw error;
  };
}
