/** Ids of what the forms make, and everything that names one when it changes. PURE. */
import { listAt, type Path, textAt, valueAt } from "./path.ts";
import type { Edit } from "./source.ts";

/** As src/contract/basics.ts has them. */
const SLUG_MAX = 63;

/** Letters that no decomposition makes plain. */
const SPELT: Readonly<Record<string, string>> = {
  ä: "ae",
  ö: "oe",
  ü: "ue",
  ß: "ss",
  æ: "ae",
  ø: "o",
  œ: "oe",
  ł: "l",
  đ: "d",
  þ: "th",
};

/** An id made of a title, unlike those that are taken: `the-lighthouse`, `the-lighthouse-2`. */
export function idFor(title: string, taken: readonly string[], otherwise: string): string {
  const spelt = title.toLowerCase().replaceAll(/[äöüßæøœłđþ]/g, (letter) => SPELT[letter] ?? "");
  const plain = spelt
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/['’]/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_MAX - 4)
    .replaceAll(/^-+|-+$/g, "");
  const wanted = plain === "" ? otherwise : plain;
  let id = wanted;
  for (let count = 2; taken.includes(id); count += 1) id = `${wanted}-${count}`;
  return id;
}

export const idsIn = (value: unknown, path: Path): string[] =>
  listAt(value, path).map((_, index) => textAt(value, [...path, index, "id"]));

/** Renames a clue, a round or a bracket, and wherever it is named. */
export function rename(edit: Edit, list: "clues" | "rounds" | "brackets", index: number, to: string): void {
  const from = textAt(edit.value, [list, index, "id"]);
  edit.set([list, index, "id"], to);
  for (const place of placesOf(edit.value, list, from)) edit.set(place, to);
}

/** Where an id of this list is named. */
export function placesOf(value: unknown, list: "clues" | "rounds" | "brackets", id: string): Path[] {
  const found: Path[] = [];
  const conditions = [
    ...listAt(value, ["clues"]).map((_, index) => ["clues", index, "opens"]),
    ...listAt(value, ["prizes"]).map((_, index) => ["prizes", index, "requires"]),
  ];
  if (list === "rounds") {
    for (const [index] of listAt(value, ["clues"]).entries()) {
      if (textAt(value, ["clues", index, "round"]) === id) found.push(["clues", index, "round"]);
    }
  }
  if (list === "clues" && textAt(value, ["scoring", "finish"]) === id) found.push(["scoring", "finish"]);
  const keys = { clues: ["solved", "since"], rounds: ["solvedIn"], brackets: ["bracket"] }[list];
  const walk = (path: Path): void => {
    const held = valueAt(value, path);
    if (Array.isArray(held)) for (const [index] of held.entries()) walk([...path, index]);
    else if (typeof held === "object" && held !== null)
      for (const key of Object.keys(held)) walk([...path, key]);
    else if (held === id) {
      const key = path.findLast((step) => typeof step === "string");
      if (keys.includes(String(key))) found.push(path);
    }
  };
  for (const path of conditions) walk(path);
  return found;
}
