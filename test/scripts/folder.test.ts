/** Data directories that cannot be used, each with its path and why. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DataDirLock } from "../../scripts/local/data-dir.ts";
import { checkWritable, FolderUnusable, makeFolder } from "../../scripts/local/folder.ts";

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "hunt-folder-"));
  writeFileSync(join(root, "file"), "x");
  symlinkSync(join(root, "nowhere"), join(root, "link"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function faultOf(folder: string): Promise<string> {
  const started = Date.now();
  const fault = await DataDirLock.take(folder, []).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(Date.now() - started).toBeLessThan(20_000);
  expect(fault).toBeInstanceOf(FolderUnusable);
  return (fault as Error).message;
}

test.runIf(process.platform === "linux")(
  "[DEV-3] where nothing can be made, it says so at once",
  async () => {
    expect(await faultOf("/proc/nope")).toMatch(
      /^\/proc\/nope cannot be used as a data directory: .*(?:made|written)/,
    );
    expect(await faultOf("/proc/nope/deeper/still")).toContain("/proc/nope");
    expect(await faultOf("/proc/self")).toContain("/proc/self cannot be used");
  },
);

test("[DEV-3] a file, a path through one, and a link to nowhere", async () => {
  expect(await faultOf(join(root, "file"))).toBe(
    `${join(root, "file")} cannot be used as a data directory: it is a file`,
  );
  expect(await faultOf(join(root, "file", "in"))).toContain(`${join(root, "file")} is a file`);
  expect(await faultOf(join(root, "link"))).toContain(join(root, "link"));
});

test.runIf(process.getuid?.() !== 0)("[DEV-3] a folder that may not be written", async () => {
  const folder = join(root, "closed");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  expect(await faultOf(folder)).toContain(
    `${folder} cannot be used as a data directory: it may not be written`,
  );
});

test.runIf(process.platform === "linux")("[DEV-3] a full disk is told as that", () => {
  // The one device that is always full.
  const open = () => openSync("/dev/full", "w");
  expect(() => checkWritable(root, open)).toThrow(
    `${root} cannot be used as a data directory: its disk is full`,
  );
});

test("[DEV-3] what can be made is made, its owner's alone, and nothing is left of the look", () => {
  const folder = join(root, "a", "b", "c");
  makeFolder(folder);
  makeFolder(folder);
  checkWritable(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder)).toEqual([]);
});
