import { describe, expect, test } from "vitest";
import { compile } from "../../../src/hunt/compile.ts";
import type { CompiledClue } from "../../../src/hunt/compiled.ts";
import { type ClueDefinition, parseDefinition } from "../../../src/hunt/definition.ts";
import { type ClueKind, eventOf, KIND_KEYS, KIND_NAMES, KINDS, kindOf } from "../../../src/hunt/kinds/all.ts";
import type { Solving } from "../../../src/hunt/kinds/kind.ts";
import { answer, checkin, clue, cluesSeen, game, plainDigest, scan, submit } from "../build.ts";

/** Of each kind the keys of a clue, and the command that solves it. The compiler asks for an entry a kind. */
const SAMPLES: Record<ClueKind, { keys: object; solve: (id: string) => Solving }> = {
  answer: { keys: { answers: ["right"] }, solve: (id) => answer(id, "sample", "Right!") },
  scan: { keys: { code: "MINE" }, solve: (id) => scan(id, "MINE") },
  place: {
    keys: { place: { lat: 0, lng: 0, radius: 60 } },
    solve: (id) => checkin(id, "sample", { lat: 0, lng: 0, accuracy: 5 }),
  },
  choice: {
    keys: { answers: ["blue"], choices: [{ id: "blue", label: "Blue" }] },
    solve: (id) => answer(id, "sample", "blue"),
  },
  submission: {
    keys: { accept: ["text"], judge: "after" },
    solve: (id) => submit(id, "sample", "Once upon a time"),
  },
};

function compiled(kind: ClueKind, keys: object) {
  const source = {
    format: 1,
    title: "T",
    rounds: [{ id: "r", title: "R" }],
    clues: [{ id: "sample", round: "r", title: "Sample", kind, points: 10, ...keys }],
  };
  const { definition, issues } = parseDefinition(JSON.stringify(source), "json");
  if (!definition) throw new Error(JSON.stringify(issues));
  const codeFor = (id: string): string => `generated-${id}`;
  return compile(definition, { hunt: "h", pepper: "p1", digest: plainDigest, codeFor });
}

function stored(kind: ClueKind): CompiledClue {
  const [only] = compiled(kind, SAMPLES[kind].keys).hunt?.clues ?? [];
  if (!only) throw new Error(`the sample of ${kind} does not compile`);
  return only;
}

const OTHER: CompiledClue = clue("other", { code: "OTHER" });

describe.each(KIND_NAMES)("the kind %s", (kind) => {
  const { keys, needs, event } = KINDS[kind];

  test("needs only keys of its own, and shares a key only with its schema", () => {
    expect(Object.keys(keys)).toEqual(expect.arrayContaining([...needs]));
    for (const [key, schema] of Object.entries(keys))
      expect(KIND_KEYS[key as keyof typeof KIND_KEYS]).toBe(schema);
  });

  test("is solved by a listed event", () => {
    expect(eventOf(event.type)).toBe(event);
  });

  test("[DEF-29] is refused without what it needs, and with what only others have", () => {
    for (const key of needs) {
      const { [key]: _, ...others } = SAMPLES[kind].keys as Record<string, unknown>;
      const codes = compiled(kind, others).issues?.map(({ code }) => code);
      expect(codes).toContain(`${key}-missing`);
    }
    for (const name of KIND_NAMES) {
      for (const [key, value] of Object.entries(SAMPLES[name].keys)) {
        if (key in keys) continue;
        const { issues } = compiled(kind, { ...SAMPLES[kind].keys, [key]: value });
        expect(issues).toMatchObject([{ path: `clues.0.${key}`, code: `${key}-superfluous` }]);
      }
    }
  });

  test("goes the whole way: written, stored as JSON, seen, solved, told the same again", () => {
    const played = game([JSON.parse(JSON.stringify(stored(kind))), OTHER]);
    const [seen] = cluesSeen(played, played.openedAt);
    expect(seen).toMatchObject({ id: "sample", kind, state: "open" });
    expect(JSON.stringify(seen)).not.toMatch(/digest|sample\/|code:|MINE/);
    const command = SAMPLES[kind].solve("e");
    const first = played.play(command);
    expect(first).toMatchObject({ outcome: "correct", clue: "sample", points: 10 });
    expect(played.facts[1]).toMatchObject({ type: event.type, clue: "sample" });
    expect(played.play(command)).toEqual({ ...first, duplicate: true });
  });

  test("[EV-3] another kind's event is invalid, unless it names no clue", () => {
    const played = game([stored(kind), OTHER]);
    for (const name of KIND_NAMES) {
      const command = SAMPLES[name].solve(name);
      if (command.type === event.type) continue;
      const expected = "clue" in command ? "invalid" : "unknown_code";
      expect(played.play(command).outcome).toBe(expected);
    }
  });
});

test("a stored clue of a kind that this version does not know is an error that names it", () => {
  const strange = { ...OTHER, kind: "riddle" } as unknown as ClueDefinition;
  expect(() => kindOf(strange)).toThrow("knows no clues of kind riddle");
});
