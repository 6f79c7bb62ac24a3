/**
 * `npm test`: the check, then every test. The last line says how many passed
 * and failed, each step of the check counting as one. Arguments go to vitest:
 * `npm test -- test/hunt`.
 *
 * `npm run test:faults`: only the fault suite, without the check; `-- --long`
 * runs its long form (half an hour), `SEED=n` repeats a run.
 */
import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { check } from "./check.ts";

const root = join(import.meta.dirname, "..");

/** Where the fault tests of each layer are. */
const FAULT_TESTS = [
  "test/faults",
  "test/hunt/simulation.test.ts",
  "test/origin/gate/gate.test.ts",
  "test/origin/gate/guard.test.ts",
  "test/shard/ship.test.ts",
  "test/shard/steps.workerd.test.ts",
  "test/shard/object.workerd.test.ts",
  "test/shard/clock.workerd.test.ts",
];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** A line each, told again before the last line: what a long run prints is read from its end. */
  failures: string[];
  files: { name: string; seconds: number }[];
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    status: string;
    startTime: number;
    endTime: number;
    message?: string;
    assertionResults: Assertion[];
  }[];
}

interface Assertion {
  status: string;
  fullName: string;
  failureMessages?: string[] | null;
}

/** Of the whole run, in turn. Its objects in workerd may hang, and are run some files at a time. */
const PARTS = [
  { projects: ["unit"], files: undefined },
  { projects: ["workerd"], files: "test/**/*.workerd.test.ts" },
  { projects: ["engine", "alone"], files: undefined },
] as const;

/** Of the files, so many are named at the end with their time. */
const SLOWEST = 20;

/** Files that run in one go, where it may hang: it is those that are run once more. */
const FILES_AT_ONCE = 13;

/**
 * The Workers pool now and then loses the message that a file has ended, and vitest waits for it without end. A run
 * that prints nothing and takes no time of the processor for so long is ended and made once more, ms. No test waits
 * a quarter of it.
 */
const IDLE_MAX = 120_000;

/** How often it is looked, ms. */
const IDLE_LOOK = 5_000;

/** A run that works takes more of the processor between two looks, hundredths of a second. */
const TICKS_MIN = 10;

/** Where the system does not tell the processor's time: of a run that prints nothing, ms. */
const QUIET_MAX = 900_000;

async function runTests(args: string[]): Promise<Counts> {
  if (args.length > 0) return runPart(args, false);
  const all: Counts = { passed: 0, failed: 0, skipped: 0, failures: [], files: [] };
  for (const { projects, files } of PARTS) {
    const chosen = projects.flatMap((name) => ["--project", name]);
    for (const some of files === undefined ? [[]] : groupsOf(globSync(files, { cwd: root }))) {
      const part = await runPart([...chosen, ...some], files !== undefined);
      all.passed += part.passed;
      all.failed += part.failed;
      all.skipped += part.skipped;
      all.failures.push(...part.failures);
      all.files.push(...part.files);
    }
  }
  return all;
}

function groupsOf(files: string[]): string[][] {
  const sorted = files.sort();
  return Array.from({ length: Math.ceil(sorted.length / FILES_AT_ONCE) }, (_, index) =>
    sorted.slice(index * FILES_AT_ONCE, (index + 1) * FILES_AT_ONCE),
  );
}

async function runPart(args: string[], mayHang: boolean): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "treasure-hunt-tests-"));
  try {
    const file = join(folder, "report.json");
    const options = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...args];
    let ended = await vitest(options, mayHang);
    if (ended === HUNG) {
      say(`vitest waits for nothing, and runs once more: ${args.join(" ")}`);
      ended = await vitest(options, mayHang);
    }
    const report = await readFile(file, "utf8").then(
      (text) => JSON.parse(text) as Report,
      () => undefined, // vitest ended before it could write one
    );
    return count(report, ended);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Counts every fault as a failure: also a file that does not load, a crash, or no test at all. */
function count(report: Report | undefined, ended: string): Counts {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const unloaded = (report?.testResults ?? []).filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failures = [
    ...unloaded.map((file) => `failed outside of its tests: ${file.name}: ${firstLine(file.message)}`),
    ...(report?.testResults ?? []).flatMap((file) =>
      file.assertionResults
        .filter((test) => test.status === "failed")
        .map((test) => `failed: ${file.name}: ${test.fullName}: ${firstLine(test.failureMessages?.[0])}`),
    ),
  ];
  let failed = (report?.numFailedTests ?? 0) + unloaded.length;
  if (failed === 0 && ended !== "exit code 0") {
    failures.push(`vitest ended with ${ended}: an error outside of every test, told above`);
    failed = 1;
  } else if (failed === 0 && passed === 0) {
    failures.push("no test was run");
    failed = 1;
  }
  const files = (report?.testResults ?? []).map(({ name, startTime, endTime }) => ({
    name: relative(root, name),
    seconds: (endTime - startTime) / 1_000,
  }));
  return { passed, failed, skipped, failures, files };
}

function firstLine(text: string | null | undefined): string {
  return (text ?? "").split("\n", 1)[0] ?? "";
}

const HUNG = "nothing to say";

function vitest(args: string[], mayHang: boolean): Promise<string> {
  // A process group of its own, so that what it started ends with it.
  const child = spawn(process.execPath, [join(root, "node_modules", "vitest", "vitest.mjs"), ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.kill("SIGTERM");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  let hung = false;
  let active = Date.now();
  let spent = 0;
  const look = (): void => {
    const { pid } = child;
    if (pid === undefined) return;
    const now = ticksOf(pid);
    if (now !== undefined && Math.abs(now - spent) >= TICKS_MIN) active = Date.now();
    spent = now ?? 0;
    if (Date.now() - active < (now === undefined ? QUIET_MAX : IDLE_MAX)) return;
    hung = true;
    process.kill(-pid, "SIGKILL");
  };
  const watch = mayHang ? setInterval(look, IDLE_LOOK) : undefined;
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on("data", (bytes: Uint8Array) => {
      to.write(bytes);
      active = Date.now();
    });
  }
  return new Promise((done) => {
    child.once("error", (error) => done(`an error: ${error.message}`));
    child.once("close", (code, signal) => {
      clearInterval(watch);
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, stop);
      if (hung) done(HUNG);
      else done(signal ? `signal ${signal}` : `exit code ${code}`);
    });
  });
}

/** The processor's time of a group of processes, hundredths of a second; undefined: the system does not tell it. */
function ticksOf(group: number): number | undefined {
  let ticks: number | undefined;
  for (const path of globSync("/proc/[0-9]*/stat")) {
    let stat: string;
    try {
      stat = readFileSync(path, "utf8");
    } catch {
      continue; // it has ended
    }
    // After the name, which may have any characters: state, parent, group, …, user's and system's time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[2]) === group) ticks = (ticks ?? 0) + Number(fields[11]) + Number(fields[12]);
  }
  return ticks;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const given = process.argv.slice(2);
const faults = given.includes("--faults");
if (given.includes("--long")) process.env.FAULTS = "long";
const args = given.filter((arg) => arg !== "--faults" && arg !== "--long");
const checked = faults ? { passed: 0, failed: 0 } : await check();
const tested = await runTests(faults && args.length === 0 ? FAULT_TESTS : args);
const failed = checked.failed + tested.failed;
const slowest = tested.files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
say(`slowest: ${slowest.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(", ")}`);
for (const failure of tested.failures) say(failure);
if (checked.failed > 0) say("the check failed, as told above");
say(
  `${checked.passed + tested.passed} passed, ${failed} failed${tested.skipped > 0 ? `, ${tested.skipped} skipped` : ""}`,
);
process.exitCode = failed === 0 ? 0 : 1;
