import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { DECOMPOSED_MAX, isBounded, normaliseAnswer } from "../../src/hunt/normalise.ts";
import type { CompareMode } from "../../src/protocol.ts";

const MODES: CompareMode[] = ["letters", "words", "exact", "number"];
const text = fc.string({ unit: "binary", maxLength: 40 });

describe("normaliseAnswer", () => {
  test.each<[CompareMode, string, string | null]>([
    ["letters", "One hundred, ninety-nine!", "onehundredninetynine"],
    ["letters", "  ÉCOLE ", "ecole"],
    ["letters", "Straße", "strasse"],
    ["letters", "STRAẞE", "strasse"],
    ["letters", "ＨＯＲＩＺＯＮ", "horizon"],
    ["letters", "ﬁsh № 5", "fishno5"],
    ["letters", "ΟΔΟΣ", "οδοσ"],
    ["letters", "οδος", "οδοσ"],
    ["letters", "東京タワー", "東京タワー"],
    ["letters", "1²", "12"],
    ["letters", "!?… ", null],
    ["letters", "", null],
    ["letters", "👋", null],
  ])("[ANS-1] letters: %s %j is %j", (mode, given, expected) => {
    expect(normaliseAnswer(mode, given)).toBe(expected);
  });

  test.each<[string, string | null]>([
    ["  All \t Hands\u00a0on\ndeck ", "all hands on deck"],
    ["All hands, on deck", "all hands, on deck"],
    ["Cafe\u0301", "café"],
    ["soft\u00adware", "software"],
    ["Straße", "strasse"],
    [" \u200b\t", null],
  ])("[ANS-2] words: %j is %j", (given, expected) => {
    expect(normaliseAnswer("words", given)).toBe(expected);
  });

  test.each<[string, string | null]>([
    ["AbC ", "AbC "],
    ["e\u0301", "é"],
    ["ﬁ", "ﬁ"],
    ["", null],
  ])("[ANS-3] exact: %j is %j", (given, expected) => {
    expect(normaliseAnswer("exact", given)).toBe(expected);
  });

  test.each<[string, string | null]>([
    ["1000", "1000"],
    ["1,000.0", "1000"],
    ["+1000", "1000"],
    [" 1,234,567.50 ", "1234567.5"],
    ["-0", "0"],
    ["-0.00", "0"],
    ["\u22125", "-5"],
    ["007", "7"],
    [".5", "0.5"],
    ["5.", "5"],
    ["１２", "12"],
    [
      "123456789012345678901234567890.000000000000000000001",
      "123456789012345678901234567890.000000000000000000001",
    ],
    ["1,00", null],
    ["1,0000", null],
    [",100", null],
    ["1.2.3", null],
    ["1e3", null],
    ["0x10", null],
    ["--1", null],
    ["+", null],
    [".", null],
    ["", null],
    ["1 000", null],
    ["Infinity", null],
    ["NaN", null],
    ["five", null],
  ])("[ANS-4] number: %j is %j", (given, expected) => {
    expect(normaliseAnswer("number", given)).toBe(expected);
  });

  test.each(MODES)("[ANS-5] %s: normalising twice changes nothing", (mode) => {
    fc.assert(
      fc.property(text, (given) => {
        const once = normaliseAnswer(mode, given);
        if (once !== null) expect(normaliseAnswer(mode, once)).toBe(once);
      }),
    );
  });

  test("[ANS-5] every code point is a fixed point after one normalisation", () => {
    const moved: string[] = [];
    for (let from = 0; from <= 0x10ffff; from += 64) {
      if (from >= 0xd800 && from <= 0xdfff) continue;
      const characters = Array.from({ length: 64 }, (_, index) => `a${String.fromCodePoint(from + index)}b`);
      for (const mode of ["letters", "words"] as const) {
        const once = normaliseAnswer(mode, characters.join(" ")) ?? "";
        if (normaliseAnswer(mode, once) !== once) moved.push(`${mode} ${from.toString(16)}`);
      }
    }
    expect(moved).toEqual([]);
  });

  test.each(["letters", "words"] as const)("[ANS-6] %s: case makes no difference", (mode) => {
    fc.assert(
      fc.property(text, (given) => {
        expect(normaliseAnswer(mode, given.toLowerCase())).toBe(normaliseAnswer(mode, given));
        expect(normaliseAnswer(mode, given.toUpperCase())).toBe(normaliseAnswer(mode, given));
      }),
    );
  });

  test("[ANS-6] letters: what stands around a text does not change how it folds", () => {
    fc.assert(
      fc.property(text, text, (first, second) => {
        const apart = (normaliseAnswer("letters", first) ?? "") + (normaliseAnswer("letters", second) ?? "");
        expect(normaliseAnswer("letters", `${first} ${second}`) ?? "").toBe(apart);
      }),
    );
  });

  test("[ANS-4] number: equal integers are equal however they are written", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(5), (integer, zeros) => {
        const digits = (integer < 0n ? -integer : integer).toString();
        const grouped = digits.replace(/\B(?=(\d{3})+$)/g, ",");
        const sign = integer < 0n ? "-" : "+";
        expect(normaliseAnswer("number", `${sign}${grouped}.${"0".repeat(zeros)}`)).toBe(integer.toString());
      }),
    );
  });

  test("[ANS-7] a long hostile text takes linear time", () => {
    const started = performance.now();
    for (const hostile of [
      `1.${"0".repeat(200_000)}1`,
      " ".repeat(200_000),
      "1,".repeat(100_000),
      "\u0301".repeat(200_000),
    ]) {
      for (const mode of MODES) normaliseAnswer(mode, hostile);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("hostile texts", () => {
  const FILLED: [string, string][] = [
    ["one character for eighteen", "\u{FDFA}".repeat(1_000)],
    ["squared words", "\u{3316}".repeat(1_000)],
    ["letters of four parts", "\u{1F82}".repeat(1_000)],
    ["notes of music, which no form composes", "\u{1D160}".repeat(500)],
    ["marks in the wrong order", `a${"\u0315\u0323".repeat(499)}`],
    ["marks in the worst order", `a${"\u0315".repeat(500)}${"\u0323".repeat(499)}`],
    ["half characters", "\u{D800}".repeat(1_000)],
    ["capitals that grow", "\u{0390}".repeat(1_000)],
    ["spaces", `x${"\u3000".repeat(998)}x`],
  ];

  test.each(FILLED)("[SEC-36] %s: the work is bounded, not the length alone", (_, given) => {
    const native = String.prototype.normalize;
    let made = 0;
    const spy = vi.spyOn(String.prototype, "normalize").mockImplementation(function (this: string, form) {
      const text = native.call(this, form);
      made += text.length;
      return text;
    });
    try {
      for (const mode of MODES) {
        made = 0;
        normaliseAnswer(mode, given);
        // Looked at once in slices; then a few steps over what is within the bound.
        const work = made;
        const once = DECOMPOSED_MAX + 64 * 18;
        expect(work).toBeLessThan(isBounded(mode, given) ? once + 4 * DECOMPOSED_MAX : once);
      }
    } finally {
      spy.mockRestore();
    }
  });

  test("[SEC-36] what an author may write is within the bound, whatever the script", () => {
    for (const letter of ["a", "é", "각", "\u1F82", "東", "ﬁ", "😀", "ẞ", "ữ"]) {
      const longest = letter.repeat(500 / letter.length);
      for (const mode of MODES) expect(isBounded(mode, longest), letter).toBe(true);
    }
    expect(normaliseAnswer("letters", "\u{FDFA}".repeat(100))).toHaveLength(1_500);
    expect(normaliseAnswer("letters", "\u{FDFA}".repeat(112))).toBeNull();
    expect(normaliseAnswer("exact", "\u{FDFA}".repeat(1_000))).toHaveLength(1_000);
    // A letter with as many marks as anybody writes.
    expect(normaliseAnswer("words", `a${"\u0323".repeat(30)}`)).not.toBeNull();
    expect(normaliseAnswer("words", `a${"\u0323".repeat(31)}`)).toBeNull();
  });

  test("[SEC-36] slices never part the halves of a character", () => {
    for (let shift = 0; shift < 3; shift += 1) {
      const given = `${"x".repeat(shift)}${"\u{1D160}".repeat(300)}`;
      const whole = given.normalize("NFKD").length;
      expect(isBounded("letters", given)).toBe(whole <= DECOMPOSED_MAX);
    }
  });
});
