/**
 * What every part of the wire is made of: ids, times, texts, positions. Each
 * piece has a description and an example, which a field may replace
 * (`slug.describe("…")`); both go into /openapi.json and docs/api.md.
 *
 * Requests are strict: an unknown key is an error. Responses are exact as well,
 * so that tests see a field that nobody declared; clients ignore what they do
 * not know, because fields may be added.
 */
import { z } from "zod";

export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names of players and teams, characters (code points). */
export const NAME_MAX = 80;

export const slug = z
  .string()
  .regex(SLUG, "must be a slug: a-z, 0-9 and inner dashes, 63 at most")
  .meta({ description: "A slug: a-z, 0-9 and inner dashes, 63 at most", examples: ["harbour-nights"] });

/** The id of a team, a player, an announcement: opaque. The example is a team's. */
export const id = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: "An opaque id, 64 characters at most", examples: ["weur-0-1a-x7k2qm4tvb"] });

/** The id of a player, with this description. */
export const playerId = (description: string) => id.meta({ description, examples: ["p-3k9x0q2m4t7v"] });

export const eventId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 _ -")
  .meta({
    description: "The client's name for the event, unique in the team; a UUIDv7 is a good one",
    examples: ["0192f3c1-7c1e-7b3a-9d2f-0a6d7b8c9e10"],
  });

/** A moment in a response. */
export const time = z.iso
  .datetime()
  .meta({ description: "ISO 8601, UTC, milliseconds", examples: ["2026-06-06T18:30:00.000Z"] });

/** A moment in a request: any offset. */
export const timeGiven = z.iso
  .datetime({ offset: true })
  .meta({ description: "ISO 8601 with any offset", examples: ["2026-06-06T20:30:00+02:00"] });

const CONTROL = /\p{Cc}/u;

/** Text that can be stored and shown anywhere: well-formed Unicode without control characters but line breaks. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed() && !CONTROL.test(value.replaceAll(/[\t\n\r]/g, "")), {
      message: "must be well-formed text without control characters",
    })
    .meta({ description: `Text of ${max} characters at most`, examples: ["Lanterns"] });

/** Never anybody's own: text that was broken on its way. */
const REPLACEMENT = "\ufffd";

/** The code of an issue at a text that is too long, as publishing names it. */
const TOO_LARGE = "too-large";

/** Whether a text has more characters (code points) than `max`; looks at no more than that takes. */
export function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false;
  return text.length > 2 * max || [...text].length > max;
}

/** Whether no road brings the text as it is: control characters, U+FFFD, halves of characters. */
export const isBroken = (text: string): boolean =>
  !text.isWellFormed() || CONTROL.test(text) || text.includes(REPLACEMENT);

/** One line of 1 to `max` characters (code points) once white space around it is cut. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .refine((value) => !isLonger(value, max), {
      message: `must have ${max} characters at most`,
      params: { code: TOO_LARGE },
      abort: true,
    })
    .refine((value) => !isBroken(value), {
      message: "must be one line of well-formed text without control characters",
      abort: true,
    });

/** Would turn the text around them, or end its line, wherever a name stands. */
const TURNS_OR_BREAKS = /[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

/** Letters, digits, marks and signs: what can be seen, but for these that have no ink. */
const SEEN = /[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Co}]/gu;
const WITHOUT_INK = /^[\p{Default_Ignorable_Code_Point}\u2800\u{16fe4}\u{1d159}]$/u;

const isVisible = (text: string): boolean =>
  (text.match(SEEN) ?? []).some((character) => !WITHOUT_INK.test(character));

export const name = line(NAME_MAX)
  .refine((value) => !TURNS_OR_BREAKS.test(value), {
    message: "must not have characters that turn the direction of text, or separate lines",
    abort: true,
  })
  .refine(isVisible, { message: "must have a character that can be seen" })
  .meta({
    description: `A name, ${NAME_MAX} characters at most, one of them visible`,
    // JSON Schema counts code points.
    maxLength: NAME_MAX,
    examples: ["Night Owls"],
  });

/** A text of the engine or of an author in a response. */
export const told = (description: string, example: string) =>
  z.string().meta({ description, examples: [example] });

export const reason = text(500).meta({
  description: "Why, for the audit; 500 characters at most",
  examples: ["wrong answer in the printed sheet"],
});

/** A whole number in a response: a count, a score, a place. */
export const whole = (description: string, example: number) =>
  z.int().meta({ description, examples: [example] });

/** Any number in a response. */
export const amount = (description: string, example: number) =>
  z.number().meta({ description, examples: [example] });

/** A whole number in a query, with its bounds. */
export const wholeInQuery = (description: string, bounds: { min: number; max: number; default: number }) =>
  z.coerce
    .number()
    .int()
    .min(bounds.min)
    .max(bounds.max)
    .default(bounds.default)
    .meta({ description: `${description}, ${bounds.min} to ${bounds.max}`, examples: [bounds.default] });

export const flag = (description: string) => z.boolean().meta({ description, examples: [true] });

/** A mark that is there or absent. */
export const mark = (description: string) => z.literal(true).meta({ description, examples: [true] });

export const position = z
  .object({
    lat: z
      .number()
      .min(-90)
      .max(90)
      .meta({ description: "Degrees north, WGS 84", examples: [53.5461] }),
    lng: z
      .number()
      .min(-180)
      .max(180)
      .meta({ description: "Degrees east, WGS 84", examples: [9.9937] }),
    accuracy: z
      .number()
      .min(0)
      .max(1_000_000)
      .meta({ description: "Radius of the device's certainty, metres", examples: [12] }),
  })
  .meta({
    description: "Where a device says it is",
    examples: [{ lat: 53.5461, lng: 9.9937, accuracy: 12 }],
  });
export type Position = z.infer<typeof position>;

export const PHASES = ["draft", "live", "paused", "ended", "final"] as const;
export const phase = z.enum(PHASES).meta({
  description: "draft: before the start (a waiting room); then live, paused or ended",
  examples: ["live"],
});
export type Phase = z.infer<typeof phase>;

export const window = z
  .strictObject({ from: time.describe("First moment"), to: time.describe("Last moment") })
  .meta({
    description: "When claims count",
    examples: [{ from: "2026-06-06T18:00:00.000Z", to: "2026-06-06T23:00:00.000Z" }],
  });

/** A team as others see it. */
export const teamRef = z
  .strictObject({
    id: id.describe("The team"),
    name: told("Its name", "Night Owls"),
    bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
  })
  .meta({ description: "A team", examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }] });

/** One line of a streamed body that was not taken. */
export const rejectedLine = z
  .strictObject({
    line: whole("Its number in the body, from 1", 3),
    code: told("Why, for programs", "invalid"),
    message: told("Why, for people", "the line is not valid JSON"),
  })
  .meta({
    description: "A line that was not taken",
    examples: [{ line: 3, code: "bad_request", message: "the line is not valid JSON" }],
  });

/** Rejected lines told at most; the rest is only counted. */
export const REJECTED_MAX = 10_000;

/** What became of a streamed body's lines. */
export const linesTaken = z
  .strictObject({
    lines: whole("Lines that are not blank", 120),
    accepted: whole("Lines taken", 119),
    rejected: z
      .array(rejectedLine)
      .meta({ description: `The others, the first ${REJECTED_MAX.toLocaleString("en")}`, examples: [[]] }),
  })
  .meta({ description: "What became of the lines", examples: [{ lines: 120, accepted: 120, rejected: [] }] });
export type LinesTaken = z.infer<typeof linesTaken>;
export type RejectedLine = z.infer<typeof rejectedLine>;

/** Where the next page begins, as the response before gave it. */
export const cursorGiven = (form: RegExp, example: string) =>
  z
    .string()
    .regex(form)
    .meta({ description: "`cursor` of the page before", examples: [example] });

export const nextCursor = z
  .string()
  .meta({ description: "Where the next page begins; absent on the last", examples: ["1.200"] });

/** What a joining says of how it came about. */
export const ofJoining = {
  source: told("What led the player here, by the link's word", "poster-7").exactOptional(),
  country: z
    .literal("unknown")
    .meta({ description: "The hunt asks for a country, and nobody knew it", examples: ["unknown"] })
    .exactOptional(),
  check: z
    .literal("unchecked")
    .meta({
      description: "The check that a person joins could not be made then",
      examples: ["unchecked"],
    })
    .exactOptional(),
  oldEnough: mark("The player has the age that the hunt asks for").exactOptional(),
};
