/**
 * `npm run story`: the same load on the same database, which becomes slow, then
 * freezes, dies and heals, for a naive engine and for this one. Prints a table
 * and writes docs/story.md. Options: --seconds n (of a phase of length 1),
 * --rate n (requests per second), --players n, --seed n, --out file, --json
 * (the figures on stdout).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBaseline, startEngineContestant } from "./lab/story/contestant.ts";
import { asMarkdown, asText, comparisonsOf, machine, type Report } from "./lab/story/report.ts";
import { runStory, type StoryOptions } from "./lab/story/run.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "100" },
    players: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: join(import.meta.dirname, "..", "docs", "story.md") },
  },
});
const settings = {
  seconds: Number(values.seconds),
  rate: Number(values.rate),
  players: Number(values.players),
  seed: Number(values.seed),
};
const options: StoryOptions = { ...settings, say: (line) => void process.stderr.write(`${line}\n`) };

const scratch = mkdtempSync(join(tmpdir(), "hunt-story-"));
try {
  const report: Report = {
    machine: machine(),
    settings,
    baseline: await runStory((through, direct) => startBaseline(through, direct, scratch), options),
    engine: await runStory((through) => startEngineContestant(through), options),
  };
  writeFileSync(values.out, asMarkdown(report));
  const text = values.json
    ? JSON.stringify({ ...report, comparisons: comparisonsOf(report) }, null, 2)
    : asText(report);
  process.stdout.write(`${text}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
