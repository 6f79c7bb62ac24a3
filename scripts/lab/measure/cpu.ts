/** CPU time of the workerd processes: unlike a rate it hardly depends on what else the machine does. */
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of `/proc/…/stat` a second: the same on every Linux that Node runs on. */
const TICKS = 100;

/** The workerd processes started by this one; none where there is no `/proc`. */
export function workerds(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && isOurs(pid));
  } catch {
    return []; // not Linux: figures of CPU time are left out
  }
}

function isOurs(pid: number): boolean {
  const fields = statOf(pid);
  return fields !== undefined && fields.name === "workerd" && fields.parent === process.pid;
}

/** CPU seconds of a process so far; undefined when that cannot be known. */
export function cpuSeconds(pid: number | undefined): number | undefined {
  return pid === undefined ? undefined : statOf(pid)?.seconds;
}

/** Memory of a process that is not swapped out, bytes; undefined when that cannot be known. */
export function residentBytes(pid: number | undefined): number | undefined {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found ? Number(found[1]) * 1_024 : undefined;
  } catch {
    return undefined;
  }
}

function statOf(pid: number): { name: string; parent: number; seconds: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // it has ended
  }
  // The name may hold spaces and brackets: what follows the last bracket is counted.
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  return {
    name: text.slice(text.indexOf("(") + 1, close),
    parent: Number(fields[1]),
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
  };
}

/** Runs `start` and tells which workerd process it started. */
export async function startedBy<T>(start: () => Promise<T>): Promise<{ value: T; pid: number | undefined }> {
  const before = new Set(workerds());
  const value = await start();
  return { value, pid: workerds().find((pid) => !before.has(pid)) };
}
