import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { DECOMPOSED_MAX, isBounded, normaliseAnswer } from "../../src/hunt/normalise.ts";
import type { CompareMode } from "../../src/protocol.ts";
import { cpuTime } from "../cpu.ts";

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
    ["letters", "1²", "1²"],
    ["letters", "!?… ", null],
    ["letters", "", null],
    ["letters", "👋", null],
  ])("[ANS-1] letters: %s %j is %j", (mode, given, expected) => {
    expect(normaliseAnswer(mode, given)).toBe(expected);
  });

  const isSame = (mode: CompareMode, first: string, second: string): boolean => {
    const normalised = normaliseAnswer(mode, first);
    return normalised !== null && normalised === normaliseAnswer(mode, second);
  };

  test.each<[string, string, string]>([
    ["Latin", "crème brûlée", "creme brulee"],
    ["Vietnamese", "Tiếng Việt ơi", "Tieng Viet oi"],
    ["Turkish", "İstanbul", "istanbul"],
    ["Greek", "Ἀθῆναι ΐ ᾳ", "Αθηναι ι α"],
    ["Cyrillic", "йод ёлка їжак ў", "иод елка іжак у"],
    ["Arabic vowels", "مُحَمَّدٌ هٰذا", "محمد هذا"],
    ["hamza and madda on a carrier", "أإآؤئ", "ااا" + "وي"],
    ["wasla", "ٱلرحمن", "الرحمن"],
    ["high hamza", "\u0675\u0676\u0678", "اوي"],
    ["tatweel", "مـحـمـد", "محمد"],
    ["Hebrew points", "שָׁלוֹם", "שלום"],
    ["Hebrew letters at the end", "ךםןףץ", "כמנפצ"],
    ["kana, composed and not", "か\u3099", "が"],
    ["kana, half wide", "ﾊﾟﾝﾀﾞ", "パンダ"],
    ["Hangul, composed and not", "\u1112\u1161\u11ab", "한"],
    ["Thai", "น้ำ", "น้\u0e4d\u0e32"],
    ["Hindi, composed and not", "क़लम", "क\u093cलम"],
    ["digits of Arabic", "١٩٩", "199"],
    ["digits of Persian, Hindi, Thai, Burmese, Khmer, Lao", "۱१๒၃៤໕", "112345"],
    ["digits of mathematics and full width", "𝟙𝟗９", "199"],
    ["what is never seen", "a\u200b\u00ad\u2060\u3164\uffa0\u115f\ufe0fb", "ab"],
    ["an apostrophe that is a letter", "п\u02bcять ŉ", "п'ять n"],
    ["a word of signs", "Don’t — “look” back", "dont look back"],
  ])("[ANS-1] letters: %s: %j is %j", (_, first, second) => {
    expect(isSame("letters", first, second)).toBe(true);
  });

  test.each<[string, string, string]>([
    ["kana voicing", "パンダ", "ハンダ"],
    ["kana voicing", "かぎ", "かき"],
    ["kana voicing, half wide", "ﾊﾟﾝﾀﾞ", "ﾊﾝﾀ"],
    ["a Hindi vowel", "कि", "कु"],
    ["a Hindi vowel that is left out", "किताब", "कतब"],
    ["nukta", "ज़", "ज"],
    ["virama", "क्क", "कक"],
    ["anusvara", "हंस", "हस"],
    ["a Tamil vowel", "பூ", "பு"],
    ["a Bengali vowel", "কি", "কী"],
    ["a Thai vowel", "ปี", "ปู"],
    ["a Thai tone", "ข้าว", "ขาว"],
    ["a Lao tone", "ນ້ຳ", "ນຳ"],
    ["a Khmer sign", "ស្រី", "សរី"],
    ["a Burmese sign", "မြန်မာ", "မရနမ"],
    ["a Tibetan sign", "བོད", "བད"],
    ["Hangul", "강", "가"],
    ["½", "½", "12"],
    ["½", "½", "1/2"],
    ["²", "m²", "m2"],
    ["①", "①", "1"],
    ["hamza alone", "ء", "ا"],
    ["a letter of its own", "ø", "o"],
  ])("[ANS-1] letters: %s: %j is not %j", (_, first, second) => {
    expect(isSame("letters", first, second)).toBe(false);
    expect(isSame("letters", first, first)).toBe(true);
  });

  test("[ANS-1] letters: every decimal digit that Unicode has is its value", () => {
    const wrong: string[] = [];
    let run = 0;
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const digit = String.fromCodePoint(code);
      if (!/^\p{Nd}$/u.test(digit)) {
        run = 0;
        continue;
      }
      for (const mode of ["letters", "words", "number"] as const) {
        const normalised = normaliseAnswer(mode, digit);
        if (normalised !== String(run % 10)) wrong.push(`${mode} ${code.toString(16)} ${normalised}`);
      }
      run += 1;
    }
    expect(wrong).toEqual([]);
  });

  test("[ANS-1] numbers that are no digits equal themselves only, in letters and words", () => {
    const numerals = Array.from({ length: 0x110000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((character) => /^\p{No}$/u.test(character));
    expect(numerals.length).toBeGreaterThan(900);
    for (const mode of ["letters", "words"] as const) {
      expect(numerals.filter((numeral) => normaliseAnswer(mode, numeral) !== numeral)).toEqual([]);
    }
    expect(numerals.filter((numeral) => normaliseAnswer("number", `5${numeral}`) !== null)).toEqual([]);
  });

  test.each<[string, string | null]>([
    ["  All \t Hands\u00a0on\ndeck ", "all hands on deck"],
    ["All hands, on deck", "all hands, on deck"],
    ["Cafe\u0301", "café"],
    ["soft\u00adware", "software"],
    ["Straße", "strasse"],
    ["Don’t look back", "don't look back"],
    ["„So“ «so» ‹so› ´so` ″so″", '"so" "so" \'so\' \'so\' "so"'],
    ["צה״ל ג׳ירפה п\u02bcять", "צה\"ל ג'ירפה п'ять"],
    ["a–b—c‐d‑e−f﹘g－h", "a-b-c-d-e-f-g-h"],
    ["a--b", "a--b"],
    ["room ٤٢", "room 42"],
    ["m²", "m²"],
    ["なみ〜", "なみ-"],
    [" \u200b\t", null],
  ])("[ANS-2] words: %j is %j", (given, expected) => {
    expect(normaliseAnswer("words", given)).toBe(expected);
  });

  test.each(["letters", "words", "number"] as const)(
    "[ANS-2] %s: what is never seen does not count",
    (mode) => {
      const counted: string[] = [];
      for (let code = 0; code <= 0x10ffff; code += 1) {
        const character = String.fromCodePoint(code);
        if (!/^\p{Default_Ignorable_Code_Point}$/u.test(character)) continue;
        if (normaliseAnswer(mode, `1${character}2`) !== "12") counted.push(code.toString(16));
      }
      expect(counted).toEqual([]);
    },
  );

  test("[ANS-2] words: every dash is one, none is two", () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      const dash = String.fromCodePoint(code);
      if (dash !== "\u2212" && !/^\p{Pd}$/u.test(dash)) continue;
      expect(normaliseAnswer("words", `a${dash}b`), code.toString(16)).toBe("a-b");
      expect(normaliseAnswer("number", `${dash}5`), code.toString(16)).toBe("-5");
    }
    expect(isSame("words", "a--b", "a-b")).toBe(false);
  });

  test.each<[string, string | null]>([
    ["AbC", "AbC"],
    [" \n\tAb C\u3000\u00a0", "Ab C"],
    ["e\u0301", "é"],
    ["ﬁ", "ﬁ"],
    ["", null],
    [" \n", null],
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
    ["–5", "-5"],
    ["007", "7"],
    [".5", "0.5"],
    ["5.", "5"],
    ["１２", "12"],
    [
      "123456789012345678901234567890.000000000000000000001",
      "123456789012345678901234567890.000000000000000000001",
    ],
    ["1 000", "1000"],
    ["1\u00a0000", "1000"],
    ["1\u202f234\u202f567", "1234567"],
    ["1\u2009000", "1000"],
    ["1'000", "1000"],
    ["1’000.50", "1000.5"],
    ["1´000", "1000"],
    ["3,5", "3.5"],
    [",5", "0.5"],
    ["1,500", "1500"],
    ["1,00", "1"],
    ["1,0000", "1"],
    ["1,5000", "1.5"],
    ["1 500,25", "1500.25"],
    ["1,500,5", "1500.5"],
    ["-3,50", "-3.5"],
    ["١٩٩", "199"],
    ["٣٫٥", "3.5"],
    ["١٬٠٠٠", "1000"],
    ["۱۲", "12"],
    ["๑๒๓", "123"],
    ["1\u200b2", "12"],
    [",100", null],
    ["1234,567", null],
    ["1 000'000", null],
    ["1 000,000", null],
    ["1 00", null],
    ["1 9 9", null],
    ["3,5,6", null],
    ["1.2.3", null],
    ["1.500,5", null],
    ["1e3", null],
    ["0x10", null],
    ["--1", null],
    ["+", null],
    [".", null],
    [",", null],
    ["", null],
    ["½", null],
    ["5²", null],
    ["Infinity", null],
    ["NaN", null],
    ["five", null],
    ["seven", null],
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
  }, 90_000);

  test.each(["letters", "words"] as const)("[ANS-6] %s: case makes no difference", (mode) => {
    fc.assert(
      fc.property(text, (given) => {
        // A mark in lower case, a letter of its own in upper case.
        fc.pre(mode === "words" || !given.normalize("NFKD").includes("\u0345"));
        expect(normaliseAnswer(mode, given.toLowerCase())).toBe(normaliseAnswer(mode, given));
        expect(normaliseAnswer(mode, given.toUpperCase())).toBe(normaliseAnswer(mode, given));
      }),
    );
  });

  test("[ANS-6] letters: what stands around a text does not change how it folds", () => {
    fc.assert(
      fc.property(text, text, (first, second) => {
        // A mark belongs to the letter before it.
        fc.pre(!/^\p{M}/u.test(normaliseAnswer("letters", second) ?? ""));
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
        for (const between of [" ", "\u00a0", "\u202f", "'", "’"]) {
          expect(normaliseAnswer("number", `${sign}${grouped.replaceAll(",", between)}`)).toBe(
            integer.toString(),
          );
        }
      }),
    );
  });

  test("[ANS-7] a long hostile text takes linear time", () => {
    const spent = cpuTime();
    for (const hostile of [
      `1.${"0".repeat(200_000)}1`,
      " ".repeat(200_000),
      "1,".repeat(100_000),
      "\u0301".repeat(200_000),
    ]) {
      for (const mode of MODES) normaliseAnswer(mode, hostile);
    }
    expect(spent()).toBeLessThan(5_000);
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
    // But not on each letter: every one of them takes the square of its marks.
    const stacked = `a${"\u0315\u0323".repeat(5)}`;
    expect(normaliseAnswer("words", stacked.repeat(3))).not.toBeNull();
    for (const mode of MODES) expect(isBounded(mode, stacked.repeat(4)), mode).toBe(false);
  });

  test("[SEC-36] slices never part the halves of a character", () => {
    for (let shift = 0; shift < 3; shift += 1) {
      const given = `${"x".repeat(shift)}${"\u{1D160}".repeat(300)}`;
      const whole = given.normalize("NFKD").length;
      expect(isBounded("letters", given)).toBe(whole <= DECOMPOSED_MAX);
    }
  });
});
