/** What every request gets first: an id, the time, and the headers of its response. */
import type { Context } from "hono";
import { configOf } from "../config.ts";
import type { Audience } from "./request.ts";

const EXPOSED_HEADERS = "X-Request-Id, Retry-After, ETag, Age";

/**
 * Called by the routes themselves and not as middleware, because a route with
 * one handler takes Hono's short way; and before the handler, because headers
 * set on a finished response cost a copy of it.
 */
export function prepare(c: Context, audience: Audience): void {
  identify(c, audience);
  setHeaders(c);
}

/** The id, the time and the audience alone: for routes that make their response with `jsonText`. */
export function identify(c: Context, audience: Audience): void {
  c.set("requestId", crypto.randomUUID());
  c.set("now", Date.now());
  c.set("audience", audience);
}

/** The headers of every response, for what Hono makes of this context. */
function setHeaders(c: Context): void {
  const headers = headersOf(c);
  for (const name in headers) c.header(name, headers[name]);
}

/** A response of JSON text, made in one step: the headers' way through Hono takes as long as a small route. */
export function jsonText(c: Context, text: string | Uint8Array, more?: Record<string, string>): Response {
  const headers = headersOf(c);
  headers["Content-Type"] = "application/json";
  if (more) Object.assign(headers, more);
  return new Response(text, { headers });
}

/** A response to what was refused, made in one step: a flood of refusals must cost little. */
export function failed(c: Context, status: number, text: string, more: Record<string, string>): Response {
  return new Response(text, { status, headers: { ...headersOf(c), ...more } });
}

/** The language of a response; `byHeader`: another `Accept-Language` would have made another one. */
export function spokenIn(
  c: Context,
  spoken: { language: string; byHeader: boolean } | undefined,
): Record<string, string> {
  if (!spoken) return {};
  const vary = configOf(c.env).CORS_ORIGINS === "*" ? "Accept-Language" : "Origin, Accept-Language";
  return { "Content-Language": spoken.language, ...(spoken.byHeader ? { Vary: vary } : {}) };
}

/** That the client has what there is. */
export function unchanged(c: Context, etag: string, more?: Record<string, string>): Response {
  return new Response(null, { status: 304, headers: { ...headersOf(c), ETag: etag, ...more } });
}

/** A text that only who asked for it may keep. `more` says how long. */
export function privateText(c: Context, text: string, more: Record<string, string>): Response {
  const headers = { ...headersOf(c), "Content-Type": "text/markdown; charset=utf-8", ...more };
  return new Response(text, { headers });
}

/** A file, or what is to be said of it without its bytes. */
export function fileResponse(
  c: Context,
  status: 200 | 206 | 304 | 416,
  body: ReadableStream | null,
  more: Record<string, string>,
): Response {
  return new Response(body, { status, headers: { ...headersOf(c), ...more } });
}

function headersOf(c: Context): Record<string, string> {
  const headers: Record<string, string> = {
    "X-Request-Id": c.get("requestId"),
    "X-Content-Type-Options": "nosniff",
  };
  const audience = c.get("audience") as Audience;
  if (audience !== "everyone") headers["Cache-Control"] = "no-store";
  const asking = c.req.header("origin");
  // Then the response depends on who asks: caches must know, also of those who name no origin.
  if (configOf(c.env).CORS_ORIGINS !== "*") headers.Vary = "Origin";
  if (asking === undefined) return headers;
  const origin = allowedOrigin(asking, c.env, audience);
  if (origin === undefined) return headers;
  headers["Access-Control-Allow-Origin"] = origin;
  headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS;
  return headers;
}

/**
 * What a page of `origin` is told: everybody may, it may, or nothing. Organisers'
 * routes are for the console, which is of the engine's own origin, and for
 * pages that are named.
 */
export function allowedOrigin(
  origin: string | undefined,
  env: object,
  audience: Audience,
): string | undefined {
  const allowed = configOf(env).CORS_ORIGINS;
  if (allowed === "*") return audience === "organiser" ? undefined : "*";
  return origin !== undefined && allowed.split(",").includes(origin) ? origin : undefined;
}
