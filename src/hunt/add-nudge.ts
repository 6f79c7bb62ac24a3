/**
 * A nudge written into a definition's own text, whose every other character stays: comments, order, the way it is
 * written. PURE.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isSeq,
  type Node,
  parse,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { listIn } from "./listed.ts";

export interface NewNudge {
  clue: string;
  /** The near miss. */
  answer: string;
  /** What the team is told instead of incorrect. */
  say: string;
}

interface WrittenClue {
  id?: unknown;
  select?: unknown;
  nudges?: { match: (string | string[])[]; say: string }[];
}

/** The near miss as the clue writes such: where several choices are picked, it is a list of them. */
const entryFor = (select: unknown, answer: string): string | string[] =>
  select === "many" || select === "order" ? listIn(answer) : answer;

/** The text with the nudge; undefined: nothing can be put into it so, or it has no such clue. `source` must be sound. */
export function addNudge(source: string, format: "json" | "yaml", nudge: NewNudge): string | undefined {
  return format === "json" ? addToJson(source, nudge) : addToYaml(source, nudge);
}

function addToJson(source: string, nudge: NewNudge): string | undefined {
  const definition: unknown = JSON.parse(source);
  return withNudge(definition, nudge) ? JSON.stringify(definition, null, 2) : undefined;
}

/** Puts it into the definition; false: it has no such clue. Words that are said already are said to one answer more. */
function withNudge(definition: unknown, { clue: id, answer, say }: NewNudge): boolean {
  const clue = (definition as { clues?: WrittenClue[] }).clues?.find((each) => each.id === id);
  if (!clue) return false;
  const at = clue.nudges?.findIndex((each) => each.say === say) ?? -1;
  // An alias in YAML may share them with another clue.
  const nudges = (clue.nudges ?? []).map((each) => ({ ...each, match: [...each.match] }));
  const entry = entryFor(clue.select, answer);
  if (at < 0) nudges.push({ match: [entry], say });
  else nudges[at]?.match.push(entry);
  clue.nudges = nudges;
  return true;
}

function addToYaml(source: string, nudge: NewNudge): string | undefined {
  const document = parseDocument(source, { schema: "core", resolveKnownTags: false });
  if (document.errors.length > 0) return undefined;
  const clues = document.get("clues");
  const clue = isSeq(clues)
    ? clues.items.find((each): each is YAMLMap => isMap(each) && each.get("id") === nudge.clue)
    : undefined;
  if (!clue) return undefined;
  const wanted: unknown = JSON.parse(JSON.stringify(document.toJS()));
  withNudge(wanted, nudge);
  const spliced = spliceInto(source, clue, nudge);
  if (spliced !== undefined && isSame(spliced, wanted)) return spliced;
  // Written in a way that no line can be put into, by an alias for example.
  const rewritten = rewrite(document, wanted as { clues: WrittenClue[] }, nudge.clue);
  return rewritten !== undefined && isSame(rewritten, wanted) ? rewritten : undefined;
}

function isSame(text: string, wanted: unknown): boolean {
  try {
    const read: unknown = parse(text, { schema: "core", resolveKnownTags: false });
    return JSON.stringify(read) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

/** The clue's nudges are written anew, and those of clues that shared any. */
function rewrite(document: Document, wanted: { clues: WrittenClue[] }, id: string): string | undefined {
  const clues = document.get("clues");
  for (const clue of isSeq(clues) ? clues.items : []) {
    if (!isMap(clue) || !(clue.get("id") === id || isAlias(clue.get("nudges", true)))) continue;
    const own = wanted.clues.find((each) => each.id === clue.get("id"));
    clue.set("nudges", document.createNode(own?.nudges ?? []));
  }
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    // Something else shares them.
    return undefined;
  }
}

/** JSON is YAML, as long as it stays on one line. */
const written = (match: string, say: string): string => `{ match: [${match}], say: ${JSON.stringify(say)} }`;

function spliceInto(source: string, clue: YAMLMap, nudge: NewNudge): string | undefined {
  const nudges: unknown = clue.get("nudges", true);
  if (isAlias(nudges)) return undefined;
  const entry = JSON.stringify(entryFor(clue.get("select"), nudge.answer));
  const whole = written(entry, nudge.say);
  if (!isSeq(nudges)) return addPair(source, clue, `nudges: [${whole}]`);
  const said = nudges.items.find((each): each is YAMLMap => isMap(each) && each.get("say") === nudge.say);
  const match: unknown = said?.get("match", true);
  return isSeq(match) ? addItem(source, match, entry) : addItem(source, nudges, whole);
}

function addItem(source: string, list: YAMLSeq, item: string): string | undefined {
  if (list.flow) return intoBrackets(source, list, item);
  const last = list.items.at(-1) as Node | undefined;
  const first = list.range?.[0];
  if (!last || first === undefined) return undefined;
  return insertLine(source, last, `${indentOf(source, first)}- ${item}`);
}

function addPair(source: string, map: YAMLMap, pair: string): string | undefined {
  if (map.flow) return intoBrackets(source, map, pair);
  const last = map.items.at(-1);
  const first = map.range?.[0];
  const value = isPair(last) ? ((last.value ?? last.key) as Node) : undefined;
  if (!value || first === undefined) return undefined;
  return insertLine(source, value, `${indentOf(source, first)}${pair}`);
}

/** Blanks up to the column of what is there. */
const indentOf = (source: string, at: number): string =>
  " ".repeat(at - (source.lastIndexOf("\n", at - 1) + 1));

/** Before the bracket that ends the list or map. */
function intoBrackets(source: string, of: YAMLSeq | YAMLMap, text: string): string | undefined {
  const end = of.range?.[1];
  if (end === undefined) return undefined;
  const bracket = end - 1;
  const before = source.slice(0, bracket);
  const kept = before.trimEnd();
  if (kept.length < bracket && before.slice(kept.length).includes("\n")) return undefined;
  const comma = of.items.length === 0 || kept.endsWith(",") ? "" : ",";
  return `${kept}${comma} ${text}${before.slice(kept.length)}${source.slice(bracket)}`;
}

/** Behind the line on which the node ends. */
function insertLine(source: string, { range }: Node, line: string): string | undefined {
  const end = range?.[1];
  if (end === undefined) return undefined;
  // A text of several lines ends with its last line's end.
  const isEnded = source[end - 1] === "\n";
  const at = isEnded ? end : source.indexOf("\n", end);
  if (at < 0) return `${source}\n${line}\n`;
  return isEnded
    ? `${source.slice(0, at)}${line}\n${source.slice(at)}`
    : `${source.slice(0, at)}\n${line}${source.slice(at)}`;
}
