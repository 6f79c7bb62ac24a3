import { describe, expect, test } from "vitest";
import type { Fact } from "../../src/protocol.ts";
import { answer, clue, type Game, game, T0 } from "./build.ts";

const made = (outcome: ReturnType<Game["organise"]>): Fact[] => {
  if ("refused" in outcome) throw new Error(outcome.detail);
  return outcome;
};

describe("awards", () => {
  test("[TE-10] change the score by their points, also below zero, and record score and reason", () => {
    const played = game([clue("a")]);
    const [fact] = made(played.organise({ type: "award", points: -7, reason: "late" }, T0 + 1));
    expect(fact).toEqual({
      seq: 2,
      at: T0 + 1,
      team: "t",
      type: "award",
      points: -7,
      reason: "late",
      score: -7,
    });
    expect(played.play(answer("1", "a", "right")).score).toBe(3);
  });

  test.each(["draft", "live", "paused", "ended"] as const)("[TE-12] are given in %s", (phase) => {
    const played = game([clue("a")]);
    played.phase = phase;
    expect(made(played.organise({ type: "award", points: 1, reason: "r" }))).toHaveLength(1);
  });

  test("[TE-13] are given to banned teams too", () => {
    const played = game([clue("a")]);
    played.organise({ type: "ban", reason: "r" });
    expect(made(played.organise({ type: "award", points: 1, reason: "r" }))).toHaveLength(1);
  });
});

describe("opening by hand", () => {
  test("[UN-8] records the clue once; a second time there is nothing to record", () => {
    const played = game([clue("a"), clue("x", { opens: { op: "manual" } })]);
    expect(made(played.organise({ type: "unlock", clue: "x", reason: "r" }))).toMatchObject([
      { type: "unlock", clue: "x" },
    ]);
    expect(made(played.organise({ type: "unlock", clue: "x", reason: "r" }))).toEqual([]);
  });

  test("[UN-8] a clue that does not exist is not_found", () => {
    expect(game([clue("a")]).organise({ type: "unlock", clue: "x", reason: "r" })).toMatchObject({
      refused: "not_found",
    });
  });
});

describe("bans and hiding", () => {
  test.each([
    ["ban", "unban", "banned"],
    ["hide", "show", "hidden"],
  ] as const)("[TE-11] %s and %s: a repeat records nothing, in every phase", (on, off, state) => {
    const played = game([clue("a")]);
    for (const phase of ["draft", "live", "paused", "ended"] as const) {
      played.phase = phase;
      expect(made(played.organise({ type: off, reason: "r" }))).toEqual([]);
      expect(made(played.organise({ type: on, reason: "r" }))).toMatchObject([{ type: on, reason: "r" }]);
      expect(made(played.organise({ type: on, reason: "r" }))).toEqual([]);
      expect(played.team()[state]).toBe(true);
      expect(made(played.organise({ type: off, reason: "r" }))).toHaveLength(1);
      expect(played.team()[state]).toBe(false);
    }
  });

  test("[TE-14] a banned team's events are banned and change nothing; unbanned it goes on where it was", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"));
    played.organise({ type: "ban", reason: "r" });
    expect(played.play(answer("2", "b", "right"))).toEqual({ id: "2", outcome: "banned" });
    played.organise({ type: "unban", reason: "r" });
    expect(played.play(answer("2", "b", "right"))).toMatchObject({ outcome: "correct", score: 20 });
  });

  test("[TE-14] a hidden team plays on", () => {
    const played = game([clue("a")]);
    played.organise({ type: "hide", reason: "r" });
    expect(played.play(answer("1", "a", "right")).outcome).toBe("correct");
  });
});
