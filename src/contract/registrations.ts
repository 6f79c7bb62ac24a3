/** Registered players: one a line. */
import { z } from "zod";
import { flag, linesTaken, name, slug } from "./basics.ts";
import { externalId, locale } from "./join.ts";

/** One line; the same limits as where a player joins. */
export const registrationLine = z
  .strictObject({
    externalId,
    name: name.describe("The player's name").exactOptional(),
    locale: locale.exactOptional(),
    bracket: slug
      .meta({ description: "The bracket of the team it makes", examples: ["family"] })
      .exactOptional(),
    blocked: flag("It may not take part").exactOptional(),
  })
  .meta({
    id: "RegistrationLine",
    description:
      "A registered player, one JSON object a line; a later line of a player replaces an earlier one",
    examples: [{ externalId: "C-10442", name: "Ada", locale: "de" }],
  });

export const registered = linesTaken.meta({
  id: "Registered",
  description: "What became of the lines; accepted ones are on their way to the origin",
  examples: [{ lines: 120, accepted: 120, rejected: [] }],
});
