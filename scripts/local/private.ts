/** The files of a data directory are their owner's alone: they hold answers, codes, keys and names of people. */
import { chmodSync, type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

/** What a group and others may do. */
const OTHERS = 0o077;

/** Set on folders that belong to everybody, as /tmp. */
const STICKY = 0o1000;

/**
 * From here on this process, and workerd and PostgreSQL which it starts, make
 * files that only their owner can read. (A thread cannot set this for its process.)
 */
export function makePrivateFiles(): void {
  if (isMainThread) process.umask(OTHERS);
}

/** Takes everybody else's rights from the folder, and from all that is in `names` of it: earlier engines left some. */
export function tighten(folder: string, names: readonly string[]): void {
  if ((lstatSync(folder).mode & STICKY) === 0) close(folder);
  for (const name of names) tightenAll(join(folder, name));
}

function tightenAll(path: string): void {
  if (!close(path)) return;
  for (const entry of entriesOf(path)) tightenAll(join(path, entry.name));
}

/** Whether it is a folder. What is not there, or vanishes meanwhile, needs nothing; links are not followed. */
function close(path: string): boolean {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return false;
    if ((stat.mode & OTHERS) !== 0) chmodSync(path, stat.mode & 0o7777 & ~OTHERS);
    return stat.isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code !== "EPERM") throw error;
    process.stderr.write(`${path} belongs to another user, and others can read it\n`);
    return false;
  }
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true });
}
