import type { CLUE_KINDS } from "../../../../contract/me.ts";
import { answer } from "./answer.tsx";
import { choice } from "./choice.tsx";
import type { KindForm } from "./kind.ts";
import { place } from "./place.tsx";
import { scan } from "./scan.tsx";
import { submission } from "./submission.tsx";

/** By the kind's name in a definition. */
const FORMS: Readonly<Record<(typeof CLUE_KINDS)[number], KindForm>> = {
  answer,
  choice,
  scan,
  place,
  submission,
};

/** As `FORMS`; a definition may say anything. */
export const KIND_FORMS: Readonly<Record<string, KindForm>> = FORMS;

/** The keys that a clue loses when it becomes one of another kind. */
export function keysToDrop(kind: string): string[] {
  const own = KIND_FORMS[kind]?.keys ?? [];
  return [...new Set(Object.values(KIND_FORMS).flatMap(({ keys }) => keys))].filter(
    (key) => !own.includes(key),
  );
}
