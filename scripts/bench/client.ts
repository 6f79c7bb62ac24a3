/** A closed-loop HTTP client: keep-alive connections, each with one request under way. */
import { Client } from "undici";

export interface Call {
  method: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Run {
  requests: number;
  seconds: number;
  /** Milliseconds, rising. */
  latencies: Float64Array;
  /** Answers that were not 2xx, or that `check` refused. */
  failed: number;
  /** The first of them: status and body. */
  failure?: string;
}

/** Requests in flight per connection stay at one, as browsers and phones do. */
export async function closedLoop(options: {
  origin: string;
  connections: number;
  seconds: number;
  next(connection: number): Call;
  /** Looks at some answers' bodies; false counts as failed. */
  check?(body: string): boolean;
}): Promise<Run> {
  const clients = Array.from(
    { length: options.connections },
    () => new Client(options.origin, { pipelining: 1, keepAliveTimeout: 60_000 }),
  );
  const latencies: number[] = [];
  let failed = 0;
  let failure: string | undefined;
  const start = performance.now();
  const end = start + options.seconds * 1_000;
  await Promise.all(
    clients.map(async (client, connection) => {
      while (performance.now() < end) {
        const call = options.next(connection);
        const sent = performance.now();
        const { statusCode, body } = await client.request({ ...call, body: call.body ?? null });
        const text = await body.text();
        latencies.push(performance.now() - sent);
        if (statusCode >= 300 || (options.check && !options.check(text))) {
          failed += 1;
          failure ??= `${statusCode} ${text.slice(0, 300)}`;
        }
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  await Promise.all(clients.map((client) => client.close()));
  return {
    requests: latencies.length,
    seconds,
    latencies: Float64Array.from(latencies).sort(),
    failed,
    ...(failure === undefined ? {} : { failure }),
  };
}

/** The value below which the share `quantile` of the rising values lies. */
export function quantileOf(rising: Float64Array, quantile: number): number {
  return rising[Math.min(rising.length - 1, Math.floor(rising.length * quantile))] ?? Number.NaN;
}
