/**
 * Runs a command with the Node.js this project pins (the `node` package in
 * devDependencies), after making sure that node_modules is what
 * package-lock.json says. Every npm script goes through here:
 *
 *   node scripts/bootstrap.mjs scripts/start.ts …   a script of ours
 *   node scripts/bootstrap.mjs wrangler dev …       a command of node_modules/.bin
 *
 * It installs the dependencies, so it needs none itself and runs on Node 18 and
 * later. It prints nothing when there is nothing to install.
 *
 * The npm scripts say `exec node scripts/bootstrap.mjs …`: npm passes signals
 * to the shell it starts and no further, and with `exec` that shell becomes
 * this process. cmd.exe has no `exec`: on Windows use WSL, or call this file
 * directly.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How long another process may hold the install lock before this one gives up, ms. */
const INSTALL_WAIT_MAX = 10 * 60_000;
/** How often to look whether npm is still there, ms. */
const PARENT_CHECK = 1_000;
const FORWARDED = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const pinnedNode = join(bin, process.platform === "win32" ? "node.cmd" : "node");
const lockFile = join(root, "package-lock.json");
const stamp = join(modules, ".installed-from");
const installLock = join(root, ".installing");

/** Identifies the wanted installation: the lock file's content and the platform. */
function wanted() {
  const hash = createHash("sha256").update(readFileSync(lockFile)).digest("hex");
  return `${hash} ${process.platform} ${process.arch}\n`;
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/**
 * True when npm's own record of node_modules agrees with the lock file: the
 * dependencies were installed without this script (by hand, in a container image).
 */
function npmAgrees() {
  try {
    const locked = readJson(lockFile).packages;
    const installed = readJson(join(modules, ".package-lock.json")).packages;
    const same = (path) =>
      locked[path]?.version === installed[path]?.version &&
      locked[path]?.integrity === installed[path]?.integrity;
    return (
      Object.keys(installed).every(same) &&
      Object.keys(locked).every((path) => path === "" || locked[path].optional || same(path))
    );
  } catch {
    return false; // no record, or one that cannot be read: install
  }
}

function installed() {
  if (!existsSync(pinnedNode)) return false;
  const want = wanted();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === want) return true;
  if (!npmAgrees()) return false;
  writeFileSync(stamp, want);
  return true;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Takes the install lock, or waits until its holder is done. */
async function lockInstall() {
  const deadline = Date.now() + INSTALL_WAIT_MAX;
  for (let told = false; ; told = true) {
    try {
      mkdirSync(installLock);
      writeFileSync(join(installLock, "pid"), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = join(installLock, "pid");
    const pid = existsSync(holder) ? Number(readFileSync(holder, "utf8")) : undefined;
    const abandoned = pid
      ? !isAlive(pid)
      : existsSync(installLock) && Date.now() - statSync(installLock).mtimeMs > 5_000;
    if (abandoned) {
      rmSync(installLock, { recursive: true, force: true });
      continue;
    }
    if (Date.now() > deadline)
      fail(`another process is still installing; if there is none, delete ${installLock}`);
    if (!told) say("waiting for another process to finish installing the dependencies …");
    await sleep(300);
  }
}

async function install() {
  await lockInstall();
  const unlock = () => rmSync(installLock, { recursive: true, force: true });
  process.once("exit", unlock);
  if (!installed()) await installNow();
  process.off("exit", unlock);
  unlock();
}

async function installNow() {
  const started = Date.now();
  say("installing the dependencies (npm ci); this happens once per package-lock.json …");
  const { code, asked, output } = await npmCi();
  if (asked) {
    say("stopped while installing");
    process.exit(128 + constants.signals[asked]);
  }
  if (code !== 0) {
    process.stderr.write(output);
    fail(`npm ci failed with exit code ${code}; its output is above`);
  }
  if (!existsSync(pinnedNode)) {
    process.stderr.write(output);
    fail(
      "npm ci left no node_modules/.bin/node: the install scripts of node, workerd and esbuild must be allowed to run (is ignore-scripts set?)",
    );
  }
  writeFileSync(stamp, wanted());
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function npmCi() {
  // Options given to the outer npm (--silent, --omit=dev) arrive here as
  // environment variables: say again what matters.
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const child =
    npm && basename(npm) === "npm-cli.js"
      ? spawn(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
      : spawn("npm", args, {
          cwd: root,
          stdio: ["ignore", "pipe", "pipe"],
          shell: process.platform === "win32",
        });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return finished(child).then((end) => ({ ...end, output }));
}

/**
 * Passes signals on to the child until it ends.
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<{code: number | null, signal: NodeJS.Signals | null, asked?: NodeJS.Signals}>} how it
 *   ended, and the signal this process got meanwhile
 */
function finished(child) {
  return new Promise((done, failed) => {
    let asked;
    const forward = (signal) => {
      asked = signal;
      // Ctrl-C in a terminal reaches the whole process group, the child too.
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    // npm ended without passing a signal on (SIGHUP, SIGKILL): nobody could stop the child any more.
    const npm = process.env.npm_lifecycle_event ? process.ppid : undefined;
    const watch = setInterval(
      () => npm !== undefined && npm !== process.ppid && child.kill("SIGTERM"),
      PARENT_CHECK,
    );
    child.once("error", failed);
    child.once("close", (code, signal) => {
      clearInterval(watch);
      for (const name of FORWARDED) process.off(name, forward);
      done({ code, signal, asked });
    });
  });
}

/**
 * Ends this process as the child was ended, so that the caller sees the same.
 * @param {NodeJS.Signals} signal
 * @returns {never}
 */
function endBy(signal) {
  process.kill(process.pid, signal);
  process.exit(128 + (constants.signals[signal] ?? 0));
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(`error: ${text}`);
  process.exit(1);
}

const [command, ...rest] = process.argv.slice(2);
if (command === undefined) fail("usage: node scripts/bootstrap.mjs <script.ts | command> [arguments]");
if (!existsSync(lockFile)) fail("package-lock.json is missing");
if (!installed()) await install();

const isScript = /\.(ts|mjs|js)$/.test(command);
const child = spawn(
  isScript ? pinnedNode : join(bin, command),
  isScript ? [resolve(root, command), ...rest] : rest,
  {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
      // A script that must not outlive this process compares it with its parent's.
      BOOTSTRAP_PID: String(process.pid),
    },
  },
);
const end = await finished(child).catch((error) => fail(`cannot run ${command}: ${error.message}`));
if (end.signal) endBy(end.signal);
process.exit(end.code ?? 1);
