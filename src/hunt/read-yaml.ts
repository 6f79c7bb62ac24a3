/**
 * YAML 1.2 (core schema) as a definition may use it: one document, string
 * keys, no tags but the core ones, aliases as far as they do not multiply.
 * Timestamps stay strings.
 */
import {
  type Alias,
  CST,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import type { Issue } from "../errors.ts";
import {
  FORBIDDEN_KEY,
  ISSUES_MAX,
  joinPath,
  NESTING_MAX,
  type Reading,
  syntaxIssue,
  VALUES_MAX,
} from "./reading.ts";

/**
 * Tokens. The composer takes up to 10 µs a token on hostile texts, so this is
 * seconds. Enough for 100,000 voucher codes one a line; JSON has no such bound.
 */
const TOKENS_MAX = 750_000;
/** Columns of indentation plus brackets: what the composer recurses by, before it can be asked for the nesting. */
const STRUCTURE_MAX = 256;
const CORE_TAG = "tag:yaml.org,2002:";
const OPENING: ReadonlySet<string> = new Set(["flow-map-start", "flow-seq-start"]);
const CLOSING: ReadonlySet<string> = new Set(["flow-map-end", "flow-seq-end"]);
const INDICATORS: ReadonlySet<string> = new Set(["seq-item-ind", "explicit-key-ind", "map-value-ind"]);

/** Reads a YAML text; never throws for a bad one. */
export function readYaml(source: string): Reading {
  const excess = findExcess(source);
  if (excess !== undefined) return { issues: [excess], unreadable: false };

  const lines = new LineCounter();
  // Unique keys are checked below: the package compares each key with every other.
  const document = parseDocument(source, {
    schema: "core",
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const found = [...document.errors, ...document.warnings].slice(0, ISSUES_MAX);
  const places = found.length === 0 ? undefined : placesOf(document.contents);
  const problems = found.flatMap((problem, index): Issue[] => {
    // The library tells some faults twice, from two of its places.
    if (found.slice(0, index).some(({ pos }) => pos[0] === problem.pos[0])) return [];
    const { at, message } = faultOf(problem, source, places);
    const { line, col } = lines.linePos(at);
    const code = problem.code === "TAG_RESOLVE_FAILED" ? "tag" : "syntax";
    return [syntaxIssue("", code, message, { line: Math.max(1, line), column: Math.max(1, col) })];
  });
  if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== "1.2") {
    problems.push({ path: "", code: "syntax", message: "only YAML 1.2 is read" });
  }
  if (problems.length > 0) {
    return { issues: problems, unreadable: problems.some(({ code }) => code === "syntax") };
  }
  const plain = toPlain(document.contents);
  if (plain.issues) return plain;
  const sourceOf = (path: readonly PropertyKey[]): string | undefined => {
    const node = document.getIn(path, true);
    return isScalar(node) ? node.source : undefined;
  };
  return { value: plain.value, sourceOf };
}

/** Where texts and brackets begin, by where they end; and where texts that are keys end, by where they begin. */
interface Places {
  texts: Map<number, number>;
  brackets: { from: number; to: number }[];
  keys: Map<number, number>;
}

function placesOf(root: unknown): Places {
  const places: Places = { texts: new Map(), brackets: [], keys: new Map() };
  const walk: unknown[] = [root];
  for (let node = walk.pop(); node !== undefined; node = walk.pop()) {
    if (!isNode(node)) continue;
    const [from = 0, to = 0] = node.range ?? [];
    if (isScalar(node)) places.texts.set(to, from);
    if (!isMap(node) && !isSeq(node)) continue;
    if (node.flow) places.brackets.push({ from, to });
    for (const item of node.items) {
      if (!isPair(item)) {
        walk.push(item);
        continue;
      }
      const [begins, ends] = (isScalar(item.key) && item.key.range) || [];
      if (begins !== undefined && ends !== undefined) places.keys.set(begins, ends);
      walk.push(item.key, item.value);
    }
  }
  places.brackets.sort((a, b) => a.from - b.from);
  return places;
}

/**
 * The library notices what is not closed where the text goes on or ends, and a key that
 * spans lines where its text begins: its author looks for the opening, and for the key's own line.
 */
function faultOf(
  { pos: [at], message }: { pos: [number, number]; message: string },
  source: string,
  places: Places | undefined,
): { at: number; message: string } {
  const quote = /^Missing closing (['"])/.exec(message)?.[1];
  if (quote !== undefined) {
    return { at: places?.texts.get(at) ?? at, message: `this ${quote} is not closed` };
  }
  if (/end with a [}\]]/.test(message)) {
    const from = places?.brackets.findLast(
      (one) => one.from < at && !/[}\]]/.test(source[one.to - 1] ?? ""),
    )?.from;
    if (from !== undefined) return { at: from, message: `this ${source[from]} is not closed` };
  }
  if (/Nested mappings are not allowed in compact mappings/.test(message)) {
    const lineEnd = source.lastIndexOf("\n", (places?.keys.get(at) ?? at) - 1);
    if (lineEnd < at) return { at, message: 'a second ": " on this line: put the text in quotes' };
    const begins = lineEnd + 1 + (/^ */.exec(source.slice(lineEnd + 1))?.[0].length ?? 0);
    return { at: begins, message: "this line is indented more than the key above it" };
  }
  if (/^Implicit keys need to be on a single line/.test(message)) {
    return { at, message: 'a key must be on one line: is a ":" missing behind this?' };
  }
  return { at, message };
}

/**
 * What would take the composer too far: it recurses by nesting (the process
 * may abort when its stack ends, so this cannot be caught) and is slow by the
 * token. The lexer is a loop and takes linear time.
 */
function findExcess(source: string): Issue | undefined {
  let tokens = 0;
  let brackets = 0;
  let lineDepth = 0;
  let atLineStart = true;
  let isScalarText = false;
  for (const token of new Lexer().lex(source)) {
    tokens += 1;
    if (tokens > TOKENS_MAX)
      return { path: "", code: "too-large", message: `more than ${TOKENS_MAX} tokens` };
    const type: CST.Token["type"] | "scalar" | null = isScalarText ? "scalar" : CST.tokenType(token);
    isScalarText = type === "scalar" && !isScalarText;
    if (type === "newline") lineDepth = 0;
    else if (type === "space" && atLineStart) lineDepth = token.length;
    else if (OPENING.has(type ?? "")) brackets += 1;
    else if (CLOSING.has(type ?? "")) brackets = Math.max(0, brackets - 1);
    else if (INDICATORS.has(type ?? "")) {
      lineDepth += 1;
      if (lineDepth > STRUCTURE_MAX) return tooDeep("");
    }
    if (brackets > NESTING_MAX) return tooDeep("");
    atLineStart = type === "newline";
  }
  return undefined;
}

/** Nodes as plain values; aliases are followed, and what they expand to is counted. */
function toPlain(root: unknown): Reading {
  const issues: Issue[] = [];
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node | undefined>();
  let values = 0;

  /** The node an alias stands for: the last one before it with that anchor, also when it is met again. */
  function follow(alias: Alias): Node | undefined {
    if (!targets.has(alias)) targets.set(alias, anchors.get(alias.source));
    return targets.get(alias);
  }

  function remember(node: Node): void {
    if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
  }

  function plain(node: unknown, path: string, depth: number): unknown {
    values += 1;
    if (values > VALUES_MAX) return undefined;
    if (depth > NESTING_MAX) return report(tooDeep(path));
    if (isAlias(node)) {
      const target = follow(node);
      return target === undefined
        ? report({ path, code: "syntax", message: "this alias has no anchor" })
        : plain(target, path, depth + 1);
    }
    if (!isNode(node)) return null;
    remember(node);
    const { tag } = node;
    if (tag !== undefined && !tag.startsWith(CORE_TAG))
      return report({ path, code: "tag", message: `the tag ${tag} is not known` });
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => plain(item, joinPath(path, index), depth + 1));
    if (isMap(node)) return plainMap(node.items, path, depth);
    return null;
  }

  function plainMap(
    pairs: readonly { key: unknown; value: unknown }[],
    path: string,
    depth: number,
  ): unknown {
    const result: Record<string, unknown> = {};
    const keys = new Set<string>();
    for (const pair of pairs) {
      if (isNode(pair.key)) remember(pair.key);
      const target = isAlias(pair.key) ? follow(pair.key) : pair.key;
      if (!isScalar(target)) {
        report({ path, code: "key", message: "a key must be a plain text" });
        continue;
      }
      const key = String(target.value);
      const inner = joinPath(path, key);
      if (key === FORBIDDEN_KEY)
        report({ path: inner, code: "forbidden-key", message: `the key ${key} is not allowed` });
      else if (keys.has(key))
        report({ path: inner, code: "duplicate-key", message: "this key is given twice" });
      else result[key] = plain(pair.value, inner, depth + 1);
      keys.add(key);
    }
    return result;
  }

  function report(issue: Issue): undefined {
    if (issues.length < ISSUES_MAX) issues.push(issue);
  }

  const value = plain(root, "", 0);
  if (values > VALUES_MAX)
    report({ path: "", code: "too-large", message: `more than ${VALUES_MAX} values, aliases expanded` });
  const unreadable = issues.some(({ code }) => code === "syntax");
  return issues.length > 0 ? { issues, unreadable } : { value };
}

function tooDeep(path: string): Issue {
  return { path, code: "too-deep", message: `nested deeper than ${NESTING_MAX} levels` };
}
