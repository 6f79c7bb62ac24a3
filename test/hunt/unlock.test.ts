import { describe, expect, test } from "vitest";
import type { CompiledHunt, Condition } from "../../src/hunt/compiled.ts";
import { opensAt, progressOf } from "../../src/hunt/unlock.ts";
import { answer, clue, type Game, game, HOUR, MINUTE, MOVING, SECOND, T0 } from "./build.ts";

const NEVER = Number.POSITIVE_INFINITY;
const start: Condition = { op: "start" };
const solved = (id: string): Condition => ({ op: "solved", clue: id });
const at = (time: number): Condition => ({ op: "at", time });
const waited = (duration: number): Condition => ({ op: "after", duration });

/** When the clue `x` with this condition opens for team `t`. */
function opening(played: Game, id = "x"): number {
  const { hunt, openedAt } = played.context;
  const found = hunt.clues.get(id);
  if (!found) throw new Error(`there is no clue ${id}`);
  return opensAt(
    hunt,
    found,
    played.team(),
    progressOf(hunt, played.team(), openedAt, Number.MAX_SAFE_INTEGER),
  );
}

/** Clues a, b, c (round r), d (round q), a meta m (round r), all open, and x with this condition. */
const withX = (opens: Condition, given: Partial<CompiledHunt> = {}): Game =>
  game(
    [
      clue("a"),
      clue("b", { points: 20 }),
      clue("c", { points: 30 }),
      clue("d", { round: "q" }),
      clue("m", { meta: true }),
      clue("x", { round: "q", opens }),
    ],
    given,
  );

function solve(played: Game, id: string, now: number) {
  return played.play(answer(`solve-${id}`, id, "right"), now);
}

describe("the moment a condition holds", () => {
  test.each<[string, Condition, [string, number][], number]>([
    ["start", start, [], T0],
    ["manual", { op: "manual" }, [["a", 1]], NEVER],
    ["solved, not yet", solved("a"), [["b", 1]], NEVER],
    ["solved", solved("a"), [["a", 7]], T0 + 7],
    ["solvedIn, too few", { op: "solvedIn", rounds: ["r"], atLeast: 2 }, [["a", 1]], NEVER],
    [
      "solvedIn, the second solve",
      { op: "solvedIn", rounds: ["r"], atLeast: 2 },
      [
        ["b", 5],
        ["a", 9],
        ["c", 11],
      ],
      T0 + 9,
    ],
    [
      "solvedIn counts no metas",
      { op: "solvedIn", rounds: ["r"], atLeast: 2 },
      [
        ["a", 5],
        ["m", 6],
      ],
      NEVER,
    ],
    [
      "solvedIn counts no other rounds",
      { op: "solvedIn", rounds: ["r"], atLeast: 2 },
      [
        ["a", 5],
        ["d", 6],
      ],
      NEVER,
    ],
    [
      "solvedIn of a list",
      { op: "solvedIn", rounds: ["r", "q"], atLeast: 2 },
      [
        ["a", 5],
        ["d", 6],
      ],
      T0 + 6,
    ],
    [
      "points, reached exactly",
      { op: "points", points: 30 },
      [
        ["a", 5],
        ["b", 6],
      ],
      T0 + 6,
    ],
    [
      "points, one short",
      { op: "points", points: 31 },
      [
        ["a", 5],
        ["b", 6],
      ],
      NEVER,
    ],
    ["at, to come", at(T0 + HOUR), [], T0 + HOUR],
    ["at, before the hunt opened", at(T0 - HOUR), [], T0],
    ["after", waited(10 * MINUTE), [], T0 + 10 * MINUTE],
    [
      "all, the last of them",
      { op: "all", of: [solved("a"), at(T0 + 50), solved("b")] },
      [
        ["a", 5],
        ["b", 60],
      ],
      T0 + 60,
    ],
    ["all, one missing", { op: "all", of: [solved("a"), { op: "manual" }] }, [["a", 5]], NEVER],
    ["any, the first of them", { op: "any", of: [solved("a"), at(T0 + 50)] }, [["a", 5]], T0 + 5],
    ["any, by the clock", { op: "any", of: [solved("a"), at(T0 + 50)] }, [], T0 + 50],
    [
      "atLeast without weights",
      {
        op: "atLeast",
        atLeast: 2,
        of: [solved("a"), solved("b"), waited(70)].map((condition) => ({ weight: 1, condition })),
      },
      [["b", 9]],
      T0 + 70,
    ],
    [
      "atLeast, a heavy one alone",
      {
        op: "atLeast",
        atLeast: 3,
        of: [
          { weight: 3, condition: solved("a") },
          { weight: 1, condition: solved("b") },
        ],
      },
      [
        ["b", 1],
        ["a", 4],
      ],
      T0 + 4,
    ],
    [
      "atLeast, light ones are not enough",
      {
        op: "atLeast",
        atLeast: 3,
        of: [
          { weight: 2, condition: solved("a") },
          { weight: 2, condition: solved("c") },
          { weight: 1, condition: at(T0 + 90) },
        ],
      },
      [["a", 4]],
      T0 + 90,
    ],
    [
      "nested",
      {
        op: "any",
        of: [
          { op: "all", of: [solved("a"), { op: "any", of: [solved("b"), waited(30)] }] },
          { op: "manual" },
        ],
      },
      [["a", 10]],
      T0 + 30,
    ],
  ])("[UN-1] %s", (_, opens, solves, expected) => {
    const played = withX(opens);
    for (const [id, offset] of solves) solve(played, id, T0 + offset);
    expect(opening(played)).toBe(expected);
  });

  test("[UN-2] nothing opens before the team joined or the hunt opened, whichever is later", () => {
    for (const opens of [start, at(T0 - HOUR), waited(0), { op: "all", of: [at(0)] } as Condition]) {
      const early = withX(opens);
      expect(opening(early)).toBe(T0);
      const late = withX(opens);
      late.join("q", "late", T0 + HOUR);
      const { hunt } = late.context;
      const x = hunt.clues.get("x");
      const team = late.team("late");
      expect(x && opensAt(hunt, x, team, progressOf(hunt, team, T0, Number.MAX_SAFE_INTEGER))).toBe(
        T0 + HOUR,
      );
    }
  });

  test("[UN-3] `after` counts from the later of joining and opening, for each team", () => {
    const played = withX(waited(10 * MINUTE));
    played.openedAt = T0 + HOUR;
    expect(opening(played)).toBe(T0 + HOUR + 10 * MINUTE);
    const x = played.context.hunt.clues.get("x");
    played.join("q", "late", T0 + 2 * HOUR);
    const team = played.team("late");
    expect(
      x &&
        opensAt(
          played.context.hunt,
          x,
          team,
          progressOf(played.context.hunt, team, T0 + HOUR, Number.MAX_SAFE_INTEGER),
        ),
    ).toBe(T0 + 2 * HOUR + 10 * MINUTE);
  });

  test("[UN-4] time opens a clue by itself, at that millisecond", () => {
    const played = withX(at(T0 + SECOND));
    expect(played.play(answer("1", "x", "right"), T0 + SECOND - 1).outcome).toBe("locked");
    expect(played.play(answer("1", "x", "right"), T0 + SECOND).outcome).toBe("correct");
  });

  test("[UN-5] a hunt that has not opened opens nothing", () => {
    const played = withX(start);
    played.openedAt = NEVER;
    expect(opening(played)).toBe(NEVER);
  });
});

describe("by hand", () => {
  const open = (played: Game, now: number) =>
    played.organise({ type: "unlock", clue: "x", reason: "r" }, now);

  test("[UN-8] an organiser opens a clue for one team, whatever its condition says", () => {
    for (const opens of [
      { op: "manual" },
      solved("a"),
      { op: "all", of: [{ op: "manual" }, at(T0 + HOUR)] },
    ] as Condition[]) {
      const played = withX(opens);
      played.join("q", "u");
      open(played, T0 + 5);
      expect(opening(played)).toBe(T0 + 5);
      expect(played.play(answer("1", "x", "right"), T0 + 5).outcome).toBe("correct");
      expect(played.play(answer("1", "x", "right"), T0 + 5, "q", "u").outcome).toBe("locked");
    }
  });

  test("[UN-8] opened by hand before the hunt opens, it opens with the hunt", () => {
    const played = withX({ op: "manual" });
    open(played, T0 - HOUR);
    expect(opening(played)).toBe(T0);
  });

  test("[UN-8] opened by hand after it was open, it opened when it did", () => {
    const played = withX(start);
    open(played, T0 + HOUR);
    expect(opening(played)).toBe(T0);
  });
});

describe("what a solve unlocks", () => {
  const chain = () =>
    game([
      clue("a", { points: 10 }),
      clue("b", { opens: solved("a") }),
      clue("c", { opens: { op: "all", of: [solved("a"), at(T0 + HOUR)] } }),
      clue("d", { opens: { op: "points", points: 10 } }),
      clue("e", { opens: { op: "solvedIn", rounds: ["r"], atLeast: 1 } }),
      clue("f", { opens: { op: "any", of: [solved("a"), start] } }),
      clue("g", { opens: { op: "manual" } }),
      clue("h", { opens: { op: "any", of: [{ op: "points", points: 10 }, solved("b")] } }),
    ]);

  test("[UN-6] `unlocked` lists in the hunt's order what became open by it: not what was open, not what waits for more", () => {
    expect(chain().play(answer("1", "a", "right")).unlocked).toEqual(["b", "d", "e", "h"]);
  });

  test("[UN-6] after the hour the timed one is among them, and an open one never again", () => {
    const played = chain();
    expect(played.play(answer("1", "a", "right"), T0 + HOUR).unlocked).toEqual(["b", "c", "d", "e", "h"]);
    expect(played.play(answer("2", "b", "right"), T0 + HOUR).unlocked).toEqual([]);
  });

  test("[UN-6] what an organiser opened before is not listed", () => {
    const played = chain();
    played.organise({ type: "unlock", clue: "d", reason: "r" });
    expect(played.play(answer("1", "a", "right")).unlocked).toEqual(["b", "e", "h"]);
  });

  test("[UN-6] a clue opened by an award is open without being listed by a later solve", () => {
    const played = chain();
    played.organise({ type: "award", points: 10, reason: "r" }, T0 + 3);
    expect(opening(played, "d")).toBe(T0 + 3);
    expect(played.play(answer("1", "a", "right"), T0 + 4).unlocked).toEqual(["b", "e"]);
  });

  test("[UN-7] the unlocked clue is open at that very moment", () => {
    const played = chain();
    played.play(answer("1", "a", "right"), T0 + 5);
    expect(opening(played, "b")).toBe(T0 + 5);
    expect(played.play(answer("2", "b", "right"), T0 + 5).outcome).toBe("correct");
  });
});

describe("points", () => {
  const banked = (given: Partial<CompiledHunt> = {}) =>
    game(
      [
        clue("a", { points: 30, hints: [{ id: "h", text: "H", cost: 30, after: 0 }] }),
        clue("x", { opens: { op: "points", points: 30 } }),
        clue("y", { opens: { op: "points", points: 40 } }),
      ],
      given,
    );

  test("[UN-10] reached once is open for good: hint costs and negative awards close nothing", () => {
    const played = banked();
    solve(played, "a", T0 + 5);
    played.play({ id: "h", type: "hint", clue: "a", hint: "h" }, T0 + 6);
    played.organise({ type: "award", points: -500, reason: "r" }, T0 + 7);
    expect(opening(played)).toBe(T0 + 5);
    expect(played.play(answer("1", "x", "wrong"), T0 + 8).outcome).toBe("incorrect");
  });

  test("[UN-11] moving scores: what is reached is recorded with the solve, and stays when the value falls", () => {
    const played = banked({ scoring: MOVING });
    played.word = { asOf: T0, values: new Map(), bonuses: new Map() };
    const first = played.facts.length;
    expect(solve(played, "a", T0 + 5).unlocked).toEqual(["x"]);
    expect(played.facts.slice(first)).toMatchObject([
      { type: "answer", outcome: "correct" },
      { type: "reached", points: 30, at: T0 + 5 },
    ]);
    played.word = { asOf: T0 + 6, values: new Map([["a", 2]]), bonuses: new Map() };
    expect(played.play(answer("1", "x", "wrong"), T0 + 8).outcome).toBe("incorrect");
    expect(opening(played)).toBe(T0 + 5);
  });

  test("[UN-11] moving scores: what the standings' word reached is noted at the next look", () => {
    const played = banked({ scoring: MOVING });
    solve(played, "a", T0 + 5);
    played.word = { asOf: T0 + 6, values: new Map(), bonuses: new Map([["t", 10]]) };
    expect(played.play(answer("1", "y", "wrong"), T0 + 9).outcome).toBe("incorrect");
    expect(opening(played, "y")).toBe(T0 + 9);
    played.word = { asOf: T0 + 10, values: new Map(), bonuses: new Map() };
    expect(opening(played, "y")).toBe(T0 + 9);
  });

  test("[UN-11] moving scores: an award notes what it reaches, each threshold once", () => {
    const played = banked({ scoring: MOVING });
    played.word = { asOf: T0, values: new Map(), bonuses: new Map() };
    played.organise({ type: "award", points: 35, reason: "r" }, T0 + 2);
    played.organise({ type: "award", points: 35, reason: "r" }, T0 + 3);
    expect(played.facts.slice(1)).toMatchObject([
      { type: "award", score: 35 },
      { type: "reached", points: 30, at: T0 + 2 },
      { type: "award", score: 70 },
      { type: "reached", points: 40, at: T0 + 3 },
    ]);
  });

  test("[UN-10] a version that turns moving scores into static ones closes nothing", () => {
    const played = banked({ scoring: MOVING });
    solve(played, "a", T0 + 5);
    played.word = { asOf: T0 + 6, values: new Map(), bonuses: new Map([["t", 10]]) };
    played.play(answer("1", "y", "wrong"), T0 + 9);
    played.publish({
      ...played.context.hunt.compiled,
      scoring: { ...MOVING, decay: { ...MOVING.decay, kind: "none" } },
    });
    expect(opening(played, "x")).toBe(T0 + 5);
    expect(opening(played, "y")).toBe(T0 + 9);
  });

  test("[UN-11] moving scores: before the standings' first word nothing is noted, because the score is a guess", () => {
    const played = banked({ scoring: MOVING });
    expect(solve(played, "a", T0 + 5).unlocked).toEqual([]);
    played.word = { asOf: T0 + 6, values: new Map([["a", 2]]), bonuses: new Map() };
    expect(played.play(answer("1", "y", "wrong"), T0 + 8).outcome).toBe("locked");
    expect(opening(played)).toBe(Number.POSITIVE_INFINITY);
  });

  test("[UN-10] a threshold that a version lowers is reached where the higher one was", () => {
    const played = banked({ scoring: MOVING });
    played.word = { asOf: T0, values: new Map(), bonuses: new Map() };
    solve(played, "a", T0 + 5);
    played.word = { asOf: T0 + 6, values: new Map([["a", 2]]), bonuses: new Map() };
    const clues = [clue("a", { points: 30 }), clue("x", { opens: { op: "points", points: 20 } })];
    played.publish({ ...played.context.hunt.compiled, clues });
    expect(opening(played)).toBe(T0 + 5);
  });
});

test("[UN-13] a clue that was solved stays so under a version that locks it", () => {
  const played = withX(start);
  solve(played, "x", T0 + 5);
  played.publish({
    ...played.context.hunt.compiled,
    clues: [clue("x", { opens: { op: "manual" } })],
  });
  expect(opening(played)).toBe(T0 + 5);
  expect(played.play(answer("2", "x", "again"), T0 + 6)).toEqual({
    id: "2",
    outcome: "already_solved",
    clue: "x",
  });
});
