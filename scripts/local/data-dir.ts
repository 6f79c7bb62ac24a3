/**
 * One engine at a time may use a data directory.
 *
 * The lock is a transaction held open on a SQLite file, so the kernel gives it
 * up however the process ends; no stale lock can exist. Beside it engine.json
 * names the engine that holds it and the workerd process that serves it: one that outlived its
 * engine (kill -9) still has the databases open and is ended here first.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { checkWritable, makeFolder } from "./folder.ts";
import { makePrivateFiles, tighten } from "./private.ts";

/** How long a workerd process that got SIGKILL may take to be gone, ms. */
const END_WAIT_MAX = 5_000;

/** A process, and when it started: process ids are used again, also after a reboot. */
interface Process {
  pid: number;
  started: string;
}

/** What the lock itself keeps in its directory. */
const OWN = ["engine.lock", "engine.lock-journal", "engine.json"];

interface Holder {
  engine: number;
  workerd?: Process;
}

export class DataDirTaken extends Error {}

export class DataDirLock {
  readonly #database: DatabaseSync;
  readonly #note: string;

  /**
   * Takes the directory, creating it; it and these `contents` are their owner's
   * alone then. Throws DataDirTaken when another engine has it, FolderUnusable when it cannot be used.
   */
  static async take(dataDir: string, contents: readonly string[]): Promise<DataDirLock> {
    makePrivateFiles();
    makeFolder(dataDir);
    checkWritable(dataDir);
    const note = join(dataDir, "engine.json");
    const database = new DatabaseSync(join(dataDir, "engine.lock"));
    try {
      database.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      if (!(error as Error).message.includes("locked")) throw error;
      const holder = readNote(note);
      throw new DataDirTaken(
        `${dataDir} is in use by another engine${holder ? ` (process ${holder.engine})` : ""}`,
      );
    }
    try {
      await endLeftOver(readNote(note)?.workerd);
      tighten(dataDir, [...OWN, ...contents]);
      return new DataDirLock(database, note);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  private constructor(database: DatabaseSync, note: string) {
    this.#database = database;
    this.#note = note;
    this.#write({ engine: process.pid });
  }

  /** Notes the workerd process that serves this directory now. */
  servedBy(pid: number): void {
    const started = startOf(pid);
    this.#write({ engine: process.pid, ...(started === undefined ? {} : { workerd: { pid, started } }) });
  }

  release(): void {
    rmSync(this.#note, { force: true });
    this.#database.close();
  }

  #write(holder: Holder): void {
    writeFileSync(this.#note, `${JSON.stringify(holder)}\n`);
  }
}

function readNote(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined; // none, or cut off while it was written: then there is nothing to clean up
  }
}

async function endLeftOver(workerd: Process | undefined): Promise<void> {
  if (!workerd) return;
  const deadline = Date.now() + END_WAIT_MAX;
  while (startOf(workerd.pid) === workerd.started) {
    if (Date.now() > deadline)
      throw new Error(`process ${workerd.pid}, left over from an engine that was killed, does not end`);
    try {
      process.kill(workerd.pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await sleep(20);
  }
}

/** When the running process `pid` started, as an opaque text; undefined when there is none (or it cannot be told). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return undefined; // ended, its parent has not looked yet
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${fields[19]}`; // proc(5): field 22 of stat, ticks since boot
  } catch {
    if (process.platform === "linux" || process.platform === "win32") return undefined;
  }
  try {
    const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return started.toString().trim() || undefined;
  } catch {
    return undefined;
  }
}
