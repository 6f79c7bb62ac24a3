/**
 * Accepted answers and near misses: the part of a clue that kinds solved by an
 * `answer` event share. Texts are compared by their digests only.
 */
import * as z from "zod";
import { isBroken, isLonger } from "../../contract/basics.ts";
import { ANSWER_MAX, CHOICES_JSON_MAX, CHOICES_MAX } from "../../contract/play.ts";
import type { Issue } from "../../errors.ts";
import type { CompareMode, PlayFact } from "../../protocol.ts";
import { slugSchema } from "../fields.ts";
import { isListMode, listText } from "../listed.ts";
import { DECOMPOSED_MAX, isBounded, normaliseAnswer } from "../normalise.ts";
import type { Report } from "../report.ts";
import { recordWrong, refuseTry } from "../turn.ts";
import type { CommandOf, DigestAnswer, Judge, SolvingEvent, Stored, Written } from "./kind.ts";

// The format's own limit (docs/hunt-format.md).
const ANSWERS_PER_CLUE_MAX = 1_000;
/** UTF-16 units, of which a character has two at most; `checkTexts` counts characters. */
const ANSWER_UNITS_MAX = 2 * ANSWER_MAX;
const SAY_MAX = 1_000;
const NUDGES_PER_CLUE_MAX = 200;

/** As a player's answer: white space around it does not count. */
const textSchema = z.string().trim().max(ANSWER_UNITS_MAX).meta({ maxLength: ANSWER_MAX });

/** A text, or the ids of choices that are picked together. */
const givenSchema = z.union([textSchema, z.array(slugSchema).min(1).max(CHOICES_MAX)]);

const nudgeSchema = z.strictObject({
  match: z
    .array(givenSchema)
    .min(1)
    .max(ANSWERS_PER_CLUE_MAX)
    .describe("Near misses, compared like the answers"),
  say: z.string().min(1).max(SAY_MAX).describe("What the team is told instead of incorrect"),
});

/** Accepted texts. */
export const givenAnswers = z.array(textSchema).min(1).max(ANSWERS_PER_CLUE_MAX);

export const textKeys = {
  answers: z
    .array(givenSchema)
    .min(1)
    .max(ANSWERS_PER_CLUE_MAX)
    .optional()
    .describe("Accepted answers, or the ids of the right choices; lists of these where several are picked"),
  compare: z
    .enum(["letters", "words", "exact", "number"])
    .default("letters")
    .describe("How an answer is compared"),
  nudges: z
    .array(nudgeSchema)
    .max(NUDGES_PER_CLUE_MAX)
    .default([])
    .describe("Replies to near misses; they cost no attempt"),
};

export interface Texts {
  compare: CompareMode;
  /** Digests of the accepted answers under `compare`. */
  digests: string[];
  nudges: { digests: string[]; say: string }[];
}

export const answerEvent: SolvingEvent<CommandOf<"answer">> = {
  type: "answer",
  called: "an answer",
  find: (_turn, command) => command.clue,
  // Engines before recorded the white space around an answer.
  isSame: (fact, command) => fact.clue === command.clue && fact.answer?.trim() === command.answer.trim(),
  again({ clue: about, event: id, answer }, { id: clue, compare, pepper }, digest) {
    if (about !== clue) return false;
    if (answer === undefined) return undefined;
    const text = normaliseAnswer(compare, answer);
    const digests = { [compare]: text === null ? null : digest(compare, text) };
    const listed = isListMode(compare) ? { listed: true as const } : {};
    return { id, type: "answer", clue, answer, ...listed, digests, pepper };
  },
};

type WrittenTexts = Pick<Written<typeof textKeys>, "answers" | "nudges">;

type Given = z.output<typeof givenSchema>;

/** An author's text, or the one that stands for a list of choices. */
export const writtenText = (given: Given): string => (typeof given === "string" ? given : listText(given));

/**
 * Reports texts that no player can send, and those that are nothing, given twice, or accepted and a near
 * miss at once, when `mode` compares them; and with `choices` those that are none of them, or lists of others.
 */
export function checkTexts(
  clue: WrittenTexts,
  mode: CompareMode,
  path: string,
  report: Report,
  choices?: ReadonlySet<string>,
): void {
  const accepted = new Set<string>();
  checkList(clue.answers ?? [], `${path}.answers`, "answer", accepted);
  const nudged = new Set<string>();
  for (const [index, { match }] of clue.nudges.entries())
    checkList(match, `${path}.nudges.${index}.match`, "nudge", nudged);

  /** Reports each text of a list once; `seen` are those before it. */
  function checkList(
    texts: readonly Given[],
    listPath: string,
    role: "answer" | "nudge",
    seen: Set<string>,
  ): void {
    for (const [index, given] of texts.entries()) {
      const at = `${listPath}.${index}`;
      const isList = typeof given !== "string";
      if (isList !== isListMode(mode)) {
        report({ path: at, ...whyOtherForm(isList, role) });
        continue;
      }
      const unsendable = whyUnsendable(given);
      if (unsendable !== undefined) {
        report({ path: at, ...unsendable });
        continue;
      }
      const text = writtenText(given);
      const normalised = normaliseAnswer(mode, text);
      if (normalised === null) {
        report({ path: at, code: `${role}-empty`, message: whyNothing(mode, text) });
        continue;
      }
      const unknown = choices && [given].flat().find((id) => !choices.has(id));
      if (unknown !== undefined) {
        report({ path: at, code: `${role}-no-choice`, message: `there is no choice "${unknown}"` });
      } else if (role === "nudge" && accepted.has(normalised)) {
        report({ path: at, code: "nudge-is-answer", message: "this is an accepted answer" });
      } else if (seen.has(normalised)) {
        const message = `compared by ${mode} this is the same as one before it`;
        report({ path: at, code: `${role}-duplicate`, message });
      }
      seen.add(normalised);
    }
  }
}

/** Why no event can carry the text, so that no player could ever give it; undefined: one can. */
function whyUnsendable(text: Given): Pick<Issue, "code" | "message"> | undefined {
  if (typeof text !== "string") {
    if (JSON.stringify(text).length <= CHOICES_JSON_MAX) return undefined;
    return { code: "cannot-be-given", message: "no event can carry so many choices with ids so long" };
  }
  if (isLonger(text, ANSWER_MAX)) {
    return { code: "too-large", message: `an answer has ${ANSWER_MAX} characters at most` };
  }
  if (!isBroken(text)) return undefined;
  const message =
    "no player can send this: an answer is one line of well-formed text without control characters";
  return { code: "cannot-be-given", message };
}

const whyOtherForm = (isList: boolean, role: "answer" | "nudge"): Pick<Issue, "code" | "message"> =>
  isList
    ? { code: `${role}-is-list`, message: "lists are for choice clues with `select: many` or `order`" }
    : { code: `${role}-no-list`, message: "where several choices are picked, this is a list of their ids" };

function whyNothing(mode: CompareMode, text: string): string {
  if (isListMode(mode)) return "this names a choice twice";
  if (!isBounded(mode, text)) {
    return `this has more than ${DECOMPOSED_MAX} characters when written out, or too many marks on one letter`;
  }
  return mode === "number" ? "this is no number" : `nothing of this remains when compared by ${mode}`;
}

/** The digests of the clue's texts as `mode` compares them. */
export function compileTexts(clue: WrittenTexts, mode: CompareMode, digest: DigestAnswer): Texts {
  const digestsOf = (texts: readonly Given[]): string[] =>
    texts.flatMap((text) => {
      const normalised = normaliseAnswer(mode, writtenText(text));
      return normalised === null ? [] : [digest(mode, normalised)];
    });
  return {
    compare: mode,
    digests: digestsOf(clue.answers ?? []),
    nudges: clue.nudges.map(({ match, say }) => ({ digests: digestsOf(match), say })),
  };
}

/** Why what was given cannot be an answer at all, so that it takes no try; undefined: it can. */
export type WhyUnfit = (given: CommandOf<"answer">, digest: string | null) => string | undefined;

/** Right, nearly right or wrong; a wrong answer takes a try, unless the team gave it before. `mark`: goes into the facts. */
export function prepareTexts(
  clue: Stored<Texts>,
  whyUnfit: WhyUnfit,
  mark: Pick<PlayFact, "instead"> = {},
): Judge<CommandOf<"answer">> {
  const accepted = new Set(clue.digests);
  const replies = new Map(clue.nudges.flatMap(({ digests, say }) => digests.map((digest) => [digest, say])));
  return {
    judge(turn, given) {
      // Before the answer is looked at: without a try left, the result must not be an oracle.
      const refused = refuseTry(turn, clue);
      if (refused) return refused;
      const digest = given.digests[clue.compare] ?? null;
      const unfit = whyUnfit(given, digest);
      if (unfit !== undefined) return turn.tell("invalid", { clue: clue.id, message: unfit });
      const text = { clue: clue.id, answer: given.answer, ...mark };
      if (digest !== null) {
        if (accepted.has(digest)) return turn.solve(text);
        const say = replies.get(digest);
        if (say !== undefined) return turn.record("nudge", { ...text, message: say });
      }
      return recordWrong(turn, clue, text, digest);
    },
  };
}
