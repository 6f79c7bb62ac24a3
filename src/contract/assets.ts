/** The files of a hunt: pictures, sound, films, documents. */
import { z } from "zod";
import { ASSET_BYTES, ASSET_NAME, ASSETS_MAX } from "./asset-types.ts";
import { time, told, whole } from "./basics.ts";

export const assetName = z
  .string()
  .regex(
    ASSET_NAME,
    "must be of a-z, 0-9, dots, dashes and underscores, begin with a letter or digit, and stand in three folders at most",
  )
  .meta({
    description: "The file's name, with up to three folders before it",
    examples: ["quay/plan.png"],
  });

const digest = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({
      description,
      examples: ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    });

const size = z
  .int()
  .min(1)
  .max(ASSET_BYTES)
  .meta({ description: "Bytes, as it is stored", examples: [48_213] });

const shared = {
  name: assetName,
  sha256: digest("SHA-256 of the file as it is stored, hex"),
  size,
  type: told("Its media type, by its ending", "image/png"),
};

export const assetStored = z.strictObject(shared).meta({
  id: "AssetStored",
  description: "A file that was stored. Of images, what tells where and by what they were made is cut off",
  examples: [
    {
      name: "quay/plan.png",
      sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      size: 48_213,
      type: "image/png",
    },
  ],
});
export type AssetStored = z.infer<typeof assetStored>;

export const assetRow = z
  .strictObject({
    ...shared,
    sent: digest("SHA-256 of the file as it was sent, hex: who has the same need not send it again"),
    at: time.describe("When it was stored"),
    usedIn: z
      .array(
        z.strictObject({
          path: told("Where in the definition", "clues.0.body"),
          clue: told("The clue there", "old-lamp").exactOptional(),
        }),
      )
      .meta({ description: "Where the published version names it", examples: [[]] }),
    url: told(
      "Shows it for some time, to whoever has this address",
      "/v1/hunts/harbour-nights/assets/quay/plan.png?t=…",
    ),
  })
  .meta({
    id: "Asset",
    description: "A file of the hunt",
    examples: [
      {
        name: "quay/plan.png",
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        size: 48_213,
        type: "image/png",
        sent: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        at: "2026-06-06T18:30:00.000Z",
        usedIn: [{ path: "clues.0.body", clue: "old-lamp" }],
        url: "/v1/hunts/harbour-nights/assets/quay/plan.png?t=…",
      },
    ],
  });
export type AssetRow = z.infer<typeof assetRow>;

export const assets = z
  .strictObject({
    assets: z
      .array(assetRow)
      .max(ASSETS_MAX)
      .meta({ description: "By name", examples: [[]] }),
    bytes: whole("All of them together, bytes", 48_213),
  })
  .meta({ id: "Assets", description: "The files of a hunt", examples: [{ assets: [], bytes: 0 }] });
export type Assets = z.infer<typeof assets>;

export const assetQuery = z.strictObject({
  t: z
    .string()
    .max(200)
    .exactOptional()
    .meta({
      description: "The ticket that came with the address; none is needed for what everybody may see",
      examples: ["2Yk0vXn2Wc8yT5bLr1aQgA.t9k3x.q3Zk0vXn2Wc8yT5bLr1aQg"],
    }),
});
