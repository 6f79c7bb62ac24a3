/** Warnings about keys that are carried out in other hunts or clues, and do nothing in this one. */
import type { Issue } from "../errors.ts";
import type { Definition } from "./definition.ts";
import { kindOf } from "./kinds/all.ts";

export function lintNoEffect({ closes, scoring, players, join, clues, prizes }: Definition): Issue[] {
  const warnings: Issue[] = [];
  const warn = (path: string, message: string): void => {
    warnings.push({ path, code: "no-effect", message });
  };
  const decays = [
    ["scoring", scoring],
    ...clues.map((clue, index) => [`clues.${index}`, clue] as const),
  ] as const;
  for (const [path, { decay }] of decays) {
    if (decay?.kind !== "none") continue;
    if (decay.minimum > 0) warn(`${path}.decay.minimum`, "nothing falls with kind none");
    if (decay.solves > 1) warn(`${path}.decay.solves`, "nothing falls with kind none");
  }
  if (players.require === "anyone" && players.whenOriginDown === "refuse" && !join?.check) {
    warn("players.whenOriginDown", "nobody is looked up with require anyone, and join checks nobody");
  }
  for (const [index, { contact }] of (join?.fields ?? []).entries()) {
    if (contact && prizes.length === 0)
      warn(`join.fields.${index}.contact`, "nobody wins: there are no prizes");
  }
  for (const [index, { closes: end }] of clues.entries()) {
    if (closes !== undefined && end && "at" in end && end.at >= closes)
      warn(`clues.${index}.closes.at`, "the hunt closes before, and every clue with it");
  }
  for (const [index, clue] of clues.entries()) {
    // Codes that are no clue's take from the hunt's own budget, and a check-in takes none.
    if (clue.attempts === undefined || kindOf(clue).event.type === "answer" || clue.instead) continue;
    warn(`clues.${index}.attempts`, `no try at a clue of kind ${clue.kind} is counted by clue`);
  }
  return warnings;
}
