/** The part of `compile` that checks one clue by itself: what its kind needs and must not have, and its texts as they are compared. */
import type { Issue } from "../errors.ts";
import type { CompareMode } from "../protocol.ts";
import { normaliseAnswer } from "./answer.ts";
import type { ClueDefinition } from "./definition.ts";

/** A clue's texts as they are compared; complete only if there were no issues. */
export interface ComparedTexts {
  mode: CompareMode;
  answers: string[];
  nudges: { matches: string[]; say: string }[];
}

/** How a clue's answers are compared: a choice is its id, letter for letter. */
export function compareMode(clue: ClueDefinition): CompareMode {
  return clue.kind === "answer" ? clue.compare : "exact";
}

/** Checks the clue at `path`; issues go to `report`. */
export function checkClue(clue: ClueDefinition, path: string, report: (issue: Issue) => void): ComparedTexts {
  checkKind(clue, path, report);
  return checkTexts(clue, path, report);
}

/** Which keys belong to which kind. */
function checkKind(clue: ClueDefinition, path: string, report: (issue: Issue) => void): void {
  const isAsked = clue.kind === "answer" || clue.kind === "choice";
  const parts = [
    { key: "answers", given: clue.answers !== undefined, needed: isAsked, allowed: isAsked },
    { key: "nudges", given: clue.nudges.length > 0, needed: false, allowed: isAsked },
    {
      key: "choices",
      given: clue.choices !== undefined,
      needed: clue.kind === "choice",
      allowed: clue.kind === "choice",
    },
    {
      key: "place",
      given: clue.place !== undefined,
      needed: clue.kind === "place",
      allowed: clue.kind === "place",
    },
    { key: "code", given: clue.code !== undefined, needed: false, allowed: clue.kind === "scan" },
  ];
  for (const { key, given, needed, allowed } of parts) {
    if (needed && !given)
      report({
        path: `${path}.${key}`,
        code: `${key}-missing`,
        message: `a clue of kind ${clue.kind} needs ${key}`,
      });
    if (given && !allowed)
      report({
        path: `${path}.${key}`,
        code: `${key}-superfluous`,
        message: `a clue of kind ${clue.kind} has no ${key}`,
      });
  }
}

function checkTexts(clue: ClueDefinition, path: string, report: (issue: Issue) => void): ComparedTexts {
  const mode = compareMode(clue);
  const choices =
    clue.kind === "choice" ? new Set((clue.choices ?? []).map((choice) => choice.id)) : undefined;

  /** The texts of one list, each reported once for what is wrong with it. */
  function compare(
    texts: readonly string[],
    listPath: string,
    kind: "answer" | "nudge",
    seen: Set<string>,
  ): string[] {
    return texts.flatMap((text, index) => {
      const at = `${listPath}.${index}`;
      const normalised = normaliseAnswer(mode, text);
      if (normalised === null) {
        report({
          path: at,
          code: `${kind}-empty`,
          message:
            mode === "number" ? "this is no number" : `nothing of this remains when compared by ${mode}`,
        });
        return [];
      }
      if (choices !== undefined && !choices.has(text)) {
        report({ path: at, code: `${kind}-no-choice`, message: `there is no choice "${text}"` });
      } else if (kind === "nudge" && answers.has(normalised)) {
        report({ path: at, code: "nudge-is-answer", message: "this is an accepted answer" });
      } else if (seen.has(normalised)) {
        report({
          path: at,
          code: `${kind}-duplicate`,
          message: `compared by ${mode} this is the same as one before it`,
        });
      }
      seen.add(normalised);
      return [normalised];
    });
  }

  const answers = new Set<string>();
  const nudged = new Set<string>();
  return {
    mode,
    answers: compare(clue.answers ?? [], `${path}.answers`, "answer", answers),
    nudges: clue.nudges.map((nudge, index) => ({
      matches: compare(nudge.match, `${path}.nudges.${index}.match`, "nudge", nudged),
      say: nudge.say,
    })),
  };
}
