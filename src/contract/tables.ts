/** The export as tables: CSV for spreadsheets, and the feed that CTFtime reads. */
import { z } from "zod";
import { amount, told, whole } from "./basics.ts";

export const EXPORT_FORMATS = ["ndjson", "csv", "ctftime"] as const;
export const TABLES = ["standings", "solves", "players", "winners", "facts"] as const;
export type Table = (typeof TABLES)[number];

/** The tables that every organiser may have; the others have personal data, or what players typed. */
export const OPEN_TABLES: readonly Table[] = ["standings", "solves"];

export const exportQuery = z.strictObject({
  format: z
    .enum(EXPORT_FORMATS)
    .default("ndjson")
    .meta({
      description: "csv: a table for spreadsheets; ctftime: the results for CTFtime",
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

const CTFTIME = {
  tasks: ["The Cave"],
  standings: [
    {
      pos: 1,
      team: "Night Owls",
      score: 100,
      taskStats: { "The Cave": { points: 100, time: 1_780_768_800 } },
      lastAccept: 1_780_768_800,
    },
  ],
};

export const ctftime = z
  .strictObject({
    tasks: z
      .array(told("A clue's title", "The Cave"))
      .meta({ description: "All clues", examples: [CTFTIME.tasks] }),
    standings: z
      .array(
        z.strictObject({
          pos: whole("The place", 1),
          team: told("The team", "Night Owls"),
          score: amount("Its score", 100),
          taskStats: z
            .record(
              z.string(),
              z
                .strictObject({
                  points: amount("For the solve", 100),
                  time: whole("When, epoch seconds", 1_780_768_800),
                })
                .meta({ description: "A solve", examples: [{ points: 100, time: 1_780_768_800 }] }),
            )
            .meta({ description: "Its solves by title", examples: [CTFTIME.standings[0]?.taskStats] }),
          lastAccept: whole("The last solve, epoch seconds; 0: none", 1_780_768_800),
        }),
      )
      .meta({ description: "By place", examples: [CTFTIME.standings] }),
  })
  .meta({ id: "Ctftime", description: "Results as CTFtime reads them", examples: [CTFTIME] });
