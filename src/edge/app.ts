/** The Hono app: request ids, CORS, errors as problem+json, and the routes. */
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { configOf } from "../config.ts";
import { ERRORS, RequestError } from "../errors.ts";
import type { App, Request$ } from "./openapi.ts";
import { opsRoutes } from "./ops.ts";
import { organiserRoutes } from "./organiser.ts";
import { playerRoutes } from "./player.ts";

/** `Retry-After` of 429 and 503: a few seconds, spread so that clients do not come back together. */
const RETRY_AFTER = { min: 1, max: 4 };

const EXPOSED_HEADERS = "X-Request-Id, Retry-After, ETag, Age";

export function makeApp(): App {
  const app: App = new Hono();
  app.use((c, next) => {
    const id = crypto.randomUUID();
    c.set("requestId", id);
    c.set("now", Date.now());
    // Headers before the handler: set on a finished response they cost a copy of it.
    c.header("X-Request-Id", id);
    const asking = c.req.header("origin");
    // What others may read is said to everybody, because caches keep it.
    if (asking !== undefined || c.req.method === "GET") {
      const origin = allowedOrigin(asking, c.env);
      if (origin !== undefined) {
        c.header("Access-Control-Allow-Origin", origin);
        c.header("Access-Control-Expose-Headers", EXPOSED_HEADERS);
        if (origin !== "*") c.header("Vary", "Origin");
      }
    }
    return next();
  });
  app.options("*", preflight());
  opsRoutes(app);
  playerRoutes(app);
  organiserRoutes(app);
  app.notFound((c) => problem(c, new RequestError("not_found", "no such route")));
  app.onError((error, c) => {
    if (error instanceof RequestError) return problem(c, error);
    console.error({
      message: "request failed",
      requestId: c.get("requestId"),
      error: String(error),
      stack: error.stack,
    });
    return problem(c, new RequestError("internal", "the engine failed on this request"));
  });
  return app;
}

/** What a page of `origin` is told: everybody may, it may, or nothing. */
function allowedOrigin(origin: string | undefined, env: object): string | undefined {
  const allowed = configOf(env).CORS_ORIGINS;
  if (allowed === "*") return "*";
  return origin !== undefined && allowed.split(",").includes(origin) ? origin : undefined;
}

function preflight(): MiddlewareHandler {
  return cors({
    origin: (origin, c) => allowedOrigin(origin, c.env) ?? null,
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
    maxAge: 86_400,
  });
}

function problem(c: Request$, error: RequestError): Response {
  const { status, title, retryable } = ERRORS[error.code];
  if (retryable) {
    const spread = RETRY_AFTER.max - RETRY_AFTER.min + 1;
    c.header("Retry-After", String(RETRY_AFTER.min + Math.floor(Math.random() * spread)));
  }
  return c.json(
    {
      type: `urn:hunt:problem:${error.code}`,
      title,
      status,
      code: error.code,
      detail: error.detail,
      requestId: c.get("requestId"),
      ...(error.issues ? { issues: error.issues } : {}),
    },
    status,
    { "Content-Type": "application/problem+json" },
  );
}
