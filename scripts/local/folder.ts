/** Folders made so that a fault names the folder and its reason, at once. */
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Bytes written to see whether a folder takes any: more than a file system packs into what it has already. */
const PROBE_BYTES = 65_536;

/** A folder that cannot be used; its message names it and says why. */
export class FolderUnusable extends Error {
  constructor(folder: string, why: string) {
    super(`${folder} cannot be used as a data directory: ${why}`);
    this.name = "FolderUnusable";
  }
}

const REASONS: Record<string, string> = {
  EACCES: "it may not be written",
  EPERM: "it may not be written",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  EDQUOT: "its disk quota is used up",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links lead in a circle",
};

/**
 * Makes the folder and those above it that are missing, its owner's alone. Throws
 * FolderUnusable. One by one: Node's own recursion never ends in file systems such as /proc,
 * where nothing can be made and nothing says so.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !isThere(path, folder); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      // Another process may have been first.
      if (codeOf(error) !== "EEXIST") throw unusable(folder, error, `${path} cannot be made`);
    }
  }
}

/** Throws FolderUnusable when nothing can be written into the folder; `open` makes the file that is written. */
export function checkWritable(folder: string, open = (path: string) => openSync(path, "wx", 0o600)): void {
  const probe = join(folder, `.probe-${process.pid}-${Date.now()}`);
  try {
    const file = open(probe);
    try {
      writeSync(file, Buffer.alloc(PROBE_BYTES, 1));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unusable(folder, error, "it may not be written");
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Whether it is a folder; throws FolderUnusable when something else is there. */
function isThere(path: string, folder: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true;
  } catch (error) {
    // A link that leads nowhere is there, and no folder can be made in its place.
    const nothing = codeOf(error) === "ENOENT" && !isLink(path);
    if (nothing || codeOf(error) === "ENOTDIR") return false;
    throw unusable(folder, error, `${path} cannot be looked at`);
  }
  throw new FolderUnusable(folder, path === resolve(folder) ? "it is a file" : `${path} is a file`);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function unusable(folder: string, error: unknown, otherwise: string): FolderUnusable {
  const code = codeOf(error);
  return new FolderUnusable(folder, REASONS[code] ?? `${otherwise} (${code})`);
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
