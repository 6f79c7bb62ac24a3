/** Pictures made small for phones before they are sent: drawn anew, so that nothing of the camera's goes along. */

/** Longest sides that can be chosen, pixels; 0: as it is. */
export const WIDTHS = [800, 1_280, 1_920, 0] as const;
export const QUALITIES = [60, 75, 85] as const;

export interface Making {
  width: number;
  /** Percent. */
  quality: number;
}

/** What a canvas can read and a phone can show; moving pictures and drawings stay what they are. */
export const isDrawnAnew = ({ type }: Blob): boolean =>
  ["image/jpeg", "image/png", "image/webp", "image/avif"].includes(type);

/** The picture in its new size; undefined: it is as small as it gets. */
export async function made(file: File, { width, quality }: Making): Promise<Blob | undefined> {
  if (width === 0 || !isDrawnAnew(file)) return undefined;
  // Turned as the camera says, which is not sent.
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const scale = Math.min(1, width / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/webp", quality / 100));
    // A browser that cannot write WebP gives a PNG.
    if (blob?.type !== "image/webp") return undefined;
    return scale < 1 || blob.size < file.size ? blob : undefined;
  } finally {
    picture.close();
  }
}

/** A name that a file of a hunt can have, of the name that it has on a device. */
export function nameOf(given: string, ending: string): string {
  const plain = given
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll(/\p{M}/gu, "")
    .replace(/\.[a-z0-9]+$/, "")
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .replace(/[-.]+$/, "");
  return `${(plain || "file").slice(0, 90)}.${ending}`;
}
