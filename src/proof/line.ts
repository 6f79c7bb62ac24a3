/**
 * A fact as a line of the export, and as the leaf of a tree: the same bytes
 * without the member `person`, which is the last one, so that whoever has the
 * line cuts it off. Roots are made from these texts: of a fact that there is,
 * no byte may ever change.
 */
import type { Exported } from "../people/personal.ts";
import type { Fact } from "../protocol.ts";

/** A line of the export without its end. */
export function exportText(shard: string, { person, ...fact }: Exported): string {
  const text = leafText(shard, fact);
  return person === undefined ? text : `${text.slice(0, -1)},"person":${JSON.stringify(person)}}`;
}

/**
 * The line without what is personal. The digests of a scanned code and of a wrong
 * text are of no use outside, nor is the key of a joining or of a void. Any other event's id stands last.
 */
export function leafText(shard: string, fact: Fact): string {
  const left = {
    event: undefined,
    codeDigest: undefined,
    codeEnds: undefined,
    wrongText: undefined,
    key: undefined,
  };
  // One copy and one text, because every fact is hashed.
  const text = JSON.stringify({ shard, ...fact, at: new Date(fact.at).toISOString(), ...left });
  if (fact.type === "join" || !("event" in fact) || fact.event === undefined) return text;
  return `${text.slice(0, -1)},"event":${JSON.stringify(fact.event)}}`;
}

/** Between two facts of a segment. No string has it: the quotes in one have a backslash before them. */
const BETWEEN = '},{"seq":';

/** The members that `leafText` leaves out or moves, as they begin after the first one. */
const AT = ',"at":';
const LEFT_OUT = [',"codeDigest":"', ',"codeEnds":"', ',"wrongText":"', ',"key":"'];
const EVENT = ',"event":"';

/**
 * `leafText` of each fact of a segment's body, in order. Every fact is hashed, so the texts of
 * plain ones are cut out of the body: parsing them and writing them anew costs three times as much.
 */
export function* leafTextsIn(shard: string, body: string): Generator<string> {
  const head = `{"shard":${JSON.stringify(shard)},"seq":`;
  for (let from = '{"seq":'.length; ; ) {
    const end = body.indexOf(BETWEEN, from);
    const rest = body.slice(from, end < 0 ? body.length - 1 : end);
    yield plainLeafText(head, rest) ?? leafText(shard, JSON.parse(`{"seq":${rest}}`) as Fact);
    if (end < 0) return;
    from = end + BETWEEN.length;
  }
}

/**
 * `rest`: a logged fact from the value of `seq` on, without its last brace. Undefined unless it is
 * flat and no string in it needs a backslash: then what begins like a member is that member.
 */
function plainLeafText(head: string, rest: string): string | undefined {
  if (rest.includes("\\") || rest.includes("{") || rest.includes(JOIN)) return undefined;
  const at = rest.indexOf(AT);
  const digits = at + AT.length;
  let end = rest.indexOf(",", digits);
  if (end < 0) end = rest.length;
  if (at < 0) return undefined;
  let text = `${rest.slice(0, digits)}"${isoOf(rest.slice(digits, end))}"${rest.slice(end)}`;
  for (const member of LEFT_OUT) text = without(text, member).text;
  const { text: eventless, value } = without(text, EVENT);
  return value === undefined ? `${head}${text}}` : `${head}${eventless}${EVENT}${value}"}`;
}

const JOIN = ',"type":"join"';

/** The text without this member, whose value is a string. */
function without(text: string, member: string): { text: string; value?: string } {
  const at = text.indexOf(member);
  if (at < 0) return { text };
  const from = at + member.length;
  const end = text.indexOf('"', from);
  return { text: text.slice(0, at) + text.slice(end + 1), value: text.slice(from, end) };
}

/** Facts of one commit have one time. */
let latest = { digits: "", iso: "" };

function isoOf(digits: string): string {
  if (latest.digits !== digits) latest = { digits, iso: new Date(Number(digits)).toISOString() };
  return latest.iso;
}

const PERSON = ',"person":';

/** A line of an export in its parts, to the byte: as a leaf, and the JSON text of `person`. */
export function partsOfLine(line: string): { leaf: string; person?: string } {
  // In the text of a JSON string its quotes have a backslash before them, so this stands for the member alone.
  const at = line.lastIndexOf(PERSON);
  if (at < 0) return { leaf: line };
  return { leaf: `${line.slice(0, at)}}`, person: line.slice(at + PERSON.length, -1) };
}
