import { describe, expect, test } from "vitest";
import { compile } from "../../../src/hunt/compile.ts";
import type { CompiledClue } from "../../../src/hunt/compiled.ts";
import { parseDefinition } from "../../../src/hunt/definition.ts";
import { answer, cluesSeen, game, picked, plainDigest, T0 } from "../build.ts";

const CHOICES = ["red", "blue", "gold"].map((id) => ({ id, label: id.toUpperCase() }));

function compiled(keys: object) {
  const source = {
    format: 1,
    title: "T",
    clues: [{ id: "flag", kind: "choice", points: 10, choices: CHOICES, ...keys }],
  };
  const { definition, issues } = parseDefinition(JSON.stringify(source), "json");
  if (!definition) return { issues };
  return compile(definition, { hunt: "h", pepper: "p1", digest: plainDigest, codeFor: (id) => id });
}

function clueOf(keys: object): CompiledClue {
  const { hunt, issues } = compiled(keys) as ReturnType<typeof compile>;
  const [clue] = hunt?.clues ?? [];
  if (!clue) throw new Error(JSON.stringify(issues));
  return JSON.parse(JSON.stringify(clue)) as CompiledClue;
}

const MANY = { select: "many", answers: [["red", "blue"]], nudges: [{ match: [["gold"]], say: "Nearly." }] };
const ORDER = { select: "order", answers: [["red", "blue"]] };

describe("[KIND-1] what is picked", () => {
  test.each([
    ["an unknown id", picked("e", "flag", "red", "green")],
    ["a choice twice", picked("e", "flag", "red", "red")],
    ["a text", answer("e", "flag", "red")],
    ["a text that looks like a list", answer("e", "flag", "red,blue")],
  ])("%s is invalid where several are picked, and takes no attempt", (_, command) => {
    for (const keys of [MANY, ORDER]) {
      const played = game([clueOf(keys)]);
      expect(played.play(command)).toMatchObject({ outcome: "invalid", message: expect.any(String) });
      expect(played.facts).toHaveLength(1);
    }
  });

  test("a list of one is as the text where one is picked; of two or of an unknown id it is invalid", () => {
    const played = game([clueOf({ answers: ["blue"] })]);
    expect(played.play(picked("1", "flag", "red", "blue")).outcome).toBe("invalid");
    expect(played.play(picked("2", "flag", "green")).outcome).toBe("invalid");
    expect(played.play(picked("3", "flag", "red")).outcome).toBe("incorrect");
    expect(played.play(answer("4", "flag", "red")).repeated).toBe(true);
    const right = picked("5", "flag", "blue");
    expect(played.play(right).outcome).toBe("correct");
    expect(played.play(answer("5", "flag", "blue"))).toMatchObject({ outcome: "correct", duplicate: true });
    expect(cluesSeen(played, T0)[0]).toMatchObject({ select: "one" });
  });
});

describe("[KIND-2] several choices", () => {
  test("are a set: their order does not count, for answers, near misses and repeats", () => {
    const played = game([clueOf(MANY)]);
    expect(cluesSeen(played, T0)[0]).toMatchObject({ select: "many", choices: CHOICES });
    expect(played.play(picked("1", "flag", "red", "gold")).outcome).toBe("incorrect");
    expect(played.play(picked("2", "flag", "gold", "red"))).toMatchObject({ repeated: true });
    expect(played.play(picked("3", "flag", "gold"))).toMatchObject({ outcome: "nudge", message: "Nearly." });
    expect(played.play(picked("4", "flag", "red")).outcome).toBe("incorrect");
    expect(played.play(picked("5", "flag", "blue", "red")).outcome).toBe("correct");
    expect(played.facts.at(-1)).toMatchObject({ answer: "blue,red" });
  });

  test("in order are a sequence", () => {
    const played = game([clueOf(ORDER)]);
    expect(cluesSeen(played, T0)[0]).toMatchObject({ select: "order" });
    expect(played.play(picked("1", "flag", "blue", "red")).outcome).toBe("incorrect");
    expect(played.play(picked("2", "flag", "blue", "red")).repeated).toBe(true);
    expect(played.play(picked("2", "flag", "red", "blue")).outcome).toBe("correct");
  });

  test("keep a body: the same id with another order is a conflict", () => {
    const played = game([clueOf(MANY)]);
    played.play(picked("1", "flag", "red", "gold"));
    expect(played.play(picked("1", "flag", "red", "gold"))).toMatchObject({ duplicate: true });
    expect(played.play(picked("1", "flag", "gold", "red")).outcome).toBe("conflict");
  });
});

test.each<[string, object, string[]]>([
  ["a text where several are picked", { select: "many", answers: ["red"] }, ["answers.0 answer-no-list"]],
  ["a list where one is picked", { answers: [["red"]] }, ["answers.0 answer-is-list"]],
  ["an unknown id", { select: "many", answers: [["red", "green"]] }, ["answers.0 answer-no-choice"]],
  ["a choice twice", { select: "order", answers: [["red", "red"]] }, ["answers.0 answer-empty"]],
  [
    "the same set",
    {
      select: "many",
      answers: [
        ["red", "blue"],
        ["blue", "red"],
      ],
    },
    ["answers.1 answer-duplicate"],
  ],
  [
    "another sequence",
    {
      select: "order",
      answers: [
        ["red", "blue"],
        ["blue", "red"],
      ],
    },
    [],
  ],
  ["nothing", { select: "many", answers: [[]] }, ["answers.0 too-small"]],
  [
    "a near miss that is right",
    { ...MANY, nudges: [{ match: [["blue", "red"]], say: "No." }] },
    ["nudges.0.match.0 nudge-is-answer"],
  ],
  [
    "a near miss of one",
    { ...MANY, nudges: [{ match: ["gold"], say: "No." }] },
    ["nudges.0.match.0 nudge-no-list"],
  ],
  ["another way to select", { ...MANY, select: "some" }, ["select value"]],
])("[KIND-3] publishing tells of %s", (_, keys, expected) => {
  const told = (compiled(keys).issues ?? []).map(({ path, code }) => `${path} ${code}`);
  expect(told).toEqual(expected.map((each) => `clues.0.${each}`));
});

test("[KIND-3] a list that no event can carry is refused", () => {
  const choices = Array.from({ length: 70 }, (_, index) => ({ id: `${"x".repeat(60)}${index}`, label: "L" }));
  const answers = [choices.map(({ id }) => id)];
  const told = compiled({ select: "many", choices, answers }).issues ?? [];
  expect(told).toMatchObject([{ path: "clues.0.answers.0", code: "cannot-be-given" }]);
});
