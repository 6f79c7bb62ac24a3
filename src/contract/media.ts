/** What players send with a submission: kinds of files, by the first half of their media type. Without zod. PURE. */

export const MEDIA_KINDS = ["image", "video", "audio"] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** Longest file of each kind, bytes. */
export const SENT_BYTES: Readonly<Record<MediaKind, number>> = {
  image: 15_000_000,
  audio: 25_000_000,
  video: 100_000_000,
};

/** Longest of all, bytes. */
export const SENT_BYTES_MAX = Math.max(...Object.values(SENT_BYTES));

/** Characters of a submission's text. */
export const SUBMISSION_TEXT_MAX = 4_000;

/** Files of one submission. */
export const SUBMISSION_FILES_MAX = 5;

/** Undefined: it is none of these. */
export function mediaKindOf(type: string): MediaKind | undefined {
  const [first = ""] = type.split("/");
  return MEDIA_KINDS.find((kind) => kind === first);
}
