/**
 * The engine's own port. Miniflare has none for it: its entry worker stands
 * before every request (half of the speed), believes what a client says of its
 * address and of `cf`, and fails on requests that it does not expect; its direct
 * sockets believe a header as well. A plugin of miniflare may add sockets to
 * workerd's configuration, so this is one: a plain HTTP socket, whose requests
 * have the address of their connection in `cf.clientIp` and nothing else.
 *
 *   const socket = new EngineSocket(worker, log, "127.0.0.1", 0);
 *   new Miniflare({ …, log });
 *   socket.url; // once workerd listens
 */
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Log, PLUGIN_ENTRIES, type PluginServicesOptions, type ServicesExtensions } from "miniflare";

/** The socket's name in workerd's configuration. */
const NAME = "engine";

/** Where workerd tells which ports it listens on: the fourth of the streams that miniflare starts it with. */
const CONTROL = 3;

/** By the log of their miniflare, the one thing of its options that every plugin gets as it was given. */
const sockets = new WeakMap<Log, EngineSocket>();

export class EngineSocket {
  readonly #worker: string;
  readonly #host: string;
  #port: number;

  constructor(worker: string, log: Log, host: string, port: number) {
    this.#worker = worker;
    this.#host = host;
    this.#port = port;
    sockets.set(log, this);
  }

  get url(): URL {
    return new URL(`http://${this.#host}:${this.#port}`);
  }

  /** Of workerd's configuration. */
  get configuration(): NonNullable<ServicesExtensions["sockets"]>[number] {
    const address = `${this.#host}:${this.#port}`;
    return { name: NAME, address, service: { name: `core:user:${this.#worker}` }, http: {} };
  }

  /** Learns the port that the workerd process got. One that takes its place after a crash is given the same. */
  listenTo(workerd: ChildProcess): void {
    const lines = createInterface(workerd.stdio[CONTROL] as Readable);
    lines.on("line", (line) => {
      const { event, socket, port } = JSON.parse(line) as { event: string; socket?: string; port?: number };
      if (event === "listen" && socket === NAME && port !== undefined) this.#port = port;
    });
  }
}

// There is no option for plugins that are not packages; this is the list that miniflare asks.
(PLUGIN_ENTRIES as [string, unknown][]).push([
  NAME,
  {
    getBindings: () => undefined,
    getNodeBindings: () => ({}),
    getServices({ log, workerIndex }: PluginServicesOptions): ServicesExtensions | undefined {
      const socket = sockets.get(log);
      if (!socket || workerIndex > 0) return undefined;
      return { services: [], extensions: [], sockets: [socket.configuration] };
    },
  },
]);
