/** What a player sees of its hunt: open clues only. */
import { z } from "zod";
import { amount, flag, id, mark, phase, playerId, slug, time, told, whole, window } from "./basics.ts";
import { returnCode } from "./join.ts";
import { acceptLanguage, lang, languages, pages } from "./languages.ts";
import { look } from "./look.ts";
import { prizeMode } from "./prizes.ts";
import { roundsTold } from "./rounds.ts";

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
    erratum: mark("It corrects the clue").exactOptional(),
    edited: time.describe("When its text was changed").exactOptional(),
  })
  .meta({
    id: "Announcement",
    description: "A message of the organisers",
    examples: [
      { id: "a-4kq0x", at: "2026-06-06T19:00:00.000Z", text: "The bridge is closed: take the ferry." },
    ],
  });

const HINT = { id: "h1", cost: 10, availableAt: "2026-06-06T18:40:00.000Z", taken: false };

const hint = z
  .strictObject({
    id: slug.meta({ description: "The hint", examples: ["h1"] }),
    cost: amount("Points it costs", 10),
    availableAt: time.describe("From when on it can be taken"),
    taken: flag("Whether the team has it"),
    text: told("Its text, once taken", "It guides ships at night.").exactOptional(),
  })
  .meta({ description: "A hint of the clue", examples: [HINT] });

export const CLUE_EXAMPLE = {
  id: "old-lamp",
  round: "night-one",
  title: "The old lamp",
  kind: "answer" as const,
  points: 50,
  state: "open" as const,
  body: "What stands by the water and never sleeps?",
  attempts: 0,
  attemptsLeft: 5,
  openedAt: "2026-06-06T18:30:00.000Z",
  hints: [] as never[],
};

export const clueView = z
  .strictObject({
    id: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
    round: slug
      .meta({ description: "Its round; absent: it is in none", examples: ["night-one"] })
      .exactOptional(),
    title: told("Its title", "The old lamp"),
    kind: clueKind,
    points: amount("What a solve brings now; once solved, what it brought", 50),
    value: amount(
      "What a solve now would bring to this team, without bonuses: by time, wrong tries and others' solves; absent where it is `points`, once solved or closed",
      42,
    ).exactOptional(),
    meta: mark("A meta: fed by other clues").exactOptional(),
    withdrawn: mark(
      "Nobody can act on it: organisers withdrew it, or a version dropped it, which shows it to teams that solved it or took a hint of it",
    ).exactOptional(),
    state: z.enum(["open", "solved", "closed"]).meta({
      description: "Open; solved; or closed: its time is over, and it can be solved no more",
      examples: ["open"],
    }),
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
    tags: z
      .array(told("One of them", "maths"))
      .meta({ description: "By these it is found among many", examples: [["maths"]] })
      .exactOptional(),
    attachments: z
      .array(
        z.strictObject({
          name: told("The file", "plan.pdf"),
          type: told("Its media type", "application/pdf"),
          size: whole("Bytes", 120_000),
          url: told("Where it is, with a ticket", "/v1/hunts/harbour-nights/assets/plan.pdf?t=Vk1c.2g.q3Zk"),
        }),
      )
      .meta({ description: "Files that go with it", examples: [[]] })
      .exactOptional(),
    solution: told(
      "The author's, Markdown: once solved, and for all when the hunt is final or 24 h over",
      "A lighthouse.",
    ).exactOptional(),
    answer: told("What the team gave, once solved", "lighthouse").exactOptional(),
    attempts: whole("Wrong tries so far", 2),
    attemptsLeft: whole(
      "Tries the team has now, of a scan clue those at codes; absent once solved",
      3,
    ).exactOptional(),
    attemptsOfClue: whole("Tries left in all, where the clue has a limit", 8).exactOptional(),
    cooldownUntil: time.describe("Until when no try is left").exactOptional(),
    openedAt: time.describe("When it opened for this team"),
    closesAt: time
      .describe("When it can be solved no more, where it closes by itself; absent once solved")
      .exactOptional(),
    solvedAt: time.describe("When the team solved it").exactOptional(),
    hints: z.array(hint).meta({ description: "Its hints, in the author's order", examples: [[]] }),
    errata: z
      .array(
        z.strictObject({
          at: time.describe("When it was told"),
          text: told("Its text, Markdown", "It is the north pier, not the south one."),
          edited: time.describe("When its text was changed").exactOptional(),
        }),
      )
      .meta({ description: "What the organisers corrected of it, the oldest first", examples: [[]] })
      .exactOptional(),
  })
  .meta({
    id: "Clue",
    description: "A clue as its team sees it",
    examples: [CLUE_EXAMPLE],
  });
export type ClueView = z.infer<typeof clueView>;

/** Kinds of things that a prize can ask for; `several`: more than a short list can say. */
export const WANTED_KINDS = ["solved", "solvedIn", "points", "from", "several"] as const;

const wanted = z
  .strictObject({
    kind: z.enum(WANTED_KINDS).meta({ description: "What it asks for", examples: ["solvedIn"] }),
    done: flag("Whether the team has done it"),
    clue: slug
      .meta({
        description: "Of solved: the clue; absent while the team cannot see it",
        examples: ["old-lamp"],
      })
      .exactOptional(),
    rounds: z
      .array(slug)
      .meta({
        description: "Of solvedIn: the rounds; absent while the team sees none of one of them",
        examples: [["night-one"]],
      })
      .exactOptional(),
    count: whole("Of solvedIn: how many clues; of points: how many", 3).exactOptional(),
    have: whole("Of solvedIn: how many of them the team has", 1).exactOptional(),
    at: time.describe("Of from: the moment").exactOptional(),
  })
  .meta({
    description: "One thing that a prize asks for",
    examples: [{ kind: "solvedIn", done: false, rounds: ["night-one"], count: 3, have: 1 }],
  });
export type Wanted = z.infer<typeof wanted>;

export const prizeView = z
  .strictObject({
    id: slug.meta({ description: "The prize", examples: ["lantern"] }),
    title: told("Its title", "A brass lantern"),
    mode: prizeMode,
    eligible: flag("Whether a claim would be decided now, if there is stock"),
    requires: z
      .strictObject({
        atLeast: whole("How many of these are enough", 1),
        of: z.array(wanted).meta({ description: "What can be done for it", examples: [[]] }),
      })
      .meta({
        description: "What the team must have done",
        examples: [{ atLeast: 1, of: [{ kind: "points", done: false, count: 100 }] }],
      })
      .exactOptional(),
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

const ME_EXAMPLE_PLAYER = {
  id: "p-3k9x0q2m4t7v",
  name: "Ada",
  returnCode: "WEUR0-001EX7-K2QM4T-VB9ZCQ",
};
const ME_EXAMPLE = {
  player: ME_EXAMPLE_PLAYER,
  team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", members: [], score: 0, solves: 0 },
  phase: "live" as const,
  rounds: [],
  clues: [],
  announcements: [],
  serverTime: "2026-06-06T18:30:00.000Z",
  asOf: "2026-06-06T18:30:00.000Z",
};

const meShape = {
  player: z
    .strictObject({ id: playerId("The player"), name: told("Its name", "Ada"), returnCode })
    .meta({ description: "Who asks", examples: [ME_EXAMPLE_PLAYER] }),
  team: z
    .strictObject({
      id: id.describe("The team"),
      name: told("Its name", "Night Owls"),
      bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
      joinCode: told("What team-mates join by", "WEUR0-001EX7K2QM4TVB").exactOptional(),
      captain: playerId("Its captain, who may rename it, remove players and make a new code").exactOptional(),
      members: z
        .array(
          z.strictObject({
            id: playerId("The player"),
            name: told("Its name", "Ada"),
            captain: mark("It is the captain").exactOptional(),
          }),
        )
        .meta({
          description: "Its players, in the order they joined",
          examples: [[{ id: "p-3k9x", name: "Ada", captain: true }]],
        }),
      score: amount("Its score", 250),
      solves: whole("Clues it solved", 5),
      rank: whole("Its place, from 1; hidden and banned teams have none", 12).exactOptional(),
      bracketRank: whole("Its place in its bracket, from 1", 3).exactOptional(),
      startedAt: time
        .describe(
          "When its own time began, where each team has a clock of its own; absent: it has yet to start",
        )
        .exactOptional(),
      endsAt: time.describe("When its own time is over").exactOptional(),
      banned: mark("It may not play").exactOptional(),
    })
    .meta({
      description: "The player's team",
      examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", members: [], score: 250, solves: 5 }],
    }),
  phase,
  rounds: roundsTold("Rounds with an open or solved clue"),
  clues: z
    .array(clueView)
    .meta({ description: "Open and solved clues; locked ones are not told of", examples: [[]] }),
  languages,
  look: look.exactOptional(),
  pages,
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
};

export const me = z.strictObject(meShape).meta({
  id: "Me",
  description: "All that a player sees",
  examples: [ME_EXAMPLE],
});
export type Me = z.infer<typeof me>;

/** A text that stands apart, by its content. */
const textAt = z
  .strictObject({
    digest: told("Names the content: equal digests, equal texts", "q3Zk0vXn2Wc8yT5bLr1aQg"),
    url: told(
      "Where to read it, with a ticket for a day at least; later, look at all of `/me` again",
      "/v1/hunts/harbour-nights/bodies/q3Zk0vXn2Wc8yT5bLr1aQg?t=weur-0.2dp4.Vk1cXo0yq3Zk0vXn2Wc8yT",
    ),
  })
  .meta({
    id: "TextAt",
    description: "Where a long text stands",
    examples: [
      {
        digest: "q3Zk0vXn2Wc8yT5bLr1aQg",
        url: "/v1/hunts/harbour-nights/bodies/q3Zk0vXn2Wc8yT5bLr1aQg?t=weur-0.2dp4.Vk1cXo0yq3Zk0vXn2Wc8yT",
      },
    ],
  });
export type TextAt = z.infer<typeof textAt>;

const clueApart = clueView
  .omit({ body: true, hints: true })
  .extend({
    body: clueView.shape.body.exactOptional(),
    bodyAt: textAt.describe("Where a long one stands").exactOptional(),
    solutionAt: textAt.describe("Where a long one stands").exactOptional(),
    hints: z
      .array(
        hint
          .extend({ textAt: textAt.exactOptional() })
          .meta({ description: "A hint of the clue", examples: [HINT] }),
      )
      .meta({ description: "Its hints, in the author's order", examples: [[]] }),
  })
  .meta({
    id: "ClueApart",
    description: "A clue with `body`, or with `bodyAt` where a long one stands; its taken hints likewise",
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
        attemptsLeft: 5,
        openedAt: "2026-06-06T18:30:00.000Z",
        hints: [],
      },
    ],
  });
export type ClueApart = z.infer<typeof clueApart>;

/** With `bodies=apart`. */
export const meApart = z
  .strictObject({
    ...meShape,
    clues: z
      .array(clueApart)
      .meta({ description: "Open and solved clues; locked ones are not told of", examples: [[]] }),
  })
  .meta({ id: "MeApart", description: "All that a player sees, long texts apart", examples: [ME_EXAMPLE] });
export type MeApart = z.infer<typeof meApart>;

/** With `since`. */
export const meChanges = z
  .strictObject({
    since: told("The ETag since which this is what changed", "5f0c2b7a91d3e846"),
    player: meShape.player,
    team: meShape.team,
    phase,
    rounds: meShape.rounds.exactOptional(),
    clues: z.array(clueApart).meta({ description: "Those that came or changed, whole", examples: [[]] }),
    order: z
      .array(slug)
      .meta({
        description: "All clues there are now, in order; absent: the same as before",
        examples: [["old-lamp"]],
      })
      .exactOptional(),
    points: z
      .record(slug, amount("What a solve brings now; once solved, what it brings", 45))
      .meta({
        description: "Where values move: those of the clues that did not change otherwise",
        examples: [{ "old-lamp": 45 }],
      })
      .exactOptional(),
    values: z
      .record(slug, amount("What a solve now would bring to this team", 42))
      .meta({
        description: "`value` of the clues that did not change otherwise, where it is another than before",
        examples: [{ "old-lamp": 42 }],
      })
      .exactOptional(),
    prizes: meShape.prizes,
    announcements: meShape.announcements.exactOptional(),
    serverTime: meShape.serverTime,
    asOf: meShape.asOf,
  })
  .meta({
    id: "MeChanges",
    description: "What changed of what a player sees: the rest is as it was",
    examples: [
      {
        since: "5f0c2b7a91d3e846",
        player: ME_EXAMPLE.player,
        team: ME_EXAMPLE.team,
        phase: "live",
        clues: [],
        serverTime: "2026-06-06T18:30:00.000Z",
        asOf: "2026-06-06T18:30:00.000Z",
      },
    ],
  });
export type MeChanges = z.infer<typeof meChanges>;

const { player: _, ...VIEWED_EXAMPLE } = ME_EXAMPLE;

/** For an organiser who looks as the team. */
export const meViewed = me.omit({ player: true }).meta({
  id: "MeViewed",
  description: "All that a team sees, for an organiser who looks as it",
  examples: [VIEWED_EXAMPLE],
});
export type MeViewed = z.infer<typeof meViewed>;

/** What `/me` tells: plainly, with `bodies=apart`, with `since`. */
export const meTold = z
  .union([me, meApart, meChanges, meViewed])
  .meta({ description: "All that a player sees, or what changed of it", examples: [ME_EXAMPLE] });

/** Longest ETag that a client may name, characters. */
const ETAG_MAX = 100;

export const meQuery = z.strictObject({
  lang,
  bodies: z
    .enum(["apart"])
    .meta({
      description:
        "apart: long texts by their addresses (`bodyAt`, `textAt`); default: all texts in the response",
      examples: ["apart"],
    })
    .exactOptional(),
  since: z
    .string()
    .max(ETAG_MAX)
    .meta({
      description:
        "The ETag of an earlier look, with or without quotes: tells what changed since, or all where that is not known",
      examples: ["5f0c2b7a91d3e846"],
    })
    .exactOptional(),
});

export const meHeaders = z.object({
  ...acceptLanguage,
  "if-none-match": z
    .string()
    .meta({
      description: "ETags of what the client has: 304 if one of them stands",
      examples: ['W/"5f0c2b7a91d3e846"'],
    })
    .exactOptional(),
});

export const bodyQuery = z.strictObject({
  t: z
    .string()
    .max(200)
    .meta({
      description: "The ticket, as the address in `/me` has it",
      examples: ["weur-0.2dp4.Vk1cXo0yq3Zk0vXn2Wc8yT"],
    })
    .exactOptional(),
});

export const bodyText = told("The text, Markdown", "What stands by the water and never sleeps?");
