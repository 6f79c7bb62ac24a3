/** Prizes: what everybody may see, what organisers do, and what anybody needs to check a draw. */
import { z } from "zod";
import {
  amount,
  cursorGiven,
  flag,
  id,
  mark,
  nextCursor,
  playerId,
  reason,
  slug,
  time,
  told,
  whole,
  wholeInQuery,
  window,
} from "./basics.ts";

export const prizeMode = z.enum(["first-come", "instant-win", "odds"]).meta({
  description: "first-come; instant-win: at moments drawn beforehand; odds: each claim by chance",
  examples: ["first-come"],
});

const prizeShape = {
  id: slug.meta({ description: "The prize", examples: ["lantern"] }),
  title: told("Its title", "A brass lantern"),
  mode: prizeMode,
  stock: whole("Units in all, with those that organisers added", 10),
  withdrawn: mark("The organisers hand out no more of it").exactOptional(),
  odds: amount("Of mode odds: the chance of a claim", 0.05).exactOptional(),
  window: window.exactOptional(),
  added: z
    .array(z.strictObject({ units: whole("Units added", 5), at: time.describe("When") }))
    .meta({
      description: "Units that came later; they are drawn from what was left of the window",
      examples: [[{ units: 5, at: "2026-06-06T20:00:00.000Z" }]],
    })
    .exactOptional(),
  drawHash: told(
    "SHA-256 of the draw's seed, hex: published before the hunt",
    "9f86d081884c7d65…",
  ).exactOptional(),
  drawSeed: told("The seed, once the hunt has ended", "5e884898da280471…").exactOptional(),
};

export const publicPrize = z.strictObject(prizeShape).meta({
  id: "Prize",
  description: "A prize as everybody may see it",
  examples: [{ id: "lantern", title: "A brass lantern", mode: "first-come", stock: 10 }],
});
export type PublicPrize = z.infer<typeof publicPrize>;

export const pageQuery = z.strictObject({
  cursor: cursorGiven(/^[a-z0-9-]{1,64}\.\d{1,7}$/, "weur-0-1a-x7k2qm4tvb.0").exactOptional(),
  limit: wholeInQuery("Wins in a page", { min: 1, max: 500, default: 100 }),
});

export const draw = z
  .strictObject({
    hunt: slug.describe("The hunt"),
    ...prizeShape,
    wins: z
      .array(
        z.strictObject({
          unit: whole("The unit, from 0", 0),
          team: id.describe("Whose it is"),
          event: told("The id of the claim", "c1"),
          at: time.describe("When the vault gave it"),
          revoked: mark("The organisers took it back").exactOptional(),
        }),
      )
      .meta({ description: "Who won, once the hunt has ended", examples: [[]] })
      .exactOptional(),
    cursor: nextCursor.exactOptional(),
  })
  .meta({
    id: "Draw",
    description: "What anybody needs to check a draw (docs/prizes.md)",
    examples: [
      {
        hunt: "harbour-nights",
        id: "lantern",
        title: "A brass lantern",
        mode: "instant-win",
        stock: 10,
        drawHash: "9f86d081884c7d65…",
      },
    ],
  });
export type Draw = z.infer<typeof draw>;

const prizeCode = z
  .string()
  .min(1)
  .max(512)
  .meta({ description: "The code of a unit", examples: ["LAMP-7Q2M"] });

/** Longest request that adds stock, bytes: it may bring a code for each unit. */
export const STOCK_BYTES = 4 * 1_024 * 1_024;

export const stockBody = z
  .strictObject({
    add: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: "Units to add", examples: [5] }),
    codes: z
      .array(prizeCode)
      .max(1_000_000)
      .meta({ description: "A code a unit, where the prize has a list of codes", examples: [["LAMP-7Q2M"]] })
      .exactOptional(),
    reason,
  })
  .meta({
    id: "AddStock",
    description: "More of a prize",
    examples: [{ add: 5, reason: "the sponsor sent more" }],
  });
export type StockBody = z.infer<typeof stockBody>;

export const stock = z
  .strictObject({ stock: whole("Units in all now", 15) })
  .meta({ id: "Stock", description: "The stock, in force everywhere", examples: [{ stock: 15 }] });
export type Stock = z.infer<typeof stock>;

export const withdrawn = z
  .strictObject({ withdrawn: flag("Whether the prize is withdrawn now") })
  .meta({ id: "Withdrawn", description: "In force everywhere", examples: [{ withdrawn: true }] });
export type Withdrawn = z.infer<typeof withdrawn>;

export const revokeBody = z
  .strictObject({
    unit: z
      .int()
      .min(0)
      .max(10_000_000)
      .meta({ description: "The unit, from 0", examples: [0] }),
    reason,
  })
  .meta({
    id: "Revoke",
    description: "A win to take back",
    examples: [{ unit: 0, reason: "the player withdrew" }],
  });
export type RevokeBody = z.infer<typeof revokeBody>;

export const revoked = z
  .strictObject({ revoked: mark("It is taken back"), team: id.describe("Whose it was") })
  .meta({
    id: "Revoked",
    description: "A win taken back",
    examples: [{ revoked: true, team: "weur-0-1a-x7k2qm4tvb" }],
  });
export type Revoked = z.infer<typeof revoked>;

export const winner = z
  .strictObject({
    unit: whole("The unit, from 0", 0),
    team: id.describe("Whose it is"),
    name: told("The team's name", "Night Owls"),
    player: playerId("Who claimed it"),
    playerName: told("That player's name", "Ada"),
    at: time.describe("When the vault gave it"),
    event: told("The id of the claim", "c1"),
    code: told("What the winner shows", "LAMP-7Q2M").exactOptional(),
    contact: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The field", examples: ["mail"] }),
          label: told("What stands above it", "E-mail"),
          value: z
            .union([z.string(), z.number(), z.boolean()])
            .meta({ description: "What the player gave", examples: ["ada@example.org"] }),
        }),
      )
      .meta({
        description:
          "What the player gave in the fields by which winners are reached (`contact` of join.fields); not of a revoked win",
        examples: [[{ id: "mail", label: "E-mail", value: "ada@example.org" }]],
      })
      .exactOptional(),
    revoked: mark("It was taken back").exactOptional(),
  })
  .meta({
    id: "Winner",
    description: "A unit and who has it",
    examples: [
      {
        unit: 0,
        team: "weur-0-1a-x7k2qm4tvb",
        name: "Night Owls",
        player: "p-3k9x0q2m4t7v",
        playerName: "Ada",
        at: "2026-06-06T19:12:00.000Z",
        event: "c1",
        code: "LAMP-7Q2M",
      },
    ],
  });
export type Winner = z.infer<typeof winner>;

export const winners = z
  .strictObject({
    winners: z.array(winner).meta({ description: "In the order of teams", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "Winners", description: "A page of winners", examples: [{ winners: [] }] });
export type Winners = z.infer<typeof winners>;
