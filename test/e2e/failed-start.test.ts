/** An engine that cannot start is no hindrance to the next one of the same process. */
import { channel } from "node:diagnostics_channel";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEngine } from "../../scripts/local/engine.ts";
import { Client } from "../contract/client.ts";
import { manyClues } from "../contract/hunts.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "hunt-start-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test("after one whose data workerd cannot open, the next ones start and respond", {
  timeout: 360_000,
}, async () => {
  const dataDir = join(scratch, "broken");
  const first = await startEngine({ dataDir, log: () => undefined });
  await (await Client.of(first)).publish("started", manyClues(1));
  await first.stop();
  for (const path of await readdir(dataDir, { recursive: true })) {
    if (path.endsWith("metadata.sqlite")) await writeFile(join(dataDir, path), "no database");
  }
  await expect(startEngine({ dataDir, log: () => undefined })).rejects.toThrow();
  // Otherwise it would take the next one's process for its own.
  expect(channel("child_process").hasSubscribers).toBe(false);
  await rm(dataDir, { recursive: true, force: true });
  for (const name of ["second", "third"]) {
    const engine = await startEngine({ dataDir: join(scratch, name), log: () => undefined });
    expect((await fetch(new URL("/healthz", engine.url))).status).toBe(200);
    await engine.stop();
  }
});
