import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { addNudge } from "../../src/hunt/add-nudge.ts";

const demo = readFileSync(join(import.meta.dirname, "../../hunts/harbour-nights.yaml"), "utf8");

interface Definition {
  clues: { id: string; kind: string; nudges?: { match: string[]; say: string }[] }[];
}

/** The lines that only the one has. */
const linesBeyond = (one: string, other: string): string[] => {
  const left = other.split("\n");
  return one.split("\n").filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
};

describe("[SEE-5] a nudge written into a definition's own text", () => {
  test("the demo hunt, at each of its clues: everything else is as it was", () => {
    const before = parse(demo) as Definition;
    for (const { id } of before.clues.filter(({ kind }) => kind === "answer")) {
      const text = addNudge(demo, "yaml", { clue: id, answer: 'a "near" miss: #1', say: "Close!" }) ?? "";
      const after = parse(text) as Definition;
      const clue = after.clues.find((each) => each.id === id);
      expect(clue?.nudges?.at(-1)).toEqual({ match: ['a "near" miss: #1'], say: "Close!" });
      clue?.nudges?.pop();
      if (clue?.nudges?.length === 0 && !before.clues.find((each) => each.id === id)?.nudges)
        delete clue.nudges;
      expect(after).toEqual(before);
      expect(linesBeyond(demo, text)).toEqual([]);
      expect(linesBeyond(text, demo).length).toBeLessThanOrEqual(4);
    }
  });

  test("comments, order and the way of writing stay", () => {
    const source = `# A hunt.
title: Quays   # its name
clues:
- id: lamp # the first
  answers: [light]

  # Near misses.
  nudges:
  - match: [lamp]
    say: Nearly. # kindly
- { id: bell, answers: [ding] }
`;
    const added = addNudge(source, "yaml", { clue: "lamp", answer: "torch", say: "Older." }) ?? "";
    expect(linesBeyond(source, added)).toEqual([]);
    expect(linesBeyond(added, source).join("\n")).toContain("torch");
    const flow = addNudge(source, "yaml", { clue: "bell", answer: "dong", say: "Higher." }) ?? "";
    expect((parse(flow) as Definition).clues[1]?.nudges).toEqual([{ match: ["dong"], say: "Higher." }]);
    expect(linesBeyond(source, flow)).toHaveLength(1);
  });

  test("the same words again are one nudge; an alias is written out", () => {
    const source =
      "clues:\n  - id: a\n    nudges: &n\n      - { match: [x], say: Nearly. }\n  - id: b\n    nudges: *n\n";
    const same = parse(
      addNudge(source, "yaml", { clue: "a", answer: "y", say: "Nearly." }) ?? "",
    ) as Definition;
    expect(same.clues[0]?.nudges).toEqual([{ match: ["x", "y"], say: "Nearly." }]);
    const other = parse(addNudge(source, "yaml", { clue: "b", answer: "y", say: "No." }) ?? "") as Definition;
    expect(other.clues.map(({ nudges }) => nudges?.length)).toEqual([1, 2]);
    const own = parse(addNudge(source, "yaml", { clue: "a", answer: "z", say: "No." }) ?? "") as Definition;
    expect(own.clues.map(({ nudges }) => nudges?.length)).toEqual([2, 1]);
  });

  test("JSON; and no clue, no text", () => {
    const json = JSON.stringify({ title: "Q", clues: [{ id: "a" }] });
    const added = JSON.parse(
      addNudge(json, "json", { clue: "a", answer: "y", say: "No." }) ?? "{}",
    ) as Definition;
    expect(added.clues[0]?.nudges).toEqual([{ match: ["y"], say: "No." }]);
    for (const format of ["json", "yaml"] as const) {
      expect(addNudge(json, format, { clue: "z", answer: "y", say: "No." })).toBe(undefined);
    }
  });
});

test("[KIND-3] where several choices are picked, the near miss is written as their list", () => {
  const source = `clues:
- id: flag
  kind: choice
  select: many
  answers: [[red, blue]]
`;
  const nudge = { clue: "flag", answer: "gold,red", say: "One is wrong." };
  const yaml = addNudge(source, "yaml", nudge) ?? "";
  const json = addNudge(JSON.stringify(parse(source)), "json", { ...nudge }) ?? "";
  for (const text of [yaml, json]) {
    const { clues } = parse(text) as { clues: { nudges: object[] }[] };
    expect(clues[0]?.nudges).toEqual([{ match: [["gold", "red"]], say: "One is wrong." }]);
  }
  const more = parse(addNudge(yaml, "yaml", { ...nudge, answer: "gold" }) ?? "") as Definition;
  expect(more.clues[0]?.nudges?.[0]?.match).toEqual([["gold", "red"], ["gold"]]);
});
