/** Counting of requests: by route template and class of the status, and how long they took. */
import type { Context } from "hono";
import { flushMeter } from "../telemetry/flush.ts";
import { logRequest } from "../telemetry/log.ts";
import { meter } from "../telemetry/meter.ts";
import type { Counter } from "../telemetry/metrics.ts";

/**
 * Counts an answer of this route and returns it. Errors come to `onError` and
 * are counted there. The clock of the platform moves with I/O only: time of
 * computing alone is not seen.
 */
export function requestCounter(method: string, route: string): (c: Context, answer: Response) => Response {
  const seconds = meter.histogram("hunt_http_request_duration_seconds", route);
  const counters: (Counter | undefined)[] = [];
  return (c, answer) => {
    const now = Date.now();
    seconds.observe((now - (c.get("now") as number)) / 1_000);
    const kind = Math.trunc(answer.status / 100);
    const counter = counters[kind] ?? meter.counter("hunt_http_requests_total", method, route, `${kind}xx`);
    counters[kind] = counter;
    counter.value += 1;
    const ms = now - (c.get("now") as number);
    logRequest(c.env, { requestId: c.get("requestId") as string, method, route, status: answer.status, ms });
    flushMeter(c.env, () => c.executionCtx, now);
    return answer;
  };
}
