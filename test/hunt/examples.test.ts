import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
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

test("[WEB-142] the demo is whole in English and German, and its letters fit in both", () => {
  const { languages, translations, clues } = read("harbour-nights.yaml");
  expect(languages).toEqual(["en", "de"]);
  expect(translations?.missing).toEqual([]);
  for (const [place, { id }] of clues.entries()) {
    for (const key of ["title", "body"]) {
      expect(translations?.texts.de?.[`clues.${place}.${key}`], `${id} ${key}`).toBeTruthy();
    }
  }
  const source = parse(readFileSync(join(FOLDER, "harbour-nights.yaml"), "utf8")) as {
    clues: { id: string; answers?: ({ en: string[]; de: string[] } | string)[] }[];
  };
  const answer = (language: "en" | "de", id: string): string => {
    const [first] = source.clues.find((clue) => clue.id === id)?.answers ?? [];
    return (typeof first === "object" ? first[language][0] : first)?.toLowerCase() ?? "";
  };
  const QUAY = ["strong-one", "cold-mother", "doctors-orders", "late-reply"];
  // As the admiral's text asks for them: the letter, and whose.
  const ADMIRAL = {
    en: [
      "4 cold-mother",
      "1 late-reply",
      "5 fresh-paint",
      "3 doctors-orders",
      "2 four-turns",
      "1 counting-lamp",
    ],
    de: [
      "3 cold-mother",
      "3 doctors-orders",
      "3 late-reply",
      "6 four-turns",
      "6 fresh-paint",
      "1 counting-lamp",
    ],
  };
  for (const language of ["en", "de"] as const) {
    expect(QUAY.map((id) => answer(language, id)[0]).join("")).toBe(answer(language, "what-the-quay-knows"));
    const letters = ADMIRAL[language].map((each) => {
      const [place, id = ""] = each.split(" ");
      return answer(language, id)[Number(place) - 1];
    });
    expect(letters.join("")).toBe(answer(language, "admiral"));
  }
  expect([..."CONTAINER"].sort()).toEqual([..."NIECARTON"].sort());
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
