/**
 * How what the forms write looks: keys in the order of the format's page, short lists and maps on one
 * line, texts of several lines as blocks, an empty line between clues. PURE.
 */
import {
  type CollectionTag,
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  type Tags,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { Path } from "./path.ts";

/** Columns. What is longer gets lines of its own. */
const LINE = 100;
/** Columns of a list of words; longer ones have a line for each. */
const WORDS = 80;

const HUNT = [
  ..."format hunt languages title description opens closes freeze results retention look legal embed".split(
    " ",
  ),
  ..."help guesses teams currency brackets players join attempts scoring show after pages rounds routes".split(
    " ",
  ),
  ..."clues prizes webhooks".split(" "),
];
const CLUE = [
  ..."id round title tags body attachments kind meta points code place instead choices select parts answers".split(
    " ",
  ),
  ..."compare nudges hints opens closes speed decay firstSolves attempts solution".split(" "),
];
const PRIZE = "id title mode odds stock perTeam perPlayer per codes window requires".split(" ");
/** Of everything else: what a reader looks for first. */
const OTHERS = [
  ..."id mode kind ranking match at from to solved solvedIn points label title name text say".split(" "),
  ..."lat lng radius body image cost after since full none minimum solves atLeast of weight".split(" "),
];

const STEP: Record<string, readonly string[]> = { clues: CLUE, prizes: PRIZE };

/** The order of the keys of a map that stands there. */
function orderAt(path: Path): readonly string[] {
  if (path.length === 0) return HUNT;
  const [list, , ...deeper] = path;
  if (deeper.length === 0 && path.length === 2) return STEP[String(list)] ?? OTHERS;
  return OTHERS;
}

/** Where a new key goes: before the first one that comes after it; what is in no order, to the end. */
export function placeFor(map: YAMLMap, key: string, path: Path): number {
  const order = orderAt(path);
  const rank = order.indexOf(key);
  if (rank === -1) return map.items.length;
  const before = map.items.findIndex((pair) => order.indexOf(nameOf(pair)) > rank);
  return before === -1 ? map.items.length : before;
}

export const nameOf = (pair: Pair): string => String(isScalar(pair.key) ? pair.key.value : pair.key);

/** Characters on one line; infinite: it has several. */
function widthOf(node: unknown): number {
  if (isScalar(node)) {
    const text = String(node.value);
    return text.includes("\n") ? Number.POSITIVE_INFINITY : text.length + 2;
  }
  if (isMap(node)) {
    return node.items.reduce((sum, pair) => sum + nameOf(pair).length + 2 + widthOf(pair.value) + 2, 2);
  }
  if (isSeq(node)) return node.items.reduce<number>((sum, item) => sum + widthOf(item) + 2, 2);
  return 2;
}

/** Columns that an author's line may have grown to. */
const GROWN = 140;

/** Whether what stood on one line should no longer: a text of several lines cannot. */
export const isTooLong = (node: unknown): boolean => widthOf(node) > GROWN;

const hasComments = (node: unknown): boolean => {
  if (!isCollection(node)) return isScalar(node) && Boolean(node.comment ?? node.commentBefore);
  if (node.comment || node.commentBefore) return true;
  return node.items.some((item) =>
    isCollection(node) && isMap(node)
      ? hasComments((item as Pair).key) || hasComments((item as Pair).value)
      : hasComments(item),
  );
};

/** Whether a collection stands on one line. `path`: of it. */
function isFlow(node: YAMLMap | YAMLSeq, path: Path): boolean {
  if (node.items.length === 0) return true;
  if (path.length === 0 || hasComments(node)) return false;
  if (path.length === 1 && ["clues", "prizes", "rounds", "brackets", "pages"].includes(String(path[0]))) {
    return false;
  }
  if (path[0] === "clues" && path.length === 2) return false;
  if (isSeq(node)) {
    if (node.items.some((item) => isMap(item) && !isCondition(path))) return false;
    return widthOf(node) <= WORDS;
  }
  const inList = typeof path.at(-1) === "number";
  // Entries of a list that say much are read key by key.
  if (inList && node.items.length > 6) return false;
  return widthOf(node) <= LINE - 2 * path.length;
}

/** The lists in conditions: `{ all: [ { solved: a }, { solved: b } ] }`. */
const isCondition = (path: Path): boolean =>
  path.some((step) => step === "opens" || step === "requires" || step === "closes");

/** Gives a new or changed collection, and all in it, its look. */
export function settle(node: unknown, path: Path, within = false): void {
  if (isScalar(node)) {
    settleText(node, within);
    return;
  }
  if (!isCollection(node)) return;
  const flow = within || isFlow(node as YAMLMap | YAMLSeq, path);
  node.flow = flow;
  if (isMap(node)) for (const pair of node.items) settle(pair.value, [...path, nameOf(pair)], flow);
  else if (isSeq(node))
    for (const [index, item] of node.items.entries()) settle(item, [...path, index], flow);
}

/** A text of several lines is a block, where blocks can be. */
function settleText(node: Scalar, within: boolean): void {
  if (typeof node.value !== "string") return;
  const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
  if (!within && node.value.includes("\n")) {
    if (!isBlock) node.type = Scalar.BLOCK_LITERAL;
    if (!node.value.endsWith("\n")) node.value = `${node.value}\n`;
  } else if (isBlock) {
    delete node.type;
    node.value = node.value.replace(/\n+$/, "");
  }
}

/** A node of a plain value, its keys in order; what is undefined is left out. */
export function written(document: Document, value: unknown, path: Path): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq(document.schema);
    list.items = value.map((item, index) => written(document, item, [...path, index]));
    return list;
  }
  if (typeof value === "object" && value !== null) {
    const map = new YAMLMap(document.schema);
    const order = orderAt(path);
    const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
    const keys = Object.entries(value).filter(([, held]) => held !== undefined);
    for (const [key, held] of keys.sort(([a], [b]) => rank(a) - rank(b))) {
      map.items.push(document.createPair(key, written(document, held, [...path, key])));
    }
    return map;
  }
  return new Scalar(value);
}

/** `{ a: b }` has blanks inside, as have lists of such; `[a, b]` has none. The package asks a tag for this, its types do not. */
export const withBlanks = (tags: Tags): Tags =>
  tags.map((tag) => {
    if (typeof tag !== "object" || !("collection" in tag) || tag.collection === undefined) return tag;
    const isList = tag.collection === "seq";
    const stringify = (node: YAMLSeq, context: StringifyContext, ...told: Told): string => {
      const isTight = isList && !node.items.some(isMap);
      return node.toString({ ...context, flowCollectionPadding: isTight ? "" : " " }, ...told);
    };
    return { ...tag, stringify } as unknown as CollectionTag;
  });

type StringifyContext = Parameters<YAMLSeq["toString"]>[0] & object;
type Told = [onComment?: () => void, onChompKeep?: () => void];
