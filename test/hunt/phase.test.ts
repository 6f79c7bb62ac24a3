import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  changePhase,
  endsAt,
  type HuntTimes,
  INITIAL_PHASE,
  isDatedAhead,
  isOver,
  openedAt,
  type Phase,
  type PhaseState,
  phaseAt,
  reopenPhase,
  republish,
  rightPhase,
  settlePhase,
} from "../../src/hunt/phase.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Moves by hand, each at its time; throws on a refusal. */
function moved(times: HuntTimes, ...moves: [to: Exclude<Phase, "draft">, at: number][]): PhaseState {
  return moves.reduce<PhaseState>((state, [to, at]) => {
    const next = changePhase(state, times, to, at);
    if ("refused" in next) throw new Error(next.detail);
    return next;
  }, INITIAL_PHASE);
}

describe("by hand", () => {
  const states: Record<Phase, PhaseState> = {
    draft: INITIAL_PHASE,
    live: moved({}, ["live", 10]),
    paused: moved({}, ["live", 10], ["paused", 20]),
    ended: moved({}, ["live", 10], ["ended", 20]),
    final: moved({}, ["live", 10], ["ended", 20], ["final", 25]),
  };

  test.each([
    ["draft", "live", true],
    ["draft", "paused", false],
    ["draft", "ended", false],
    ["live", "live", false],
    ["live", "paused", true],
    ["live", "ended", true],
    ["paused", "live", true],
    ["paused", "paused", false],
    ["paused", "ended", true],
    ["ended", "live", false],
    ["ended", "paused", false],
    ["ended", "ended", false],
    ["ended", "final", true],
    ["draft", "final", false],
    ["live", "final", false],
    ["paused", "final", false],
    ["final", "live", false],
    ["final", "ended", false],
    ["final", "final", false],
  ] as const)("[PH-1] %s → %s: %s", (from, to, allowed) => {
    const changed = changePhase(states[from], {}, to, 30);
    if (allowed) {
      expect("refused" in changed).toBe(false);
      expect(phaseAt(changed as PhaseState, {}, 30)).toBe(to);
    } else expect(changed).toMatchObject({ refused: "conflict" });
  });

  test("[PH-2] the hunt opened at its first live moment, whatever came after", () => {
    const state = moved({}, ["live", 10], ["paused", 20], ["live", 30], ["ended", 40]);
    expect(openedAt(state, {})).toBe(10);
    expect(endsAt(state, {})).toBe(40);
  });

  test("[PH-2] a hunt that nobody opened opens never", () => {
    expect(openedAt(INITIAL_PHASE, {})).toBe(NEVER);
    expect(endsAt(INITIAL_PHASE, {})).toBe(NEVER);
  });
});

describe("[PH-14] reopening", () => {
  test("a hunt that has ended goes on as from before, whoever ended it; it may end again", () => {
    const times = { closes: 90 };
    for (const state of [
      moved(times, ["live", 10], ["ended", 20]),
      moved(times, ["live", 10], ["paused", 15], ["ended", 20]),
      settlePhase(moved({ closes: 30 }, ["live", 10]), { closes: 30 }, 40),
    ]) {
      const reopened = reopenPhase(state, times, 50) as PhaseState;
      expect(phaseAt(reopened, times, 50)).toBe("live");
      expect(openedAt(reopened, times)).toBe(10);
      expect(endsAt(reopened, times)).toBe(90);
      expect(phaseAt(reopened, times, 90)).toBe("ended");
      expect(phaseAt(changePhase(reopened, times, "ended", 60) as PhaseState, times, 60)).toBe("ended");
    }
  });

  test("not past its closes, not before its end, not once it is final, not what was never open", () => {
    const ended = moved({}, ["live", 10], ["ended", 20]);
    const final = changePhase(ended, {}, "final", 25) as PhaseState;
    for (const [state, times] of [
      [ended, { closes: 30 }],
      [moved({}, ["live", 10]), {}],
      [INITIAL_PHASE, {}],
      [final, {}],
    ] as const) {
      expect(reopenPhase(state, times, 50)).toMatchObject({ refused: "conflict" });
    }
    expect(phaseAt(final, {}, 5)).toBe("final");
    expect(isOver("final") && isOver("ended") && !isOver("paused")).toBe(true);
  });
});

describe("by its times", () => {
  const times = { opens: 100, closes: 200 };

  test.each([
    [99, "draft"],
    [100, "live"],
    [199, "live"],
    [200, "ended"],
    [9_999, "ended"],
  ] as const)("[PH-3] opens 100, closes 200: at %d it is %s", (now, phase) => {
    expect(phaseAt(INITIAL_PHASE, times, now)).toBe(phase);
    expect(openedAt(INITIAL_PHASE, times)).toBe(100);
    expect(endsAt(INITIAL_PHASE, times)).toBe(200);
  });

  test("[PH-3] made live by hand before `opens`, it opened then", () => {
    const state = moved(times, ["live", 50]);
    expect(phaseAt(state, times, 60)).toBe("live");
    expect(openedAt(state, times)).toBe(50);
    expect(phaseAt(state, times, 200)).toBe("ended");
  });

  test("[PH-3] made live by hand after `opens` and a pause, it opened at `opens`", () => {
    const state = moved(times, ["paused", 120], ["live", 150]);
    expect(openedAt(state, times)).toBe(100);
  });

  test("[PH-4] a pause outlasts `opens` and ends at `closes`", () => {
    const state = moved(times, ["live", 50], ["paused", 60]);
    expect(phaseAt(state, times, 100)).toBe("paused");
    expect(phaseAt(state, times, 199)).toBe("paused");
    expect(phaseAt(state, times, 200)).toBe("ended");
  });

  test("[PH-4] ended by hand before `closes`, it ended then", () => {
    const state = moved(times, ["ended", 150]);
    expect(phaseAt(state, times, 150)).toBe("ended");
    expect(endsAt(state, times)).toBe(150);
  });

  test("[PH-8] ended by hand is ended on every clock, also one that is behind", () => {
    expect(phaseAt(moved({}, ["live", 10], ["ended", 150]), {}, 20)).toBe("ended");
  });

  test("[PH-1] `closes` ends it: nothing can be done by hand any more", () => {
    expect(changePhase(INITIAL_PHASE, times, "live", 200)).toMatchObject({ refused: "conflict" });
  });
});

describe("a new version with other times", () => {
  test("[PH-5] takes back no opening that players saw", () => {
    const settled = settlePhase(INITIAL_PHASE, { opens: 100 }, 150);
    expect(phaseAt(settled, { opens: 500 }, 160)).toBe("live");
    expect(openedAt(settled, { opens: 500 })).toBe(100);
    expect(openedAt(settled, {})).toBe(100);
  });

  test("[PH-5] takes back no ending that players saw", () => {
    const settled = settlePhase(INITIAL_PHASE, { opens: 100, closes: 200 }, 250);
    expect(phaseAt(settled, { opens: 100, closes: 900 }, 260)).toBe("ended");
    expect(endsAt(settled, {})).toBe(200);
  });

  test("[PH-5] moves what has not happened yet", () => {
    const settled = settlePhase(INITIAL_PHASE, { opens: 100, closes: 200 }, 50);
    expect(phaseAt(settled, { opens: 120, closes: 300 }, 110)).toBe("draft");
    expect(phaseAt(settled, { opens: 120, closes: 300 }, 250)).toBe("live");
  });

  test("[PH-5] takes back no opening for an earlier one: what counts from it stays", () => {
    const settled = settlePhase(INITIAL_PHASE, { opens: 100 }, 150);
    expect(openedAt(settled, { opens: 50 })).toBe(100);
    expect(openedAt(moved({}, ["live", 100]), { opens: 50 })).toBe(100);
  });

  test("[PH-6] what an import opened stays draft until it is live, and opened at the import's first line", () => {
    const imported: PhaseState = { ...INITIAL_PHASE, openedAt: 5 };
    expect(phaseAt(imported, {}, 100)).toBe("draft");
    const live = changePhase(imported, {}, "live", 100) as PhaseState;
    expect(phaseAt(live, {}, 100)).toBe("live");
    expect(openedAt(live, {})).toBe(5);
  });

  test("[PH-7] settling changes no phase at any later time, and settling twice nothing", () => {
    const moment = fc.option(fc.nat(50), { nil: undefined });
    const move = fc.constantFrom("live" as const, "paused" as const, "ended" as const);
    fc.assert(
      fc.property(
        moment,
        moment,
        fc.array(fc.tuple(move, fc.nat(20))),
        fc.nat(60),
        (opens, closes, moves, after) => {
          const times = {
            ...(opens === undefined ? {} : { opens }),
            ...(closes === undefined ? {} : { closes }),
          };
          let state = INITIAL_PHASE;
          let now = 0;
          for (const [to, wait] of moves) {
            now += wait;
            const next = changePhase(state, times, to, now);
            if (!("refused" in next)) state = next;
          }
          const settled = settlePhase(state, times, now);
          expect(phaseAt(settled, times, now + after)).toBe(phaseAt(state, times, now + after));
          expect(openedAt(settled, times)).toBe(openedAt(state, times));
          expect(endsAt(settled, times)).toBe(endsAt(state, times));
          expect(settlePhase(settled, times, now)).toEqual(settled);
        },
      ),
    );
  });

  test("[PH-7] once ended it stays ended, and it is never draft again", () => {
    const moment = fc.option(fc.nat(50), { nil: undefined });
    fc.assert(
      fc.property(
        moment,
        moment,
        fc.array(fc.constantFrom("live" as const, "paused" as const, "ended" as const)),
        (opens, closes, moves) => {
          const times = {
            ...(opens === undefined ? {} : { opens }),
            ...(closes === undefined ? {} : { closes }),
          };
          let state = INITIAL_PHASE;
          let before: Phase = "draft";
          for (let now = 0; now < 60; now += 1) {
            const to = moves[now % Math.max(1, moves.length)];
            const next = to && now % 3 === 0 ? changePhase(state, times, to, now) : state;
            if (!("refused" in next)) state = next;
            const phase = phaseAt(state, times, now);
            if (before === "ended") expect(phase).toBe("ended");
            if (before !== "draft") expect(phase).not.toBe("draft");
            before = phase;
          }
        },
      ),
    );
  });
});

describe("a closes that is past", () => {
  const codes = (found: { code: string }[]) => found.map(({ code }) => code);
  const over = (state: PhaseState, before: HuntTimes | undefined, after: HuntTimes, endNow = false) => {
    const { issues, warnings, ...rest } = republish(state, { before, after, endNow }, 100);
    return { issues: codes(issues), warnings: codes(warnings), ...rest };
  };
  const live = moved({}, ["live", 10]);
  const paused = moved({}, ["live", 10], ["paused", 20]);

  test("[PH-9] is refused while the hunt is live or paused, by hand or by its time; endNow ends it now", () => {
    for (const [state, before] of [
      [live, {}],
      [paused, { closes: 500 }],
      [INITIAL_PHASE, { opens: 10 }],
    ] as const) {
      for (const closes of [50, 100]) {
        expect(over(state, before, { closes })).toMatchObject({ issues: ["closes-in-past"] });
        const { issues, phase } = over(state, before, { closes }, true);
        expect(issues).toEqual([]);
        expect(phase.endedAt).toBe(100);
        expect(phaseAt(phase, {}, 100)).toBe("ended");
      }
      expect(over(state, before, { closes: 101 }).issues).toEqual([]);
      expect(over(state, before, {}).issues).toEqual([]);
    }
  });

  test("[PH-10] a draft with one stays a draft, is warned of, and cannot be made live before it is put right", () => {
    for (const before of [undefined, {}, { closes: 900 }]) {
      const { phase, ...told } = over(INITIAL_PHASE, before, { closes: 50 });
      expect(told).toEqual({ from: "draft", issues: [], warnings: ["closes-in-past"] });
      expect(phaseAt(phase, { closes: 50 }, 200)).toBe("draft");
      expect(changePhase(phase, { closes: 50 }, "live", 200)).toMatchObject({ refused: "conflict" });
      const right = over(phase, { closes: 50 }, { closes: 900 });
      expect(right).toMatchObject({ issues: [], warnings: [] });
      expect(phaseAt(right.phase, { closes: 900 }, 200)).toBe("draft");
    }
  });

  test("[PH-10] a hunt published with its whole time past is over, and another time brings it back", () => {
    const { phase, warnings } = over(INITIAL_PHASE, undefined, { opens: 20, closes: 50 });
    expect(warnings).toEqual(["closes-in-past"]);
    expect(phaseAt(phase, { opens: 20, closes: 50 }, 100)).toBe("ended");
    const right = over(phase, { opens: 20, closes: 50 }, { opens: 200, closes: 300 });
    expect(right.phase).toEqual(INITIAL_PHASE);
    expect(right).toMatchObject({ from: "draft", warnings: [] });
    // One that was played ends for good.
    const played = over(INITIAL_PHASE, { opens: 20, closes: 50 }, { opens: 200, closes: 300 });
    expect(phaseAt(played.phase, { opens: 200, closes: 300 }, 250)).toBe("ended");
  });

  test("[PH-11] an `opens` that changes nothing any more is warned of, the same one again is not", () => {
    for (const [state, before] of [
      [live, {}],
      [paused, { opens: 5 }],
      [INITIAL_PHASE, { opens: 10 }],
    ] as const) {
      expect(over(state, before, { opens: 700 }).warnings).toEqual(["opens-has-no-effect"]);
      expect(over(state, before, { opens: 1 }).warnings).toEqual(["opens-has-no-effect"]);
      expect(over(state, before, before).warnings).toEqual([]);
    }
    expect(over(INITIAL_PHASE, { opens: 500 }, { opens: 700 }).warnings).toEqual([]);
    expect(over(INITIAL_PHASE, { opens: 500 }, { opens: 50 }).warnings).toEqual([]);
  });
});

describe("a clock that was ahead", () => {
  const HOUR = 3_600_000;
  const now = 10 * HOUR;
  const ahead = now + HOUR;

  test("[SEC-38] what was done by hand stays done, as of now", () => {
    const live = changePhase(INITIAL_PHASE, {}, "live", ahead) as PhaseState;
    expect(isDatedAhead(live, now)).toBe(true);
    expect(rightPhase(live, now)).toMatchObject({ live: true, openedAt: now });
    const ended = changePhase(live, {}, "ended", ahead) as PhaseState;
    const right = rightPhase(ended, now);
    expect(right).toMatchObject({ openedAt: now, endedAt: now });
    expect(phaseAt(right, {}, now)).toBe("ended");
    expect(isDatedAhead(right, now)).toBe(false);
  });

  test("[SEC-38] what the definition's times did by it has not come yet", () => {
    const times = { opens: now + HOUR / 4, closes: now + HOUR / 2 };
    const settled = settlePhase(INITIAL_PHASE, times, ahead);
    expect(phaseAt(settled, times, now)).toBe("ended");
    // Also when the new version has other times.
    const right = rightPhase(settled, now);
    expect(right).toEqual(INITIAL_PHASE);
    expect(phaseAt(right, times, now)).toBe("draft");
    expect(phaseAt(right, times, times.opens)).toBe("live");
    const running = settlePhase(changePhase(INITIAL_PHASE, {}, "live", now) as PhaseState, times, ahead);
    expect(phaseAt(rightPhase(running, now), times, now)).toBe("live");
  });

  test("[SEC-38] times that are right stay, and so does an import's first line", () => {
    const live = changePhase(INITIAL_PHASE, {}, "live", now) as PhaseState;
    expect(isDatedAhead(live, now)).toBe(false);
    expect(rightPhase(live, now)).toEqual(live);
    expect(isDatedAhead({ ...INITIAL_PHASE, openedAt: ahead }, now)).toBe(false);
  });
});
