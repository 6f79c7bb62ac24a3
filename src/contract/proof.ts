/** Roots over the logs, and the way from a fact to one. */
import { z } from "zod";
import { cursorGiven, nextCursor, time, told, whole } from "./basics.ts";

const HASH = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const hash = (description: string) => told(`${description}, base64url`, HASH);

export const rootsQuery = z.strictObject({
  cursor: cursorGiven(/^\d{1,6}$/, "2").exactOptional(),
});

const root = z.strictObject({
  at: time.describe("When it was begun"),
  root: hash("The root (RFC 6962) of the facts that no root before it has"),
  previous: z.union([z.string(), z.null()]).meta({
    description: "The root before it; null: it is the first",
    examples: [null],
  }),
  shards: z
    .array(
      z.strictObject({
        shard: told("The shard", "weur-0"),
        seq: whole("Its last fact in the root", 4_711),
        leaves: whole("Its facts in the root: the last so many up to `seq`", 120),
      }),
    )
    .meta({
      description: "In the order of the leaves",
      examples: [[{ shard: "weur-0", seq: 4_711, leaves: 120 }]],
    }),
});

export const roots = z
  .strictObject({
    roots: z.array(root).meta({ description: "The oldest first", examples: [[]] }),
    cursor: nextCursor.exactOptional(),
  })
  .meta({ id: "Roots", description: "Roots over the logs of a hunt", examples: [{ roots: [] }] });
export type Roots = z.infer<typeof roots>;
export type Root = z.infer<typeof root>;

const step = z.strictObject({
  side: z.enum(["left", "right"]).meta({ description: "Where the hash stands", examples: ["right"] }),
  hash: hash("The other half"),
});
export type Step = z.infer<typeof step>;

export const proof = z
  .strictObject({
    fact: told(
      "The fact's line of the export, to the byte, without `person`",
      '{"shard":"weur-0","seq":1,"team":"weur-0-1a-x7k2qm4tvb","type":"reached","points":100,"at":"2026-06-06T18:30:00.000Z"}',
    ),
    leaf: hash("SHA-256 of a byte 0 and the bytes of `fact`"),
    path: z
      .array(step)
      .meta({ description: "From the leaf to the root", examples: [[{ side: "right", hash: HASH }]] }),
    root: hash("The root that it leads to"),
    at: time.describe("When the root was begun"),
  })
  .meta({
    id: "Proof",
    description: "That a fact is in a root",
    examples: [{ fact: "{}", leaf: HASH, path: [], root: HASH, at: "2026-06-06T18:30:00.000Z" }],
  });
export type Proof = z.infer<typeof proof>;
