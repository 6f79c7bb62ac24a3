/** How the checks of a definition tell of an issue, and the check of ids that all of them share. */
import type { Issue } from "../errors.ts";

export type Report = (issue: Issue) => void;

/** Reports every id that stands twice in the list at `path`. */
export function checkUnique(entries: readonly { id: string }[], path: string, report: Report): void {
  const seen = new Set<string>();
  for (const [index, { id }] of entries.entries()) {
    if (seen.has(id))
      report({ path: `${path}.${index}.id`, code: "duplicate-id", message: `the id "${id}" is given twice` });
    seen.add(id);
  }
}
