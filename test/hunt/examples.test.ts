import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";

const FOLDER = join(import.meta.dirname, "../../hunts");
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));

function read(file: string) {
  const parsed = parseDefinition(readFileSync(join(FOLDER, file), "utf8"), "yaml");
  expect(parsed.issues).toBeUndefined();
  if (parsed.definition === undefined) throw new Error(`${file} has issues`);
  return parsed.definition;
}

test.each(files)("[DEF-34] the example %s compiles without an issue or a warning", (file) => {
  const hunt = file.replace(".yaml", "");
  const compiled = compile(read(file), {
    hunt,
    pepper: "p",
    digest: (_scope, text) => text,
    codeFor: (clue) => `code-${clue}`,
  });
  expect(compiled.issues).toBeUndefined();
  expect(compiled.warnings).toEqual([]);
});

test("[DEF-34] the demo shows every kind and every way to compare", () => {
  const { clues } = read("harbour-nights.yaml");
  expect(clues.length).toBeGreaterThanOrEqual(12);
  expect(new Set(clues.map((clue) => clue.kind))).toEqual(new Set(["answer", "scan", "place", "choice"]));
  expect(new Set(clues.map((clue) => clue.compare))).toEqual(
    new Set(["letters", "words", "exact", "number"]),
  );
});
