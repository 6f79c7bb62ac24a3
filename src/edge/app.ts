/** The Hono app: request ids, CORS, errors as problem+json, and the routes. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import { ERRORS, RequestError } from "../errors.ts";
import { readOn } from "./body.ts";
import { audienceAt } from "./declare.ts";
import { allowedOrigin, failed, identify, prepare } from "./headers.ts";
import { countError } from "./measure.ts";
import type { App, AppEnv, Request$ } from "./request.ts";
import { assetRoutes } from "./routes/assets.ts";
import { bodyRoutes } from "./routes/bodies.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { definitionRoutes } from "./routes/definition.ts";
import { deletionRoutes } from "./routes/deletion.ts";
import { exportRoutes } from "./routes/export.ts";
import { guessRoutes } from "./routes/guesses.ts";
import { helpRoutes } from "./routes/help.ts";
import { huntRoutes } from "./routes/hunt.ts";
import { importRoutes } from "./routes/import.ts";
import { joinRoutes } from "./routes/join.ts";
import { liveRoutes } from "./routes/live.ts";
import { madeTeamRoutes } from "./routes/made-teams.ts";
import { meRoutes } from "./routes/me.ts";
import { opsRoutes } from "./routes/ops.ts";
import { organiserRoutes } from "./routes/organisers.ts";
import { noPage, pageRoutes } from "./routes/pages.ts";
import { personalRoutes } from "./routes/personal.ts";
import { phaseRoutes } from "./routes/phase.ts";
import { playRoutes } from "./routes/play.ts";
import { previewRoutes } from "./routes/preview.ts";
import { prizeRoutes } from "./routes/prizes.ts";
import { proofRoutes } from "./routes/proof.ts";
import { pushRoutes } from "./routes/push.ts";
import { registrationRoutes } from "./routes/registrations.ts";
import { regradeRoutes } from "./routes/regrade.ts";
import { rehearsalRoutes } from "./routes/rehearsal.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { solvesRoutes } from "./routes/solves.ts";
import { standingsRoutes } from "./routes/standings.ts";
import { statsRoutes } from "./routes/stats.ts";
import { submissionRoutes } from "./routes/submissions.ts";
import { runningRoutes } from "./routes/team.ts";
import { teamRoutes } from "./routes/teams.ts";
import { verifyRoutes } from "./routes/verify.ts";
import { webhookRoutes } from "./routes/webhooks.ts";

/** `Retry-After` of 429 and 503, and of what is not there yet: a few seconds, spread so that clients do not come back together. */
const RETRY_AFTER = { min: 1, max: 4 };

export function makeApp(): App {
  const app: App = new OpenAPIHono<AppEnv>();
  const preflight = cors({
    origin: (origin, c) => allowedOrigin(origin, c.env, c.get("audience")) ?? null,
    allowHeaders: ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"],
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
  sessionRoutes(app);
  meRoutes(app);
  bodyRoutes(app);
  assetRoutes(app);
  playRoutes(app);
  standingsRoutes(app);
  solvesRoutes(app);
  liveRoutes(app);
  definitionRoutes(app);
  deletionRoutes(app);
  previewRoutes(app);
  rehearsalRoutes(app);
  phaseRoutes(app);
  teamRoutes(app);
  guessRoutes(app);
  helpRoutes(app);
  submissionRoutes(app);
  pushRoutes(app);
  regradeRoutes(app);
  personalRoutes(app);
  runningRoutes(app);
  madeTeamRoutes(app);
  statsRoutes(app);
  prizeRoutes(app);
  exportRoutes(app);
  proofRoutes(app);
  importRoutes(app);
  verifyRoutes(app);
  deadLetterRoutes(app);
  webhookRoutes(app);
  registrationRoutes(app);
  organiserRoutes(app);
  pageRoutes(app);
  app.notFound(async (c) => {
    identify(c, "everyone");
    return (await noPage(c)) ?? problem(c, new RequestError("not_found", "no such route"));
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
  const more: Record<string, string> = {
    "Cache-Control": "no-store",
    "Content-Type": "application/problem+json",
  };
  if (retryable || error.retryAfter !== undefined) {
    const spread = RETRY_AFTER.max - RETRY_AFTER.min + 1;
    const seconds = error.retryAfter ?? RETRY_AFTER.min;
    more["Retry-After"] = String(seconds + Math.floor(Math.random() * spread));
  }
  const body = {
    type: `urn:hunt:problem:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.detail,
    requestId: c.get("requestId") as string,
    ...(error.issues ? { issues: error.issues } : {}),
  };
  const response = failed(c, status, JSON.stringify(body), more);
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
