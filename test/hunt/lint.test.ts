import { describe, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { cpuTime } from "../cpu.ts";

type Json = Record<string, unknown>;

function clue(id: string, change: Json = {}): Json {
  return { id, round: "r", title: id, kind: "answer", answers: [`answer of ${id}`], points: 10, ...change };
}

/** Where people are known, so that each may win once. */
function warningsOf(clues: Json[], change: Json = {}): string[] {
  const players = { require: "registered" };
  const source = { format: 1, title: "T", rounds: [{ id: "r", title: "R" }], players, clues, ...change };
  const parsed = parseDefinition(JSON.stringify(source), "json");
  if (parsed.definition === undefined) throw new Error(JSON.stringify(parsed.issues));
  const compiled = compile(parsed.definition, {
    hunt: "h",
    pepper: "p",
    digest: (_scope, text) => text,
    codeFor: (id) => `gen-${id}-code`,
  });
  if (compiled.issues !== undefined) throw new Error(JSON.stringify(compiled.issues));
  return compiled.warnings.map((warning) => `${warning.path} ${warning.code}`).sort();
}

describe("[LOOK-2] contrast", () => {
  const at = "look.colour contrast";
  test.each<[Json, string[]]>([
    [{ colour: "#c8102e" }, []],
    [{ colour: "#ffd400" }, [at]],
    [{ colour: "#ffd400", background: "#101010" }, []],
    [{ colour: "#c8102e", background: "#808080" }, [at]],
    [{ background: "#808080" }, []],
    [{ font: "serif" }, []],
  ])("%o", (look, warnings) => {
    expect(warningsOf([clue("a")], { look })).toEqual(warnings);
  });
});

describe("bottleneck", () => {
  const behind = (id: string) => clue(id, { opens: { solved: "a" } });
  test.each<[string, Json[], string[]]>([
    ["the first clue gates all others", [clue("a"), behind("b"), behind("c")], ["clues.0.opens bottleneck"]],
    ["another is open beside it", [clue("a"), clue("x"), behind("b"), behind("c")], []],
    [
      "time opens one of the others",
      [clue("a"), clue("b", { opens: { any: [{ solved: "a" }, { after: "30m" }] } }), behind("c")],
      [],
    ],
    [
      "time and a solve open the others",
      [clue("a"), clue("b", { opens: { all: [{ solved: "a" }, { after: "30m" }] } }), behind("c")],
      ["clues.0.opens bottleneck"],
    ],
    [
      "an organiser may, but nothing will",
      [clue("a"), clue("b", { opens: { any: [{ solved: "a" }, "manual"] } }), behind("c")],
      ["clues.0.opens bottleneck"],
    ],
    [
      "one clue before the finale",
      [
        clue("a"),
        clue("x"),
        clue("b", { opens: { all: [{ solved: "a" }, { solved: "x" }] } }),
        clue("c", { opens: { solved: "b" } }),
      ],
      [],
    ],
    [
      "the neck in the middle",
      [
        clue("a"),
        clue("x"),
        clue("n", { opens: { solvedIn: "r", atLeast: 2 } }),
        clue("b", { opens: { solved: "n" } }),
        clue("c", { opens: { solved: "n" } }),
      ],
      ["clues.2.opens bottleneck"],
    ],
    [
      "a hunt in one line",
      [clue("a"), behind("b"), clue("c", { opens: { solved: "b" } }), clue("d", { opens: { solved: "c" } })],
      ["clues.0.opens bottleneck", "clues.1.opens bottleneck"],
    ],
    [
      "only time opens the first",
      [clue("a", { opens: { after: "5m" } }), behind("b"), behind("c")],
      ["clues.0.opens bottleneck"],
    ],
    ["a single clue", [clue("a")], []],
  ])("[LINT-1] %s", (_name, clues, warnings) => {
    expect(warningsOf(clues)).toEqual(warnings);
  });
});

describe("hints and points", () => {
  test("[LINT-2] a hint that costs more than its clue", () => {
    const hints = [
      { id: "x", text: "t", cost: 10 },
      { id: "y", text: "t", cost: 11 },
    ];
    expect(warningsOf([clue("a", { hints }), clue("b", { points: 50 })])).toEqual([
      "clues.0.hints.1.cost hint-costs-more-than-clue",
    ]);
  });

  const hinted = (cost: number, after: string, change: Json = {}) =>
    clue("a", { points: 100, hints: [{ id: "x", text: "t", cost, after }], ...change });
  const SIX = "2026-12-01T18:00:00Z";
  const onTheHour = clue("b", { opens: { all: ["start", { at: "2026-12-01T19:00:00Z" }] } });
  const unaffordable = ["clues.0.hints.0.cost hint-unaffordable"];
  test.each<[string, Json[], Json, string[]]>([
    ["without another clue", [hinted(5, "0s")], {}, unaffordable],
    ["that is free", [hinted(0, "0s")], {}, []],
    ["with another clue open beside it", [hinted(10, "0s"), clue("b")], {}, []],
    ["that costs more than that one gives", [hinted(11, "0s"), clue("b")], {}, unaffordable],
    ["with a bonus for the first", [hinted(11, "0s"), clue("b")], { scoring: { firstSolves: [5] } }, []],
    [
      "when the others wait for it",
      [hinted(5, "1h"), clue("b", { opens: { solved: "a" } })],
      {},
      unaffordable,
    ],
    [
      "before time opens another",
      [hinted(5, "10m"), clue("b", { opens: { after: "30m" } })],
      {},
      unaffordable,
    ],
    ["after time opened another", [hinted(5, "30m"), clue("b", { opens: { after: "30m" } })], {}, []],
    ["before a fixed time opens another", [hinted(5, "30m"), onTheHour], { opens: SIX }, unaffordable],
    ["after a fixed time opened another", [hinted(5, "1h"), onTheHour], { opens: SIX }, []],
    ["when the hunt may begin after that time", [hinted(5, "0s"), onTheHour], {}, []],
    [
      "of a clue that a team may open late",
      [hinted(20, "0s", { opens: { solved: "b" } }), clue("b"), clue("c", { opens: { after: "30m" } })],
      {},
      [],
    ],
  ])("[LINT-11] a hint %s", (_, clues, change, expected) => {
    expect(warningsOf(clues, change).filter((each) => each.includes("hint-unaffordable"))).toEqual(expected);
  });

  test("[LINT-11] 2,000 clues in a line, written in no order, with dear hints, take seconds at most", () => {
    const line = Array.from({ length: 2_000 }, (_, index) =>
      hinted(101, "0s", { id: `c${index}`, opens: index === 0 ? "start" : { solved: `c${index - 1}` } }),
    );
    // Cubes modulo this prime are all different, and in no order.
    const place = (index: number): number => index ** 3 % 2_003;
    const order = [...line.keys()].sort((a, b) => place(a) - place(b));
    const clues = order.map((index) => line[index] ?? {});
    const spent = cpuTime();
    expect(warningsOf(clues).filter((each) => each.includes("hint-unaffordable"))).toEqual([
      "clues.0.hints.0.cost hint-unaffordable",
      "clues.1.hints.0.cost hint-unaffordable",
    ]);
    expect(spent()).toBeLessThan(8_000);
  }, 60_000);

  test.each<[string, number, Json, string[]]>([
    ["with room to spare", 10, {}, []],
    ["only by solving everything", 11, {}, ["clues.2.opens.points points-need-everything"]],
    [
      "only with a first-solve bonus",
      25,
      { scoring: { firstSolves: [5] } },
      ["clues.2.opens.points points-not-for-all"],
    ],
    [
      "only before values fall",
      10,
      { scoring: { decay: { kind: "linear", minimum: 4, solves: 9 } } },
      ["clues.2.opens.points points-not-for-all"],
    ],
  ])("[LINT-3] points reached %s", (_name, points, change, warnings) => {
    expect(warningsOf([clue("a"), clue("b"), clue("c", { opens: { points } })], change)).toEqual(warnings);
  });

  test("[LINT-4] a clue worth less than the decay's minimum, but not one worth nothing", () => {
    const scoring = { decay: { kind: "log", minimum: 8, solves: 9 } };
    expect(warningsOf([clue("a"), clue("b", { points: 5 }), clue("c", { points: 0 })], { scoring })).toEqual([
      "clues.1.points points-below-minimum",
    ]);
  });

  test("[LINT-5] a clue that waits for itself beside other ways", () => {
    expect(warningsOf([clue("a", { opens: { any: ["start", { solved: "a" }] } })])).toEqual([
      "clues.0.opens.any.1.solved waits-for-itself",
    ]);
  });

  test("[LINT-6] ranking by finish without a finish", () => {
    expect(warningsOf([clue("a")], { scoring: { ranking: "finish" } })).toEqual([
      "scoring.finish finish-missing",
    ]);
    expect(warningsOf([clue("a")], { scoring: { ranking: "finish", finish: "a" } })).toEqual([]);
  });
});

describe("prizes", () => {
  const hours = { opens: "2026-12-01T10:00:00Z", closes: "2026-12-01T20:00:00Z" };
  const window = (from: number, to: number) => ({
    from: `2026-12-01T${from}:00:00Z`,
    to: `2026-12-01T${to}:00:00Z`,
  });
  const prize = (change: Json) => ({ ...hours, prizes: [{ id: "z", title: "Z", stock: 1, ...change }] });
  const late = [clue("a"), clue("b", { opens: { all: [{ solved: "a" }, { at: "2026-12-01T15:00:00Z" }] } })];

  test.each<[string, Json, string[]]>([
    ["in time", { window: window(14, 16), requires: { solved: "b" } }, []],
    [
      "closes before the clue opens",
      { window: window(12, 15), requires: { solved: "b" } },
      ["prizes.0.requires prize-out-of-time"],
    ],
    [
      "asks for a later time",
      { window: window(12, 15), requires: { all: [{ solved: "a" }, { at: "2026-12-01T15:00:00Z" }] } },
      ["prizes.0.requires prize-out-of-time"],
    ],
    [
      "points that come late",
      { window: window(12, 15), requires: { points: 11 } },
      ["prizes.0.requires prize-out-of-time", "prizes.0.requires.points points-need-everything"],
    ],
    [
      "the window is over before the hunt",
      { window: { from: "2026-12-01T08:00:00Z", to: "2026-12-01T09:00:00Z" } },
      ["prizes.0.window prize-out-of-time"],
    ],
    ["the window begins as the hunt ends", { window: window(20, 21) }, ["prizes.0.window prize-out-of-time"]],
    [
      "asks for more time than the hunt has",
      { requires: { after: "10h" } },
      ["prizes.0.requires prize-out-of-time"],
    ],
    ["no window", { requires: { solved: "b" } }, []],
  ])("[LINT-7] %s", (_name, change, warnings) => {
    expect(warningsOf(late, prize(change))).toEqual(warnings);
  });
});

describe("spoilers", () => {
  test.each<[string, Json, string[]]>([
    [
      "in the body, other case and marks",
      { answers: ["Old Harbour"], body: "Think of the **OLD harbour**." },
      ["clues.0.body answer-in-text"],
    ],
    ["in the title", { answers: ["lighthouse"], title: "The Lighthouse" }, ["clues.0.title answer-in-text"]],
    ["not inside a longer word", { answers: ["light"], body: "The lighthouse." }, []],
    ["not across the middle of words", { answers: ["theater"], body: "the atermath" }, []],
    ["not when short", { answers: ["at"], body: "Look at it." }, []],
    [
      "a number",
      { answers: ["1200"], compare: "number", body: "It cost 1,200.00 marks." },
      ["clues.0.body answer-in-text"],
    ],
    [
      "a number in the digits of another script",
      { answers: ["1893"], compare: "number", body: "بني سنة ١٨٩٣، هنا" },
      ["clues.0.body answer-in-text"],
    ],
    [
      "a number with a decimal comma",
      { answers: ["3.5"], compare: "number", body: "Es sind 3,5, sagt sie." },
      ["clues.0.body answer-in-text"],
    ],
    ["not kana of another voicing", { answers: ["パンダ"], body: "ハンタ" }, []],
    ["not another number", { answers: ["1200"], compare: "number", body: "It cost 12000 marks." }, []],
    [
      "not choices",
      { kind: "choice", answers: ["red"], choices: [{ id: "red", label: "Red" }], body: "Red or blue?" },
      [],
    ],
  ])("[LINT-8] an answer %s", (_name, change, warnings) => {
    expect(warningsOf([clue("a", change)])).toEqual(warnings);
  });

  test("[LINT-8] long runs of one letter and answers of every length take no minutes", () => {
    const answers = Array.from({ length: 497 }, (_, index) => "a".repeat(index + 3));
    const spent = cpuTime();
    expect(warningsOf([clue("a", { answers, body: "a".repeat(20_000) })])).toEqual([]);
    const ends = answers.map((text) => `${text.slice(1)}b`);
    expect(warningsOf([clue("a", { answers: ends, body: "a ".repeat(10_000) })])).toEqual([]);
    expect(spent()).toBeLessThan(1_500);
  });

  test("[LINT-9] codes in texts players see: the author's, the generated, a prize's", () => {
    const clues = [
      { id: "s", round: "r", title: "S", kind: "scan", code: "https://example.org/q?x=1" },
      { id: "g", round: "r", title: "G", kind: "scan" },
      clue("a", {
        body: "Go to (https://example.org/q?x=1).",
        hints: [{ id: "h", text: "Try `gen-g-code`!" }],
      }),
    ];
    const change = {
      description: "Win VOUCHER-77.",
      prizes: [{ id: "z", title: "Z", stock: 1, codes: ["VOUCHER-77"] }],
    };
    const folded = { ...change, description: "Win ｖｏｕｃｈｅｒ-77." };
    expect(warningsOf(clues, folded)).toContain("description code-in-text");
    expect(warningsOf(clues, change)).toEqual([
      "clues.2.body code-in-text",
      "clues.2.hints.0.text code-in-text",
      "description code-in-text",
    ]);
  });
});

describe("[LINT-10] keys that do nothing here", () => {
  const attempts = { burst: 1 };
  test.each<[string, Json[], Json, string[]]>([
    [
      "attempts of a scan and of a place, and not of an answer",
      [
        clue("a", { attempts }),
        { id: "s", round: "r", title: "S", kind: "scan", points: 1, attempts },
        {
          id: "p",
          round: "r",
          title: "P",
          kind: "place",
          points: 1,
          place: { lat: 1, lng: 1, radius: 9 },
          attempts,
        },
      ],
      {},
      ["clues.1.attempts no-effect", "clues.2.attempts no-effect"],
    ],
    [
      "a decay of kind none",
      [clue("a")],
      { scoring: { decay: { kind: "none", minimum: 5, solves: 3 } } },
      ["scoring.decay.minimum no-effect", "scoring.decay.solves no-effect"],
    ],
    [
      "what to do without the origin, where nobody is looked up",
      [clue("a")],
      { players: { whenOriginDown: "refuse" } },
      ["players.whenOriginDown no-effect"],
    ],
    [
      "fields to reach winners by, where nobody wins",
      [clue("a")],
      { join: { fields: [{ id: "mail", label: "E-mail", kind: "email", contact: true }] } },
      ["join.fields.0.contact no-effect"],
    ],
  ])("%s", (_name, clues, change, warnings) => {
    expect(warningsOf(clues, change)).toEqual(warnings);
  });
});
