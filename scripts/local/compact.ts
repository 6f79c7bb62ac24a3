/**
 * Makes the databases of a data directory anew while no engine has them open, so that what was deleted
 * is gone from their files too: SQLite leaves the bytes of a deleted row where they were until something
 * else needs the room. An engine does this when it stops, and when it starts after one that was killed.
 *
 * A database that is not as it should be stays as it is: made anew from what can still be read, it would
 * look whole, and nobody would be told of what it lost.
 */
import { type Dirent, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as breathe } from "node:timers/promises";
import { Client } from "pg";

/** Says which databases are as they were left by the last run: these have nothing deleted in them. */
export const COMPACTED_FILE = "compacted.json";

/** Miniflare's entries of KV, and of objects of R2 and their parts, name the file of each value, in a folder of this name. */
const VALUES = "blobs";
const ENTRIES = ["_mf_entries", "_mf_objects", "_mf_multipart_parts"];

/** Uploads in parts that are over leave a row with the object's name. */
const OVER_UPLOADS = `DELETE FROM _mf_multipart_uploads WHERE state <> 0
  AND upload_id NOT IN (SELECT upload_id FROM _mf_multipart_parts)`;

/** How long a server may take to accept a connection, ms. */
const CONNECT_MAX = 15_000;

type Marks = Record<string, string>;

/** Compacts every database of `folder` in `dataDir` that changed since the last time. */
export async function compact(dataDir: string, folder: string): Promise<void> {
  const root = join(dataDir, folder);
  const before = readMarks(dataDir);
  const marks: Marks = {};
  const named = new Set<string>();
  let areAllRead = true;
  for (const path of filesIn(root).filter((file) => file.endsWith(".sqlite"))) {
    const key = relative(dataDir, path);
    const isSame = before[key] === markOf(path);
    // Signals are heard between two databases.
    await breathe();
    try {
      const database = new DatabaseSync(path);
      let isEmpty: boolean;
      try {
        isEmpty = database.prepare("SELECT 1 FROM sqlite_master LIMIT 1").all().length === 0;
        if (!isEmpty && !isSame) makeAnew(database);
        if (!isEmpty) for (const id of valuesOf(database)) named.add(id);
      } finally {
        database.close();
      }
      // Of an object that stores nothing, or nothing any more; asked again, it is made again.
      if (isEmpty) rmSync(path, { force: true });
      else marks[key] = markOf(path);
    } catch (error) {
      areAllRead = false;
      process.stderr.write(`${path} is left as it is: ${(error as Error).message}\n`);
    }
  }
  // A crash between an entry and its value leaves the value behind.
  if (areAllRead) removeValues(root, named);
  writeMarks(dataDir, marks);
}

/** Throws when the database is not whole. */
function makeAnew(database: DatabaseSync): void {
  const [row] = database.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
  if (row?.integrity_check !== "ok") throw new Error(row?.integrity_check ?? "it says nothing");
  if (hasTable(database, "_mf_multipart_uploads")) database.exec(OVER_UPLOADS);
  database.exec("VACUUM");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

function valuesOf(database: DatabaseSync): string[] {
  return ENTRIES.filter((table) => hasTable(database, table)).flatMap((table) => {
    // An object that came in parts has no value of its own.
    const rows = database.prepare(`SELECT blob_id FROM ${table} WHERE blob_id IS NOT NULL`).all();
    return (rows as { blob_id: string }[]).map((row) => row.blob_id);
  });
}

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").all(name).length > 0;

function removeValues(root: string, named: ReadonlySet<string>): void {
  for (const path of filesIn(root)) {
    if (basename(dirname(path)) === VALUES && !named.has(basename(path))) rmSync(path, { force: true });
  }
}

/** A database that was used since has a log beside it, or another time. */
function markOf(path: string): string {
  const { size, mtimeMs } = statSync(path);
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  return `${size} ${mtimeMs}${log && log.size > 0 ? " and a log" : ""}`;
}

function readMarks(dataDir: string): Marks {
  try {
    const marks: unknown = JSON.parse(readFileSync(join(dataDir, COMPACTED_FILE), "utf8"));
    return typeof marks === "object" && marks !== null ? (marks as Marks) : {};
  } catch {
    return {}; // none, or cut off: then everything is compacted
  }
}

function writeMarks(dataDir: string, marks: Marks): void {
  const path = join(dataDir, COMPACTED_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(marks)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function filesIn(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/**
 * The same for a PostgreSQL of the engine's own, which must run: tables without their dead rows, and no
 * log of before (with `wal_recycle=off`, which startPostgres sets, its files are removed).
 */
export async function compactPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MAX });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string }>(
      "SELECT quote_ident(tablename) AS table FROM pg_tables WHERE schemaname = 'public'",
    );
    for (const step of [
      // Samples of what stood in the columns, which an empty table keeps.
      "DELETE FROM pg_statistic",
      ...[...rows.map(({ table }) => table), "pg_statistic"].map((table) => `VACUUM (FULL) ${table}`),
      "ANALYZE",
      "CHECKPOINT",
      "SELECT pg_switch_wal()",
      "CHECKPOINT",
    ]) {
      await client.query(step);
    }
  } finally {
    await client.end();
  }
}
