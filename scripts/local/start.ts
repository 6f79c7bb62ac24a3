/**
 * The engine as `npm start` runs it, with the demo hunt. PORT and DATA_DIR
 * change where; every parameter of src/config.ts can be given in the
 * environment. With ORIGIN=postgres the origin is the PostgreSQL of
 * DATABASE_URL, or without one a server of its own with its data in DATA_DIR.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Audit } from "../../src/contract/data.ts";
import type { Keys } from "../../src/contract/ops.ts";
import { compactPostgres } from "./compact.ts";
import { DataDirTaken } from "./data-dir.ts";
import { type Engine, startEngine } from "./engine.ts";
import { FolderUnusable } from "./folder.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { dataDirectory, mintOrganiserToken, SECRETS_FILE } from "./secrets.ts";
import { DEFAULT_PORT, misspelt, optionalSecretsOf, portOf, varsOf } from "./vars.ts";

const DEMO = "harbour-nights";
const demoFile = join(import.meta.dirname, "../..", "hunts", `${DEMO}.yaml`);

/** Ctrl-C reaches a process twice when a parent passes it on as well: within this time it is the same one, ms. */
const SIGNAL_ECHO = 500;

/** How often to look whether the process that started this one is still there, ms. */
const PARENT_CHECK = 1_000;

/** Where the origin is: D1 within the engine, a given PostgreSQL, or one that is to be started. */
type Origin = { kind: "d1" } | { kind: "given"; url: string } | { kind: "own"; dataDir: string };

function readOrigin(environment: NodeJS.ProcessEnv, dataDir: string): Origin {
  const origin = environment.ORIGIN || "d1";
  const url = environment.DATABASE_URL;
  if (origin === "d1") return { kind: "d1" };
  if (origin !== "postgres") fail(`ORIGIN must be d1 or postgres, not "${origin}"`);
  if (!url) return { kind: "own", dataDir: join(dataDir, "postgres") };
  if (!/^postgres(ql)?:/.test(url) || !URL.canParse(url))
    fail("DATABASE_URL must be postgresql://user:password@host:port/database");
  return { kind: "given", url };
}

/** For people: without the password, wherever in the URL it may be. */
function describeOrigin(origin: Origin, url: string | undefined): string {
  if (url === undefined) return "D1";
  const { username, host, pathname } = new URL(url);
  const place = `postgresql://${username}@${host}${pathname}`;
  return origin.kind === "own"
    ? `${place}  (password in ${fromHere(join(origin.dataDir, "password"))})`
    : place;
}

function fromHere(path: string): string {
  return relative("", path) || path;
}

/** Publishes the demo hunt and sets it live, unless it is there already. Returns false when it is not there now. */
async function publishDemo(engine: Engine): Promise<boolean> {
  const authorization = `Bearer ${await mintOrganiserToken(engine.secrets)}`;
  const call = (method: string, path: string, type?: string, body?: string) =>
    at(`/v1/hunts/${DEMO}${path}`, method, type, body);
  const at = (path: string, method = "GET", type?: string, body?: string) =>
    fetch(new URL(path, engine.url), {
      method,
      headers: { authorization, ...(type ? { "content-type": type } : {}) },
      ...(body === undefined ? {} : { body }),
    });
  const must = async (response: Response): Promise<unknown> => {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return JSON.parse(text);
  };
  const known = await call("GET", "/definition");
  await known.body?.cancel();
  if (!known.ok) {
    if (!existsSync(demoFile)) return false;
    const { entries } = (await must(await at("/v1/audit"))) as Audit;
    if (entries.some(isDemoDeleted)) return false;
    await must(await call("PUT", "", "application/yaml", await readFile(demoFile, "utf8")));
  }
  // Also after a start that was killed between the two.
  const { phase } = (await must(await call("GET", ""))) as { phase: string };
  if (phase === "draft") {
    await must(await call("POST", "/phase", "application/json", JSON.stringify({ phase: "live" })));
  }
  return true;
}

/** Somebody has deleted the demo, which then stays away. */
const isDemoDeleted = ({ action, detail }: Audit["entries"][number]): boolean =>
  action === "delete" && detail.hunt === DEMO && detail.refused === undefined;

function whenAskedToStop(stop: () => void): void {
  let asked = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const now = Date.now();
      if (now - asked < SIGNAL_ECHO) return;
      asked = now;
      stop();
    });
  }
  // The bootstrap was killed and could not pass that on: do not hold the port without it.
  if (process.env.BOOTSTRAP_PID === String(process.ppid)) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop(), PARENT_CHECK).unref();
  }
}

function fail(text: string): never {
  process.stderr.write(`error: ${text}\n`);
  process.exit(1);
}

/** Runs the engine until a signal stops it; the process ends then. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  let postgres: Postgres | undefined;
  let engine: Engine | undefined;
  let stopping = 0;
  whenAskedToStop(() => {
    stopping += 1;
    // Asked again: no longer wait for requests in flight. Asked before it was up: nothing to wait for.
    if (stopping > 1 || !engine) process.exit(0);
    engine
      .stop()
      .then(() => postgres && compactPostgres(postgres.url))
      .then(() => postgres?.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(`while stopping: ${String(error)}`),
      );
  });
  for (const line of misspelt(environment)) process.stderr.write(`${line}\n`);
  const dataDir = dataDirectory(environment);
  const origin = readOrigin(environment, dataDir);
  let port: number;
  let vars: Record<string, string>;
  try {
    port = portOf(environment);
    vars = { ...varsOf(environment), ...optionalSecretsOf(environment) };
    if (origin.kind === "own") {
      postgres = await startPostgres({ dataDir: origin.dataDir });
      await compactPostgres(postgres.url);
    }
    const url = origin.kind === "given" ? origin.url : postgres?.url;
    engine = await startEngine({
      port,
      dataDir,
      vars,
      origin: url === undefined ? undefined : { postgres: url },
    });
    process.stdout.write(await welcome(engine, dataDir, describeOrigin(origin, url)));
  } catch (error) {
    // Otherwise it would end by itself, but only after the next start has looked.
    await postgres?.stop();
    fail(adviceOn(error));
  }
}

function adviceOn(error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  if (code === "ERR_ADDRESS_IN_USE")
    return `port ${process.env.PORT || DEFAULT_PORT} is in use; set PORT to another one`;
  if (error instanceof DataDirTaken) return `${message}; stop it, or set DATA_DIR to another directory`;
  if (error instanceof FolderUnusable) return `${message}; set DATA_DIR to another directory`;
  return message;
}

/**
 * Tells which hunts were made with keys that secrets.json does not have: after
 * it was lost, or when it is that of another data directory.
 */
async function tellMissingKeys(engine: Engine, dataDir: string): Promise<void> {
  const authorization = `Bearer ${await mintOrganiserToken(engine.secrets)}`;
  const response = await fetch(new URL("/v1/ops/keys", engine.url), { headers: { authorization } });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { missing } = (await response.json()) as Keys;
  if (missing.length === 0) return;
  const lines = [
    `warning: ${fromHere(join(dataDir, SECRETS_FILE))} does not have the keys that this data was made with; restore it`,
    ...missing.map(({ hunt, secret, key, affects }) => `  ${hunt}: ${secret} ${key}: ${affects}`),
    "  tokens of players and organisers that were signed with lost keys get 401",
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
}

const isDefault = (dataDir: string): boolean => dataDir === dataDirectory({});

/** A word for a shell, as it stands where it needs no quotes. */
function quoted(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Publishes the demo and gives the lines that tell where everything is. */
async function welcome(engine: Engine, dataDir: string, origin: string): Promise<string> {
  await tellMissingKeys(engine, dataDir).catch((error: Error) => {
    process.stderr.write(`whether all keys are there could not be found out: ${error.message}\n`);
  });
  const demo = await publishDemo(engine).catch((error: Error) => {
    process.stderr.write(`the demo hunt could not be published: ${error.message}\n`);
    return false;
  });
  const url = engine.url.origin;
  return [
    `ready ${url}`,
    ...(demo ? [`  play        ${url}/play/${DEMO}`, `  board       ${url}/board/${DEMO}`] : []),
    `  organise    ${url}/organise#token=${await mintOrganiserToken(engine.secrets)}`,
    `  token       npm run --silent hunt -- token${isDefault(dataDir) ? "" : ` --data-dir ${quoted(dataDir)}`}`,
    `  data        ${fromHere(dataDir)}`,
    `  origin      ${origin}`,
    `  stop        Ctrl-C`,
    "",
  ].join("\n");
}
