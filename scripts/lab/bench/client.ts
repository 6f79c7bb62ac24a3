/**
 * HTTP clients of the benchmarks, on bare sockets: the load generator shares
 * the cores with the engine it measures, and a full client takes as much CPU as the
 * engine does.
 */
import { connect, type Socket } from "node:net";

export interface Call {
  method: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Received {
  status: number;
  body: string;
}

export interface Run {
  requests: number;
  seconds: number;
  /** Milliseconds, rising. */
  latencies: Float64Array;
  /** Responses that were neither 2xx nor 304, or that `check` refused. */
  failed: number;
  /** The first of them: status and body. */
  failure?: string;
  /** Longest time in which no connection got a response, ms: the whole process stood still, or the sender did. */
  longestGap: number;
  /** Requests of the connection that got the fewest, and the most. */
  perConnection: [number, number];
}

/** Longest wait for a response before the connection counts as dead, ms. */
const RESPONSE_MAX = 30_000;

/** One keep-alive connection with one request under way at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  #received = "";
  #waiting: { done(response: Received): void; failed(error: Error): void } | undefined;

  constructor(origin: string) {
    const { hostname, port, host } = new URL(origin);
    this.#host = host;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    // One byte a character: lengths below are bytes, and the parts that are read are ASCII.
    this.#socket.setEncoding("latin1");
    this.#socket.setTimeout(RESPONSE_MAX, () => this.#socket.destroy(new Error("no response in time")));
    this.#socket.on("data", (chunk: string) => this.#take(chunk));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  send({ method, path, headers, body = "" }: Call): Promise<Received> {
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    if (method === "POST") head += `content-length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((done, failed) => {
      if (this.#waiting) throw new Error("a connection has one request under way at a time");
      if (this.#socket.destroyed) throw new Error("the connection is closed");
      this.#waiting = { done, failed };
      this.#socket.write(`${head}\r\n${body}`);
    });
  }

  #take(chunk: string): void {
    this.#received += chunk;
    const response = parseResponse(this.#received);
    if (!response) return;
    this.#received = "";
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.done(response);
  }

  #fail(error: Error): void {
    this.#waiting?.failed(error);
    this.#waiting = undefined;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The response when it is there as a whole. */
function parseResponse(received: string): Received | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = received.slice(0, end);
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const body = received.slice(end + 4);
  if (length !== undefined) return body.length >= Number(length) ? { status, body } : undefined;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    return body.endsWith("0\r\n\r\n") ? { status, body } : undefined;
  }
  return { status, body: "" };
}

/** Requests in flight per connection stay at one, as browsers and phones do. */
export async function closedLoop(options: {
  origin: string;
  connections: number;
  seconds: number;
  /** Requests in all, when they are fewer than the time has room for. */
  requests?: number;
  next(connection: number): Call;
  /** Looks at every response's body; false counts as failed. */
  check?: ((body: string) => boolean) | undefined;
}): Promise<Run> {
  const clients = Array.from({ length: options.connections }, () => new Connection(options.origin));
  const latencies: number[] = [];
  let failed = 0;
  let failure: string | undefined;
  const served = clients.map(() => 0);
  const start = performance.now();
  const end = start + options.seconds * 1_000;
  let sends = 0;
  let lastResponse = start;
  let longestGap = 0;
  await Promise.all(
    clients.map(async (client, connection) => {
      while (performance.now() < end && sends < (options.requests ?? Number.POSITIVE_INFINITY)) {
        sends += 1;
        const call = options.next(connection);
        const sent = performance.now();
        const { status, body } = await client.send(call);
        const now = performance.now();
        latencies.push(now - sent);
        longestGap = Math.max(longestGap, now - lastResponse);
        lastResponse = now;
        served[connection] = (served[connection] ?? 0) + 1;
        if ((status >= 300 && status !== 304) || (options.check && !options.check(body))) {
          failed += 1;
          failure ??= `${status} ${body.slice(0, 300)}`;
        }
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  for (const client of clients) client.close();
  return {
    requests: latencies.length,
    seconds,
    latencies: Float64Array.from(latencies).sort(),
    failed,
    longestGap,
    perConnection: [Math.min(...served), Math.max(...served)],
    ...(failure === undefined ? {} : { failure }),
  };
}
