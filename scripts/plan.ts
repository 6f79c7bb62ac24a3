/** `npm run plan`: what a campaign needs on the platform, what it costs, and what breaks first. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { USE } from "../src/capacity.ts";
import { configOf } from "../src/config.ts";
import { chance } from "./lab/measure/chance.ts";
import { adviceAt } from "./lab/plan/advice.ts";
import { type BenchReport, measuredIn } from "./lab/plan/costs.ts";
import { bestOf, candidates } from "./lab/plan/fit.ts";
import { KNOWN_PEAKS } from "./lab/plan/known.ts";
import { type Measured, MODES, type Mode, planFor } from "./lab/plan/plan.ts";
import { printPlan } from "./lab/plan/report.ts";
import { commandOf, failUsage, fromCaller } from "./local/command-line.ts";

const command = commandOf("plan", "Plans a campaign: shards, costs, and the part that breaks first")
  .option("--players <n>", "in all, like 20M", whole(1, 1e9), 100_000)
  .option("--peak <n>", "events per second at the peak, like 330k/s", amount(1, 100e6), 2_000)
  .option("--burst <seconds>", "length of the peak", amount(1, 86_400), 60)
  .option("--hour <n>", "events in the busiest hour (default: those of the peak)", amount(1, 1e12))
  .option("--team-size <n>", "players of a team", whole(1, 1_000), 1)
  .addOption(new Option("--mode <name>", "how events come").choices(MODES).default("http"))
  .option("--batch <n>", "events in a request, with --mode batch", whole(1, 100), 5)
  .option("--regions <n>", "in which players are", whole(1, 11), 1)
  .option("--shards <n>", "a region, as there are: what hunt advice tells with them", whole(1, 1_000), 1)
  .option("--use <share>", "how much of a part's capacity may be used", amount(0.05, 1), USE)
  .option(
    "--bench <report.json>",
    "of npm run bench -- --json --only event,cost,tails (default: docs/plan/bench.json)",
  )
  .option("--known", "plans known peaks instead")
  .parse();

interface Options {
  players: number;
  peak: number;
  burst: number;
  hour?: number;
  teamSize: number;
  mode: Mode;
  batch: number;
  regions: number;
  shards: number;
  use: number;
  bench?: string;
  known?: true;
}

const { known, bench, hour, shards, ...asked } = command.opts<Options>();
const measured = readBench(
  bench === undefined ? join(import.meta.dirname, "..", "docs", "plan", "bench.json") : fromCaller(bench),
);
const questions = known
  ? KNOWN_PEAKS
  : [{ title: "Plan", question: { ...asked, hour: hour ?? asked.peak * asked.burst } }];
for (const { title, question } of questions) {
  const plan = planFor(question, measured, chance(1));
  const { hunts, shardsPerRegion } = plan;
  const told = [
    { shardsPerRegion: shards, hunts: 1 },
    { shardsPerRegion: Math.ceil(shardsPerRegion / hunts), hunts },
  ].map((with$) => ({ ...with$, advice: adviceAt(question, measured, with$, configOf({})) }));
  printPlan(title, question, plan, measured, told);
}

/** As `amount`, of what comes whole. */
function whole(least: number, most: number): (text: string) => number {
  const read = amount(least, most);
  return (text) => {
    const value = read(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError("It must be a whole number.");
    return value;
  };
}

/** Reads `330k/s`, `20M`, `1500`. */
function amount(least: number, most: number): (text: string) => number {
  return (text) => {
    const [, digits, scale] = /^(\d+(?:\.\d+)?)([kM]?)(?:\/s)?$/.exec(text) ?? [];
    const value = Number(digits) * (scale === "M" ? 1e6 : scale === "k" ? 1e3 : 1);
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be ${least} to ${most}, like 330k or 20M.`);
    return value;
  };
}

function readBench(path: string): Measured {
  let report: BenchReport;
  try {
    report = JSON.parse(readFileSync(path, "utf8")) as BenchReport;
  } catch {
    return failUsage(command, `${path} is no report of npm run bench -- --json`);
  }
  try {
    return { ...measuredIn(report), costs: bestOf(candidates(report)).costs };
  } catch (error) {
    return failUsage(command, `${path}: ${(error as Error).message}`);
  }
}
