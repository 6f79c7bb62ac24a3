/** The report of a load: Markdown with charts, and the raw histograms. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HistogramLogWriter } from "hdr-histogram-js";
import { lineChart, type Series } from "../bench/chart.ts";
import { quantileOf, rising } from "../measure/statistics.ts";
import { KINDS } from "./crowd.ts";
import { type LoadRun, quantileMs } from "./run.ts";

export interface Described {
  title: string;
  /** Rows of the table of settings. */
  settings: Record<string, string | number>;
}

/** The generator's own figures, against the null worker at the load's highest rate. */
export interface Calibration {
  rate: number;
  p99: number;
  latestSend: number;
  achieved: number;
}

const PERCENTILES = [50, 90, 99, 99.9, 100];

/** What each shard had in the end, and when the hunt grew by itself. */
export interface Spread {
  shards: { shard: string; teams: number; seq: number }[];
  grown: { second: number; shardsPerRegion: number }[];
}

/** Above these the generator was measured, not the engine. */
const ACHIEVED_MIN = 0.97;
const LATE_MAX = 100;

/** Why the figures tell of the generator instead of the engine; undefined: they do not. */
export function generatorLimit(run: LoadRun, { rate, p99, achieved }: Calibration): string | undefined {
  if (achieved < ACHIEVED_MIN) {
    return `a null worker got ${(achieved * 100).toFixed(0)} % of ${rate.toFixed(0)}/s: this generator sends no faster`;
  }
  if (run.latestSend > LATE_MAX) {
    return `the generator sent up to ${run.latestSend.toFixed(0)} ms late: it stood still itself`;
  }
  if (p99 > 0.5 * quantileMs(run.all, 99)) {
    return `a null worker's p99 is ${p99.toFixed(1)} ms, more than half of what was measured`;
  }
  return undefined;
}

export async function writeReport(
  folder: string,
  run: LoadRun,
  { title, settings }: Described,
  calibration: Calibration | undefined,
  { shards, grown }: Spread,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const seconds = run.seconds.map((second, index) => ({ ...second, at: index }));
  const line = (name: string, of: (second: (typeof seconds)[number]) => number): Series => ({
    name,
    points: seconds.map((second) => {
      const y = of(second);
      return { x: second.at, y, low: y, high: y };
    }),
  });
  await writeFile(
    join(folder, "rate.svg"),
    lineChart(
      "Requests by the second they were due in",
      "seconds",
      "requests/s",
      [line("offered", ({ offered }) => offered), line("failed", ({ failed }) => failed)],
      "linear",
    ),
  );
  await writeFile(
    join(folder, "latency.svg"),
    lineChart(
      "Latency by the second a request was due in",
      "seconds",
      "ms",
      [
        line("p99", ({ latencies }) => quantileOf(rising(latencies), 0.99) || 0),
        line("p50", ({ latencies }) => quantileOf(rising(latencies), 0.5) || 0),
      ],
      "linear",
    ),
  );
  await writeFile(join(folder, "latency.hlog"), logOf(run));
  const limit = calibration && generatorLimit(run, calibration);
  const row = (cells: (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  const text = [
    `# ${title}`,
    "",
    row(["setting", ""]),
    row(["---", "---"]),
    ...Object.entries(settings).map(([name, value]) => row([name, value])),
    "",
    limit === undefined ? "" : `**The generator is the limit: ${limit}.**\n`,
    row([
      "",
      "requests",
      ...PERCENTILES.map((percentile) => (percentile === 100 ? "max" : `p${percentile}`)),
    ]),
    row(["---", "---", ...PERCENTILES.map(() => "---")]),
    ...[...KINDS.map((kind) => [kind, run.latencies[kind]] as const), ["all", run.all] as const]
      .filter(([, histogram]) => histogram.totalCount > 0)
      .map(([name, histogram]) =>
        row([
          name,
          histogram.totalCount,
          ...PERCENTILES.map((percentile) => `${ms(quantileMs(histogram, percentile))} ms`),
        ]),
      ),
    "",
    `${run.offered} requests offered, ${run.failed} failed, ${run.events} events got results, in ${run.took.toFixed(1)} s; the latest was sent ${run.latestSend.toFixed(1)} ms late.`,
    ...(calibration
      ? [
          `A null worker at ${calibration.rate.toFixed(0)}/s in the same run: p99 ${ms(calibration.p99)} ms, ${(calibration.achieved * 100).toFixed(1)} % of the rate.`,
        ]
      : []),
    ...[...run.failures].map(([failure, count]) => `- ${count} × ${failure}`),
    "",
    row(["shard", "teams", "facts"]),
    row(["---", "---", "---"]),
    ...shards.map(({ shard, teams, seq }) => row([shard, teams, seq])),
    row([
      "busiest, as times the mean",
      overMean(shards.map(({ teams }) => teams)),
      overMean(shards.map(({ seq }) => seq)),
    ]),
    "",
    ...grown.map(
      ({ second, shardsPerRegion }) =>
        `- The hunt grew by itself to ${shardsPerRegion} shards a region in second ${second.toFixed(0)}.`,
    ),
    "",
    "Open loop: latencies count from the intended times. Raw histograms (µs): [latency.hlog](latency.hlog).",
    "",
    "![requests by second](rate.svg)",
    "",
    "![latency by second](latency.svg)",
    "",
  ].join("\n");
  await writeFile(join(folder, "report.md"), text);
  return text;
}

function overMean(values: readonly number[]): string {
  const sum = values.reduce((total, value) => total + value, 0);
  return sum === 0 ? "–" : ((Math.max(...values) * values.length) / sum).toFixed(3);
}

/** HdrHistogram's log format, a tagged line for each kind. */
function logOf(run: LoadRun): string {
  let text = "";
  const writer = new HistogramLogWriter((part: string) => {
    text += part;
  });
  writer.outputLegend();
  for (const kind of KINDS) {
    const histogram = run.latencies[kind];
    if (histogram.totalCount === 0) continue;
    histogram.tag = kind;
    histogram.startTimeStampMsec = 0;
    histogram.endTimeStampMsec = run.took * 1_000;
    writer.outputIntervalHistogram(histogram, 0, run.took, 1);
  }
  return text;
}
