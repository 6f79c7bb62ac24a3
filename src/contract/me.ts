/** What a player sees of its hunt: open clues only. */
import { z } from "zod";
import { amount, flag, id, mark, phase, playerId, slug, time, told, whole, window } from "./basics.ts";
import { prizeMode } from "./prizes.ts";

export const CLUE_KINDS = ["answer", "scan", "place", "choice"] as const;
export const clueKind = z
  .enum(CLUE_KINDS)
  .meta({ description: "How the clue is solved", examples: ["answer"] });

/** Announcements in a player's view, the newest; the older ones come page by page. */
export const ANNOUNCEMENTS_TOLD = 50;

export const announcement = z
  .strictObject({
    id: id.meta({ description: "The announcement", examples: ["a-4kq0x"] }),
    at: time.describe("When it was made"),
    text: told("Its text", "The bridge is closed: take the ferry."),
    clue: slug.describe("The clue it is about; only teams that have it open are told").exactOptional(),
  })
  .meta({
    id: "Announcement",
    description: "A message of the organisers",
    examples: [
      { id: "a-4kq0x", at: "2026-06-06T19:00:00.000Z", text: "The bridge is closed: take the ferry." },
    ],
  });

const hint = z
  .strictObject({
    id: slug.meta({ description: "The hint", examples: ["h1"] }),
    cost: amount("Points it costs", 10),
    availableAt: time.describe("From when on it can be taken"),
    taken: flag("Whether the team has it"),
    text: told("Its text, once taken", "It guides ships at night.").exactOptional(),
  })
  .meta({
    description: "A hint of the clue",
    examples: [{ id: "h1", cost: 10, availableAt: "2026-06-06T18:40:00.000Z", taken: false }],
  });

export const clueView = z
  .strictObject({
    id: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
    round: slug.meta({ description: "Its round", examples: ["night-one"] }),
    title: told("Its title", "The old lamp"),
    kind: clueKind,
    points: amount("What a solve brings now; once solved, what it brought", 50),
    meta: mark("A meta: fed by other clues").exactOptional(),
    withdrawn: mark(
      "A version dropped it: it is only shown, to teams that solved it or took a hint of it",
    ).exactOptional(),
    state: z.enum(["open", "solved"]).meta({ description: "Solved, or still open", examples: ["open"] }),
    body: told("The clue itself, Markdown", "What stands by the water and never sleeps?"),
    choices: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "What to send as the answer", examples: ["b"] }),
          label: told("What to show", "The lighthouse"),
        }),
      )
      .meta({
        description: "Of kind choice: what to choose from",
        examples: [[{ id: "b", label: "The lighthouse" }]],
      })
      .exactOptional(),
    place: z
      .strictObject({ radius: amount("Metres around the place that count", 30) })
      .meta({ description: "Of kind place: how near one must be", examples: [{ radius: 30 }] })
      .exactOptional(),
    attempts: whole("Wrong tries so far", 2),
    cooldownUntil: time.describe("Until when no try is left").exactOptional(),
    openedAt: time.describe("When it opened for this team"),
    solvedAt: time.describe("When the team solved it").exactOptional(),
    hints: z.array(hint).meta({ description: "Its hints, in the author's order", examples: [[]] }),
  })
  .meta({
    id: "Clue",
    description: "A clue as its team sees it",
    examples: [
      {
        id: "old-lamp",
        round: "night-one",
        title: "The old lamp",
        kind: "answer",
        points: 50,
        state: "open",
        body: "What stands by the water and never sleeps?",
        attempts: 0,
        openedAt: "2026-06-06T18:30:00.000Z",
        hints: [],
      },
    ],
  });
export type ClueView = z.infer<typeof clueView>;

export const prizeView = z
  .strictObject({
    id: slug.meta({ description: "The prize", examples: ["lantern"] }),
    title: told("Its title", "A brass lantern"),
    mode: prizeMode,
    eligible: flag("Whether a claim would be decided now, if there is stock"),
    left: whole("Units left when the vault last said so", 3).exactOptional(),
    withdrawn: mark("The organisers hand out no more of it").exactOptional(),
    window: window.exactOptional(),
    cooldownUntil: time.describe("Until when no claim is possible").exactOptional(),
    wins: z
      .array(
        z.strictObject({
          event: told("The id of the claim", "c1"),
          at: time.describe("When it was recorded"),
          player: playerId("Who claimed it"),
          code: told("What the winner shows; only who claimed it is told", "LAMP-7Q2M").exactOptional(),
          revoked: mark("The organisers took it back").exactOptional(),
        }),
      )
      .meta({ description: "What the team won", examples: [[]] }),
  })
  .meta({
    id: "PrizeOfTeam",
    description: "A prize as a player of a team sees it",
    examples: [
      { id: "lantern", title: "A brass lantern", mode: "first-come", eligible: true, left: 3, wins: [] },
    ],
  });
export type PrizeView = z.infer<typeof prizeView>;

export const me = z
  .strictObject({
    player: z
      .strictObject({ id: playerId("The player"), name: told("Its name", "Ada") })
      .meta({ description: "Who asks", examples: [{ id: "p-3k9x0q2m4t7v", name: "Ada" }] }),
    team: z
      .strictObject({
        id: id.describe("The team"),
        name: told("Its name", "Night Owls"),
        bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
        joinCode: told("What team-mates join by", "WEUR0-001EX7K2QM4TVB").exactOptional(),
        members: z.array(z.strictObject({ id: playerId("The player"), name: told("Its name", "Ada") })).meta({
          description: "Its players, in the order they joined",
          examples: [[{ id: "p-3k9x", name: "Ada" }]],
        }),
        score: amount("Its score", 250),
        solves: whole("Clues it solved", 5),
        rank: whole("Its place, from 1; hidden and banned teams have none", 12).exactOptional(),
        banned: mark("It may not play").exactOptional(),
      })
      .meta({
        description: "The player's team",
        examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", members: [], score: 250, solves: 5 }],
      }),
    phase,
    rounds: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The round", examples: ["night-one"] }),
          title: told("Its title", "Night one"),
        }),
      )
      .meta({
        description: "Rounds with an open or solved clue",
        examples: [[{ id: "night-one", title: "Night one" }]],
      }),
    clues: z
      .array(clueView)
      .meta({ description: "Open and solved clues; locked ones are not told of", examples: [[]] }),
    prizes: z
      .array(prizeView)
      .meta({ description: "The hunt's prizes, if it has any", examples: [[]] })
      .exactOptional(),
    announcements: z.array(announcement).meta({
      description: `The newest ${ANNOUNCEMENTS_TOLD}, the oldest of them first; the route of announcements has all`,
      examples: [[]],
    }),
    serverTime: time.describe("The engine's clock"),
    asOf: time.describe("How fresh values and score are, where they move"),
  })
  .meta({
    id: "Me",
    description: "All that a player sees",
    examples: [
      {
        player: { id: "p-3k9x0q2m4t7v", name: "Ada" },
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", members: [], score: 0, solves: 0 },
        phase: "live",
        rounds: [],
        clues: [],
        announcements: [],
        serverTime: "2026-06-06T18:30:00.000Z",
        asOf: "2026-06-06T18:30:00.000Z",
      },
    ],
  });
export type Me = z.infer<typeof me>;
