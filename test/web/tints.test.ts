import { expect, test } from "vitest";
import { CONTRAST_MIN, contrast, tintsOf } from "../../src/contract/tints.ts";

const LOOKS = ["#c8102e", "#ffd400", "#0b62c4", "#ffffff", "#000000", "#7f7f7f", "#00ff00"].flatMap(
  (colour) =>
    [undefined, "#fff8f0", "#101010", "#808080"].map((background) => ({
      colour,
      ...(background && { background }),
    })),
);

test.each(LOOKS)("what stands on each other can be read, whatever the author names: %o", (look) => {
  const tints = tintsOf(look);
  for (const tint of [tints?.light, tints?.dark]) {
    if (!tint) throw new Error("a look without tints");
    for (const ground of [tint.paper, tint.card]) {
      for (const text of [tint.ink, tint["ink-soft"], tint.signal]) {
        expect(contrast(text, ground)).toBeGreaterThanOrEqual(CONTRAST_MIN);
      }
    }
    expect(contrast(tint["on-signal"], tint.signal)).toBeGreaterThanOrEqual(CONTRAST_MIN);
    expect(contrast(tint["on-deep"], tint.deep)).toBeGreaterThanOrEqual(CONTRAST_MIN);
  }
});

test("contrast is WCAG's", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});
