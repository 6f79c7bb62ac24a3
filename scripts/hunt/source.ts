/** A definition's file: its text, its format, and the id its hunt is published under. */
import { basename, extname } from "node:path";
import type { Issue } from "../../src/contract/problem.ts";
import { compile, issuesOf } from "../../src/hunt/compile.ts";
import { type Definition, type ParsedDefinition, parseDefinition } from "../../src/hunt/definition.ts";
import { slugSchema } from "../../src/hunt/fields.ts";
import type { Call } from "./command.ts";
import { wrongUsage } from "./failure.ts";
import { readTextFile } from "./text-file.ts";

export interface Source {
  /** As the user named it. */
  name: string;
  text: string;
  format: "json" | "yaml";
  parsed: ParsedDefinition;
}

/** Reads a definition, that of `<file>` unless another is named; `-` is standard input. Throws wrong usage when it cannot be read or is not UTF-8. */
export async function readSource(call: Call, name = call.argument("file")): Promise<Source> {
  const text = await readTextFile(call, name);
  const json = name === "-" ? text.trimStart().startsWith("{") : extname(name).toLowerCase() === ".json";
  const format = json ? "json" : "yaml";
  return { name, text, format, parsed: parseDefinition(text, format) };
}

/** The hunt's id: as given, else as the definition says, else the file's name. Throws wrong usage when none is one. */
export function huntOf(source: Source, given: string | undefined): string {
  const { name, parsed } = source;
  const { hunt } = parsed.definition ?? parsed.draft?.definition ?? {};
  const id = given ?? hunt ?? basename(name, extname(name));
  if (!slugSchema.safeParse(id).success)
    throw wrongUsage(`"${id}" is no hunt id (a-z, 0-9 and inner dashes, 63 at most): give --hunt`);
  return id;
}

/** Stands in for the generated code of a scan clue, which needs the engine's key: no author gives one like it. */
const codeStandIn = (clue: string): string => `1.lint.${clue}.AAAAAAAAAAAAAA`;

/**
 * Everything that is wrong, in shape and in meaning, with a definition that has not the right shape; undefined:
 * it has. `given`: the id of its hunt, where the definition's own does not count.
 */
export function faultsOf({ parsed }: Source, given: string | undefined): Issue[] | undefined {
  if (!parsed.issues) return undefined;
  const hunt = given ?? parsed.draft?.definition.hunt ?? "unnamed";
  return issuesOf(parsed, { hunt, codeFor: codeStandIn });
}

/** Compiles a definition without an engine's keys, for what none of them decides. */
export const compiledHere = (definition: Definition, hunt: string) =>
  compile(definition, {
    hunt,
    pepper: "lint",
    digest: (scope, text) => `${typeof scope === "string" ? scope : scope.clue}\n${text}`,
    codeFor: codeStandIn,
  });
