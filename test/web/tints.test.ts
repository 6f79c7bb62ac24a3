import { expect, test } from "vitest";
import { CONTRAST_MIN, contrast, FONTS, styleOf, textOn, tintsOf } from "../../src/contract/tints.ts";

const LOOKS = ["#c8102e", "#ffd400", "#0b62c4", "#ffffff", "#000000", "#7f7f7f", "#00ff00"].flatMap(
  (colour) =>
    [undefined, "#fff8f0", "#101010", "#808080"].map((background) => ({
      colour,
      ...(background && { background }),
    })),
);

test.each(LOOKS)("[LOOK-3] what stands on each other can be read, whatever the author names: %o", (look) => {
  const tints = tintsOf(look);
  for (const tint of [tints?.light, tints?.dark]) {
    if (!tint) throw new Error("a look without tints");
    for (const ground of [tint.paper, tint.card]) {
      for (const text of [tint.ink, tint["ink-soft"], tint.signal, tint.good, tint.warn, tint.focus]) {
        expect(contrast(text, ground)).toBeGreaterThanOrEqual(CONTRAST_MIN);
      }
    }
    expect(contrast(tint["on-signal"], tint.signal)).toBeGreaterThanOrEqual(CONTRAST_MIN);
    expect(contrast(tint["on-deep"], tint.deep)).toBeGreaterThanOrEqual(CONTRAST_MIN);
  }
});

test("[LOOK-3] a text that can be read is found for every button", () => {
  for (let grey = 0; grey < 256; grey += 1) {
    const colour = `#${grey.toString(16).padStart(2, "0").repeat(3)}`;
    expect(contrast(colour, textOn(colour)), colour).toBeGreaterThanOrEqual(CONTRAST_MIN);
  }
});

test("[LOOK-3] a style sheet is made of checked colours and known fonts alone", () => {
  const canary = "#c8102e}</style><script>alert(1)</script>";
  expect(styleOf({ colour: canary, background: canary, font: canary })).toBe("");
  expect(styleOf({ font: "constructor" })).toBe("");
  const style = styleOf({ colour: "#C8102E", background: "#fff8f0", font: "mono" });
  expect(style).toMatch(/^(?::root(?:\[data-theme="dark"\])?\{[^{}<]*\})+$/);
  expect(style).toContain(FONTS.mono);
  expect(style).toContain("--paper:#fff8f0");
});

test("contrast is WCAG's", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
