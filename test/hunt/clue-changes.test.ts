import { describe, expect, test } from "vitest";
import { withClueChange, withClueChanges } from "../../src/hunt/clue-changes.ts";
import type { Condition } from "../../src/hunt/compiled.ts";
import { decide } from "../../src/hunt/decide.ts";
import { indexHunt } from "../../src/hunt/indexed.ts";
import { timesOf } from "../../src/hunt/unlock.ts";
import { answer, clue, game, hint, hunt, scan, T0 } from "./build.ts";

const VOID = { void: true } as const;

describe("[COR-9] a withdrawn clue", () => {
  test("every event about it is closed, whatever it is; a locked one stays locked, a solved one solved", () => {
    const hints = [{ id: "h", text: "H.", cost: 0, after: 0 }];
    const clues = [
      clue("a", { hints }),
      clue("s", { code: "code" }),
      clue("locked", { opens: { op: "manual" } }),
      clue("done"),
    ];
    const played = game(clues);
    played.play(answer("1", "done", "right"));
    const changes = { a: {}, s: {}, locked: {}, done: {} };
    const context = { ...played.context, hunt: indexHunt(hunt(clues), changes) };
    const outcomes = [
      answer("2", "a", "right"),
      hint("3", "a", "h"),
      scan("4", "code"),
      answer("5", "locked", "right"),
      answer("6", "done", "right"),
    ].map((command) => {
      const decision = decide(context, played.team(), "p", command, undefined, T0);
      return "result" in decision ? decision.result.outcome : "recorded";
    });
    expect(outcomes).toEqual(["closed", "closed", "closed", "locked", "already_solved"]);
  });

  test("void: it gives nothing, and every condition that asks for it holds, in whatever it stands", () => {
    const asks: [Condition, boolean][] = [
      [{ op: "solved", clue: "v" }, true],
      [{ op: "solved", clue: "a" }, false],
      [{ op: "solvedIn", rounds: ["q"], atLeast: 1 }, true],
      [{ op: "solvedIn", rounds: ["q"], atLeast: 2 }, false],
      [{ op: "solvedIn", rounds: ["r", "q"], atLeast: 1 }, true],
      [{ op: "all", of: [{ op: "solved", clue: "v" }, { op: "start" }] }, true],
      [{ op: "all", of: [{ op: "solved", clue: "v" }, { op: "manual" }] }, false],
      [{ op: "any", of: [{ op: "manual" }, { op: "solved", clue: "v" }] }, true],
      [{ op: "atLeast", atLeast: 2, of: [{ weight: 2, condition: { op: "solved", clue: "v" } }] }, true],
    ];
    const clues = [
      clue("a"),
      clue("v", { round: "q" }),
      clue("w", { round: "q" }),
      ...asks.map(([opens], index) => clue(`x${index}`, { opens, round: "x" })),
    ];
    const played = game(clues);
    const openIn = (changes: Parameters<typeof indexHunt>[1]) => {
      const indexed = indexHunt(hunt(clues), changes);
      return [...timesOf(indexed, played.team(), T0, T0)].map((at) => at <= T0).slice(3);
    };
    expect(openIn({})).toEqual(asks.map(() => false));
    expect(openIn({ v: {} })).toEqual(asks.map(() => false));
    expect(openIn({ v: VOID })).toEqual(asks.map(([, holds]) => holds));
    const changed = withClueChanges(hunt(clues), { v: VOID });
    expect(changed.clues.map(({ points }) => points).slice(0, 3)).toEqual([10, 0, 10]);
  });

  test("changes of a clue replace one another; ids that every object has as members are ids", () => {
    expect(withClueChange({ a: {} }, "a", VOID)).toEqual({ a: VOID });
    expect(withClueChange({ a: VOID, b: {} }, "a", undefined)).toEqual({ b: {} });
    expect(indexHunt(hunt([clue("constructor")]), {}).closed.size).toBe(0);
    expect(withClueChanges(hunt([clue("a")]), { a: {} }).clues[0]?.points).toBe(10);
  });
});
