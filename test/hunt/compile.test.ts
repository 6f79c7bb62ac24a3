import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CompileOptions, compile, issuesOf as issuesOfShapeAndMeaning } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { cpuTime } from "../cpu.ts";

const OPTIONS: CompileOptions = {
  hunt: "h",
  pepper: "p1",
  digest: (scope, text) => `${scope === "code" ? "code" : `${scope.clue}/${scope.mode}`}:${text}`,
  codeFor: (clue) => `generated-${clue}`,
};

type Json = Record<string, unknown>;

function clue(id: string, change: Json = {}): Json {
  return { id, round: "r", title: id, kind: "answer", answers: [`the ${id}`], points: 10, ...change };
}

function definition(clues: unknown[], change: Json = {}): Json {
  const rounds = [
    { id: "r", title: "R" },
    { id: "q", title: "Q" },
  ];
  return { format: 1, title: "T", rounds, clues, ...change };
}

/** Parses (which must succeed) and compiles. */
function run(source: Json, options: Partial<CompileOptions> = {}) {
  const parsed = parseDefinition(JSON.stringify(source), "json");
  if (parsed.definition === undefined) throw new Error(JSON.stringify(parsed.issues));
  return compile(parsed.definition, { ...OPTIONS, ...options });
}

function issuesOf(source: Json): string[] {
  return (run(source).issues ?? []).map((issue) => `${issue.path} ${issue.code}`).sort();
}

/** The issues of a hunt of one clue. */
function issuesOfClue(change: Json): string[] {
  return issuesOf(definition([clue("a", change)]));
}

describe("what comes out", () => {
  const source = definition(
    [
      clue("a", {
        answers: ["One!", "two"],
        nudges: [{ match: ["three", "4"], say: "Near." }],
        attempts: { burst: 1 },
        body: "B",
      }),
      { id: "s", round: "r", title: "S", kind: "scan", points: 5 },
      { id: "t", round: "r", title: "T", kind: "scan", code: "MINE" },
      {
        id: "c",
        round: "q",
        title: "C",
        kind: "choice",
        answers: ["red"],
        choices: [
          { id: "red", label: "Red" },
          { id: "blue", label: "Blue" },
        ],
        compare: "words",
      },
      clue("n", { answers: ["1,000.0"], compare: "number", opens: { solvedIn: "r", atLeast: 3 } }),
    ],
    {
      prizes: [
        { id: "z", title: "Z", stock: 2, codes: ["K1", "K2"], requires: { solved: "a" } },
        { id: "i", title: "I", stock: 1, mode: "instant-win" },
      ],
      opens: "2026-12-01T18:00:00Z",
      closes: "2026-12-01T20:00:00Z",
    },
  );

  test("[DEF-20] answers and codes become digests, a choice compares exactly, attempts fall back to the hunt's", () => {
    const { hunt } = run(source);
    const [a, s, t, c, n] = hunt?.clues ?? [];
    expect(a?.digests).toEqual(["a/letters:one", "a/letters:two"]);
    expect(a?.nudges).toEqual([{ digests: ["a/letters:three", "a/letters:4"], say: "Near." }]);
    expect(a?.attempts).toEqual({ burst: 1, refillPerMinute: 10, perClue: 50 });
    expect(s?.codeDigest).toBe("code:generated-s");
    expect(t?.codeDigest).toBe("code:mine");
    expect(c).toMatchObject({ compare: "exact", digests: ["c/exact:red"] });
    expect(n?.digests).toEqual(["n/number:1000"]);
    expect(hunt?.pepper).toBe("p1");
    expect(JSON.stringify(hunt)).not.toContain("One!");
    expect(JSON.stringify(hunt)).not.toContain('"code"');
  });

  test("[DEF-21] the public half has no clue, no digest, no code, no answer", () => {
    const { public: half } = run(source);
    expect(half).toEqual({
      format: 1,
      hunt: "h",
      title: "T",
      opens: 1_796_148_000_000,
      closes: 1_796_155_200_000,
      teams: { mode: "solo", maxSize: 1 },
      brackets: [],
      players: { require: "anyone", whenOriginDown: "admit" },
      clueCount: 5,
      prizes: [
        { id: "z", title: "Z", mode: "first-come", stock: 2 },
        {
          id: "i",
          title: "I",
          mode: "instant-win",
          stock: 1,
          window: { from: 1_796_148_000_000, to: 1_796_155_200_000 },
        },
      ],
      modes: ["exact", "letters", "number"],
      rounds: [
        { id: "r", title: "R" },
        { id: "q", title: "Q" },
      ],
    });
  });

  test("[DEF-22] an instant-win without a window is drawn over the whole hunt", () => {
    expect(run(source).hunt?.prizes[1]?.window).toEqual({ from: 1_796_148_000_000, to: 1_796_155_200_000 });
  });

  test("[DEF-20] the compiled hunt is plain JSON", () => {
    const { hunt } = run(source);
    expect(JSON.parse(JSON.stringify(hunt))).toEqual(hunt);
  });
});

describe("references and ids", () => {
  test("[DEF-23] unknown ids", () => {
    const source = definition(
      [
        clue("a", { round: "nowhere" }),
        clue("b", { opens: { any: ["start", { solved: "ghost" }] } }),
        clue("c", { opens: { any: ["start", { solvedIn: ["r", "void"], atLeast: 1 }] } }),
      ],
      {
        scoring: { ranking: "finish", finish: "end" },
        prizes: [{ id: "z", title: "Z", stock: 1, requires: { all: [{ solved: "spirit" }] } }],
      },
    );
    expect(issuesOf(source)).toEqual([
      "clues.0.round unknown-round",
      "clues.1.opens.any.1.solved unknown-clue",
      "clues.2.opens.any.1.solvedIn unknown-round",
      "prizes.0.requires.all.0.solved unknown-clue",
      "scoring.finish unknown-clue",
    ]);
  });

  test("[DEF-24] duplicate ids, each in its own scope", () => {
    const source = definition(
      [
        clue("a", {
          hints: [
            { id: "h", text: "t" },
            { id: "h", text: "u" },
          ],
        }),
        clue("a", {
          kind: "choice",
          answers: ["x"],
          choices: [
            { id: "x", label: "X" },
            { id: "x", label: "Y" },
          ],
        }),
        clue("b", { hints: [{ id: "h", text: "t" }] }),
      ],
      {
        rounds: [
          { id: "r", title: "R" },
          { id: "r", title: "R" },
        ],
        brackets: [
          { id: "b", title: "B" },
          { id: "b", title: "B" },
        ],
        prizes: [
          { id: "a", title: "A", stock: 1 },
          { id: "a", title: "A", stock: 1 },
        ],
      },
    );
    expect(issuesOf(source)).toEqual([
      "brackets.1.id duplicate-id",
      "clues.0.hints.1.id duplicate-id",
      "clues.1.choices.1.id duplicate-id",
      "clues.1.id duplicate-id",
      "prizes.1.id duplicate-id",
      "rounds.1.id duplicate-id",
    ]);
  });

  test("[DEF-25] the hunt's id must be the path's", () => {
    expect(issuesOf(definition([clue("a")], { hunt: "other" }))).toEqual(["hunt hunt-mismatch"]);
    expect(issuesOf(definition([clue("a")], { hunt: "h" }))).toEqual([]);
  });
});

describe("what can open", () => {
  const at = (time: string) => ({ at: `2026-12-0${time}:00:00Z` });
  const hours = { opens: "2026-12-01T10:00:00Z", closes: "2026-12-01T20:00:00Z" };

  test.each<[string, Json[], Json, string[]]>([
    [
      "two that wait for each other",
      [clue("a", { opens: { solved: "b" } }), clue("b", { opens: { solved: "a" } }), clue("c")],
      {},
      ["clues.0.opens cycle", "clues.1.opens cycle"],
    ],
    [
      "one that waits for itself",
      [clue("a", { opens: { solved: "a" } }), clue("b")],
      {},
      ["clues.0.opens cycle"],
    ],
    [
      "what waits for a cycle",
      [
        clue("a", { opens: { solved: "b" } }),
        clue("b", { opens: { solved: "a" } }),
        clue("c", { opens: { solved: "a" } }),
      ],
      {},
      ["clues.0.opens cycle", "clues.1.opens cycle", "clues.2.opens never-opens"],
    ],
    [
      "a cycle by way of a round",
      [
        clue("a", { opens: { solvedIn: "q", atLeast: 1 } }),
        clue("b", { round: "q", opens: { solved: "a" } }),
      ],
      {},
      ["clues.0.opens cycle", "clues.1.opens cycle"],
    ],
    [
      "a cycle by way of points",
      [clue("a", { opens: { points: 10 } }), clue("b", { opens: { points: 10 } })],
      {},
      ["clues.0.opens cycle", "clues.1.opens cycle"],
    ],
    [
      "a long cycle",
      ["a", "b", "c", "d"].map((id, index, all) => clue(id, { opens: { solved: all[(index + 1) % 4] } })),
      {},
      [0, 1, 2, 3].map((index) => `clues.${index}.opens cycle`),
    ],
    [
      "a loop with another way in",
      [
        clue("a", { opens: { any: [{ solved: "b" }, "start"] } }),
        clue("b", { opens: { any: [{ solved: "a" }, { after: "1h" }] } }),
      ],
      {},
      [],
    ],
    [
      "a loop an organiser can enter",
      [clue("a", { opens: { any: [{ solved: "b" }, "manual"] } }), clue("b", { opens: { solved: "a" } })],
      {},
      [],
    ],
    ["manual", [clue("a", { opens: "manual" }), clue("b", { opens: { solved: "a" } })], {}, []],
    [
      "a time after the end",
      [clue("a", { opens: at("1T20") }), clue("b", { opens: { solved: "a" } })],
      hours,
      ["clues.0.opens never-opens", "clues.1.opens never-opens"],
    ],
    ["a time before the end", [clue("a", { opens: at("1T19") })], hours, []],
    [
      "a wait as long as the hunt",
      [clue("a", { opens: { after: "10h" } })],
      hours,
      ["clues.0.opens never-opens"],
    ],
    ["a wait shorter than the hunt", [clue("a", { opens: { after: "9h" } })], hours, []],
    ["a long wait in a hunt without times", [clue("a", { opens: { after: "30d" } })], {}, []],
    [
      "times that pass one after another",
      [
        clue("a", { opens: at("1T12") }),
        clue("b", { opens: { all: [{ solved: "a" }, at("1T11"), { after: "4h" }] } }),
      ],
      hours,
      [],
    ],
    [
      "weights that suffice",
      [clue("a"), clue("b", { opens: { atLeast: 3, of: [{ weight: 3, solved: "a" }, { solved: "a" }] } })],
      {},
      [],
    ],
    [
      "weights of what never opens",
      [
        clue("a", { opens: { solved: "a" } }),
        clue("b"),
        clue("c", { opens: { atLeast: 2, of: [{ solved: "a" }, { solved: "b" }] } }),
      ],
      {},
      ["clues.0.opens cycle", "clues.2.opens never-opens"],
    ],
    [
      "points with a first-solve bonus",
      [clue("a"), clue("b", { opens: { points: 40 } })],
      { scoring: { firstSolves: [30, 20] } },
      [],
    ],
    [
      "declared backwards",
      ["a", "b", "c"].map((id, index, all) =>
        clue(id, { opens: index === 2 ? "start" : { solved: all[index + 1] } }),
      ),
      {},
      [],
    ],
  ])("[DEF-26] %s", (_name, clues, change, issues) => {
    expect(issuesOf(definition(clues, change))).toEqual(issues);
  });

  test("[DEF-26] the issue of a cycle names it", () => {
    const { issues } = run(
      definition([clue("a", { opens: { solved: "b" } }), clue("b", { opens: { solved: "a" } })]),
    );
    expect(issues?.[0]?.message).toContain("a → b → a");
  });

  test.each<[string, Json, string]>([
    ["more clues than the round has", { solvedIn: "q", atLeast: 3 }, "clues.0.opens.atLeast at-least-beyond"],
    ["metas do not count", { solvedIn: "q", atLeast: 2 }, "clues.0.opens.atLeast at-least-beyond"],
    [
      "a clue does not count for itself",
      { solvedIn: "r", atLeast: 1 },
      "clues.0.opens.atLeast at-least-beyond",
    ],
    [
      "more than the weights",
      { atLeast: 4, of: [{ weight: 2, solved: "b" }, { solved: "m" }] },
      "clues.0.opens.atLeast at-least-beyond",
    ],
    ["more points than there are", { points: 21 }, "clues.0.opens.points points-beyond"],
    [
      "deep inside",
      { any: ["start", { all: [{ points: 1_000 }] }] },
      "clues.0.opens.any.1.all.0.points points-beyond",
    ],
  ])("[DEF-27] %s", (_name, opens, issue) => {
    const clues = [clue("a", { opens }), clue("b", { round: "q" }), clue("m", { round: "q", meta: true })];
    expect(issuesOf(definition(clues))).toEqual([issue]);
  });

  test("[DEF-27] a prize's requirement is checked alike, and nobody opens it by hand", () => {
    const prizes = [
      { id: "x", title: "X", stock: 1, requires: { points: 11 } },
      { id: "y", title: "Y", stock: 1, requires: { any: [{ solved: "a" }, "manual"] } },
    ];
    expect(issuesOf(definition([clue("a")], { prizes }))).toEqual([
      "prizes.0.requires.points points-beyond",
      "prizes.1.requires.any.1 manual-prize",
    ]);
  });

  test("[DEF-28] the number of conditions is bounded", () => {
    const many = {
      any: Array.from({ length: 3 }, () => ({ any: Array.from({ length: 400 }, () => "start") })),
    };
    expect(issuesOf(definition([clue("a", { opens: many })]))).toEqual(["clues.0.opens too-many-conditions"]);
  });

  test("[DEF-28] 2,000 clues in a line, written backwards, compile soon", () => {
    const clues = Array.from({ length: 2_000 }, (_, index) =>
      clue(`c${index}`, { opens: index === 1_999 ? "start" : { solved: `c${index + 1}` } }),
    );
    const spent = cpuTime();
    expect(issuesOf(definition(clues))).toEqual([]);
    expect(spent()).toBeLessThan(4_000);
  });
});

describe("clues", () => {
  test.each<[string, Json, string[]]>([
    ["no answers", { answers: undefined }, ["clues.0.answers answers-missing"]],
    [
      "the same answer twice",
      { answers: ["Two words", "TWO-WORDS!"] },
      ["clues.0.answers.1 answer-duplicate"],
    ],
    ["different in words", { answers: ["Two words", "TWO-WORDS!"], compare: "words" }, []],
    ["an answer that is nothing", { answers: ["ok", "?!"] }, ["clues.0.answers.1 answer-empty"]],
    [
      "an answer that is no number",
      { answers: ["five"], compare: "number" },
      ["clues.0.answers.0 answer-empty"],
    ],
    [
      "the same number",
      { answers: ["1000", "1,000.0"], compare: "number" },
      ["clues.0.answers.1 answer-duplicate"],
    ],
    [
      "a nudge that is an answer",
      { nudges: [{ match: ["THE A"], say: "s" }] },
      ["clues.0.nudges.0.match.0 nudge-is-answer"],
    ],
    [
      "a nudge that is nothing",
      { nudges: [{ match: ["…"], say: "s" }] },
      ["clues.0.nudges.0.match.0 nudge-empty"],
    ],
    [
      "the same nudge twice",
      {
        nudges: [
          { match: ["x"], say: "s" },
          { match: ["y", "X"], say: "t" },
        ],
      },
      ["clues.0.nudges.1.match.1 nudge-duplicate"],
    ],
    [
      "choices on an answer clue",
      { choices: [{ id: "x", label: "X" }] },
      ["clues.0.choices choices-superfluous"],
    ],
    [
      "a place on an answer clue",
      { place: { lat: 0, lng: 0, radius: 5 } },
      ["clues.0.place place-superfluous"],
    ],
    ["a control character", { answers: ["ok", "a\u0007"] }, ["clues.0.answers.1 cannot-be-given"]],
    ["a line feed within", { answers: ["a\nb"], compare: "exact" }, ["clues.0.answers.0 cannot-be-given"]],
    ["a tab within", { answers: ["a\tb"], compare: "words" }, ["clues.0.answers.0 cannot-be-given"]],
    ["U+FFFD", { answers: ["caf\ufffd"] }, ["clues.0.answers.0 cannot-be-given"]],
    ["half a character", { answers: ["a\ud800"] }, ["clues.0.answers.0 cannot-be-given"]],
    [
      "a nudge that nobody can give",
      { nudges: [{ match: ["x", "\u0007x"], say: "s" }] },
      ["clues.0.nudges.0.match.1 cannot-be-given"],
    ],
    ["white space around, which does not count", { answers: [" a\n", "\tb\u3000"], compare: "exact" }, []],
    [
      "the same but for that",
      { answers: ["a", " a"], compare: "exact" },
      ["clues.0.answers.1 answer-duplicate"],
    ],
    ["500 characters of two units", { answers: [` ${"😀".repeat(500)}\n`], compare: "exact" }, []],
    [
      "501 characters of two units",
      { answers: ["😀".repeat(501)], compare: "exact" },
      ["clues.0.answers.0 too-large"],
    ],
    ["501 characters", { answers: ["x".repeat(501)] }, ["clues.0.answers.0 too-large"]],
    [
      "a nudge of 501 characters",
      { nudges: [{ match: ["y".repeat(501)], say: "s" }] },
      ["clues.0.nudges.0.match.0 too-large"],
    ],
    [
      "the same number in another script",
      { answers: ["1,500", "١٥٠٠", "1 500"], compare: "number" },
      ["clues.0.answers.1 answer-duplicate", "clues.0.answers.2 answer-duplicate"],
    ],
    ["kana that differ in voicing alone", { answers: ["かぎ"], nudges: [{ match: ["かき"], say: "s" }] }, []],
    [
      "a near miss that is the answer in other signs",
      { answers: ["Don't"], compare: "words", nudges: [{ match: ["don’t"], say: "s" }] },
      ["clues.0.nudges.0.match.0 nudge-is-answer"],
    ],
    ["a code on an answer clue", { code: "C" }, ["clues.0.code code-superfluous"]],
    ["answers on a scan clue", { kind: "scan" }, ["clues.0.answers answers-superfluous"]],
    [
      "nudges on a scan clue",
      { kind: "scan", answers: undefined, nudges: [{ match: ["x"], say: "s" }] },
      ["clues.0.nudges nudges-superfluous"],
    ],
    ["a place clue without place", { kind: "place", answers: undefined }, ["clues.0.place place-missing"]],
    [
      "a choice clue without anything",
      { kind: "choice", answers: undefined },
      ["clues.0.answers answers-missing", "clues.0.choices choices-missing"],
    ],
    [
      "an answer that is no choice",
      { kind: "choice", answers: ["x", "y"], choices: [{ id: "x", label: "X" }] },
      ["clues.0.answers.1 answer-no-choice"],
    ],
    [
      "an answer of a choice that nobody can give",
      { kind: "choice", answers: ["x", "x\u0007"], choices: [{ id: "x", label: "X" }] },
      ["clues.0.answers.1 cannot-be-given"],
    ],
    [
      "a nudge that is no choice",
      {
        kind: "choice",
        answers: ["x"],
        nudges: [{ match: ["z"], say: "s" }],
        choices: [{ id: "x", label: "X" }],
      },
      ["clues.0.nudges.0.match.0 nudge-no-choice"],
    ],
  ])("[DEF-29] %s", (_name, change, issues) => {
    expect(issuesOfClue(change)).toEqual(issues);
  });

  test("[DEF-30] codes are unique, generated ones too", () => {
    const scan = (id: string, code?: string) => ({ id, round: "r", title: id, kind: "scan", code });
    expect(
      issuesOf(definition([scan("a", "X"), scan("b", "X"), scan("c"), scan("d", "generated-c")])),
    ).toEqual(["clues.1.code duplicate-code", "clues.3.code duplicate-code"]);
  });

  test("[DEF-31] a decay minimum above every clue is rejected, below 0 too", () => {
    const decay = (minimum: number) => ({ scoring: { decay: { kind: "linear", minimum, solves: 5 } } });
    expect(issuesOf(definition([clue("a"), clue("b", { points: 0 })], decay(11)))).toEqual([
      "scoring.decay.minimum decay-minimum",
    ]);
    expect(issuesOf(definition([clue("a"), clue("b", { points: 0 })], decay(10)))).toEqual([]);
    expect(
      parseDefinition(JSON.stringify(definition([clue("a")], decay(-1))), "json").issues?.[0],
    ).toMatchObject({ path: "scoring.decay.minimum", code: "too-small" });
  });
});

describe("times and prizes", () => {
  test.each<[string, Json, string[]]>([
    [
      "closes at opens",
      { opens: "2026-12-01T10:00:00Z", closes: "2026-12-01T10:00:00Z" },
      ["closes times-order"],
    ],
    [
      "freeze at opens",
      { opens: "2026-12-01T10:00:00Z", freeze: "2026-12-01T10:00:00Z" },
      ["freeze times-order"],
    ],
    [
      "freeze after closes",
      { freeze: "2026-12-01T11:00:00Z", closes: "2026-12-01T10:00:00Z" },
      ["freeze times-order"],
    ],
    ["freeze at closes", { freeze: "2026-12-01T10:00:00Z", closes: "2026-12-01T10:00:00Z" }, []],
    [
      "a window backwards",
      {
        prizes: [
          {
            id: "z",
            title: "Z",
            stock: 1,
            window: { from: "2026-12-01T10:00:00Z", to: "2026-12-01T10:00:00Z" },
          },
        ],
      },
      ["prizes.0.window.to times-order"],
    ],
    [
      "too few codes",
      { prizes: [{ id: "z", title: "Z", stock: 3, codes: ["a1", "b1"] }] },
      ["prizes.0.codes codes-stock"],
    ],
    ["no codes", { prizes: [{ id: "z", title: "Z", stock: 3, codes: [] }] }, ["prizes.0.codes codes-stock"]],
    [
      "a code twice",
      { prizes: [{ id: "z", title: "Z", stock: 2, codes: ["a1", "a1"] }] },
      ["prizes.0.codes.1 duplicate-code"],
    ],
    [
      "odds missing",
      { prizes: [{ id: "z", title: "Z", stock: 2, mode: "odds" }] },
      ["prizes.0.odds odds-missing"],
    ],
    [
      "odds superfluous",
      { prizes: [{ id: "z", title: "Z", stock: 2, odds: 0.5 }] },
      ["prizes.0.odds odds-superfluous"],
    ],
    [
      "nothing to draw moments from",
      { prizes: [{ id: "z", title: "Z", stock: 2, mode: "instant-win" }] },
      ["prizes.0.window window-missing"],
    ],
  ])("[DEF-32] %s", (_name, change, issues) => {
    expect(issuesOf(definition([clue("a")], change))).toEqual(issues);
  });
});

describe("as a whole", () => {
  const rich = definition(
    [
      clue("a", {
        nudges: [{ match: ["z"], say: "s" }],
        hints: [{ id: "h", text: "t", cost: 1, after: "1m" }],
      }),
      clue("b", { opens: { atLeast: 1, of: [{ weight: 2, solved: "a" }, { after: "5m" }] } }),
      {
        id: "c",
        round: "q",
        title: "C",
        kind: "choice",
        answers: ["x"],
        choices: [{ id: "x", label: "X" }],
        opens: { solvedIn: ["r"], atLeast: 2 },
      },
      {
        id: "p",
        round: "q",
        title: "P",
        kind: "place",
        place: { lat: 1, lng: 1, radius: 5 },
        opens: { points: 20 },
      },
      {
        id: "s",
        round: "q",
        title: "S",
        kind: "scan",
        opens: { any: [{ at: "2026-12-01T18:00:00Z" }, "manual"] },
      },
    ],
    {
      opens: "2026-12-01T17:00:00Z",
      closes: "2026-12-02T17:00:00Z",
      prizes: [{ id: "z", title: "Z", stock: 1, codes: ["K"], requires: { solved: "c" } }],
    },
  );

  test("[DEF-33] everything wrong is said at once", () => {
    const source = definition([clue("a", { answers: ["!"] }), clue("a", { opens: { solved: "x" } })], {
      hunt: "other",
      freeze: "2026-12-01T18:00:00Z",
      closes: "2026-12-01T17:00:00Z",
    });
    expect(issuesOf(source)).toEqual([
      "clues.0.answers.0 answer-empty",
      "clues.1.id duplicate-id",
      "clues.1.opens.solved unknown-clue",
      "freeze times-order",
      "hunt hunt-mismatch",
    ]);
  });

  test("[DEF-33] no mutation of a definition makes it throw, and issues have path, kebab-case code and message", () => {
    const paths = allPaths(rich, []);
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, "", "a", "b", "start", 0, -1, 2, 1e9, true, [], {}, ["a"], {
        solved: "a",
      }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const mutation = fc.record({ path: fc.constantFrom(...paths), value, remove: fc.boolean() });
    expect(run(rich).issues).toBeUndefined();
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const mutated = structuredClone(rich);
        for (const { path, value: replacement, remove } of mutations)
          mutate(mutated, path, structuredClone(replacement), remove);
        const parsed = parseDefinition(JSON.stringify(mutated), "json");
        const compiled = parsed.definition === undefined ? undefined : compile(parsed.definition, OPTIONS);
        const ofShape = parsed.issues ? issuesOfShapeAndMeaning(parsed, OPTIONS) : [];
        for (const issue of [...ofShape, ...(compiled?.issues ?? [])]) {
          expect(issue.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
          expect(issue.message).not.toBe("");
        }
        expect(parsed.issues ?? compiled?.issues ?? compiled?.hunt).toBeDefined();
      }),
      { numRuns: 1_500 },
    );
  });

  test("[DEF-5] no one value hides the meaning of all others, be it of another type or missing", () => {
    const whole = {
      ...rich,
      teams: { mode: "teams", maxSize: 4 },
      brackets: [{ id: "b", title: "B" }],
      scoring: { decay: { kind: "linear", minimum: 1, solves: 2 }, firstSolves: [3] },
      webhooks: [{ url: "https://example.org/hunt", on: ["won"] }],
    };
    const silent = allPaths(whole, []).flatMap((path) =>
      [null, true, 5.5, "☃", [], {}, [5], undefined].flatMap((value) => {
        const source = structuredClone(whole);
        mutate(source, path, value, false);
        const parsed = parseDefinition(JSON.stringify(source), "json");
        return parsed.issues && !parsed.draft ? [[path.join("."), value]] : [];
      }),
    );
    expect(silent).toEqual([]);
  });

  test("[DEF-33] compiling twice gives the same", () => {
    expect(run(rich)).toEqual(run(rich));
  });
});

type Path = (string | number)[];

function allPaths(value: unknown, base: Path): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    [...base, key],
    ...allPaths(child, [...base, key]),
  ]);
}

function mutate(root: Json, path: Path, value: unknown, remove: boolean): void {
  let target: unknown = root;
  for (const key of path.slice(0, -1)) {
    if (typeof target !== "object" || target === null) return;
    target = (target as Json)[key];
  }
  const last = path.at(-1);
  if (typeof target !== "object" || target === null || last === undefined) return;
  if (remove) delete (target as Json)[last];
  else (target as Json)[last] = value;
}

describe("[DEF-5] shape and meaning are told together", () => {
  const together = (source: Json): string[] => {
    const parsed = parseDefinition(JSON.stringify(source), "json");
    if (!parsed.issues) throw new Error("the shape is right");
    const issues = issuesOfShapeAndMeaning(parsed, { hunt: "h", codeFor: (id) => `code-${id}` });
    return issues.map(({ path, code }) => `${path} ${code}`).sort();
  };
  const unknown = clue("z", { opens: { solved: "nobody" } });

  test.each<[string, Json, string[]]>([
    [
      "a misspelt key of the hunt",
      definition([clue("a"), unknown], { desciption: "x" }),
      ["desciption unknown-key"],
    ],
    [
      "a misspelt key of its clue",
      definition([clue("a", { ponits: 5 }), unknown]),
      ["clues.0.ponits unknown-key"],
    ],
    [
      "a misspelt key that its kind needs",
      definition([clue("a", { answers: undefined, anwsers: ["x"] }), unknown]),
      ["clues.0.anwsers unknown-key"],
    ],
    [
      "an answer that is a number",
      definition([clue("a", { answers: [5] }), unknown]),
      ["clues.0.answers.0 type"],
    ],
    [
      "an unknown condition",
      definition([clue("a", { opens: { not: "start" } }), unknown]),
      ["clues.0.opens.not unknown-key"],
    ],
    ["a kind that is none", definition([clue("a", { kind: "anser" }), unknown]), ["clues.0.kind value"]],
    ["a title that is a number", definition([clue("a", { title: 7 }), unknown]), ["clues.0.title type"]],
    ["a clue that is a text", definition(["a", unknown]), ["clues.0 type"]],
    [
      "wrong scoring",
      definition([clue("a"), unknown], { scoring: { decay: { kind: "linear" } } }),
      ["scoring.decay.minimum missing", "scoring.decay.solves missing"],
    ],
  ])("%s hides no unknown id", (_name, source, shape) => {
    const at = (source as { clues: unknown[] }).clues.indexOf(unknown);
    expect(together(source)).toEqual([...shape, `clues.${at}.opens.solved unknown-clue`].sort());
  });

  test("an id whose key is misspelt is not called unknown", () => {
    const source = definition([
      clue("a", { id: undefined, idd: "a" }),
      clue("z", { opens: { solved: "a" } }),
    ]);
    expect(together(source)).toEqual(["clues.0.id missing", "clues.0.idd unknown-key"]);
  });

  test("what the faults of shape bring about is not told", () => {
    const points = definition([clue("a", { points: "100" }), clue("z", { opens: { points: 100 } })]);
    expect(together(points)).toEqual(["clues.0.points type"]);
    const twice = definition([clue("a", { ponits: 1 }), clue("a"), clue("z", { round: "nowhere" })]);
    expect(together(twice)).toEqual([
      "clues.0.ponits unknown-key",
      "clues.1.id duplicate-id",
      "clues.2.round unknown-round",
    ]);
  });
});

test("[DEF-39] several webhooks have an id each; the only one may go without", () => {
  const issues = (...ids: (string | undefined)[]) =>
    issuesOf(
      definition([clue("a")], {
        webhooks: ids.map((id) => ({ ...(id ? { id } : {}), url: "https://example.org/", on: ["won"] })),
      }),
    );
  expect(issues()).toEqual([]);
  expect(issues(undefined)).toEqual([]);
  expect(issues("one", "two")).toEqual([]);
  expect(issues("one", undefined)).toEqual(["webhooks.1.id webhook-id-missing"]);
  expect(issues("one", "one")).toEqual(["webhooks.1.id duplicate-id"]);
  expect(issues("registrations")).toEqual(["webhooks.0.id webhook-id-taken"]);
});

describe("[DEF-41] a hunt of few lines", () => {
  const bare = { id: "a", kind: "answer", answers: ["x"] };

  test("without rounds, titles and texts compiles; its clue is called by its id", () => {
    const { hunt } = run({ format: 1, title: "T", clues: [bare] });
    expect(hunt).toMatchObject({ rounds: [], clues: [{ id: "a", title: "a", body: "" }] });
    expect(hunt?.clues[0]).not.toHaveProperty("round");
  });

  test("a clue without a round counts in none", () => {
    const gate = clue("b", { opens: { solvedIn: "r", atLeast: 1 } });
    expect(issuesOf(definition([bare, gate]))).toEqual(["clues.1.opens.atLeast at-least-beyond"]);
    expect(issuesOf(definition([bare, { ...gate, round: undefined }, clue("c")]))).toEqual([]);
  });
});
