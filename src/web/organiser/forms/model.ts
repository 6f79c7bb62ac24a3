/** What the forms read and change: the definition's text, as a document. */
import { computed } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Issue } from "../../../contract/problem.ts";
import { idsIn } from "../document/ids.ts";
import { dottedOf, isWithin, listAt, type Path, textAt, valueAt } from "../document/path.ts";
import { changed, type Edit, read } from "../document/source.ts";
import type { Work } from "../work.ts";

/** A finding of the engine, at a field. */
export interface Finding {
  issue: Issue;
  isError: boolean;
}

export class Model {
  readonly work: Work;
  readonly source = computed(() => read(this.work.text.value ?? ""));
  readonly #findings = computed((): readonly Finding[] => [
    ...this.work.issues.value.map((issue) => ({ issue, isError: true })),
    ...this.work.warnings.value.map((issue) => ({ issue, isError: false })),
  ]);

  constructor(work: Work) {
    this.work = work;
  }

  get value(): unknown {
    return this.source.value.value;
  }

  at(path: Path): unknown {
    return valueAt(this.value, path);
  }

  text(path: Path): string {
    return textAt(this.value, path);
  }

  list(path: Path): readonly unknown[] {
    return listAt(this.value, path);
  }

  /** `about`: the field; what is typed in one is one step back. */
  edit(about: string, change: (edit: Edit) => void): void {
    if (this.source.peek().problem) return;
    this.work.change(changed(this.work.text.peek() ?? "", change), about);
  }

  set(path: Path, value: unknown): void {
    this.edit(dottedOf(path), (edit) => edit.set(path, value));
  }

  get findings(): readonly Finding[] {
    return this.#findings.value;
  }

  /** `exact`: those of the place itself, because what is in it has fields of its own. */
  findingsAt(path: Path, exact = false): readonly Finding[] {
    const at = dottedOf(path);
    return this.findings.filter(({ issue }) => (exact ? issue.path === at : isWithin(issue.path, at)));
  }

  /** The languages that texts are written in; none named: one, whichever it is. */
  get languages(): string[] {
    return this.list(["languages"]).filter((each): each is string => typeof each === "string");
  }

  get clues(): { id: string; title: string }[] {
    return this.titled("clues");
  }

  get rounds(): { id: string; title: string }[] {
    return this.titled("rounds");
  }

  titled(list: string): { id: string; title: string }[] {
    return idsIn(this.value, [list]).map((id, index) => ({
      id,
      title: this.shown([list, index, "title"]) || id,
    }));
  }

  /** A text in the hunt's first language, as a list shows it. */
  shown(path: Path): string {
    const held = this.at(path);
    if (typeof held !== "object" || held === null) return this.text(path);
    const first = this.languages[0] ?? Object.keys(held)[0] ?? "";
    return String((held as Record<string, unknown>)[first] ?? "");
  }
}

export const ModelContext = createContext<Model | undefined>(undefined);

export function useModel(): Model {
  const model = useContext(ModelContext);
  if (!model) throw new Error("a form stands outside the forms");
  return model;
}
