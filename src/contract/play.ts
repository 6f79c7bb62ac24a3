/** Playing: a player's events, and what each came to. The same over HTTP and over the live socket. */
import { z } from "zod";
import { amount, eventId, line, mark, position, slug, time, timeGiven, told, whole } from "./basics.ts";
import { CODE_UNITS_MAX, readingsOf, SCANNED_MAX } from "./scanned.ts";

/** Most events in one request, in one frame, and in one call on a shard. */
export const EVENTS_MAX = 100;

/** Longest answer, an author's or a player's, characters (code points) once white space around it is cut. */
export const ANSWER_MAX = 500;

/** Whether the text, or a code that it carries, is short enough to be a clue's. */
function isScannable(text: string): boolean {
  return readingsOf(text).some((reading) => reading.length <= CODE_UNITS_MAX);
}

const clue = slug.meta({ description: "The clue", examples: ["old-lamp"] });

/** The parts of events that import lines have as well. */
export const eventParts = {
  answer: {
    type: z.literal("answer").meta({ description: "An answer", examples: ["answer"] }),
    clue,
    answer: line(ANSWER_MAX).meta({
      description: `The text, ${ANSWER_MAX} characters at most; of a choice clue the choice's id`,
      // JSON Schema counts code points.
      maxLength: ANSWER_MAX,
      examples: ["lighthouse"],
    }),
  },
  scan: {
    type: z.literal("scan").meta({ description: "A scanned code", examples: ["scan"] }),
    code: line(SCANNED_MAX)
      .refine(isScannable, {
        message: `must be a code of ${CODE_UNITS_MAX} characters at most, or its address`,
      })
      .meta({
        description: "What the QR code carries, or what is printed beside it; the clue follows from it",
        maxLength: SCANNED_MAX,
        examples: ["7K2Q-M4TV-BX9R"],
      }),
  },
  checkin: {
    type: z.literal("checkin").meta({ description: "A check-in", examples: ["checkin"] }),
    clue,
    position,
  },
  hint: {
    type: z.literal("hint").meta({ description: "A hint is taken", examples: ["hint"] }),
    clue,
    hint: slug.meta({ description: "The hint", examples: ["h1"] }),
  },
  claim: {
    type: z.literal("claim").meta({ description: "A prize is claimed", examples: ["claim"] }),
    prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
  },
  start: {
    type: z.literal("start").meta({
      description: "The team's own time begins, for all its members, where each team has a clock of its own",
      examples: ["start"],
    }),
  },
};

const head = {
  id: eventId,
  at: timeGiven
    .describe(
      "The client's clock, recorded as evidence. It decides only how long a journey between two places may have taken",
    )
    .exactOptional(),
};

export const playerEvent = z
  .discriminatedUnion("type", [
    z.object({ ...head, ...eventParts.answer }),
    z.object({ ...head, ...eventParts.scan }),
    z.object({ ...head, ...eventParts.checkin }),
    z.object({ ...head, ...eventParts.hint }),
    z.object({ ...head, ...eventParts.claim }),
    z.object({ ...head, ...eventParts.start }),
  ])
  .meta({
    id: "Event",
    description: "What a player does. 4 KiB of JSON at most.",
    examples: [{ id: "e1", type: "answer", clue: "old-lamp", answer: "lighthouse" }],
  });
export type PlayerEvent = z.infer<typeof playerEvent>;

/**
 * What is checked of a request before its events: each event is then checked
 * by itself, so that one bad event spoils no other.
 */
export const eventsEnvelope = z.object({ events: z.array(z.unknown()).min(1).max(EVENTS_MAX) });

/** The request as it should be. */
export const eventsBody = z
  .object({
    events: z
      .array(playerEvent)
      .min(1)
      .max(EVENTS_MAX)
      .meta({
        description: `1 to ${EVENTS_MAX} events; a malformed one is answered \`invalid\` alone`,
        examples: [[{ id: "e1", type: "answer", clue: "old-lamp", answer: "lighthouse" }]],
      }),
  })
  .meta({
    id: "Events",
    description: "Events of one player, in order",
    examples: [{ events: [{ id: "e1", type: "answer", clue: "old-lamp", answer: "lighthouse" }] }],
  });
export type EventsBody = z.infer<typeof eventsBody>;

/** Outcomes the log keeps; a result with one of these carries `seq`. */
export const RECORDED = [
  "correct",
  "nudge",
  "incorrect",
  "out_of_range",
  "implausible",
  "unknown_code",
  "taken",
  "won",
  "missed",
  "started",
] as const;

/** Outcomes that changed nothing; the same id is decided anew. */
export const UNRECORDED = [
  "already_solved",
  "locked",
  "cooldown",
  "exhausted",
  "not_yet",
  "unaffordable",
  "sold_out",
  "not_eligible",
  "already_won",
  "not_open",
  "paused",
  "ended",
  "banned",
  "not_started",
  "time_up",
  "closed",
  "conflict",
  "invalid",
] as const;

export type RecordedOutcome = (typeof RECORDED)[number];
export type UnrecordedOutcome = (typeof UNRECORDED)[number];

export const outcome = z.enum([...RECORDED, ...UNRECORDED]).meta({
  description: `What the event came to. Recorded: ${RECORDED.join(", ")}; all others changed nothing`,
  examples: ["correct"],
});

export const result = z
  .strictObject({
    id: z.string().meta({ description: "The event's id; empty if it had none", examples: ["e1"] }),
    outcome,
    duplicate: mark("This id was recorded before; the result is that of then").exactOptional(),
    repeated: mark(
      "The team gave this wrong answer before: nothing is recorded, and it took no try",
    ).exactOptional(),
    seq: whole("Its number in the shard's log: it is recorded", 4711).exactOptional(),
    clue: clue.exactOptional(),
    points: amount("What the solve brought", 50).exactOptional(),
    score: amount("The team's score after it", 250).exactOptional(),
    unlocked: z
      .array(slug)
      .meta({ description: "Clues that it opened", examples: [["harbour-master"]] })
      .exactOptional(),
    message: told(
      "The author's words, or what is wrong with the event",
      "Close! Think of ships.",
    ).exactOptional(),
    retryAt: time.describe("When to try again").exactOptional(),
    distance: whole(
      "Metres from a place that was nearly reached (within two radii), rounded up to one digit",
      60,
    ).exactOptional(),
    hint: z
      .strictObject({
        id: slug.meta({ description: "The hint", examples: ["h1"] }),
        text: told("Its text", "It guides ships at night."),
      })
      .meta({
        description: "The hint that was taken",
        examples: [{ id: "h1", text: "It guides ships at night." }],
      })
      .exactOptional(),
    prize: z
      .strictObject({
        id: slug.meta({ description: "The prize", examples: ["lantern"] }),
        code: told("What the winner shows; only who claimed it is told", "LAMP-7Q2M").exactOptional(),
      })
      .meta({ description: "The prize that was claimed", examples: [{ id: "lantern" }] })
      .exactOptional(),
  })
  .meta({
    id: "Result",
    description: "What one event came to. With `seq` it is in the log; without, nothing changed.",
    examples: [
      { id: "e1", outcome: "correct", seq: 4711, clue: "old-lamp", points: 50, score: 250, unlocked: [] },
    ],
  });
export type Result = z.infer<typeof result>;

export const results = z
  .strictObject({
    results: z.array(result).meta({
      description: "One for each event, in the same order",
      examples: [[{ id: "e1", outcome: "incorrect", seq: 4712, clue: "old-lamp" }]],
    }),
    asOf: time.describe("How fresh the scores in it are"),
  })
  .meta({
    id: "Results",
    description: "What the events came to",
    examples: [
      { results: [{ id: "e1", outcome: "incorrect", seq: 4712 }], asOf: "2026-06-06T18:30:00.000Z" },
    ],
  });
export type Results = z.infer<typeof results>;
