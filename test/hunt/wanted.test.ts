import { describe, expect, test } from "vitest";
import type { Condition } from "../../src/hunt/compiled.ts";
import { seenOf } from "../../src/hunt/seen.ts";
import { wantedOf } from "../../src/hunt/wanted.ts";
import { answer, clue, type Game, game, HOUR, isoAt, T0 } from "./build.ts";

const wanted = (played: Game, condition: Condition, now = T0) =>
  wantedOf(played.context, played.team(), condition, seenOf(played.context, played.team(), now), now);

describe("[PRIZE-24] what a prize asks for", () => {
  const clues = () => [
    clue("a"),
    clue("secret-end", { opens: { op: "solved", clue: "a" } }),
    clue("far", { round: "secret-round", opens: { op: "manual" } }),
  ];

  test("names a clue only once the team sees it, and tells what is done", () => {
    const played = game(clues());
    const condition: Condition = { op: "solved", clue: "secret-end" };
    expect(wanted(played, condition)).toEqual({ atLeast: 1, of: [{ kind: "solved", done: false }] });
    played.play(answer("1", "a", "right"));
    expect(wanted(played, condition)).toEqual({
      atLeast: 1,
      of: [{ kind: "solved", done: false, clue: "secret-end" }],
    });
    played.play(answer("2", "secret-end", "right"));
    expect(wanted(played, condition).of).toEqual([{ kind: "solved", done: true, clue: "secret-end" }]);
  });

  test("lists the parts of all and any, with times, points and clues of a round", () => {
    const played = game(clues());
    const parts: Condition[] = [
      { op: "points", points: 100 },
      { op: "after", duration: HOUR },
      { op: "at", time: T0 - 1 },
      { op: "solvedIn", rounds: ["r"], atLeast: 2 },
      { op: "solvedIn", rounds: ["r", "secret-round"], atLeast: 2 },
    ];
    const of = [
      { kind: "points", done: false, count: 100 },
      { kind: "from", done: false, at: isoAt(T0 + HOUR) },
      { kind: "from", done: true, at: isoAt(T0 - 1) },
      { kind: "solvedIn", done: false, rounds: ["r"], count: 2, have: 0 },
      { kind: "solvedIn", done: false, count: 2, have: 0 },
    ];
    expect(wanted(played, { op: "all", of: [{ op: "all", of: parts }] })).toEqual({ atLeast: 5, of });
    expect(wanted(played, { op: "any", of: parts })).toEqual({ atLeast: 1, of });
    const entries = (weight: number) => parts.map((condition) => ({ weight, condition }));
    expect(wanted(played, { op: "atLeast", atLeast: 3, of: entries(1) })).toEqual({ atLeast: 3, of });
    expect(wanted(played, { op: "atLeast", atLeast: 3, of: entries(2) })).toEqual({
      atLeast: 1,
      of: [{ kind: "several", done: false }],
    });
    played.play(answer("1", "a", "right"));
    expect(wanted(played, { op: "solvedIn", rounds: ["r"], atLeast: 2 }).of).toMatchObject([{ have: 1 }]);
  });

  test("is one line where a list would be too long to read", () => {
    const played = game(clues());
    const many = Array.from({ length: 21 }, (_, points): Condition => ({ op: "points", points: points + 1 }));
    expect(wanted(played, { op: "any", of: many }).of).toEqual([{ kind: "several", done: false }]);
  });
});
