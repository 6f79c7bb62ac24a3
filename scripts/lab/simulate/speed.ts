/** How long the demo hunt takes with 10,000 simulated teams, in one run and in twenty. By hand: `node scripts/lab/simulate/speed.ts`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compiledFrom } from "../../../src/simulation/compiled.ts";
import { simulate } from "../../../src/simulation/simulate.ts";

const DEMO = join(import.meta.dirname, "../../../hunts/harbour-nights.yaml");
const TEAMS = 10_000;
const PACE = 600_000;

const compiled = compiledFrom(readFileSync(DEMO, "utf8"), "yaml", "harbour-nights");
if (compiled.issues) throw new Error("the demo has issues");
for (const runs of [1, 20]) {
  const began = performance.now();
  const before = process.cpuUsage();
  const report = simulate(compiled.hunt, { seed: 1, runs, teams: TEAMS / runs, pace: PACE });
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(
    `${runs} × ${report.teams} teams: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of a processor\n`,
  );
}
