/**
 * Finds the figures of src/simulation/model.ts on one half of a real hunt's teams, and says how far off they are on
 * the other half. By hand:
 *
 *   node scripts/lab/simulate/calibrate.ts [folder] [--tries n]
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Band } from "../../../src/contract/simulation.ts";
import { CALIBRATED, CALIBRATED_PACE } from "../../../src/simulation/model.ts";
import { simulate } from "../../../src/simulation/simulate.ts";
import { commandOf, number } from "../../local/command-line.ts";
import { DEFAULT_FOLDER } from "../replay/gph2020.ts";
import { type Fit, fitted, type Judged, judged, meanOf, seenOf } from "./fit.ts";
import { type RealHunt, readRealHunt } from "./real-hunt.ts";

/** Runs of the hunt as nobody knows it yet, of as many teams as the foretold half has. */
const BLIND_RUNS = 40;

const command = commandOf("calibrate", "Finds how simulated teams behave, by the teams of a real hunt")
  .argument("[folder]", "with hunt.json, teams.json and events.ndjson", DEFAULT_FOLDER)
  .option(
    "--tries <n>",
    "sets of figures that are tried; 0: only how far off the present ones are",
    number(0, 10_000, { whole: true }),
    0,
  )
  .parse();
const [folder = DEFAULT_FOLDER] = command.args;
const { tries } = command.opts<{ tries: number }>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (!existsSync(join(folder, "hunt.json"))) say(`skipped: there is no record of a hunt in ${folder}`);
else {
  const real = readRealHunt(folder);
  const start: Fit = {
    model: { ...CALIBRATED, wrong: real.wrong },
    pace: CALIBRATED_PACE,
    difficulties: real.hunt.clues.map(() => 0),
  };
  const fit = fitted(real, start, tries, say);
  say(`figures: ${JSON.stringify(fit.model)}; pace ${(fit.pace / 3_600_000).toFixed(2)} h`);
  tell("the fitted half", judged(real, real.fitted, fit));
  tell("the other half", judged(real, real.foretold, fit));
  blind(real, fit);
}

function tell(half: string, { real, simulated, distance, shares, realFinished, finished }: Judged): void {
  const off = (100 * (simulated - real)) / real;
  say(
    `${half}: solves a team ${real.toFixed(2)} really, ${simulated.toFixed(2)} simulated (${off.toFixed(1)} %); ` +
      `shares of teams with at least so many solves differ by ${(100 * distance).toFixed(1)} points at most; ` +
      `shares that solve a clue by ${(100 * shares).toFixed(1)} points in the mean; ` +
      `finished ${(100 * realFinished).toFixed(1)} % really, ${(100 * finished).toFixed(1)} % simulated`,
  );
}

/** As before a hunt, when nobody knows which clue is hard. */
function blind(real: RealHunt, { model, pace }: Fit): void {
  const teams = real.foretold.length;
  const report = simulate(real.hunt, { seed: 1, runs: BLIND_RUNS, teams, pace }, model);
  const seen = seenOf(
    real.foretold,
    real.hunt.clues.map(({ id }) => id),
    real.hunt.scoring.finish ?? "",
  );
  const within = report.clues.filter(({ solved }, place) => isIn(solved, seen.shares[place] ?? 0)).length;
  say(
    `with clues as hard as chance has it: solves a team ${meanOf(seen).toFixed(2)} really, ` +
      `${(report.solves.mean * report.began.mean).toFixed(2)} simulated; ` +
      `finished ${(100 * seen.finished).toFixed(1)} % really, ${(100 * report.finished.low).toFixed(1)} to ` +
      `${(100 * report.finished.high).toFixed(1)} % simulated; ` +
      `${within} of ${report.clues.length} clues were solved by as many teams as the band says`,
  );
}

const isIn = ({ low, high }: Band, share: number): boolean => share >= low && share <= high;
