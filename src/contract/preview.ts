/** A clue while it is written: as players will see it, and what a try would come to. */
import { z } from "zod";
import { amount, slug, told } from "./basics.ts";
import { definitionGiven } from "./definition.ts";
import { CLUE_EXAMPLE, clueView } from "./me.ts";
import { answerText, eventParts, outcome } from "./play.ts";

/** What a comparison passes over. */
export const FOLDS = [
  "case",
  "marks",
  "blanks",
  "punctuation",
  "signs",
  "digits",
  "invisible",
  "forms",
  "groups",
  "zeros",
] as const;
export type Fold = (typeof FOLDS)[number];

const mode = z.enum(["letters", "words", "exact", "number", "set", "sequence"]).meta({
  description: "How answers are compared; choices of which several are picked: as a set, or as a sequence",
  examples: ["letters"],
});

/** The author's texts told at most; of more, those that are the answer come first. */
export const COMPARED_MAX = 50;

export const previewBody = z
  .strictObject({
    definition: definitionGiven,
    clue: slug.meta({ description: "The clue to show", examples: ["old-lamp"] }),
    answer: answerText.describe("A try at an answer or choice clue").exactOptional(),
    choices: eventParts.answer.choices.describe("A try at a choice clue that takes several"),
    code: eventParts.scan.code.describe("A try at a scan clue").exactOptional(),
    position: eventParts.checkin.position.exactOptional(),
  })
  .refine(
    ({ answer, choices, code, position }) => [answer, choices, code, position].filter(Boolean).length < 2,
    { message: "one try at a time: answer, choices, code or position" },
  )
  .meta({
    id: "PreviewBody",
    description: "A definition that need not be published, a clue of it, and perhaps a try at that",
    examples: [{ definition: { title: "Harbour Nights" }, clue: "old-lamp", answer: "Light House" }],
  });

export type PreviewBody = z.infer<typeof previewBody>;

const compared = z
  .strictObject({
    mode,
    given: told("What of the answer counts; absent: nothing", "lighthouse").exactOptional(),
    folded: z.array(z.enum(FOLDS).meta({ description: "What was passed over", examples: ["case"] })).meta({
      description: "What of the answer does not count: without it, it is the same",
      examples: [["case", "blanks"]],
    }),
    texts: z
      .array(
        z.strictObject({
          text: told("As the author wrote it", "lighthouse"),
          role: z
            .enum(["answer", "nudge"])
            .meta({ description: "An accepted answer, or a near miss", examples: ["answer"] }),
          counts: told("What of it counts", "lighthouse"),
          matches: z.boolean().meta({ description: "It is the answer that was tried", examples: [true] }),
        }),
      )
      .meta({
        description: `The author's texts, ${COMPARED_MAX} at most, those that match first`,
        examples: [[]],
      }),
    otherwise: z
      .array(mode)
      .meta({ description: "Of a wrong answer: the modes in which it would be right", examples: [[]] }),
  })
  .meta({
    description: "Why",
    examples: [{ mode: "letters", given: "lighthouse", folded: ["case"], texts: [], otherwise: [] }],
  });
export type Compared = z.infer<typeof compared>;

export const preview = z
  .strictObject({
    clue: clueView.describe("The clue to a team that has just opened it; the texts of its hints are told"),
    verdict: z
      .strictObject({
        outcome,
        clue: slug
          .meta({ description: "The clue that it was about", examples: ["old-lamp"] })
          .exactOptional(),
        message: told("What the team is told", "Nearly: it has a light.").exactOptional(),
        points: amount("What it brings", 50).exactOptional(),
        distance: amount("How far it is from the place, metres", 12).exactOptional(),
        compared: compared.exactOptional(),
      })
      .meta({ description: "What the try came to, and why", examples: [{ outcome: "correct", points: 50 }] })
      .exactOptional(),
  })
  .meta({
    id: "Preview",
    description: "A clue as players will see it",
    examples: [{ clue: CLUE_EXAMPLE, verdict: { outcome: "correct", points: 50 } }],
  });
export type Preview = z.infer<typeof preview>;
