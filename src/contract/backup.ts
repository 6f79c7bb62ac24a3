/**
 * A whole hunt as NDJSON: what `?format=backup` of the export gives and the import takes back. Its first line says
 * what it is, its last one what all lines before it hash to, so that a file that was cut is known as such.
 */
import { z } from "zod";
import { AUDIT_ACTIONS } from "./audit-actions.ts";
import { id, mark, phase, slug, time, told, whole } from "./basics.ts";
import { importLine } from "./data.ts";
import { exportLine, person } from "./export.ts";
import { MESSAGE_MAX, MESSAGES_MAX } from "./help.ts";
import { FIELD_UNITS_MAX } from "./join.ts";
import { registrationLine } from "./registrations.ts";

export const BACKUP_FORMAT = "hunt-export";
export const BACKUP_VERSION = 1;

/** Of one text line of a backup. */
export const TEXT_CHARACTERS = 100_000;

/** Entries of one line that holds several. */
export const ENTRIES_MAX = 200;

/** Of what stands in the file's texts together. */
export const TEXTS_CHARACTERS = 16_000_000;

/** Registered players in one line: each may have 20 KB, and a line has the bound below. */
export const REGISTERED_MAX = 50;

/** Fields of one that are taken. */
const FIELDS_MAX = 20;

/** Bytes of a line: a segment of a log and its names, written as escapes. */
export const BACKUP_LINE_BYTES = 1_000_000;

/** The texts that a backup has of the hunt as a whole. */
export const BACKUP_TEXTS = ["definition", "codes", "state", "withdrawn", "regrades"] as const;
export type BackupText = (typeof BACKUP_TEXTS)[number];

/** What every first line of a file says of itself, whatever version wrote it. */
export const backupMark = z.looseObject({ format: z.literal(BACKUP_FORMAT), version: z.int() });

const shard = told("The shard", "weur-0");
const epoch = (description: string) => whole(`${description}, epoch ms`, 1_780_768_800_000);
const digest = (description: string) =>
  told(`${description}, base64url of SHA-256`, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");

export const backupHeader = z
  .strictObject({
    format: z.literal(BACKUP_FORMAT).meta({ description: "What the file is", examples: [BACKUP_FORMAT] }),
    version: z
      .literal(BACKUP_VERSION)
      .meta({ description: "Of the file's form", examples: [BACKUP_VERSION] }),
    hunt: slug.describe("The hunt"),
    at: time.describe("When the backup was begun"),
    phase: phase.describe("The hunt's phase then; a live one comes back paused"),
  })
  .meta({
    id: "BackupHeader",
    description: "The first line of a backup",
    examples: [
      {
        format: BACKUP_FORMAT,
        version: BACKUP_VERSION,
        hunt: "harbour-nights",
        at: "2026-06-06T18:30:00.000Z",
        phase: "live",
      },
    ],
  });

const textLine = z.strictObject({
  type: z.literal("text").meta({ description: "A part of a text", examples: ["text"] }),
  name: z.enum(BACKUP_TEXTS).meta({
    description:
      "definition: as it was published; codes: those that the engine made for clues, in clear; state: version, prizes, seeds and what organisers changed; withdrawn: clues and hints that versions dropped; regrades",
    examples: ["definition"],
  }),
  text: z
    .string()
    .max(TEXT_CHARACTERS)
    .meta({ description: "The parts of a text follow each other", examples: ["hunt: harbour-nights\n"] }),
});

const announcement = z
  .strictObject({
    id: id.describe("The announcement"),
    at: epoch("When it was sent"),
    text: z
      .string()
      .max(10_000)
      .meta({ description: "Its text", examples: ["The pier is open again."] }),
    clue: slug.meta({ description: "The clue that it is about", examples: ["old-lamp"] }).exactOptional(),
    to: z
      .strictObject({
        teams: z
          .array(id)
          .max(10_000)
          .meta({ description: "To these teams", examples: [[]] })
          .exactOptional(),
        bracket: slug.meta({ description: "To this bracket", examples: ["family"] }).exactOptional(),
        unsolved: slug
          .meta({ description: "To who has not solved this clue", examples: ["old-lamp"] })
          .exactOptional(),
      })
      .meta({ description: "To whom it went; absent: to everybody", examples: [{ bracket: "family" }] })
      .exactOptional(),
    erratum: mark("It corrects the clue").exactOptional(),
    edited: epoch("When it was edited last").exactOptional(),
    removed: mark("It was taken back").exactOptional(),
  })
  .meta({
    description: "An announcement",
    examples: [{ id: "a-4kq0x7m2q4", at: 1_780_768_800_000, text: "The pier is open again." }],
  });
export type BackupAnnouncement = z.infer<typeof announcement>;

const auditEntry = z
  .strictObject({
    at: epoch("When"),
    actor: told("Who", "organiser"),
    action: z.enum(AUDIT_ACTIONS).meta({ description: "What", examples: ["publish"] }),
    detail: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .meta({ description: "About what", examples: [{ version: 1 }] }),
    request: told("The request's id", "b2c1"),
  })
  .meta({
    description: "A line of the audit",
    examples: [
      {
        at: 1_780_768_800_000,
        actor: "organiser",
        action: "publish",
        detail: { version: 1 },
        request: "b2c1",
      },
    ],
  });

const several = <Entry extends z.ZodType>(entry: Entry, description: string) =>
  z
    .array(entry)
    .max(ENTRIES_MAX)
    .meta({ description, examples: [[]] });

const announcementsLine = z.strictObject({
  type: z.literal("announcements").meta({ description: "Announcements", examples: ["announcements"] }),
  announcements: several(announcement, "The oldest first"),
});

const auditLine = z.strictObject({
  type: z.literal("audit").meta({ description: "Lines of the audit", examples: ["audit"] }),
  entries: several(auditEntry, "The oldest first"),
});

const personsLine = z.strictObject({
  type: z.literal("persons").meta({
    description: "What tells who somebody is, of facts of the next line `facts`",
    examples: ["persons"],
  }),
  shard,
  persons: z
    .record(z.string().regex(/^\d{1,16}$/), person)
    .meta({ description: "By the fact's `seq`", examples: [{}] }),
});

const FACT = {
  seq: 4_711,
  at: 1_780_768_800_000,
  team: "weur-0-1a-x7k2qm4tvb",
  type: "reached",
  points: 100,
};

const fact = z
  .looseObject({
    seq: whole("Its number in the shard's log", 4_711),
    at: epoch("When it was recorded"),
    team: id.describe("The team"),
    type: told("What kind of fact it is", "answer"),
  })
  .meta({
    description: "A fact as the log has it",
    examples: [FACT],
  });
export type BackupFact = z.infer<typeof fact>;

const factsLine = z.strictObject({
  type: z.literal("facts").meta({ description: "A segment of a log", examples: ["facts"] }),
  shard,
  first: whole("`seq` of the first fact", 4_701),
  last: whole("`seq` of the last fact", 4_711),
  hash: digest("Of the segment and of the one before it: the chain of the log"),
  facts: z
    .array(fact)
    .min(1)
    .meta({
      description: "Its facts, to the byte as the log has them; the last member",
      examples: [[FACT]],
    }),
});
export type BackupFacts = z.infer<typeof factsLine>;

const toldLine = z.strictObject({
  type: z.literal("told").meta({ description: "To whom an announcement went", examples: ["told"] }),
  shard,
  announcement: id.describe("An announcement to a bracket"),
  teams: z
    .string()
    .max(BACKUP_LINE_BYTES)
    .meta({ description: "A bit for each team of the shard, base64", examples: ["AQ=="] }),
});

const threadLine = z.strictObject({
  type: z.literal("thread").meta({ description: "A request for help", examples: ["thread"] }),
  shard,
  n: z
    .int()
    .min(1)
    .meta({ description: "Its number in the shard", examples: [1] }),
  team: id.describe("The team that asked"),
  clue: slug.meta({ description: "The clue that it is about", examples: ["old-lamp"] }).exactOptional(),
  state: z.enum(["open", "answered", "closed"]).meta({ description: "Its state", examples: ["open"] }),
  since: epoch("Since when it waits, while it is open"),
  messages: z
    .array(
      z.strictObject({
        at: epoch("When it was said"),
        from: z.enum(["team", "staff"]).meta({ description: "Who said it", examples: ["team"] }),
        by: told("The player's id, or who of the organisers it was", "p-3k9x0q2m4t7v"),
        text: z
          .string()
          .max(MESSAGE_MAX)
          .meta({ description: "What was said", examples: ["The lamp is dark."] }),
        key: told("Stands for the request that it came with", "b2c1").exactOptional(),
      }),
    )
    .min(1)
    .max(MESSAGES_MAX)
    .meta({
      description: "What was said, the oldest first",
      examples: [
        [
          {
            at: 1_780_768_800_000,
            from: "team",
            by: "p-3k9x0q2m4t7v",
            text: "The lamp is dark.",
            key: "b2c1",
          },
        ],
      ],
    }),
});
export type BackupThread = Omit<z.infer<typeof threadLine>, "type" | "shard">;

const win = z
  .strictObject({
    prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
    team: id.describe("The team that won it"),
    n: whole("Of the team's wins of this prize, from 0", 0),
    unit: whole("The unit of the prize, from 0", 0),
    player: id.describe("Who claimed it"),
    event: told("The event that claimed it", "e1"),
    at: epoch("When the vault gave it"),
    revoked: z.boolean().meta({ description: "It was taken back", examples: [false] }),
    code: told("What the winner shows; absent where none can be made", "X7K2-QM4T").exactOptional(),
  })
  .meta({
    description: "A win",
    examples: [
      {
        prize: "lantern",
        team: "weur-0-1a-x7k2qm4tvb",
        n: 0,
        unit: 0,
        player: "p-3k9x0q2m4t7v",
        event: "e1",
        at: 1_780_768_800_000,
        revoked: false,
        code: "X7K2-QM4T-VB9Z-CQ0E",
      },
    ],
  });
export type BackupWin = z.infer<typeof win>;

const winsLine = z.strictObject({
  type: z.literal("wins").meta({ description: "Wins", examples: ["wins"] }),
  wins: several(win, "Units of prizes and who has them"),
});

const nameRow = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(400)
      .meta({ description: "What is taken: a team's name, or a digest", examples: ["team/night owls"] }),
    shard: told("Where who has it lives", "weur-0"),
    key: told("The joining that took it", "b2c1"),
    at: epoch("When"),
  })
  .meta({
    description: "A name that is taken",
    examples: [{ name: "team/night owls", shard: "weur-0", key: "b2c1", at: 1_780_768_800_000 }],
  });
export type BackupName = z.infer<typeof nameRow>;

const namesLine = z.strictObject({
  type: z.literal("names").meta({ description: "Names that are taken", examples: ["names"] }),
  names: several(nameRow, "Names of teams, and keyed digests of what nobody may give twice"),
});

const registration = registrationLine
  .extend({
    at: epoch("When the engine was told"),
    fields: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The field", examples: ["size"] }),
          value: z
            .union([z.string().max(FIELD_UNITS_MAX), z.number(), z.boolean()])
            .meta({ description: "What the company has", examples: ["m"] }),
        }),
      )
      .max(FIELDS_MAX)
      .meta({ description: "What the company has of what the hunt asks", examples: [[]] }),
  })
  .meta({
    id: "BackupRegistration",
    description: "A registered player of the hunt's sign-up feed",
    examples: [{ externalId: "C-10442", name: "Ada", at: 1_780_768_800_000, fields: [] }],
  });
export type BackupRegistration = z.infer<typeof registration>;

const registrationsLine = z.strictObject({
  type: z.literal("registrations").meta({ description: "Registered players", examples: ["registrations"] }),
  registrations: z
    .array(registration)
    .max(REGISTERED_MAX)
    .meta({ description: "Those of the hunt's sign-up feed, by external id", examples: [[]] }),
});

const endLine = z.strictObject({
  type: z.literal("end").meta({ description: "The last line", examples: ["end"] }),
  lines: whole("Lines before it", 1_204),
  sha256: told(
    "SHA-256 of all lines before it, each with its line feed, in hex",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  ),
});

/** Any line but the first. */
export const backupLine = z
  .discriminatedUnion("type", [
    textLine,
    announcementsLine,
    auditLine,
    personsLine,
    factsLine,
    toldLine,
    threadLine,
    winsLine,
    namesLine,
    registrationsLine,
    endLine,
  ])
  .meta({
    id: "BackupLine",
    description: "A line of a backup, behind the first",
    examples: [{ type: "end", lines: 1_204, sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c" }],
  });
export type BackupLine = z.infer<typeof backupLine>;

/** Of what an export gives: facts, or a backup. */
export const exportedLine = z.union([exportLine, backupHeader, backupLine]).meta({
  description: "A fact of a log; with format=backup a line of the backup",
  examples: [
    {
      shard: "weur-0",
      seq: 4_711,
      at: "2026-06-06T18:30:00.000Z",
      team: "weur-0-1a-x7k2qm4tvb",
      type: "reached",
      points: 100,
    },
  ],
});

/** Of what an import takes: commands to replay, or a backup. */
export const takenLine = z.union([importLine, backupHeader, backupLine]).meta({
  description: "A command to replay; of a backup one of its lines",
  examples: [
    { at: "2026-06-06T18:30:00Z", team: "Night Owls", type: "answer", clue: "old-lamp", answer: "moon" },
  ],
});

/** The text `codes`: by clue, those that the engine made. */
export const backupCodes = z.record(slug, z.string().min(1).max(200));

/** The texts `withdrawn` and `regrades`, as control keeps them. */
export const backupWithdrawn = z.strictObject({
  v: z.literal(1),
  clues: z.array(z.looseObject({ id: slug, hints: z.array(z.looseObject({ id: slug })) })),
});
export const backupRegrades = z.strictObject({
  v: z.literal(1),
  made: z.array(
    z.looseObject({
      regrade: z.string().max(100),
      reason: z.string().max(1_000),
      state: z.enum(["making", "stands", "undoing", "undone"]),
    }),
  ),
});

const positive = z.int().min(0);
const times = { openedAt: z.int(), endedAt: z.int(), finalAt: z.int() };

/** The text `state`. */
export const backupState = z.strictObject({
  version: z.int().min(1),
  format: z.enum(["json", "yaml"]),
  phase: z.strictObject({
    openedAt: times.openedAt.exactOptional(),
    live: z.boolean(),
    paused: z.boolean(),
    endedAt: times.endedAt.exactOptional(),
    finalAt: times.finalAt.exactOptional(),
    openedByTime: z.literal(true).exactOptional(),
    endedByTime: z.literal(true).exactOptional(),
    missed: z.literal(true).exactOptional(),
  }),
  shards: z.array(z.string().regex(/^[a-z]{2,6}(?:-[a-z]{2})?-\d{1,4}$/)).max(11_000),
  shardsPerRegion: z.int().min(1).max(1_000),
  begun: z.literal(2).exactOptional(),
  /** Of the prize draws. */
  drawSeed: z.string().max(200).exactOptional(),
  prizes: z
    .record(
      slug,
      z.strictObject({
        added: z.array(
          z.strictObject({
            units: positive,
            at: z.int(),
            codes: z.array(z.string().max(200)).exactOptional(),
          }),
        ),
        withdrawn: z.literal(true).exactOptional(),
      }),
    )
    .exactOptional(),
  clues: z.record(slug, z.strictObject({ void: z.literal(true).exactOptional() })).exactOptional(),
  released: z.literal(true).exactOptional(),
  seedTold: z.literal(true).exactOptional(),
  announcements: z.array(announcement).max(1_000),
  takenBack: z.array(id).max(1_000).exactOptional(),
  scheduled: z.array(announcement).max(1_000).exactOptional(),
});
export type BackupState = z.infer<typeof backupState>;
