/** Raw results of the experiments: docs/tune/<PARAMETER>.json, and the unfinished ones under .data. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Experiment, Measured } from "./experiment.ts";

export const RESULTS = join(import.meta.dirname, "../../../docs/tune");

/** Runs of an experiment that are kept: the newest, and the one before it to hold it against. */
const RUNS_KEPT = 2;

/** A measured value, and its round. */
export interface Trial extends Measured {
  round: number;
}

export interface Run {
  date: string;
  machine: string;
  seed: number;
  /** Rounds that were measured again because the machine stood still in them. */
  repeated: number;
  trials: Trial[];
}

/** What a run was of: the results of another are not compared with it. */
export interface Question {
  parameter: string;
  how: "engine" | "simulation";
  condition: string;
  values: readonly number[];
}

export interface Result extends Question {
  /** The newest last. */
  runs: Run[];
}

export const questionOf = ({ parameter, how, condition, values }: Experiment): Question => ({
  parameter,
  how,
  condition,
  values,
});

const isSame = (one: Question, other: Question): boolean =>
  one.parameter === other.parameter &&
  one.how === other.how &&
  one.condition === other.condition &&
  JSON.stringify(one.values) === JSON.stringify(other.values);

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Figures to five digits; a trial a line, so that a change can be read. */
function textOf(result: object & { runs: readonly Run[] }): string {
  const { runs, ...head } = result;
  const json = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === "number" ? Number(each.toPrecision(7)) : each,
    );
  const run = ({ trials, ...about }: Run): string =>
    `${json(about).slice(0, -1)},"trials":[\n${trials.map(json).join(",\n")}\n]}`;
  return `${json(head).slice(0, -1)},"runs":[\n${runs.map(run).join(",\n")}\n]}\n`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Finished results in a folder, by parameter. */
export class Results {
  readonly #folder: string;

  constructor(folder = RESULTS) {
    this.#folder = folder;
  }

  /** The result; undefined: there is none, or it is of another question. */
  of(question: Question): Result | undefined {
    const result = read(this.#path(question.parameter)) as Result | undefined;
    return result && isSame(result, question) ? result : undefined;
  }

  add(question: Question, run: Run): Result {
    const runs = [...(this.of(question)?.runs ?? []), run].slice(-RUNS_KEPT);
    const result = { ...question, runs };
    write(this.#path(question.parameter), textOf(result));
    return result;
  }

  #path(parameter: string): string {
    return join(this.#folder, `${parameter}.json`);
  }
}

interface Unfinished {
  question: Question;
  run: Run;
  isDone: boolean;
}

/** The runs of one `npm run tune`, so that a next one goes on where it stopped. */
export class Progress {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The unfinished run of the same question. */
  of(question: Question): Run | undefined {
    const kept = this.#read(question.parameter);
    return kept && !kept.isDone && isSame(kept.question, question) ? kept.run : undefined;
  }

  isDone(question: Question): boolean {
    const kept = this.#read(question.parameter);
    return kept?.isDone === true && isSame(kept.question, question);
  }

  save(question: Question, run: Run, isDone = false): void {
    write(this.#path(question.parameter), JSON.stringify({ question, run, isDone } satisfies Unfinished));
  }

  forget(parameter: string): void {
    rmSync(this.#path(parameter), { force: true });
  }

  /** Everything was measured, or shall be measured anew. */
  forgetAll(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(parameter: string): Unfinished | undefined {
    return read(this.#path(parameter)) as Unfinished | undefined;
  }

  #path(parameter: string): string {
    return join(this.#folder, `${parameter}.json`);
  }
}
