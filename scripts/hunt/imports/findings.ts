/** What an import could not say as it was: told by the command and in report.md. */

/** `manual`: the clue opens by hand alone; `changed`: said otherwise; `left`: without a counterpart. */
export type FindingKind = "manual" | "changed" | "left";

export interface Finding {
  kind: FindingKind;
  /** The clue, page or table that it is about. */
  about: string;
  message: string;
}

export class Findings {
  readonly all: Finding[] = [];
  readonly #told = new Set<string>();

  /** Once: the same of the same thing is told once. */
  add(kind: FindingKind, about: string, message: string): void {
    const key = JSON.stringify([kind, about, message]);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.all.push({ kind, about, message });
  }

  of(kind: FindingKind): Finding[] {
    return this.all.filter((finding) => finding.kind === kind);
  }
}
