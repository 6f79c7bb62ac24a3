/** How far off the simulation is from the teams of a real hunt that its figures were not found on. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_FOLDER } from "../../scripts/lab/replay/gph2020.ts";
import { judged, seenOf, withDifficulties } from "../../scripts/lab/simulate/fit.ts";
import { readRealHunt } from "../../scripts/lab/simulate/real-hunt.ts";
import { CALIBRATED, CALIBRATED_PACE } from "../../src/simulation/model.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = resolve(ROOT, process.env.GPH2020 ?? DEFAULT_FOLDER);
const isPresent = existsSync(join(FOLDER, "hunt.json"));
if (!isPresent)
  process.stdout.write("gph2020: skipped, the replay's folder is not there (GPH2020 names another)\n");

const page = readFileSync(join(ROOT, "docs/simulation.md"), "utf8");

/** The error that the page states. */
function stated(row: string, pattern: RegExp): number {
  const line = page.split("\n").find((each) => each.startsWith(`| ${row}`));
  const [, figure] = pattern.exec(line ?? "") ?? [];
  if (figure === undefined) throw new Error(`docs/simulation.md states no error of: ${row}`);
  return Number(figure);
}

test("[SIM-5] docs/simulation.md has the figures of the model", () => {
  for (const [figure, value] of Object.entries(CALIBRATED)) {
    const told = figure === "tires" ? `${value / 3_600_000} h` : String(value);
    expect(page).toContain(`| \`${figure}\` | ${told} |`);
  }
});

describe.skipIf(!isPresent)("[SIM-5] the half of a real hunt's teams that nothing was fitted to", () => {
  test("has the solves a team that are foretold, within the stated error", { timeout: 900_000 }, () => {
    const real = readRealHunt(FOLDER);
    const { clues, scoring } = real.hunt;
    const target = seenOf(
      real.fitted,
      clues.map(({ id }) => id),
      scoring.finish ?? "",
    );
    const start = { model: CALIBRATED, pace: CALIBRATED_PACE, difficulties: clues.map(() => 0) };
    const off = judged(real, real.foretold, withDifficulties(real, start, target, 8, 100));
    const solves = stated("solves a team", /stated: at most ([\d.]+) %/) / 100;
    expect(Math.abs(off.simulated / off.real - 1)).toBeLessThan(solves);
    expect(off.distance).toBeLessThan(
      stated("share of teams with at least so many", /stated: at most ([\d.]+)/) / 100,
    );
  });
});
