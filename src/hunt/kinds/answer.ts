/** The kind `answer`: solved by a text that is one of the accepted answers. */
import { answersInTexts } from "./answers-in-texts.ts";
import type { CommandOf, Kind } from "./kind.ts";
import {
  answerEvent,
  checkTexts,
  compileTexts,
  prepareTexts,
  type Texts,
  textKeys,
  writtenText,
} from "./texts.ts";

export const answer: Kind<CommandOf<"answer">, typeof textKeys, Texts> = {
  event: answerEvent,
  keys: textKeys,
  needs: ["answers"],
  check: (clue, path, report) => checkTexts(clue, clue.compare, path, report),
  lint: ({ answers = [], compare, title, body }, path) =>
    answersInTexts(compare, answers.map(writtenText), [
      { path: `${path}.title`, text: title },
      { path: `${path}.body`, text: body },
    ]),
  compile: (clue, digest) => compileTexts(clue, clue.compare, digest),
  prepare: (clue) =>
    prepareTexts(clue, ({ listed }, digest) => {
      if (listed) return "this clue takes no choices";
      return clue.compare === "number" && digest === null ? "this clue asks for a number" : undefined;
    }),
};
