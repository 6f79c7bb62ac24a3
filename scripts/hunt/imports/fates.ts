/**
 * What becomes of files when they are published: what is not seen of pictures and films is cut off on the way, and what
 * is not of its ending's form is refused. A puzzle may be in just that, so that such a file also goes out whole, in a zip.
 */
import { createHash } from "node:crypto";
import { cleanSvg, SVG_BYTES } from "../../../src/assets/clean/svg.ts";
import { Flow, Unfit } from "../../../src/assets/flow.ts";
import { cleanerOf, HEAD_BYTES } from "../../../src/assets/forms.ts";
import { ASSET_BYTES, assetTypeOf, endingOf } from "../../../src/contract/asset-types.ts";
import type { Source, SourceFile } from "./source.ts";

/** `kept`: published as it is; `cleaned`: not all of it; `zipped`: only within a zip; `left`: not at all. */
export type Fate = "kept" | "cleaned" | "zipped" | "left";

/** By the names that they will have; reads every file once. */
export async function fatesOf(
  { challenges, files }: Source,
  nameOf: (file: SourceFile) => string,
): Promise<Map<SourceFile, Fate>> {
  const fates = new Map<SourceFile, Fate>();
  for (const file of [...challenges.flatMap((challenge) => challenge.files), ...files]) {
    fates.set(file, await fateOf(file, nameOf(file)));
  }
  return fates;
}

async function fateOf(file: SourceFile, name: string): Promise<Fate> {
  if (file.bytes > ASSET_BYTES) return "left";
  if (file.bytes === 0 || assetTypeOf(name) === undefined) return "zipped";
  if (endingOf(name) === "svg" && file.bytes > SVG_BYTES) return "zipped";
  const source = await file.open();
  try {
    return await watched(source, name);
  } catch (error) {
    if (error instanceof Unfit) return "zipped";
    throw error;
  } finally {
    // What is not read to its end is let go.
    if ("destroy" in source && typeof source.destroy === "function") source.destroy();
  }
}

/** Passes the content through what cleans it, and compares. Throws `Unfit`. */
async function watched(source: NodeJS.ReadableStream, name: string): Promise<Fate> {
  const before = createHash("sha256");
  const after = createHash("sha256");
  const drawing: Uint8Array[] = [];
  const isDrawing = endingOf(name) === "svg";
  const take = (parts: readonly Uint8Array[]): void => {
    for (const part of parts) {
      if (isDrawing) drawing.push(part.slice());
      else after.update(part);
    }
  };
  let flow: Flow | undefined;
  let head = Buffer.alloc(0);
  const begin = (): boolean => {
    const cleaner = cleanerOf(name, head);
    if (!cleaner) return false;
    flow = new Flow(cleaner);
    take(flow.push(head));
    return true;
  };
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    before.update(bytes);
    if (flow) {
      take(flow.push(bytes));
      continue;
    }
    head = Buffer.concat([head, bytes]);
    if (head.byteLength >= HEAD_BYTES && !begin()) return "zipped";
  }
  if (!flow && !begin()) return "zipped";
  take(flow?.end() ?? []);
  if (isDrawing) after.update(cleanSvg(new TextDecoder().decode(Buffer.concat(drawing))));
  return before.digest("hex") === after.digest("hex") ? "kept" : "cleaned";
}
