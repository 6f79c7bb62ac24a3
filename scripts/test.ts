/**
 * `npm test`: the check, then every test. The last line says how many passed
 * and failed, each step of the check counting as one. Arguments go to vitest:
 * `npm test -- test/hunt`.
 *
 * `npm run test:faults`: only the fault suite, without the check; `-- --long`
 * runs its long form (half an hour), `SEED=n` repeats a run.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; message?: string; assertionResults: Assertion[] }[];
}

interface Assertion {
  status: string;
  fullName: string;
  failureMessages?: string[] | null;
}

/** Of the whole run, in turn. Its objects in workerd are `quiet`: that pool may hang. */
const PARTS = [
  { projects: ["unit", "workerd"], quiet: true },
  { projects: ["engine", "alone"], quiet: false },
] as const;

/**
 * The Workers pool now and then loses the message that a file has ended, and vitest waits for it without end. A run
 * that prints nothing for so long (its slowest file takes a third of it) is ended and made once more, ms.
 */
const QUIET_MAX = 700_000;

async function runTests(args: string[]): Promise<Counts> {
  if (args.length > 0) return runPart(args, false);
  let all: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const { projects, quiet } of PARTS) {
    const part = await runPart(
      projects.flatMap((name) => ["--project", name]),
      quiet,
    );
    all = {
      passed: all.passed + part.passed,
      failed: all.failed + part.failed,
      skipped: all.skipped + part.skipped,
      failures: [...all.failures, ...part.failures],
    };
  }
  return all;
}

async function runPart(args: string[], quiet: boolean): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), "treasure-hunt-tests-"));
  try {
    const file = join(folder, "report.json");
    const options = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...args];
    let ended = await vitest(options, quiet);
    if (ended === HUNG) {
      say(`vitest said nothing for ${QUIET_MAX / 1_000} s, and runs once more: ${args.join(" ")}`);
      ended = await vitest(options, quiet);
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
  return { passed, failed, skipped, failures };
}

function firstLine(text: string | null | undefined): string {
  return (text ?? "").split("\n", 1)[0] ?? "";
}

const HUNG = "nothing to say";

function vitest(args: string[], quiet: boolean): Promise<string> {
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
  const watch = setTimeout(() => {
    hung = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, QUIET_MAX);
  if (!quiet) clearTimeout(watch);
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on("data", (bytes: Uint8Array) => {
      to.write(bytes);
      if (quiet) watch.refresh();
    });
  }
  return new Promise((done) => {
    child.once("error", (error) => done(`an error: ${error.message}`));
    child.once("close", (code, signal) => {
      clearTimeout(watch);
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(name, stop);
      if (hung) done(HUNG);
      else done(signal ? `signal ${signal}` : `exit code ${code}`);
    });
  });
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
for (const failure of tested.failures) say(failure);
if (checked.failed > 0) say("the check failed, as told above");
say(
  `${checked.passed + tested.passed} passed, ${failed} failed${tested.skipped > 0 ? `, ${tested.skipped} skipped` : ""}`,
);
process.exitCode = failed === 0 ? 0 : 1;
