/**
 * The hunt definition as authors write it: its schema with every default and
 * bound, the parser, and the JSON Schema for editors. What a definition means
 * as a whole (references, order of times, what can open) is `compile`'s.
 */
import * as z from "zod";
import { FONTS, type Font } from "../contract/tints.ts";
import { WEBHOOK_SHAPES, WEBHOOK_TYPES } from "../contract/webhook-types.ts";
import type { Issue } from "../errors.ts";
import { joinSchema } from "./asks.ts";
import { conditionSchema, POINTS_MAX } from "./condition.ts";
import { assetSchema, colourSchema, pictureSchema, slugSchema, titleSchema as title } from "./fields.ts";
import { KIND_KEYS, KIND_NAMES } from "./kinds/all.ts";
import {
  differences,
  LANGUAGE,
  LANGUAGES_MAX,
  type Spoken,
  spokenOf,
  type Translations,
  translatable,
} from "./languages.ts";
import { durationSchema, timeSchema } from "./moment.ts";
import { readJson } from "./read-json.ts";
import { readYaml } from "./read-yaml.ts";
import { ISSUES_MAX, SOURCE_BYTES_MAX, utf8Length } from "./reading.ts";
import { type Draft, repaired } from "./repair.ts";
import { type Flat, flatten, type Read, toIssues } from "./schema-issues.ts";

// The format's own limits (docs/hunt-format.md).
export const CLUES_MAX = 2_000;
export const ROUNDS_MAX = 200;
export const HINTS_PER_CLUE_MAX = 20;

// Characters. Generous to authors; they keep what one clue costs in a shard's memory and on the wire in sight.
const MARKDOWN_MAX = 20_000;
const TAG_MAX = 40;
const CODE_MAX = 512;
const URL_MAX = 2_000;

// Entries.
const BRACKETS_MAX = 50;
const PRIZES_MAX = 100;
const WEBHOOKS_MAX = 10;
const EMBED_MAX = 20;
const PAGES_MAX = 50;
const TAGS_PER_CLUE_MAX = 20;
const ATTACHMENTS_PER_CLUE_MAX = 20;
const FIRST_SOLVES_MAX = 100;

/** Units of one prize. A list of codes is bounded by the size of the source first. */
const STOCK_MAX = 1_000_000;
/** Players of a team; every event of a team is one object's work. */
const TEAM_SIZE_MAX = 100;
/** As good as unlimited, and still exact in the arithmetic of a token bucket. */
const ATTEMPTS_MAX = 1_000_000_000;
/** Solves after which the value has fallen to the minimum. */
const DECAY_SOLVES_MAX = 1_000_000;

const markdown = z.string().max(MARKDOWN_MAX);
const points = z.number().int().min(0).max(POINTS_MAX);

const attempts = {
  burst: z.number().int().min(1).max(ATTEMPTS_MAX).describe("Wrong answers in a row before a cooldown"),
  refillPerMinute: z.number().min(0).max(ATTEMPTS_MAX).describe("Tries that come back each minute"),
  perClue: z.number().int().min(0).max(ATTEMPTS_MAX).describe("Wrong answers a clue in all; 0 = unlimited"),
};

const attemptsSchema = z
  .strictObject({
    burst: attempts.burst.default(5),
    refillPerMinute: attempts.refillPerMinute.default(10),
    perClue: attempts.perClue.default(50),
  })
  .describe("The default for every clue");

const clueAttemptsSchema = z
  .strictObject({
    burst: attempts.burst.optional(),
    refillPerMinute: attempts.refillPerMinute.optional(),
    perClue: attempts.perClue.optional(),
  })
  .describe("What differs from the hunt's attempts");

const ownClock = {
  clock: z
    .literal("own")
    .optional()
    .describe("A team's time runs from its own start, not from the hunt's opening"),
  limit: durationSchema.optional().describe("How long a team may play from its own start"),
};

const teamsSchema = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("solo"), maxSize: z.literal(1).default(1), ...ownClock }),
    z.strictObject({
      mode: z.literal("teams"),
      maxSize: z.number().int().min(1).max(TEAM_SIZE_MAX).default(6),
      ...ownClock,
    }),
  ])
  .describe("Solo players, or teams of at most maxSize");

const playersSchema = z
  .strictObject({
    require: z
      .enum(["anyone", "registered", "signed"])
      .default("anyone")
      .describe("registered: the origin must know the player; signed: the player brings an entry ticket"),
    whenOriginDown: z
      .enum(["admit", "refuse"])
      .default("admit")
      .describe("What joining does when the origin, or the check of `join`, cannot answer"),
    once: z
      .boolean()
      .optional()
      .describe("Each person joins once; true if not given, and only with registered or signed"),
  })
  .describe("Who may join");

const decayMinimum = points.describe("The value no clue falls below");
const decaySolves = z
  .number()
  .int()
  .min(1)
  .max(DECAY_SOLVES_MAX)
  .describe("Solves after which the minimum is reached");
const decaySchema = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("none"),
      minimum: decayMinimum.default(0),
      solves: decaySolves.default(1),
    }),
    z.strictObject({ kind: z.literal("linear"), minimum: decayMinimum, solves: decaySolves }),
    z.strictObject({ kind: z.literal("log"), minimum: decayMinimum, solves: decaySolves }),
  ])
  .describe(
    "How a clue's value falls with its solves, for the whole hunt; clues of 0 points have none to lose",
  );

const firstSolvesSchema = z.array(points).max(FIRST_SOLVES_MAX);

const scoringSchema = z
  .strictObject({
    ranking: z
      .enum(["score", "finish"])
      .default("score")
      .describe("By score, or by who solved `finish` first"),
    finish: slugSchema.optional().describe("The clue that ends the hunt for a team"),
    decay: decaySchema.default({ kind: "none", minimum: 0, solves: 1 }),
    firstSolves: firstSolvesSchema.default([]).describe("Bonus for the 1st, 2nd, … team on a clue"),
    penalty: z
      .strictObject({
        points: z
          .number()
          .int()
          .min(1)
          .max(POINTS_MAX)
          .describe("Taken for each of them; no solve gives less than 0"),
      })
      .optional()
      .describe("What counted wrong tries at a clue take from its solve"),
  })
  .describe("How teams are ranked and what solves are worth");

const hintSchema = z.strictObject({
  id: slugSchema,
  text: z.string().min(1).max(MARKDOWN_MAX).describe("Markdown"),
  cost: points.default(0).describe("Points, taken once from the team"),
  after: durationSchema.prefault("0s").describe("Available this long after the clue opened for the team"),
});

const speedSchema = z
  .strictObject({
    full: durationSchema.describe("All points until so long after it opened for the team"),
    none: durationSchema.describe("The minimum from then on"),
    minimum: points.default(0).describe("The points that are left then"),
  })
  .describe("Its points fall with the time since it opened for the team, instead of by the hunt's decay");

const closesSchema = z
  .union(
    [
      z.strictObject({ after: durationSchema.describe("So long after it opened for the team") }),
      z.strictObject({ at: timeSchema.describe("From this time on") }),
    ],
    { error: "closes takes after or at" },
  )
  .describe("When it can be solved no more; it stays open if not given");

const clueObject = z.strictObject({
  id: slugSchema,
  round: slugSchema.optional().describe("Id of the round it belongs to; none if not given"),
  title: title.optional().describe("What players call it; its id if not given"),
  body: markdown.default("").describe("Markdown, sanitised"),
  solution: markdown
    .optional()
    .describe("Markdown; shown to who solved the clue, and to everybody once the hunt is final or 24 h over"),
  tags: z
    .array(z.string().trim().min(1).max(TAG_MAX))
    .max(TAGS_PER_CLUE_MAX)
    .default([])
    .describe("By these players find it among many"),
  attachments: z
    .array(assetSchema)
    .max(ATTACHMENTS_PER_CLUE_MAX)
    .default([])
    .describe("Files that go with it"),
  kind: z.enum(KIND_NAMES).describe("How it is solved"),
  points: points.default(0).describe("What a solve is worth"),
  meta: z.boolean().default(false).describe("Shown as a meta; not counted by solvedIn"),
  ...KIND_KEYS,
  hints: z.array(hintSchema).max(HINTS_PER_CLUE_MAX).default([]),
  opens: conditionSchema.prefault("start").describe("When it unlocks; start if not given"),
  closes: closesSchema.optional(),
  speed: speedSchema.optional(),
  decay: decaySchema.optional().describe("How its value falls with its solves, instead of the hunt's decay"),
  firstSolves: firstSolvesSchema.optional().describe("Bonuses on this clue, instead of the hunt's"),
  attempts: clueAttemptsSchema.optional(),
});

const clueSchema = clueObject.transform(({ title, ...clue }) => ({ ...clue, title: title ?? clue.id }));

const prizeSchema = z.strictObject({
  id: slugSchema,
  title,
  mode: z
    .enum(["first-come", "instant-win", "odds"])
    .default("first-come")
    .describe("How a claim is decided"),
  odds: z.number().gt(0).max(1).optional().describe("Chance of a claim, for mode odds"),
  stock: z.number().int().min(1).max(STOCK_MAX).describe("Units"),
  perTeam: z.number().int().min(1).max(STOCK_MAX).default(1).describe("Units a team can win"),
  perPlayer: z.number().int().min(1).max(STOCK_MAX).optional().describe("Units a player can win"),
  codes: z
    .array(z.string().min(1).max(CODE_MAX))
    .max(STOCK_MAX)
    .optional()
    .describe("Voucher codes, one a unit; generated if not given"),
  window: z.strictObject({ from: timeSchema, to: timeSchema }).optional().describe("When it can be claimed"),
  requires: conditionSchema.optional().describe("What a team must have done"),
});

/** As a page's policy names a site: no path, nothing that could end the rule. */
const originSchema = z
  .string()
  .max(300)
  .regex(
    /^(?:https:\/\/(?=[^/]{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|http:\/\/(?:localhost|127\.0\.0\.1))(?::[1-9]\d{0,4})?$/,
    "must be an origin in small letters: https://museum.example, without a path",
  );

const lookSchema = z
  .strictObject({
    logo: pictureSchema.optional().describe("Beside the title, on printed codes, icon of the installed app"),
    cover: pictureSchema
      .optional()
      .describe("Above the joining; in previews of links where there is no card"),
    card: pictureSchema.optional().describe("What previews of links to the hunt show, 1200 × 630; no SVG"),
    colour: colourSchema.optional().describe("Of buttons, links and marks; tints of it are derived"),
    background: colourSchema.optional().describe("Of the pages in light; a dark one is derived"),
    font: z
      .enum(Object.keys(FONTS) as [Font, ...Font[]])
      .optional()
      .describe("The device's own"),
  })
  .describe("How the hunt's pages and printed codes look");

/** A page of the hunt's own, or one elsewhere. */
const legalLink = z
  .string()
  .max(URL_MAX)
  .regex(
    /^(?:page:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|https:\/\/[^\s<>"'\\]+)$/,
    "must be page:… or an https address",
  );

const webhookSchema = z.strictObject({
  id: slugSchema.optional().describe("May be left out where there is one webhook: hook-1 then"),
  url: z
    .url({ protocol: /^https?$/ })
    .max(URL_MAX)
    .describe("https; where the messages go"),
  as: z
    .enum(WEBHOOK_SHAPES)
    .default("signed")
    .describe("signed: a JSON body by Standard Webhooks; discord, slack: a line of text as these take it"),
  on: z.array(z.enum(WEBHOOK_TYPES)).min(1).max(WEBHOOK_TYPES.length).describe("What is told"),
});

/** The schema of a definition, version 1. Parsing gives milliseconds for times and durations, trees for conditions. */
const helpSchema = z
  .strictObject({
    from: z
      .union([
        z.strictObject({ after: durationSchema.describe("So long after the clue opened for the team") }),
        z.strictObject({ at: timeSchema.describe("From this time on") }),
      ])
      .optional()
      .describe("From when on teams may ask; from the opening on if not given"),
    perTeam: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(3)
      .describe("Threads of a team that wait for an answer at a time"),
    about: z.enum(["clues", "anything"]).default("anything").describe("clues: each request names one"),
  })
  .describe("Teams may ask the organisers; nobody may if not given");

export const definitionSchema = z
  .strictObject({
    format: z.literal(1).describe("The version of this format"),
    hunt: slugSchema.optional().describe("The hunt's id; must match the path it is published under"),
    languages: z
      .array(z.string().regex(LANGUAGE, "a language is en, de, pt-BR …"))
      .min(1)
      .max(LANGUAGES_MAX)
      .optional()
      .describe("The first is the default; then any text may be {en: …, de: …}"),
    title: title.describe("What players see"),
    description: markdown.optional().describe("Markdown"),
    opens: timeSchema.optional().describe("Goes live by itself then; an organiser starts it if not given"),
    closes: timeSchema.optional().describe("Ends by itself then"),
    freeze: timeSchema.optional().describe("The leaderboard stands still from then until the end"),
    results: z
      .enum(["auto", "manual"])
      .default("auto")
      .describe(
        "manual: after the end the standings stay as they were until an organiser releases the results",
      ),
    help: helpSchema.optional(),
    embed: z
      .array(originSchema)
      .max(EMBED_MAX)
      .default([])
      .describe("Sites whose pages may show this hunt's pages in a frame: https://museum.example"),
    look: lookSchema.optional(),
    legal: z
      .strictObject({ imprint: legalLink.optional(), privacy: legalLink.optional() })
      .optional()
      .describe("Linked from every page of the hunt: page:imprint, or an https address"),
    guesses: z
      .enum(["shown", "hidden"])
      .default("shown")
      .describe("Whether a team may read what it has tried so far"),
    retention: durationSchema
      .optional()
      .describe(
        "So long after the end what tells who the players are is deleted; default: the setting RETENTION",
      ),
    teams: teamsSchema.default({ mode: "solo", maxSize: 1 }),
    brackets: z
      .array(z.strictObject({ id: slugSchema, title }))
      .max(BRACKETS_MAX)
      .default([])
      .describe("Divisions"),
    players: playersSchema.default({ require: "anyone", whenOriginDown: "admit" }),
    join: joinSchema.optional(),
    attempts: attemptsSchema.default({ burst: 5, refillPerMinute: 10, perClue: 50 }),
    scoring: scoringSchema.default({
      ranking: "score",
      decay: { kind: "none", minimum: 0, solves: 1 },
      firstSolves: [],
    }),
    rounds: z
      .array(
        z.strictObject({
          id: slugSchema,
          title,
          body: markdown.optional().describe("Its story, Markdown"),
          image: assetSchema.optional().describe("A picture above its story"),
        }),
      )
      .max(ROUNDS_MAX)
      .default([])
      .describe("Parts of the hunt under titles of their own"),
    clues: z.array(clueSchema).min(1).max(CLUES_MAX),
    prizes: z.array(prizeSchema).max(PRIZES_MAX).default([]),
    pages: z
      .array(z.strictObject({ id: slugSchema, title, body: markdown.describe("Markdown") }))
      .max(PAGES_MAX)
      .default([])
      .describe("Pages of the hunt's own, which everybody may read; texts link them as page:rules"),
    webhooks: z
      .array(webhookSchema)
      .max(WEBHOOKS_MAX)
      .default([])
      .describe("Addresses that are told what happens (docs/webhooks.md)"),
  })
  .meta({
    id: "Hunt",
    title: "Hunt definition, version 1",
    description: "A treasure hunt: rounds, clues, prizes and the rules between them.",
  });

export type Definition = z.output<typeof definitionSchema> & {
  /** Of a hunt in several languages; the rest is as in the first. */
  translations?: Translations;
};
export type ClueDefinition = Definition["clues"][number];
export type PrizeDefinition = Definition["prizes"][number];

export type ParsedDefinition =
  | { definition: Definition; issues?: never }
  | {
      issues: Issue[];
      /** The text is no JSON or YAML at all. */
      unreadable: boolean;
      /** What it would be without its faults of shape, so that those of its meaning are told with them. */
      draft?: Draft<Definition>;
      definition?: never;
    };

/**
 * Reads a definition. A bad one gives its issues (up to `ISSUES_MAX`), each
 * with a dotted path such as `clues.3.opens.solved`; nothing is thrown. A text
 * that cannot be read gives the reader's issues only, else every issue of the
 * schema at once.
 */
export function parseDefinition(source: string, format: "json" | "yaml"): ParsedDefinition {
  if (utf8Length(source) > SOURCE_BYTES_MAX) {
    const message = `the definition is larger than ${SOURCE_BYTES_MAX} bytes`;
    return { issues: [{ path: "", code: "too-large", message }], unreadable: false };
  }
  const reading = format === "json" ? readJson(source) : readYaml(source);
  if (reading.issues !== undefined) {
    return { issues: reading.issues.slice(0, ISSUES_MAX), unreadable: reading.unreadable };
  }
  const spoken = spokenOf(reading.value);
  if (spoken) return parseSpoken(spoken, reading);
  const parsed = definitionSchema.safeParse(reading.value);
  if (parsed.success) return { definition: parsed.data };
  return faulty(flatten(parsed.error.issues), reading, reading.value, []);
}

function faulty(flat: Flat[], read: Read, value: unknown, more: Issue[]): ParsedDefinition {
  const draft = repaired(definitionSchema, value, flat);
  return {
    issues: [...toIssues(flat, read), ...more].slice(0, ISSUES_MAX),
    unreadable: false,
    ...(draft === undefined ? {} : { draft }),
  };
}

/** As `parseDefinition`, once for each language: what is wrong in one is told at its text. */
function parseSpoken(
  { languages, values, written, missing, origins, issues }: Spoken,
  read: Read,
): ParsedDefinition {
  const parsed = values.map((value) => definitionSchema.safeParse(value));
  const told = new Set<string>();
  const faults = parsed.flatMap(({ error }, place) =>
    flatten(error?.issues ?? []).flatMap((fault) => {
      const dotted = fault.path.map(String).join(".");
      const path = written.has(dotted) ? [...fault.path, languages[place] ?? ""] : fault.path;
      const key = `${path.map(String).join(".")} ${fault.key ?? ""} ${fault.finding.code}`;
      if (told.has(key)) return [];
      told.add(key);
      return [{ ...fault, path }];
    }),
  );
  const [first, ...others] = parsed.map(({ data }) => data);
  if (faults.length > 0 || issues.length > 0 || !first) return faulty(faults, read, values[0], issues);
  const texts = others.flatMap((other, place) =>
    other ? [[languages[place + 1] ?? "", differences(first, other)] as const] : [],
  );
  return {
    definition: { ...first, translations: { texts: Object.fromEntries(texts), missing, origins } },
  };
}

/** The JSON Schema (2020-12) of what authors write, for editors and `schema/hunt.json`. */
export function huntJsonSchema(): Record<string, unknown> {
  return translatable(z.toJSONSchema(definitionSchema, { io: "input", target: "draft-2020-12" }));
}
