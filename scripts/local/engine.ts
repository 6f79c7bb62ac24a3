/**
 * The engine on this machine: the Worker's bundle in miniflare, on a port of
 * workerd itself (socket.ts; `wrangler dev` puts two proxies in front of it and
 * drops requests under load). `npm start`, the tests and the benchmarks all run
 * this, on the same port.
 *
 *   const engine = await startEngine({ dataDir: ".data" });
 *   await fetch(new URL("/healthz", engine.url));
 *   await engine.stop();
 */
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";
import { faultsOf } from "../../src/secrets.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { COMPACTED_FILE, compact } from "./compact.ts";
import { DataDirLock } from "./data-dir.ts";
import { FRONT } from "./front.ts";
import { readKeptBundle } from "./kept-bundle.ts";
import { migrateD1, migratePostgres } from "./migrate.ts";
import { createSecrets, SECRETS_FILE, type Secrets, secretsOf } from "./secrets.ts";
import { EngineSocket } from "./socket.ts";
import { checkVars } from "./vars.ts";

/**
 * Miniflare takes V8's flags from here alone. workerd frees the garbage of
 * requests only in full collections, which stop everything for 100 to 150 ms
 * where they are rare (docs/performance.md, "Tails"): these make them frequent
 * and short. Cloudflare chooses its own flags.
 */
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--max-semi-space-size=2 --heap-growing-percent=20";

const HOST = "127.0.0.1";

/** Folder of the databases and of KV, in the data directory. */
const STORAGE = "storage";

/** How long stop() lets requests and calls in flight finish, ms; open WebSockets use all of it. */
const DRAIN_MAX = 3_000;

export type LogLine = (level: "error" | "warn" | "info" | "debug", text: string) => void;

export interface EngineOptions {
  /** 0, the default: any free port. */
  port?: number;
  host?: "127.0.0.1";
  /** Where everything is kept; undefined: nowhere, it is gone after stop(). */
  dataDir?: string | undefined;
  /** The origin is this PostgreSQL, by its connection URL; its tables are brought up to date first. Default: D1. */
  origin?: { postgres: string } | undefined;
  /** Vars that replace those of wrangler.toml; an unknown name is an error. */
  vars?: Record<string, string>;
  /** Default: those of the data directory, or new ones. */
  secrets?: Secrets;
  /**
   * The folder of a kept bundle (kept-bundle.ts), which runs instead of the
   * current source, without pages: for comparisons with an earlier engine.
   */
  bundle?: string;
  /** An ES module that stands before the Worker's own, `./worker.js`: for benchmarks that count calls. */
  entry?: string;
  /** Opens V8's inspector on a free port (`miniflare.getInspectorURL()`): for benchmarks that profile. */
  inspect?: boolean;
  /** Gets the log lines of the Worker and the errors beneath it. Default: warnings and errors on stderr. */
  log?: LogLine;
}

export interface Engine {
  url: URL;
  secrets: Secrets;
  miniflare: Miniflare;
  /** Lets requests in flight finish, then ends it; everything they wrote is durable then, what they deleted is gone. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/**
 * Starts an engine; it accepts requests when the promise resolves. Throws
 * DataDirTaken when another engine has the data directory, and an error with
 * code ERR_ADDRESS_IN_USE when the port is taken.
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  // A kept bundle may have parameters of its own time.
  if (options.bundle === undefined) checkVars(options.vars ?? {});
  const lock =
    options.dataDir === undefined
      ? undefined
      : await DataDirLock.take(options.dataDir, [SECRETS_FILE, STORAGE, COMPACTED_FILE]);
  const compacted = async (): Promise<void> => {
    if (options.dataDir !== undefined) await compact(options.dataDir, STORAGE);
  };
  try {
    // The engine before may have been killed.
    await compacted();
    const [bundle, secrets] = await Promise.all([
      options.bundle === undefined ? readBundle() : readKeptBundle(options.bundle),
      options.secrets ?? (options.dataDir === undefined ? createSecrets() : secretsOf(options.dataDir)),
      options.origin && migratePostgres(options.origin.postgres),
    ]);
    const { ENTRY_KEYS } = options.vars ?? {};
    const faults = faultsOf({ ...secrets, ...(ENTRY_KEYS ? { ENTRY_KEYS } : {}) });
    if (faults.length > 0) throw new Error(faults.join("; "));
    const runtime = await startRuntime(bundle, secrets, options, lock);
    try {
      for (const migrations of bundle.migrations) {
        await migrateD1(await runtime.miniflare.getD1Database(migrations.binding), migrations);
      }
    } catch (error) {
      await runtime.end(0);
      throw error;
    }
    let ending: Promise<void> | undefined;
    const end = (drainMax: number) => {
      ending ??= runtime
        .end(drainMax)
        .then(() => (drainMax > 0 ? compacted() : undefined))
        .finally(() => lock?.release());
      return ending;
    };
    return {
      url: runtime.url,
      secrets,
      miniflare: runtime.miniflare,
      stop: () => end(DRAIN_MAX),
      kill: () => end(0),
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** Miniflare and the workerd process beneath it. */
interface Runtime {
  url: URL;
  miniflare: Miniflare;
  end(drainMax: number): Promise<void>;
}

/** The addresses of the engines of this process. */
const callbacks = new Set<string>();

/** Engines start one after the other: a new workerd process is that of the engine that is starting. */
let lastStart: Promise<unknown> = Promise.resolve();

function startRuntime(...given: Parameters<typeof startRuntimeNow>): Promise<Runtime> {
  const started = lastStart.then(() => startRuntimeNow(...given));
  lastStart = started.catch(() => undefined); // its caller gets the error
  return started;
}

async function startRuntimeNow(
  bundle: Bundle,
  secrets: Secrets,
  options: EngineOptions,
  lock: DataDirLock | undefined,
): Promise<Runtime> {
  const log = options.log ?? logToStderr;
  const forwarding = new ForwardingLog(log);
  const host = options.host ?? HOST;
  const socket = new EngineSocket(bundle.worker.name, forwarding, host, options.port ?? 0);
  // Miniflare does not say which process it starts; Node does. A process is this
  // engine's by the address its workerd is told to call back.
  let callback: string | undefined;
  let workerd: ChildProcess | undefined;
  let ending = false;
  let disposed: Promise<void> | undefined;
  const seen = (message: unknown) => {
    const child = (message as { process: ChildProcess }).process;
    child.once("spawn", () => {
      const address = child.spawnargs.find((argument) => argument.startsWith("--external-addr="));
      if (address === undefined || !child.spawnfile.includes("workerd")) return;
      if (callback === undefined && !callbacks.has(address)) {
        callback = address;
        callbacks.add(address);
      }
      if (address !== callback) return;
      workerd = child;
      socket.listenTo(child);
      if (child.pid !== undefined) lock?.servedBy(child.pid);
    });
    child.once("exit", () => {
      if (child !== workerd) return;
      workerd = undefined;
      // Miniflare takes an end it did not ask for as a crash and starts workerd
      // again, unless it is told before it looks; it looks after this listener.
      if (ending) disposed ??= miniflare.dispose();
    });
  };
  subscribe("child_process", seen);

  const miniflare = withoutSignalHandlers(
    () =>
      new Miniflare(
        convertV4MiniflareOptions({
          workers: [workerOf(bundle, secrets, options), pagesOf(bundle)],
          // Of its entry worker, through which miniflare itself reads databases and KV.
          host: HOST,
          port: 0,
          ...(options.inspect ? { inspectorPort: 0 } : {}),
          // For that entry worker: otherwise it asks the network for an example of Request.cf.
          cf: false,
          // Otherwise every request is also a request to this process.
          logRequests: false,
          log: forwarding,
          handleStructuredLogs: ({ level, message }) => {
            // workerd marks notes to its own developers so.
            if (!message.startsWith("NOSENTRY")) log(levelOf(level), message);
          },
          ...(options.dataDir === undefined
            ? {}
            : { resourcePersistencePath: join(options.dataDir, STORAGE) }),
        }),
      ),
  );

  async function end(drainMax: number): Promise<void> {
    ending = true;
    if (workerd && drainMax > 0) {
      // On SIGTERM workerd stops listening, finishes the requests in flight and ends.
      const ended = once(workerd, "exit");
      workerd.kill("SIGTERM");
      await Promise.race([ended, sleep(drainMax, undefined, { ref: false })]);
    }
    try {
      disposed ??= miniflare.dispose();
      await disposed;
    } finally {
      // Of an engine that could not start as well: it would take the next one's process for its own.
      unsubscribe("child_process", seen);
      if (callback !== undefined) callbacks.delete(callback);
    }
  }

  try {
    await miniflare.ready;
    return { url: socket.url, miniflare, end };
  } catch (error) {
    await end(0).catch(() => undefined); // the error at hand says why
    throw error;
  }
}

const PAGES = "pages";

/** Responds to paths that are no file. */
const NO_FILE = "export default { fetch: () => new Response(null, { status: 404 }) }";

function workerOf(bundle: Bundle, secrets: Secrets, options: EngineOptions): V4WorkerOptions {
  const { assets, ...worker } = bundle.worker;
  const { entry } = options;
  const module = (name: string, contents: string) =>
    ({ type: "ESModule", path: join(bundle.modulesRoot, name), contents }) as const;
  return {
    ...worker,
    modules: [
      module("front.js", FRONT.replaceAll("./worker.js", entry === undefined ? "./worker.js" : "./entry.js")),
      ...(entry === undefined ? [] : [module("entry.js", entry)]),
      ...bundle.modules,
    ],
    modulesRoot: bundle.modulesRoot,
    bindings: {
      ...worker.bindings,
      ...(options.origin ? { ORIGIN: "postgres" } : {}),
      ...options.vars,
      ...secrets,
    },
    hyperdrives: {
      ...worker.hyperdrives,
      ...(options.origin ? { ORIGIN_POSTGRES: options.origin.postgres } : {}),
    },
    serviceBindings: {
      ...worker.serviceBindings,
      [assets?.binding ?? "ASSETS"]: PAGES,
      // Connects to no private address, whatever a name resolves to. On Cloudflare no Worker reaches one.
      WEBHOOK_NET: { network: { allow: ["public"], deny: [], tlsOptions: { trustBrowserCas: true } } },
    },
  };
}

/**
 * The pages' files, in a Worker of their own. Cloudflare serves them before the
 * Worker and for nothing; miniflare would put a router before every request that
 * costs four times what the engine's own work on an event does.
 */
function pagesOf({ worker, web }: Bundle): V4WorkerOptions {
  return {
    name: PAGES,
    // Nothing of the engine is reached through miniflare's entry worker.
    routes: ["*/*"],
    ...(worker.compatibilityDate === undefined ? {} : { compatibilityDate: worker.compatibilityDate }),
    modules: [{ type: "ESModule", path: "pages.js", contents: NO_FILE }],
    ...(web === undefined ? {} : { assets: { ...worker.assets, directory: web } }),
  };
}

/**
 * Miniflare's constructor installs handlers that end this process at once on
 * SIGINT, SIGTERM and SIGHUP; the caller of startEngine decides that. (Its
 * handler for the process's exit stays: no workerd outlives an orderly end.)
 */
function withoutSignalHandlers<T>(make: () => T): T {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const made = make();
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) process.off(signal, listener);
    }
  }
  return made;
}

class ForwardingLog extends Log {
  readonly #log: LogLine;

  constructor(log: LogLine) {
    super(LogLevel.WARN);
    this.#log = log;
  }

  override logWithLevel(level: LogLevel, text: string): void {
    if (level <= LogLevel.WARN) this.#log(level === LogLevel.WARN ? "warn" : "error", text);
  }
}

function levelOf(level: string): "error" | "warn" | "info" | "debug" {
  return level === "error" || level === "warn" || level === "debug" ? level : "info";
}

function logToStderr(level: string, text: string): void {
  if (level === "error" || level === "warn") process.stderr.write(`${text}\n`);
}
