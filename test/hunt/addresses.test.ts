import { describe, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { wrongAddresses } from "../../src/hunt/markdown.ts";
import { cpuTime } from "../cpu.ts";

/** Issues of a hunt whose only clue has this body, by path and code. */
function issuesOf(body: string, change: Record<string, unknown> = {}): string[] {
  const clue = { id: "a", round: "r", title: "A", kind: "answer", answers: ["one"], body };
  const source = { format: 1, title: "T", rounds: [{ id: "r", title: "R" }], clues: [clue], ...change };
  const { definition, issues } = parseDefinition(JSON.stringify(source), "json");
  if (!definition) throw new Error(JSON.stringify(issues));
  const compiled = compile(definition, {
    hunt: "h",
    pepper: "p",
    digest: (_, text) => text,
    codeFor: (id) => id,
  });
  return (compiled.issues ?? []).map(({ path, code }) => `${path} ${code}`);
}

describe("[TEXT-3] addresses that are refused", () => {
  test.each([
    ["[x](javascript:alert(1))", "unsafe-link"],
    ["[x](JavaScript:alert)", "unsafe-link"],
    ["[x](&#x6a;avascript:alert)", "unsafe-link"],
    ["[x](java\\script:alert)", undefined],
    ["[x](<java\tscript:alert>)", "unsafe-link"],
    ["<javascript:alert>", "unsafe-link"],
    ["[x][r]\n\n[r]: vbscript:x", "unsafe-link"],
    ["![x](data:image/png;base64,AAAA)", "unsafe-link"],
    ["| a |\n|---|\n| [x](data:text/html,x) |", "unsafe-link"],
    ["`[x](javascript:alert(1))`", undefined],
    ["```\n[x](javascript:alert(1))\n```", undefined],
    ["\\[x](javascript:alert)", undefined],
    ["javascript: is no link", undefined],
    ["![x](https://example.org/x.png)", "remote-media"],
    ["![x](//example.org/x.png)", "remote-media"],
    ["![x [y](https://example.org/x.png)", undefined],
    ["![x \\[y](https://example.org/x.png)", "remote-media"],
    ["![x `[` y](https://example.org/x.png)", "remote-media"],
    ["![x][r]\n\n[r]: https://example.org/x.png", "remote-media"],
    ["![x](/play/x.png) [x](https://example.org) https://example.org", undefined],
    ["[x](clue:a)", undefined],
    ["[x](clue:b)", "no-such-clue"],
    ["[x](page:rules)", "no-such-page"],
  ])("%s", (body, code) => {
    expect(issuesOf(body)).toEqual(code === undefined ? [] : [`clues.0.body ${code}`]);
  });

  test("in every text that is Markdown", () => {
    const bad = "[x](javascript:x)";
    const hints = [{ id: "h", text: bad }];
    const clue = { id: "a", round: "r", title: bad, kind: "answer", answers: ["one"], hints };
    const consent = [{ id: "c", text: bad }];
    expect(issuesOf("", { clues: [clue], description: bad, join: { consent } })).toEqual([
      "description unsafe-link",
      "join.consent.0.text unsafe-link",
      "clues.0.hints.0.text unsafe-link",
    ]);
  });
});

test("[TEXT-3] a text that would take the parser half a minute is judged by what may be an address", () => {
  const spent = cpuTime();
  const wrong = wrongAddresses(`${"*a".repeat(9_000)} \`[x](javascript:x)\``, () => false);
  expect(wrong).toHaveLength(1);
  expect(spent()).toBeLessThan(1_000);
});
