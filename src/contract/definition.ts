/** Publishing a definition, and the printed codes. The definition itself: src/hunt/definition.ts, docs/hunt-format.md. */
import { z } from "zod";
import { slug, told, whole } from "./basics.ts";
import { issue } from "./problem.ts";
import { effects } from "./regrade.ts";

/** Longest definition, bytes. */
export const DEFINITION_BYTES = 4 * 1_024 * 1_024;

/** A definition within another body. */
export const definitionGiven = z.union([z.record(z.string(), z.unknown()), z.string().min(1)]).meta({
  description: "A definition: an object, or its JSON or YAML",
  examples: [{ title: "Harbour Nights" }],
});

/** Its text and the form of that; JSON is YAML as well. */
export const textOfGiven = (
  given: z.infer<typeof definitionGiven>,
): { source: string; format: "json" | "yaml" } =>
  typeof given === "string"
    ? { source: given, format: "yaml" }
    : { source: JSON.stringify(given), format: "json" };

const publishKeys = z.strictObject({
  dryRun: z
    .enum(["true", "false"])
    .default("false")
    .meta({ description: "true: only checks the definition", examples: ["true"] }),
  effects: z
    .enum(["true", "false"])
    .default("false")
    .meta({
      description:
        "true: also what this version would change, if the log were judged by it; only with dryRun",
      examples: ["false"],
    }),
  endNow: z
    .enum(["true", "false"])
    .default("false")
    .meta({
      description:
        "true: a `closes` that is past ends the running hunt; else it is refused (`closes-in-past`)",
      examples: ["false"],
    }),
});

export const publishQuery = publishKeys.refine(
  ({ dryRun, effects: asked }) => dryRun === "true" || asked === "false",
  { path: ["effects"], message: "effects are told of a dry run only: dryRun=true" },
);

/** `*` and none mean any version; what is no version is 412. */
export const publishHeaders = z.object({
  "if-match": z
    .string()
    .meta({ description: "Publishes only over this version", examples: ['"3"'] })
    .exactOptional(),
});

export const published = z
  .strictObject({
    hunt: slug.describe("The hunt's id"),
    version: whole("The version now, from 1; 0 when nothing was published yet", 3),
    warnings: z.array(issue).meta({ description: "What an author should look at", examples: [[]] }),
    effects: effects.exactOptional(),
  })
  .meta({
    id: "Published",
    description: "A definition that was published, or only checked",
    examples: [{ hunt: "harbour-nights", version: 3, warnings: [] }],
  });
export type Published = z.infer<typeof published>;

export const codes = z
  .strictObject({
    codes: z
      .array(
        z.strictObject({
          clue: slug.meta({ description: "The scan clue", examples: ["old-lamp"] }),
          title: told("Its title", "The old lamp"),
          code: told("What a player's scan event carries; `url` does as well", "7K2Q-M4TV-BX9R"),
          url: told(
            "What the QR code carries: opens the player page with the code in its fragment",
            "https://hunt.example/play/harbour-nights#code=7K2Q-M4TV-BX9R",
          ),
        }),
      )
      .meta({ description: "One for each scan clue", examples: [[]] }),
  })
  .meta({ id: "Codes", description: "The codes to print", examples: [{ codes: [] }] });
export type Codes = z.infer<typeof codes>;
