/** The hunt's look on printed sheets: its logo in the file itself, so that the sheet stays one file. */
import type { Readable } from "node:stream";
import { assetTypeOf } from "../../src/contract/asset-types.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import { FONTS, isColour, isFont, readable } from "../../src/contract/tints.ts";
import type { Call } from "./command.ts";

/** Longest logo that is put into a sheet, bytes: it is in there once for every card. */
const LOGO_MAX = 300_000;

const WHITE = "#ffffff";

export interface SheetLook {
  /** Of titles, readable on paper. */
  colour?: string;
  /** Of all texts, as CSS has it. */
  font?: string;
  /** A `data:` address. */
  logo?: string;
}

export async function sheetLook({ engine, out }: Call, { hunt, look = {} }: Hunt): Promise<SheetLook> {
  const { colour, font, logo } = look;
  const drawn = logo === undefined ? undefined : await read(logo);
  if (logo !== undefined && drawn === undefined)
    out.note(`the logo has over ${LOGO_MAX} bytes: the sheet leaves it out`);
  return {
    ...(colour !== undefined && isColour(colour) ? { colour: readable(colour, [WHITE]) } : {}),
    ...(isFont(font) ? { font: FONTS[font] } : {}),
    ...(drawn === undefined ? {} : { logo: drawn }),
  };

  async function read(address: string): Promise<string | undefined> {
    const [path = ""] = address.split("?");
    const type = assetTypeOf(path)?.type;
    if (type === undefined || !path.startsWith(`/v1/hunts/${hunt}/assets/`)) return undefined;
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of (await engine.stream("GET", address)) as Readable) {
      parts.push(part as Buffer);
      size += (part as Buffer).length;
      if (size > LOGO_MAX) return undefined;
    }
    return `data:${type};base64,${Buffer.concat(parts).toString("base64")}`;
  }
}
