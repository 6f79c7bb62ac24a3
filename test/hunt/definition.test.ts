import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { huntJsonSchema, parseDefinition } from "../../src/hunt/definition.ts";
import { SOURCE_BYTES_MAX } from "../../src/hunt/reading.ts";
import { cpuTime } from "../cpu.ts";

const MINIMAL = {
  format: 1,
  title: "T",
  rounds: [{ id: "r", title: "R" }],
  clues: [{ id: "a", round: "r", title: "A", kind: "answer", answers: ["x"] }],
};

function parse(change: Record<string, unknown>) {
  return parseDefinition(JSON.stringify({ ...MINIMAL, ...change }), "json");
}

function parseClue(change: Record<string, unknown>) {
  return parse({ clues: [{ ...MINIMAL.clues[0], ...change }] });
}

/** `path code` of every issue, sorted. */
function issuesOf(parsed: ReturnType<typeof parseDefinition>): string[] {
  return (parsed.issues ?? []).map((issue) => `${issue.path} ${issue.code}`).sort();
}

describe("defaults and units", () => {
  test("[DEF-1] a minimal definition gets every default", () => {
    expect(parse({}).definition).toEqual({
      format: 1,
      title: "T",
      embed: [],
      guesses: "shown",
      results: "auto",
      teams: { mode: "solo", maxSize: 1 },
      brackets: [],
      players: { require: "anyone", whenOriginDown: "admit" },
      attempts: { burst: 5, refillPerMinute: 10, perClue: 50 },
      scoring: { ranking: "score", decay: { kind: "none", minimum: 0, solves: 1 }, firstSolves: [] },
      rounds: [{ id: "r", title: "R" }],
      clues: [
        {
          id: "a",
          round: "r",
          title: "A",
          body: "",
          tags: [],
          attachments: [],
          kind: "answer",
          points: 0,
          meta: false,
          answers: ["x"],
          compare: "letters",
          nudges: [],
          hints: [],
          opens: { op: "start" },
        },
      ],
      prizes: [],
      pages: [],
      webhooks: [],
    });
  });

  test("[DEF-1] parts that are given keep the defaults of what is left out", () => {
    const { definition } = parse({
      attempts: { burst: 2 },
      players: { require: "registered" },
      teams: { mode: "teams" },
      clues: [
        {
          id: "p",
          round: "r",
          title: "P",
          kind: "place",
          place: { lat: 53, lng: 10, radius: 50 },
          hints: [{ id: "h", text: "t" }],
        },
      ],
      prizes: [{ id: "z", title: "Z", stock: 1 }],
    });
    expect(definition?.attempts).toEqual({ burst: 2, refillPerMinute: 10, perClue: 50 });
    expect(definition?.players).toEqual({ require: "registered", whenOriginDown: "admit" });
    expect(definition?.teams).toEqual({ mode: "teams", maxSize: 6 });
    expect(definition?.clues[0]?.place).toEqual({
      lat: 53,
      lng: 10,
      radius: 50,
      maxAccuracy: 100,
      maxSpeed: 60,
    });
    expect(definition?.clues[0]?.hints).toEqual([{ id: "h", text: "t", cost: 0, after: 0 }]);
    expect(definition?.prizes[0]).toEqual({ id: "z", title: "Z", mode: "first-come", stock: 1, perTeam: 1 });
  });

  test.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["3d", 259_200_000],
    ["0s", 0],
  ])("[DEF-2] the duration %s is %d ms", (duration, milliseconds) => {
    expect(parseClue({ opens: { after: duration } }).definition?.clues[0]?.opens).toEqual({
      op: "after",
      duration: milliseconds,
    });
  });

  test.each(["10", "m", "1.5h", "-1m", "10 m", "1w", "", "367d", "99999999s", 10])(
    "[DEF-2] %j is no duration",
    (duration) => {
      expect(issuesOf(parseClue({ opens: { after: duration } }))[0]).toMatch(/^clues\.0\.opens\.after /);
    },
  );

  test.each([
    ["2026-12-01T18:00:00Z", 1_796_148_000_000],
    ["2026-12-01T18:00:00.250Z", 1_796_148_000_250],
    ["2026-12-01T20:00:00+02:00", 1_796_148_000_000],
  ])("[DEF-3] the time %s is epoch ms, in JSON and in YAML", (time, milliseconds) => {
    expect(parse({ opens: time }).definition?.opens).toBe(milliseconds);
    const yaml = `{format: 1, title: T, rounds: [{id: r, title: R}], clues: [{id: a, round: r, title: A, kind: scan}], opens: ${time} }`;
    expect(parseDefinition(yaml, "yaml").definition?.opens).toBe(milliseconds);
  });

  test.each(["2026-12-01", "2026-12-01T18:00:00", "2026-02-30T00:00:00Z", "tomorrow", "", 1_796_148_000_000])(
    "[DEF-3] %j is no time",
    (time) => {
      expect(issuesOf(parse({ opens: time }))[0]).toMatch(/^opens (format|type)$/);
    },
  );
});

describe("conditions", () => {
  test.each([
    ["start", { op: "start" }],
    ["manual", { op: "manual" }],
    [{ solved: "b" }, { op: "solved", clue: "b" }],
    [
      { solvedIn: "r", atLeast: 2 },
      { op: "solvedIn", rounds: ["r"], atLeast: 2 },
    ],
    [
      { solvedIn: ["r", "q", "r"], atLeast: 1 },
      { op: "solvedIn", rounds: ["r", "q"], atLeast: 1 },
    ],
    [{ points: 10 }, { op: "points", points: 10 }],
    [{ at: "2026-12-01T18:00:00Z" }, { op: "at", time: 1_796_148_000_000 }],
    [
      { all: ["start", { any: [{ solved: "b" }, "manual"] }] },
      {
        op: "all",
        of: [{ op: "start" }, { op: "any", of: [{ op: "solved", clue: "b" }, { op: "manual" }] }],
      },
    ],
    [
      { atLeast: 3, of: [{ weight: 2, solved: "b" }, "start", { atLeast: 1, of: ["manual"], weight: 4 }] },
      {
        op: "atLeast",
        atLeast: 3,
        of: [
          { weight: 2, condition: { op: "solved", clue: "b" } },
          { weight: 1, condition: { op: "start" } },
          {
            weight: 4,
            condition: { op: "atLeast", atLeast: 1, of: [{ weight: 1, condition: { op: "manual" } }] },
          },
        ],
      },
    ],
  ])("[DEF-4] %j", (written, condition) => {
    expect(parseClue({ opens: written }).definition?.clues[0]?.opens).toEqual(condition);
  });

  test.each<[unknown, string[]]>([
    ["never", ["clues.0.opens value"]],
    [{ solvde: "b" }, ["clues.0.opens.solvde unknown-key"]],
    [{ not: { solved: "b" } }, ["clues.0.opens.not unknown-key"]],
    [{ all: ["start", { nand: [] }] }, ["clues.0.opens.all.1.nand unknown-key"]],
    [{ solvedIn: "r", atleast: 2 }, ["clues.0.opens.atleast unknown-key"]],
    [{ atLeast: 1, of: [{ not: "start", weight: 2 }] }, ["clues.0.opens.of.0.not unknown-key"]],
    [{ solved: 5 }, ["clues.0.opens.solved type"]],
    [{ solved: "B" }, ["clues.0.opens.solved format"]],
    [{ solved: "b", weight: 2 }, ["clues.0.opens.weight unknown-key"]],
    [{ all: [] }, ["clues.0.opens.all too-small"]],
    [{ all: ["start", { any: [{ points: -1 }] }] }, ["clues.0.opens.all.1.any.0.points too-small"]],
    [{ atLeast: 0, of: ["start"] }, ["clues.0.opens.atLeast too-small"]],
    [{ atLeast: 1, of: [{ weight: 0, solved: "b" }] }, ["clues.0.opens.of.0.weight too-small"]],
    [{ solvedIn: 3, atLeast: 1 }, ["clues.0.opens.solvedIn type"]],
    [null, ["clues.0.opens value"]],
  ])("[DEF-4] %j is no condition", (written, issues) => {
    expect(issuesOf(parseClue({ opens: written }))).toEqual(issues);
  });
});

describe("issues", () => {
  test("[DEF-5] all at once, unknown keys at every level", () => {
    const parsed = parse({
      title: undefined,
      opnes: 1,
      teams: { mode: "groups" },
      scoring: { decay: { kind: "linear", minimum: -1 } },
      rounds: [{ id: "Not a slug", title: "R", extra: 1 }],
      clues: [{ id: "a", round: "r", title: "A", points: 1.5, hints: [{ id: "h", text: "t", price: 3 }] }],
      webhooks: [{ url: "ftp://example.org", on: ["lost"] }],
    });
    expect(issuesOf(parsed)).toEqual([
      "clues.0.hints.0.price unknown-key",
      "clues.0.kind missing",
      "clues.0.points type",
      "opnes unknown-key",
      "rounds.0.extra unknown-key",
      "rounds.0.id format",
      "scoring.decay.minimum too-small",
      "scoring.decay.solves missing",
      "teams.mode value",
      "title missing",
      "webhooks.0.on.0 value",
      "webhooks.0.url format",
    ]);
    for (const issue of parsed.issues ?? []) expect(issue.message).not.toBe("");
  });

  test.each([
    ["clues", Array.from({ length: 2_001 }, (_, index) => ({ ...MINIMAL.clues[0], id: `c${index}` }))],
    ["rounds", Array.from({ length: 201 }, (_, index) => ({ id: `r${index}`, title: "R" }))],
  ])("[DEF-6] too many %s", (key, list) => {
    expect(issuesOf(parse({ [key]: list }))).toContain(`${key} too-large`);
  });

  test.each([
    ["hints", Array.from({ length: 21 }, (_, index) => ({ id: `h${index}`, text: "t" }))],
    ["answers", Array.from({ length: 1_001 }, (_, index) => `answer ${index}`)],
  ])("[DEF-6] too many %s in a clue", (key, list) => {
    expect(issuesOf(parseClue({ [key]: list }))).toEqual([`clues.0.${key} too-large`]);
  });

  test("[DEF-6] the limit on the size counts bytes", () => {
    const pad = "é".repeat(SOURCE_BYTES_MAX / 2);
    for (const format of ["json", "yaml"] as const) {
      expect(issuesOf(parseDefinition(`"${pad}"`, format))).toEqual([" too-large"]);
      expect(issuesOf(parseDefinition(`"${pad.slice(1)}"`, format))).toEqual([" type"]);
    }
  });
});

describe("reading", () => {
  const yaml =
    "format: 1\ntitle: T\nrounds: [{id: r, title: R}]\nclues:\n  - &a {id: a, round: r, title: A, kind: answer, answers: [x]}\n";

  test("[DEF-7] YAML and JSON give the same", () => {
    expect(parseDefinition(yaml, "yaml")).toEqual(parse({}));
    expect(parseDefinition(JSON.stringify(MINIMAL, null, "\t"), "yaml")).toEqual(parse({}));
    expect(parseDefinition(`\ufeff${yaml.replaceAll("\n", "\r\n")}`, "yaml")).toEqual(parse({}));
  });

  test.each<[string, "json" | "yaml", string, string[]]>([
    [
      "a duplicate key",
      "json",
      '{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}',
      ["a duplicate-key", "b.c duplicate-key"],
    ],
    ["a duplicate key", "yaml", "a: 1\nb: {c: 1, 'c': 2}\na: 3", ["a duplicate-key", "b.c duplicate-key"]],
    ["an escaped duplicate", "json", '{"a": 1, "\\u0061": 3}', ["a duplicate-key"]],
    ["__proto__", "json", '{"a": {"__proto__": {"x": 1}}}', ["a.__proto__ forbidden-key"]],
    ["escaped __proto__", "json", '{"\\u005f_proto__": 1}', ["__proto__ forbidden-key"]],
    ["__proto__", "yaml", "__proto__: {x: 1}", ["__proto__ forbidden-key"]],
    ["a custom tag", "yaml", "a: !php/object x", [" tag"]],
    ["a binary tag", "yaml", "a: !!binary aGk=", [" tag"]],
    ["YAML 1.1", "yaml", "%YAML 1.1\n---\na: yes", [" syntax"]],
    ["two documents", "yaml", "a: 1\n---\nb: 1", [" syntax"]],
    ["an alias without anchor", "yaml", "a: *x", ["a syntax"]],
    ["a key that is a list", "yaml", "? [a]\n: 1", [" key"]],
    ["tabs as indentation", "yaml", "a:\n\t- b", [" syntax"]],
    ["a trailing comma", "json", "[1,]", ["1 syntax"]],
    ["a comment", "json", "{} // x", [" syntax"]],
    ["NaN", "json", "NaN", [" syntax"]],
    ["a leading zero", "json", "01", [" syntax"]],
    ["a raw line break in a string", "json", '"a\nb"', [" syntax"]],
    ["nothing", "json", "", [" syntax"]],
    ["nothing", "yaml", "", [" type"]],
    ["a list", "yaml", "- 1", [" type"]],
    ["a number", "json", "1", [" type"]],
  ])("[DEF-7] %s in %s is an issue", (_name, format, source, issues) => {
    expect(issuesOf(parseDefinition(source, format)).sort()).toEqual(issues);
  });

  test("[DEF-7] YAML reads no yes, no octal, no time as something else", () => {
    expect(issuesOf(parseDefinition(yaml.replace("title: T", "title: yes"), "yaml"))).toEqual([]);
    expect(
      parseDefinition(yaml.replace("[x]", "[on, 'true', 2026-12-01T18:00:00Z]"), "yaml").definition?.clues[0]
        ?.answers,
    ).toEqual(["on", "true", "2026-12-01T18:00:00Z"]);
    expect(issuesOf(parseDefinition(yaml.replace("[x]", "[199]"), "yaml"))).toEqual([
      "clues.0.answers.0 type",
    ]);
  });

  test("[DEF-7] an alias stands for the last anchor before it", () => {
    const source = yaml.replace("answers: [x]", "answers: [&n x1, *n, &n y1, *n]");
    expect(parseDefinition(source, "yaml").definition?.clues[0]?.answers).toEqual(["x1", "x1", "y1", "y1"]);
  });

  const levels = 100_000;
  const laughs = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [index, letter] of [..."bcdefghij"].entries()) {
    laughs.push(`${letter}: &${letter} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(", ")}]`);
  }
  test.each<[string, "json" | "yaml", string, string]>([
    ["deep arrays", "json", "[".repeat(levels) + "]".repeat(levels), "too-deep"],
    ["unclosed arrays", "json", "[".repeat(levels), "too-deep"],
    ["deep objects", "json", '{"a":'.repeat(levels), "too-deep"],
    ["deep arrays", "yaml", "[".repeat(levels) + "]".repeat(levels), "too-deep"],
    ["deep maps", "yaml", "{a: ".repeat(levels), "too-deep"],
    ["deep lists on a line", "yaml", `${"- ".repeat(levels)}x`, "too-deep"],
    ["deep explicit keys", "yaml", "? ".repeat(levels), "too-deep"],
    [
      "deep indentation",
      "yaml",
      Array.from({ length: 1_500 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
      "too-deep",
    ],
    ["a little too deep", "yaml", `${"- ".repeat(70)}x`, "too-deep"],
    ["a billion laughs", "yaml", laughs.join("\n"), "too-large"],
    ["an anchor within itself", "yaml", "&a [*a, *a]", "too-deep"],
    ["many tokens", "yaml", "k: 1\n".repeat(300_000), "too-large"],
    ["many anchors", "yaml", "&a ".repeat(600_000), "too-large"],
  ])("[DEF-8] %s in %s are an issue, soon", (_name, format, source, code) => {
    const spent = cpuTime();
    const codes = new Set((parseDefinition(source, format).issues ?? []).map((issue) => issue.code));
    expect(codes).toContain(code);
    expect(spent()).toBeLessThan(10_000);
  });

  test("[DEF-8] brackets in texts do not count as nesting", () => {
    const source = yaml.replace(
      "title: T",
      `title: "${"[".repeat(100)}"\ndescription: |\n  ${"- ".repeat(300)}x\n  ${"{".repeat(300)}`,
    );
    expect(issuesOf(parseDefinition(source, "yaml"))).toEqual([]);
  });

  test("[DEF-9] no text makes it throw", () => {
    const source = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(..."[]{}:,-?&*!|>'\"%@`#\n\t ab1"), maxLength: 200 }),
      fc.json(),
    );
    fc.assert(
      fc.property(source, fc.constantFrom("json" as const, "yaml" as const), (text, format) => {
        const parsed = parseDefinition(text, format);
        expect((parsed.issues ?? []).length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  test("[DEF-9] strict JSON agrees with the language's own parser on what is JSON", () => {
    const source = fc.oneof(
      fc.json(),
      fc.string({ unit: fc.constantFrom(...'[]{}:,"\\u0019.eE+- tfn'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(source, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const unreadable = (parseDefinition(text, "json").issues ?? []).some(
          (issue) => issue.code === "syntax",
        );
        expect(unreadable).toBe(!isJson);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("JSON Schema", () => {
  test("[DEF-10] describes what authors write, with titles and defaults", () => {
    const schema = huntJsonSchema();
    const text = JSON.stringify(schema);
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(text).toContain('"additionalProperties":false');
    const hunt = (
      schema.$defs as Record<
        string,
        { properties: Record<string, { description?: string }>; required: string[] }
      >
    ).Hunt;
    expect(hunt?.required).toEqual(["format", "title", "clues"]);
    expect(hunt?.properties.freeze?.description).toContain("leaderboard");
    expect(text).toContain('"default":"start"');
  });
});

describe("[DEF-38] texts that YAML reads as something else", () => {
  const clueOf = (rest: string) =>
    `format: 1\ntitle: T\nrounds: [{id: r, title: R}]\nclues:\n  - {id: a, round: r, title: A, kind: answer, ${rest}}\n`;
  const messagesOf = (source: string) =>
    (parseDefinition(source, "yaml").issues ?? []).map(({ path, code, message }) => [path, code, message]);

  test.each([
    ["answers: [1893]", "clues.0.answers.0", '1893 is a number: quote it, "1893"'],
    ["answers: [007]", "clues.0.answers.0", '007 is a number: quote it, "007"'],
    ["answers: [0x1F, 1.50]", "clues.0.answers.1", '1.50 is a number: quote it, "1.50"'],
    ["answers: [x], body: true", "clues.0.body", 'true is true or false: quote it, "true"'],
    ["answers: [x], body: ~", "clues.0.body", '~ is "nothing" in YAML: quote it, "~"'],
    ["answers: [x], body: ", "clues.0.body", "nothing is written"],
    ["answers: [x], nudges: [{match: [12], say: no}]", "clues.0.nudges.0.match.0", 'quote it, "12"'],
  ])("%s says how to quote it", (rest, path, advice) => {
    expect(messagesOf(clueOf(rest))).toContainEqual([path, "type", expect.stringContaining(advice)]);
  });

  test("a date is a text already, and a title that is a year is told, in JSON too", () => {
    expect(messagesOf(clueOf("answers: [2026-12-01, 12:30, yes]"))).toEqual([]);
    expect(messagesOf(clueOf("answers: [x]").replace("title: T", "title: 2026"))).toEqual([
      ["title", "type", 'a text was expected here, and 2026 is a number: quote it, "2026"'],
    ]);
    expect(parse({ title: 2026 }).issues?.[0]?.message).toContain('quote it, "2026"');
  });
});

describe("[DEF-38] a syntax error is told where it is", () => {
  test.each<[string, "json" | "yaml", string, number, number]>([
    ["a bracket that is not closed", "yaml", "format: 1\ntitle: T\nrounds: [{id: r\nclues:\n  - a\n", 3, 10],
    ["a list that is not closed", "yaml", "format: 1\ntitle: T\nclues: [a, b\n\n\n", 3, 8],
    ["a quote that is not closed", "yaml", 'format: 1\ntitle: T\nbody: "abc\nx: 1\ny: 2\n', 3, 7],
    ["an apostrophe that is not closed", "yaml", "format: 1\r\ntitle: T\r\nbody: 'abc\r\nx: 1\r\n", 3, 7],
    ["a line indented too far", "yaml", "format: 1\ntitle: T\n rounds: x\nclues: []\n", 3, 2],
    ["a key without its colon", "yaml", "format: 1\ntitle: T\nrounds\nclues: []\n", 3, 1],
    ["a second colon", "yaml", "format: 1\nx: 1\ntitle: T: x\n", 3, 8],
    ["a tab", "yaml", "format: 1\ntitle: T\n\tclues: []\n", 3, 1],
    ["a colon that is missing", "json", '{"a":1,\n"b":2,\n"c" 3}', 3, 5],
    ["a string that is not closed", "json", '{"a":1,\n"b":2,\n"c":"x\n}', 3, 5],
  ])("%s in %s", (_name, format, source, line, column) => {
    const parsed = parseDefinition(source, format);
    expect(parsed.issues).toHaveLength(1);
    expect(parsed.issues?.[0]?.code).toBe("syntax");
    expect(parsed.issues?.[0]?.message).toMatch(new RegExp(`\\(line ${line}, column ${column}\\)$`));
    expect(parsed.issues && parsed.unreadable).toBe(true);
  });
});
