import { describe, expect, test } from "vitest";
import { compile } from "../../../src/hunt/compile.ts";
import { parseDefinition } from "../../../src/hunt/definition.ts";
import { indexHunt } from "../../../src/hunt/indexed.ts";
import { JudgedAgain } from "../../../src/hunt/judged-again.ts";
import { answer, checkin, cluesSeen, game, picked, plainDigest, scan, T0 } from "../build.ts";

const PIER = { id: "pier", kind: "place", points: 10, place: { lat: 0, lng: 0, radius: 60 } };
const SHELL = { id: "shell", kind: "scan", points: 10, code: "SHELL" };
const INSTEAD = { text: "Cannot get there? **What year** is on it?", answers: ["1893", "MDCCCXCIII"] };

function compiled(clues: object[], more: object = {}) {
  const { definition, issues } = parseDefinition(
    JSON.stringify({ format: 1, title: "T", clues, ...more }),
    "json",
  );
  if (!definition) return { issues };
  return compile(definition, { hunt: "h", pepper: "p1", digest: plainDigest, codeFor: (id) => id });
}

function huntOf(...clues: object[]) {
  const made = compiled(clues) as ReturnType<typeof compile>;
  if (!made.hunt) throw new Error(JSON.stringify(made.issues));
  return made;
}

describe.each([
  ["a place", PIER, checkin("own", "pier", { lat: 0, lng: 0, accuracy: 5 })],
  ["a scan", SHELL, scan("own", "SHELL")],
])("[KIND-4] %s with another way", (_, clue, own) => {
  const made = huntOf({ ...clue, instead: INSTEAD });
  const stored = () => structuredClone(made.hunt?.clues ?? []);

  test("is solved by an answer, which counts the same, and whose fact says so", () => {
    const played = game(stored());
    expect(played.play(answer("1", clue.id, "1894")).outcome).toBe("incorrect");
    expect(played.play(answer("2", clue.id, " 1894 "))).toMatchObject({ repeated: true });
    expect(played.play(picked("3", clue.id, "1893")).outcome).toBe("invalid");
    expect(cluesSeen(played, T0)[0]).toMatchObject({ instead: { text: INSTEAD.text }, attempts: 1 });
    const right = answer("4", clue.id, "1893");
    const solved = played.play(right);
    expect(solved).toMatchObject({ outcome: "correct", points: 10 });
    expect(played.facts.at(-1)).toMatchObject({ type: "answer", outcome: "correct", instead: true });
    expect(played.play(right)).toEqual({ ...solved, duplicate: true });
    expect(played.play(own).outcome).toBe("already_solved");
    expect(JSON.stringify(cluesSeen(played, T0))).not.toMatch(/digest|MDCC/);
  });

  test("is solved by its own event as before", () => {
    const played = game(stored());
    expect(played.play(own).outcome).toBe("correct");
    expect(played.facts.at(-1)).not.toHaveProperty("instead");
  });

  test("is judged again by what is right now", () => {
    const played = game(stored());
    played.play(answer("1", clue.id, "1900"));
    const next = huntOf({ ...clue, instead: { ...INSTEAD, answers: ["1900"] } });
    if (!next.hunt) throw new Error("it compiles");
    const judged = new JudgedAgain(indexHunt(next.hunt), plainDigest);
    for (const fact of played.facts) judged.add(fact);
    expect(judged.of(played.facts[1]?.team ?? "")?.counting.has(clue.id)).toBe(true);
  });

  test("without it an answer is invalid", () => {
    const played = game(huntOf(clue).hunt?.clues ?? []);
    expect(played.play(answer("1", clue.id, "1893")).outcome).toBe("invalid");
  });

  test("the edge digests answers for it", () => {
    expect(made.public?.modes).toEqual(["letters"]);
    expect(huntOf(clue).public?.modes).toEqual([]);
  });
});

test.each<[string, object, string[]]>([
  ["no answer", { text: "?", answers: [] }, ["instead.answers too-small"]],
  ["no text", { answers: ["x"] }, ["instead.text missing"]],
  ["an empty answer", { text: "?", answers: ["!"] }, ["instead.answers.0 answer-empty"]],
  ["an answer twice", { text: "?", answers: ["a", "A"] }, ["instead.answers.1 answer-duplicate"]],
  ["a photo that is none", { text: "?", answers: ["a"], photo: "x.jpg" }, ["instead.photo format"]],
  ["another key", { text: "?", answers: ["a"], compare: "exact" }, ["instead.compare unknown-key"]],
  ["an unsafe link", { text: "[x](javascript:a)", answers: ["a"] }, ["instead.text unsafe-link"]],
])("[KIND-5] publishing tells of %s", (_, instead, expected) => {
  const told = (compiled([{ ...PIER, instead }]).issues ?? []).map(({ path, code }) => `${path} ${code}`);
  expect(told).toEqual(expected.map((each) => `clues.0.${each}`));
});

test("[KIND-5] other kinds have none, lint finds its answer, all languages count", () => {
  const typed = { id: "a", kind: "answer", answers: ["x"], instead: INSTEAD };
  expect(compiled([typed]).issues).toMatchObject([{ code: "instead-superfluous" }]);
  const told = huntOf({ ...PIER, body: "Built in 1893.", instead: INSTEAD }).warnings;
  expect(told).toMatchObject([{ path: "clues.0.body", code: "answer-in-text" }]);
  const instead = { text: { en: "Which?", de: "Welches?" }, answers: [{ en: "red", de: "rot" }] };
  const spoken = compiled([{ ...PIER, instead }], { languages: ["en", "de"] }) as ReturnType<typeof compile>;
  expect(spoken.hunt?.clues[0]?.instead?.digests).toHaveLength(2);
  expect(spoken.hunt?.translations?.de).toMatchObject({ "clues.0.instead.text": "Welches?" });
});
