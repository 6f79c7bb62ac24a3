/** The shapes of requests and answers, once: for checking and for the OpenAPI document. */
import { z } from "zod";
import { EVENTS_MAX } from "../protocol.ts";

export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Longest answer a player may give, characters. */
const ANSWER_MAX = 1_000;

/** Longest scan code, characters. */
const CODE_MAX = 256;

/** Names of players and teams, characters. */
const NAME_MAX = 80;

export const slug = z.string().regex(SLUG, "must be a slug: a-z, 0-9 and inner dashes, 63 at most");
const id = z.string().min(1).max(64);

/** Text that can be stored and shown anywhere: well-formed Unicode without control characters but line breaks. */
const CONTROL = /\p{Cc}/u;
const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed() && !CONTROL.test(value.replaceAll(/[\t\n\r]/g, "")), {
      message: "must be well-formed text without control characters",
    });

const name = text(NAME_MAX).trim().min(1);

export const position = z.object({
  lat: z.number().min(-90).max(90),
  lng: z.number().min(-180).max(180),
  accuracy: z.number().min(0).max(1_000_000),
});

export const eventId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 _ -");

const eventHead = { id: eventId, at: z.iso.datetime({ offset: true }).optional() };

export const playerEvent = z.discriminatedUnion("type", [
  z.object({ ...eventHead, type: z.literal("answer"), clue: slug, answer: text(ANSWER_MAX) }),
  z.object({ ...eventHead, type: z.literal("scan"), code: text(CODE_MAX).min(1) }),
  z.object({ ...eventHead, type: z.literal("checkin"), clue: slug, position }),
  z.object({ ...eventHead, type: z.literal("hint"), clue: slug, hint: slug }),
  z.object({ ...eventHead, type: z.literal("claim"), prize: slug }),
]);

const PLAIN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const PLAIN_TEXT = /^[\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]*$/;

/**
 * The event if it is plainly a good answer, the most common event by far;
 * undefined: `playerEvent` decides. Accepts nothing that the schema does not,
 * and nothing that could be too long: that is for who else would have to write
 * the event out again to measure it.
 */
export function plainAnswer(
  event: unknown,
): { id: string; type: "answer"; clue: string; answer: string } | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { id, type, clue, answer, at } = event as Record<string, unknown>;
  if (type !== "answer" || at !== undefined) return undefined;
  if (typeof id !== "string" || typeof clue !== "string" || typeof answer !== "string") return undefined;
  if (!PLAIN_ID.test(id) || !SLUG.test(clue) || answer.length > ANSWER_MAX) return undefined;
  // An unknown key may hold anything, of any length.
  if (countKeys(event) !== PLAIN_KEYS || !PLAIN_TEXT.test(answer)) return undefined;
  return { id, type, clue, answer };
}

/**
 * The keys of a plain answer. With them alone, the longest event has an answer
 * of 1,000 characters of three bytes each, and stays below 4 KiB.
 */
const PLAIN_KEYS = 4;

function countKeys(of: object): number {
  let count = 0;
  for (const _ in of) count += 1;
  return count;
}

/** The envelope only: each event is checked by itself, so that one bad event spoils no other. */
export const eventsBody = z.object({ events: z.array(z.unknown()).min(1).max(EVENTS_MAX) });

export const joinBody = z.strictObject({
  name,
  team: z
    .union([
      z.strictObject({ create: name, bracket: slug.optional() }),
      z.strictObject({ join: text(40).min(1) }),
    ])
    .optional(),
  externalId: text(128).min(1).optional(),
  locale: z
    .string()
    .regex(/^[A-Za-z0-9-]{2,35}$/)
    .optional(),
});

const reason = text(500);
export const phaseBody = z.strictObject({ phase: z.enum(["live", "paused", "ended"]) });
export const announcementBody = z.strictObject({ text: text(4_000).min(1), clue: slug.optional() });
export const awardBody = z.strictObject({ points: z.int().min(-1_000_000).max(1_000_000), reason });
export const unlockBody = z.strictObject({ clue: slug, reason });
export const reasonBody = z.strictObject({ reason });
const code = z.string().min(1).max(512);
export const stockBody = z.strictObject({
  add: z.int().min(1).max(1_000_000),
  codes: z.array(code).max(1_000_000).optional(),
  reason,
});
export const revokeBody = z.strictObject({ unit: z.int().min(0).max(10_000_000), reason });
export const redriveBody = z.strictObject({ ids: z.array(id).max(1_000).optional() });
export const shardsBody = z.strictObject({ shardsPerRegion: z.int().min(1).max(1_000) });

export const leaderboardQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(100_000_000).default(0),
  bracket: slug.optional(),
  around: id.optional(),
});

export const teamsQuery = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,9}\.\d{1,9}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  search: text(NAME_MAX).optional(),
});

/** Minutes without a solve, and since the last try. */
export const stuckQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(1_440).default(20),
  active: z.coerce.number().int().min(1).max(1_440).default(60),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export const winnersQuery = z.object({
  cursor: z
    .string()
    .regex(/^[a-z0-9-]{1,64}\.\d{1,7}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const liveQuery = z.object({
  ticket: z.string().max(2_048).optional(),
  since: z
    .string()
    .regex(/^[a-z0-9]{1,16}\.\d{1,15}$/)
    .optional(),
});

export const publishQuery = z.object({ dryRun: z.enum(["true", "false"]).default("false") });

const lineHead = {
  at: z.iso.datetime({ offset: true }),
  team: name,
  player: name.optional(),
  id: eventId.optional(),
};

/** One line of an import. */
export const importLine = z.discriminatedUnion("type", [
  z.object({ ...lineHead, type: z.literal("join"), bracket: slug.optional() }),
  z.object({ ...lineHead, type: z.literal("answer"), clue: slug, answer: text(ANSWER_MAX) }),
  z.object({ ...lineHead, type: z.literal("scan"), code: text(CODE_MAX).min(1) }),
  z.object({ ...lineHead, type: z.literal("checkin"), clue: slug, position }),
  z.object({ ...lineHead, type: z.literal("hint"), clue: slug, hint: slug }),
  z.object({ ...lineHead, type: z.literal("claim"), prize: slug }),
  z.object({ ...lineHead, type: z.literal("unlock"), clue: slug, reason: reason.default("import") }),
  z.object({
    ...lineHead,
    type: z.literal("award"),
    points: z.int().min(-1_000_000).max(1_000_000),
    reason: reason.default("import"),
  }),
]);

/** One line of registered players; the same limits as where a player joins. */
export const registrationLine = z.strictObject({
  externalId: joinBody.shape.externalId.unwrap(),
  name: name.optional(),
  locale: joinBody.shape.locale,
  bracket: slug.optional(),
  blocked: z.boolean().optional(),
});

// ── Answers (for the document; the code's types are checked by the compiler) ──

const time = z.iso.datetime().describe("ISO 8601, UTC, milliseconds");
const teamRef = z.object({ id, name: z.string(), bracket: slug.optional() });
const issue = z.object({ path: z.string(), code: z.string(), message: z.string() });

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  issues: z.array(issue).optional(),
});

export const result = z.object({
  id: z.string(),
  outcome: z.string(),
  duplicate: z.literal(true).optional(),
  seq: z.int().optional(),
  clue: slug.optional(),
  points: z.number().optional(),
  score: z.number().optional(),
  unlocked: z.array(slug).optional(),
  message: z.string().optional(),
  retryAt: time.optional(),
  distance: z.int().optional(),
  hint: z.object({ id: slug, text: z.string() }).optional(),
  prize: z.object({ id: slug, code: z.string().optional() }).optional(),
});

const publicPrize = z.object({
  id: slug,
  title: z.string(),
  mode: z.enum(["first-come", "instant-win", "odds"]),
  stock: z.int(),
  withdrawn: z.literal(true).optional(),
  odds: z.number().optional(),
  window: z.object({ from: time, to: time }).optional(),
  added: z.array(z.object({ units: z.int(), at: time })).optional(),
  drawHash: z.string().optional(),
  drawSeed: z.string().optional(),
});

export const answers = {
  publish: z.object({ hunt: slug, version: z.int(), warnings: z.array(issue) }),
  hunts: z.object({
    hunts: z.array(
      z.object({ hunt: slug, title: z.string(), phase: z.string(), version: z.int(), teams: z.int() }),
    ),
  }),
  phase: z.object({ phase: z.string() }),
  announcement: z.object({ id, at: time }),
  award: z.object({ score: z.number() }),
  unlock: z.object({ unlocked: z.array(slug) }),
  banned: z.object({ banned: z.boolean() }),
  hidden: z.object({ hidden: z.boolean() }),
  shards: z.object({ shardsPerRegion: z.int() }),
  checkins: z.object({
    checkins: z.array(z.object({ team: id, name: z.string(), player: id, at: time, ...position.shape })),
  }),
  stuck: z.object({
    teams: z.array(
      z.object({
        team: teamRef,
        solves: z.int(),
        since: time,
        lastTryAt: time,
        clue: slug,
        wrong: z.int(),
      }),
    ),
  }),
  stock: z.object({ stock: z.int() }),
  withdrawn: z.object({ withdrawn: z.boolean() }),
  revoked: z.object({ revoked: z.literal(true), team: id }),
  winners: z.object({
    winners: z.array(
      z.object({
        unit: z.int(),
        team: id,
        name: z.string(),
        player: id,
        playerName: z.string(),
        at: time,
        event: z.string(),
        code: z.string().optional(),
        revoked: z.literal(true).optional(),
      }),
    ),
    cursor: z.string().optional(),
  }),
  draw: z.object({
    hunt: slug,
    ...publicPrize.shape,
    wins: z
      .array(
        z.object({
          unit: z.int(),
          team: id,
          event: z.string(),
          at: time,
          revoked: z.literal(true).optional(),
        }),
      )
      .optional(),
    cursor: z.string().optional(),
  }),
  codes: z.object({
    codes: z.array(z.object({ clue: slug, title: z.string(), code: z.string(), url: z.string() })),
  }),
  teams: z.object({ teams: z.array(teamRef.loose()), cursor: z.string().optional() }),
  stats: z.object({ players: z.int(), teams: z.int(), events: z.int(), facts: z.int() }).loose(),
  verify: z.object({ ok: z.boolean(), facts: z.int(), teams: z.int(), mismatches: z.array(z.unknown()) }),
  audit: z.object({
    entries: z.array(z.object({ at: time, actor: z.string(), action: z.string() }).loose()),
  }),
  import: z.object({
    lines: z.int(),
    accepted: z.int(),
    rejected: z.array(z.object({ line: z.int(), code: z.string(), message: z.string() })),
  }),
  registrations: z.object({
    lines: z.int(),
    accepted: z.int(),
    rejected: z.array(z.object({ line: z.int(), code: z.string(), message: z.string() })),
  }),
  hunt: z
    .object({
      hunt: slug,
      title: z.string(),
      phase: z.string(),
      teams: z.object({ mode: z.string(), maxSize: z.int() }),
      clueCount: z.int(),
      prizes: z.array(publicPrize).optional(),
      serverTime: time,
    })
    .loose(),
  joined: z.object({
    player: z.object({ id, name: z.string() }),
    team: z.object({ id, name: z.string(), joinCode: z.string().optional() }),
    token: z.string(),
  }),
  me: z
    .object({
      player: z.object({ id, name: z.string() }),
      team: teamRef.loose(),
      phase: z.string(),
      rounds: z.array(z.object({ id: slug, title: z.string() })),
      clues: z.array(z.object({ id: slug, state: z.enum(["open", "solved"]) }).loose()),
      prizes: z
        .array(
          z.object({
            id: slug,
            title: z.string(),
            mode: z.string(),
            eligible: z.boolean(),
            left: z.int().optional(),
            withdrawn: z.literal(true).optional(),
            window: z.object({ from: time, to: time }).optional(),
            cooldownUntil: time.optional(),
            wins: z.array(
              z.object({
                event: z.string(),
                at: time,
                player: id,
                code: z.string().optional(),
                revoked: z.literal(true).optional(),
              }),
            ),
          }),
        )
        .optional(),
      announcements: z.array(z.object({ id, at: time, text: z.string(), clue: slug.optional() })),
      serverTime: time,
    })
    .loose(),
  results: z.object({ results: z.array(result), asOf: time }),
  leaderboard: z.object({
    hunt: slug,
    asOf: time,
    frozen: z.boolean(),
    total: z.int(),
    entries: z.array(
      z.object({
        rank: z.int(),
        team: teamRef,
        score: z.number(),
        solves: z.int(),
        lastSolveAt: time.optional(),
      }),
    ),
  }),
  deadLetters: z.object({
    letters: z.array(
      z.object({
        id,
        at: time,
        error: z.string(),
        attempts: z.int(),
        deaths: z.int(),
        shard: z.string().optional(),
        first: z.int().optional(),
        last: z.int().optional(),
      }),
    ),
    total: z.int(),
  }),
  rearchive: z.object({ facts: z.int() }),
  ticket: z.object({ ticket: z.string(), expiresAt: time }),
  redriven: z.object({ redriven: z.int() }),
  origin: z
    .object({
      state: z.enum(["closed", "open", "half_open"]),
      since: time,
      window: z.object({ calls: z.int(), failed: z.int(), slow: z.int() }),
      driver: z.string(),
      backlog: z.object({ segments: z.int(), oldestSeconds: z.number() }),
    })
    .loose(),
  history: z.object({ points: z.array(z.object({ at: time, score: z.number() })) }),
  pages: z.object({ mapTiles: z.string().optional() }),
  ok: z.object({ ok: z.boolean() }).loose(),
};
