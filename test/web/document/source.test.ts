import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { changed, type Edit, read, textOf } from "../../../src/web/organiser/document/source.ts";

const hunts = join(import.meta.dirname, "../../../hunts");
const demo = readFileSync(join(hunts, "harbour-nights.yaml"), "utf8");

const SMALL = `# A hunt for friends.
format: 1
title: Small     # what players see

teams: {mode: teams,   maxSize: 4}
rounds:
- {id: quay, title: The Quay}   # only one
clues:
# --- first ---
- id: lamp
  round: quay
  title: "The Lamp"
  kind: answer
  points:   50
  answers: [ lamp,   'a lamp' ]

# --- second ---
- id: stair
  round: quay
  title: The Stair
  body: |
    How many
    steps?
  kind: answer
  points: 60
  answers: ["199"]      # counted twice
  opens: {solved: lamp}
`;

/** The lines that differ: taken out, and put in. */
function differing(before: string, after: string): { out: string[]; in: string[] } {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  while (old.length > 0 && fresh.length > 0 && old[0] === fresh[0]) {
    old.shift();
    fresh.shift();
  }
  while (old.length > 0 && fresh.length > 0 && old.at(-1) === fresh.at(-1)) {
    old.pop();
    fresh.pop();
  }
  return { out: old, in: fresh };
}

const change = (text: string, act: (edit: Edit) => void) => differing(text, changed(text, act));

describe("[WEB-92] a form's change leaves everything else as its author wrote it", () => {
  test.each([
    ["the demo", demo],
    ["a small hunt in another hand", SMALL],
    ["the other demo", readFileSync(join(hunts, "ctf.yaml"), "utf8")],
  ])("%s: nothing is changed by no change", (_, text) => {
    expect(changed(text, () => undefined)).toBe(text);
  });

  test("a text", () => {
    expect(change(SMALL, (edit) => edit.set(["clues", 1, "title"], "The Long Stair"))).toEqual({
      out: ["  title: The Stair"],
      in: ["  title: The Long Stair"],
    });
    expect(change(demo, (edit) => edit.set(["clues", 0, "points"], 55))).toEqual({
      out: ["    points: 50"],
      in: ["    points: 55"],
    });
  });

  test("a text of several lines stays a block, and a short one becomes one", () => {
    expect(change(SMALL, (edit) => edit.set(["clues", 1, "body"], "Count\nthe steps."))).toEqual({
      out: ["    How many", "    steps?"],
      in: ["    Count", "    the steps."],
    });
    expect(change(SMALL, (edit) => edit.set(["clues", 0, "body"], "It shines.\n\nSince when?"))).toEqual({
      out: [],
      in: ["  body: |", "    It shines.", "", "    Since when?"],
    });
    expect(change(SMALL, (edit) => edit.set(["clues", 1, "body"], "Count"))).toEqual({
      out: ["  body: |", "    How many", "    steps?"],
      in: ["  body: Count"],
    });
  });

  test("a key that was not there comes to its place", () => {
    expect(change(SMALL, (edit) => edit.set(["closes"], "2026-12-02T02:00:00Z"))).toEqual({
      out: [],
      in: ["closes: 2026-12-02T02:00:00Z"],
    });
    const hint = { id: "outside", text: "Start outside.", cost: 20, after: "10m" };
    expect(change(SMALL, (edit) => edit.insert(["clues", 1, "hints"], 0, hint))).toEqual({
      out: [],
      in: ["  hints:", "  - { id: outside, text: Start outside., cost: 20, after: 10m }"],
    });
  });

  test("a key taken out takes what is then empty with it", () => {
    const made = changed(SMALL, (edit) => edit.set(["scoring", "finish"], "stair"));
    expect(differing(SMALL, made)).toEqual({ out: [], in: ["scoring: { finish: stair }"] });
    expect(changed(made, (edit) => edit.set(["scoring", "finish"], undefined))).toBe(SMALL);
  });

  test("an entry that moves takes the comment above it along", () => {
    const text = changed(SMALL, (edit) => edit.move(["clues"], 1, 0));
    expect(text.indexOf("# --- second ---\n- id: stair")).toBeLessThan(text.indexOf("- id: lamp"));
    expect(text).toContain('answers: ["199"]      # counted twice');
    expect(text).toContain("answers: [ lamp,   'a lamp' ]");
    expect(text).toContain("title: Small     # what players see");
    expect((read(text).value as { clues: { id: string }[] }).clues.map(({ id }) => id)).toEqual([
      "stair",
      "lamp",
    ]);
  });

  test("comments at the very beginning and end stay, whatever goes", () => {
    const text = "# About all.\nhunt: a\nformat: 1\nclues:\n- id: b # c\n# The end.\n";
    expect(changed(text, (edit) => edit.set(["hunt"], undefined))).toBe(text.replace("hunt: a\n", ""));
    expect(changed(text, (edit) => edit.set(["clues", 0, "id"], "d"))).toBe(text.replace("id: b", "id: d"));
  });

  test("a text that was empty is written without the quotes of nothing", () => {
    expect(changed('title: ""\n', (edit) => edit.set(["title"], "The Lamp"))).toBe("title: The Lamp\n");
  });

  test("a list on one line that grows too long gets lines of its own", () => {
    const many = Array.from({ length: 12 }, (_, index) => `answer number ${index}`);
    const { in: lines } = change(SMALL, (edit) => edit.set(["clues", 0, "answers"], many));
    expect(lines[0]).toBe("  answers:");
    expect(lines[1]).toBe("  - answer number 0");
  });
});

test("[WEB-92] what the forms write from nothing reads as if written by hand", () => {
  let text = textOf({ format: 1, title: "Six clues" });
  const act = (change: (edit: Edit) => void): void => {
    text = changed(text, change);
  };
  act((edit) => edit.insert(["rounds"], 0, { id: "old-town", title: "The Old Town" }));
  act((edit) => edit.insert(["clues"], 0, { id: "lamp", title: "The Lamp", kind: "answer", points: 50 }));
  act((edit) => edit.set(["clues", 0, "answers"], ["lamp", "199", "no"]));
  act((edit) => edit.set(["clues", 0, "body"], "It shines: **at night**.\nSince when?"));
  act((edit) =>
    edit.insert(["clues"], 1, {
      id: "pier",
      title: { en: "The Pier", de: "Der Steg" },
      kind: "place",
      place: { lat: 53.5, lng: 9.9, radius: 40 },
      opens: { all: [{ solved: "lamp" }, { at: "2026-12-01T18:00:00Z" }] },
    }),
  );
  act((edit) => edit.insert(["clues", 0, "hints"], 0, { id: "h", text: "Look up.", cost: 10 }));
  act((edit) => edit.set(["opens"], "2026-12-01T18:00:00Z"));
  act((edit) => edit.insert(["prizes"], 0, { id: "mug", title: "A mug", stock: 3 }));
  act((edit) => edit.set(["prizes", 0, "requires"], { solved: "pier" }));
  expect(text).toBe(`format: 1
title: Six clues
opens: 2026-12-01T18:00:00Z
rounds:
  - { id: old-town, title: The Old Town }
clues:
  - id: lamp
    title: The Lamp
    body: |
      It shines: **at night**.
      Since when?
    kind: answer
    points: 50
    answers: [lamp, "199", no]
    hints:
      - { id: h, text: Look up., cost: 10 }

  - id: pier
    title: { en: The Pier, de: Der Steg }
    kind: place
    place: { lat: 53.5, lng: 9.9, radius: 40 }
    opens: { all: [ { solved: lamp }, { at: 2026-12-01T18:00:00Z } ] }
prizes:
  - { id: mug, title: A mug, stock: 3, requires: { solved: pier } }
`);
});

test("[WEB-92] JSON becomes YAML with the first change; a text that cannot be read says where", () => {
  const text = changed('{"format": 1, "title": "J", "rounds": []}', (edit) => edit.set(["title"], "K"));
  expect(text).toBe("format: 1\ntitle: K\nrounds: []\n");
  expect(read("format: 1\ntitle: [\n").problem?.line).toBeGreaterThan(1);
  expect(read("- a").problem).toBeDefined();
  expect(read("").value).toEqual({});
});
