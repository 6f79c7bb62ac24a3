/** The export as tables: CSV for spreadsheets, and the feed that CTFtime reads. */
import { z } from "zod";
import { amount, told, whole } from "./basics.ts";
import { TABLES } from "./table-names.ts";

const EXPORT_FORMATS = ["ndjson", "csv", "ctftime", "backup"] as const;

export const exportQuery = z.strictObject({
  format: z
    .enum(EXPORT_FORMATS)
    .default("ndjson")
    .meta({
      description:
        "csv: a table for spreadsheets; ctftime: the results for CTFtime; backup: all of the hunt, which an import takes back (owners)",
      examples: ["csv"],
    }),
  what: z
    .enum(TABLES)
    .meta({ description: "Of csv: which table; default: standings", examples: ["solves"] })
    .exactOptional(),
  bom: z
    .enum(["0", "1"])
    .meta({
      description: "Of csv: 1 puts a mark of UTF-8 before it, by which spreadsheets know it",
      examples: ["1"],
    })
    .exactOptional(),
});

/** As CTFtime reads it: its own field names, times in seconds. */
export const ctftimeFeed = z
  .strictObject({
    tasks: z
      .array(told("A clue's title, in the hunt's first language", "The old lamp"))
      .meta({ description: "All clues, in the definition's order", examples: [["The old lamp"]] }),
    standings: z
      .array(
        z.strictObject({
          pos: whole("The place, from 1", 1),
          team: told("The team's name", "Night Owls"),
          score: amount("Its points", 250),
          taskStats: z
            .record(
              z.string(),
              z
                .strictObject({
                  points: amount("What the solve brings", 50),
                  time: whole("When, seconds since 1970", 1_780_768_800),
                })
                .meta({ description: "A solve", examples: [{ points: 50, time: 1_780_768_800 }] }),
            )
            .meta({
              description: "What it solved, by the clue's title",
              examples: [{ "The old lamp": { points: 50, time: 1_780_768_800 } }],
            }),
          lastAccept: whole("Its last solve, seconds since 1970; 0: none", 1_780_768_800),
        }),
      )
      .meta({ description: "The first place first", examples: [[]] }),
  })
  .meta({
    id: "CtftimeFeed",
    description: "The results as CTFtime reads them",
    examples: [{ tasks: ["The old lamp"], standings: [] }],
  });
