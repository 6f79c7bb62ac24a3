/** A hunt as a folder: its definition and its files. `push` sends what changed, `pull` fetches what changed. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { ASSET_BYTES, ASSET_ENDINGS, ASSET_NAME, assetTypeOf } from "../../src/contract/asset-types.ts";
import type { AssetRow, Assets } from "../../src/contract/assets.ts";
import type { Published } from "../../src/contract/definition.ts";
import type { Call, Command } from "./command.ts";
import { toFile } from "./facts.ts";
import { EXIT, Failure, refused, wrongUsage } from "./failure.ts";
import { measured } from "./progress.ts";
import { huntOf, readSource } from "./source.ts";
import { bytes, plural } from "./text.ts";

/** What a folder's definition is called. */
const DEFINITIONS = ["hunt.yaml", "hunt.yml", "hunt.json"];

/** Where its files are. */
const FILES = "assets";

interface LocalFile {
  name: string;
  path: string;
  size: number;
  sha256: string;
}

export const push: Command = {
  name: "push",
  summary: "Publish a folder: hunt.yaml and the files in assets/, of both only what changed",
  usage: "<folder>",
  options: {
    hunt: {
      type: "string",
      value: "id",
      about: "the hunt's id (default: the definition's, else the folder's name)",
    },
    "dry-run": { type: "boolean", about: "say what would be sent, and send nothing" },
    prune: { type: "boolean", about: "also delete files that the folder does not have" },
    "end-now": { type: "boolean", about: "a closes that is past shall end the running hunt" },
  },
  example: "push hunts/harbour-nights",
  async run(call) {
    const { out, engine } = call;
    const folder = call.path(call.argument("folder"));
    const file = DEFINITIONS.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined) throw wrongUsage(`${folder} has no ${DEFINITIONS.join(", ")}`);
    const source = await readSource(call, file);
    const hunt = huntOf({ ...source, name: basename(folder) }, call.text("hunt"));
    const path = `/v1/hunts/${hunt}`;
    const files = await filesOf(join(folder, FILES));
    const known = (await engine.json<Assets>("GET", `${path}/assets`)).assets;
    const changed = files.filter(
      ({ name, sha256 }) => known.find((row) => row.name === name)?.sent !== sha256,
    );
    const gone = known.filter(({ name }) => !files.some((each) => each.name === name));
    const before = await publishedOf(call, hunt);
    const isChanged = before !== source.text;
    if (call.flag("dry-run")) {
      const would = {
        hunt,
        files: changed.map(({ name }) => name),
        delete: call.flag("prune") ? gone.map(({ name }) => name) : [],
        publish: isChanged,
      };
      await out.result(would, async () => {
        for (const name of would.files) await out.line(`send    ${name}`);
        for (const name of would.delete) await out.line(`delete  ${name}`);
        await out.line(isChanged ? `publish ${basename(file)}` : "the definition is published as it is");
      });
      return EXIT.ok;
    }
    await send(call, path, changed);
    let version: number | undefined;
    if (isChanged) {
      const response = await engine.json<Published>("PUT", path, {
        query: { endNow: call.flag("end-now") ? "true" : undefined },
        raw: { type: `application/${source.format}`, data: source.text },
      });
      version = response.version;
      out.noteIssues(out.json ? [] : response.warnings);
    }
    // Behind the definition, which may have named them until now.
    if (call.flag("prune")) {
      for (const { name } of gone) await (await engine.stream("DELETE", `${path}/assets/${name}`)).dump();
    } else if (gone.length > 0) {
      out.note(
        `${plural(gone.length, "file")} of the hunt ${gone.length === 1 ? "is" : "are"} not in the folder; --prune deletes ${gone.length === 1 ? "it" : "them"}`,
      );
    }
    const done = {
      hunt,
      files: changed.map(({ name }) => name),
      deleted: call.flag("prune") ? gone.map(({ name }) => name) : [],
      ...(version === undefined ? {} : { version }),
    };
    const told = version === undefined ? "the definition is as it was" : `version ${version}`;
    await out.confirm(done, `${hunt}: ${plural(changed.length, "file")} sent of ${files.length}, ${told}`);
    return EXIT.ok;
  },
};

/** The definition as it is published; undefined: none is. */
async function publishedOf({ engine }: Call, hunt: string): Promise<string | undefined> {
  try {
    return await (await engine.stream("GET", `/v1/hunts/${hunt}/definition`)).text();
  } catch (error) {
    if (error instanceof Failure && error.problem?.status === 404) return undefined;
    throw error;
  }
}

async function send({ out, engine }: Call, path: string, files: readonly LocalFile[]): Promise<void> {
  const progress = out.progress(
    "sending",
    "bytes",
    files.reduce((sum, { size }) => sum + size, 0),
  );
  try {
    for (const file of files) {
      await engine.json("PUT", `${path}/assets/${file.name}`, {
        raw: {
          type: assetTypeOf(file.name)?.type ?? "application/octet-stream",
          data: () => createReadStream(file.path).pipe(measured((chunk) => progress.add(chunk.length))),
        },
      });
    }
  } finally {
    progress.end();
  }
}

/** The files of a folder by the names that they get. Throws when one cannot be a file of a hunt. */
async function filesOf(folder: string): Promise<LocalFile[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: LocalFile[] = [];
  const wrong: string[] = [];
  for (const entry of entries) {
    // What systems leave beside files.
    if (!entry.isFile() || entry.name.startsWith(".") || entry.name === "Thumbs.db") continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join("/");
    const { size } = await stat(path);
    if (!ASSET_NAME.test(name)) wrong.push(`${name}: names are of a-z, 0-9, dots, dashes and underscores`);
    else if (!assetTypeOf(name)) wrong.push(`${name}: the endings are ${ASSET_ENDINGS.join(", ")}`);
    else if (size > ASSET_BYTES) wrong.push(`${name}: ${bytes(size)} are more than ${bytes(ASSET_BYTES)}`);
    else files.push({ name, path, size, sha256: await digestOf(path) });
  }
  if (wrong.length > 0) throw refused(`these are no files of a hunt:\n${wrong.join("\n")}`);
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

export const pull: Command = {
  name: "pull",
  summary: "Write a hunt's definition and files into a folder, only what changed",
  usage: "<hunt>",
  options: { out: { type: "string", value: "folder", about: "where to (default: the hunt's id)" } },
  example: "pull harbour-nights --out hunts/harbour-nights",
  async run(call) {
    const { out, engine } = call;
    const hunt = call.argument("hunt");
    const path = `/v1/hunts/${encodeURIComponent(hunt)}`;
    const source = await publishedOf(call, hunt);
    const rows = (await engine.json<Assets>("GET", `${path}/assets`)).assets;
    if (source === undefined && rows.length === 0) throw refused(`there is nothing of ${hunt}`);
    const folder = call.path(call.text("out") ?? hunt);
    await mkdir(join(folder, FILES), { recursive: true });
    const changed: AssetRow[] = [];
    for (const row of rows) {
      // Never out of the folder, whoever the engine is.
      if (!ASSET_NAME.test(row.name)) throw refused(`${row.name} is no name of a file`);
      const target = join(folder, FILES, row.name);
      const digest = existsSync(target) ? await digestOf(target) : undefined;
      // What was sent may say more than what is stored: it is left as it is.
      if (digest !== row.sha256 && digest !== row.sent) changed.push(row);
    }
    const progress = out.progress(
      "fetching",
      "bytes",
      changed.reduce((sum, { size }) => sum + size, 0),
    );
    try {
      for (const { name } of changed) {
        const target = join(folder, FILES, name);
        await mkdir(dirname(target), { recursive: true });
        const body = await engine.stream("GET", `${path}/assets/${name}`);
        await toFile(target, (file) =>
          pipeline(
            body,
            measured((chunk) => progress.add(chunk.length)),
            file,
          ),
        );
      }
    } catch (error) {
      throw engine.broken(error);
    } finally {
      progress.end();
    }
    if (source !== undefined) await writeFile(join(folder, definitionIn(folder, source)), source);
    const files = changed.map(({ name }) => name);
    await out.confirm(
      { hunt, files, out: folder },
      `${hunt}: ${plural(files.length, "file")} fetched into ${folder}`,
    );
    return EXIT.ok;
  },
};

/** The name that the folder's definition has, or gets. */
const definitionIn = (folder: string, source: string): string =>
  DEFINITIONS.find((name) => existsSync(join(folder, name))) ??
  (source.trimStart().startsWith("{") ? "hunt.json" : "hunt.yaml");
