/** The package as it would be published: built, packed, checked, compiled against, run by itself. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildClient, packClient } from "../../scripts/client/build.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** Builds, packs, checks: three programs of npm's and one of TypeScript's. */
const BUILD_MAX = 180_000;

let folder: string;
let packed: string[];
/** What publint and attw had to say, if anything. */
let complaint: unknown;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hunt-client-package-"));
  await buildClient(folder);
  try {
    packed = (await packClient(folder)).files;
  } catch (error) {
    complaint = error;
  }
}, BUILD_MAX);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("[LIB-1] npm packs it, and publint and attw have nothing against what it packs", () => {
  expect(complaint).toBeUndefined();
  expect(packed).toContain("dist/index.js");
  expect(packed).toContain("dist/index.d.ts");
  expect(packed).toContain("LICENSE");
  expect(
    packed.filter((path) => !/^(?:dist\/[\w-]+\.(?:js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(path)),
  ).toEqual([]);
});

test("[LIB-1] it depends on nothing, and imports nothing", async () => {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
  for (const name of await readdir(join(folder, "dist"))) {
    const text = await readFile(join(folder, "dist", name), "utf8");
    const imported = [
      ...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/gm),
    ].map(([, from, called]) => from ?? called);
    expect(imported.filter((from) => !/^\.\/[\w-]+\.js$/.test(from ?? ""))).toEqual([]);
    expect(text).not.toMatch(/\brequire\(|\bzod\b/);
  }
});

test("[LIB-2] its types are the engine's, and refuse what the engine would refuse", {
  timeout: BUILD_MAX,
}, async () => {
  const consumer = join(folder, "consumer");
  await mkdir(consumer);
  await copyFile(join(import.meta.dirname, "consumer.ts.txt"), join(consumer, "consumer.ts"));
  const from = (path: string): string => join(root, path);
  await writeFile(
    join(consumer, "engine.ts"),
    [
      `export type { Frame } from "${from("client/src/live.ts")}";`,
      `export type { JoinBody, Leaderboard, Me, PlayerEvent, Problem, Result, ServerFrame } from "${from("client/src/wire.ts")}";`,
    ].join("\n"),
  );
  await writeFile(
    join(consumer, "tsconfig.json"),
    JSON.stringify({
      extends: from("tsconfig.json"),
      compilerOptions: {
        lib: ["ES2024", "DOM"],
        types: [],
        skipLibCheck: false,
        paths: { "@treasure-hunt/client": [join(folder, "dist/index.d.ts")] },
      },
      include: ["."],
      exclude: [],
    }),
  );
  const { stdout } = await run(from("node_modules/.bin/tsc"), ["-p", consumer]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
});
