/**
 * Another way to solve a clue, for who cannot go there or scan: a question beside it. Kinds that share the key
 * `instead` share this. Whoever answers it right has solved the clue as everybody else, and the fact says how.
 */
import * as z from "zod";
import type { Issue } from "../../errors.ts";
import type { CompareMode } from "../../protocol.ts";
import { pictureSchema } from "../fields.ts";
import type { Report } from "../report.ts";
import { answersInTexts } from "./answers-in-texts.ts";
import type { CommandOf, DigestAnswer, Judge, Stored, Written } from "./kind.ts";
import { checkTexts, compileTexts, givenAnswers, prepareTexts } from "./texts.ts";

/** Characters of the question. It is in every look at the clue. */
const TEXT_MAX = 2_000;

/** How its answers are compared: the format names no other. */
const MODE = "letters";

export const insteadKeys = {
  instead: z
    .strictObject({
      text: z.string().min(1).max(TEXT_MAX).describe("What is asked, Markdown"),
      answers: givenAnswers.describe("Accepted answers, compared by letters"),
      photo: pictureSchema.optional().describe("A picture beside the question"),
    })
    .optional()
    .describe("Another way, for who cannot go there or scan: a question"),
};

/** What is stored of it. */
export interface InsteadPart {
  instead?: { text: string; photo?: string; digests: string[] };
  compare?: CompareMode;
}

/** What players see of it. */
export interface InsteadView {
  instead?: { text: string; photo?: string };
}

type WrittenInstead = Written<typeof insteadKeys>;

const textsOf = ({ instead }: WrittenInstead) => ({ answers: instead?.answers ?? [], nudges: [] });

export const checkInstead = (clue: WrittenInstead, path: string, report: Report): void =>
  checkTexts(textsOf(clue), MODE, `${path}.instead`, report);

export function compileInstead(clue: WrittenInstead, digest: DigestAnswer): InsteadPart {
  if (!clue.instead) return {};
  const { text, photo } = clue.instead;
  const { digests } = compileTexts(textsOf(clue), MODE, digest);
  return { compare: MODE, instead: { text, ...(photo === undefined ? {} : { photo }), digests } };
}

export function viewInstead({ instead }: InsteadPart): InsteadView {
  if (!instead) return {};
  const { text, photo } = instead;
  return { instead: { text, ...(photo === undefined ? {} : { photo }) } };
}

/** An answer in what players read of the clue. */
export const lintInstead = (clue: WrittenInstead, path: string): Issue[] =>
  answersInTexts(MODE, textsOf(clue).answers.map(String), [
    { path: `${path}.title`, text: clue.title },
    { path: `${path}.body`, text: clue.body },
    { path: `${path}.instead.text`, text: clue.instead?.text ?? "" },
  ]);

/** Decides on answers to it; undefined: the clue has none. */
export function prepareInstead({
  id,
  attempts,
  instead,
}: Stored<InsteadPart>): Judge<CommandOf<"answer">> | undefined {
  if (!instead) return undefined;
  return prepareTexts(
    { id, attempts, compare: MODE, digests: instead.digests, nudges: [] },
    ({ listed }) => (listed ? "this clue takes no choices" : undefined),
    { instead: true },
  );
}
