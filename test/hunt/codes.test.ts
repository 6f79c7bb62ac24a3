/** Which texts are one code: read, folded, checked when they are published. */
import { describe, expect, test } from "vitest";
import { opensByCode, readingsOf } from "../../src/contract/scanned.ts";
import { type Coded, grouped, keysOf, keysOfScanned } from "../../src/hunt/codes.ts";
import { type CompileOptions, compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";

const GENERATED = "7K2Q-M4TV-BX9R";
const OLDER = "1.k1.s.Zm9vQmFyQmF6Rm9v";

const options = (generated = GENERATED): CompileOptions => ({
  hunt: "h",
  pepper: "p1",
  digest: (scope, text) => `${scope === "code" ? "code" : scope.clue}:${text}`,
  codeFor: () => generated,
});

/** Publishes clues with these codes; undefined: a generated one. */
function run(codes: (string | undefined)[], generated?: string) {
  const clues = codes.map((code, index) => ({
    id: `c${index}`,
    round: "r",
    title: "T",
    kind: "scan",
    ...(code === undefined ? {} : { code }),
  }));
  const source = JSON.stringify({ format: 1, title: "T", rounds: [{ id: "r", title: "R" }], clues });
  const parsed = parseDefinition(source, "json");
  return parsed.definition ? compile(parsed.definition, options(generated)) : { issues: parsed.issues };
}

const issuesOf = (...codes: (string | undefined)[]): string[] =>
  (run(codes).issues ?? []).map(({ path, code }) => `${path} ${code}`);

/** The place of the clue that a scanned text solves, in a hunt with these codes. */
function solvedBy(scanned: string, codes: (string | undefined)[], generated?: string): number | undefined {
  const { hunt, issues } = run(codes, generated) as ReturnType<typeof compile>;
  expect(issues).toBeUndefined();
  const digests = keysOfScanned(scanned).map((key) => `code:${key}`);
  const found = digests
    .map((digest) => hunt?.clues.findIndex(({ codeDigest }) => codeDigest === digest))
    .find((place) => place !== undefined && place >= 0);
  return found;
}

const urlOf = (code: string, origin = "https://hunt.example"): string =>
  `${origin}/play/h#code=${encodeURIComponent(code)}`;

const AUTHORS = [
  "rosebud",
  "TREASURE!(1)",
  "a/b?c#d&e=f%41",
  "100%",
  "Straße ﬁn ①",
  "two words  and more",
  "https://museum.example/item?code=77",
  "https://museum.example/item#code=77",
  "https://somewhere.example/play/h#code=88",
  "%23code%3D1",
  "🦊".repeat(200),
  "ı",
];

describe("[CODE-1] every code that publishes scans", () => {
  test.each(AUTHORS)("as itself and as its address: %s", (code) => {
    const codes = ["77", code, "i"];
    expect(issuesOf(...codes)).toEqual([]);
    for (const scanned of [code, ` \t${code}\r\n`, urlOf(code), urlOf(code, "http://127.0.0.1:8787")]) {
      expect(solvedBy(scanned, codes), scanned).toBe(1);
    }
    expect(solvedBy("77", codes)).toBe(0);
    expect(solvedBy(urlOf("77"), codes)).toBe(0);
  });

  test("a generated one however it is typed: case, dashes, blanks, width, O for 0, I and L for 1", () => {
    const generated = "0K1Q-M4T0-BX91";
    for (const typed of [
      generated,
      urlOf(generated),
      "0k1qm4t0bx91",
      "okIq m4to bx9l",
      "0K1Q – M4T0—BX91",
      "0K1Q\u2212M4T0\u2010BX91",
      "０Ｋ１Ｑ－Ｍ４Ｔ０－ＢＸ９１",
      " 0 K 1 Q M 4 T 0 B X 9 1 ",
    ]) {
      expect(solvedBy(typed, ["other", undefined], generated), typed).toBe(1);
    }
    for (const other of ["0K1Q-M4T0-BX90", "0K1Q-M4T0-BX9", "0K1Q_M4T0_BX91"]) {
      expect(solvedBy(other, ["other", undefined], generated), other).toBeUndefined();
    }
    expect(grouped("0K1QM4T0BX91")).toBe(generated);
  });

  test("one that an engine before printed, as it is printed", () => {
    for (const scanned of [OLDER, urlOf(OLDER), OLDER.toLowerCase()]) {
      expect(solvedBy(scanned, ["other", undefined], OLDER), scanned).toBe(1);
    }
  });
});

describe("[CODE-2] an author's code is compared folded", () => {
  test.each([
    ["case", "rosebud", "RoseBUD"],
    ["sharp s", "STRASSE", "straße"],
    ["final sigma", "ΟΔΟΣ", "οδος"],
    ["width", "ABC 12", "ＡＢＣ　１２"],
    ["composed", "Café", "Cafe\u0301"],
    ["blanks around it", "Pier 7", "\u00a0Pier 7\n"],
  ])("%s", (_, code, same) => {
    expect(solvedBy(same, ["x", code])).toBe(1);
    expect(issuesOf("x", code, same).at(-1)).toMatch(/^clues\.2\.code (?:code-duplicate|duplicate-code)$/);
  });

  test.each([
    ["blanks inside", "Pier 7", "Pier7"],
    ["accents", "Café", "Cafe"],
    ["look-alikes", "O1", "01"],
    ["the dotless i", "kıt", "kit"],
    ["what is never seen", "ab", "a\u200bb"],
  ])("not %s", (_, code, other) => {
    expect(issuesOf(code, other)).toEqual([]);
    expect(solvedBy(code, [code, other])).toBe(0);
    expect(solvedBy(other, [code, other])).toBe(1);
  });
});

describe("[CODE-3] a code solves one clue", () => {
  test.each<[string, (string | undefined)[], string[]]>([
    ["the same twice", ["X", "X"], ["clues.1.code duplicate-code"]],
    ["blanks around it", ["X", " X "], ["clues.1.code duplicate-code"]],
    ["folded to one", ["rosebud", "Rosebud"], ["clues.1.code code-duplicate"]],
    ["another's address", ["X", urlOf("X")], ["clues.1.code code-duplicate"]],
    ["another's address, before it", [urlOf("x"), "X"], ["clues.0.code code-duplicate"]],
    [
      "an address with encoded marks",
      ["X", "HTTPS://HUNT.EXAMPLE/PLAY/H%23code%3DX"],
      ["clues.1.code code-duplicate"],
    ],
    ["a generated code", [undefined, GENERATED], ["clues.1.code duplicate-code"]],
    ["a generated code, typed", ["7k2qm4tvbx9r", undefined], ["clues.0.code code-duplicate"]],
    ["a generated code's address", [urlOf(GENERATED), undefined], ["clues.0.code code-duplicate"]],
    ["an address that is no clue's", ["X", urlOf("Y")], []],
    ["an address of another page", ["X", "https://museum.example/item#code=X"], []],
  ])("%s", (_, codes, issues) => {
    expect(issuesOf(...codes)).toEqual(issues);
  });

  test("where an earlier engine let two stand that fold to one, each is known as it is written", () => {
    const coded = ["Rosebud", "rosebud", "X"].map((code, index) => {
      const clue = { id: `c${index}` } as Coded["clue"];
      return { index, clue, code, generated: false };
    });
    expect([...keysOf(coded).values()]).toEqual(["Rosebud", "rosebud", "x"]);
    expect(keysOfScanned("Rosebud")).toEqual(["Rosebud", "rosebud"]);
  });
});

describe("[CODE-4] no code is published that no scan can carry", () => {
  test.each([
    ["201 characters", "x".repeat(201), "too-large"],
    ["201 foxes", "🦊".repeat(201), "too-large"],
    ["far too many", "x".repeat(5_000), "too-large"],
    ["a control character", "a\u0007b", "cannot-be-given"],
    ["a tab", "a\tb", "cannot-be-given"],
    ["two lines", "a\nb", "cannot-be-given"],
    ["a replacement character", "caf\ufffd", "cannot-be-given"],
    ["nothing", " \n ", "too-small"],
  ])("%s", (_, code, issue) => {
    expect(issuesOf(code)).toEqual([`clues.0.code ${issue}`]);
  });
});

describe("[CODE-5] what a scanned text can mean", () => {
  test.each([
    ["ABC", ["ABC"]],
    [" \n", []],
    [urlOf("a b"), [urlOf("a b"), "a b"]],
    [
      "https://h.example/play/h?join=X#code=A%2Fb&utm=1",
      ["https://h.example/play/h?join=X#code=A%2Fb&utm=1", "A/b"],
    ],
    ["https://h.example/play/h%23code%3DA%2521", ["https://h.example/play/h%23code%3DA%2521", "A!", "A%21"]],
    ["HTTPS://H.EXAMPLE/PLAY/H#CODE=ABC", ["HTTPS://H.EXAMPLE/PLAY/H#CODE=ABC", "ABC"]],
    ["https://h.example/#code=100%", ["https://h.example/#code=100%", "100%"]],
    ["https://h.example/?code=77#top", ["https://h.example/?code=77#top", "77"]],
    ["ftp://h.example/#code=1", ["ftp://h.example/#code=1"]],
    ["https://h.example/#code=", ["https://h.example/#code="]],
  ])("%s", (scanned, readings) => {
    expect(readingsOf(scanned)).toEqual(readings);
  });

  test("a page's address opens by a code in its fragment, encoded or not", () => {
    expect(opensByCode("https://h.example/play/h#code=1")).toBe(true);
    expect(opensByCode("https://h.example/play/h%23code%3D1")).toBe(true);
    expect(opensByCode("https://h.example/play/h?code=1")).toBe(false);
    expect(opensByCode("https://h.example/play/h#clues")).toBe(false);
  });
});
