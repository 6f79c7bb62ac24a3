/** Words for the engine's codes in the reader's language. A code of a newer engine is shown as it is. */
import type { Issue } from "../../contract/problem.ts";
import type { Problem } from "../shared/api.ts";
import { locale, t } from "../shared/i18n.ts";

/** The response to a change was lost. */
export const LOST = "lost";

/** The message of a code, or `otherwise` where there is none. */
export function engineText(
  kind:
    | "outcome"
    | "action"
    | "detail"
    | "problem"
    | "issue"
    | "fact"
    | "phase"
    | "role"
    | "roleMay"
    | "mode"
    | "where"
    | "gate"
    | "delivery"
    | "table"
    | "limit"
    | "change",
  code: string,
  otherwise = code,
): string {
  const key = `${kind}_${code}`;
  const text = t(key);
  return text === key ? otherwise : text;
}

/** The engine's own sentence is English, and says more than its code. */
const isEnglish = (): boolean => locale.value === "en";

/** Why a call failed. */
export function problemText({ status, code, message }: Problem): string {
  return isEnglish() && status !== 0 ? message : engineText("problem", code, message);
}

/** Texts between straight quotes: what an issue is about, in every language. */
const QUOTED = /"([^"]{1,80})"/g;

/** What is wrong, without the place. */
export function issueText({ code, message }: Pick<Issue, "code" | "message">): string {
  if (isEnglish()) return message;
  const text = engineText("issue", code, message);
  const about = [...message.matchAll(QUOTED)].map(([, quoted]) => quoted);
  return about.length === 0 || text === message ? text : `${text} (${about.join(", ")})`;
}

/** The engine's sentence, where the reader was told it in other words. */
export function issueWords({ code, message }: Pick<Issue, "code" | "message">): string | undefined {
  return issueText({ code, message }) === message ? undefined : message;
}

/** What is wrong, and where. */
export const issueLine = (issue: Issue): string =>
  issue.path === "" ? issueText(issue) : `${issue.path}: ${issueText(issue)}`;
