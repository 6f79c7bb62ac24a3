import { describe, expect, test } from "vitest";
import type { CompiledHunt } from "../../src/hunt/compiled.ts";
import { refuseAsking } from "../../src/hunt/help.ts";
import { durationText } from "../../src/hunt/moment.ts";
import { ownTimeOf } from "../../src/hunt/own-clock.ts";
import { Standings } from "../../src/leaderboard/standings/standings.ts";
import type { Command } from "../../src/protocol.ts";
import { scoreFactOf } from "../../src/shard/report.ts";
import {
  answer,
  claim,
  clue,
  cluesSeen,
  type Game,
  game,
  hint,
  isoAt,
  MINUTE,
  STATIC,
  seenBy,
  T0,
} from "./build.ts";

const OWN: Partial<CompiledHunt> = {
  teams: { mode: "teams", maxSize: 6, clock: "own", limit: 60 * MINUTE },
};
const start = (id: string): Command => ({ id, type: "start" });
const CLUES = [
  clue("a"),
  clue("b", { opens: { op: "after", duration: 10 * MINUTE } }),
  clue("c", { opens: { op: "at", time: T0 } }),
];
const own = (given: Partial<CompiledHunt> = {}): Game => game(CLUES, { ...OWN, ...given });

describe("a clock of the team's own", () => {
  test("[TIME-11] nothing is open before the start, which one member makes for all, once", () => {
    const played = own();
    played.join("q");
    expect(cluesSeen(played, T0 + MINUTE)).toEqual([]);
    expect(played.play(answer("1", "a", "right"), T0 + MINUTE)).toMatchObject({ outcome: "not_started" });
    expect(played.play(hint("2", "a", "h"), T0 + MINUTE)).toMatchObject({ outcome: "not_started" });
    expect(played.play(start("3"), T0 + MINUTE)).toMatchObject({ outcome: "started", seq: 3 });
    expect(played.play(start("3"), T0 + 2 * MINUTE)).toMatchObject({ outcome: "started", duplicate: true });
    const again = played.play(start("4"), T0 + 2 * MINUTE, "q");
    expect(again).toEqual({ id: "4", outcome: "started" });
    expect(cluesSeen(played, T0 + MINUTE).map(({ id }) => id)).toEqual(["a", "c"]);
    expect(played.play(answer("5", "a", "right"), T0 + 2 * MINUTE, "q").outcome).toBe("correct");
    expect(game([clue("a")]).play(start("1"))).toMatchObject({ outcome: "invalid" });
  });

  test("[TIME-12] `after` counts from the start, `limit` ends all but claims, to the millisecond", () => {
    const played = own();
    played.play(start("1"), T0 + 5 * MINUTE);
    expect(played.play(answer("2", "b", "right"), T0 + 15 * MINUTE - 1).outcome).toBe("locked");
    expect(played.play(answer("2", "b", "right"), T0 + 15 * MINUTE).outcome).toBe("correct");
    const end = T0 + 65 * MINUTE;
    expect(played.play(answer("3", "a", "wrong"), end - 1).outcome).toBe("incorrect");
    expect(played.play(answer("4", "a", "right"), end)).toEqual({ id: "4", outcome: "time_up", clue: "a" });
    expect(played.play(claim("5", "p"), end).outcome).toBe("not_eligible");
    played.publish({
      ...played.context.hunt.compiled,
      teams: { mode: "teams", maxSize: 6, clock: "own", limit: 90 * MINUTE },
    });
    expect(played.play(answer("4", "a", "right"), end).outcome).toBe("correct");
  });

  test("[TIME-13] /me tells when it began and ends, no later than the hunt", () => {
    const played = own({ closes: T0 + 45 * MINUTE });
    expect(seenBy(played, "t", T0).team).not.toHaveProperty("startedAt");
    played.play(start("1"), T0 + MINUTE);
    const told = { startedAt: isoAt(T0 + MINUTE), endsAt: isoAt(T0 + 45 * MINUTE) };
    expect(seenBy(played, "t", T0 + MINUTE).team).toMatchObject(told);
    expect(ownTimeOf(played.context.hunt, played.team())).toEqual(told);
    expect([90 * MINUTE, 60 * MINUTE, 45_000].map(durationText)).toEqual(["90m", "1h", "45s"]);
  });

  test("[TIME-14] a solve by hand, and asking for help, wait for the start", () => {
    const played = own({ help: { perTeam: 3, about: "anything" } });
    const solve = (at: number) =>
      played.organise({ type: "solve", clue: "a", at, reason: "r" }, T0 + 10 * MINUTE);
    expect(solve(T0 + 5 * MINUTE)).toMatchObject({ refused: "conflict" });
    expect(refuseAsking(played.context, played.team(), undefined, 0, T0)).toMatchObject({
      refused: "conflict",
    });
    played.play(start("1"), T0 + 5 * MINUTE);
    expect(solve(T0 + 5 * MINUTE - 1)).toMatchObject({ refused: "invalid" });
    expect(solve(T0 + 5 * MINUTE)).toMatchObject([{ type: "solve" }]);
    expect(refuseAsking(played.context, played.team(), undefined, 0, T0 + 6 * MINUTE)).toBeUndefined();
  });

  test("[TIME-15] equal scores are ordered by the time since each team's start", () => {
    const played = own();
    played.join("q", "u", T0);
    played.play(start("1"), T0);
    played.play(start("1"), T0 + 30 * MINUTE, "q", "u");
    played.play(answer("2", "a", "right"), T0 + 20 * MINUTE);
    played.play(answer("2", "a", "right"), T0 + 40 * MINUTE, "q", "u");
    const placesBy = (ownClock: boolean): string[] => {
      const rules = {
        scoring: STATIC,
        brackets: [],
        clues: [{ id: "a", points: 10 }],
        ...(ownClock ? { ownClock: true as const } : {}),
      };
      const standings = new Standings(rules);
      for (const fact of played.facts) {
        const score = scoreFactOf(fact);
        if (score) standings.apply("s", score);
      }
      standings.settle();
      const again = Standings.restore(rules, [...standings.snapshot()]);
      const page = { offset: 0, limit: 9 };
      expect(again?.page(page)).toEqual(standings.page(page));
      return standings.page(page).map(({ team }) => team.id);
    };
    expect(placesBy(true)).toEqual(["u", "t"]);
    expect(placesBy(false)).toEqual(["t", "u"]);
  });
});
