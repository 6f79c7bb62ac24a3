/** `hunt simulate`: plays a definition with thousands of teams by the engine's own rules, without an engine. */
import {
  type Difference,
  PACE_MIN,
  RUNS_MAX,
  SEED_MAX,
  SIMULATED_MAX,
  type SimulationOptions,
  type SimulationReport,
  type Spread,
} from "../../src/contract/simulation.ts";
import type { CompiledHunt } from "../../src/hunt/compiled.ts";
import { parseDuration } from "../../src/hunt/moment.ts";
import { differencesOf } from "../../src/simulation/compare.ts";
import { compiledFrom } from "../../src/simulation/compiled.ts";
import { objectionTo, simulating } from "../../src/simulation/simulate.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, wrongUsage } from "./failure.ts";
import { left, type Output, right } from "./output.ts";
import { huntOf, readSource } from "./source.ts";
import { duration } from "./text.ts";

const TEAMS = 500;
const RUNS = 20;
const PACE = "10m";

export const simulate: Command = {
  name: "simulate",
  summary: "Play a definition (YAML or JSON; - reads standard input) with simulated teams, without an engine",
  usage: "<file>",
  options: {
    teams: { type: "string", value: "n", about: `teams of a run (default: ${TEAMS})` },
    runs: { type: "string", value: "n", about: `how often it is played (default: ${RUNS})` },
    pace: {
      type: "string",
      value: "10m",
      about: `how long a middling team works on a middling clue (default: ${PACE})`,
    },
    come: { type: "string", value: "95", about: "of 100 teams, so many come and play (default: 72)" },
    paces: { type: "string", value: "id=30m,…", about: "the same of single clues, where you know it" },
    opened: { type: "string", value: "id=1h,…", about: "when an organiser opens clues for everybody" },
    lasts: {
      type: "string",
      value: "3h",
      about: "how long the hunt lasts (default: from its opens to its closes, else 3h)",
    },
    against: { type: "string", value: "file", about: "another version: says what differs from it" },
    seed: { type: "string", value: "n", about: "the same seed gives the same report (default: 1)" },
    hunt: { type: "string", value: "id", about: "the id it would be published under" },
  },
  example: "simulate hunts/harbour-nights.yaml --teams 120 --pace 8m --paces admiral=20m",
  async run(call) {
    const { out } = call;
    const options = optionsOf(call);
    const hunt = await read(call, call.argument("file"));
    if (!hunt) return EXIT.refused;
    const against = call.text("against");
    const other = against === undefined ? undefined : await read(call, against);
    if (against !== undefined && !other) return EXIT.refused;
    for (const each of other ? [hunt, other] : [hunt]) {
      const objection = objectionTo(each, options);
      if (objection !== undefined) throw wrongUsage(objection);
    }
    const report = play(out, hunt, options);
    if (!other) {
      await out.result(report, (told) => tell(out, told));
      return EXIT.ok;
    }
    const before = play(out, other, options);
    const differences = differencesOf(before, report);
    await out.result({ report, against: before, differences }, async (told) => {
      await tell(out, told.report);
      await tellDifferences(out, told.differences);
    });
    return EXIT.ok;
  },
};

function optionsOf(call: Call): SimulationOptions {
  const teams = call.count("teams", 1, SIMULATED_MAX) ?? TEAMS;
  const lasts = call.text("lasts");
  const come = call.count("come", 0, 100);
  const [paces, opened] = [timesOf(call, "paces"), timesOf(call, "opened")];
  return {
    teams,
    runs: call.count("runs", 1, RUNS_MAX) ?? RUNS,
    seed: call.count("seed", 0, SEED_MAX) ?? 1,
    pace: timeOf("--pace", call.text("pace") ?? PACE),
    ...(come === undefined ? {} : { come: come / 100 }),
    ...(lasts === undefined ? {} : { lasts: timeOf("--lasts", lasts) }),
    ...(paces === undefined ? {} : { paces }),
    ...(opened === undefined ? {} : { opened }),
  };
}

/** Milliseconds. */
function timeOf(name: string, given: string): number {
  const time = parseDuration(given);
  if (time === undefined || time < PACE_MIN) {
    throw wrongUsage(`${name} takes a whole number and s, m, h or d, such as 10m, not "${given}"`);
  }
  return time;
}

/** Of clues, as `id=10m,id=20m`. */
function timesOf(call: Call, name: string): Record<string, number> | undefined {
  const given = call.text(name);
  if (given === undefined) return undefined;
  return Object.fromEntries(
    given.split(",").map((part) => {
      const [id = "", time = ""] = part.split("=");
      return [id.trim(), timeOf(`--${name}`, time.trim())];
    }),
  );
}

/** The hunt of a definition; undefined: it has issues, which are told. */
async function read(call: Call, name: string): Promise<CompiledHunt | undefined> {
  const source = await readSource(call, name);
  const compiled = compiledFrom(source.text, source.format, huntOf(source, call.text("hunt")));
  if (compiled.hunt) return compiled.hunt;
  if (call.out.json) await call.out.value({ file: name, issues: compiled.issues });
  else await call.out.issues(compiled.issues, "red");
  return undefined;
}

function play(out: Output, hunt: CompiledHunt, options: SimulationOptions): SimulationReport {
  const began = performance.now();
  const steps = simulating(hunt, options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const seconds = (performance.now() - began) / 1_000;
  out.note(`${hunt.hunt}: ${options.runs} × ${options.teams} teams in ${duration(seconds)}`);
  return step.value;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const time = (ms: number): string => duration(ms / 1_000);
const spread = (of: Spread | undefined, say: (value: number) => string): string =>
  of === undefined ? "" : `${say(of.p10)} · ${say(of.p50)} · ${say(of.p90)}`;

async function tell(out: Output, report: SimulationReport): Promise<void> {
  const { began, finished, finishedAt, stuck, waiting, solves, score } = report;
  const band = ({ mean, low, high }: typeof began): string =>
    `${percent(mean)} (${percent(low)} to ${percent(high)})`;
  await out.line(
    `${report.hunt}: ${report.runs} runs of ${report.teams} teams, ${time(report.lasts)}, pace ${time(report.pace)}, seed ${report.seed}`,
  );
  await out.line("Shares are of all teams: the mean of the runs, and what nine in ten runs lie between.");
  await out.heading("Teams");
  await out.table(
    [left(""), right("")],
    [
      ["come and play", band(began)],
      [`finish${report.finish === undefined ? " (all clues)" : ` (${report.finish})`}`, band(finished)],
      ["finish after (10 %, half, 90 %)", spread(finishedAt, time)],
      ["get stuck", band(stuck)],
      ["of these with nothing open", band(waiting)],
      ["solves of a team that plays (10 %, half, 90 %)", spread(solves, String)],
      ["its score", spread(score, String)],
    ],
  );
  await out.heading("Clues");
  await out.table(
    [
      left("clue"),
      ...["opened", "solved", "low", "high", "took", "wrong", "hint", "stuck", "no tries"].map(right),
    ],
    report.clues.map((clue) => [
      clue.clue,
      percent(clue.opened.mean),
      percent(clue.solved.mean),
      percent(clue.solved.low),
      percent(clue.solved.high),
      clue.took === undefined ? "" : time(clue.took.p50),
      clue.wrong.toFixed(2),
      percent(clue.hinted),
      percent(clue.stuck),
      percent(clue.exhausted),
    ]),
  );
  if (report.prizes.length > 0) {
    await out.heading("Prizes");
    await out.table(
      [left("prize"), ...["stock", "won", "all gone in", "gone after"].map(right)],
      report.prizes.map(({ prize, stock, won, gone, goneAt }) => [
        prize,
        stock,
        spread(won, String),
        `${percent(gone)} of runs`,
        spread(goneAt, time),
      ]),
    );
  }
  if (report.closed.length > 0) {
    out.note(`only an organiser opens ${report.closed.join(", ")}: say when with --opened id=1h`);
  }
  if (report.byHand.length > 0) {
    out.note(`how ${report.byHand.join(", ")} are solved is not simulated: they count as solved by hand`);
  }
}

async function tellDifferences(out: Output, differences: readonly Difference[]): Promise<void> {
  await out.heading("What differs from the other version");
  if (differences.length === 0) await out.line("Nothing.");
  else {
    await out.table(
      [left("figure"), left("of"), right("before"), right("now")],
      differences.map(({ figure, about, before, after }) => [
        FIGURES[figure] ?? figure,
        about ?? "",
        before === undefined ? "" : figureText(figure, before),
        after === undefined ? "" : figureText(figure, after),
      ]),
    );
  }
}

const FIGURES: Readonly<Record<string, string>> = {
  finished: "finish",
  finishedAt: "half have finished after",
  stuck: "get stuck",
  waiting: "stuck with nothing open",
  solves: "solves of a team that plays",
  score: "score of a team that plays",
  opened: "opened to",
  solved: "solved by",
  took: "took",
  wrong: "wrong tries",
  exhausted: "no tries left",
  hinted: "took a hint",
  won: "units won",
  gone: "all units gone",
  goneAt: "gone after",
};

const TIMES = new Set(["finishedAt", "took", "goneAt"]);
const COUNTS = new Set(["solves", "score", "wrong", "won"]);

function figureText(figure: string, value: number): string {
  if (TIMES.has(figure)) return time(value);
  return COUNTS.has(figure) ? String(value) : percent(value);
}
