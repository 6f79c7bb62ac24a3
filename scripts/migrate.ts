/**
 * `npm run migrate`: brings the origin's tables up to date.
 *
 *   DATABASE_URL=postgresql://… npm run migrate   PostgreSQL
 *   npm run migrate -- --d1 [--remote]            D1, by wrangler: local, or the deployed one
 */
import { commandOf, failUsage } from "./local/command-line.ts";
import { migrateD1ByWrangler, migratePostgres, reasonOf } from "./local/migrate.ts";

const command = commandOf("migrate", "Brings the origin's tables up to date: those of DATABASE_URL, or D1's")
  .option("--d1", "D1, by wrangler")
  .option("--remote", "with --d1: the deployed one, not the local one")
  .parse();

const { d1 = false, remote = false } = command.opts<{ d1?: true; remote?: true }>();
const url = process.env.DATABASE_URL;
if (d1) process.exitCode = migrateD1ByWrangler(remote);
else if (remote || !url)
  failUsage(command, "give --d1, or set DATABASE_URL to postgresql://user:password@host/database");
else {
  try {
    const applied = await migratePostgres(url);
    process.stdout.write(
      applied.length === 0 ? "nothing to apply\n" : applied.map((name) => `applied ${name}\n`).join(""),
    );
  } catch (error) {
    process.stderr.write(`error: ${reasonOf(error)}\n`);
    process.exitCode = 1;
  }
}
