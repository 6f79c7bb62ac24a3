/**
 * `npm run plan -- --players 20M --peak 330k/s`: what a campaign needs on the
 * platform, what it costs, and what breaks first. Options:
 *   --players n --peak n/s --burst s --hour n (events in the busiest hour)
 *   --team-size n --mode http|batch|socket --batch n --regions n --use share
 *   --bench report.json (of npm run bench -- --json --only event,cost,tails)   --known: the checked peaks
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chance } from "./lab/measure/chance.ts";
import { type BenchReport, unitCosts } from "./lab/plan/costs.ts";
import { KNOWN_PEAKS } from "./lab/plan/known.ts";
import { archiveRate, type Measured, type Mode, type Plan, planFor, type Question } from "./lab/plan/plan.ts";

const { values } = parseArgs({
  options: {
    players: { type: "string", default: "100k" },
    peak: { type: "string", default: "2k/s" },
    burst: { type: "string", default: "60" },
    hour: { type: "string" },
    "team-size": { type: "string", default: "1" },
    mode: { type: "string", default: "http" },
    batch: { type: "string", default: "5" },
    regions: { type: "string", default: "1" },
    use: { type: "string", default: "0.7" },
    bench: { type: "string", default: join(import.meta.dirname, "..", "docs", "plan", "bench.json") },
    known: { type: "boolean", default: false },
  },
});

function fail(message: string): never {
  process.stderr.write(`plan: ${message}\n`);
  process.exit(2);
}

/** `330k/s`, `20M`, `1500`. */
function amount(name: string, given: string, least: number, most: number): number {
  const [, digits, scale] = /^(\d+(?:\.\d+)?)([kM]?)(?:\/s)?$/.exec(given) ?? [];
  const value = Number(digits) * (scale === "M" ? 1e6 : scale === "k" ? 1e3 : 1);
  if (!(value >= least && value <= most)) fail(`--${name} must be ${least} to ${most}, like 330k or 20M`);
  return value;
}

const MODES: Mode[] = ["http", "batch", "socket"];

function readBench(path: string): BenchReport {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as BenchReport;
  } catch {
    return fail(`${path} is no report of npm run bench -- --json`);
  }
}

const report = readBench(resolve(process.env.INIT_CWD ?? process.cwd(), values.bench));
const costOf = (mode: string): BenchReport["costs"][number] =>
  report.costs.find((each) => each.mode === mode) ?? fail(`the report has no cost of "${mode}"`);
const single = costOf("HTTP, 64 connections");
const factsPerMessage = 1 / (single.units.queueMessages ?? fail("the report counts no queue messages"));
const measured: Measured = {
  costs: unitCosts(report),
  dollars: {
    http: single.total,
    batch: costOf("HTTP, batches of 50").total,
    socket: costOf("socket, 64 sockets").total,
  },
  archive: single.archive,
  // At most: a full message has 100 KB of facts.
  factBytes: 100_000 / factsPerMessage,
  factsPerMessage,
  boardBytesPerTeam: 91.7,
  boardChanges: 234_000,
  statementsPerMessage: 4,
};

function questionOf(): Question {
  const mode =
    MODES.find((name) => name === values.mode) ?? fail(`--mode must be one of ${MODES.join(", ")}`);
  const peak = amount("peak", values.peak, 1, 100e6);
  const burst = amount("burst", values.burst, 1, 86_400);
  return {
    players: amount("players", values.players, 1, 1e9),
    peak,
    burst,
    hour: values.hour === undefined ? peak * burst : amount("hour", values.hour, 1, 1e12),
    teamSize: amount("team-size", values["team-size"], 1, 1_000),
    mode,
    batch: amount("batch", values.batch, 1, 100),
    regions: amount("regions", values.regions, 1, 11),
    use: amount("use", values.use, 0.05, 1),
  };
}

function print(title: string, question: Question, plan: Plan): void {
  const number = (value: number): string =>
    value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
  console.log(`\n## ${title}\n`);
  console.log(
    `${number(question.players)} players, ${number(question.peak)} events/s for ${question.burst} s, ${question.mode}`,
  );
  console.log(
    `\nSHARDS_PER_REGION = "${plan.shardsPerRegion}" (${plan.shards} shards in ${question.regions} regions), ${plan.queues} queue${plan.queues > 1 ? "s" : ""}`,
  );
  if (plan.hunts > 1) {
    console.log(
      `${plan.hunts} hunts, by country say: one leaderboard holds about a million teams and takes the reports of 150 shards. The figures below are of all of them; SHARDS_PER_REGION of each is ${Math.ceil(plan.shardsPerRegion / plan.hunts)}.`,
    );
  }
  console.table(
    plan.stages.map(({ name, unit, limit, asked, count, breaksAt }) => ({
      stage: name,
      count,
      "each is asked": `${number(asked)} ${unit}`,
      "each carries": number(limit),
      "breaks at": Number.isFinite(breaksAt)
        ? breaksAt === 0
          ? "now"
          : `${number(breaksAt)} events/s`
        : "never by load",
    })),
  );
  const { shard, first } = plan;
  console.log(
    `A shard, simulated: p50 ${(shard.p50 * 1_000).toFixed(1)} ms, p99 ${(shard.p99 * 1_000).toFixed(1)} ms, ${shard.perCommit.toFixed(1)} events a commit, busy ${(shard.busy * 100).toFixed(0)} %, ${(shard.refused * 100).toFixed(2)} % refused.`,
  );
  console.log(
    first.breaksAt === 0
      ? `Does not fit: ${first.name} (${number(first.asked)} of ${number(first.limit)} ${first.unit}).`
      : `First to break: ${first.name}, at ${number(first.breaksAt)} events/s.`,
  );
  console.log(
    `The archive takes ${number(archiveRate(measured))} events/s in one D1; what comes faster waits in the shards' logs and drains ${question.peak > archiveRate(measured) ? `in ${number((question.peak * question.burst) / archiveRate(measured))} s` : "as it comes"}.`,
  );
  console.log(
    `$${plan.dollarsPerHour.toFixed(2)} for the busiest hour, $${plan.archivePerHour.toFixed(2)} more for its rows in D1 (included amounts left out).`,
  );
}

if (values.known) {
  for (const { title, question } of KNOWN_PEAKS) {
    print(title, question, planFor(question, measured, chance(1)));
  }
} else {
  const question = questionOf();
  print("Plan", question, planFor(question, measured, chance(1)));
}
