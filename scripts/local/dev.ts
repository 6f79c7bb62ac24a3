/**
 * `wrangler dev` with reload, on the secrets of the local engine and with the
 * origin's migrations applied. It honours PORT, DATA_DIR and the parameters in
 * the environment, as the engine of `npm start` does; its data is in
 * DATA_DIR/dev. For load and tests use `npm start`: wrangler's development
 * server is slow and drops requests under bursts.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readWranglerConfig } from "./bundle.ts";
import { DataDirLock } from "./data-dir.ts";
import { dataDirectory, secretsOf } from "./secrets.ts";
import { checkVars, misspelt, optionalSecretsOf, portOf, varsOf } from "./vars.ts";

const root = join(import.meta.dirname, "../..");

/** Vars of the developer's own. */
const OWN_VARS = join(root, ".dev.vars");

/** Runs until wrangler ends and gives its exit code, 0 if it was stopped; `args` are wrangler's. Throws before it starts when a var is wrong. */
export async function develop(environment: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> {
  for (const line of misspelt(environment)) process.stderr.write(`${line}\n`);
  const port = portOf(environment);
  await readWranglerConfig();
  checkVars(varsIn(args));
  const dataDir = dataDirectory(environment);
  const data = join(dataDir, "dev");
  const lock = await DataDirLock.take(data, ["secrets.vars", "v3"]);
  try {
    const secrets = join(data, "secrets.vars");
    const lines = Object.entries({ ...(await secretsOf(dataDir)), ...optionalSecretsOf(environment) }).map(
      ([name, value]) => `${name}="${value}"\n`,
    );
    await writeFile(secrets, lines.join(""), { mode: 0o600 });
    const migrated = await wrangler(
      "d1",
      "migrations",
      "apply",
      "ORIGIN_DB",
      "--local",
      "--persist-to",
      data,
    );
    if (migrated !== 0) return migrated ?? 0;
    const ended = await wrangler(
      "dev",
      ...["--ip", "127.0.0.1", "--port", String(port), "--persist-to", data],
      // The last file wins: tokens are made with the secrets of DATA_DIR.
      ...(existsSync(OWN_VARS) ? ["--env-file", OWN_VARS] : []),
      ...["--env-file", secrets],
      ...Object.entries(varsOf(environment)).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...args,
    );
    return ended ?? 0;
  } finally {
    lock.release();
  }
}

/** The vars that wrangler is given on the command line: `--var NAME:value`, also several in a row. */
function varsIn(args: readonly string[]): Record<string, string> {
  const vars: Record<string, string> = {};
  let reading = false;
  for (const argument of args) {
    const [, inline] = /^--var=(.*)$/.exec(argument) ?? [];
    const given: string | undefined = inline ?? (reading && !argument.startsWith("-") ? argument : undefined);
    reading = argument === "--var" || (given !== undefined && inline === undefined);
    const [name, ...value] = given?.split(":") ?? [];
    if (name !== undefined) vars[name] = value.join(":");
  }
  return vars;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs wrangler and gives its exit code; undefined: a signal to this process stopped it. */
async function wrangler(...args: string[]): Promise<number | undefined> {
  const program = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: "inherit" });
  let asked = false;
  const pass = (signal: NodeJS.Signals): void => {
    asked = true;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return asked ? undefined : (code ?? 1);
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}
