/** A hunt as everybody may see it, and the list of hunts. */
import { z } from "zod";
import { flag, mark, phase, slug, time, told, whole } from "./basics.ts";
import { joining } from "./join.ts";
import { languages, pages } from "./languages.ts";
import { look } from "./look.ts";
import { publicPrize } from "./prizes.ts";
import { roundsTold } from "./rounds.ts";

const rehearsalOf = slug.describe("The hunt that this one rehearses; absent: it is none's rehearsal");

export const publicHunt = z
  .strictObject({
    hunt: slug.describe("The hunt's id"),
    title: told("Its title", "Harbour Nights"),
    description: told("What it is about, Markdown", "Seven lamps, one night.").exactOptional(),
    phase,
    scheduled: mark("A draft that will open by itself, at `opens`").exactOptional(),
    opens: time.describe("When it opened or will").exactOptional(),
    closes: time.describe("When it ends by itself").exactOptional(),
    freeze: time.describe("From when on standings stand still for players").exactOptional(),
    forgetsAt: time
      .describe(
        "When everything that tells who its players are is deleted by itself, as far as that is known",
      )
      .exactOptional(),
    teams: z
      .strictObject({
        mode: z
          .enum(["teams", "solo"])
          .meta({ description: "Played in teams, or alone", examples: ["teams"] }),
        maxSize: whole("Players of a team at most", 4),
        clock: z
          .literal("own")
          .meta({
            description: "Each team's time runs from its own start (event `start`)",
            examples: ["own"],
          })
          .exactOptional(),
        limit: told(
          "How long a team may play from its start, as the definition says it",
          "90m",
        ).exactOptional(),
      })
      .meta({ description: "How it is played", examples: [{ mode: "teams", maxSize: 4 }] }),
    registered: flag("Only registered players may join: a joining needs `externalId`").exactOptional(),
    joining,
    brackets: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The bracket", examples: ["family"] }),
          title: told("Its title", "Families"),
        }),
      )
      .meta({ description: "Divisions of the standings", examples: [[{ id: "family", title: "Families" }]] })
      .exactOptional(),
    help: z
      .strictObject({
        about: z
          .enum(["clues", "anything"])
          .meta({ description: "clues: each request names one", examples: ["clues"] }),
        perTeam: whole("Requests of a team that wait for an answer at a time", 3),
      })
      .meta({
        description: "Teams may ask the organisers; absent: they may not",
        examples: [{ about: "clues", perTeam: 3 }],
      })
      .exactOptional(),
    push: z
      .strictObject({
        key: told(
          "The engine's key, base64url: `applicationServerKey` of a subscription",
          "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs",
        ),
      })
      .meta({
        description: "Devices may be told what happens (`PUT …/me/push`); absent: they may not",
        examples: [
          {
            key: "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs",
          },
        ],
      })
      .exactOptional(),
    clueCount: whole("Clues in all, locked ones included", 21),
    prizes: z
      .array(publicPrize)
      .meta({ description: "Its prizes, if it has any", examples: [[]] })
      .exactOptional(),
    legal: z
      .strictObject({
        imprint: told(
          "Who is behind the hunt: page:… of its own, or an https address",
          "page:imprint",
        ).exactOptional(),
        privacy: told("What becomes of players' data", "https://museum.example/privacy").exactOptional(),
      })
      .meta({ description: "Linked from every page of the hunt", examples: [{ imprint: "page:imprint" }] })
      .exactOptional(),
    look: look.exactOptional(),
    languages,
    pages,
    rounds: roundsTold("Rounds with something that is open to all at the start").exactOptional(),
    serverTime: time.describe("The engine's clock; of a rehearsal its own"),
    rehearsalOf: rehearsalOf.exactOptional(),
  })
  .meta({
    id: "Hunt",
    description: "A hunt as everybody may see it",
    examples: [
      {
        hunt: "harbour-nights",
        title: "Harbour Nights",
        phase: "live",
        teams: { mode: "teams", maxSize: 4 },
        joining: { require: "anyone" },
        clueCount: 21,
        serverTime: "2026-06-06T18:30:00.000Z",
      },
    ],
  });
export type Hunt = z.infer<typeof publicHunt>;

export const huntRow = z
  .strictObject({
    hunt: slug.describe("The hunt's id"),
    title: told("Its title", "Harbour Nights"),
    phase,
    version: whole("Its published version", 3),
    teams: whole("Teams that joined", 120),
    asOf: time
      .describe("When the teams were counted, while a log cannot be read; none: they are counted now")
      .exactOptional(),
    opens: time
      .describe("When it opened or will by itself; of a draft: what it is scheduled for")
      .exactOptional(),
    rehearsalOf: rehearsalOf.exactOptional(),
  })
  .meta({
    id: "HuntRow",
    description: "A hunt in the list",
    examples: [{ hunt: "harbour-nights", title: "Harbour Nights", phase: "live", version: 3, teams: 120 }],
  });
export type HuntRow = z.infer<typeof huntRow>;

export const hunts = z
  .strictObject({
    hunts: z.array(huntRow).meta({ description: "By id", examples: [[]] }),
    unavailable: z
      .array(slug.describe("A hunt's id"))
      .meta({ description: "Hunts that nothing can be said of now", examples: [["harbour-nights"]] })
      .exactOptional(),
  })
  .meta({ id: "Hunts", description: "All hunts", examples: [{ hunts: [] }] });
export type Hunts = z.infer<typeof hunts>;
