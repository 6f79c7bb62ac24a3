/**
 * The files that a hunt may have: their names, and by its ending a file's type and how it is
 * shown. Without zod, which the pages have no room for. PURE.
 */

/** Longest file, bytes. */
export const ASSET_BYTES = 100_000_000;

/** Files of a hunt at most. */
export const ASSETS_MAX = 2_000;

/** How texts and keys of a definition refer to a file: `asset:plan.pdf`. */
export const ASSET_SCHEME = "asset:";

const PART = "[a-z0-9][a-z0-9._-]{0,99}";

/** `folder/name.png`: up to three folders. */
export const ASSET_NAME = new RegExp(`^(?:${PART}/){0,3}${PART}$`);

/** How a file is shown in a text; `file`: as a link that saves it. */
export type AssetKind = "image" | "audio" | "video" | "document" | "file";

export interface AssetType {
  type: string;
  kind: AssetKind;
}

const TYPES: Readonly<Record<string, AssetType>> = {
  jpg: { type: "image/jpeg", kind: "image" },
  jpeg: { type: "image/jpeg", kind: "image" },
  png: { type: "image/png", kind: "image" },
  webp: { type: "image/webp", kind: "image" },
  avif: { type: "image/avif", kind: "image" },
  gif: { type: "image/gif", kind: "image" },
  svg: { type: "image/svg+xml", kind: "image" },
  mp3: { type: "audio/mpeg", kind: "audio" },
  m4a: { type: "audio/mp4", kind: "audio" },
  ogg: { type: "audio/ogg", kind: "audio" },
  oga: { type: "audio/ogg", kind: "audio" },
  wav: { type: "audio/wav", kind: "audio" },
  flac: { type: "audio/flac", kind: "audio" },
  mp4: { type: "video/mp4", kind: "video" },
  webm: { type: "video/webm", kind: "video" },
  pdf: { type: "application/pdf", kind: "document" },
  zip: { type: "application/zip", kind: "file" },
  txt: { type: "text/plain", kind: "file" },
  csv: { type: "text/csv", kind: "file" },
  json: { type: "application/json", kind: "file" },
};

/** The endings that a name may have. */
export const ASSET_ENDINGS: readonly string[] = Object.keys(TYPES);

export const endingOf = (name: string): string => /\.([a-z0-9]+)$/.exec(name)?.[1] ?? "";

/** The type of a file by its name; undefined: no file of a hunt ends so. */
export const assetTypeOf = (name: string): AssetType | undefined => {
  const ending = endingOf(name);
  return Object.hasOwn(TYPES, ending) ? TYPES[ending] : undefined;
};
