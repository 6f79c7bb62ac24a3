import { describe, expect, test } from "vitest";
import { historyOf } from "../../src/hunt/view.ts";
import {
  answer,
  clue,
  cluesSeen,
  type Game,
  game,
  HOUR,
  hint,
  isoAt,
  MINUTE,
  MOVING,
  SECOND,
  scan,
  T0,
} from "./build.ts";

const seen = cluesSeen;
const ids = (played: Game, now = T0) => seen(played, now).map(({ id }) => id);

describe("the clues a team sees", () => {
  test("[UN-14] are the open and the solved ones, in the hunt's order; locked ones leave no trace", () => {
    const played = game([
      clue("late", { opens: { op: "after", duration: HOUR }, title: "SECRET", body: "SECRET" }),
      clue("a"),
      clue("b", { opens: { op: "solved", clue: "a" } }),
      clue("never", { opens: { op: "manual" } }),
    ]);
    expect(ids(played)).toEqual(["a"]);
    expect(JSON.stringify(seen(played))).not.toMatch(/SECRET|late|never/);
    played.play(answer("1", "a", "right"), T0 + 1);
    expect(ids(played, T0 + 1)).toEqual(["a", "b"]);
    expect(ids(played, T0 + HOUR - 1)).toEqual(["a", "b"]);
    expect(ids(played, T0 + HOUR)).toEqual(["late", "a", "b"]);
  });

  test("[UN-14] before the hunt opens there are none, also for an import's past; paused and ended hunts show them", () => {
    const played = game([clue("a")]);
    for (const [phase, expected] of [
      ["draft", []],
      ["live", ["a"]],
      ["paused", ["a"]],
      ["ended", ["a"]],
    ] as const) {
      played.phase = phase;
      expect(ids(played)).toEqual(expected);
    }
  });

  test("[UN-15] hold no answer, digest, code, coordinates or text of an untaken hint", () => {
    const played = game([
      clue("a", {
        answers: ["CANARYANSWER"],
        nudges: [{ match: ["CANARYNEAR"], say: "CANARYSAY" }],
        hints: [{ id: "h", text: "CANARYHINT", cost: 0, after: 0 }],
      }),
      clue("b", { code: "CANARYCODE" }),
      clue("c", { place: { lat: 12.3456, lng: 65.4321, radius: 60, maxAccuracy: 100, maxSpeed: 60 } }),
    ]);
    expect(JSON.stringify(seen(played))).not.toMatch(/CANARY|digest|12\.3456|65\.4321|canary/i);
    expect(seen(played)[2]?.place).toEqual({ radius: 60 });
    played.play(hint("1", "a", "h"));
    expect(seen(played)[0]?.hints).toEqual([
      { id: "h", cost: 0, availableAt: isoAt(T0), taken: true, text: "CANARYHINT" },
    ]);
  });

  test("[UN-16] tell the state, times, attempts, choices, meta, hints", () => {
    const choices = [{ id: "red", label: "Red" }];
    const played = game([
      clue("a", {
        kind: "choice",
        choices,
        answers: ["red"],
        points: 40,
        meta: true,
        hints: [{ id: "h", text: "H", cost: 3, after: MINUTE }],
      }),
    ]);
    const open = {
      id: "a",
      round: "r",
      title: "a",
      kind: "choice",
      points: 40,
      meta: true,
      state: "open",
      body: "The body of a.",
      choices,
      select: "one",
      attempts: 0,
      attemptsLeft: 5,
      attemptsOfClue: 50,
      openedAt: isoAt(T0),
      hints: [{ id: "h", cost: 3, availableAt: isoAt(T0 + MINUTE), taken: false }],
    };
    expect(seen(played)).toEqual([open]);
    played.play(answer("1", "a", "blue"), T0 + SECOND);
    expect(seen(played)).toEqual([{ ...open, attempts: 1, attemptsLeft: 4, attemptsOfClue: 49 }]);
    played.play(answer("2", "a", "red"), T0 + 2 * SECOND);
    const { attemptsLeft: _, attemptsOfClue: __, ...solved } = open;
    expect(seen(played)).toEqual([
      { ...solved, attempts: 1, state: "solved", solvedAt: isoAt(T0 + 2 * SECOND) },
    ]);
  });

  test("[AT-10] cooldownUntil is the result's retryAt, and gone when a try is there or the clue is solved", () => {
    const played = game([clue("a", { attempts: { burst: 1, refillPerMinute: 6, perClue: 0 } })]);
    expect(seen(played)[0]).not.toHaveProperty("cooldownUntil");
    played.play(answer("1", "a", "wrong"));
    const { retryAt } = played.play(answer("2", "a", "right"), T0 + SECOND);
    expect(seen(played, T0 + SECOND)[0]?.cooldownUntil).toBe(retryAt);
    expect(seen(played, Date.parse(retryAt ?? ""))[0]).not.toHaveProperty("cooldownUntil");
    played.play(answer("2", "a", "right"), T0 + 10 * SECOND);
    expect(seen(played, T0)[0]).not.toHaveProperty("cooldownUntil");
  });

  test("[AT-14] attemptsLeft is the smaller of the bucket and what perClue leaves; of a scan clue the bucket of codes", () => {
    const attempts = { burst: 3, refillPerMinute: 1, perClue: 4 };
    const played = game([clue("a", { attempts }), clue("s", { code: "S", attempts }), clue("free")], {
      attempts: { burst: 2, refillPerMinute: 1, perClue: 0 },
    });
    const left = (id: string, now = T0) => {
      const view = seen(played, now).find((each) => each.id === id);
      return [view?.attemptsLeft, view?.attemptsOfClue];
    };
    expect(left("a")).toEqual([3, 4]);
    for (const id of ["1", "2", "3"]) played.play(answer(id, "a", id));
    expect(left("a")).toEqual([0, 1]);
    expect(left("a", T0 + MINUTE - 1)).toEqual([0, 1]);
    expect(left("a", T0 + MINUTE)).toEqual([1, 1]);
    expect(left("a", T0 + 9 * MINUTE)).toEqual([1, 1]);
    played.play(answer("4", "a", "4"), T0 + 9 * MINUTE);
    expect(left("a", T0 + 99 * MINUTE)).toEqual([0, 0]);
    expect(left("s")).toEqual([2, 4]);
    played.play(scan("5", "none"));
    expect(left("s")).toEqual([1, 4]);
    played.publish({
      ...played.context.hunt.compiled,
      clues: [clue("free", { attempts: { ...attempts, perClue: 0 } })],
    });
    expect(left("free")).toEqual([3, undefined]);
  });

  test("[UN-16] a solve keeps the points it was recorded with; with moving scores it shows the present value", () => {
    const still = game([clue("a", { points: 10 })]);
    still.play(answer("1", "a", "right"));
    still.publish({ ...still.context.hunt.compiled, clues: [clue("a", { points: 99 })] });
    expect(seen(still)[0]?.points).toBe(10);
    const moving = game([clue("a", { points: 10 })], { scoring: MOVING });
    moving.play(answer("1", "a", "right"));
    moving.word = { asOf: T0, values: new Map([["a", 7]]), bonuses: new Map() };
    expect(seen(moving)[0]?.points).toBe(7);
  });
});

describe("the history of a team's score", () => {
  const history = (played: Game, until = Number.POSITIVE_INFINITY) =>
    historyOf(played.context, played.team(), until).map(({ at, score }) => [at - T0, score]);
  const events = (played: Game): Game => {
    played.play(answer("1", "a", "right"), T0 + 10);
    played.play(hint("2", "b", "h"), T0 + 20);
    played.organise({ type: "award", points: 5, reason: "r" }, T0 + 30);
    played.play(answer("3", "b", "right"), T0 + 40);
    return played;
  };
  const clues = [
    clue("a", { points: 30 }),
    clue("b", { points: 20, hints: [{ id: "h", text: "H", cost: 3, after: 0 }] }),
  ];

  test("[TE-20] starts with the joining at 0 and has a point per change, in order", () => {
    expect(history(events(game(clues)))).toEqual([
      [0, 0],
      [10, 30],
      [20, 27],
      [30, 32],
      [40, 52],
    ]);
  });

  test("[TE-20] stops at the freeze", () => {
    expect(history(events(game(clues)), T0 + 20)).toEqual([
      [0, 0],
      [10, 30],
      [20, 27],
    ]);
  });

  test("[TE-20] with moving scores solves count their present value, each with its own bonus", () => {
    const played = events(game(clues, { scoring: MOVING }));
    played.word = {
      asOf: T0,
      values: new Map([["a", 25]]),
      bonuses: new Map([["t", 8]]),
      bonusOf: new Map([["t/a", 8]]),
    };
    expect(history(played)).toEqual([
      [0, 0],
      [10, 33],
      [20, 30],
      [30, 35],
      [40, 55],
    ]);
    expect(history(played, T0 + 30)).toEqual([
      [0, 0],
      [10, 33],
      [20, 30],
      [30, 35],
    ]);
  });
});
