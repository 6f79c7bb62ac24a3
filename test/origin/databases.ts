/** The two databases of the contract, empty and migrated, with a way to look at their rows. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { D1Database, D1PreparedStatement, D1Result } from "@cloudflare/workers-types";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { Client, types } from "pg";
import { unstable_splitSqlQuery } from "wrangler";
import { migrateD1, migratePostgres } from "../../scripts/local/migrate.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import { D1Origin } from "../../src/origin/d1.ts";
import { PostgresOrigin } from "../../src/origin/postgres.ts";
import type { OriginStore } from "../../src/origin/store.ts";

const migrations = join(import.meta.dirname, "../../migrations");

/** Tables and view, with what orders their rows. */
const TABLES = {
  registration: "external_id",
  segment: "hunt, shard, first",
  fact: "hunt, shard, seq",
  team: "hunt, shard, id",
  player: "hunt, shard, team, id",
  solve: "hunt, shard, team, clue",
  score: "hunt, shard, team",
  mark: "hunt, shard, team, kind",
  win: "hunt, shard, team, prize, unit",
} as const;

const BOOLEANS = new Set(["provisional", "blocked", "value"]);

type Row = Record<string, unknown>;

/** Every row, by table; booleans and the view's JSON as such in both databases. */
export type Dump = Record<keyof typeof TABLES, Row[]>;

export interface TestDatabase {
  origin: OriginStore;
  dump(): Promise<Dump>;
  /** Deletes all rows. */
  clear(): Promise<void>;
  /** The same, in SQL of both. */
  run(statement: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function openD1(): Promise<TestDatabase & { database: BatchDatabase }> {
  const { database: direct, miniflare, close } = await emptyD1();
  await migrateD1(direct, { table: "d1_migrations", files: await d1Migrations() });
  const database = batchDatabase(miniflare);
  const queries = async (statements: string[]) => {
    const results = await database.batch<Row>(statements.map((statement) => database.prepare(statement)));
    return results.map((result) => result.results);
  };
  return {
    database,
    origin: new D1Origin(database as D1Database),
    dump: () => dump(queries),
    run: (statement) => queries([statement]),
    clear: async () => void (await queries(clearing(["fact", "solve", "score"]))),
    close,
  };
}

/** Runs a batch inside workerd: miniflare's own stand-in calls there for every prepare and bind, ten times as slow. */
const BATCH_WORKER = `export default {
  async fetch(request, { ORIGIN_DB }) {
    const statements = await request.json();
    try {
      const prepared = statements.map(({ sql, parameters }) => ORIGIN_DB.prepare(sql).bind(...parameters));
      return Response.json({ results: await ORIGIN_DB.batch(prepared) });
    } catch (error) {
      return Response.json({ error: error.message });
    }
  },
}`;

/** What the driver uses of a D1Database. */
export type BatchDatabase = Pick<D1Database, "prepare" | "batch">;

function batchDatabase(miniflare: Miniflare): BatchDatabase {
  const statement = (sql: string, parameters: unknown[]) => ({
    sql,
    parameters,
    bind: (...given: unknown[]) => statement(sql, given),
  });
  return {
    prepare: (sql) => statement(sql, []) as unknown as D1PreparedStatement,
    async batch<Row>(statements: D1PreparedStatement[]) {
      const answer = await miniflare.dispatchFetch("http://localhost", {
        method: "POST",
        body: JSON.stringify(statements),
      });
      const { results, error } = (await answer.json()) as { results?: D1Result<Row>[]; error?: string };
      if (!results) throw new Error(error);
      return results;
    },
  };
}

export async function emptyD1() {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: BATCH_WORKER,
      compatibilityDate: "2026-10-01",
      d1Databases: ["ORIGIN_DB"],
      cf: false,
    }),
  );
  const database = await miniflare.getD1Database("ORIGIN_DB");
  return { database, miniflare, close: () => miniflare.dispose() };
}

export async function d1Migrations(): Promise<{ name: string; statements: string[] }[]> {
  const folder = join(migrations, "d1");
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({
      name,
      statements: unstable_splitSqlQuery(await readFile(join(folder, name), "utf8")),
    })),
  );
}

export async function openPostgres(): Promise<TestDatabase & { url: string; client: Client }> {
  const server = await startPostgres();
  await migratePostgres(server.url);
  const client = await connect(server.url);
  const origin = new PostgresOrigin(server.url, { statementTimeout: 5_000 });
  return {
    url: server.url,
    client,
    origin,
    dump: () =>
      dump(async (statements) => {
        const results = (await client.query(statements.join(";"))) as unknown as { rows: Row[] }[];
        return results.map((result) => result.rows);
      }),
    run: (statement) => client.query(statement),
    // What was taken back is in no row of the view.
    clear: async () =>
      void (await client.query([...clearing(["fact", "solve"]), "DELETE FROM solve_row"].join(";"))),
    async close() {
      await origin.close();
      await client.end();
      await server.stop();
    },
  };
}

/** A client of the tests' own; bigints are numbers. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    types: {
      getTypeParser: (oid: number) =>
        oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, "text"),
    },
  });
  client.on("error", () => undefined); // a server the test kills
  await client.connect();
  return client;
}

const clearing = (views: string[]) =>
  Object.keys(TABLES)
    .filter((table) => !views.includes(table))
    .map((table) => `DELETE FROM ${table}`);

async function dump(queries: (statements: string[]) => Promise<Row[][]>): Promise<Dump> {
  const tables = Object.entries(TABLES) as [keyof typeof TABLES, string][];
  const found = await queries(tables.map(([table, order]) => `SELECT * FROM ${table} ORDER BY ${order}`));
  const rows = tables.map(([table], index) => [table, (found[index] ?? []).map(sameInBoth)] as const);
  return Object.fromEntries(rows) as Dump;
}

function sameInBoth(row: Row): Row {
  // D1's segments carry their solves and scores, which its views show as PostgreSQL's tables do.
  const columns = Object.entries(row).filter(([column]) => column !== "solves" && column !== "scores");
  const entries = columns.map(([column, value]) => {
    if (BOOLEANS.has(column)) return [column, Boolean(value)];
    return [column, column === "body" && typeof value === "string" ? JSON.parse(value) : value];
  });
  return Object.fromEntries(entries) as Row;
}
