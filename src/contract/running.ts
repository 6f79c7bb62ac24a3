/** The running hunt: phase, announcements, growth. */
import { z } from "zod";
import { id, nextCursor, phase, slug, text, time, whole, wholeInQuery } from "./basics.ts";
import { ANNOUNCEMENTS_TOLD, announcement } from "./me.ts";

export const phaseBody = z
  .strictObject({
    phase: z
      .enum(["live", "paused", "ended"])
      .meta({ description: "draft→live, live↔paused, live or paused→ended", examples: ["live"] }),
  })
  .meta({ id: "ChangePhase", description: "The phase to be in", examples: [{ phase: "live" }] });
export type PhaseBody = z.infer<typeof phaseBody>;

export const phaseNow = z
  .strictObject({ phase })
  .meta({ id: "PhaseNow", description: "The phase, in force everywhere", examples: [{ phase: "live" }] });
export type PhaseNow = z.infer<typeof phaseNow>;

export const announcementBody = z
  .strictObject({
    text: text(4_000)
      .min(1)
      .meta({
        description: "What to tell, 4,000 characters at most",
        examples: ["The bridge is closed: take the ferry."],
      }),
    clue: slug
      .meta({ description: "Tells only teams that have this clue open", examples: ["old-lamp"] })
      .exactOptional(),
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

export const announcements = z
  .strictObject({
    announcements: z.array(announcement).meta({ description: "The newest first", examples: [[]] }),
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
