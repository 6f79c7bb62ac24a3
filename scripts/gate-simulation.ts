/** `npm run gate-simulation`: the origin gate in virtual time (scripts/lab/gate/scenarios.ts). */
import { playScenarios } from "./lab/gate/scenarios.ts";
import { commandOf, number } from "./local/command-line.ts";

const SEED_MAX = 1_000_000;

const command = commandOf("gate-simulation", "Plays the origin's gate against dead and failing origins")
  .argument("[seed]", "of the chance (default: another one each time)", number(0, 2 ** 31, { whole: true }))
  .addHelpText("after", "\nExit code 1 when GATE-12 or GATE-13 of SPEC.md is missed.")
  .parse();
const [seed = Math.floor(Math.random() * SEED_MAX)] = command.processedArgs as [number?];
if (!(await playScenarios(seed))) process.exitCode = 1;
