/**
 * `hunt backup` and `hunt restore`: a hunt as a folder with all that an engine needs to go on with it, and a manifest
 * that says what the folder has to hold. The file alone is a backup too, of a hunt without files.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ASSET_NAME, assetTypeOf } from "../../src/contract/asset-types.ts";
import type { AssetRow, Assets } from "../../src/contract/assets.ts";
import { backupHeader } from "../../src/contract/backup.ts";
import { SLUG } from "../../src/contract/basics.ts";
import type { Imported, Verification } from "../../src/contract/data.ts";
import type { Call, Command } from "./command.ts";
import { toFile } from "./facts.ts";
import { EXIT, type ExitCode, Failure, refused, wrongUsage } from "./failure.ts";
import { restorePrize } from "./prizes.ts";
import { measured } from "./progress.ts";
import { bytes, plural } from "./text.ts";

const MANIFEST = "manifest.json";
const HUNT_FILE = "hunt.ndjson";
const FILES = "assets";

/** How long the origin may take to get all facts, ms. */
const ORIGIN_PATIENCE = 600_000;

/** Between two verifications, ms: one that the origin refuses ends at once. */
const ORIGIN_PAUSE = 5_000;

/** Bytes of a first line: more than any has. */
const HEADER_BYTES = 4_096;

/** Bytes of a manifest of as many files as a hunt can have. */
const MANIFEST_BYTES = 4_000_000;

const manifestSchema = z.strictObject({
  format: z.literal("hunt-backup"),
  version: z.literal(1),
  hunt: z.string().regex(SLUG),
  /** When the backup was begun. */
  at: z.iso.datetime(),
  files: z.array(
    z.strictObject({
      path: z.string().max(200),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
type Manifest = z.infer<typeof manifestSchema>;
type ManifestFile = Manifest["files"][number];

export const backup: Command = {
  name: "backup",
  summary:
    "Write all of a hunt into a folder with its files, or with a name in .ndjson into a file without them",
  usage: "<hunt> <target>",
  options: {},
  example: "backup harbour-nights backups/harbour-nights-2026-06-06",
  async run(call) {
    const { out } = call;
    const hunt = call.argument("hunt");
    const target = call.path(call.argument("target"));
    if (target.endsWith(".ndjson")) {
      const { rows } = await filesOf(call, hunt);
      const file = await fetchHunt(call, hunt, target);
      if (rows.length > 0) {
        out.note(
          `${plural(rows.length, "file")} of the hunt ${rows.length === 1 ? "is" : "are"} not in it: give a folder`,
        );
      }
      await out.confirm({ hunt, out: target, ...file }, `${hunt}: ${bytes(file.bytes)} in ${target}`);
      return EXIT.ok;
    }
    if (existsSync(join(target, MANIFEST))) {
      throw refused(`${target} has a backup already: name another folder`);
    }
    await mkdir(join(target, FILES), { recursive: true, mode: 0o700 });
    const files: ManifestFile[] = [];
    // The definition names files: those that come while it is written may be one too many, never one too few.
    const written = await fetchHunt(call, hunt, join(target, HUNT_FILE));
    files.push({ path: HUNT_FILE, ...written });
    const { rows } = await filesOf(call, hunt);
    files.push(...(await fetchFiles(call, hunt, target, rows)));
    const { at } = await headerOf(join(target, HUNT_FILE));
    const manifest: Manifest = { format: "hunt-backup", version: 1, hunt, at, files };
    // Last: a folder without it is no backup.
    await writeFile(join(target, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    await out.confirm(
      { hunt, out: target, files: files.length, bytes: size },
      `${hunt}: ${plural(files.length, "file")}, ${bytes(size)} in ${target}; it has codes, seeds and names in clear, so keep it as a key`,
    );
    return EXIT.ok;
  },
};

async function filesOf({ engine }: Call, hunt: string): Promise<{ rows: AssetRow[] }> {
  const { assets } = await engine.json<Assets>("GET", `/v1/hunts/${encodeURIComponent(hunt)}/assets`);
  return { rows: assets };
}

/** Writes the lines into a file, whole or not at all. */
async function fetchHunt(call: Call, hunt: string, path: string): Promise<{ bytes: number; sha256: string }> {
  const { engine, out } = call;
  const body = await engine.stream("GET", `/v1/hunts/${encodeURIComponent(hunt)}/export?format=backup`);
  const progress = out.progress("fetching", "bytes");
  const hash = createHash("sha256");
  let size = 0;
  let tail: Buffer = Buffer.alloc(0);
  const counter = measured((chunk) => {
    hash.update(chunk);
    size += chunk.length;
    tail = Buffer.concat([tail, chunk]).subarray(-HEADER_BYTES);
    progress.add(chunk.length);
  });
  try {
    await toFile(path, async (file) => {
      await pipeline(body, counter, file);
      // What broke off may look as if it had ended.
      if (!isLastLine(tail.toString("utf8"))) {
        throw new Failure(EXIT.unreachable, "the backup broke off before its last line: try it again");
      }
    });
  } catch (error) {
    throw engine.broken(error);
  } finally {
    progress.end();
  }
  return { bytes: size, sha256: hash.digest("hex") };
}

const isLastLine = (tail: string): boolean => /\n\{"type":"end",[^\n]*\}\n$/.test(tail);

async function fetchFiles(
  { engine, out }: Call,
  hunt: string,
  folder: string,
  rows: readonly AssetRow[],
): Promise<ManifestFile[]> {
  const progress = out.progress(
    "fetching files",
    "bytes",
    rows.reduce((sum, { size }) => sum + size, 0),
  );
  const files: ManifestFile[] = [];
  try {
    for (const { name } of rows) {
      // Never out of the folder, whoever the engine is.
      if (!ASSET_NAME.test(name)) throw refused(`${name} is no name of a file`);
      const target = join(folder, FILES, name);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const hash = createHash("sha256");
      let size = 0;
      const counter = measured((chunk) => {
        hash.update(chunk);
        size += chunk.length;
        progress.add(chunk.length);
      });
      const body = await engine.stream("GET", `/v1/hunts/${encodeURIComponent(hunt)}/assets/${name}`);
      await toFile(target, (file) => pipeline(body, counter, file));
      files.push({ path: `${FILES}/${name}`, bytes: size, sha256: hash.digest("hex") });
    }
  } catch (error) {
    throw engine.broken(error);
  } finally {
    progress.end();
  }
  return files;
}

// ── Restoring ───────────────────────────────────────────────────────────────

export const restore: Command = {
  name: "restore",
  summary:
    "Restore a backup into an empty draft, or with a <prize>: hand out a withdrawn prize of a hunt again",
  usage: "<from> [prize]",
  options: {
    reason: {
      type: "string",
      value: "text",
      about: "of a prize: why, for the audit (default: from the command line)",
    },
  },
  example: "restore backups/harbour-nights-2026-06-06 --url https://hunts.example.org",
  async run(call) {
    if (call.argument("prize") !== "") return restorePrize(call, call.argument("from"));
    const from = call.path(call.argument("from"));
    const found = await stat(from).catch(() => undefined);
    if (!found)
      throw wrongUsage(`${from} is neither a folder nor a file; of a prize name both: <hunt> <prize>`);
    return found.isDirectory() ? restoreFolder(call, from) : restoreFile(call, from, []);
  },
};

async function restoreFolder(call: Call, folder: string): Promise<ExitCode> {
  const { files, hunt } = await checkedManifest(call, folder);
  const header = await headerOf(join(folder, HUNT_FILE));
  if (header.hunt !== hunt) throw refused(`${HUNT_FILE} is of ${header.hunt}, the manifest of ${hunt}`);
  return restoreFile(call, join(folder, HUNT_FILE), files, folder);
}

/** Holds the folder against its manifest. Throws what differs. */
async function checkedManifest({ out }: Call, folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const found = await stat(path).catch(() => undefined);
  if (!found) throw refused(`${folder} has no ${MANIFEST}: the backup was not finished`);
  if (found.size > MANIFEST_BYTES) throw refused(`${path} is no manifest`);
  const manifest = manifestSchema.safeParse(jsonIn(await readFile(path, "utf8")));
  if (!manifest.success) throw refused(`${path} is no manifest that this version reads`);
  const { files } = manifest.data;
  if (!files.some((file) => file.path === HUNT_FILE)) throw refused(`${path} names no ${HUNT_FILE}`);
  const wrong: string[] = [];
  const progress = out.progress(
    "checking",
    "bytes",
    files.reduce((sum, file) => sum + file.bytes, 0),
  );
  try {
    for (const file of files) {
      const name = file.path.startsWith(`${FILES}/`) ? file.path.slice(FILES.length + 1) : undefined;
      if (file.path !== HUNT_FILE && !ASSET_NAME.test(name ?? ""))
        throw refused(`${path} names ${file.path}`);
      const fault = await faultOf(join(folder, file.path), file, (chunk) => progress.add(chunk.length));
      if (fault !== undefined) wrong.push(`${file.path} ${fault}`);
    }
  } finally {
    progress.end();
  }
  if (wrong.length > 0) {
    throw refused(`the folder is not what its manifest says, and nothing was sent:\n${wrong.join("\n")}`);
  }
  return manifest.data;
}

/** Undefined: it is as the manifest says. */
async function faultOf(
  path: string,
  { bytes: size, sha256 }: ManifestFile,
  seen: (chunk: Buffer) => void,
): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return "is missing";
  if (found.size !== size) return `has ${found.size} bytes, not ${size}`;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), measured(seen), hash);
  return hash.digest("hex") === sha256 ? undefined : "has other bytes";
}

async function restoreFile(
  call: Call,
  path: string,
  files: readonly ManifestFile[],
  folder = "",
): Promise<ExitCode> {
  const { out } = call;
  const { hunt } = await headerOf(path);
  const about = `/v1/hunts/${hunt}`;
  await sendFiles(call, about, folder, files);
  const imported = await sendHunt(call, about, path);
  const { restored } = imported;
  const verification = await verified(call, about);
  const { ok, mismatches } = verification;
  const report = {
    hunt,
    lines: imported.lines,
    files: Math.max(0, files.length - 1),
    ...restored,
    ok,
    mismatches,
  };
  await out.result(report, async () => {
    const what = `${plural(restored?.facts ?? 0, "fact")}, ${plural(report.files, "file")}, version ${restored?.version}`;
    await out.confirm(report, `${hunt} is restored and ${restored?.phase}: ${what}`);
    for (const { where, shard, team, what: differs } of mismatches) {
      out.error([where, shard, team, differs].filter(Boolean).join("  "));
    }
    if (ok)
      await out.confirm(
        report,
        `${out.styled("green", "ok")}: every log was folded again, and nothing differs`,
      );
  });
  return ok ? EXIT.ok : EXIT.refused;
}

/** Verifies; again while the origin alone differs, to which a whole log is just on its way. */
async function verified({ engine, out }: Call, about: string): Promise<Verification> {
  const until = performance.now() + ORIGIN_PATIENCE;
  for (;;) {
    const told = await engine.json<Verification>("GET", `${about}/verify`);
    const isWaiting = told.mismatches.length > 0 && told.mismatches.every(({ where }) => where === "origin");
    if (!isWaiting || performance.now() > until) return told;
    out.note("the origin does not have all facts yet; verifying again …");
    await sleep(ORIGIN_PAUSE);
  }
}

async function sendFiles(
  { engine, out }: Call,
  about: string,
  folder: string,
  files: readonly ManifestFile[],
): Promise<void> {
  const own = files.filter(({ path }) => path !== HUNT_FILE);
  const progress = out.progress(
    "sending files",
    "bytes",
    own.reduce((sum, file) => sum + file.bytes, 0),
  );
  try {
    for (const { path } of own) {
      const name = path.slice(FILES.length + 1);
      await engine.json("PUT", `${about}/assets/${name}`, {
        raw: {
          type: assetTypeOf(name)?.type ?? "application/octet-stream",
          data: () =>
            createReadStream(join(folder, path)).pipe(measured((chunk) => progress.add(chunk.length))),
        },
      });
    }
  } finally {
    progress.end();
  }
}

async function sendHunt({ engine, out }: Call, about: string, path: string): Promise<Imported> {
  const { size } = await stat(path);
  let progress = out.progress("restoring", "bytes", size);
  const data = () => {
    let sent = 0;
    progress.end();
    progress = out.progress("restoring", "bytes", size);
    return createReadStream(path).pipe(
      measured((chunk) => {
        sent += chunk.length;
        progress.add(chunk.length);
        if (sent === size) progress.wait("putting it in use …");
      }),
    );
  };
  try {
    return await engine.json<Imported>("POST", `${about}/import`, {
      raw: { type: "application/x-ndjson", data },
    });
  } finally {
    progress.end();
  }
}

/** What the file says of itself. */
async function headerOf(path: string): Promise<z.infer<typeof backupHeader>> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: HEADER_BYTES - 1 })) chunks.push(chunk as Buffer);
  const [line = ""] = Buffer.concat(chunks).toString("utf8").split("\n", 1);
  const header = backupHeader.safeParse(jsonIn(line));
  if (header.success) return header.data;
  throw refused(
    `${path} does not begin as a backup of this version: npm run hunt -- backup <hunt> <folder> writes one`,
  );
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
