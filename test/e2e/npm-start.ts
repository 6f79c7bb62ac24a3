/** The engine as people start it, `npm start` or `npm run dev`, in a process group of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { secretsOf } from "../../scripts/local/secrets.ts";
import type { Secrets } from "../../src/secrets.ts";

const root = join(import.meta.dirname, "../..");

/** How long a start may take, ms; the first one bundles. */
const READY_MAX = 45_000;

/** How long the processes of a group may take to be gone after SIGKILL, ms. */
const GONE_MAX = 10_000;

export interface Started {
  url: URL;
  secrets: Secrets;
  npm: ChildProcess;
  /** What it printed so far. */
  output(): string;
  /** Exit code and signal of npm, once it has ended. */
  ended: Promise<{ code: number | null; signal: string | null }>;
  /** The processes of its group that still run: npm, node, workerd. */
  processes(): Process[];
  /** SIGKILL to npm, node and workerd at once; resolves when all are gone. */
  killAll(): Promise<void>;
}

interface Process {
  pid: number;
  name: string;
}

export async function startByNpm(
  dataDir: string,
  env: Record<string, string> = {},
  command: readonly string[] = ["start"],
): Promise<Started> {
  const npm = spawn("npm", command, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PORT: "0", RATE_LIMITS: "off", ...env, DATA_DIR: dataDir },
  });
  const group = npm.pid;
  if (group === undefined) throw new Error("npm could not be started");
  let output = "";
  const ended = once(npm, "exit").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  const url = await new Promise<URL>((ready, fail) => {
    const tooLate = setTimeout(() => fail(new Error(`not ready in time:\n${output}`)), READY_MAX);
    const read = (text: string) => {
      output += text;
      const found = /^(?:ready|.*Ready on) (http:\/\/\S+)$/m.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(tooLate);
      ready(new URL(found));
    };
    for (const stream of [npm.stdout, npm.stderr]) stream?.setEncoding("utf8").on("data", read);
    void ended.then(({ code }) => fail(new Error(`ended with ${code} before it was ready:\n${output}`)));
  });
  const processes = () => processesOf(group);
  return {
    url,
    secrets: await secretsOf(dataDir),
    npm,
    output: () => output,
    ended,
    processes,
    async killAll() {
      process.kill(-group, "SIGKILL");
      await ended;
      for (const deadline = Date.now() + GONE_MAX; processes().length > 0; ) {
        if (Date.now() > deadline) throw new Error(`still there: ${JSON.stringify(processes())}`);
        await new Promise((done) => setTimeout(done, 20));
      }
    },
  };
}

/** The running processes of a group, as /proc tells (proc(5): fields 3 and 5 of stat). */
function processesOf(group: number): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [, command = ""] = /\((.*)\)/s.exec(stat) ?? [];
        const [state, , ofGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(ofGroup) === group && state !== "Z" ? [{ pid: Number(name), name: command }] : [];
      } catch {
        return []; // it ended while we looked
      }
    });
}
