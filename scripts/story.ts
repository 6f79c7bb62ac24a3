/** `npm run story`: a database that fails, under a naive engine and under this one. Writes docs/story.md. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { asMarkdown, asText, comparisonsOf } from "./lab/story/report.ts";
import { tellStory } from "./lab/story/story.ts";
import { commandOf, fromCaller, number } from "./local/command-line.ts";

const { json, out, ...settings } = commandOf(
  "story",
  "Loads a naive engine and this one while their database becomes slow, freezes, dies and heals",
)
  .option("--seconds <n>", "of a phase of length 1", number(1, 3_600), 20)
  .option("--rate <n>", "requests per second", number(1, 100_000), 100)
  .option("--players <n>", "who join first", number(1, 100_000, { whole: true }), 300)
  .option("--seed <n>", "of the load", number(0, 2 ** 31, { whole: true }), 1)
  .option("--out <file>", "for the page (default: docs/story.md)")
  .option("--json", "the figures as JSON on stdout")
  .parse()
  .opts<{
    seconds: number;
    rate: number;
    players: number;
    seed: number;
    out?: string;
    json?: true;
  }>();
const report = await tellStory({ ...settings, say: (line) => void process.stderr.write(`${line}\n`) });
const page = out === undefined ? join(import.meta.dirname, "..", "docs", "story.md") : fromCaller(out);
writeFileSync(page, asMarkdown(report));
const text = json
  ? JSON.stringify({ ...report, comparisons: comparisonsOf(report) }, null, 2)
  : asText(report);
process.stdout.write(`${text}\n`);
