/** The export: every fact of the logs, one a line. */
import { z } from "zod";
import { amount, id, mark, position, slug, time, timeGiven, told, whole } from "./basics.ts";
import { RECORDED } from "./play.ts";

const head = {
  shard: told("The shard whose log has it", "weur-0"),
  seq: whole("Its number in that log: from 1, without gaps", 4_711),
  at: time.describe("When it was recorded"),
  team: id.describe("The team"),
};

const event = told("The client's id of the event", "e1");
const because = told("The organiser's reason", "helped a lost team");
const byHand = { reason: because, event: event.exactOptional() };
const type = <Name extends string>(name: Name) =>
  z.literal(name).meta({ description: "What kind of fact it is", examples: [name] });

const joinLine = z.strictObject({
  ...head,
  type: type("join"),
  player: id.describe("Who joined"),
  name: told("The player's name", "Ada"),
  externalId: told("The company's id of the player", "C-10442").exactOptional(),
  locale: told("The player's language", "de").exactOptional(),
  provisional: mark("The origin could not be asked then").exactOptional(),
  created: z
    .strictObject({
      name: told("The team's name", "Night Owls"),
      bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
      joinCode: told("Its join code", "WEUR0-001EX7K2QM4TVB").exactOptional(),
    })
    .meta({ description: "The team that this joining made", examples: [{ name: "Night Owls" }] })
    .exactOptional(),
});

const playLine = z.strictObject({
  ...head,
  type: z
    .enum(["answer", "scan", "checkin", "hint", "claim"])
    .meta({ description: "What the player did", examples: ["answer"] }),
  outcome: z.enum(RECORDED).meta({ description: "What it came to", examples: ["incorrect"] }),
  player: id.describe("Who did it"),
  event: event.exactOptional(),
  clientAt: timeGiven.describe("The client's clock, as evidence").exactOptional(),
  clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }).exactOptional(),
  answer: told("The answer, as it was given", "moon").exactOptional(),
  position: position.exactOptional(),
  distance: amount("Metres from the place", 41.3).exactOptional(),
  hint: slug.meta({ description: "The hint", examples: ["h1"] }).exactOptional(),
  cost: amount("Points the hint cost", 10).exactOptional(),
  prize: slug.meta({ description: "The prize", examples: ["lantern"] }).exactOptional(),
  unit: whole("The unit that was won, from 0", 0).exactOptional(),
  drawnAt: whole("When the vault decided the claim, epoch ms", 1_780_768_800_000).exactOptional(),
  attemptsLeft: amount("What the attempt bucket held then", 2.5).exactOptional(),
  points: amount("What the solve brought", 50).exactOptional(),
  score: amount("The team's score after it", 250).exactOptional(),
  unlocked: z
    .array(slug)
    .meta({ description: "Clues that it opened", examples: [["harbour-master"]] })
    .exactOptional(),
  message: told("The author's words", "Close! Think of ships.").exactOptional(),
});
export type PlayLine = z.infer<typeof playLine>;

/** A line of the export; the digests of scanned codes and the keys of joinings stay inside. */
export const exportLine = z
  .discriminatedUnion("type", [
    joinLine,
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
    }),
  ])
  .meta({
    id: "ExportLine",
    description: "A fact of a log",
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
