/** The export: every fact of the logs, one a line. */
import { z } from "zod";
import { amount, flag, id, mark, ofJoining, position, slug, time, timeGiven, told, whole } from "./basics.ts";
import { RECORDED } from "./play.ts";

const head = {
  shard: told("The shard whose log has it", "weur-0"),
  seq: whole("Its number in that log: from 1, without gaps", 4_711),
  at: time.describe("When it was recorded"),
  team: id.describe("The team"),
};

const personal = told(
  "Commitment: base64url of the SHA-256 of the JSON text of `person`",
  "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
);
export const person = z
  .strictObject({
    player: id.describe("The player"),
    name: told("The player's name", "Ada").exactOptional(),
    externalId: told("The company's id of the player", "C-10442").exactOptional(),
    teamName: told("The name of a solo player's team", "Ada").exactOptional(),
    fields: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The field", examples: ["mail"] }),
          value: z
            .union([z.string(), z.number(), z.boolean()])
            .meta({ description: "What was given", examples: ["ada@example.org"] }),
        }),
      )
      .meta({ description: "What the player gave in the hunt's fields", examples: [[]] })
      .exactOptional(),
    consents: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The consent", examples: ["terms"] }),
          text: told(
            "Base64url of the SHA-256 of the text that was agreed to",
            "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          ),
          at: whole("When, epoch ms", 1_780_768_800_000),
        }),
      )
      .meta({ description: "What the player agreed to", examples: [[]] })
      .exactOptional(),
    position: position.exactOptional(),
    distance: amount("Metres from the place of the check-in", 41.3).exactOptional(),
    salt: told("Random, so that the commitment tells nothing", "1pYw0m6lQmW2Yk3Q9a0b7A"),
  })
  .meta({
    description: "What tells who somebody is; absent when that was forgotten",
    examples: [{ player: "p-3k9x0q2m4t7v", name: "Ada", salt: "1pYw0m6lQmW2Yk3Q9a0b7A" }],
  });

const event = told("The client's id of the event", "e1");
const because = told("The organiser's reason", "helped a lost team");
const salt = told(
  "Random, so that the fact's hash tells nothing to those who guess",
  "Xq0f1m2lQmW2Yk3Q9a0b7A",
);
const byHand = { reason: because, event: event.exactOptional(), salt: salt.exactOptional() };
const together = flag(
  "It counts together with facts of the team beside it; true: the next one is one of them",
);
const type = <Name extends string>(name: Name) =>
  z.literal(name).meta({ description: "What kind of fact it is", examples: [name] });

const merging = {
  merge: told("The merge that it is part of", "4KQ0X7M2Q4TVBA1C"),
  score: amount("The team's score after it", 250),
  more: together,
  reason: because,
  salt: salt.exactOptional(),
};

const joinLine = z.strictObject({
  ...head,
  type: type("join"),
  player: id.describe("Who joined"),
  locale: told("The player's language", "de").exactOptional(),
  provisional: mark("The origin could not be asked then").exactOptional(),
  created: z
    .strictObject({
      name: told("The team's name; of a solo player's team it is in `person`", "Night Owls").exactOptional(),
      bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
      joinCode: told("Its join code", "WEUR0-001EX7K2QM4TVB").exactOptional(),
    })
    .meta({ description: "The team that this joining made", examples: [{ name: "Night Owls" }] })
    .exactOptional(),
  ...ofJoining,
  first: mark("The first player of a team that was made beforehand").exactOptional(),
  personal: personal.exactOptional(),
  person: person.exactOptional(),
});

/** Who is in a team, and what it is called. */
const byWhom = {
  by: id.describe("The player who did it; absent: an organiser").exactOptional(),
  reason: because.exactOptional(),
  salt: salt.exactOptional(),
};
/** A player's move to another team. */
const ofMove = {
  move: told("What the facts of one move have in common", "4KQ0XZ7M2B9TVCAE"),
  player: id.describe("Who is moved"),
};
const memberLines = [
  z.strictObject({
    ...head,
    type: z
      .enum(["leave", "captain"])
      .meta({ description: "Left the team; became its captain", examples: ["leave"] }),
    player: id.describe("Who left, or is the captain now"),
    ...byWhom,
  }),
  z.strictObject({
    ...head,
    type: type("remove"),
    player: id.describe("Who was removed"),
    last: mark("Nobody is left in the team").exactOptional(),
    ...byWhom,
  }),
  z.strictObject({
    ...head,
    type: type("forget"),
    player: id.describe("Of whom everything was deleted that tells who it is"),
    why: z.enum(["asked", "organiser", "retention"]).meta({
      description: "Who had it done: the player, an organiser, the hunt's retention",
      examples: ["asked"],
    }),
    alone: mark("The team was named after the player").exactOptional(),
    gone: mark("The player was in the team no more").exactOptional(),
  }),
  z.strictObject({
    ...head,
    type: type("code"),
    joinCode: told(
      "The team's join code from then on; absent for who may not know it",
      "WEUR0-001EX7K2QM4TVB",
    ).exactOptional(),
    ...byWhom,
  }),
  z.strictObject({
    ...head,
    type: type("rename"),
    name: told(
      "The team's name from then on; of a solo player's team it is in `person`",
      "Night Owls",
    ).exactOptional(),
    nameKey: told("Under which the name is reserved", "rename/weur-0-1a-x7k2qm4tvb/4KQ0X").exactOptional(),
    player: id.describe("Of a solo player's team: the player").exactOptional(),
    personal: personal.exactOptional(),
    person: person.exactOptional(),
    ...byWhom,
  }),
  z.strictObject({
    ...head,
    type: type("bracket"),
    bracket: slug.meta({ description: "Its bracket from then on", examples: ["family"] }),
    ...byWhom,
  }),
  z.strictObject({
    ...head,
    type: type("seat"),
    ...ofMove,
    from: id.describe("The team that the player is in still"),
    reason: because,
  }),
  z.strictObject({
    ...head,
    type: type("unseat"),
    ...ofMove,
    last: mark("Nobody is in the team, or on the way to it").exactOptional(),
  }),
  z.strictObject({
    ...head,
    type: type("depart"),
    ...ofMove,
    to: id.describe("The team that the player goes to"),
    reason: because,
    last: mark("Nobody is left in the team, or on the way to it").exactOptional(),
  }),
  z.strictObject({
    ...head,
    type: type("arrive"),
    ...ofMove,
    from: id.describe("The team that the player was in"),
    gen: whole("How often what it signs in with became void", 1),
    first: mark("Nobody was in the team").exactOptional(),
    provisional: mark("The origin could not be asked when the player joined").exactOptional(),
    effectiveAt: whole("Effective time of its last event, epoch ms", 1_780_768_800_000).exactOptional(),
    reached: z
      .strictObject({
        at: whole("When, epoch ms", 1_780_768_800_000),
        effectiveAt: whole(
          "By its client's clock, as far as that is believed",
          1_780_768_800_000,
        ).exactOptional(),
      })
      .meta({
        description: "When it last reached a place, which is in `person`",
        examples: [{ at: 1_780_768_800_000 }],
      })
      .exactOptional(),
    wins: z
      .array(
        z.strictObject({
          prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
          unit: whole("The unit, from 0", 0),
          team: id.describe("The team that the player was in then"),
          event,
          at: whole("When the vault gave it, epoch ms", 1_780_768_800_000),
          revoked: mark("An organiser has taken it back").exactOptional(),
        }),
      )
      .meta({ description: "What the player won before, 100 at most", examples: [[]] })
      .exactOptional(),
    events: z
      .array(
        z.strictObject({
          type: z
            .enum(["answer", "scan", "checkin", "hint", "claim", "start"])
            .meta({ description: "What the player did", examples: ["hint"] }),
          event,
          outcome: z.enum(RECORDED).meta({ description: "What it came to", examples: ["taken"] }),
          clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }).exactOptional(),
          hint: slug.meta({ description: "The hint", examples: ["h1"] }).exactOptional(),
          prize: slug.meta({ description: "The prize", examples: ["lantern"] }).exactOptional(),
          unit: whole("The unit that was won, from 0", 0).exactOptional(),
        }),
      )
      .meta({
        description: "Its last events before, 30 at most, as far as repetitions of them must be known",
        examples: [[]],
      })
      .exactOptional(),
    personal: personal.exactOptional(),
    person: person.exactOptional(),
  }),
  z.strictObject({
    ...head,
    type: type("make"),
    event: told("Under which the name is reserved", "made/4KQ0X"),
    name: told("The team's name", "Night Owls"),
    bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
    joinCode: told("Its join code; absent for who may not know it", "WEUR0-001EX7K2QM4TVB").exactOptional(),
    salt: salt.exactOptional(),
  }),
] as const;

const playLine = z.strictObject({
  ...head,
  type: z
    .enum(["answer", "scan", "checkin", "hint", "claim", "start"])
    .meta({ description: "What the player did", examples: ["answer"] }),
  outcome: z.enum(RECORDED).meta({ description: "What it came to", examples: ["incorrect"] }),
  player: id.describe("Who did it"),
  event: event.exactOptional(),
  clientAt: timeGiven.describe("The client's clock, as evidence").exactOptional(),
  behind: whole("Milliseconds from the event's effective time to `at`", 0).exactOptional(),
  clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }).exactOptional(),
  answer: told("The answer, as it was given", "moon").exactOptional(),
  retryAt: whole("When a journey was no longer too fast, epoch ms", 1_780_768_800_000).exactOptional(),
  hint: slug.meta({ description: "The hint", examples: ["h1"] }).exactOptional(),
  cost: amount("Points the hint cost", 10).exactOptional(),
  prize: slug.meta({ description: "The prize", examples: ["lantern"] }).exactOptional(),
  unit: whole("The unit that was won, from 0", 0).exactOptional(),
  drawnAt: whole("When the vault decided the claim, epoch ms", 1_780_768_800_000).exactOptional(),
  attemptsLeft: amount("What the attempt bucket held then", 2.5).exactOptional(),
  points: amount("What the solve brought", 50).exactOptional(),
  less: amount("What time and wrong tries took from the clue's value", 5).exactOptional(),
  score: amount("The team's score after it", 250).exactOptional(),
  unlocked: z
    .array(slug)
    .meta({ description: "Clues that it opened", examples: [["harbour-master"]] })
    .exactOptional(),
  message: told("The author's words", "Close! Think of ships.").exactOptional(),
  personal: personal.exactOptional(),
  person: person.exactOptional(),
});
export type PlayLine = z.infer<typeof playLine>;

/** Of what a regrade changed, and not an organiser by hand. */
const byRegrade = {
  regrade: id
    .meta({ description: "The regrade that it belongs to", examples: ["7K2QM4TVBX9R3DEF"] })
    .exactOptional(),
  was: z
    .strictObject({
      at: whole("From when on it counted, epoch ms", 1_780_768_800_000),
      seq: whole("The number of its fact", 4_700),
      points: amount("What it brought", 50),
      less: amount("What time and wrong tries took from the clue's value", 5).exactOptional(),
      player: id.describe("Who had solved it; absent: an organiser gave it").exactOptional(),
    })
    .meta({
      description: "The solve that there was before; absent: none",
      examples: [{ at: 1_780_768_800_000, seq: 4_700, points: 50, player: "p-3k9x0q2m4t7v" }],
    })
    .exactOptional(),
  undone: mark("The regrade is undone by it").exactOptional(),
};

/** A line of the export; the digests of scanned codes and wrong texts and the keys of joinings stay inside. */
export const exportLine = z
  .discriminatedUnion("type", [
    joinLine,
    ...memberLines,
    playLine,
    z.strictObject({
      ...head,
      type: type("award"),
      points: amount("Points given", 25),
      score: amount("The team's score after it", 275),
      ...byHand,
    }),
    z.strictObject({
      ...head,
      type: type("unlock"),
      clue: slug.meta({ description: "The clue that was opened", examples: ["old-lamp"] }),
      ...byHand,
    }),
    z.strictObject({
      ...head,
      type: type("reset"),
      clue: slug
        .meta({ description: "The clue whose tries were given back; absent: all", examples: ["old-lamp"] })
        .exactOptional(),
      codes: mark("Those at codes, which the clue's tries are").exactOptional(),
      reason: because,
      salt: salt.exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: type("solve"),
      clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
      solvedAt: whole("From when on the solve counts, epoch ms", 1_780_768_800_000),
      as: whole(
        "The number of the fact as which it counts among others of its time; absent: its own",
        4_700,
      ).exactOptional(),
      points: amount("What it brings", 50),
      less: amount("What time and wrong tries took from the clue's value", 5).exactOptional(),
      instead: amount("What it brought while it counted from another time", 50).exactOptional(),
      score: amount("The team's score after it", 250),
      unlocked: z
        .array(slug)
        .meta({ description: "Clues that it opened", examples: [["harbour-master"]] })
        .exactOptional(),
      player: id.describe("Who had solved it; absent: an organiser gave it").exactOptional(),
      more: together.exactOptional(),
      reason: because,
      ...byRegrade,
      salt: salt.exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: type("unsolve"),
      clue: slug.meta({ description: "The clue that is solved no more", examples: ["old-lamp"] }),
      points: amount("What the solve had brought", 50),
      score: amount("The team's score after it", 200),
      more: together.exactOptional(),
      reason: because,
      ...byRegrade,
      salt: salt.exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: type("opened"),
      clues: z
        .array(
          z.strictObject({
            clue: slug.meta({ description: "The clue", examples: ["harbour-master"] }),
            at: whole("Since when it is open, epoch ms", 1_780_768_800_000),
          }),
        )
        .meta({
          description: "Clues that stay open, although what opened them was taken back",
          examples: [[{ clue: "harbour-master", at: 1_780_768_800_000 }]],
        }),
      salt: salt.exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: type("merge"),
      ...merging,
      into: id.describe("The team that has everything now"),
      adjusted: amount("What the team's hints and awards gave it, and give the other one now", -10),
      after: whole("The number of the fact before those of the merge", 4_700),
    }),
    z.strictObject({
      ...head,
      type: type("absorb"),
      ...merging,
      from: id.describe("The team that is no more"),
      hints: z
        .array(
          z.strictObject({
            clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }),
            hint: slug.meta({ description: "The hint", examples: ["h1"] }),
            at: whole("When it was taken, epoch ms", 1_780_768_800_000),
            cost: amount("Points that it cost", 10),
          }),
        )
        .meta({ description: "Hints that the team had taken and this one had not", examples: [[]] })
        .exactOptional(),
      awards: z
        .array(
          z.strictObject({
            at: whole("When it was given, epoch ms", 1_780_768_800_000),
            points: amount("Points given", 25),
          }),
        )
        .meta({ description: "Awards of the team", examples: [[]] })
        .exactOptional(),
      wins: z
        .array(
          z.strictObject({
            prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
            unit: whole("The unit, from 0", 0),
          }),
        )
        .meta({ description: "What players won who had left it: it counts for the limits", examples: [[]] })
        .exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: z
        .enum(["ban", "unban", "hide", "show"])
        .meta({ description: "What an organiser did", examples: ["ban"] }),
      ...byHand,
    }),
    z.strictObject({
      ...head,
      type: type("revoke"),
      prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
      unit: whole("The unit that was taken back, from 0", 0),
      ...byHand,
    }),
    z.strictObject({
      ...head,
      type: type("reached"),
      points: amount("The score that the team had for the first time", 100),
      salt: salt.exactOptional(),
    }),
    z.strictObject({
      ...head,
      type: type("void"),
      member: id.describe("Whose earlier tokens and return code are void"),
      gen: whole("How often that happened", 1),
      reason: because.exactOptional(),
      salt: salt.exactOptional(),
    }),
    z
      .strictObject({
        shard: head.shard,
        seq: whole("The number of the last of them", 4_719),
        type: type("gap"),
        first: whole("The number of the first of them", 4_712),
      })
      .meta({
        description:
          "Facts that cannot be exported, because they are not as they were written: repair the hunt",
        examples: [{ shard: "weur-0", seq: 4_719, type: "gap", first: 4_712 }],
      }),
  ])
  .meta({
    id: "ExportLine",
    description: "A fact of a log, or a gap in it",
    examples: [
      {
        shard: "weur-0",
        seq: 4_711,
        at: "2026-06-06T18:30:00.000Z",
        team: "weur-0-1a-x7k2qm4tvb",
        type: "answer",
        outcome: "incorrect",
        player: "p-3k9x0q2m4t7v",
        event: "e1",
        clue: "old-lamp",
        answer: "moon",
        attemptsLeft: 2,
      },
    ],
  });
export type ExportLine = z.infer<typeof exportLine>;
