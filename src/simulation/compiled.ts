/** A definition compiled to be simulated: by no secret, so that every machine makes the same of it. PURE. */
import type { Issue } from "../errors.ts";
import { compile, issuesOf } from "../hunt/compile.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import { parseDefinition } from "../hunt/definition.ts";

/** Stands for the pepper of the digests, of which there is none: a text is its own digest. */
export const PEPPER = "simulated";

/** Stands in for the generated code of a scan clue. */
const codeFor = (clue: string): string => `1.simulated.${clue}.AAAAAAAAAAAAAA`;

/** The hunt to simulate, or every issue of its definition. `hunt`: the id where the definition gives none. */
export function compiledFrom(
  text: string,
  format: "json" | "yaml",
  hunt: string,
): { hunt: CompiledHunt; issues?: never } | { issues: Issue[]; hunt?: never } {
  const parsed = parseDefinition(text, format);
  if (parsed.issues) {
    return { issues: issuesOf(parsed, { hunt: parsed.draft?.definition.hunt ?? hunt, codeFor }) };
  }
  const { definition } = parsed;
  const compiled = compile(definition, {
    hunt: definition.hunt ?? hunt,
    pepper: PEPPER,
    digest: (_scope, given) => given,
    codeFor,
  });
  return compiled.issues ? { issues: compiled.issues } : { hunt: compiled.hunt };
}
