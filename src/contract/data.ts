/** The hunt's data: numbers, import, verification, audit, the origin's archive. */
import { z } from "zod";
import {
  amount,
  cursorGiven,
  eventId,
  flag,
  id,
  linesTaken,
  mark,
  name,
  nextCursor,
  phase,
  reason,
  slug,
  time,
  timeGiven,
  told,
  whole,
  wholeInQuery,
} from "./basics.ts";
import { eventParts } from "./play.ts";
import { issue } from "./problem.ts";

const count = (example: number) => z.int().meta({ description: "How many", examples: [example] });

export const stats = z
  .strictObject({
    players: whole("Players that joined", 400),
    teams: whole("Teams that joined", 120),
    events: whole("Recorded events of players", 9_000),
    facts: whole("Facts in the logs", 9_600),
    outcomes: z
      .record(z.string(), count(4_000))
      .meta({ description: "Recorded events by outcome", examples: [{ correct: 1_200, incorrect: 7_000 }] }),
    clues: z
      .array(
        z.strictObject({
          clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
          title: told("Its title", "The old lamp"),
          open: whole("Teams for which it is open or solved", 118),
          attempts: whole("Right and wrong tries", 300),
          solves: whole("Teams that solved it", 90),
          withdrawn: mark("Organisers withdrew it").exactOptional(),
          medianSolveSeconds: amount("Median of seconds from opening to solve", 412.5).exactOptional(),
        }),
      )
      .meta({ description: "In the definition's order", examples: [[]] }),
    prizes: z
      .array(
        z.strictObject({
          prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
          stock: whole("Units in all", 10),
          won: whole("Units given", 7),
          left: whole("Units left", 3),
        }),
      )
      .meta({ description: "The hunt's prizes", examples: [[]] }),
    sources: z
      .array(
        z.strictObject({
          source: told("What led them here; empty: one of those beyond the first 200 of a shard", "poster-7"),
          players: whole("Players that joined by it", 40),
        }),
      )
      .meta({ description: "Players by `source`, the most first; absent: no link told", examples: [[]] })
      .exactOptional(),
    shards: z
      .array(
        z.strictObject({
          shard: told("Its name", "weur-0"),
          teams: whole("Its teams", 30),
          seq: whole("Facts in its log", 2_400),
          shipped: whole("Of these, handed to the queue", 2_400),
          archived: whole("Of these, in the origin", 2_390),
          rowsWritten: whole("Rows written since its object started, as billed", 180),
        }),
      )
      .meta({ description: "The shards that took part", examples: [[]] }),
    tolerated: z
      .array(issue)
      .meta({
        description:
          "What the engine would refuse of the definition today: it was published before those rules, and plays on",
        examples: [[]],
      })
      .exactOptional(),
  })
  .meta({
    id: "Stats",
    description: "The hunt in numbers",
    examples: [
      {
        players: 400,
        teams: 120,
        events: 9_000,
        facts: 9_600,
        outcomes: {},
        clues: [],
        prizes: [],
        shards: [],
      },
    ],
  });
export type Stats = z.infer<typeof stats>;

const lineHead = {
  at: timeGiven.describe("The line's time: the rules run by it"),
  team: name.describe("The team's name"),
  player: name.describe("The player's name; one of the team's own if absent").exactOptional(),
  id: eventId.exactOptional(),
};

const lineReason = reason.default("import");

/** One line of an import. */
export const importLine = z
  .discriminatedUnion("type", [
    z.object({
      ...lineHead,
      type: z.literal("join").meta({ description: "A player joins", examples: ["join"] }),
      bracket: slug.meta({ description: "The bracket of a new team", examples: ["family"] }).exactOptional(),
    }),
    z.object({ ...lineHead, ...eventParts.answer }),
    z.object({ ...lineHead, ...eventParts.scan }),
    z.object({ ...lineHead, ...eventParts.checkin }),
    z.object({ ...lineHead, ...eventParts.hint }),
    z.object({ ...lineHead, ...eventParts.claim }),
    z.object({ ...lineHead, ...eventParts.start }),
    z.object({
      ...lineHead,
      type: z.literal("unlock").meta({ description: "An organiser opens a clue", examples: ["unlock"] }),
      clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
      reason: lineReason,
    }),
    z.object({
      ...lineHead,
      type: z.literal("award").meta({ description: "An organiser gives points", examples: ["award"] }),
      points: z
        .int()
        .min(-1_000_000)
        .max(1_000_000)
        .meta({ description: "Points", examples: [25] }),
      reason: lineReason,
    }),
  ])
  .meta({
    id: "ImportLine",
    description: "One command to replay, one JSON object a line",
    examples: [
      { at: "2026-06-06T18:30:00Z", team: "Night Owls", type: "answer", clue: "old-lamp", answer: "moon" },
    ],
  });
export type ImportLine = z.output<typeof importLine>;

export const imported = linesTaken
  .extend({
    restored: z
      .strictObject({
        phase: phase.describe("The phase that the hunt came back in"),
        version: whole("The published version", 3),
        facts: whole("Facts of its logs", 9_600),
        shards: whole("Shards that have them", 2),
      })
      .meta({
        description: "Of a backup: the hunt as it is now",
        examples: [{ phase: "paused", version: 3, facts: 9_600, shards: 2 }],
      })
      .exactOptional(),
  })
  .meta({
    id: "Imported",
    description: "What became of the lines; accepted: replayed, whatever the outcome",
    examples: [{ lines: 120, accepted: 120, rejected: [] }],
  });
export type Imported = z.infer<typeof imported>;

export const verification = z
  .strictObject({
    ok: flag("Nothing differs"),
    facts: whole("Facts refolded", 9_600),
    teams: whole("Teams compared", 120),
    mismatches: z
      .array(
        z.strictObject({
          where: z
            .enum(["shard", "leaderboard", "prizes", "origin"])
            .meta({ description: "What differs from the logs", examples: ["leaderboard"] }),
          shard: told("The shard", "weur-0").exactOptional(),
          team: id.describe("The team").exactOptional(),
          what: told("How it differs", "score 250, by the log 240"),
        }),
      )
      .meta({ description: "The first 1,000 differences", examples: [[]] }),
    unsettled: whole(
      "Teams that kept changing while they were compared with the origin: nothing is known of these; ask again when it is quiet",
      2,
    ).exactOptional(),
  })
  .meta({
    id: "Verification",
    description: "Every log refolded and compared",
    examples: [{ ok: true, facts: 9_600, teams: 120, mismatches: [] }],
  });
export type Verification = z.infer<typeof verification>;

export const auditQuery = z.strictObject({
  cursor: cursorGiven(/^\d{1,15}$/, "1200").exactOptional(),
  limit: wholeInQuery("Entries in a page", { min: 1, max: 1_000, default: 1_000 }),
});

export const audit = z
  .strictObject({
    entries: z
      .array(
        z.strictObject({
          at: time.describe("When"),
          actor: told("Who: the subject of the token", "organiser"),
          action: told("What", "phase"),
          detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).meta({
            description: "What it was about; never a secret, an answer or a code",
            examples: [{ to: "live" }],
          }),
          request: told("The `X-Request-Id` it came with", "5f0c2f0e-8f0b-4f43-9d51-0f2f6f1a2b3c"),
        }),
      )
      .meta({ description: "The newest first", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "Audit", description: "What organisers did and read", examples: [{ entries: [] }] });
export type Audit = z.infer<typeof audit>;

export const rearchived = z
  .strictObject({ facts: whole("Facts on their way", 9_600) })
  .meta({ id: "Rearchived", description: "The logs are sent again", examples: [{ facts: 9_600 }] });
export type Rearchived = z.infer<typeof rearchived>;

export const repaired = z
  .strictObject({
    repaired: whole("Gaps of the logs that are closed", 1),
    facts: whole("Facts that they had", 8),
    left: z
      .array(
        z.strictObject({
          shard: told("The shard", "weur-0"),
          first: whole(
            "The first fact that its log cannot give; absent: the shard could not be asked",
            4_712,
          ).exactOptional(),
          last: whole("The last of them", 4_719).exactOptional(),
          why: told("Why it stays", "the origin does not hold all of these facts"),
        }),
      )
      .meta({ description: "Those that stay, 1,000 at most", examples: [[]] }),
  })
  .meta({
    id: "Repaired",
    description: "What became of the gaps of a hunt's logs",
    examples: [{ repaired: 1, facts: 8, left: [] }],
  });
export type Repaired = z.infer<typeof repaired>;
