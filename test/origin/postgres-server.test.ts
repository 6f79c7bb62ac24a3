import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataDirTaken } from "../../scripts/local/data-dir.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import { connect } from "./databases.ts";

describe("[ORIGIN-12] a PostgreSQL of one's own", () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = join(await mkdtemp(join(tmpdir(), "hunt-own-")), "postgres");
  });
  afterAll(() => rm(dirname(dataDir), { recursive: true, force: true }));

  const ask = async (url: string, statement: string): Promise<unknown[]> => {
    const client = await connect(url);
    const { rows } = await client.query(statement);
    await client.end();
    return rows;
  };

  test("keeps its data and its password, also after a crash, and is for one at a time", async () => {
    const first = await startPostgres({ dataDir });
    await ask(first.url, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('é')");
    expect(new URL(first.url).hostname).toBe("127.0.0.1");
    expect((await stat(join(dataDir, "password"))).mode & 0o777).toBe(0o600);
    await expect(startPostgres({ dataDir })).rejects.toBeInstanceOf(DataDirTaken);
    await first.kill();
    expect(isRunning(first.pid)).toBe(false);

    const second = await startPostgres({ dataDir });
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    expect(await ask(second.url, "SELECT name FROM kept")).toEqual([{ name: "é" }]);
    await second.stop();
    await second.stop();
    expect(isRunning(second.pid)).toBe(false);
    expect(existsSync(join(dataDir, "data", "postmaster.pid"))).toBe(false);
  });

  test("lets nobody in without the password", async () => {
    const server = await startPostgres({ dataDir });
    const url = new URL(server.url);
    url.password = "guess";
    await expect(connect(url.href)).rejects.toMatchObject({ code: "28P01" });
    await server.stop();
  });

  test("without a directory leaves nothing", async () => {
    const server = await startPostgres();
    const [row] = (await ask(server.url, "SHOW data_directory")) as { data_directory: string }[];
    const home = dirname(row?.data_directory ?? "");
    expect(existsSync(home)).toBe(true);
    await server.stop();
    expect(existsSync(home)).toBe(false);
  });

  /** Another process with a server on the same directory. */
  async function startElsewhere(): Promise<{ pid: number; kill(): Promise<unknown> }> {
    const script = `
      const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, "../../scripts/local/postgres.ts"))});
      const { pid } = await startPostgres({ dataDir: ${JSON.stringify(dataDir)} });
      console.log(pid);
      setInterval(() => undefined, 1_000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [printed] = (await once(owner.stdout, "data")) as [Buffer];
    return {
      pid: Number(printed.toString()),
      async kill() {
        const gone = once(owner, "exit");
        owner.kill("SIGKILL");
        await gone;
      },
    };
  }

  const startsAgain = async (left: number) => {
    const next = await startPostgres({ dataDir });
    expect(isRunning(left)).toBe(false);
    expect(await ask(next.url, "SELECT name FROM kept")).toEqual([{ name: "é" }]);
    await next.stop();
  };

  test("ends by itself when the process that started it is killed", async () => {
    const { pid, kill } = await startElsewhere();
    expect(isRunning(pid)).toBe(true);
    await kill();
    await expect.poll(() => isRunning(pid), { timeout: 30_000 }).toBe(false);
    await startsAgain(pid);
  });

  test("starts again at once after the process that started it was killed", async () => {
    const { pid, kill } = await startElsewhere();
    await kill();
    await startsAgain(pid);
  });

  test.runIf(process.platform === "linux")("that outlived its owner is ended by the next start", async () => {
    const { pid, kill } = await startElsewhere();
    for (const shell of childrenOf(pid, "sh")) process.kill(shell, "SIGKILL"); // it would have ended the server
    await kill();
    await sleep(300);
    expect(isRunning(pid)).toBe(true);
    await startsAgain(pid);
  });
});

/** The processes named `name` that `parent` started, as /proc tells (proc(5): fields 2 and 4 of stat). */
function childrenOf(parent: number, name: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const [found, ppid] = statOf(pid) ?? [];
      return found === name && Number(ppid) === parent;
    });
}

function statOf(pid: number): [name: string, parent: string, state: string] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const [state = "", parent = ""] = stat.slice(end + 2).split(" ");
    return [stat.slice(stat.indexOf("(") + 1, end), parent, state];
  } catch {
    return undefined;
  }
}

/** Whether a process runs; one that ended and was not yet waited for does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return statOf(pid)?.[2] !== "Z";
  } catch {
    return false;
  }
}
