import { describe, expect, test } from "vitest";
import { compile } from "../../../src/hunt/compile.ts";
import { parseDefinition } from "../../../src/hunt/definition.ts";
import { TEMPLATES, templateText } from "../../../src/web/organiser/templates/templates.ts";
import { words as ar } from "../../../src/web/organiser/templates/words/ar.ts";
import { words as de } from "../../../src/web/organiser/templates/words/de.ts";
import { words as en } from "../../../src/web/organiser/templates/words/en.ts";

const OPTIONS = {
  hunt: "t",
  pepper: "p",
  digest: (text: unknown) => JSON.stringify(text),
  codeFor: (clue: string) => `code-${clue}`,
};

describe.each(Object.entries({ en, de, ar }))("[WEB-94] templates in %s", (_, words) => {
  test.each(TEMPLATES)("%s can be published as it is", (template) => {
    const text = templateText(template, words, new Date("2026-12-25T12:00:00Z"));
    const { definition, issues } = parseDefinition(text, "yaml");
    expect(issues).toBeUndefined();
    if (!definition) return;
    expect(compile(definition, OPTIONS as never).issues).toBeUndefined();
  });
});

test("[WEB-94] a template reads as if written by hand, and the calendar is of the December to come", () => {
  const trail = templateText("trail", en, new Date());
  expect(trail.split("\n").slice(0, 12)).toEqual([
    "format: 1",
    "title: A walk through town",
    "description: Five stops, one team, an afternoon. Change the texts, and set the places.",
    "teams: { mode: teams, maxSize: 6 }",
    "scoring: { finish: last }",
    "rounds:",
    "  - { id: town, title: In town }",
    "clues:",
    "  - id: bench",
    "    round: town",
    "    title: The bench",
    "    body: Whose name is on the bench by the well?",
  ]);
  expect(trail).toContain("\n\n  - id: statue\n");
  const opening = (now: string) => /at: (\d{4})-/.exec(templateText("advent", en, new Date(now)))?.[1];
  expect(opening("2026-12-25T12:00:00Z")).toBe("2027");
  expect(opening("2026-12-24T12:00:00Z")).toBe("2026");
  expect(opening("2026-06-01T12:00:00Z")).toBe("2026");
});
