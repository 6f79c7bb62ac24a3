/** The running hunt: phase, announcements, growth. */
import { z } from "zod";
import {
  id,
  mark,
  nextCursor,
  phase,
  reason,
  slug,
  text,
  time,
  timeGiven,
  whole,
  wholeInQuery,
} from "./basics.ts";
import { ANNOUNCEMENTS_TOLD, announcement } from "./me.ts";

export const phaseBody = z
  .strictObject({
    phase: z.enum(["live", "paused", "ended", "final"]).meta({
      description:
        "draft→live, live↔paused, live or paused→ended, ended→final: from then on nothing is corrected",
      examples: ["live"],
    }),
    reopen: z
      .literal(true)
      .meta({ description: "With live: a hunt that has ended goes on; asks for a reason", examples: [true] })
      .exactOptional(),
    reason: reason.exactOptional(),
  })
  .refine(
    ({ phase: to, reopen, reason: why }) =>
      reopen === undefined ? why === undefined : to === "live" && why !== undefined,
    { path: ["reason"], message: "only reopening (live) takes a reason, and it needs one" },
  )
  .meta({ id: "ChangePhase", description: "The phase to be in", examples: [{ phase: "live" }] });
export type PhaseBody = z.infer<typeof phaseBody>;

export const phaseNow = z
  .strictObject({ phase })
  .meta({ id: "PhaseNow", description: "The phase, in force everywhere", examples: [{ phase: "live" }] });
export type PhaseNow = z.infer<typeof phaseNow>;

export const released = z
  .strictObject({ released: z.literal(true).meta({ description: "Everybody sees them", examples: [true] }) })
  .meta({
    id: "Released",
    description: "The results are public",
    examples: [{ released: true }],
  });
export type Released = z.infer<typeof released>;

/** Teams that one announcement names at most. */
export const TEAMS_NAMED_MAX = 500;

export const announcementText = text(4_000)
  .min(1)
  .meta({
    description: "What to tell, 4,000 characters at most",
    examples: ["The bridge is closed: take the ferry."],
  });

const to = z
  .strictObject({
    teams: z
      .array(id)
      .min(1)
      .max(TEAMS_NAMED_MAX)
      .meta({ description: "These teams", examples: [["weur-0-1a-x7k2qm4tvb"]] })
      .exactOptional(),
    bracket: slug
      .meta({ description: "Teams of this bracket, as they are when it is sent", examples: ["family"] })
      .exactOptional(),
    unsolved: slug
      .meta({
        description: "Teams that have not solved this clue, also those who join later, until they solve it",
        examples: ["old-lamp"],
      })
      .exactOptional(),
  })
  .refine((value) => Object.keys(value).length > 0, { message: "must say to whom" })
  .meta({
    description: "Only to teams of whom all of this holds",
    examples: [{ unsolved: "old-lamp" }],
  });

export const announcementBody = z
  .strictObject({
    text: announcementText,
    clue: slug
      .meta({ description: "Tells only teams that have this clue open", examples: ["old-lamp"] })
      .exactOptional(),
    to: to.exactOptional(),
    at: timeGiven.describe("When it is sent; past or absent: now").exactOptional(),
    erratum: mark("It corrects the clue, and stands at it").exactOptional(),
  })
  .refine(({ clue, erratum }) => !erratum || clue !== undefined, {
    path: ["erratum"],
    message: "an erratum names the clue that it corrects",
  })
  .meta({
    id: "Announce",
    description: "A message to players",
    examples: [{ text: "The bridge is closed." }],
  });
export type AnnouncementBody = z.infer<typeof announcementBody>;

export const announced = z
  .strictObject({
    id: id.meta({ description: "The announcement", examples: ["a-4kq0x"] }),
    at: time.describe("When it was made"),
  })
  .meta({
    id: "Announced",
    description: "Told",
    examples: [{ id: "a-4kq0x", at: "2026-06-06T19:00:00.000Z" }],
  });
export type Announced = z.infer<typeof announced>;

export const announcementsQuery = z.strictObject({
  cursor: id
    .meta({ description: "An announcement: the page has those before it", examples: ["a-4kq0x"] })
    .exactOptional(),
  limit: wholeInQuery("Announcements in a page", { min: 1, max: 100, default: ANNOUNCEMENTS_TOLD }),
});

export const announcementEdit = z.strictObject({ text: announcementText, reason }).meta({
  id: "EditAnnouncement",
  description: "Another text",
  examples: [{ text: "The bridge is open again.", reason: "it was repaired" }],
});
export type AnnouncementEdit = z.infer<typeof announcementEdit>;

export const announcementRow = announcement
  .extend({
    to: to.describe("For organisers: to whom it goes").exactOptional(),
    scheduled: mark("For organisers: it is sent at that time").exactOptional(),
  })
  .meta({
    id: "AnnouncementRow",
    description: "An announcement in the list",
    examples: [{ id: "a-4kq0x", at: "2026-06-06T19:00:00.000Z", text: "The bridge is closed." }],
  });
export type AnnouncementRow = z.infer<typeof announcementRow>;

export const announcements = z
  .strictObject({
    announcements: z.array(announcementRow).meta({ description: "The newest first", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "Announcements", description: "A page of announcements", examples: [{ announcements: [] }] });
export type Announcements = z.infer<typeof announcements>;

export const growBody = z
  .strictObject({
    shardsPerRegion: z
      .int()
      .min(1)
      .max(1_000)
      .meta({ description: "Active shards a region; never fewer than before", examples: [8] }),
  })
  .meta({ id: "Grow", description: "More room for new teams", examples: [{ shardsPerRegion: 8 }] });
export type GrowBody = z.infer<typeof growBody>;

export const grown = z
  .strictObject({ shardsPerRegion: whole("Active shards a region now", 8) })
  .meta({ id: "Grown", description: "The shards a region now", examples: [{ shardsPerRegion: 8 }] });
export type Grown = z.infer<typeof grown>;
