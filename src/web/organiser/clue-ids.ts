/** The ids of the clues in a definition that is being written, as far as they can be found without reading all of it. PURE. */
import { isObject, parsed } from "../shared/outside.ts";

const ID = /^\s*(?:- )?["']?id["']?:\s*["']?([a-z0-9-]+)/;

export function clueIdsIn(text: string): string[] {
  if (text.trimStart().startsWith("{")) return idsInJson(parsed(text));
  const lines = text.split("\n");
  const first = lines.findIndex((line) => /^["']?clues["']?:/.test(line));
  if (first < 0) return [];
  const ids: string[] = [];
  // The items of the list stand at one depth, their keys two further in.
  let depth: number | undefined;
  for (const line of lines.slice(first + 1)) {
    if (/^[^\s#-]/.test(line)) break;
    const item = /^(\s*)- /.exec(line)?.[1]?.length;
    depth ??= item;
    const at = item ?? /^\s*/.exec(line)?.[0].length;
    if (depth === undefined || (item === undefined ? at !== depth + 2 : item !== depth)) continue;
    const id = ID.exec(line)?.[1];
    if (id !== undefined) ids.push(id);
  }
  return [...new Set(ids)];
}

function idsInJson(value: unknown): string[] {
  const clues = isObject(value) ? value.clues : undefined;
  if (!Array.isArray(clues)) return [];
  return clues.flatMap((clue) => (isObject(clue) && typeof clue.id === "string" ? [clue.id] : []));
}
