import { chmod, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startEngine } from "../../scripts/local/engine.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** Everything in the folder, and it itself, that a group or others may do something with. */
async function open(folder: string): Promise<string[]> {
  const all = [folder, ...(await readdir(folder, { recursive: true })).map((name) => join(folder, name))];
  const stats = await Promise.all(all.map((path) => lstat(path).catch(() => undefined)));
  return all.filter((_, index) => ((stats[index]?.mode ?? 0) & 0o077) !== 0);
}

test("[SEC-83] a data directory is its owner's alone, and one of an earlier engine becomes so", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "hunt-private-"));
  made.push(scratch);
  const dataDir = join(scratch, "data");
  const run = async (): Promise<void> => {
    const postgres = await startPostgres({ dataDir: join(dataDir, "postgres") });
    const engine = await startEngine({ dataDir, origin: { postgres: postgres.url } });
    expect((await fetch(new URL("/readyz", engine.url))).status).toBe(200);
    expect(await open(dataDir)).toEqual([]);
    await engine.stop();
    await postgres.stop();
    expect(await open(dataDir)).toEqual([]);
  };
  await run();
  const files = await readdir(join(dataDir, "storage"), { recursive: true });
  expect(files.filter((name) => name.endsWith(".sqlite")).length).toBeGreaterThan(1);
  // As engines before this one left them.
  await chmod(dataDir, 0o755);
  for (const name of ["storage", ...files.map((file) => join("storage", file))]) {
    await chmod(join(dataDir, name), name.includes(".sqlite") ? 0o644 : 0o755);
  }
  expect(await open(dataDir)).not.toEqual([]);
  await run();
});
