/** `npm run check`: types, lint and format, promises, layers, dead code, dependencies. Part of `npm test`. */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { checkAdvisories, checkLicences, type Verdict } from "./check/dependencies.ts";
import { commandOf } from "./local/command-line.ts";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules", ".bin");

/** The subject of a step, and the command of node_modules/.bin that checks it. */
type Step = [name: string, command: string, ...args: string[]];

/** Each tsconfig*.json is checked: it names the platform its files run on. */
const typed = globSync(["tsconfig.json", "{client,src,scripts,test}/**/tsconfig*.json"], { cwd: root });

const STEPS: Step[] = [
  ...typed.sort().map((path): Step => [`types by ${path}`, "tsc", "-p", path]),
  [
    "lint and format",
    "biome",
    "check",
    "--error-on-warnings",
    "--diagnostic-level=warn",
    "--max-diagnostics=50",
  ],
  // Apart from Biome, which does not see the promises of KV, queues and stubs.
  ["promises handled", "oxlint", "--type-aware", "--deny-warnings"],
  [
    "layers",
    "depcruise",
    "--config",
    ".dependency-cruiser.mjs",
    "src",
    "client/src",
    "scripts",
    "ops",
    "--output-type",
    "err",
  ],
  ["dead code", "knip", "--no-progress"],
];

/** Steps that need no command. */
const OWN_STEPS: [name: string, check: () => Verdict | Promise<Verdict>][] = [
  ["licences", () => checkLicences(root)],
  ["advisories", () => checkAdvisories(root)],
];

/** Runs every step at once and prints a line each, with the output of those that failed. */
export async function check(): Promise<{ passed: number; failed: number }> {
  const results = await Promise.all([
    ...STEPS.map(([name, command, ...args]) => run(name, command, args)),
    ...OWN_STEPS.map(([name, step]) => runOwn(name, step)),
  ]);
  return { passed: results.filter(Boolean).length, failed: results.filter((ok) => !ok).length };
}

function run(name: string, command: string, args: string[]): Promise<boolean> {
  const started = performance.now();
  return new Promise((done) => {
    const child = spawn(join(bin, command), args, {
      cwd: root,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", (error) => {
      output += error.message;
    });
    child.once("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(
        code === 0 ? `ok    ${name} (${seconds} s)\n` : `FAIL  ${name} (${seconds} s)\n${output.trimEnd()}\n`,
      );
      done(code === 0);
    });
  });
}

async function runOwn(name: string, step: () => Verdict | Promise<Verdict>): Promise<boolean> {
  const started = performance.now();
  const { passed, text } = await step();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const head = `${passed ? "ok   " : "FAIL "} ${name} (${seconds} s)`;
  process.stdout.write(
    passed && text !== "" ? `${head}: ${text}\n` : `${head}\n${passed ? "" : `${text}\n`}`,
  );
  return passed;
}

if (import.meta.main) {
  commandOf(
    "check",
    "Checks types, lint, format, promises, layers, dead code, licences and advisories",
  ).parse();
  const { failed } = await check();
  process.exitCode = failed === 0 ? 0 : 1;
}
