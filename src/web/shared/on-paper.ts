/** A hunt's look on printed sheets: its type, and its colour so that it can be read on white. */
import type { Hunt } from "../../contract/hunt.ts";
import { FONTS, isColour, isFont, readable } from "../../contract/tints.ts";

const PAPER = "#ffffff";

export function onPaper({ colour, font }: NonNullable<Hunt["look"]>): Record<string, string> {
  return {
    ...(isFont(font) ? { "--text": FONTS[font], "--ui": FONTS[font], "font-family": FONTS[font] } : {}),
    ...(colour !== undefined && isColour(colour) ? { "--mark": readable(colour, [PAPER]) } : {}),
  };
}
