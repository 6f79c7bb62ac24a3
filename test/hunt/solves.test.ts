import { describe, expect, test } from "vitest";
import type { IndexedStandings } from "../../src/hunt/context.ts";
import { encodeTeam, recordedScore } from "../../src/hunt/team.ts";
import { historyOf } from "../../src/hunt/view.ts";
import type { Fact } from "../../src/protocol.ts";
import {
  answer,
  clue,
  cluesSeen,
  decodeTeam,
  type Game,
  game,
  HOUR,
  hint,
  hunt,
  isoAt,
  MINUTE,
  MOVING,
  scan,
  T0,
} from "./build.ts";

const made = (outcome: ReturnType<Game["organise"]>): Fact[] => {
  if ("refused" in outcome) throw new Error(outcome.detail);
  return outcome;
};

const solve = (played: Game, id: string, now = T0, at?: number): Fact[] =>
  made(played.organise({ type: "solve", clue: id, ...(at === undefined ? {} : { at }), reason: "r" }, now));
const undo = (played: Game, id: string, now = T0): Fact[] =>
  made(played.organise({ type: "unsolve", clue: id, reason: "r" }, now));

const openOf = (played: Game, now: number): string[] => cluesSeen(played, now).map(({ id }) => id);
const seenOf = (played: Game, id: string, now: number) => cluesSeen(played, now).find((one) => one.id === id);
const untilThen = (played: Game, until = Number.POSITIVE_INFINITY): [number, number][] =>
  historyOf(played.context, played.team(), until).map(({ at, score }) => [at, score]);

describe("a solve by hand", () => {
  test("[COR-1] counts from now on, whether the clue is open or not, and tells what it opened", () => {
    const played = game([
      clue("a"),
      clue("x", { opens: { op: "manual" } }),
      clue("b", { opens: { op: "solved", clue: "x" } }),
    ]);
    const [fact] = solve(played, "x", T0 + MINUTE);
    expect(fact).toEqual({
      seq: 2,
      at: T0 + MINUTE,
      team: "t",
      type: "solve",
      clue: "x",
      solvedAt: T0 + MINUTE,
      points: 10,
      score: 10,
      unlocked: ["b"],
      reason: "r",
    });
    expect(openOf(played, T0 + MINUTE)).toEqual(["a", "x", "b"]);
    expect(seenOf(played, "x", T0 + MINUTE)).toMatchObject({
      state: "solved",
      solvedAt: isoAt(T0 + MINUTE),
      openedAt: isoAt(T0 + MINUTE),
    });
    expect(played.play(answer("1", "x", "right"), T0 + MINUTE)).toMatchObject({ outcome: "already_solved" });
    expect(played.play(answer("2", "a", "right"), T0 + MINUTE)).toMatchObject({ score: 20 });
  });

  test("[COR-4] from a time before on: what it opens opened then, points were reached then, hints count from then", () => {
    const hints = [{ id: "h", text: "H", cost: 0, after: 10 * MINUTE }];
    const played = game([
      clue("a", { points: 30 }),
      clue("b", { opens: { op: "solved", clue: "a" }, hints }),
      clue("c", { opens: { op: "points", points: 30 } }),
      clue("d", { opens: { op: "points", points: 40 } }),
      clue("e"),
    ]);
    played.play(answer("1", "e", "right"), T0 + 20 * MINUTE);
    const [fact] = solve(played, "a", T0 + HOUR, T0 + MINUTE);
    expect(fact).toMatchObject({ solvedAt: T0 + MINUTE, score: 40, unlocked: ["b", "c", "d"] });
    const opened = (id: string) => seenOf(played, id, T0 + HOUR)?.openedAt;
    expect(opened("b")).toBe(isoAt(T0 + MINUTE));
    expect(opened("c")).toBe(isoAt(T0 + MINUTE));
    expect(opened("d")).toBe(isoAt(T0 + 20 * MINUTE));
    expect(played.play(hint("2", "b", "h"), T0 + HOUR)).toMatchObject({ outcome: "taken" });
    expect(untilThen(played)).toEqual([
      [T0, 0],
      [T0 + MINUTE, 30],
      [T0 + 20 * MINUTE, 40],
    ]);
  });

  test("[COR-1] from the team's joining to now, not before and not ahead", () => {
    const played = game([clue("a"), clue("b")]);
    const at = (time: number) =>
      played.organise({ type: "solve", clue: "a", at: time, reason: "r" }, T0 + MINUTE);
    expect(at(T0 - 1)).toMatchObject({ refused: "invalid" });
    expect(at(T0 + MINUTE + 1)).toMatchObject({ refused: "invalid" });
    expect(made(at(T0))).toHaveLength(1);
    expect(solve(played, "b", T0 + MINUTE, T0 + MINUTE)).toHaveLength(1);
  });

  test("[COR-1] not of an unknown clue, a solved one, a banned team, one that nobody is in", () => {
    const played = game([clue("a"), clue("b")]);
    const wish = (id: string) => played.organise({ type: "solve", clue: id, reason: "r" });
    expect(wish("none")).toMatchObject({ refused: "not_found" });
    played.play(answer("1", "a", "right"));
    expect(wish("a")).toMatchObject({ refused: "conflict" });
    played.organise({ type: "ban", reason: "r" });
    expect(wish("b")).toMatchObject({ refused: "conflict" });
    played.organise({ type: "unban", reason: "r" });
    played.append({ at: T0, team: "t", type: "remove", player: "p", last: true, reason: "r" });
    expect(wish("b")).toMatchObject({ refused: "conflict" });
  });

  test.each(["draft", "live", "paused", "ended"] as const)(
    "[COR-1] [COR-2] in %s, and taken back as well",
    (phase) => {
      const played = game([clue("a")]);
      played.phase = phase;
      expect(solve(played, "a")).toHaveLength(1);
      expect(undo(played, "a").at(-1)).toMatchObject({ type: "unsolve", points: 10, score: 0 });
    },
  );

  test("[COR-1] the wrong texts of the clue are forgotten with it", () => {
    const played = game([clue("a")]);
    played.play(answer("1", "a", "wrong"));
    expect(played.team().attempts.textsOf("a")).toHaveLength(1);
    solve(played, "a");
    expect(played.team().attempts.textsOf("a")).toBeUndefined();
  });
});

describe("a solve taken back", () => {
  test("[COR-2] the clue is open and can be solved again; tries stay counted, the first id keeps its result", () => {
    const played = game([clue("a")]);
    played.play(answer("0", "a", "wrong"), T0);
    expect(played.play(answer("1", "a", "right"), T0)).toMatchObject({ outcome: "correct", score: 10 });
    expect(undo(played, "a", T0 + 1)).toEqual([
      { seq: 4, at: T0 + 1, team: "t", type: "unsolve", clue: "a", points: 10, score: 0, reason: "r" },
    ]);
    expect(seenOf(played, "a", T0 + 1)).toMatchObject({ state: "open", attempts: 1, openedAt: isoAt(T0) });
    expect(played.play(answer("1", "a", "right"), T0 + 2)).toMatchObject({
      outcome: "correct",
      duplicate: true,
    });
    expect(recordedScore(played.team())).toBe(0);
    expect(played.play(answer("2", "a", "right"), T0 + 2)).toMatchObject({ outcome: "correct", score: 10 });
    expect(played.organise({ type: "unsolve", clue: "none", reason: "r" })).toMatchObject({
      refused: "not_found",
    });
  });

  test("[COR-2] of banned teams too; a second time there is none", () => {
    const played = game([clue("a")]);
    solve(played, "a");
    played.organise({ type: "ban", reason: "r" });
    expect(undo(played, "a")).toHaveLength(1);
    expect(played.organise({ type: "unsolve", clue: "a", reason: "r" })).toMatchObject({
      refused: "not_found",
    });
  });

  test("[COR-3] what was open stays open since its own moment, by whatever it was opened, and nothing else opens", () => {
    const played = game([
      clue("a", { points: 30 }),
      clue("b", { opens: { op: "solved", clue: "a" } }),
      clue("c", { opens: { op: "points", points: 30 } }),
      clue("late", {
        opens: {
          op: "all",
          of: [
            { op: "solved", clue: "a" },
            { op: "after", duration: HOUR },
          ],
        },
      }),
      clue("locked", { opens: { op: "manual" } }),
    ]);
    played.play(answer("1", "a", "right"), T0 + MINUTE);
    solve(played, "locked", T0 + 2 * MINUTE);
    const before = cluesSeen(played, T0 + 3 * MINUTE).map(({ id, openedAt }) => [id, openedAt]);
    expect(before.map(([id]) => id)).toEqual(["a", "b", "c", "locked"]);
    const [kept, ...rest] = undo(played, "a", T0 + 3 * MINUTE);
    expect(kept).toMatchObject({
      type: "opened",
      clues: [
        { clue: "b", at: T0 + MINUTE },
        { clue: "c", at: T0 + MINUTE },
      ],
    });
    expect(rest.map(({ type }) => type)).toEqual(["unsolve"]);
    undo(played, "locked", T0 + 3 * MINUTE);
    const after = cluesSeen(played, T0 + 3 * MINUTE).map(({ id, openedAt }) => [id, openedAt]);
    expect(after).toEqual(before);
    expect(openOf(played, T0 + 2 * HOUR)).not.toContain("late");
    expect(played.play(answer("2", "b", "right"), T0 + 4 * MINUTE)).toMatchObject({ outcome: "correct" });
    played.play(answer("3", "a", "right"), T0 + 5 * MINUTE);
    expect(openOf(played, T0 + 2 * HOUR)).toContain("late");
  });

  test("[COR-3] many clues stay open by facts that each fit a message", () => {
    const many = Array.from({ length: 1_200 }, (_, index) =>
      clue(`c${index}`, { opens: { op: "solved", clue: "a" } }),
    );
    const played = game([clue("a"), ...many]);
    played.play(answer("1", "a", "right"));
    const facts = undo(played, "a");
    expect(facts.map((fact) => (fact.type === "opened" ? fact.clues.length : fact.type))).toEqual([
      500,
      500,
      200,
      "unsolve",
    ]);
  });

  test("[COR-2] a prize that its points gave is won for good, and no other is claimed by them", () => {
    const played = game([clue("a", { points: 30 })], {
      prizes: [
        {
          id: "z",
          title: "Z",
          mode: "first-come",
          stock: 5,
          perTeam: 3,
          requires: { op: "points", points: 30 },
        },
      ],
    });
    played.play(answer("1", "a", "right"));
    undo(played, "a");
    expect(played.play({ id: "2", type: "claim", prize: "z" }).outcome).toBe("not_eligible");
  });

  test("[COR-2] with moving scores its value and its own bonus are gone, and a threshold that was noted stays", () => {
    const played = game([clue("a"), clue("b"), clue("c", { opens: { op: "points", points: 40 } })], {
      scoring: { ...MOVING, firstSolves: [5] },
    });
    const word = (bonuses: [string, number][]): IndexedStandings => ({
      asOf: T0,
      values: new Map([
        ["a", 20],
        ["b", 8],
      ]),
      bonuses: new Map([["t", bonuses.reduce((sum, [, points]) => sum + points, 0)]]),
      bonusOf: new Map(bonuses.map(([id, points]) => [`t/${id}`, points])),
    });
    played.word = word([["b", 15]]);
    played.play(answer("1", "b", "right"));
    played.word = word([
      ["a", 5],
      ["b", 15],
    ]);
    expect(solve(played, "a")).toMatchObject([
      { type: "solve", points: 20, score: 48 },
      { type: "reached", points: 40 },
    ]);
    expect(undo(played, "a").at(-1)).toMatchObject({ type: "unsolve", score: 23 });
    expect(openOf(played, T0)).toContain("c");
  });
});

describe("while the standings stand still", () => {
  test("[COR-5] history is as it was then: without a solve by hand since, with one that was taken back since", () => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"), T0 + MINUTE);
    solve(played, "b", T0 + HOUR, T0 + 2 * MINUTE);
    undo(played, "a", T0 + HOUR + 1);
    const freeze = T0 + 10 * MINUTE;
    expect(untilThen(played, freeze)).toEqual([
      [T0, 0],
      [T0 + MINUTE, 10],
    ]);
    expect(untilThen(played, T0 + HOUR)).toEqual([
      [T0, 0],
      [T0 + MINUTE, 10],
      [T0 + 2 * MINUTE, 20],
    ]);
    expect(untilThen(played)).toEqual([
      [T0, 0],
      [T0 + 2 * MINUTE, 10],
    ]);
  });
});

describe("the fold", () => {
  test("[COR-4] a solve that gets another time counts once, from then on, with its new points", () => {
    const played = game([clue("a"), clue("b", { opens: { op: "points", points: 10 } })]);
    played.play(answer("1", "a", "right"), T0 + HOUR);
    played.append({
      at: T0 + 2 * HOUR,
      team: "t",
      type: "solve",
      clue: "a",
      solvedAt: T0 + MINUTE,
      points: 12,
      instead: 10,
      score: 12,
      player: "q",
      reason: "r",
    });
    expect(recordedScore(played.team())).toBe(12);
    expect(seenOf(played, "b", T0 + 2 * HOUR)).toMatchObject({ openedAt: isoAt(T0 + MINUTE) });
    expect(untilThen(played, T0 + HOUR)).toEqual([
      [T0, 0],
      [T0 + HOUR, 10],
    ]);
    expect(encodeTeam(decodeTeam(encodeTeam(played.team())))).toBe(encodeTeam(played.team()));
  });

  const head = { at: T0, team: "t", clue: "a", points: 1, score: 1, reason: "r" };
  test.each<[string, object]>([
    ["a second solve", { ...head, type: "solve", solvedAt: T0 }],
    [
      "another time of one that is not solved",
      { ...head, clue: "b", type: "solve", solvedAt: T0, instead: 1 },
    ],
    ["one taken back that is not solved", { ...head, clue: "b", type: "unsolve" }],
  ])("[EV-30] refuses %s", (_, fact) => {
    const played = game([clue("a"), clue("b")]);
    played.play(answer("1", "a", "right"));
    const before = encodeTeam(played.team());
    expect(() => played.append(fact as never)).toThrow();
    expect(encodeTeam(played.team())).toBe(before);
  });

  test("[COR-3] what was worked out of a team's progress holds no more when a correction leaves its counts as they were", () => {
    const played = game([clue("a"), clue("b"), clue("c", { opens: { op: "solved", clue: "b" } })]);
    played.play(answer("1", "a", "right"));
    expect(openOf(played, T0)).toEqual(["a", "b"]);
    undo(played, "a");
    played.organise({ type: "solve", clue: "b", reason: "r" });
    expect(openOf(played, T0)).toEqual(["a", "b", "c"]);
  });

  test("[COR-1] only a hunt that knows the clue takes it", () => {
    const played = game([clue("a")]);
    solve(played, "a");
    played.publish(hunt([clue("b")]));
    expect(undo(played, "a").at(-1)).toMatchObject({ type: "unsolve", clue: "a" });
  });
});

describe("[COR-8] tries given back", () => {
  const limits = { burst: 2, refillPerMinute: 0, perClue: 2 };
  const wrong = (played: Game, id: string, text: string, at = T0) =>
    played.play(answer(id, "a", text), at).outcome;

  test("at a clue: its bucket is full and perClue counts anew; a text given before still takes none", () => {
    const played = game([clue("a", { attempts: limits }), clue("b", { attempts: limits })]);
    expect([wrong(played, "1", "one"), wrong(played, "2", "two"), wrong(played, "3", "three")]).toEqual([
      "incorrect",
      "incorrect",
      "exhausted",
    ]);
    played.play(answer("b1", "b", "one"));
    expect(made(played.organise({ type: "reset", clue: "a", reason: "r" }, T0 + 1))).toEqual([
      { seq: 5, at: T0 + 1, team: "t", type: "reset", clue: "a", reason: "r" },
    ]);
    expect(seenOf(played, "a", T0 + 1)).toMatchObject({ attempts: 0, attemptsLeft: 2 });
    expect(played.play(answer("4", "a", "one"), T0 + 2)).toMatchObject({ repeated: true });
    expect([
      wrong(played, "5", "three", T0 + 2),
      wrong(played, "6", "four", T0 + 2),
      wrong(played, "7", "five", T0 + 2),
    ]).toEqual(["incorrect", "incorrect", "exhausted"]);
    expect(seenOf(played, "b", T0 + 2)).toMatchObject({ attempts: 1 });
    expect(decodeTeam(encodeTeam(played.team()))).toEqual(played.team());
  });

  test("all: codes and prizes too; a scan clue's are those at codes; who tried nothing gets nothing", () => {
    const played = game([clue("a", { attempts: limits }), clue("s", { code: "code" })], { attempts: limits });
    const reset = (id?: string) =>
      made(
        played.organise({ type: "reset", ...(id === undefined ? {} : { clue: id }), reason: "r" }, T0 + 1),
      );
    expect(reset()).toEqual([]);
    expect(reset("s")).toEqual([]);
    const scanned = (id: string) => played.play(scan(id, `code-${id}`), T0 + 2).outcome;
    expect([scanned("1"), scanned("2"), scanned("3")]).toEqual(["unknown_code", "unknown_code", "exhausted"]);
    expect(reset("s")).toMatchObject([{ type: "reset", clue: "s", codes: true }]);
    expect([scanned("4"), scanned("5"), scanned("6")]).toEqual(["unknown_code", "unknown_code", "exhausted"]);
    wrong(played, "7", "one", T0 + 2);
    played.organise({ type: "ban", reason: "r" }, T0 + 3);
    expect(reset()).toMatchObject([{ type: "reset" }]);
    played.organise({ type: "unban", reason: "r" }, T0 + 4);
    expect(scanned("8")).toBe("unknown_code");
    expect(played.organise({ type: "reset", clue: "none", reason: "r" })).toMatchObject({
      refused: "not_found",
    });
  });
});
