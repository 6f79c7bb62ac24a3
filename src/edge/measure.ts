/** Counting of requests: by route template and class of the status, and how long they took. */
import type { Context } from "hono";
import { routePath } from "hono/route";
import { flushMeter } from "../telemetry/flush.ts";
import { logRequest } from "../telemetry/log.ts";
import { meter } from "../telemetry/meter.ts";
import type { Counter, Histogram } from "../telemetry/metrics.ts";

/**
 * What is counted of a route's requests. The clock of the platform moves with
 * I/O only: time of computing alone is not seen.
 */
class RouteMeter {
  readonly #method: string;
  readonly #route: string;
  readonly #seconds: Histogram;
  /** By the first digit of the status. */
  readonly #counters: Counter[] = [];

  constructor(method: string, route: string) {
    this.#method = method;
    this.#route = route;
    this.#seconds = meter.histogram("hunt_http_request_duration_seconds", route);
  }

  /** Counts a request that is answered now; `code`: of an error. */
  answered(c: Context, status: number, code?: string): void {
    const now = Date.now();
    const ms = now - ((c.get("now") as number | undefined) ?? now);
    this.#seconds.observe(ms / 1_000);
    const kind = Math.trunc(status / 100);
    this.#counters[kind] ??= meter.counter(
      "hunt_http_requests_total",
      this.#method,
      this.#route,
      `${kind}xx`,
    );
    this.#counters[kind].value += 1;
    const requestId = c.get("requestId") as string;
    const line = { requestId, method: this.#method, route: this.#route, status, ms };
    logRequest(c.env, code === undefined ? line : { ...line, code });
    flushMeter(c.env, () => c.executionCtx, now);
  }
}

/** By method and template; there are as many as routes. */
const meters = new Map<string, RouteMeter>();

/** The meter of a route; `route` is its template. */
export function meterOf(method: string, route: string): RouteMeter {
  const key = `${method} ${route}`;
  const known = meters.get(key);
  if (known) return known;
  const made = new RouteMeter(method, route);
  meters.set(key, made);
  return made;
}

/** Counts a request that ended in an error, whose route did not get to count it. */
export function countError(c: Context, status: number, code: string): void {
  meter.add("hunt_errors_total", 1, code);
  const template = routePath(c).replaceAll(/:(\w+)/g, "{$1}");
  // No route of ours: what was asked for is the client's own text.
  const known = template.startsWith("/") && !template.includes("*");
  meterOf(known ? c.req.method : "any", known ? template : "none").answered(c, status, code);
}
