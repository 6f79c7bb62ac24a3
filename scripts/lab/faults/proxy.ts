/**
 * A TCP proxy that disturbs its traffic, with Toxiproxy's words.
 * It stands before the origin database in tests and in `npm run story`.
 *
 *   const proxy = await startProxy({ upstream: { host: "127.0.0.1", port: 5432 } });
 *   const heal = proxy.add({ type: "latency", latency: 300, jitter: 100 });
 *   heal();
 *   await proxy.close();
 *
 * It differs from Toxiproxy: every time is in ms; `timeout` holds data
 * instead of dropping it, as a frozen server or a cut cable does (TCP loses
 * nothing in the middle of a stream), so that the held data arrives after
 * healing, even from a client that has given up meanwhile.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Most bytes held per connection and direction before its sender is no longer read. */
const HELD_MAX = 1 << 20;

/** A limited bandwidth passes at most what fits into this time at once, ms. */
const BANDWIDTH_STEP = 100;

const LOCALHOST = "127.0.0.1";

/** Upstream: from the client to the server. */
export type Direction = "upstream" | "downstream";

export type Toxic = {
  /** The share of connections it affects; default 1. */
  toxicity?: number;
} & (
  | { type: "latency"; latency: number; jitter?: number }
  /** Accepts and passes nothing; closes the connection after `timeout` ms, without it never. */
  | { type: "timeout"; timeout?: number }
  /** Resets the connection, after `timeout` ms if given. */
  | { type: "reset_peer"; timeout?: number }
  /** Cuts data into pieces of `averageSize` ± `sizeVariation` bytes, `delay` ms apart. */
  | { type: "slicer"; averageSize: number; sizeVariation?: number; delay?: number }
  /** KB/s, 1 KB = 1,000 bytes, per connection. */
  | { type: "bandwidth"; rate: number }
  /** Closes the connection after so many more bytes. */
  | { type: "limit_data"; bytes: number }
);

export type ToxicType = Toxic["type"];

/** Counts the messages of a client over one connection; `take` gets every byte once, in order. */
export interface MessageCounter {
  /** Returns the messages that began in these bytes, by name. */
  take(bytes: Buffer): readonly string[];
}

export interface ProxyCounts {
  /** Connections accepted. One refused while the proxy is down never reaches it: the kernel refuses. */
  connections: number;
  /** Of these, open now. */
  open: number;
  /** Bytes held back now. */
  held: number;
  /** Bytes passed on. */
  bytes: Record<Direction, number>;
  /** Messages that arrived from clients, passed on or not; empty without a `counter`. */
  messages: Record<string, number>;
  /** Connections the upstream did not accept. */
  upstreamRefused: number;
  /** The deeds of each toxic: chunks delayed or held, connections reset or closed, pieces cut, waits for bandwidth. */
  faults: Record<ToxicType, number> & {
    /** Connections cut by going down. */
    down: number;
  };
}

/** The arrivals at the proxy between two moments. */
export interface Arrivals {
  seconds: number;
  connections: number;
  messages: number;
  /** The most in any second of the time. */
  most: { connections: number; messages: number };
}

export interface ProxyOptions {
  upstream: { host: string; port: number };
  /** 0, the default: any free port. */
  port?: number;
  /** Makes the counter of a new connection. */
  counter?: () => MessageCounter;
  /** For jitter, sizes and toxicity: numbers in [0, 1). */
  random?: () => number;
}

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Sets a toxic; it affects existing connections too. Returns the function that removes it. */
  add(toxic: Toxic, direction?: Direction | "both"): () => void;
  /** Nothing passes any more: connections stand still, new ones are accepted and get no response. */
  freeze(): () => void;
  /** Stops listening (connections are refused) and cuts the existing ones. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  /** Removes every toxic and listens. */
  heal(): Promise<void>;
  /** A copy. */
  counts(): ProxyCounts;
  /** Starts a measurement of arrivals; the function returned gives the arrivals since then. */
  watch(): () => Arrivals;
  close(): Promise<void>;
}

export async function startProxy(options: ProxyOptions): Promise<FaultProxy> {
  const proxy = new RunningProxy(options);
  await proxy.up();
  return proxy;
}

interface Active {
  toxic: Toxic;
  directions: readonly Direction[];
}

class RunningProxy implements FaultProxy {
  readonly host = LOCALHOST;
  port: number;
  readonly upstream: { host: string; port: number };
  readonly counter: (() => MessageCounter) | undefined;
  readonly random: () => number;
  readonly toxics = new Set<Active>();
  readonly links = new Set<Link>();
  readonly watches = new Set<Watch>();
  readonly counted: Omit<ProxyCounts, "open" | "held"> = {
    connections: 0,
    bytes: { upstream: 0, downstream: 0 },
    messages: {},
    upstreamRefused: 0,
    faults: { latency: 0, timeout: 0, reset_peer: 0, slicer: 0, bandwidth: 0, limit_data: 0, down: 0 },
  };
  #server: Server | undefined;

  constructor(options: ProxyOptions) {
    this.port = options.port ?? 0;
    this.upstream = options.upstream;
    this.counter = options.counter;
    this.random = options.random ?? Math.random;
  }

  add(toxic: Toxic, direction: Direction | "both" = "downstream"): () => void {
    const directions: Direction[] = direction === "both" ? ["upstream", "downstream"] : [direction];
    const active: Active = { toxic, directions };
    this.toxics.add(active);
    for (const link of this.links) link.toxicAdded(active);
    return () => {
      if (!this.toxics.delete(active)) return;
      for (const link of this.links) link.toxicRemoved(active);
    };
  }

  freeze(): () => void {
    return this.add({ type: "timeout" }, "both");
  }

  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const link of this.links) {
      this.counted.faults.down += 1;
      link.reset();
    }
    await closed;
  }

  async up(): Promise<void> {
    if (this.#server) return;
    // Half-open as the sockets of both ends may be: each direction ends by itself.
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.counted.connections += 1;
      for (const watch of this.watches) watch.arrived("connections", 1);
      this.links.add(new Link(this, client));
    });
    this.#server = server;
    server.listen(this.port, this.host);
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }

  async heal(): Promise<void> {
    const removed = [...this.toxics];
    this.toxics.clear();
    for (const link of this.links) for (const active of removed) link.toxicRemoved(active);
    await this.up();
  }

  counts(): ProxyCounts {
    let held = 0;
    for (const link of this.links) held += link.held;
    return structuredClone({ ...this.counted, open: this.links.size, held });
  }

  watch(): () => Arrivals {
    const watch = new Watch();
    this.watches.add(watch);
    return () => {
      this.watches.delete(watch);
      return watch.result();
    };
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const link of this.links) link.destroy();
    if (server) {
      const closed = once(server, "close");
      server.close();
      await closed;
    }
  }
}

/** Arrivals by second since its start. */
class Watch {
  readonly #start = performance.now();
  /** A second in which nothing arrived has no entry. */
  readonly #seconds: ({ connections: number; messages: number } | undefined)[] = [];
  #end: number | undefined;

  arrived(what: "connections" | "messages", count: number): void {
    const second = Math.floor((performance.now() - this.#start) / 1_000);
    const counts = this.#seconds[second] ?? { connections: 0, messages: 0 };
    this.#seconds[second] = counts;
    counts[what] += count;
  }

  result(): Arrivals {
    this.#end ??= performance.now();
    const sum = { connections: 0, messages: 0 };
    const most = { connections: 0, messages: 0 };
    for (const second of this.#seconds) {
      for (const what of ["connections", "messages"] as const) {
        const count = second?.[what] ?? 0;
        sum[what] += count;
        most[what] = Math.max(most[what], count);
      }
    }
    return { seconds: (this.#end - this.#start) / 1_000, ...sum, most };
  }
}

/** One client's connection and, once there is one, its connection to the upstream. */
class Link {
  readonly proxy: RunningProxy;
  readonly #client: Socket;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #server: Socket | undefined;
  /** Toxics that spare this connection, by their toxicity. */
  readonly #spared = new Set<Active>();
  /** Ends this connection, by the toxic that wants it. */
  readonly #ends = new Map<Active, NodeJS.Timeout>();

  constructor(proxy: RunningProxy, client: Socket) {
    this.proxy = proxy;
    this.#client = client;
    this.#up = new Pipe(this, "upstream", proxy.counter?.());
    this.#down = new Pipe(this, "downstream");
    this.#attach(client);
    this.#up.from(client);
    this.#down.to(client);
    for (const active of proxy.toxics) this.toxicAdded(active);
    this.#connect();
  }

  /** Bytes held back, in both directions. */
  get held(): number {
    return this.#up.heldBytes + this.#down.heldBytes;
  }

  /** The toxics on one direction of this connection. */
  *toxics(direction: Direction): Iterable<Active> {
    for (const active of this.proxy.toxics) {
      if (active.directions.includes(direction) && !this.#spared.has(active)) yield active;
    }
  }

  toxicAdded(active: Active): void {
    const { toxic } = active;
    if (this.proxy.random() >= (toxic.toxicity ?? 1)) {
      this.#spared.add(active);
      return;
    }
    if (toxic.type === "reset_peer") this.#endAfter(active, toxic.timeout ?? 0, () => this.reset());
    if (toxic.type === "timeout" && toxic.timeout !== undefined)
      this.#endAfter(active, toxic.timeout, () => this.destroy());
    this.#wake();
  }

  toxicRemoved(active: Active): void {
    this.#spared.delete(active);
    clearTimeout(this.#ends.get(active));
    this.#ends.delete(active);
    this.#up.forget(active);
    this.#down.forget(active);
    this.#connect();
    this.#wake();
  }

  /** A client that leaves before its upstream was reached leaves nothing behind. */
  clientEnded(): void {
    if (!this.#server) this.destroy();
  }

  reset(): void {
    reset(this.#client);
    if (this.#server) reset(this.#server);
    this.#gone();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server?.destroy();
    this.#gone();
  }

  /** Closes once all written data has left. */
  destroySoon(): void {
    this.#up.close();
    this.#down.close();
    this.#client.destroySoon();
    this.#server?.destroySoon();
  }

  /** A frozen upstream is not reached before it thaws: its connections are not used up by clients that gave up. */
  #connect(): void {
    if (this.#server || this.#client.destroyed || this.#up.isFrozen()) return;
    const server = connect({ ...this.proxy.upstream, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    let connected = false;
    server.once("connect", () => {
      connected = true;
      this.#wake();
    });
    server.once("error", () => {
      if (!connected) this.proxy.counted.upstreamRefused += 1;
    });
    this.#attach(server);
    this.#up.to(server);
    this.#down.from(server);
  }

  #attach(socket: Socket): void {
    socket.on("error", () => this.reset()); // the other side learns of it the same way
    socket.on("drain", () => this.#wake());
    socket.on("close", () => {
      if (this.#client.destroyed && (this.#server?.destroyed ?? true)) this.#gone();
    });
  }

  #endAfter(active: Active, ms: number, end: () => void): void {
    const timer = setTimeout(() => {
      this.proxy.counted.faults[active.toxic.type] += 1;
      end();
    }, ms);
    this.#ends.set(active, timer);
  }

  #wake(): void {
    this.#up.wake();
    this.#down.wake();
  }

  #gone(): void {
    for (const timer of this.#ends.values()) clearTimeout(timer);
    this.#ends.clear();
    this.#up.close();
    this.#down.close();
    this.proxy.links.delete(this);
  }
}

/** A socket that was ended cannot be reset: libuv refuses, and Node then never closes it. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

interface Chunk {
  bytes: Buffer;
  /** The sender's end of the stream, which toxics hold too. */
  end: boolean;
  /** When it came, ms. */
  at: number;
  /** In [-1, 1): its share of a jitter. */
  luck: number;
  /** The kinds of holding it was counted for. */
  counted: Set<ToxicType>;
}

/** One direction of a connection: its data in order, until toxics and the receiver let it go. */
class Pipe {
  readonly #link: Link;
  readonly #direction: Direction;
  readonly #counter: MessageCounter | undefined;
  #source: Socket | undefined;
  #target: Socket | undefined;
  readonly #held: Chunk[] = [];
  heldBytes = 0;
  /** Nothing leaves before this moment, ms: pieces and bandwidth. */
  #notBefore = 0;
  /** Bytes passed under each limit_data. */
  readonly #passed = new Map<Active, number>();
  #closed = false;
  #wakeUp: (() => void) | undefined;

  constructor(link: Link, direction: Direction, counter?: MessageCounter) {
    this.#link = link;
    this.#direction = direction;
    this.#counter = counter;
    void this.#run();
  }

  from(source: Socket): void {
    this.#source = source;
    source.on("data", (bytes) => {
      this.#count(bytes);
      this.#hold(bytes, false);
    });
    source.once("end", () => {
      this.#hold(Buffer.alloc(0), true);
      if (this.#direction === "upstream") this.#link.clientEnded();
    });
  }

  to(target: Socket): void {
    this.#target = target;
  }

  isFrozen(): boolean {
    for (const { toxic } of this.#link.toxics(this.#direction)) if (toxic.type === "timeout") return true;
    return false;
  }

  wake(): void {
    this.#wakeUp?.();
  }

  forget(active: Active): void {
    this.#passed.delete(active);
  }

  close(): void {
    this.#closed = true;
    this.#held.length = 0;
    this.heldBytes = 0;
    this.wake();
  }

  #count(bytes: Buffer): void {
    if (!this.#counter) return;
    const names = this.#counter.take(bytes);
    const { counted, watches } = this.#link.proxy;
    for (const name of names) counted.messages[name] = (counted.messages[name] ?? 0) + 1;
    for (const watch of watches) watch.arrived("messages", names.length);
  }

  #hold(bytes: Buffer, end: boolean): void {
    if (this.#closed) return;
    const luck = this.#link.proxy.random() * 2 - 1;
    this.#held.push({ bytes, end, at: performance.now(), luck, counted: new Set() });
    this.heldBytes += bytes.length;
    if (this.heldBytes > HELD_MAX) this.#source?.pause();
    this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const chunk = this.#held[0];
      const target = this.#target;
      const wait = chunk ? this.#waitFor(chunk) : Number.POSITIVE_INFINITY;
      if (!chunk || wait > 0) await this.#wait(wait);
      else if (!target || target.connecting || target.writableNeedDrain) await this.#wait();
      else if (chunk.end) {
        target.end();
        return;
      } else this.#pass(chunk, target);
    }
  }

  /** Until something changes, or `ms` are over. */
  #wait(ms = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((done) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.wake(), ms) : undefined;
      this.#wakeUp = () => {
        clearTimeout(timer);
        this.#wakeUp = undefined;
        done();
      };
    });
  }

  /** How long a chunk still stays, ms. */
  #waitFor(chunk: Chunk): number {
    let delay = 0;
    for (const { toxic } of this.#link.toxics(this.#direction)) {
      if (toxic.type === "timeout") {
        this.#happened(toxic.type, chunk);
        return Number.POSITIVE_INFINITY;
      }
      if (toxic.type === "latency") {
        this.#happened(toxic.type, chunk);
        delay += Math.max(0, toxic.latency + (toxic.jitter ?? 0) * chunk.luck);
      }
    }
    return Math.max(chunk.at + delay, this.#notBefore) - performance.now();
  }

  /** Passes a chunk on, or the first piece of it. */
  #pass(chunk: Chunk, target: Socket): void {
    const { counted, random } = this.#link.proxy;
    let size = chunk.bytes.length;
    let pause = 0;
    let limit: Active | undefined;
    for (const active of this.#link.toxics(this.#direction)) {
      const { toxic } = active;
      if (toxic.type === "slicer") {
        const variation = (toxic.sizeVariation ?? 0) * (random() * 2 - 1);
        const piece = Math.max(1, Math.round(toxic.averageSize + variation));
        if (piece < size) {
          counted.faults.slicer += 1;
          pause = Math.max(pause, toxic.delay ?? 0);
          size = piece;
        }
      } else if (toxic.type === "bandwidth") {
        size = Math.min(size, Math.max(1, Math.floor(toxic.rate * BANDWIDTH_STEP)));
      } else if (toxic.type === "limit_data") {
        const left = Math.max(0, toxic.bytes - (this.#passed.get(active) ?? 0));
        if (left <= size) {
          size = left;
          limit = active;
        }
      }
    }
    for (const active of this.#link.toxics(this.#direction)) {
      const { toxic } = active;
      if (toxic.type === "bandwidth") {
        counted.faults.bandwidth += 1;
        pause = Math.max(pause, size / toxic.rate); // KB/s are bytes per ms
      } else if (toxic.type === "limit_data") {
        this.#passed.set(active, (this.#passed.get(active) ?? 0) + size);
      }
    }
    target.write(chunk.bytes.subarray(0, size));
    counted.bytes[this.#direction] += size;
    if (pause > 0) this.#notBefore = performance.now() + pause;
    if (size === chunk.bytes.length) this.#held.shift();
    else chunk.bytes = chunk.bytes.subarray(size);
    this.heldBytes -= size;
    if (this.heldBytes <= HELD_MAX) this.#source?.resume();
    if (limit) {
      counted.faults.limit_data += 1;
      this.#link.destroySoon();
    }
  }

  #happened(type: "latency" | "timeout", chunk: Chunk): void {
    if (chunk.counted.has(type)) return;
    chunk.counted.add(type);
    this.#link.proxy.counted.faults[type] += 1;
  }
}
