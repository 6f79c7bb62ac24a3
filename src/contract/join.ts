/** Joining a hunt. */
import { z } from "zod";
import { id, name, playerId, slug, text, told } from "./basics.ts";

export const externalId = text(128)
  .min(1)
  .meta({
    description: "The company's own id of the player, in hunts for registered players",
    examples: ["C-10442"],
  });

export const locale = z
  .string()
  .regex(/^[A-Za-z0-9-]{2,35}$/)
  .meta({ description: "The player's language, BCP 47", examples: ["de"] });

export const joinBody = z
  .strictObject({
    name: name.describe("The player's name, 80 characters at most"),
    team: z
      .union([
        z.strictObject({
          create: name.describe("Makes a team of this name, unique in the hunt"),
          bracket: slug.meta({ description: "The team's bracket", examples: ["family"] }).exactOptional(),
        }),
        z.strictObject({
          join: text(40)
            .min(1)
            .meta({ description: "The join code of a team", examples: ["WEUR0-001EX7K2QM4TVB"] }),
        }),
      ])
      .meta({
        description: "A team to make or to join; hunts played alone make it themselves",
        examples: [{ create: "Night Owls" }],
      })
      .exactOptional(),
    externalId: externalId.exactOptional(),
    locale: locale.exactOptional(),
  })
  .meta({
    id: "Join",
    description: "Who joins, and in which team",
    examples: [{ name: "Ada", team: { create: "Night Owls" } }],
  });
export type JoinBody = z.infer<typeof joinBody>;

export const joined = z
  .strictObject({
    player: z
      .strictObject({ id: playerId("The player"), name: told("Its name", "Ada") })
      .meta({ description: "The player that joined", examples: [{ id: "p-3k9x0q2m4t7v", name: "Ada" }] }),
    team: z
      .strictObject({
        id: id.describe("The team"),
        name: told("Its name", "Night Owls"),
        joinCode: told("What team-mates join by", "WEUR0-001EX7K2QM4TVB").exactOptional(),
      })
      .meta({
        description: "The player's team",
        examples: [{ id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls" }],
      }),
    token: told("The player's token, for `Authorization: Bearer …`", "eyJhbGciOiJIUzI1NiIs…"),
  })
  .meta({
    id: "Joined",
    description: "Who joined, and its token",
    examples: [
      {
        player: { id: "p-3k9x0q2m4t7v", name: "Ada" },
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", joinCode: "WEUR0-001EX7K2QM4TVB" },
        token: "eyJhbGciOiJIUzI1NiIs…",
      },
    ],
  });
export type Joined = z.infer<typeof joined>;
