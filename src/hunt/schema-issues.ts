/** The schema library's findings as issues: flat, with stable codes and dotted paths. */
import type * as z from "zod";
import type { Issue } from "../errors.ts";

type Finding = z.core.$ZodIssue;

/** Characters of a path; keys are the author's and may be of any length. */
const PATH_MAX = 300;

const CODES: Record<Finding["code"], Issue["code"]> = {
  invalid_type: "type",
  too_big: "too-large",
  too_small: "too-small",
  invalid_format: "format",
  invalid_value: "value",
  invalid_union: "value",
  invalid_key: "invalid-key",
  invalid_element: "invalid-element",
  not_multiple_of: "not-multiple-of",
  unrecognized_keys: "unknown-key",
  custom: "value",
};

/** What was read, for the issues of its shape. */
export interface Read {
  /** It tells a missing key from a wrong one. */
  value: unknown;
  /** How a value of YAML is written; undefined: the text is JSON, or the place has no one spelling. */
  sourceOf?: ((path: readonly PropertyKey[]) => string | undefined) | undefined;
}

/** One finding at one place. `key`: it is about this key, which is unknown. */
export interface Flat {
  finding: Finding;
  path: PropertyKey[];
  key?: string;
  /** Of an unknown key: the forms that are known there. */
  forms?: string;
}

export function toIssues(flat: readonly Flat[], read: Read): Issue[] {
  return flat.map((one) => {
    const { finding, path, key, forms } = one;
    if (key !== undefined) {
      const message = `unknown key "${key.slice(0, PATH_MAX)}"${forms === undefined ? "" : `: ${forms}`}`;
      return { path: toPath([...path, key]), code: "unknown-key", message };
    }
    if (isMissing(one, read.value)) {
      return { path: toPath(path), code: "missing", message: "this key is required" };
    }
    return {
      path: toPath(path),
      code: CODES[finding.code],
      message: quoteAdvice(finding, path, read) ?? finding.message,
    };
  });
}

/** Whether the finding is about a key that is not there, and not about its value. */
function isMissing({ finding, path }: Flat, value: unknown): boolean {
  const aboutType = finding.code === "invalid_type" || finding.code === "invalid_value";
  return aboutType && valueAt(value, path) === undefined;
}

/** Texts that YAML reads as something else are the authors' most frequent surprise: 1893, true, an empty value. */
function quoteAdvice(finding: Finding, path: readonly PropertyKey[], read: Read): string | undefined {
  if (finding.code !== "invalid_type" || finding.expected !== "string") return undefined;
  const value = valueAt(read.value, path);
  const written = read.sourceOf?.(path);
  const kind = typeof value;
  if (value === null) {
    if (read.sourceOf === undefined) return "a text was expected here, not null";
    if (written === undefined || written === "") return "a text was expected here, and nothing is written";
    return `a text was expected here; ${written} is "nothing" in YAML: quote it, "${written}"`;
  }
  if (kind !== "number" && kind !== "boolean") return undefined;
  const text = (written ?? String(value)).slice(0, PATH_MAX);
  const called = kind === "number" ? "a number" : "true or false";
  return `a text was expected here, and ${text} is ${called}: quote it, "${text}"`;
}

/** Every finding by itself: unknown keys one by one, and of a union those of the branch that was meant. */
export function flatten(findings: readonly Finding[], base: readonly PropertyKey[] = []): Flat[] {
  return findings.flatMap((finding): Flat[] => {
    const path = [...base, ...finding.path];
    if (finding.code === "unrecognized_keys") return finding.keys.map((key) => ({ finding, path, key }));
    if (finding.code !== "invalid_union") return [{ finding, path }];
    const branches = ownBranches(finding.errors);
    const strange = knownToNone(branches);
    const meant = nearest(branches);
    if (meant === undefined) {
      const ofText = finding.errors.find(expectsText);
      return ofText ? flatten(ofText, path) : [{ finding, path }];
    }
    const flat = flatten(meant, path);
    if (strange.length === 0) return flat;
    // What a branch misses is a guess then; what is wrong further in is not.
    const inner = flat.filter((one) => one.path.length > path.length + 1);
    return [...strange.map((key) => ({ finding, path, key, forms: finding.message })), ...inner];
  });
}

/** The branches of a union that take an object; the value is one. */
function ownBranches(branches: readonly (readonly Finding[])[]): readonly (readonly Finding[])[] {
  return branches.filter((findings) =>
    findings.every((finding) => finding.path.length > 0 || finding.code === "unrecognized_keys"),
  );
}

/** The branch of a union that takes any text, where a value that is none was given. */
const expectsText = (findings: readonly Finding[]): boolean =>
  findings.every(
    ({ code, path, ...more }) =>
      path.length === 0 && code === "invalid_type" && "expected" in more && more.expected === "string",
  );

/** The keys that no branch knows. */
function knownToNone(branches: readonly (readonly Finding[])[]): string[] {
  const unknown = branches.map((findings) =>
    findings.flatMap((finding) => (finding.code === "unrecognized_keys" ? finding.keys : [])),
  );
  return (unknown[0] ?? []).filter((key) => unknown.every((keys) => keys.includes(key)));
}

/**
 * The findings of the union's branch that was most likely meant: the one with
 * the fewest complaints about its own keys; undefined when the value is of
 * another type than every branch.
 */
function nearest(branches: readonly (readonly Finding[])[]): readonly Finding[] | undefined {
  const strangeness = branches.map((findings) =>
    findings.reduce((sum, finding) => {
      if (finding.code === "unrecognized_keys") return sum + 2 * finding.keys.length;
      return sum + (finding.path.length === 1 ? 1 : 0);
    }, 0),
  );
  return branches[strangeness.indexOf(Math.min(...strangeness))];
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
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
