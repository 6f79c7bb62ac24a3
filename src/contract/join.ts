/** Joining a hunt. */
import { z } from "zod";
import { flag, id, line, mark, name, playerId, slug, text, told, whole } from "./basics.ts";

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

/** Longest typed join code, characters: one with a blank after each of them, and more. */
export const JOIN_CODE_MAX = 64;

/** A field's value has 200 characters at most, of up to two UTF-16 units each, and white space that is cut. */
export const FIELD_UNITS_MAX = 500;

/** By field; whether the hunt asks for it, and takes the value, is checked by its definition. */
export const fields = z.record(z.string().max(63), z.union([text(FIELD_UNITS_MAX), z.number(), z.boolean()]));

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
          join: text(JOIN_CODE_MAX)
            .min(1)
            .meta({
              description: "The join code of a team, in any case, with any dashes and blanks or none",
              examples: ["WEUR0-001EX7K2QM4TVB"],
            }),
        }),
        z.strictObject({
          bracket: slug.meta({
            description: "In hunts played alone: the player's bracket",
            examples: ["family"],
          }),
        }),
      ])
      .meta({
        description: "A team to make or to join; hunts played alone make it themselves",
        examples: [{ create: "Night Owls" }],
      })
      .exactOptional(),
    externalId: externalId.exactOptional(),
    locale: locale.exactOptional(),
    fields: fields
      .meta({
        description:
          "What the hunt asks (`joining.fields`), by field: a text of 200 characters at most, a number, the id of an option, true for a ticked box",
        examples: [{ mail: "ada@example.org" }],
      })
      .exactOptional(),
    consent: z
      .array(slug)
      .max(50)
      .meta({ description: "Ids of what the player agrees to", examples: [["terms"]] })
      .exactOptional(),
    born: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/, "must be a date, as 2001-12-31")
      .meta({
        description: "The date of birth, where the hunt asks for an age; it is not kept",
        examples: ["2001-12-31"],
      })
      .exactOptional(),
    entry: text(2_048)
      .meta({
        description: "The entry ticket, in hunts with `require: signed`",
        examples: ["eyJhbGciOiJIUzI1NiIs…"],
      })
      .exactOptional(),
    check: text(4_096)
      .meta({ description: "The response of the captcha, where the hunt has one", examples: ["0.AbC…"] })
      .exactOptional(),
    source: line(40)
      .meta({ description: "What led the player here: `?src=` of the page's link", examples: ["poster-7"] })
      .exactOptional(),
  })
  .meta({
    id: "Join",
    description: "Who joins, and in which team",
    examples: [{ name: "Ada", team: { create: "Night Owls" } }],
  });
export type JoinBody = z.infer<typeof joinBody>;

/** Whoever has it plays as this player. */
export const returnCode = told(
  "What the player comes back by on another device, the same until it is void. It signs in: keep it as secret as the token",
  "WEUR0-001EX7-K2QM4T-VB9ZCQ",
);

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
    returnCode,
  })
  .meta({
    id: "Joined",
    description: "Who joined, and its token",
    examples: [
      {
        player: { id: "p-3k9x0q2m4t7v", name: "Ada" },
        team: { id: "weur-0-1a-x7k2qm4tvb", name: "Night Owls", joinCode: "WEUR0-001EX7K2QM4TVB" },
        token: "eyJhbGciOiJIUzI1NiIs…",
        returnCode: "WEUR0-001EX7-K2QM4T-VB9ZCQ",
      },
    ],
  });
export type Joined = z.infer<typeof joined>;

/** What joining a hunt asks, as the page that joins needs to know it. */
export const joining = z
  .strictObject({
    require: z.enum(["anyone", "registered", "signed"]).meta({
      description:
        "Who may join: anyone; whom the company registered (`externalId`); who brings an entry ticket (`entry`)",
      examples: ["anyone"],
    }),
    fields: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The field", examples: ["mail"] }),
          label: told("What stands above it", "E-mail"),
          kind: z
            .enum(["text", "email", "phone", "number", "choice", "checkbox"])
            .meta({ description: "What is given in it", examples: ["email"] }),
          required: flag("Nobody joins without it"),
          once: mark("No two players give the same").exactOptional(),
          contact: mark("Winners of prizes are reached by it").exactOptional(),
          options: z
            .array(
              z.strictObject({
                id: slug.meta({ description: "The value", examples: ["red"] }),
                label: told("Its words", "Red"),
              }),
            )
            .meta({ description: "Of a choice", examples: [[{ id: "red", label: "Red" }]] })
            .exactOptional(),
        }),
      )
      .meta({
        description: "What to give",
        examples: [[{ id: "mail", label: "E-mail", kind: "email", required: true, once: true }]],
      })
      .exactOptional(),
    consent: z
      .array(
        z.strictObject({
          id: slug.meta({ description: "The consent", examples: ["terms"] }),
          text: told("What is agreed to, Markdown", "I accept the [rules](https://example.org/rules)."),
          required: flag("Nobody joins without it"),
        }),
      )
      .meta({
        description: "What to agree to",
        examples: [[{ id: "terms", text: "I accept the rules.", required: true }]],
      })
      .exactOptional(),
    minAge: whole("Years a player must have: a joining needs `born`", 18).exactOptional(),
    siteKey: told("The captcha's site key: a joining needs `check`", "0x4AAAAAAA…").exactOptional(),
  })
  .meta({
    id: "HuntJoining",
    description: "What joining asks; what is absent is not asked",
    examples: [{ require: "anyone" }],
  });
