/** Pictures made small for phones before they are sent: drawn anew, so that nothing of the camera's goes along. */

/** What a canvas can read and a phone can show; moving pictures and drawings stay what they are. */
export const isDrawnAnew = ({ type }: Blob): boolean =>
  ["image/jpeg", "image/png", "image/webp", "image/avif"].includes(type);

export interface Wanted {
  /** Longest side, pixels. */
  width: number;
  /** Percent. */
  quality: number;
  /** The first of these media types that the browser can write. */
  types: readonly string[];
}

/** The picture in its new size; undefined: it is as small as it gets, or the browser writes none of the types. */
export async function smaller(file: Blob, { width, quality, types }: Wanted): Promise<Blob | undefined> {
  // Turned as the camera says, which is not sent.
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const scale = Math.min(1, width / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const type of types) {
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality / 100));
      // A browser that cannot write a type gives a PNG.
      if (blob?.type === type) return scale < 1 || blob.size < file.size ? blob : undefined;
    }
    return undefined;
  } finally {
    picture.close();
  }
}
