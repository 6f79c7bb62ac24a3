/** What players send with a submission: kinds of files, by the first half of their media type. Without zod. PURE. */

export const MEDIA_KINDS = ["image", "video", "audio"] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** Characters of a submission's text. */
export const SUBMISSION_TEXT_MAX = 4_000;

/** Files of one submission. */
export const SUBMISSION_FILES_MAX = 5;

/** Undefined: it is none of these. */
export function mediaKindOf(type: string): MediaKind | undefined {
  const [first = ""] = type.split("/");
  return MEDIA_KINDS.find((kind) => kind === first);
}
