/** What every request gets before its handler: an id, the time, and the CORS headers. */
import type { Context } from "hono";
import { configOf } from "../config.ts";

const EXPOSED_HEADERS = "X-Request-Id, Retry-After, ETag, Age";

/**
 * Called by the routes themselves and not as middleware, because a route with
 * one handler takes Hono's short way; and before the handler, because headers
 * set on a finished response cost a copy of it.
 */
export function prepare(c: Context): void {
  const id = crypto.randomUUID();
  c.set("requestId", id);
  c.set("now", Date.now());
  c.header("X-Request-Id", id);
  const asking = c.req.header("origin");
  // What others may read is said to everybody, because caches keep it.
  if (asking === undefined && c.req.method !== "GET") return;
  const origin = allowedOrigin(asking, c.env);
  if (origin === undefined) return;
  c.header("Access-Control-Allow-Origin", origin);
  c.header("Access-Control-Expose-Headers", EXPOSED_HEADERS);
  if (origin !== "*") c.header("Vary", "Origin");
}

/** What a page of `origin` is told: everybody may, it may, or nothing. */
export function allowedOrigin(origin: string | undefined, env: object): string | undefined {
  const allowed = configOf(env).CORS_ORIGINS;
  if (allowed === "*") return "*";
  return origin !== undefined && allowed.split(",").includes(origin) ? origin : undefined;
}
