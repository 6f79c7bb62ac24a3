import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stuckTeams } from "../../src/shard/organiser.ts";
import { countClues, medianOf } from "../../src/shard/stats.ts";
import { TotalsCounter } from "../../src/shard/totals.ts";
import { answer, clue, Game, hunt, SECOND, scan, T0 } from "../hunt/build.ts";

function counted(played: Game) {
  const totals = new TotalsCounter();
  for (const fact of played.facts) totals.count(fact);
  return totals;
}

describe("counting", () => {
  test("[SH-30] totals are the fold of the facts, also through their stored form", () => {
    const played = new Game(hunt([clue("a"), clue("b", { code: "B" })]));
    played.join("p");
    played.join("q");
    played.join("r", "u");
    played.play(answer("1", "a", "wrong"));
    played.play(answer("2", "a", "right"));
    played.play(answer("2", "a", "right"));
    played.play(answer("3", "a", "right"));
    played.play(scan("4", "guess"));
    played.play(scan("5", "B"), T0, "r", "u");
    played.organise({ type: "award", points: 1, reason: "r" });
    const totals = counted(played);
    expect(totals.toJSON()).toEqual({
      players: 3,
      teams: 2,
      events: 4,
      outcomes: { incorrect: 1, correct: 2, unknown_code: 1 },
      clues: [
        { clue: "a", attempts: 2, solves: 1 },
        { clue: "b", attempts: 1, solves: 1 },
      ],
    });
    expect(TotalsCounter.from(JSON.parse(JSON.stringify(totals))).toJSON()).toEqual(totals.toJSON());
  });

  test("[SH-31] per clue: teams that have it open or solved, attempts, solves, seconds from opening to solve", () => {
    const played = new Game(
      hunt([
        clue("a"),
        clue("b", { opens: { op: "solved", clue: "a" } }),
        clue("c", { opens: { op: "manual" } }),
      ]),
    );
    for (const team of ["t", "u", "v"]) played.join("p", team);
    played.play(answer("1", "a", "right"), T0 + 10 * SECOND);
    played.play(answer("2", "b", "right"), T0 + 15 * SECOND);
    played.play(answer("1", "a", "right"), T0 + 30 * SECOND, "p", "u");
    const counts = countClues(played.context, played.teams.values(), counted(played), T0 + 60 * SECOND);
    expect(counts).toEqual([
      { clue: "a", title: "a", open: 3, attempts: 2, solves: 2, solveSeconds: [10, 30], weight: 1 },
      { clue: "b", title: "b", open: 2, attempts: 1, solves: 1, solveSeconds: [5], weight: 1 },
      { clue: "c", title: "c", open: 0, attempts: 0, solves: 0, solveSeconds: [], weight: 1 },
    ]);
  });

  test("[SH-31] of a hunt that has not opened nothing is open", () => {
    const played = new Game(hunt([clue("a")]));
    played.join();
    played.phase = "draft";
    expect(countClues(played.context, played.teams.values(), counted(played), T0)).toMatchObject([
      { open: 0 },
    ]);
  });

  test("[SH-31] many solve times are told as a thousand evenly spaced ones, each standing for its share", () => {
    const played = new Game(hunt([clue("a")]));
    const count = 2_500;
    for (let index = 0; index < count; index += 1) {
      played.join("p", `t${index}`);
      played.play(answer("1", "a", "right"), T0 + index * SECOND, "p", `t${index}`);
    }
    const [counts] = countClues(played.context, played.teams.values(), counted(played), T0 + 9_999 * SECOND);
    expect(counts?.solveSeconds).toHaveLength(1_000);
    expect((counts?.weight ?? 0) * 1_000).toBeCloseTo(count);
    expect(medianOf(counts ? [counts] : [])).toBeCloseTo(count / 2, -1);
  });
});

describe("[SH-34] stuck teams", () => {
  const MINUTE = 60 * SECOND;
  const than = { stuckMs: 20 * MINUTE, activeMs: 60 * MINUTE, limit: 10 };

  test("tried lately and solved nothing for long; the longest first, with what they try most", () => {
    const played = new Game(hunt([clue("a"), clue("b"), clue("c", { opens: { op: "solved", clue: "b" } })]));
    for (const team of ["t", "u", "v", "w", "x", "y"]) played.join("p", team);
    const at = (minutes: number): number => T0 + minutes * MINUTE;
    // t: never solved, tried both; u: solved once, tries since; v: solved just now; w: gave up; x: banned.
    played.play(answer("1", "b", "wrong"), at(1), "p", "t");
    played.play(answer("2", "a", "wrong"), at(80), "p", "t");
    played.play(answer("3", "a", "wronger"), at(85), "p", "t");
    played.play(answer("1", "b", "right"), at(30), "p", "u");
    played.play(answer("2", "c", "wrong"), at(50), "p", "u");
    played.play(answer("1", "a", "wrong"), at(80), "p", "v");
    played.play(answer("2", "a", "right"), at(89), "p", "v");
    played.play(answer("1", "a", "wrong"), at(5), "p", "w");
    played.play(answer("1", "a", "wrong"), at(80), "p", "x");
    played.organise({ type: "ban", reason: "r" }, at(85), "x");
    expect(stuckTeams(played.context, played.teams.values(), at(90), than)).toEqual([
      { id: "t", name: expect.any(String), solves: 0, since: T0, lastTryAt: at(85), clue: "a", wrong: 2 },
      { id: "u", name: expect.any(String), solves: 1, since: at(30), lastTryAt: at(50), clue: "c", wrong: 1 },
    ]);
    expect(stuckTeams(played.context, played.teams.values(), at(90), { ...than, limit: 1 })).toHaveLength(1);
  });
});

describe("the median over shards", () => {
  test.each([
    [[], undefined],
    [[[5]], 5],
    [[[1, 2], [3]], 2],
    [
      [
        [1, 2],
        [3, 10],
      ],
      2.5,
    ],
    [[[], [4, 4], []], 4],
  ])("[SH-32] of %j is %s", (parts, median) => {
    expect(medianOf(parts.map((solveSeconds) => ({ solveSeconds, weight: 1 })))).toBe(median);
  });

  test("[SH-32] is that of all values together, however they are spread over shards", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100), fc.nat(3)), { minLength: 1 }), (values) => {
        const parts = [0, 1, 2, 3].map((shard) => ({
          solveSeconds: values
            .filter(([, owner]) => owner === shard)
            .map(([value]) => value)
            .sort((a, b) => a - b),
          weight: 1,
        }));
        const sorted = values.map(([value]) => value).sort((a, b) => a - b);
        const middle = sorted.length >> 1;
        const upper = sorted[middle] ?? 0;
        const expected = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
        expect(medianOf(parts)).toBe(expected);
      }),
    );
  });
});
