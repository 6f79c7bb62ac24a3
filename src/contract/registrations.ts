/** Registered players: one a line. */
import { z } from "zod";
import { flag, linesTaken, NAME_MAX, slug, text } from "./basics.ts";
import { externalId, fields, locale } from "./join.ts";

/** As the company has it: players join under names of their own. */
const registeredName = text(NAME_MAX)
  .trim()
  .min(1)
  .meta({ description: "The player's name", examples: ["Ada"] });

/** One line; the same limits as where a player joins. */
export const registrationLine = z
  .strictObject({
    externalId,
    name: registeredName.exactOptional(),
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

/** Registrations in one message of a sign-up feed. */
export const FEED_MAX = 100;

/** A registration of a sign-up feed. */
export const signUp = registrationLine
  .omit({ blocked: true })
  .extend({
    hunt: slug.meta({ description: "The hunt whose secret signs the message", examples: ["harbour-nights"] }),
    fields: fields
      .meta({
        description:
          "What the company has of what the hunt asks (`joining.fields`), by field: it counts where the player gives nothing",
        examples: [{ size: "m" }],
      })
      .exactOptional(),
  })
  .meta({
    id: "SignUp",
    description: "A registration of a sign-up feed; it replaces an earlier one of the player",
    examples: [{ hunt: "harbour-nights", externalId: "C-10442", name: "Ada", fields: { size: "m" } }],
  });

/** A message of a sign-up feed, as it is documented; each registration is checked by itself. */
export const feed = z
  .union([
    signUp,
    z
      .array(signUp)
      .min(1)
      .max(FEED_MAX)
      .meta({
        description: "Several of one hunt",
        examples: [[{ hunt: "harbour-nights", externalId: "C-10442" }]],
      }),
  ])
  .meta({
    description: "A registration, or several of one hunt",
    examples: [{ hunt: "harbour-nights", externalId: "C-10442", name: "Ada", fields: { size: "m" } }],
  });

export const registered = linesTaken.meta({
  id: "Registered",
  description: "What became of the lines; accepted ones are on their way to the origin",
  examples: [{ lines: 120, accepted: 120, rejected: [] }],
});
