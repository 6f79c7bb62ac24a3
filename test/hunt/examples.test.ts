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

test.each(files)(
  "[DEF-34] the example %s compiles without an issue, and warns at most that anyone may win often",
  (file) => {
    const hunt = file.replace(".yaml", "");
    const compiled = compile(read(file), {
      hunt,
      pepper: "p",
      digest: (_scope, text) => text,
      codeFor: (clue) => `code-${clue}`,
    });
    expect(compiled.issues).toBeUndefined();
    // The examples are for everybody to try.
    expect(compiled.warnings?.filter(({ code }) => code !== "prize-many-entries")).toEqual([]);
  },
);

test("[DEF-34] the demo shows every kind and every way to compare", () => {
  const { clues } = read("harbour-nights.yaml");
  expect(clues.length).toBeGreaterThanOrEqual(12);
  expect(new Set(clues.map((clue) => clue.kind))).toEqual(new Set(["answer", "scan", "place", "choice"]));
  expect(new Set(clues.map((clue) => clue.compare))).toEqual(
    new Set(["letters", "words", "exact", "number"]),
  );
});

test("[DEF-34] the format's page has an example that compiles without a warning, and names every code", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/hunt-format.md"), "utf8");
  const example = page.split("```yaml\n").at(-1)?.split("```")[0] ?? "";
  const parsed = parseDefinition(example, "yaml");
  expect(parsed.issues).toBeUndefined();
  if (parsed.definition === undefined) return;
  const compiled = compile(parsed.definition, {
    hunt: "harbour-nights",
    pepper: "p",
    digest: (_scope, text) => text,
    codeFor: (clue) => `code-${clue}`,
  });
  expect(compiled.issues).toBeUndefined();
  expect(compiled.warnings).toEqual([]);

  const inTables = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, code]) => code));
  const folder = join(import.meta.dirname, "../../src/hunt");
  const inCode = readdirSync(folder)
    .filter((name) => /^(check|compile|lint|read|schema|definition)/.test(name) && name.endsWith(".ts"))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), "utf8").matchAll(/code: "([a-z-]+)"|^ {2}[a-z_]+: "([a-z-]+)",$/gm),
    ])
    .map(([, literal, mapped]) => literal ?? mapped);
  for (const code of new Set(inCode)) expect(inTables).toContain(code);
});
