/** The export as tables: CSV for spreadsheets, and the feed that CTFtime reads. */
import { z } from "zod";
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
