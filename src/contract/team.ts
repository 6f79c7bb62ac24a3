/** Running a team: what its captain, each of its players and organisers change of it. */
import { z } from "zod";
import { id, name, playerId, slug, told, whole, reason as why } from "./basics.ts";

const reason = why.min(1);
const bracket = slug.meta({ description: "A bracket of the hunt", examples: ["family"] });
const joinCode = told("What players join it by", "WEUR0-001EX7K2QM4TVB");

const altered = { name: name.exactOptional(), bracket: bracket.exactOptional() };
const NOTHING = "say a name, a bracket, or both";
const isSomething = (body: { name?: string | undefined; bracket?: string | undefined }): boolean =>
  body.name !== undefined || body.bracket !== undefined;

export const teamPatch = z
  .strictObject(altered)
  .refine(isSomething, NOTHING)
  .meta({
    id: "TeamPatch",
    description: "What the captain changes; the bracket before the team's first solve",
    examples: [{ name: "Night Owls" }],
  });

export const teamPatchByHand = z
  .strictObject({ ...altered, reason })
  .refine(isSomething, NOTHING)
  .meta({
    id: "TeamPatchByHand",
    description: "What an organiser changes of a team, and why",
    examples: [{ bracket: "family", reason: "asked by the team" }],
  });

export const captainBody = z
  .strictObject({ player: playerId("A member of the team") })
  .meta({ id: "Captain", description: "The team's next captain", examples: [{ player: "p-3k9x0q2m4t7v" }] });

export const moveBody = z.strictObject({ to: id.describe("The team that the player goes to"), reason }).meta({
  id: "Move",
  description: "The team that a player goes to, and why",
  examples: [{ to: "weur-1-4-q7k2qm4tvb", reason: "a team of six becomes two" }],
});

export const mergeBody = z
  .strictObject({ into: id.describe("The team that it is merged into"), reason })
  .meta({
    id: "Merge",
    description: "The team that another one is merged into, and why",
    examples: [{ into: "weur-1-4-q7k2qm4tvb", reason: "they joined twice" }],
  });
export type MergeBody = z.infer<typeof mergeBody>;

export const codeNow = z.strictObject({ joinCode }).meta({
  id: "JoinCode",
  description: "The team's join code; every earlier one is unknown",
  examples: [{ joinCode: "WEUR0-001EX7K2QM4TVB" }],
});

export const teamNow = z
  .strictObject({
    team: z
      .strictObject({
        id: id.describe("The team"),
        name: told("Its name", "Night Owls"),
        bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
        joinCode: joinCode.exactOptional(),
      })
      .meta({ description: "The team", examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }] }),
  })
  .meta({
    id: "TeamNow",
    description: "The team as it is now",
    examples: [{ team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" } }],
  });
export type TeamNow = z.infer<typeof teamNow>;

export const reasonQuery = z.strictObject({ reason });

/** Teams in one list that is made beforehand, lines with faults included. */
export const TEAMS_MADE_MAX = 500;

/** A line of a list of teams to make. */
export const teamLine = z
  .strictObject({
    name: name.describe("The team's name, unique in the hunt"),
    bracket: bracket.exactOptional(),
  })
  .meta({
    id: "TeamLine",
    description: "A team to make before anybody comes",
    examples: [{ name: "Night Owls", bracket: "family" }],
  });
export type TeamLine = z.infer<typeof teamLine>;

export const teamsMade = z
  .strictObject({
    created: whole("Teams made now", 2),
    existing: whole("Teams that were there before", 1),
    rejected: z
      .array(
        z.strictObject({
          line: whole("Its line, from 1; of CSV the header is the first", 3),
          code: told("As of an error", "invalid"),
          message: told("What is wrong", "there is no bracket seniors"),
        }),
      )
      .meta({ description: "Lines that say something else than what is now", examples: [[]] }),
    teams: z
      .array(z.strictObject({ id: id.describe("The team"), name: told("Its name", "Night Owls"), joinCode }))
      .meta({ description: "Every team that the list names, in its order", examples: [[]] }),
  })
  .meta({
    id: "TeamsMade",
    description: "What became of a list of teams",
    examples: [{ created: 2, existing: 1, rejected: [], teams: [] }],
  });
export type TeamsMade = z.infer<typeof teamsMade>;
