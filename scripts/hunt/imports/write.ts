/** Writes what was imported as a folder that `hunt push` publishes; it is there whole or not at all. */
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import { Failure, refused, wrongUsage } from "../failure.ts";
import type { OutFile } from "./definition.ts";

export interface Folder {
  texts: readonly { path: string; text: string }[];
  files: readonly OutFile[];
}

/** Throws wrong usage when there is something already. */
export async function checkFree(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw wrongUsage(`${folder} is a file`);
    throw error;
  });
  if (entries.length > 0) throw wrongUsage(`${folder} is not empty: --out names a new folder`);
}

export async function writeFolder(folder: string, { texts, files }: Folder): Promise<void> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  try {
    for (const { path, text } of texts) {
      await mkdir(dirname(join(part, path)), { recursive: true });
      await writeFile(join(part, path), text);
    }
    for (const file of files) {
      await mkdir(dirname(join(part, file.path)), { recursive: true });
      await copy(file, join(part, file.path));
    }
    await checkFree(folder);
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

async function copy({ file, path, zipped }: OutFile, target: string): Promise<void> {
  try {
    if (!zipped) {
      await pipeline(await file.open(), createWriteStream(target));
      return;
    }
    const zip = new ZipFile();
    const source = await file.open();
    // The zip's own stream does not end by itself when its source breaks.
    source.once("error", (error) =>
      (zip.outputStream as NodeJS.ReadableStream & { destroy(e: Error): void }).destroy(error),
    );
    // Always the same bytes: the same import sends no file anew.
    zip.addReadStream(source, file.name.replaceAll(/[\\/:\p{Cc}]/gu, "_").replace(/^\.+/, "_") || "file", {
      mtime: new Date(Date.UTC(1980, 0, 1, 12)),
      forceDosTimestamp: true,
    });
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(target));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refused(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
