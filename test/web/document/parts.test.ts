import { describe, expect, test } from "vitest";
import {
  asksFor,
  durationOf,
  freshOf,
  kindOf,
  turned,
} from "../../../src/web/organiser/document/conditions.ts";
import { graphOf } from "../../../src/web/organiser/document/graph.ts";
import { History } from "../../../src/web/organiser/document/history.ts";
import { idFor, rename } from "../../../src/web/organiser/document/ids.ts";
import { changed } from "../../../src/web/organiser/document/source.ts";

describe("[WEB-92] undoing", () => {
  test("goes back a step at a time and forward again, until something else is changed", () => {
    const history = new History();
    history.record("a", "", 0);
    history.record("b", "", 1);
    expect(history.undo("c")).toBe("b");
    expect(history.undo("b")).toBe("a");
    expect(history.undo("a")).toBeUndefined();
    expect(history.redo("a")).toBe("b");
    history.record("b", "", 2);
    expect(history.canRedo).toBe(false);
    expect(history.undo("d")).toBe("b");
  });

  test("takes what is typed in one field as one step, until a pause or another field", () => {
    const history = new History();
    for (const [text, about, at] of [
      ["", "title", 0],
      ["T", "title", 500],
      ["Th", "title", 900],
      ["The", "body", 1_000],
      ["Then", "body", 9_000],
    ] as const) {
      history.record(text, about, at);
    }
    expect(history.undo("now")).toBe("Then");
    expect(history.undo("Then")).toBe("The");
    expect(history.undo("The")).toBe("");
    expect(history.canUndo).toBe(false);
  });

  test("forgets the oldest steps rather than fill the tab", () => {
    const history = new History();
    for (let step = 0; step < 1_000; step += 1) history.record(`text ${step}`, "", step);
    let steps = 0;
    for (let now: string | undefined = "end"; now !== undefined; now = history.undo(now)) steps += 1;
    expect(steps).toBe(301);
  });
});

describe("[WEB-92] ids", () => {
  test("are made of titles, spelt out, and unlike those that are taken", () => {
    expect(idFor("Der große Käfig", [], "clue")).toBe("der-grosse-kaefig");
    expect(idFor("L’Été à Nice!", [], "clue")).toBe("lete-a-nice");
    expect(idFor("المنارة", [], "clue")).toBe("clue");
    expect(idFor("Lamp", ["lamp", "lamp-2"], "clue")).toBe("lamp-3");
    expect(idFor("x".repeat(200), [], "clue").length).toBeLessThanOrEqual(63);
  });

  test("that change are changed wherever they are named, and nowhere else", () => {
    const text = `scoring: { finish: lamp }
rounds:
  - { id: lamp, title: lamp }
clues:
  - { id: lamp, round: lamp, title: lamp, answers: [lamp] }
  - { id: pier, opens: { all: [ { solved: lamp }, { solvedIn: [lamp], atLeast: 1 } ] } }
prizes:
  - { id: mug, title: Mug, requires: { atLeast: 1, of: [ { solved: lamp, weight: 2 } ] } }
`;
    expect(changed(text, (edit) => rename(edit, "clues", 0, "light"))).toBe(`scoring: { finish: light }
rounds:
  - { id: lamp, title: lamp }
clues:
  - { id: light, round: lamp, title: lamp, answers: [lamp] }
  - { id: pier, opens: { all: [ { solved: light }, { solvedIn: [lamp], atLeast: 1 } ] } }
prizes:
  - { id: mug, title: Mug, requires: { atLeast: 1, of: [ { solved: light, weight: 2 } ] } }
`);
    expect(changed(text, (edit) => rename(edit, "rounds", 0, "quay"))).toContain(
      "round: quay, title: lamp, answers: [lamp] }\n  - { id: pier, opens: { all: [ { solved: lamp }, { solvedIn: [quay], atLeast: 1 } ] } }",
    );
  });
});

describe("[WEB-93] conditions", () => {
  const given = { clues: ["lamp"], rounds: ["quay"], now: "2026-12-01T18:00:00Z" };

  test("of every form are known, and what is written otherwise is left alone", () => {
    for (const [condition, kind] of [
      [undefined, "start"],
      ["manual", "manual"],
      [{ solved: "a" }, "solved"],
      [{ solvedIn: ["a"], atLeast: 2 }, "solvedIn"],
      [{ atLeast: 2, of: [] }, "atLeast"],
      [{ any: [], weight: 2 }, "any"],
      [{ holds: 3 }, undefined],
      [{ after: "30m", since: "lamp" }, "after"],
      [{ after: "30m", since: "lamp", until: "noon" }, undefined],
      ["never", undefined],
      [[], undefined],
    ] as const) {
      expect(kindOf(condition), JSON.stringify(condition)).toBe(kind);
    }
  });

  test("keep what both forms have when one is turned into another", () => {
    expect(turned({ solved: "a" }, "all", given)).toEqual({ all: [{ solved: "a" }] });
    expect(turned({ all: [{ solved: "a" }, { points: 5 }] }, "any", given)).toEqual({
      any: [{ solved: "a" }, { points: 5 }],
    });
    expect(turned({ atLeast: 2, of: [{ solved: "a", weight: 2 }] }, "all", given)).toEqual({
      all: [{ solved: "a" }],
    });
    expect(turned({ any: [{ solved: "b" }, { points: 7 }] }, "points", given)).toEqual({ points: 7 });
    expect(turned("start", "any", given)).toEqual({ any: [{ solved: "lamp" }] });
    expect(turned({ solved: "a", weight: 3 }, "points", given)).toEqual({ points: 100, weight: 3 });
    expect(freshOf("solvedIn", given)).toEqual({ solvedIn: "quay", atLeast: 1 });
  });

  test("name the clues and rounds they ask for, however deep", () => {
    const condition = {
      any: [{ solved: "a" }, { all: [{ solved: "b" }, { solvedIn: ["r", "q"], atLeast: 2 }] }],
    };
    expect(asksFor(condition)).toEqual({
      clues: ["a", "b"],
      rounds: [
        { round: "r", atLeast: 2 },
        { round: "q", atLeast: 2 },
      ],
    });
    expect(durationOf("90m")).toEqual({ count: 90, unit: "m" });
    expect(durationOf("90 m")).toBeUndefined();
  });

  test("are drawn with each clue behind what opens it, and circles marked", () => {
    const clue = (id: string, opens?: unknown, more = {}) => ({ id, round: "r", opens, ...more });
    const { nodes, edges, columns } = graphOf({
      clues: [
        clue("end", { solvedIn: "r", atLeast: 2 }, { meta: true }),
        clue("b", { solved: "a" }),
        clue("a"),
        clue("c", { any: [{ solved: "b" }, { solved: "gone" }] }),
      ],
    });
    const column = (id: string) => nodes.find((node) => node.id === id)?.column;
    expect([column("a"), column("b"), column("c"), column("r 2"), column("end")]).toEqual([0, 1, 2, 3, 4]);
    expect(columns).toBe(5);
    expect(edges.filter(({ isBack }) => isBack)).toEqual([]);
    const circle = graphOf({
      clues: [clue("a", { solved: "b" }), clue("b", { solved: "a" }), clue("c", { solved: "c" })],
    });
    expect(circle.edges.filter(({ isBack }) => isBack).length).toBe(2);
  });
});
