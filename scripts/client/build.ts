/** Builds the package of client/: one ES module without imports, and types without the schemas they come from. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { phase } from "../../src/contract/basics.ts";
import { joinBody, joined } from "../../src/contract/join.ts";
import { serverFrame, ticket } from "../../src/contract/live.ts";
import { clueView, me } from "../../src/contract/me.ts";
import { playerEvent, result, results } from "../../src/contract/play.ts";
import { errorCode, issue, problem } from "../../src/contract/problem.ts";
import { renewed } from "../../src/contract/sessions.ts";
import { entry, leaderboard } from "../../src/contract/standings.ts";
import { typesOf } from "./types.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const bin = join(root, "node_modules", ".bin");

/** What client/src/wire.ts exports, under the names it has there. */
const WIRE = {
  Phase: phase,
  JoinBody: joinBody,
  Joined: joined,
  ServerFrame: serverFrame,
  Ticket: ticket,
  ClueView: clueView,
  Me: me,
  PlayerEvent: playerEvent,
  Result: result,
  Results: results,
  ErrorCode: errorCode,
  Issue: issue,
  Problem: problem,
  Renewed: renewed,
  Entry: entry,
  Leaderboard: leaderboard,
};

/** Builds into `folder`, which becomes the package. */
export async function buildClient(folder: string): Promise<void> {
  const dist = join(folder, "dist");
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await Promise.all([bundleClient(join(dist, "index.js")), declare(dist)]);
  for (const name of ["package.json", "README.md"]) {
    await copyFile(join(root, "client", name), join(folder, name));
  }
  await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
}

/** The module alone. */
export async function bundleClient(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, "client/src/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    charset: "utf8",
    logLevel: "error",
  });
}

/** Declarations by TypeScript, but for the wire's types, which are written out. */
async function declare(dist: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "hunt-client-"));
  try {
    await run(
      join(bin, "tsc"),
      ["-p", join(root, "client"), "--noEmit", "false", "--declaration", "--emitDeclarationOnly"].concat([
        "--rootDir",
        root,
        "--outDir",
        scratch,
      ]),
    );
    const made = join(scratch, "client/src");
    for (const name of await readdir(made)) {
      const text = name === "wire.d.ts" ? typesOf(WIRE) : await readFile(join(made, name), "utf8");
      await writeFile(join(dist, name), text.replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.js"'));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Packs the folder as npm would publish it, and checks the archive; gives its path and its files. */
export async function packClient(folder: string): Promise<{ archive: string; files: string[] }> {
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts"], { cwd: folder });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error("npm packed nothing");
  const archive = join(folder, packed.filename);
  await run(join(bin, "publint"), ["--strict", archive]);
  // For import alone: the package has no CommonJS.
  await run(join(bin, "attw"), [archive, "--profile", "esm-only", "--no-color"]);
  return { archive, files: packed.files.map(({ path }) => path) };
}
