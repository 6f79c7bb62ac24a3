/** Pictures of a hunt made small for phones before they are sent. */
import { isDrawnAnew, smaller } from "../shared/smaller.ts";

/** Longest sides that can be chosen, pixels; 0: as it is. */
export const WIDTHS = [800, 1_280, 1_920, 0] as const;
export const QUALITIES = [60, 75, 85] as const;

export interface Making {
  width: number;
  /** Percent. */
  quality: number;
}

/** The picture in its new size; undefined: it is as small as it gets. */
export const made = async (file: File, making: Making): Promise<Blob | undefined> =>
  making.width === 0 || !isDrawnAnew(file)
    ? undefined
    : // It keeps what is transparent.
      smaller(file, { ...making, types: ["image/webp"] });

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
