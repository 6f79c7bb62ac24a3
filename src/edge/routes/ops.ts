/** Routes about the engine itself: health, the origin's gate, the API document, the hunt schema. */
import { lookupCounts } from "../../cache/registration.ts";
import { configOf } from "../../config.ts";
import { backlogOf } from "../../control/backlog.ts";
import { huntJsonSchema } from "../../hunt/definition.ts";
import { calling, directoryStub } from "../../objects/call.ts";
import { gateOf } from "../../objects/gate.ts";
import { readMetrics } from "../../telemetry/read.ts";
import { CONTENT_TYPE } from "../../telemetry/text.ts";
import { requireOps } from "../auth.ts";
import { iso } from "../hunt.ts";
import { limitAddress } from "../limits.ts";
import { type App, openapi, route } from "../openapi.ts";
import { organiserOf } from "../organiser.ts";
import { answers } from "../schemas.ts";

export function opsRoutes(app: App): void {
  route(
    app,
    {
      method: "get",
      path: "/healthz",
      summary: "The engine answers",
      auth: "none",
      answers: { 200: { description: "Alive", schema: answers.ok } },
    },
    (c) => c.json({ ok: true }),
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/pages",
      summary: "What the pages need to know of this deployment",
      auth: "none",
      answers: { 200: { description: "Settings", schema: answers.pages } },
    },
    (c) => {
      const { MAP_TILES } = configOf(c.env);
      return c.json(MAP_TILES === "" ? {} : { mapTiles: MAP_TILES });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/readyz",
      summary: "Readiness by dependency",
      auth: "none",
      answers: { 200: { description: "Ready", schema: answers.ok }, 503: { description: "Not ready" } },
    },
    async (c) => {
      // Asks objects that there are one of, without a token.
      await limitAddress(c.env, c.req.raw);
      const check = async (ask: () => Promise<unknown>): Promise<boolean> => {
        try {
          await ask();
          return true;
        } catch (error) {
          console.warn({ message: "not ready", error: String(error) });
          return false;
        }
      };
      const [objects, kv, origin] = await Promise.all([
        check(() => directoryStub(c.env).list()),
        check(() => c.env.CACHE.get("readyz")),
        // What the gate knows: asking the origin itself would let anybody burden it.
        check(async () => {
          const { state } = await gateOf(c.env).status();
          if (state !== "closed") throw new Error(`the origin's gate is ${state}`);
        }),
      ]);
      // The origin may be away: players notice nothing, so it does not count.
      const ok = objects && kv;
      return c.json({ ok, dependencies: { objects, kv, origin } }, ok ? 200 : 503);
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/v1/ops/origin",
      summary: "The origin: its gate, and what it has not yet of the shards' logs",
      auth: "organiser",
      answers: { 200: { description: "State, the last ten seconds, backlog", schema: answers.origin } },
    },
    async (c) => {
      await organiserOf(c);
      const [{ state, since, window }, backlog] = await Promise.all([
        calling(() => gateOf(c.env).status()),
        calling(() => backlogOf(c.env, c.get("now"))),
      ]);
      return c.json({
        state,
        since: iso(since),
        window,
        driver: configOf(c.env).ORIGIN,
        backlog,
        // Of the isolate that answers, since it started.
        lookups: lookupCounts(),
      });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/metrics",
      summary: "Metrics as Prometheus text, for organisers and ops tokens",
      auth: "ops",
      answers: { 200: { description: "Prometheus text format 0.0.4", type: "text/plain" } },
    },
    async (c) => {
      await requireOps(c.env, c.req.header("authorization"), c.get("now"));
      const text = await readMetrics(c.env, c.get("now"));
      return c.body(text, 200, { "Content-Type": CONTENT_TYPE });
    },
  );

  route(
    app,
    {
      method: "get",
      path: "/openapi.json",
      summary: "This document",
      auth: "none",
      answers: { 200: { description: "OpenAPI 3.1", type: "application/json" } },
    },
    (c) => c.json(openapi()),
  );

  route(
    app,
    {
      method: "get",
      path: "/schema/hunt.json",
      summary: "The JSON Schema of hunt definitions",
      auth: "none",
      answers: { 200: { description: "JSON Schema", type: "application/schema+json" } },
    },
    (c) => c.json(huntJsonSchema(), 200, { "Content-Type": "application/schema+json" }),
  );
}
