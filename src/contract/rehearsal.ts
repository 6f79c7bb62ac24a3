/** The rehearsal of a hunt. */
import { z } from "zod";
import { slug, timeGiven, told } from "./basics.ts";
import { definitionGiven } from "./definition.ts";

export const rehearsalBody = z
  .strictObject({
    at: timeGiven
      .describe("What time it is there; it goes on from there. Default: what time it is")
      .exactOptional(),
    hunt: slug
      .meta({
        description: "The id that it gets; default: the hunt's with `-rehearsal`",
        examples: ["harbour-nights-rehearsal"],
      })
      .exactOptional(),
    definition: definitionGiven
      .describe("Rehearses this one instead of the published definition: an object, or its JSON or YAML")
      .exactOptional(),
  })
  .meta({
    id: "RehearsalWish",
    description: "A rehearsal to be made",
    examples: [{ at: "2026-06-06T20:30:00+02:00" }],
  });

export const rehearsal = z
  .strictObject({
    hunt: slug.meta({ description: "The rehearsal's id", examples: ["harbour-nights-rehearsal"] }),
    url: told("Its player page", "https://hunt.example/play/harbour-nights-rehearsal"),
    token: told("An owner's token, for it alone", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"),
  })
  .meta({
    id: "Rehearsal",
    description: "A rehearsal that is there",
    examples: [
      {
        hunt: "harbour-nights-rehearsal",
        url: "https://hunt.example/play/harbour-nights-rehearsal",
        token: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
      },
    ],
  });
export type Rehearsal = z.infer<typeof rehearsal>;
