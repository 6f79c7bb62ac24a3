/**
 * The Worker as the local engine runs it: the bundle wrangler would deploy, the
 * bindings wrangler.toml declares and the D1 migrations. Kept under
 * node_modules/.cache by a hash of its inputs, so that an unchanged source
 * starts without wrangler.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { delimiter, dirname, extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import type { V4ModuleDefinition, V4WorkerOptionsShape } from "miniflare";
import { checkVars } from "./vars.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules", ".cache", "treasure-hunt-engine");

/** All inputs of the bundle; a file bundled from elsewhere is an error. */
const INPUTS = [
  "src",
  "client/src",
  "docs/guides.md",
  "schema",
  "migrations",
  "wrangler.toml",
  "package-lock.json",
  "tsconfig.json",
  ".dev.vars",
  ".env",
  "scripts/local/bundle.ts",
  "scripts/local/vars.ts",
  "scripts/local/web.ts",
];

/** Bundles kept: enough to go back and forth between a few branches. */
const KEPT_MAX = 8;

const MODULE_TYPES: Record<string, V4ModuleDefinition["type"]> = {
  ".js": "ESModule",
  ".mjs": "ESModule",
  ".wasm": "CompiledWasm",
  ".bin": "Data",
  ".txt": "Text",
  ".html": "Text",
  ".sql": "Text",
};

export interface Bundle {
  /** Options of miniflare's flat form, without the code. */
  worker: V4WorkerOptionsShape & { name: string };
  /** The folder of the pages' static assets; a kept bundle has none. */
  web: string | undefined;
  /** The code, the entry module first; paths are absolute, under `modulesRoot`. */
  modules: V4ModuleDefinition[];
  modulesRoot: string;
  migrations: Migrations[];
}

export type Description = Pick<Bundle, "worker" | "migrations">;

/** The part of a `[[d1_databases]]` entry that matters here (wrangler's own types do not resolve). */
interface DeclaredDatabase {
  binding: string;
  migrations_dir?: string;
  migrations_table?: string;
}

export interface Migrations {
  /** The D1 binding they are for. */
  binding: string;
  /** Where wrangler, too, notes the applied ones. */
  table: string;
  /** In the order they are applied. */
  files: { name: string; statements: string[] }[];
}

/** The current bundle, made if need be (about 2 s; 30 ms when it is kept). */
export async function readBundle(): Promise<Bundle> {
  const folder = join(cache, await inputsHash());
  const kept = await readFolder(folder);
  if (kept) return kept;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, "making-"));
  try {
    await Promise.all([makeCode(making), makeDescription(making)]);
    // wrangler has built them, as wrangler.toml says.
    await cp(join(root, "dist", "web"), join(making, "web"), { recursive: true });
    await rename(making, folder).catch(async (error: unknown) => {
      if (!(await readFolder(folder))) throw error; // else: another process was first
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  await forgetOldest();
  const made = await readFolder(folder);
  if (!made) throw new Error(`the bundle in ${folder} vanished while it was being made`);
  return made;
}

async function inputsHash(): Promise<string> {
  const hash = createHash("sha256").update(root);
  for (const input of INPUTS) {
    for (const path of await filesUnder(join(root, input))) {
      hash.update(`\0${relative(root, path)}\0`).update(await readFile(path));
    }
  }
  return hash.digest("hex").slice(0, 24);
}

/** Every file at or under `path`, sorted; none when it does not exist. */
async function filesUnder(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function readFolder(folder: string): Promise<Bundle | undefined> {
  try {
    const described = JSON.parse(await readFile(join(folder, "description.json"), "utf8")) as Description;
    const code = join(folder, "code");
    const paths = (await filesUnder(code)).filter((path) => extname(path) in MODULE_TYPES);
    const modules = await Promise.all(
      paths.map(async (path): Promise<V4ModuleDefinition> => {
        const type = MODULE_TYPES[extname(path)] ?? "Text";
        const contents =
          type === "Data" || type === "CompiledWasm" ? await readFile(path) : await readFile(path, "utf8");
        return { type, path, contents: contents as string | Uint8Array<ArrayBuffer> };
      }),
    );
    modules.sort((a, b) => Number(isEntry(b.path, code)) - Number(isEntry(a.path, code)));
    const now = new Date();
    await utimes(folder, now, now);
    return { ...described, modules, modulesRoot: code, web: join(folder, "web") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isEntry(path: string, code: string): boolean {
  return relative(code, path) === "worker.js";
}

/** Bundles as `npm run deploy` would. Throws with wrangler's own words when the source does not build. */
export async function makeCode(folder: string): Promise<void> {
  const metafile = join(folder, "metafile.json");
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", join(folder, "code"), "--metafile", metafile];
  await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: {
      ...process.env,
      // wrangler runs the build of the pages with the `node` it finds.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_WRITE_LOGS: "false",
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
    },
  }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`the Worker does not build:\n${(error.stderr || error.stdout || error.message).trim()}`);
  });
  const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Record<string, unknown> };
  const strangers = Object.keys(inputs).filter((input) => {
    const path = relative(root, join(root, input));
    if (
      input.includes(":") ||
      path.split(sep).includes("node_modules") ||
      path.startsWith(join(".wrangler", ""))
    )
      return false;
    return !INPUTS.some((known) => path === known || path.startsWith(join(known, sep)));
  });
  if (strangers.length > 0)
    throw new Error(`the bundle takes in files the cache does not watch: ${strangers.join(", ")}`);
}

/** Reads wrangler.toml. Throws when [vars] has a name that the engine does not know. */
export async function readWranglerConfig() {
  const { unstable_readConfig } = await import("wrangler");
  const config = unstable_readConfig({ config: join(root, "wrangler.toml") }, { hideWarnings: true });
  try {
    checkVars(config.vars);
  } catch (error) {
    throw new Error(`wrangler.toml, [vars]: ${(error as Error).message}`);
  }
  return config;
}

/** Writes down the declarations of wrangler.toml: bindings, queue consumers, migrations. */
export async function makeDescription(folder: string): Promise<void> {
  const { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } = await import("wrangler");
  const config = await readWranglerConfig();
  if (!config.name) throw new Error("wrangler.toml has no name");
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const databases: DeclaredDatabase[] = config.d1_databases;
  const migrations = await Promise.all(
    databases.map(async (database): Promise<Migrations> => {
      const directory = join(root, database.migrations_dir ?? "migrations");
      const names = (await filesUnder(directory)).map((path) => relative(directory, path));
      const files = await Promise.all(
        names
          .filter((name) => /^\d{4}_.+\.sql$/.test(name))
          .map(async (name) => ({
            name,
            statements: unstable_splitSqlQuery(await readFile(join(directory, name), "utf8")),
          })),
      );
      return { binding: database.binding, table: database.migrations_table ?? "d1_migrations", files };
    }),
  );
  const description: Description = { worker: { ...workerOptions, name: config.name }, migrations };
  await writeFile(join(folder, "description.json"), JSON.stringify(description));
}

async function forgetOldest(): Promise<void> {
  const names = await readdir(cache);
  const aged = await Promise.all(
    // Another process may have renamed or removed one since.
    names.map(async (name) => ({
      name,
      at: await stat(join(cache, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  );
  aged.sort((a, b) => b.at - a.at);
  await Promise.all(
    aged.slice(KEPT_MAX).map(({ name }) => rm(join(cache, name), { recursive: true, force: true })),
  );
}
