/** A definition as YAML that reads as if somebody had written it: one clue below the other, short lists on their line. */
import { Document, isMap, isScalar, isSeq, type Node, type Pair, Scalar, type YAMLMap } from "yaml";

/** Columns. What is longer gets lines of its own. */
const LINE = 100;

export interface DefinitionText {
  value: Record<string, unknown>;
  /** Comments behind keys of the definition. */
  comments: Readonly<Record<string, string | undefined>>;
  /** A comment above each clue that needs one. */
  clueComments: readonly (string | undefined)[];
}

export function writeDefinition({ value, comments, clueComments }: DefinitionText): string {
  const document = new Document(value, { schema: "core", aliasDuplicateObjects: false });
  const root = document.contents as YAMLMap;
  style(root as Node);
  for (const pair of root.items as Pair<Scalar, Node>[]) {
    const name = String(pair.key.value);
    const comment = comments[name];
    if (comment !== undefined && pair.value) pair.value.comment = ` ${comment}`;
    // Their items are below each other, however short they are.
    if (["rounds", "clues", "pages", "brackets"].includes(name) && isSeq(pair.value)) pair.value.flow = false;
    if (name === "clues" && isSeq(pair.value)) {
      for (const [index, clue] of pair.value.items.entries()) {
        if (!isMap(clue)) continue;
        clue.flow = false;
        if (index > 0) clue.spaceBefore = true;
        const about = clueComments[index];
        if (about !== undefined) clue.commentBefore = ` ${about}`;
        for (const part of clue.items as Pair<Scalar, Node>[]) {
          if (String(part.key.value) === "answers" && isSeq(part.value)) {
            for (const answer of part.value.items) if (isScalar(answer)) answer.type = Scalar.QUOTE_DOUBLE;
          }
          if (String(part.key.value) === "hints" && isSeq(part.value)) part.value.flow = false;
        }
      }
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true, indentSeq: true });
}

/** Short lists and maps on one line, texts of several lines as blocks. */
function style(node: Node | null): void {
  if (isScalar(node)) {
    if (typeof node.value === "string" && node.value.includes("\n")) node.type = Scalar.BLOCK_LITERAL;
    return;
  }
  if (isSeq(node)) for (const item of node.items) style(item as Node);
  else if (isMap(node)) for (const pair of node.items) style(pair.value as Node | null);
  else return;
  node.flow = widthOf(node) <= LINE;
}

/** Characters on one line; infinite: it has several. */
function widthOf(node: unknown): number {
  if (isScalar(node)) {
    const text = String(node.value);
    return text.includes("\n") ? Number.POSITIVE_INFINITY : text.length + 2;
  }
  if (isMap(node)) {
    return node.items.reduce(
      (sum, pair) => sum + String((pair.key as Scalar).value).length + 4 + widthOf(pair.value),
      2,
    );
  }
  if (isSeq(node)) return node.items.reduce<number>((sum, item) => sum + widthOf(item) + 2, 2);
  return 2;
}
