/** What everybody may see of who solved what. */
import { z } from "zod";
import { amount, slug, teamRef, time, told, whole, wholeInQuery } from "./basics.ts";

/** First solves in one response at most. */
export const FIRST_MAX = 100;

export const clueSolvesQuery = z.strictObject({
  limit: wholeInQuery("First solves told", { min: 1, max: FIRST_MAX, default: 10 }),
});

const firstSolve = z.strictObject({
  team: teamRef,
  at: time.describe("When it solved the clue"),
});

export const clueSolves = z
  .strictObject({
    count: whole("Teams that solved it, but for hidden and banned ones", 12),
    first: z
      .array(firstSolve)
      .meta({ description: "The first ones, in order; absent: the hunt shows numbers alone", examples: [[]] })
      .exactOptional(),
  })
  .meta({
    id: "ClueSolves",
    description: "Who solved a clue, as of the freeze while there is one",
    examples: [
      {
        count: 12,
        first: [{ team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }, at: "2026-06-06T18:31:00.000Z" }],
      },
    ],
  });
export type ClueSolves = z.infer<typeof clueSolves>;

const teamSolve = z.strictObject({
  clue: slug.describe("The clue; absent: the asker does not see it").exactOptional(),
  title: told("Its title; absent: the asker does not see it", "The Old Crane").exactOptional(),
  at: time.describe("When the team solved it"),
  points: amount("What the solve gives, first-solve bonus included", 50),
});

export const teamPage = z
  .strictObject({
    team: teamRef,
    rank: whole("Its place, from 1; absent: it has none yet", 1).exactOptional(),
    score: amount("Its score", 250),
    solves: z
      .array(teamSolve)
      .meta({ description: "The first one first; absent: the hunt does not show them", examples: [[]] })
      .exactOptional(),
  })
  .meta({
    id: "TeamPage",
    description: "A team as everybody may see it, as of the freeze while there is one",
    examples: [{ team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }, rank: 1, score: 250 }],
  });
export type TeamPage = z.infer<typeof teamPage>;

/** What the definition's `show` says. */
export const shown = z
  .strictObject({
    solves: z.enum(["counts", "names"]).meta({ description: "Of who solved a clue", examples: ["counts"] }),
  })
  .meta({ description: "What everybody may see; absent: nothing", examples: [{ solves: "counts" }] });
