/**
 * What the JSON and the YAML reader share: the bounds of a definition's text
 * and the shape of what reading gives.
 */
import type { IssueCode } from "../contract/issue-codes.ts";
import type { Issue } from "../errors.ts";

/** Bytes of UTF-8. A hunt of 2,000 clues with a kilobyte each. */
export const SOURCE_BYTES_MAX = 2_000_000;
/** Levels. The deepest sensible condition needs some twenty; every later recursion relies on this bound. */
export const NESTING_MAX = 64;
/** Values after aliases are expanded. The size bound allows about as many; aliases must not multiply it. */
export const VALUES_MAX = 500_000;
/** A hostile file must not bring about a response larger than itself. */
export const ISSUES_MAX = 1_000;
/** Setting it on an object changes the object's prototype instead. */
export const FORBIDDEN_KEY = "__proto__";

/**
 * `sourceOf`: how the value at a path is written, in YAML. `unreadable`: the text
 * is none of its language; otherwise it is, and holds what a definition may not.
 */
export type Reading =
  | { value: unknown; sourceOf?: (path: readonly PropertyKey[]) => string | undefined; issues?: never }
  | { issues: Issue[]; unreadable: boolean; value?: never };

/** Where in a text something is, counted from 1. */
export interface Place {
  line: number;
  column: number;
}

/** An issue of the text itself, with its place at the end of the message: the organiser's editor finds it there. */
export function syntaxIssue(path: string, code: IssueCode, message: string, { line, column }: Place): Issue {
  return { path, code, message: `${message} (line ${line}, column ${column})` };
}

export function joinPath(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

/** Length of `text` in bytes of UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800 || isSurrogate) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
