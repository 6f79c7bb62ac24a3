/** `npm run tune`: what every parameter does where it acts, with evidence (scripts/lab/tune). */
import { InvalidArgumentError } from "commander";
import { defaultOf } from "./lab/tune/experiment.ts";
import { EXPERIMENTS, experimentOf } from "./lab/tune/experiments.ts";
import { disagreements, findingOf } from "./lab/tune/findings.ts";
import { searchKnee } from "./lab/tune/knee-search.ts";
import { Progress, questionOf, type Result, Results } from "./lab/tune/results.ts";
import { runExperiment } from "./lab/tune/run.ts";
import { choicesText, effectText, kneeText } from "./lab/tune/words.ts";
import { commandOf, failUsage, fromCaller, number } from "./local/command-line.ts";

const MINUTES = 60;

const command = commandOf("tune", "Measures every parameter where it acts: docs/tune, docs/parameters.md")
  .option("--parameter <name>", "only this one's experiment")
  .option("--knee", "only the knee: the highest load that is carried, beside the floor", false)
  .option("--p99 <ms>", "that is good enough for the knee, like 500ms", millis, 500)
  .option("--minutes <n>", "no round begins after it; the next call goes on there", number(1, 1_440), MINUTES)
  .option("--anew", "forgets what an interrupted run has measured", false)
  .option("--list", "says what there is to measure", false)
  .option("--state <folder>", "of an interrupted run", ".data/tune")
  .parse();

const { parameter, knee, p99, minutes, anew, list, state } = command.opts<{
  parameter?: string;
  knee: boolean;
  p99: number;
  minutes: number;
  anew: boolean;
  list: boolean;
  state: string;
}>();

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const results = new Results();
const progress = new Progress(fromCaller(state));
const deadline = performance.now() + minutes * 60_000;
if (anew) progress.forgetAll();

if (list) {
  for (const { parameter: name, how, condition, values } of EXPERIMENTS) {
    console.log(`${name} (${how}): ${condition}: ${values.join(", ")}`);
  }
} else if (knee) {
  console.log(kneeText(await searchKnee(p99, say)).join("\n"));
} else if (parameter === undefined) {
  await measureAll();
} else {
  const experiment = experimentOf(parameter);
  if (!experiment) failUsage(command, `${parameter} has no experiment; --list says which have`);
  tell(await runExperiment(experiment, { results, progress, deadline, say }));
  progress.forget(parameter);
}

async function measureAll(): Promise<void> {
  for (const experiment of EXPERIMENTS) {
    if (progress.isDone(questionOf(experiment))) continue;
    const result = await runExperiment(experiment, { results, progress, deadline, say });
    if (!result) {
      say(`${minutes} minutes are over; call it again and it goes on with ${experiment.parameter}`);
      return;
    }
    tell(result);
  }
  console.log(kneeText(await searchKnee(p99, say)).join("\n"));
  progress.forgetAll();
}

/** Prints the newest run, and whether it agrees with the one before. */
function tell(result: Result | undefined): void {
  const experiment = result && experimentOf(result.parameter);
  const run = result?.runs.at(-1);
  if (!experiment || !run) {
    say(`${minutes} minutes are over; what was measured is kept in ${state}`);
    return;
  }
  const standard = defaultOf(experiment.parameter);
  const finding = findingOf(experiment, run, standard);
  console.log(`${experiment.parameter} (default ${standard})`);
  for (const effect of finding.effects) console.log(`  ${effectText(effect)}`);
  console.log(`  ${choicesText(experiment, finding)}`);
  const before = result.runs.at(-2);
  if (!before) return;
  const changed = disagreements(experiment, before, run, standard);
  console.log(
    changed.length === 0
      ? `  as on ${before.date}: every measured effect has the same sign`
      : `  NOT as on ${before.date}: ${changed.map(effectText).join("; ")}`,
  );
  if (changed.length > 0) process.exitCode = 1;
}

function millis(text: string): number {
  const value = Number(/^(\d+)(?:ms)?$/.exec(text)?.[1]);
  if (!(value >= 1)) throw new InvalidArgumentError("It must be like 500ms.");
  return value;
}
