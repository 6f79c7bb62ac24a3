/** `npm run tune`: which parameters matter on this machine, with evidence (scripts/lab/tune/tune.ts). */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { InvalidArgumentError } from "commander";
import { EVIDENCE } from "./lab/tune/evidence.ts";
import { Measurements, OtherSettings } from "./lab/tune/measurements.ts";
import { printEvidence } from "./lab/tune/report.ts";
import { tune } from "./lab/tune/tune.ts";
import { commandOf, failUsage, fromCaller, number } from "./local/command-line.ts";

const MINUTES = 60;
const MINUTES_QUICK = 10;

const command = commandOf("tune", "Finds the knee, screens the parameters and recommends a [vars] block")
  .option("--target <n>", "requests/s that you expect", number(1, 1_000_000), 1_000)
  .option("--p99 <ms>", "that is good enough, like 500ms", millis, 500)
  .option("--quick", "ten minutes instead of an hour", false)
  .option(
    "--minutes <n>",
    `time for all of it (default: ${MINUTES}, quick: ${MINUTES_QUICK})`,
    number(1, 1_440),
  )
  .option("--resume", "goes on where an earlier run stopped", false)
  .option("--out <file>", "for the evidence (default: docs/tune/evidence.json)")
  .option("--state <file>", "of an interrupted run", ".data/tune-state.json")
  .parse();

const { target, p99, quick, minutes, resume, out, state } = command.opts<{
  target: number;
  p99: number;
  quick: boolean;
  minutes?: number;
  resume: boolean;
  out?: string;
  state: string;
}>();
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const evidence = await tune(
  { target, p99, quick, minutes: minutes ?? (quick ? MINUTES_QUICK : MINUTES), say },
  measurements(),
);
const file = out === undefined ? EVIDENCE : fromCaller(out);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(evidence, null, 2)}\n`);
printEvidence(evidence);
say(file);

function measurements(): Measurements {
  try {
    return new Measurements(fromCaller(state), { target, p99, quick }, resume);
  } catch (error) {
    if (error instanceof OtherSettings) failUsage(command, error.message);
    throw error;
  }
}

function millis(text: string): number {
  const value = Number(/^(\d+)(?:ms)?$/.exec(text)?.[1]);
  if (!(value >= 1)) throw new InvalidArgumentError("It must be like 500ms.");
  return value;
}
