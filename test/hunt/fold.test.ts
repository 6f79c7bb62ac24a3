/** When two names are one. */
import { describe, expect, test } from "vitest";
import { name } from "../../src/contract/basics.ts";
import { foldCase, foldExternalId, foldName, foldNameBefore } from "../../src/hunt/fold.ts";

describe("[API-22] names are the same without case, width, blanks and what is never seen", () => {
  test.each([
    ["case", "Night Owls", "nIGHT oWLS"],
    ["no blank", "Night Owls", "NightOwls"],
    ["blanks of every kind", "Night Owls", "Night\u00a0\u2003\u3000Owls"],
    ["the empty Braille cell", "Night Owls", "Night\u2800Owls"],
    ["zero width space", "Alpha", "Al\u200bpha"],
    ["joiners", "Alpha", "Al\u200d\u200cpha\u2060"],
    ["soft hyphen", "Alpha", "Al\u00adpha"],
    ["fillers", "Alpha", "Alpha\u3164\uffa0\u115f"],
    ["marks of direction", "Alpha", "\u200eAl\u200fpha\u061c"],
    ["selectors and tags", "Alpha", "Alpha\ufe0f\u{e0061}"],
    ["width", "ABC 12", "ＡＢＣ１２"],
    ["composed", "Café", "Cafe\u0301"],
    ["composed once the joiner is gone", "Café", "Cafe\u034f\u0301"],
    ["sharp s", "Straße", "STRASSE"],
    ["final sigma", "ΟΔΟΣ", "οδος"],
    ["dotless i", "KIT", "kıt"],
  ])("%s", (_, one, same) => {
    expect(foldName(same)).toBe(foldName(one));
    expect(foldName(foldName(one))).toBe(foldName(one));
  });

  test.each([
    ["accents", "Café", "Cafe"],
    ["signs", "Team!", "Team"],
    ["scripts", "Alpha", "Аlpha"],
  ])("but not %s", (_, one, other) => {
    expect(foldName(one)).not.toBe(foldName(other));
  });

  test("the folding of engines before is as it was", () => {
    expect(foldNameBefore("  Two   Words ")).toBe("two words");
    expect(foldNameBefore("Al\u200bpha")).toBe("al\u200bpha");
  });
});

describe("[NAME-1] a name is one line with something to see, 1 to 80 characters", () => {
  test.each([
    ["🦊".repeat(80), "🦊".repeat(80)],
    [`\t ${"x".repeat(80)}\r\n`, "x".repeat(80)],
    ["\u200eAlpha", "\u200eAlpha"],
    ["é\u0301", "é\u0301"],
    ["!", "!"],
    ["한글", "한글"],
  ])("%j is taken", (given, taken) => {
    expect(name.parse(given)).toBe(taken);
  });

  test.each([
    ["nothing", ""],
    ["blanks", " \u00a0\u3000\t\n"],
    ["81 characters", "x".repeat(81)],
    ["81 foxes", "🦊".repeat(81)],
    ["a zero width space", "\u200b"],
    ["a Braille cell", "\u2800"],
    ["a Hangul filler", "\u3164"],
    ["nothing but marks of direction", "\u200e\u200f\u061c"],
    ["an override", "Al\u202epha"],
    ["an embedding", "\u202aAlpha\u202c"],
    ["an isolate", "Al\u2066pha\u2069"],
    ["a line separator", "Al\u2028pha"],
    ["a paragraph separator", "Al\u2029pha"],
    ["a tab inside", "Al\tpha"],
    ["a control character", "Al\u0007pha"],
    ["a C1 control", "Al\u0085pha"],
    ["a replacement character", "Al\ufffdpha"],
    ["half a character", "Al\ud83epha"],
  ])("%s is refused", (_, given) => {
    const { error } = name.safeParse(given);
    expect(error?.issues.length).toBeGreaterThan(0);
  });
});

test("[CODE-2] folding is Unicode's full one", () => {
  const pairs: [string, string][] = [
    ["ẞ", "ss"],
    ["İ", "i\u0307"],
    ["K", "k"],
    ["ŉ", "ʼn"],
    ["ﬃ", "ffi"],
    ["ᾳ", "αι"],
    ["Σ", "ς"],
    ["Ꭰ", "ꭰ"],
  ];
  for (const [one, same] of pairs) expect(foldCase(one), one).toBe(foldCase(same));
  expect(foldCase("ı")).not.toBe(foldCase("i"));
});

test("[REG-7] the company's id compares without case and blanks around it", () => {
  expect(foldExternalId(" C-10442\n")).toBe(foldExternalId("c-10442"));
  expect(foldExternalId("c-1")).not.toBe(foldExternalId("c1"));
});
