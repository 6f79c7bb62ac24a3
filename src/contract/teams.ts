/** Teams as organisers see them, and what organisers do to one. */
import { z } from "zod";
import {
  amount,
  cursorGiven,
  flag,
  id,
  mark,
  NAME_MAX,
  nextCursor,
  playerId,
  position,
  reason,
  slug,
  text,
  time,
  timeGiven,
  told,
  whole,
  wholeInQuery,
} from "./basics.ts";

export const awardBody = z
  .strictObject({
    points: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .meta({ description: "Points to give; negative: to take", examples: [25] }),
    reason,
  })
  .meta({
    id: "Award",
    description: "Points by hand",
    examples: [{ points: 25, reason: "helped a lost team" }],
  });
export type AwardBody = z.infer<typeof awardBody>;

export const awarded = z
  .strictObject({ score: amount("The team's score now", 275) })
  .meta({ id: "Awarded", description: "The team's score now", examples: [{ score: 275 }] });
export type Awarded = z.infer<typeof awarded>;

export const unlockBody = z
  .strictObject({ clue: slug.meta({ description: "The clue to open", examples: ["old-lamp"] }), reason })
  .meta({
    id: "Unlock",
    description: "A clue to open",
    examples: [{ clue: "old-lamp", reason: "the lamp was off" }],
  });
export type UnlockBody = z.infer<typeof unlockBody>;

export const unlocked = z
  .strictObject({
    unlocked: z.array(slug).meta({ description: "The clue that was opened", examples: [["old-lamp"]] }),
  })
  .meta({ id: "Unlocked", description: "Opened", examples: [{ unlocked: ["old-lamp"] }] });
export type Unlocked = z.infer<typeof unlocked>;

export const solveBody = z
  .strictObject({
    clue: slug.meta({ description: "The clue; it need not be open", examples: ["old-lamp"] }),
    at: timeGiven
      .describe("From when on it counts: between the team's joining and now; absent: from now on")
      .exactOptional(),
    reason,
  })
  .meta({
    id: "SolveByHand",
    description: "A solve by hand",
    examples: [{ clue: "old-lamp", at: "2026-06-06T18:30:00Z", reason: "the lamp was off" }],
  });
export type SolveBody = z.infer<typeof solveBody>;

export const solvedByHand = z
  .strictObject({
    score: amount("The team's score now", 300),
    unlocked: z.array(slug).meta({ description: "Clues that it opened", examples: [["harbour-master"]] }),
  })
  .meta({
    id: "SolvedByHand",
    description: "What the solve came to",
    examples: [{ score: 300, unlocked: ["harbour-master"] }],
  });
export type SolvedByHand = z.infer<typeof solvedByHand>;

export const takenBack = z
  .strictObject({ score: amount("The team's score now", 250) })
  .meta({ id: "TakenBack", description: "The team's score now", examples: [{ score: 250 }] });
export type TakenBack = z.infer<typeof takenBack>;

export const resetBody = z
  .strictObject({
    clue: slug
      .meta({
        description: "The clue whose tries are given back; absent: all that the team used",
        examples: ["old-lamp"],
      })
      .exactOptional(),
    reason,
  })
  .meta({
    id: "ResetAttempts",
    description: "Tries to give back",
    examples: [{ clue: "old-lamp", reason: "the lamp was off" }],
  });
export type ResetBody = z.infer<typeof resetBody>;

export const attemptsReset = z
  .strictObject({ reset: z.literal(true).meta({ description: "The buckets are full", examples: [true] }) })
  .meta({ id: "AttemptsReset", description: "The tries are there again", examples: [{ reset: true }] });
export type AttemptsReset = z.infer<typeof attemptsReset>;

export const reasonBody = z
  .strictObject({ reason })
  .meta({ id: "Reason", description: "Why", examples: [{ reason: "asked by the team" }] });
export type ReasonBody = z.infer<typeof reasonBody>;

export const banned = z
  .strictObject({ banned: flag("Whether the team is banned now") })
  .meta({ id: "Banned", description: "The team's mark now", examples: [{ banned: true }] });
export type Banned = z.infer<typeof banned>;

export const hidden = z
  .strictObject({ hidden: flag("Whether the team is hidden now") })
  .meta({ id: "Hidden", description: "The team's mark now", examples: [{ hidden: true }] });
export type Hidden = z.infer<typeof hidden>;

export const teamsQuery = z.strictObject({
  cursor: cursorGiven(/^\d{1,9}\.\d{1,9}$/, "1.200").exactOptional(),
  limit: wholeInQuery("Teams in a page", { min: 1, max: 500, default: 100 }),
  search: text(NAME_MAX)
    .meta({ description: "Only teams that a name, an id or a join code means", examples: ["owls"] })
    .exactOptional(),
});

export const teamRow = z
  .strictObject({
    id: id.describe("The team"),
    name: told("Its name", "Night Owls"),
    bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
    captain: playerId("Its captain").exactOptional(),
    members: z
      .array(
        z.strictObject({
          id: playerId("The player"),
          name: told("Its name, for judges, operators and owners", "Ada").exactOptional(),
          captain: mark("It is the captain").exactOptional(),
        }),
      )
      .meta({ description: "Its players, in the order they joined", examples: [[]] }),
    former: z
      .array(
        z.strictObject({
          id: playerId("The player"),
          name: told("Its name", "Ben"),
        }),
      )
      .meta({
        description: "Who left it, or was removed, and is not forgotten; for judges, operators and owners",
        examples: [[]],
      })
      .exactOptional(),
    score: amount("Its score", 250),
    solves: whole("Clues it solved", 5),
    joinedAt: time.describe("When it was made"),
    joinCode: told(
      "What team-mates join by; for judges, operators and owners",
      "WEUR0-001EX7K2QM4TVB",
    ).exactOptional(),
    banned: flag("It may not play"),
    hidden: flag("It plays on, but has no place"),
    rank: whole("Its place, from 1; through a freeze", 12).exactOptional(),
  })
  .meta({
    id: "Team",
    description: "A team as organisers see it",
    examples: [
      {
        id: "weur-0-1a-x7k2qm4tvb",
        name: "Night Owls",
        members: [{ id: "p-3k9x0q2m4t7v", name: "Ada" }],
        score: 250,
        solves: 5,
        joinedAt: "2026-06-06T17:55:00.000Z",
        banned: false,
        hidden: false,
        rank: 12,
      },
    ],
  });
export type TeamRow = z.infer<typeof teamRow>;

export const teams = z
  .strictObject({
    teams: z.array(teamRow).meta({ description: "By shard, in the order they were made", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "Teams", description: "A page of teams", examples: [{ teams: [] }] });
export type Teams = z.infer<typeof teams>;

export const stuckQuery = z.strictObject({
  minutes: wholeInQuery("Minutes without a solve", { min: 1, max: 1_440, default: 20 }),
  active: wholeInQuery("Minutes since the last try at most", { min: 1, max: 1_440, default: 60 }),
  limit: wholeInQuery("Teams at most", { min: 1, max: 500, default: 50 }),
});

export const stuckTeam = z
  .strictObject({
    team: z
      .strictObject({ id: id.describe("The team"), name: told("Its name", "Night Owls") })
      .meta({ description: "The team", examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }] }),
    solves: whole("Clues it solved", 5),
    since: time.describe("Its last solve, or when it could begin"),
    lastTryAt: time.describe("Its last try"),
    clue: slug.meta({ description: "The open clue most tried in vain", examples: ["old-lamp"] }),
    wrong: whole("How often", 7),
  })
  .meta({
    id: "StuckTeam",
    description: "A team that tries without solving",
    examples: [
      {
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" },
        solves: 5,
        since: "2026-06-06T18:30:00.000Z",
        lastTryAt: "2026-06-06T19:05:00.000Z",
        clue: "old-lamp",
        wrong: 7,
      },
    ],
  });

export const stuckTeams = z
  .strictObject({ teams: z.array(stuckTeam).meta({ description: "Longest stuck first", examples: [[]] }) })
  .meta({ id: "StuckTeams", description: "Teams that could use a hint", examples: [{ teams: [] }] });
export type StuckTeams = z.infer<typeof stuckTeams>;

export const checkin = z
  .strictObject({
    team: id.describe("The team"),
    name: told("Its name", "Night Owls"),
    player: playerId("Who checked in, for judges, operators and owners").exactOptional(),
    at: time.describe("When"),
    ...position.shape,
  })
  .meta({
    id: "Checkin",
    description: "Where a player checked in last",
    examples: [
      {
        team: "weur-0-1a-x7k2qm4tvb",
        name: "Night Owls",
        player: "p-3k9x0q2m4t7v",
        at: "2026-06-06T19:05:00.000Z",
        lat: 53.5461,
        lng: 9.9937,
        accuracy: 12,
      },
    ],
  });

export const checkins = z
  .strictObject({
    checkins: z.array(checkin).meta({ description: "The newest first, 500 at most", examples: [[]] }),
  })
  .meta({ id: "Checkins", description: "Where players checked in last", examples: [{ checkins: [] }] });
export type Checkins = z.infer<typeof checkins>;
