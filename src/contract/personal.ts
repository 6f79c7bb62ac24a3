/** What is kept of a person, and forgetting it. */
import { z } from "zod";
import {
  amount,
  cursorGiven,
  eventId,
  id,
  mark,
  nextCursor,
  ofJoining,
  playerId,
  position,
  slug,
  time,
  told,
  whole,
} from "./basics.ts";
import { sentFile } from "./submissions.ts";

/** What a joining notes of who joins. */
const noted = {
  locale: told("The language", "de").exactOptional(),
  ...ofJoining,
  provisional: mark("The origin could not be asked at joining").exactOptional(),
};

/** What the log has of a player: what it did, and what was done about it. */
const keptFact = z
  .strictObject({
    seq: whole("Its number in the log of the player's shard", 4_711),
    at: time.describe("When it was recorded"),
    type: told("What it is: join, answer, scan, checkin, hint, claim, leave, …", "answer"),
    id: eventId.describe("The event's id, as the client chose it").exactOptional(),
    outcome: told("What it came to", "incorrect").exactOptional(),
    clientAt: told("The client's clock", "2026-06-06T18:40:00.000Z").exactOptional(),
    clue: slug.meta({ description: "The clue", examples: ["old-lamp"] }).exactOptional(),
    answer: told("As it was typed", "a lighthouse?").exactOptional(),
    text: told("As it was written for judging; absent: it is deleted", "Our pyramid").exactOptional(),
    files: z
      .array(sentFile)
      .meta({ description: "What was sent for judging", examples: [[]] })
      .exactOptional(),
    position: position.exactOptional(),
    hint: slug.meta({ description: "The hint", examples: ["h1"] }).exactOptional(),
    cost: amount("What it cost the team", 10).exactOptional(),
    prize: slug.meta({ description: "The prize", examples: ["lantern"] }).exactOptional(),
    points: amount("What it brought the team", 50).exactOptional(),
    score: amount("The team's score then", 250).exactOptional(),
    name: told("The name from then on", "Ada").exactOptional(),
    ...noted,
    player: playerId("Another player whom the player did it to").exactOptional(),
    reason: told("The organiser's reason", "asked by the team").exactOptional(),
  })
  .meta({
    description: "A fact about the player",
    examples: [{ seq: 4_711, at: "2026-06-06T18:40:00.000Z", type: "answer", outcome: "incorrect" }],
  });
export type KeptFact = z.infer<typeof keptFact>;

export const personalData = z
  .strictObject({
    player: z
      .strictObject({
        id: playerId("The player"),
        name: told("Its name", "Ada"),
        joinedAt: time.describe("When it joined"),
        externalId: told("The company's id of the player, as it was given", "C-10442").exactOptional(),
        ...noted,
      })
      .meta({
        description: "Who the player is",
        examples: [{ id: "p-3k9x0q2m4t7v", name: "Ada", joinedAt: "2026-06-06T18:30:00.000Z" }],
      }),
    team: z
      .strictObject({
        id: id.describe("The team"),
        name: told("Its name", "Night Owls"),
        bracket: slug.meta({ description: "Its bracket", examples: ["family"] }).exactOptional(),
      })
      .meta({
        description: "The player's team",
        examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }],
      }),
    fields: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The field", examples: ["mail"] }),
          value: z
            .union([z.string(), z.number(), z.boolean()])
            .meta({ description: "What was given", examples: ["ada@example.org"] })
            .exactOptional(),
          registered: mark(
            "The company registered it under the id that the player gave, which proves nothing: the value is not told here",
          ).exactOptional(),
        }),
      )
      .meta({ description: "What the player gave in the hunt's fields", examples: [[]] }),
    consents: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The consent", examples: ["terms"] }),
          text: told(
            "Base64url of the SHA-256 of the text that was agreed to",
            "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          ),
          at: time.describe("When"),
        }),
      )
      .meta({ description: "What the player agreed to", examples: [[]] }),
    lastCheckin: z
      .strictObject({ ...position.shape, at: time.describe("When") })
      .meta({
        description: "Where organisers see the player: the last check-in that was believed",
        examples: [{ lat: 53.5461, lng: 9.9937, accuracy: 12, at: "2026-06-06T19:05:00.000Z" }],
      })
      .exactOptional(),
    wins: z
      .array(
        z.strictObject({
          prize: slug.meta({ description: "The prize", examples: ["lantern"] }),
          at: time.describe("When it was won"),
          revoked: mark("The organisers took it back").exactOptional(),
        }),
      )
      .meta({ description: "What the player won", examples: [[]] }),
    devices: z
      .array(
        z.strictObject({
          at: time.describe("Since when"),
          endpoint: told("Its address at its push service", "https://push.example.net/send/Zx7q0c2m"),
          lang: told("The language of its notifications", "de").exactOptional(),
        }),
      )
      .meta({ description: "Devices that are told what happens", examples: [[]] })
      .exactOptional(),
    messages: z
      .array(
        z.strictObject({
          at: time.describe("When it was written"),
          clue: slug
            .meta({ description: "The clue that it is about", examples: ["old-lamp"] })
            .exactOptional(),
          text: told("What was written", "The lamp is dark."),
        }),
      )
      .meta({ description: "What the player wrote to the organisers", examples: [[]] })
      .exactOptional(),
    facts: z
      .array(keptFact)
      .meta({ description: "What the log has of the player, in order", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({
    id: "PersonalData",
    description: "Everything that is kept of the player; facts page by page where there are many",
    examples: [
      {
        player: { id: "p-3k9x0q2m4t7v", name: "Ada", joinedAt: "2026-06-06T18:30:00.000Z" },
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" },
        fields: [],
        consents: [],
        wins: [],
        facts: [],
      },
    ],
  });
export type PersonalData = z.infer<typeof personalData>;

export const personalDataQuery = z.strictObject({
  cursor: cursorGiven(/^\d{1,3}\.\d{1,15}$/, "0.4711").exactOptional(),
});
