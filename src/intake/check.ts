/** Values from outside against their schemas: what is wrong with them, without quoting them. */
import type { z } from "zod";
import { DEFINITION_ISSUES, type IssueCode } from "../contract/issue-codes.ts";
import { type Issue, RequestError } from "../errors.ts";
import { flatten } from "../hunt/schema-issues.ts";

/** Checks a value against a schema. Throws `invalid` with every issue. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RequestError("invalid", "the content does not have the right form", issuesOf(parsed.error));
}

/** Issues told at most, and characters of an unknown key: a hostile body must not bring about a response larger than itself. */
const ISSUES_MAX = 100;
const KEY_MAX = 100;

/** Zod's issues as ours: path, code and a message that quotes no value; unknown keys are named, one by one. */
export function issuesOf(error: z.ZodError): Issue[] {
  return flatten(error.issues)
    .slice(0, ISSUES_MAX)
    .map(({ finding, path, key }) => {
      const at = path.map(String);
      if (key === undefined) return { path: at.join("."), code: codeOf(finding), message: finding.message };
      const named = key.slice(0, KEY_MAX);
      return { path: [...at, named].join("."), code: "unrecognized_keys", message: `unknown key "${named}"` };
    });
}

/** Checks of ours may name a code of their own. */
function codeOf(issue: z.core.$ZodIssue): IssueCode {
  const own: unknown = issue.code === "custom" ? issue.params?.code : undefined;
  return DEFINITION_ISSUES.find((code) => code === own) ?? issue.code;
}
