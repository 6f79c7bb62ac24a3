/** The Hono app: request ids, CORS, errors as problem+json, and the routes. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import { ERRORS, RequestError } from "../errors.ts";
import { readOn } from "./body.ts";
import { audienceAt } from "./declare.ts";
import { allowedOrigin, identify, prepare, setHeaders } from "./headers.ts";
import { countError } from "./measure.ts";
import type { App, AppEnv, Request$ } from "./request.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { definitionRoutes } from "./routes/definition.ts";
import { exportRoutes } from "./routes/export.ts";
import { huntRoutes } from "./routes/hunt.ts";
import { importRoutes } from "./routes/import.ts";
import { joinRoutes } from "./routes/join.ts";
import { liveRoutes } from "./routes/live.ts";
import { opsRoutes } from "./routes/ops.ts";
import { pageRoutes } from "./routes/pages.ts";
import { phaseRoutes } from "./routes/phase.ts";
import { playRoutes } from "./routes/play.ts";
import { prizeRoutes } from "./routes/prizes.ts";
import { registrationRoutes } from "./routes/registrations.ts";
import { standingsRoutes } from "./routes/standings.ts";
import { statsRoutes } from "./routes/stats.ts";
import { teamRoutes } from "./routes/teams.ts";
import { verifyRoutes } from "./routes/verify.ts";

/** `Retry-After` of 429 and 503: a few seconds, spread so that clients do not come back together. */
const RETRY_AFTER = { min: 1, max: 4 };

export function makeApp(): App {
  const app: App = new OpenAPIHono<AppEnv>();
  const preflight = cors({
    origin: (origin, c) => allowedOrigin(origin, c.env, c.get("audience")) ?? null,
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
    maxAge: 86_400,
  });
  app.options("*", (c, next) => {
    const asked = c.req.header("access-control-request-method") ?? "";
    prepare(c, audienceAt(app, asked, c.req.path));
    return preflight(c, next);
  });
  opsRoutes(app);
  huntRoutes(app);
  joinRoutes(app);
  playRoutes(app);
  standingsRoutes(app);
  liveRoutes(app);
  definitionRoutes(app);
  phaseRoutes(app);
  teamRoutes(app);
  statsRoutes(app);
  prizeRoutes(app);
  exportRoutes(app);
  importRoutes(app);
  verifyRoutes(app);
  deadLetterRoutes(app);
  registrationRoutes(app);
  pageRoutes(app);
  app.notFound((c) => {
    identify(c, "everyone");
    return problem(c, new RequestError("not_found", "no such route"));
  });
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

function problem(c: Request$, error: RequestError): Response {
  const { status, title, retryable } = ERRORS[error.code];
  countError(c, status, error.code);
  setHeaders(c);
  c.header("Cache-Control", "no-store");
  if (retryable) {
    const spread = RETRY_AFTER.max - RETRY_AFTER.min + 1;
    const seconds = error.retryAfter ?? RETRY_AFTER.min;
    c.header("Retry-After", String(seconds + Math.floor(Math.random() * spread)));
  }
  const response = c.json(
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
  const reading = readOn(c.req.raw);
  return reading ? heldOpen(response, reading) : response;
}

/** The response at once, its end when `until` resolves: a connection that is closed earlier breaks on its sender. */
function heldOpen(response: Response, until: Promise<void>): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const pass = async (): Promise<void> => {
    await response.body?.pipeTo(writable, { preventClose: true });
    await until;
    await writable.close();
  };
  // The client went away, and needs no response.
  pass().catch(() => undefined);
  return new Response(readable, response);
}
