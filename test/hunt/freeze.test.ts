import { describe, expect, test } from "vitest";
import { isHeldAt, isStillAt, stillOf } from "../../src/hunt/freeze.ts";
import { INITIAL_PHASE } from "../../src/hunt/phase.ts";
import { answer, clue, type Game, game, hint, MOVING, seenBy, T0 } from "./build.ts";

const LIVE = { ...INITIAL_PHASE, live: true };
const ENDED = { ...LIVE, endedAt: 50 };
const MANUAL = { results: "manual" } as const;

describe("when standings stand still", () => {
  test.each([
    ["without a freeze", {}, LIVE, false, undefined],
    ["with a freeze", { freeze: 10 }, LIVE, false, { from: 10, until: Number.POSITIVE_INFINITY }],
    ["until it closes", { freeze: 10, closes: 90 }, LIVE, false, { from: 10, until: 90 }],
    ["until it is ended by hand", { freeze: 10, closes: 90 }, ENDED, false, { from: 10, until: 50 }],
    ["held, but its end is not known", { ...MANUAL }, LIVE, false, undefined],
    ["held from the end on", { ...MANUAL }, ENDED, false, held(50)],
    ["held from its closing on", { ...MANUAL, closes: 40 }, LIVE, false, held(40)],
    ["held from the freeze on", { ...MANUAL, freeze: 10 }, ENDED, false, { ...held(50), from: 10 }],
    ["ended before the freeze", { ...MANUAL, freeze: 70 }, ENDED, false, held(50)],
    ["released", { ...MANUAL, freeze: 10 }, ENDED, true, undefined],
  ])("[LB-30] %s", (_, rules, phase, released, expected) => {
    expect(stillOf(rules, phase, released)).toEqual(expected);
  });

  test("[LB-30] without a release to wait for, the end shows the whole truth", () => {
    const still = stillOf({ freeze: 10 }, ENDED, false);
    expect([9, 10, 49, 50].map((now) => isStillAt(still, now))).toEqual([false, true, true, false]);
  });

  test("[LB-30] bans are held back from the end on, not during the freeze before it", () => {
    const still = stillOf({ ...MANUAL, freeze: 10 }, ENDED, false);
    expect([9, 10, 49, 50].map((now) => isStillAt(still, now))).toEqual([false, true, true, true]);
    expect([9, 10, 49, 50].map((now) => isHeldAt(still, now))).toEqual([false, false, false, true]);
  });
});

const held = (end: number) => ({ from: end, until: Number.POSITIVE_INFINITY, marksUntil: end });

describe("with moving scores during a freeze", () => {
  const standings = (value: number, bonus: number) => ({
    asOf: T0,
    values: new Map([["a", value]]),
    bonuses: new Map(bonus === 0 ? [] : [["t", bonus]]),
    bonusOf: new Map(bonus === 0 ? [] : [["t/a", bonus]]),
  });

  /** The team solved `a`, which gives `present` points now and gave `shown` at the freeze. */
  function frozen(present: number, shown: number): Game {
    const played = game(
      [
        clue("a", { points: 100 }),
        clue("b", { points: 10, hints: [{ id: "h", text: "H", cost: 80, after: 0 }] }),
        clue("c", { opens: { op: "points", points: 90 } }),
      ],
      { scoring: MOVING },
    );
    played.word = standings(present, 0);
    played.shown = standings(shown, 0);
    played.play(answer("1", "a", "right"));
    return played;
  }

  const me = (played: Game) => seenBy(played);

  test("[LB-31] what a team sees is as of the freeze", () => {
    const played = frozen(60, 100);
    expect(played.facts.at(-1)).toMatchObject({ points: 100, score: 100 });
    expect(me(played)).toMatchObject({
      team: { score: 100 },
      clues: [{ id: "a", points: 100 }, { id: "b" }],
    });
    played.word = standings(60, 30);
    expect(me(played).team.score).toBe(100);
    expect(played.play(answer("2", "b", "right"))).toMatchObject({ points: 10, score: 110 });
    played.shown = undefined;
    expect(me(played).team.score).toBe(100);
  });

  test("[LB-31] what a team can afford, and which points it reached, goes by the present score", () => {
    const poor = frozen(60, 100);
    expect(poor.play(hint("2", "b", "h"))).toMatchObject({ outcome: "unaffordable" });
    expect(me(poor).clues.map(({ id }) => id)).toEqual(["a", "b"]);
    const rich = frozen(100, 60);
    expect(me(rich).clues.map(({ id }) => id)).toEqual(["a", "b", "c"]);
    expect(rich.play(hint("2", "b", "h"))).toMatchObject({ outcome: "taken", score: -20 });
  });
});
