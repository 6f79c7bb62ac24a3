/** What teams type: a team's own guesses, all facts for organisers, the wrong answers of a clue. */
import { z } from "zod";
import {
  cursorGiven,
  id,
  mark,
  nextCursor,
  playerId,
  reason,
  slug,
  time,
  told,
  whole,
  wholeInQuery,
} from "./basics.ts";
import { exportLine } from "./export.ts";
import { RECORDED } from "./play.ts";

/** Guesses, facts and answers in one response at most. */
export const GUESSES_MAX = 200;

export const GUESS_TYPES = ["answer", "scan", "checkin", "solve"] as const;

export const guess = z
  .strictObject({
    seq: whole("Its number in the shard's log", 4_711),
    at: time.describe("When it was recorded"),
    player: z
      .strictObject({ id: playerId("The player"), name: told("Its name", "Ada") })
      .meta({
        description: "Who tried; absent: an organiser counted it",
        examples: [{ id: "p-3k9x", name: "Ada" }],
      })
      .exactOptional(),
    type: z
      .enum(GUESS_TYPES)
      .meta({ description: "How; `solve`: counted by an organiser's hand", examples: ["answer"] }),
    answer: told("The answer, as it was given; of a choice clue the choice's id", "moon").exactOptional(),
    outcome: z.enum(RECORDED).meta({ description: "What it came to", examples: ["incorrect"] }),
    message: told("The author's words", "Close! Think of ships.").exactOptional(),
  })
  .meta({
    id: "Guess",
    description: "A try at a clue",
    examples: [
      { seq: 4_711, at: "2026-06-06T18:30:00.000Z", type: "answer", answer: "moon", outcome: "incorrect" },
    ],
  });
export type Guess = z.infer<typeof guess>;

export const guessesQuery = z.strictObject({
  limit: wholeInQuery("Guesses in a page", { min: 1, max: GUESSES_MAX, default: 50 }),
  before: z.coerce
    .number()
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .meta({ description: "A `seq`: the page has those before it", examples: [4_711] })
    .exactOptional(),
});

export const guesses = z
  .strictObject({
    guesses: z.array(guess).meta({ description: "The newest first", examples: [[]] }),
    before: whole("Older ones may follow: ask with this; absent: that was all", 4_650).exactOptional(),
  })
  .meta({
    id: "Guesses",
    description: "What the team tried at the clue",
    examples: [{ guesses: [] }],
  });
export type Guesses = z.infer<typeof guesses>;

/** Every type that a line of the export has, but for gaps. */
const FACT_TYPES = exportLine.options
  .flatMap(({ shape: { type } }) => [...("values" in type ? type.values : type.options)] as string[])
  .filter((type) => type !== "gap");

export const factsQuery = z.strictObject({
  team: id.describe("Only of this team").exactOptional(),
  clue: slug.meta({ description: "Only about this clue", examples: ["old-lamp"] }).exactOptional(),
  player: id.meta({ description: "Only of this player", examples: ["p-3k9x0q2m4t7v"] }).exactOptional(),
  type: z
    .enum(FACT_TYPES)
    .meta({ description: "Only of this type", examples: ["answer"] })
    .exactOptional(),
  outcome: z
    .enum(RECORDED)
    .meta({ description: "Only with this outcome", examples: ["incorrect"] })
    .exactOptional(),
  limit: wholeInQuery("Facts in a page", { min: 1, max: GUESSES_MAX, default: 50 }),
  cursor: cursorGiven(/^[a-z0-9.~-]{1,12000}$/, "weur-0.3n3").exactOptional(),
});

export const facts = z
  .strictObject({
    facts: z.array(exportLine).meta({
      description:
        "The newest first. Without the role to see persons: no names, join codes, positions and accepted answers",
      examples: [[]],
    }),
    teams: z
      .array(z.strictObject({ id: id.describe("The team"), name: told("Its name", "Night Owls") }))
      .meta({ description: "The teams of these facts", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({
    id: "Facts",
    description: "What happened; a page may have few or none and a cursor: go on with that",
    examples: [{ facts: [], teams: [] }],
  });
export type Facts = z.infer<typeof facts>;

export const wrongQuery = z.strictObject({
  limit: wholeInQuery("Answers told", { min: 1, max: GUESSES_MAX, default: 50 }),
});

export const wrongAnswer = z
  .strictObject({
    answer: told("As it was given most often", "lighthouse keeper"),
    teams: whole("Teams that gave it", 23),
    count: whole("How often it was given", 31),
    first: time.describe("When it was given first"),
    last: time.describe("And last"),
    nudge: mark("The author's words are told for it").exactOptional(),
  })
  .meta({
    description: "A wrong answer",
    examples: [
      {
        answer: "lighthouse keeper",
        teams: 23,
        count: 31,
        first: "2026-06-06T18:30:00.000Z",
        last: "2026-06-06T19:05:00.000Z",
      },
    ],
  });

export const wrongAnswers = z
  .strictObject({
    answers: z.array(wrongAnswer).meta({ description: "Those of most teams first", examples: [[]] }),
  })
  .meta({
    id: "WrongAnswers",
    description: "What teams answer wrongly; what the clue compares as equal is one answer",
    examples: [{ answers: [] }],
  });
export type WrongAnswers = z.infer<typeof wrongAnswers>;

export const viewBody = z.strictObject({ reason }).meta({
  id: "ViewAsTeam",
  description: "Why",
  examples: [{ reason: "they say that a picture is missing" }],
});

export const viewToken = z
  .strictObject({
    token: told("Reads `/me` and guesses as the team", "eyJhbGciOiJIUzI1NiIs…"),
    expiresAt: time.describe("Ten minutes from now"),
  })
  .meta({
    id: "ViewToken",
    description: "A token that only looks",
    examples: [{ token: "eyJhbGciOiJIUzI1NiIs…", expiresAt: "2026-06-06T18:40:00.000Z" }],
  });
export type ViewToken = z.infer<typeof viewToken>;
