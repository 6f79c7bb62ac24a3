/** `npm run bench`: the engine against the platform's floors (scripts/lab/bench/bench.ts). */
import { join } from "node:path";
import { runBench, SUBJECTS, type Subject } from "./lab/bench/bench.ts";
import { drawCharts, printReport } from "./lab/bench/report.ts";
import { commandOf, fromCaller, listOf, number } from "./local/command-line.ts";

/** The kept bundle that --baseline means by itself. */
const BASELINE = join(import.meta.dirname, "..", "test", "fixtures", "engine-before-15");

const { json, rounds, seconds, connections, players, charts, only, baseline } = commandOf(
  "bench",
  "Measures the engine against the platform's floors, which take turns with it",
)
  .option(
    "--only <subjects>",
    `any of ${SUBJECTS.join(", ")}; the last five run only by name`,
    listOf(SUBJECTS),
  )
  .option(
    "--baseline [folder]",
    "event, socket and profile: a kept bundle takes turns, too (default: engine-before-15)",
  )
  .option("--rounds <n>", "rounds of each case", number(1, 1_000, { whole: true }), 5)
  .option("--seconds <n>", "of each case in a round", number(0.1, 3_600), 3)
  .option("--connections <n>", "of the closed loops", number(1, 10_000, { whole: true }), 64)
  .option("--players <n>", "of the opening (default: 2000)", number(1, 100_000, { whole: true }))
  .option("--charts <folder>", "with growth: writes growth.svg, latency.svg and recovery.svg there")
  .option("--json", "the report as JSON on stdout")
  .parse()
  .opts<{
    only?: Subject[];
    baseline?: string | true;
    rounds: number;
    seconds: number;
    connections: number;
    players?: number;
    charts?: string;
    json?: true;
  }>();
const { report, growth } = await runBench(only, {
  rounds,
  seconds,
  connections,
  players,
  baseline: baseline === true ? BASELINE : baseline && fromCaller(baseline),
  say: (line) => void process.stderr.write(`${line}\n`),
});
if (charts !== undefined && growth.length > 0) drawCharts(fromCaller(charts), growth);
if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else printReport(report);
