/** Brings the origin's tables up to date. Safe to run twice and by several at once. */
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Miniflare } from "miniflare";
import { Pool } from "pg";
import type { Migrations } from "./bundle.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "migrations", "postgres");

/** How long a server may take to accept a connection, ms. */
const CONNECT_MAX = 15_000;

/**
 * Applies the files of migrations/postgres not yet applied, all in one
 * transaction that others wait for, and gives their names. Throws an error that
 * says which file or which server failed, and why.
 */
export async function migratePostgres(url: string): Promise<string[]> {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: CONNECT_MAX });
  pool.on("error", () => undefined); // of an idle connection; a query would reject with it
  const database = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({ db: database, provider: { getMigrations: readMigrations } });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (!error) return results.map((result) => result.migrationName);
    const failed = results.find((result) => result.status === "Error");
    const what = failed ? `migration ${failed.migrationName} failed` : `${hostOf(url)} cannot be used`;
    throw new Error(`${what}: ${reasonOf(error)}`, { cause: error });
  } finally {
    await database.destroy();
  }
}

function hostOf(url: string): string {
  return `PostgreSQL at ${new URL(url).host}`;
}

/** A failure to connect to a name with several addresses has no message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name): Promise<[string, Migration]> => {
        const text = await readFile(join(folder, name), "utf8");
        return [
          name.slice(0, -".sql".length),
          {
            async up(database) {
              await sql.raw(text).execute(database);
            },
          },
        ];
      }),
    ),
  );
}

type D1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/**
 * Applies the migrations not yet applied to a local D1, each in one
 * transaction, and notes them as wrangler does. Of several at once one applies
 * a migration; the others see that it is there.
 */
export async function migrateD1(database: D1, { table, files }: Omit<Migrations, "binding">): Promise<void> {
  if (files.length === 0) return;
  const name = `"${table.replaceAll('"', '""')}"`;
  await database
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${name} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const readApplied = async () => {
    const { results } = await database.prepare(`SELECT name FROM ${name}`).all<{ name: string }>();
    return new Set(results.map((row) => row.name));
  };
  const applied = await readApplied();
  for (const file of files) {
    if (applied.has(file.name)) continue;
    try {
      await database.batch([
        // First: the name is unique, so that only one of several gets any further.
        database.prepare(`INSERT INTO ${name} (name) VALUES (?)`).bind(file.name),
        ...file.statements.map((statement) => database.prepare(statement)),
      ]);
    } catch (error) {
      if ((await readApplied()).has(file.name)) continue;
      throw new Error(`migration ${file.name} failed`, { cause: error });
    }
  }
}

/** Lets wrangler migrate D1, the deployed one or its own local one; gives its exit code. */
export function migrateD1ByWrangler(remote: boolean): number {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const args = ["d1", "migrations", "apply", "ORIGIN_DB", remote ? "--remote" : "--local"];
  const { status } = spawnSync(process.execPath, [wrangler, ...args], { cwd: root, stdio: "inherit" });
  return status ?? 1;
}
