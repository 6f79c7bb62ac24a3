/** The flags of a challenge as the answers of a clue, as far as they can be said. */
import { randomBytes } from "node:crypto";
import { isBroken, isLonger } from "../../../src/contract/basics.ts";
import { ANSWER_MAX } from "../../../src/contract/play.ts";
import { normaliseAnswer } from "../../../src/hunt/normalise.ts";
import { finitePattern } from "./finite-pattern.ts";
import type { Challenge, Flag } from "./source.ts";

/** The format's own limit. */
const ANSWERS_MAX = 1_000;
/** Characters of an expression that a finding has. */
const EXPRESSION_TOLD = 300;

export interface Answers {
  answers: string[];
  compare: "exact" | "words";
  /** Why what counted there cannot be said here; empty: it can. */
  unsaid: string[];
  /** What counts here and did not there, or is said otherwise. */
  changed: string[];
  /** The only answer is one that nobody can know. */
  isUnknown: boolean;
}

/** Whether a player can give the text at all. */
export const canBeGiven = (text: string): boolean =>
  text !== "" && !isLonger(text, ANSWER_MAX) && !isBroken(text);

export function answersOf({ flags, logic, rightTexts }: Challenge): Answers {
  const unsaid: string[] = [];
  const changed: string[] = [];
  const found: { text: string; anyCase: boolean }[] = [];
  for (const flag of flags) {
    const read = textsOf(flag);
    if ("unsaid" in read) unsaid.push(read.unsaid);
    else {
      found.push(...read.texts.map((text) => ({ text, anyCase: read.anyCase })));
      if (read.note !== undefined) changed.push(read.note);
    }
  }
  if (flags.length === 0) unsaid.push("it has no flag");
  if (flags.length > 1 && logic === "all")
    unsaid.push("all of its flags must be given, and here one is enough");
  if (logic === "team") unsaid.push("every member of a team must give a flag, and here one member is enough");
  if (!["any", "all", "team"].includes(logic)) unsaid.push(`its flags count by the logic "${logic}"`);
  if (unsaid.length > 0) found.push(...known(rightTexts, unsaid, changed));

  const compare = found.some(({ anyCase }) => anyCase) ? "words" : "exact";
  if (compare === "words") {
    changed.push(
      found.every(({ anyCase }) => anyCase)
        ? "its flags count in any case; here spaces in a row and the kinds of quotes and dashes do not count either"
        : "some of its flags count in any case: here all of them do",
    );
  }
  const answers = distinct(compare, found);
  if (answers.length > ANSWERS_MAX) {
    unsaid.push(`it has ${answers.length} texts that count, and a clue has ${ANSWERS_MAX} answers at most`);
  }
  const isUnknown = answers.length === 0;
  return {
    answers: isUnknown ? [`to be written ${randomBytes(16).toString("hex")}`] : answers.slice(0, ANSWERS_MAX),
    compare,
    unsaid,
    changed,
    isUnknown,
  };
}

type Read = { texts: string[]; anyCase: boolean; note?: string } | { unsaid: string };

function textsOf({ type, text, anyCase }: Flag): Read {
  if (type === "static") {
    const trimmed = text.trim();
    return canBeGiven(trimmed)
      ? { texts: [trimmed], anyCase }
      : { unsaid: "a flag is no line of 1 to 500 characters that a player could give" };
  }
  if (type !== "regex") return { unsaid: `a flag is of the kind "${type}", which a plugin judges` };
  const pattern = finitePattern(text);
  if (!pattern?.texts.every((each) => canBeGiven(each.trim()))) {
    return { unsaid: `a flag is the regular expression ${shown(text)}` };
  }
  const texts = pattern.texts.map((each) => each.trim());
  return {
    texts,
    anyCase: anyCase || pattern.anyCase,
    note: `the regular expression ${shown(text)} is said as ${texts.length === 1 ? "the one text" : `the ${texts.length} texts`} that it stands for`,
  };
}

/** As a finding tells it. */
const shown = (expression: string): string =>
  expression.length > EXPRESSION_TOLD ? `${expression.slice(0, EXPRESSION_TOLD)}…` : expression;

/** What players gave and what counted: not all that would, but so that what they did can be replayed. */
function known(
  rightTexts: readonly string[],
  unsaid: readonly string[],
  changed: string[],
): { text: string; anyCase: false }[] {
  const texts = rightTexts.map((text) => text.trim()).filter(canBeGiven);
  if (texts.length > 0 && unsaid.length > 0) {
    changed.push(
      `its answers are also the ${texts.length === 1 ? "one text" : `${texts.length} texts`} that players solved it with`,
    );
  }
  return texts.map((text) => ({ text, anyCase: false }));
}

function distinct(compare: "exact" | "words", found: readonly { text: string }[]): string[] {
  const seen = new Map<string, string>();
  for (const { text } of found) {
    const normalised = normaliseAnswer(compare, text);
    if (normalised !== null && !seen.has(normalised)) seen.set(normalised, text);
  }
  return [...seen.values()];
}
