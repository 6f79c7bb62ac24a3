/** Coming back: return codes, renewed tokens, signing out elsewhere. */
import { z } from "zod";
import { text, time, told } from "./basics.ts";
import { returnCode } from "./join.ts";

/** Longest typed return code, characters: one with a blank after each of them, and more. */
const RETURN_CODE_MAX = 96;

export const comeBackBody = z
  .strictObject({
    returnCode: text(RETURN_CODE_MAX)
      .min(1)
      .meta({
        description: "The player's return code, in any case, with any dashes and blanks or none",
        examples: ["WEUR0-001EX7-K2QM4T-VB9ZCQ"],
      }),
  })
  .meta({
    id: "ComeBack",
    description: "What a player comes back by",
    examples: [{ returnCode: "WEUR0-001EX7-K2QM4T-VB9ZCQ" }],
  });
export type ComeBackBody = z.infer<typeof comeBackBody>;

const token = told("The player's token, for `Authorization: Bearer …`", "eyJhbGciOiJIUzI1NiIs…");

export const renewed = z
  .strictObject({ token, expiresAt: time.describe("When it ends; renew it before, or until 90 days after") })
  .meta({
    id: "Renewed",
    description: "A token that lasts longer",
    examples: [{ token: "eyJhbGciOiJIUzI1NiIs…", expiresAt: "2026-06-08T18:00:00.000Z" }],
  });
export type Renewed = z.infer<typeof renewed>;

export const endedElsewhere = z.strictObject({ token, returnCode }).meta({
  id: "EndedElsewhere",
  description: "What is good from now on; every earlier token and return code of this player is void",
  examples: [{ token: "eyJhbGciOiJIUzI1NiIs…", returnCode: "WEUR0-001EX7-K2QM4T-VB9ZCQ" }],
});
export type EndedElsewhere = z.infer<typeof endedElsewhere>;

export const returned = z.strictObject({ returnCode }).meta({
  id: "Returned",
  description: "The way back of who lost everything",
  examples: [{ returnCode: "WEUR0-001EX7-K2QM4T-VB9ZCQ" }],
});
export type Returned = z.infer<typeof returned>;
