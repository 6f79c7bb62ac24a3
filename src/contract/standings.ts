/** The standings, and a team's score over time. */
import { z } from "zod";
import { amount, flag, id, slug, teamRef, time, whole, wholeInQuery } from "./basics.ts";

export const leaderboardQuery = z.strictObject({
  limit: wholeInQuery("Rows in a page", { min: 1, max: 500, default: 50 }),
  offset: wholeInQuery("Rows before the page", { min: 0, max: 100_000_000, default: 0 }),
  bracket: slug
    .meta({ description: "Only this bracket, with places of its own", examples: ["family"] })
    .exactOptional(),
  around: id.describe("The rows around this team instead").exactOptional(),
});

export const entry = z
  .strictObject({
    rank: whole("Its place, from 1", 1),
    team: teamRef,
    score: amount("Its score", 250),
    solves: whole("Clues it solved", 5),
    lastSolveAt: time.describe("When it solved last").exactOptional(),
  })
  .meta({
    id: "Entry",
    description: "A team's place",
    examples: [
      {
        rank: 1,
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" },
        score: 250,
        solves: 5,
        lastSolveAt: "2026-06-06T19:05:00.000Z",
      },
    ],
  });
export type Entry = z.infer<typeof entry>;

export const leaderboard = z
  .strictObject({
    hunt: slug.describe("The hunt"),
    asOf: time.describe("How fresh the page is"),
    frozen: flag("Whether the standings stand still"),
    total: whole("Teams with a place", 120),
    entries: z.array(entry).meta({ description: "By place", examples: [[]] }),
  })
  .meta({
    id: "Leaderboard",
    description: "A page of the standings",
    examples: [
      { hunt: "harbour-nights", asOf: "2026-06-06T19:05:01.000Z", frozen: false, total: 120, entries: [] },
    ],
  });
export type Leaderboard = z.infer<typeof leaderboard>;

export const history = z
  .strictObject({
    points: z
      .array(z.strictObject({ at: time.describe("When"), score: amount("The score from then on", 50) }))
      .meta({ description: "Rising in time; the first is the joining at 0", examples: [[]] }),
  })
  .meta({
    id: "History",
    description: "A team's score over time",
    examples: [{ points: [{ at: "2026-06-06T18:00:00.000Z", score: 0 }] }],
  });
