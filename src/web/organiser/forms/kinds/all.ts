import { answer } from "./answer.tsx";
import { choice } from "./choice.tsx";
import type { KindForm } from "./kind.ts";
import { place } from "./place.tsx";
import { scan } from "./scan.tsx";

/** By the kind's name in a definition; what is missing here is written as text. */
export const KIND_FORMS: Readonly<Record<string, KindForm>> = { answer, choice, scan, place };

/** The keys that a clue loses when it becomes one of another kind. */
export function keysToDrop(kind: string): string[] {
  const own = KIND_FORMS[kind]?.keys ?? [];
  return [...new Set(Object.values(KIND_FORMS).flatMap(({ keys }) => keys))].filter(
    (key) => !own.includes(key),
  );
}
