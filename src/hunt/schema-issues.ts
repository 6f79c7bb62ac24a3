/** The schema library's findings as issues: flat, with stable codes and dotted paths. */
import type * as z from "zod";
import type { Issue } from "../errors.ts";

type Finding = z.core.$ZodIssue;

/** Characters of a path; keys are the author's and may be of any length. */
const PATH_MAX = 300;

const CODES: Partial<Record<Finding["code"], string>> = {
  invalid_type: "type",
  too_big: "too-large",
  too_small: "too-small",
  invalid_format: "format",
  invalid_value: "value",
  invalid_union: "value",
  custom: "value",
};

/** `value` is what was parsed: it tells a missing key from a wrong one. */
export function toIssues(findings: readonly Finding[], value: unknown): Issue[] {
  return flatten(findings, []).map(({ finding, path, key }) => {
    if (key !== undefined) {
      return {
        path: toPath([...path, key]),
        code: "unknown-key",
        message: `unknown key "${key.slice(0, PATH_MAX)}"`,
      };
    }
    const isMissing =
      (finding.code === "invalid_type" || finding.code === "invalid_value") &&
      valueAt(value, path) === undefined;
    if (isMissing) return { path: toPath(path), code: "missing", message: "this key is required" };
    return {
      path: toPath(path),
      code: CODES[finding.code] ?? finding.code.replaceAll("_", "-"),
      message: finding.message,
    };
  });
}

interface Flat {
  finding: Finding;
  path: PropertyKey[];
  key?: string;
}

function flatten(findings: readonly Finding[], base: readonly PropertyKey[]): Flat[] {
  return findings.flatMap((finding): Flat[] => {
    const path = [...base, ...finding.path];
    if (finding.code === "unrecognized_keys") return finding.keys.map((key) => ({ finding, path, key }));
    const branch = finding.code === "invalid_union" ? nearest(finding.errors) : undefined;
    if (branch !== undefined) return flatten(branch, path);
    return [{ finding, path }];
  });
}

/**
 * The findings of the union's branch that was most likely meant: the one with
 * the fewest complaints about its own keys; undefined when the value is of
 * another type than every branch.
 */
function nearest(branches: readonly (readonly Finding[])[]): readonly Finding[] | undefined {
  const candidates = branches.filter((findings) =>
    findings.every((finding) => finding.path.length > 0 || finding.code === "unrecognized_keys"),
  );
  const strangeness = candidates.map((findings) =>
    findings.reduce((sum, finding) => {
      if (finding.code === "unrecognized_keys") return sum + 2 * finding.keys.length;
      return sum + (finding.path.length === 1 ? 1 : 0);
    }, 0),
  );
  return candidates[strangeness.indexOf(Math.min(...strangeness))];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

function toPath(path: readonly PropertyKey[]): string {
  return path.map(String).join(".").slice(0, PATH_MAX);
}
