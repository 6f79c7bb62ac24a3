/** The console's words for the engine's codes. */
import { expect, test } from "vitest";
import { AUDIT_ACTIONS } from "../../src/contract/audit-actions.ts";
import { DEFINITION_ISSUES } from "../../src/contract/issue-codes.ts";
import { RECORDED, UNRECORDED } from "../../src/contract/play.ts";
import { errorCode } from "../../src/contract/problem.ts";
import { ar } from "../../src/web/organiser/messages/ar.ts";
import { de } from "../../src/web/organiser/messages/de.ts";
import { en } from "../../src/web/organiser/messages/en.ts";

const languages: Record<string, Record<string, unknown>> = { en, de, ar };

const codes = [
  ...[...RECORDED, ...UNRECORDED].map((code) => `outcome_${code}`),
  ...AUDIT_ACTIONS.map((code) => `action_${code}`),
  ...errorCode.options.map((code) => `problem_${code}`),
  ...DEFINITION_ISSUES.map((code) => `issue_${code}`),
];

test.each(Object.keys(languages))("[WEB-52] %s has words for every code of the engine", (language) => {
  const messages = languages[language] ?? {};
  expect(codes.filter((key) => typeof messages[key] !== "string" || messages[key] === "")).toEqual([]);
});

test.each(["de", "ar"])("[WEB-52] the words of %s are not the English ones", (language) => {
  const messages = languages[language] ?? {};
  expect(codes.filter((key) => messages[key] === (en as Record<string, unknown>)[key])).toEqual([]);
});
