/** Runs experiments round by round, keeps every round, and goes on where an earlier run stopped. */
import { cpus } from "node:os";
import type { Bench, Experiment } from "./experiment.ts";
import { type Progress, questionOf, type Result, type Results, type Run } from "./results.ts";

/** A floor so many times its best of this run: the machine stood still, and the round is measured again. */
const STOOD_STILL = 5;

/** Rounds of an experiment that are measured again, at most. */
const AGAIN_MAX = 3;

const SEEDS = 1_000_000;

export interface RunSettings {
  results: Results;
  progress: Progress;
  /** No round begins after it, by `performance.now()`. */
  deadline: number;
  say(line: string): void;
}

export const machine = (): string => `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}`;

/** Undefined: the time was over first; what was measured is kept. */
export async function runExperiment(
  experiment: Experiment,
  { results, progress, deadline, say }: RunSettings,
): Promise<Result | undefined> {
  const question = questionOf(experiment);
  const run: Run = progress.of(question) ?? {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    seed: Math.floor(Math.random() * SEEDS),
    repeated: 0,
    trials: [],
  };
  const done = new Set(run.trials.map(({ round }) => round)).size;
  say(`${experiment.parameter}: ${experiment.how}, rounds ${done + 1} to ${experiment.rounds}`);
  let bench: Bench | undefined;
  try {
    for (let round = done; round < experiment.rounds; round += 1) {
      if (performance.now() > deadline) return undefined;
      bench ??= await experiment.open(run.seed);
      let measured = await bench.round(round);
      while (run.repeated < AGAIN_MAX && stoodStill(experiment, run, measured)) {
        run.repeated += 1;
        say(`  round ${round + 1} again: the floor was ${STOOD_STILL} times what it was before`);
        measured = await bench.round(round);
      }
      run.trials.push(...measured.map((each) => ({ round, ...each })));
      progress.save(question, run);
      for (const { value, figures } of measured) say(`  ${round + 1}  ${value}: ${told(figures)}`);
    }
  } finally {
    await bench?.close();
  }
  const result = results.add(question, run);
  progress.save(question, run, true);
  return result;
}

const told = (figures: Readonly<Record<string, number>>): string =>
  Object.entries(figures)
    .map(([name, figure]) => `${name} ${Number(figure.toPrecision(4))}`)
    .join(", ");

/** Only where a machine can: virtual time does not. */
function stoodStill(experiment: Experiment, run: Run, measured: readonly { floor: object }[]): boolean {
  if (experiment.how !== "engine") return false;
  const worst = (trials: readonly { floor: object }[]): Record<string, number> => {
    const all: Record<string, number> = {};
    for (const { floor } of trials) {
      for (const [name, value] of Object.entries(floor) as [string, number][]) {
        all[name] = Math.max(all[name] ?? 0, value);
      }
    }
    return all;
  };
  return Object.entries(worst(measured)).some(([name, value]) => {
    const before = run.trials.map(({ floor }) => floor[name] ?? Number.POSITIVE_INFINITY);
    return before.length > 0 && value > STOOD_STILL * Math.min(...before);
  });
}
