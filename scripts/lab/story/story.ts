/** The same load on the same failing database, for a naive engine and for this one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBaseline, startEngineContestant } from "./contestant.ts";
import { machine, type Report } from "./report.ts";
import { runStory, type StoryOptions } from "./run.ts";

export async function tellStory({ say, ...settings }: StoryOptions): Promise<Report> {
  const options = { ...settings, say };
  const scratch = mkdtempSync(join(tmpdir(), "hunt-story-"));
  try {
    return {
      machine: machine(),
      settings,
      baseline: await runStory((through, direct) => startBaseline(through, direct, scratch), options),
      engine: await runStory((through) => startEngineContestant(through), options),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
