/**
 * A definition's text as a document that can be changed: comments, order and everything that is not
 * touched stay as they were written, to the letter. PURE.
 */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { isTooLong, nameOf, placeFor, settle, withBlanks, written } from "./handwriting.ts";
import type { Path } from "./path.ts";

/** A text that was read, or why it cannot be. */
export type Source =
  | { value: Record<string, unknown>; problem?: never }
  | { problem: { line: number; message: string }; value?: never };

const OPTIONS = { schema: "core", prettyErrors: false, logLevel: "error", customTags: withBlanks } as const;

export function read(text: string): Source {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...OPTIONS, lineCounter });
  const [error] = document.errors;
  if (error) {
    return { problem: { line: lineCounter.linePos(error.pos[0]).line, message: error.message } };
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 1_000 });
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return { value: value as Record<string, unknown> };
    }
    if (value === null) return { value: {} };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
  }
  return { problem: { line: 1, message: "the text is no map of keys" } };
}

/** The changes that a form makes. Each leaves what it does not name as it is. */
export class Edit {
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
  }

  get value(): unknown {
    return this.#document.toJS();
  }

  /** Writes a value; undefined takes the key out, and with it a map or list that is then empty. */
  set(path: Path, value: unknown): void {
    if (value === undefined) {
      this.remove(path);
      return;
    }
    const known = this.#document.getIn(path, true);
    if (isScalar(known) && (typeof value !== "object" || value === null)) {
      // Quotes around nothing say nothing of what comes into them.
      if (known.value === "") delete known.type;
      known.value = value;
      // How a number was written says nothing of another.
      if (typeof value !== "string") {
        known.source = undefined as never;
        delete known.type;
        delete known.format;
      }
      this.#settleAround(path);
      return;
    }
    const node = written(this.#document, value, path);
    this.#put(path, node);
    settle(node, path, this.#isInFlow(path));
    this.#settleAround(path);
  }

  /** Puts an entry into a list, which is made if there is none. */
  insert(path: Path, index: number, value: unknown): void {
    const list = this.#document.getIn(path, true);
    if (!isSeq(list)) {
      this.set(path, [value]);
      return;
    }
    const node = written(this.#document, value, [...path, index]);
    settle(node, [...path, index], list.flow === true);
    list.items.splice(index, 0, node);
    this.#space(list, path);
    this.#settleAround([...path, index]);
  }

  remove(path: Path): void {
    if (!this.#document.hasIn(path)) return;
    if (path.length === 1) this.#keepHead(String(path[0]));
    this.#document.deleteIn(path);
    const above = path.slice(0, -1);
    const left = this.#document.getIn(above, true);
    if (isSeq(left)) this.#space(left, above);
    const isEntry = typeof above.at(-1) === "number";
    if (above.length > 0 && isCollection(left) && left.items.length === 0 && !isEntry) this.remove(above);
  }

  /** A comment above the first key is about the whole text, and stays when that key goes. */
  #keepHead(key: string): void {
    const map = this.#document.contents;
    if (!isMap(map)) return;
    const [first, second] = map.items as Pair[];
    if (!first || !second || nameOf(first) !== key || !isNode(first.key) || !isNode(second.key)) return;
    const comments = [first.key.commentBefore, second.key.commentBefore];
    const kept = comments.filter((comment) => comment !== null && comment !== undefined).join("\n");
    if (kept !== "") second.key.commentBefore = kept;
  }

  /** Moves an entry of a list; the comment above it goes with it. */
  move(path: Path, from: number, to: number): void {
    const list = this.#document.getIn(path, true);
    if (!isSeq(list)) return;
    const [item] = list.items.splice(from, 1);
    if (item === undefined) return;
    list.items.splice(to, 0, item);
    this.#space(list, path);
  }

  /** Where entries of a list are apart, all but the first are. */
  #space(list: YAMLSeq, path: Path): void {
    const items = list.items.filter(isNode);
    const apart =
      (path.length === 1 && path[0] === "clues" && items.length <= 2) ||
      items.some((item) => item.spaceBefore === true);
    for (const [index, item] of items.entries()) {
      if (index === 0) delete item.spaceBefore;
      else if (apart && !list.flow) item.spaceBefore = true;
    }
  }

  #put(path: Path, node: Node): void {
    const key = path.at(-1);
    const above = path.slice(0, -1);
    if (key === undefined) {
      this.#document.contents = node as never;
      return;
    }
    let map = this.#document.getIn(above, true);
    if (!isCollection(map)) {
      const made = written(this.#document, {}, above) as YAMLMap;
      made.flow = true;
      this.#put(above, made);
      map = made;
    }
    if (isMap(map)) {
      const pair = map.items.find((each) => nameOf(each as Pair) === key);
      if (pair) pair.value = node;
      else {
        const fresh = this.#document.createPair(String(key), node);
        map.items.splice(placeFor(map as YAMLMap, String(key), above), 0, fresh);
      }
    } else if (isSeq(map)) map.items[Number(key)] = node;
  }

  #isInFlow(path: Path): boolean {
    for (let length = 0; length < path.length; length += 1) {
      const above = this.#document.getIn(path.slice(0, length), true);
      if (isCollection(above) && above.flow === true) return true;
    }
    return false;
  }

  /** The outermost one-line collection around a place gets lines of its own when it has become too long. */
  #settleAround(path: Path): void {
    for (let length = 0; length < path.length; length += 1) {
      const above = path.slice(0, length);
      const node = this.#document.getIn(above, true);
      if (!isCollection(node) || node.flow !== true) continue;
      if (isTooLong(node)) settle(node, above);
      return;
    }
    const node = this.#document.getIn(path, true);
    if (isScalar(node)) settle(node, path);
  }
}

/** The text after a change. Throws for a text that cannot be read: ask `read` first. */
export function changed(text: string, change: (edit: Edit) => void): string {
  const before = text.trimStart().startsWith("{") ? asYaml(text) : text;
  const style = styleOf(before);
  const document = parseDocument(before, OPTIONS);
  if (document.errors.length > 0) throw new Error("a text that cannot be read was to be changed");
  const originals = piecesOf(document, before);
  const plain = document.toString(style);
  const plainPieces = plain === before ? undefined : alongside(document, plain);
  const [tail, plainTail] = [tailOf(before), tailOf(plain)];
  change(new Edit(document));
  let after = document.toString(style);
  // What stands below everything is as it was.
  if (tail !== plainTail && after.endsWith(plainTail)) {
    after = after.slice(0, after.length - plainTail.length) + tail;
  }
  if (!plainPieces) return after;
  return asWritten(document, after, originals, plainPieces);
}

/** The empty lines and comments at the end of a text. */
const tailOf = (text: string): string => /\n(?:[^\S\n]*(?:#[^\n]*)?(?:\n|$))*$/.exec(text)?.[0] ?? "";

/** JSON as the forms would have written it. */
function asYaml(text: string): string {
  const document = parseDocument(text, OPTIONS);
  const value: unknown = document.toJS();
  const fresh = parseDocument("", OPTIONS);
  fresh.contents = written(fresh, value, []) as never;
  settle(fresh.contents, []);
  const clues = fresh.get("clues", true);
  if (isSeq(clues)) for (const item of clues.items.slice(1)) if (isNode(item)) item.spaceBefore = true;
  return fresh.toString(styleOf(""));
}

/** The text of a new definition. */
export const textOf = (value: Record<string, unknown>): string => asYaml(JSON.stringify(value));

/** How far the author indents, and whether lists are. */
function styleOf(text: string) {
  const [, list, entry] = /^([a-z]\w*):[^\S\n]*\n(?:[^\S\n]*(?:#.*)?\n)*( *)- /im.exec(text) ?? [];
  const [, step] = /^[a-z]\w*:[^\S\n]*\n( +)[a-z]/im.exec(text) ?? [];
  const indentSeq = list === undefined || entry !== "";
  const indent = step?.length ?? ((indentSeq && entry?.length) || 2);
  return { lineWidth: 0, indentSeq, indent };
}

/** A pair of a map, or an entry of a list: what stands on lines of its own. */
type Piece = object;

interface Span {
  from: number;
  to: number;
}

/** Where the pieces of a document stand in its text. */
function spansOf(document: Document, text: string): Map<Piece, Span> {
  const spans = new Map<Piece, Span>();
  const add = (piece: Piece, from: number | undefined, node: unknown, fallback: number | undefined): void => {
    const end = isNode(node) ? node.range?.[1] : fallback;
    if (from === undefined || end === undefined) return;
    let to = end;
    while (to > from && /\s/.test(text[to - 1] ?? "")) to -= 1;
    const rest = /^[^\S\n]*#[^\n]*/.exec(text.slice(to))?.[0] ?? "";
    spans.set(piece, { from, to: to + rest.length });
  };
  visit(document.contents, (piece, node) => {
    if (isPair(piece)) add(piece, rangeOf(piece.key)?.[0], node, rangeOf(piece.key)?.[1]);
    else add(piece, rangeOf(node)?.[0], node, undefined);
  });
  return spans;
}

const rangeOf = (node: unknown) => (isNode(node) ? (node.range ?? undefined) : undefined);

/** Calls `each` with every piece that stands in block style, outermost first. */
function visit(node: unknown, each: (piece: Piece, node: unknown) => void): void {
  if (!isCollection(node) || node.flow) return;
  for (const item of node.items as (Pair | Node)[]) {
    const held = isPair(item) ? item.value : item;
    each(item, held);
    visit(held, each);
  }
}

function piecesOf(document: Document, text: string): Map<Piece, string> {
  return new Map([...spansOf(document, text)].map(([piece, { from, to }]) => [piece, text.slice(from, to)]));
}

/** The pieces of `document` as they stand in another text of the same structure. */
function alongside(document: Document, text: string): Map<Piece, string> {
  return new Map(
    [...spansAlongside(document, text)].map(([piece, { from, to }]) => [piece, text.slice(from, to)]),
  );
}

function spansAlongside(document: Document, text: string): Map<Piece, Span> {
  const other = parseDocument(text, OPTIONS);
  const theirs = spansOf(other, text);
  const found = new Map<Piece, Span>();
  const walk = (own: unknown, their: unknown): void => {
    if (!isCollection(own) || !isCollection(their)) return;
    for (const [index, item] of (own.items as (Pair | Node)[]).entries()) {
      const match = their.items[index] as Pair | Node | undefined;
      const span = match === undefined ? undefined : theirs.get(match);
      if (match === undefined || !span) continue;
      found.set(item, span);
      walk(isPair(item) ? item.value : item, isPair(match) ? match.value : match);
    }
  };
  walk(document.contents, other.contents);
  return found;
}

/** `after`, with every piece that the change did not touch as its author wrote it. */
function asWritten(
  document: Document,
  after: string,
  originals: ReadonlyMap<Piece, string>,
  plain: ReadonlyMap<Piece, string>,
): string {
  const spans = spansAlongside(document, after);
  const parts: string[] = [];
  let done = 0;
  const walk = (node: unknown): void => {
    if (!isCollection(node)) return;
    for (const item of node.items as (Pair | Node)[]) {
      const span = spans.get(item);
      if (!span) continue;
      const original = originals.get(item);
      if (original !== undefined && plain.get(item) === after.slice(span.from, span.to)) {
        parts.push(after.slice(done, span.from), original);
        done = span.to;
      } else walk(isPair(item) ? item.value : item);
    }
  };
  walk(document.contents);
  const text = parts.join("") + after.slice(done);
  // Mixed indentation could change the meaning: then the text is uniform.
  const reread = parseDocument(text, OPTIONS);
  const isSame =
    reread.errors.length === 0 && JSON.stringify(reread.toJS()) === JSON.stringify(document.toJS());
  return isSame ? text : after;
}
