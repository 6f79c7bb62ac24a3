/** What a change does to everybody's places: told beforehand, and of a regrade. */
import { z } from "zod";
import { amount, flag, id, mark, reason, slug, told, whole } from "./basics.ts";
import { announcementText } from "./running.ts";

/** Teams told at most. */
export const CHANGES_MAX = 500;

const place = z.strictObject({
  score: amount("The team's score", 250),
  rank: whole("Its place; absent: it has none", 3).exactOptional(),
});

const counts = z.strictObject({ before: whole("As it is", 12), after: whole("As it would be", 41) });

const effectsShape = {
  events: whole("Answers, scans and check-ins that were judged again", 4_711),
  teamsMoved: whole("Teams whose score or place differs, hidden and banned ones too", 2),
  changes: z
    .array(
      z.strictObject({
        team: id.describe("The team"),
        before: place.meta({ description: "As it is", examples: [{ score: 200, rank: 4 }] }),
        after: place.meta({ description: "As it would be", examples: [{ score: 250, rank: 3 }] }),
      }),
    )
    .meta({ description: "The largest move first, 500 at most", examples: [[]] }),
  clues: z
    .array(
      z.strictObject({
        clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
        solves: counts.meta({ description: "Teams that solved it", examples: [{ before: 12, after: 41 }] }),
      }),
    )
    .meta({ description: "Clues whose number of solves differs", examples: [[]] }),
  prizes: z
    .array(
      z.strictObject({
        prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
        eligible: counts.meta({
          description: "Teams that may claim it",
          examples: [{ before: 0, after: 2 }],
        }),
      }),
    )
    .meta({
      description: "Prizes for which the number of teams that may claim them differs",
      examples: [[]],
    }),
};

const EXAMPLE = {
  events: 4_711,
  teamsMoved: 1,
  changes: [
    { team: "weur-0-1a-x7k2qm4tvb", before: { score: 200, rank: 4 }, after: { score: 250, rank: 3 } },
  ],
  clues: [{ clue: "old-lamp", solves: { before: 12, after: 13 } }],
  prizes: [],
};

export const effects = z
  .strictObject(effectsShape)
  .meta({ id: "Effects", description: "What a change moves", examples: [EXAMPLE] });
export type Effects = z.infer<typeof effects>;

export const regradeBody = z
  .strictObject({
    dryRun: z.boolean().meta({ description: "true: only says what it would change", examples: [true] }),
    reason: reason.exactOptional(),
  })
  .meta({
    id: "Regrade",
    description: "Judge the log again by the present definition",
    examples: [{ dryRun: true }],
  });
export type RegradeBody = z.infer<typeof regradeBody>;

export const regraded = z
  .strictObject({
    ...effectsShape,
    id: id
      .meta({
        description: "By which it is undone; absent: nothing was changed",
        examples: ["7K2QM4TVBX9R3DEF"],
      })
      .exactOptional(),
  })
  .meta({
    id: "Regraded",
    description: "What the regrade moved",
    examples: [{ ...EXAMPLE, id: "7K2QM4TVBX9R3DEF" }],
  });
export type Regraded = z.infer<typeof regraded>;

export const regradeUndone = z
  .strictObject({ teams: whole("Teams that were changed back", 29) })
  .meta({ id: "RegradeUndone", description: "It is as before", examples: [{ teams: 29 }] });
export type RegradeUndone = z.infer<typeof regradeUndone>;

export const nudgeBody = z
  .strictObject({
    answer: told("The wrong answer, as somebody gave it", "lighthouse keeper").min(1).max(1_000),
    say: told("What a team is told for it instead of incorrect", "Close: who lives below the light?")
      .min(1)
      .max(1_000),
    tell: announcementText
      .describe("What the teams are told that gave it and have not solved the clue; absent: nothing")
      .exactOptional(),
    reason,
  })
  .meta({
    id: "SayToAnswer",
    description: "A nudge for a wrong answer",
    examples: [
      {
        answer: "lighthouse keeper",
        say: "Close: who lives below the light?",
        reason: "23 teams gave it",
      },
    ],
  });
export type NudgeBody = z.infer<typeof nudgeBody>;

export const nudged = z
  .strictObject({
    clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
    version: whole("The version that has the nudge; of a dry run the present one", 4),
    teams: z.array(id.describe("A team")).meta({
      description: "Who gave the answer and has not solved the clue, the last first, 500 at most",
      examples: [[]],
    }),
    total: whole("All of them", 23),
    effects: effects.describe("Of a dry run: what the new version would move").exactOptional(),
    failed: z
      .array(id.describe("A team"))
      .meta({ description: "Teams that have not got their tries back: ask again", examples: [[]] })
      .exactOptional(),
    announcement: id.meta({ description: "What they are told", examples: ["a-4kq0x"] }).exactOptional(),
  })
  .meta({
    id: "SaidToAnswer",
    description: "The nudge is published, those teams have their tries back and are told",
    examples: [{ clue: "old-lamp", version: 4, teams: [], total: 0, failed: [] }],
  });
export type Nudged = z.infer<typeof nudged>;

const dryRun = z
  .enum(["true", "false"])
  .default("false")
  .meta({ description: "true: only says what it would move", examples: ["true"] });

export const clueChangeQuery = z.strictObject({ dryRun });

export const withdrawClueBody = z
  .strictObject({
    void: z
      .literal(true)
      .meta({
        description: "Its solves give nothing, and conditions that ask for it hold for everybody",
        examples: [true],
      })
      .exactOptional(),
    reason,
  })
  .meta({
    id: "WithdrawClue",
    description: "Take a clue out of play",
    examples: [{ void: true, reason: "the lamp was stolen" }],
  });
export type WithdrawClueBody = z.infer<typeof withdrawClueBody>;

export const clueChanged = z
  .strictObject({
    clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
    withdrawn: flag("Nobody can act on it"),
    void: mark("It counts for nothing").exactOptional(),
    effects: effects.describe("What that moves"),
  })
  .meta({
    id: "ClueChanged",
    description: "The clue as it is now, or would be",
    examples: [{ clue: "old-lamp", withdrawn: true, void: true, effects: EXAMPLE }],
  });
export type ClueChanged = z.infer<typeof clueChanged>;
