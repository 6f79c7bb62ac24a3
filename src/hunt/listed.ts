/** Lists of choices, written as one text: the ids in the order they were picked, with commas between them. PURE. */
import type { CompareMode, ListMode } from "../protocol.ts";

export const LIST_MODES: readonly ListMode[] = ["set", "sequence"];

export const isListMode = (mode: CompareMode): mode is ListMode => mode === "set" || mode === "sequence";

export const listText = (ids: readonly string[]): string => ids.join(",");

/** The ids of the list that the text is. */
export const listIn = (text: string): string[] => text.split(",");

/** The text as `mode` compares lists; empty: it is no list, or names a choice twice. */
export function normaliseList(mode: ListMode, text: string): string {
  const ids = listIn(text);
  if (ids.includes("") || new Set(ids).size < ids.length) return "";
  return listText(mode === "set" ? ids.sort() : ids);
}
