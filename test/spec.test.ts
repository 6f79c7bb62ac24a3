/** SPEC.md and the tests name each other: no rule without a test, no test of a rule that there is not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(join(import.meta.dirname, "..", path), "utf8");

const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, rule]) => rule ?? "");

const rules = found(read("SPEC.md"), /\*\*([A-Z]+-\d+)\*\*/g);

const tests = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => read(join("test", path)))
  .join("\n");

test("every rule is named by a test", () => {
  const named = new Set(found(tests, /\b([A-Z]+-\d+)\b/g));
  expect(rules.filter((rule) => !named.has(rule))).toEqual([]);
});

test("every rule that a test names in its title is one", () => {
  const known = new Set(rules);
  expect(found(tests, /\[([A-Z]+-\d+)\]/g).filter((rule) => !known.has(rule))).toEqual([]);
});

test("no rule has the name of another", () => {
  expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
});
