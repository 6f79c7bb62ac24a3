/** Choices that were picked, as players read them. */
import type { ClueApart } from "../../contract/me.ts";

/** The labels of these choices; the id where a version dropped one. */
export const labelsOf = ({ choices = [] }: Pick<ClueApart, "choices">, ids: readonly string[]): string =>
  ids.map((id) => choices.find((choice) => choice.id === id)?.label ?? id).join(", ");

/** Whether several choices are picked. */
export const takesSeveral = ({ select = "one" }: Pick<ClueApart, "select">): boolean => select !== "one";
