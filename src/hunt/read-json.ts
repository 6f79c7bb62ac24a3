/**
 * Strict JSON with what `JSON.parse` does not tell: keys given twice, keys
 * that reach into prototypes, and nesting beyond a bound, each with its path.
 */
import type { Issue } from "../errors.ts";
import { FORBIDDEN_KEY, joinPath, NESTING_MAX, type Place, type Reading, syntaxIssue } from "./reading.ts";

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS: readonly (readonly [string, unknown])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/** Thrown inside this file only: here the text stops being JSON. */
class Malformed extends Error {
  readonly at: number;
  readonly code: "syntax" | "too-deep";
  readonly path: string;

  constructor(at: number, code: "syntax" | "too-deep", path: string, message: string) {
    super(message);
    this.at = at;
    this.code = code;
    this.path = path;
  }
}

/** Reads a JSON text; never throws for a bad one. Memory and time are linear in its length. */
export function readJson(source: string): Reading {
  const issues: Issue[] = [];
  const text = source.startsWith("\ufeff") ? source.slice(1) : source;
  let at = 0;

  function skipSpace(): void {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  }

  function token(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function take(character: string): boolean {
    skipSpace();
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }

  function string(path: string): string {
    if (text[at] !== '"') throw malformed(path, "a string was expected here");
    const end = stringEnd(text, at);
    if (end === undefined) throw malformed(path, "this string is not closed on its line");
    let read: string;
    try {
      read = JSON.parse(text.slice(at, end)) as string;
    } catch {
      throw malformed(path, "this string is not valid JSON");
    }
    at = end;
    return read;
  }

  function malformed(path: string, message: string): Malformed {
    return new Malformed(at, "syntax", path, message);
  }

  function value(path: string, depth: number): unknown {
    skipSpace();
    if (depth > NESTING_MAX)
      throw new Malformed(at, "too-deep", path, `nested deeper than ${NESTING_MAX} levels`);
    if (take("{")) return object(path, depth);
    if (take("[")) return array(path, depth);
    if (text[at] === '"') return string(path);
    for (const [word, meaning] of LITERALS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    const number = token(NUMBER);
    if (number === undefined) throw malformed(path, "a value was expected here");
    return Number(number);
  }

  function object(path: string, depth: number): unknown {
    const result: Record<string, unknown> = {};
    const keys = new Set<string>();
    if (take("}")) return result;
    do {
      skipSpace();
      const key = string(path);
      const inner = joinPath(path, key);
      if (!take(":")) throw malformed(inner, 'a ":" was expected here');
      const read = value(inner, depth + 1);
      if (key === FORBIDDEN_KEY)
        issues.push({ path: inner, code: "forbidden-key", message: `the key ${key} is not allowed` });
      else if (keys.has(key))
        issues.push({ path: inner, code: "duplicate-key", message: "this key is given twice" });
      else result[key] = read;
      keys.add(key);
    } while (take(","));
    if (!take("}")) throw malformed(path, 'a "," or "}" was expected here');
    return result;
  }

  function array(path: string, depth: number): unknown {
    const result: unknown[] = [];
    if (take("]")) return result;
    do result.push(value(joinPath(path, result.length), depth + 1));
    while (take(","));
    if (!take("]")) throw malformed(path, 'a "," or "]" was expected here');
    return result;
  }

  try {
    const result = value("", 0);
    skipSpace();
    if (at < text.length) throw malformed("", "nothing may follow the value");
    return issues.length > 0 ? { issues, unreadable: false } : { value: result };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const issue = syntaxIssue(error.path, error.code, error.message, placeOf(text, error.at));
    return { issues: [...issues, issue], unreadable: error.code === "syntax" };
  }
}

/** The index behind the closing quote of the string that starts at `from`; undefined: its line ends first. */
function stringEnd(text: string, from: number): number | undefined {
  for (let index = from + 1; index < text.length; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === "\n") return undefined;
    else if (text[index] === '"') return index + 1;
  }
  return undefined;
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}
