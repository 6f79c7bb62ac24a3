import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keysAt, pathAt, type Schema, valuesAt } from "../../src/web/organiser/complete.ts";

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../schema/hunt.json"), "utf8"),
) as Schema;
const text = `format: 1
teams:
  mode: solo
clues:
  - id: a
    kind: answer
    hints:
      - id: h
        
    attempts:
      
  - id: b
    
`.split("\n");
const keys = (line: number): string[] => keysAt(schema, pathAt(text, line)).map(({ label }) => label);

test("[WEB-5] the place in the text is found by its indentation", () => {
  expect(pathAt(text, 0)).toEqual([]);
  expect(pathAt(text, 2)).toEqual(["teams"]);
  expect(pathAt(text, 5)).toEqual(["clues", "[]"]);
  expect(pathAt(text, 8)).toEqual(["clues", "[]", "hints", "[]"]);
  expect(pathAt(text, 10)).toEqual(["clues", "[]", "attempts"]);
  expect(pathAt(text, 12)).toEqual(["clues", "[]"]);
});

test("[WEB-5] keys and values are those of the published schema", () => {
  expect(keys(0)).toEqual(expect.arrayContaining(["title", "clues", "prizes", "scoring"]));
  expect(keys(5)).toEqual(expect.arrayContaining(["points", "answers", "hints", "opens"]));
  expect(keys(8)).toEqual(expect.arrayContaining(["cost", "after", "text"]));
  expect(keys(10)).toEqual(expect.arrayContaining(["burst", "refillPerMinute"]));
  expect(valuesAt(schema, [...pathAt(text, 2), "mode"]).map(({ label }) => label)).toEqual(
    expect.arrayContaining(["teams", "solo"]),
  );
  expect(valuesAt(schema, [...pathAt(text, 5), "kind"]).map(({ label }) => label)).toEqual(
    expect.arrayContaining(["answer", "scan", "place", "choice"]),
  );
});
