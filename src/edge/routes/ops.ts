/** The engine itself: health, readiness, the origin, metrics, this API's documents, settings of the pages. */
import { lookupCounts } from "../../cache/registration.ts";
import { configOf } from "../../config.ts";
import { advice, alive, keys, originState, pages, ready } from "../../contract/ops.ts";
import { adviceOf } from "../../control/advice/read.ts";
import { backlogOf } from "../../control/backlog.ts";
import { missingKeys } from "../../control/keys.ts";
import { huntJsonSchema } from "../../hunt/definition.ts";
import { calling, directoryStub } from "../../objects/call.ts";
import { gateOf } from "../../objects/gate.ts";
import { faultsOf } from "../../secrets.ts";
import { readMetrics } from "../../telemetry/read.ts";
import { CONTENT_TYPE } from "../../telemetry/text.ts";
import { declared } from "../declare.ts";
import { documentOf } from "../document.ts";
import { iso } from "../hunt.ts";
import { type App, publicOrigin } from "../request.ts";
import { anyone, open, ops, organiser } from "../roles.ts";
import { issuerOfCodes } from "../sign-in.ts";

export function opsRoutes(app: App): void {
  app.openapi(
    declared({
      method: "get",
      path: "/healthz",
      summary: "The engine responds",
      role: open,
      anyQuery: true,
      responses: { 200: { description: "Alive", schema: alive } },
    }),
    (c) => c.json({ ok: true as const }, 200),
  );

  app.openapi(
    declared({
      method: "get",
      path: "/readyz",
      summary: "Readiness by dependency",
      // Asks objects that there are one of, without a token: within an address's rate.
      role: anyone,
      anyQuery: true,
      responses: {
        200: { description: "Ready", schema: ready },
        503: { description: "Not ready", schema: ready },
      },
    }),
    async (c) => {
      const responds = async (ask: () => Promise<unknown>): Promise<boolean> => {
        try {
          await ask();
          return true;
        } catch (error) {
          console.warn({ message: "not ready", error: String(error) });
          return false;
        }
      };
      const [objects, kv, origin, secrets] = await Promise.all([
        responds(() => directoryStub(c.env).list()),
        responds(() => c.env.CACHE.get("readyz")),
        // What the gate knows: asking the origin itself would let anybody burden it.
        responds(async () => {
          const { state } = await gateOf(c.env).status();
          if (state !== "closed") throw new Error(`the origin's gate is ${state}`);
        }),
        responds(async () => {
          const faults = faultsOf(c.env);
          if (faults.length > 0) throw new Error(faults.join("; "));
        }),
      ]);
      const dependencies = { objects, kv, origin, secrets };
      // The origin may be away: players notice nothing, so it does not count.
      if (objects && kv && secrets) return c.json({ ok: true, dependencies }, 200);
      return c.json({ ok: false, dependencies }, 503);
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/pages",
      summary: "What the pages need to know of this deployment",
      role: open,
      responses: { 200: { description: "Settings", schema: pages } },
    }),
    (c) => {
      const { MAP_TILES, ACCESS_TEAM_URL, ACCESS_AUD } = configOf(c.env);
      const oidc = issuerOfCodes(c.env);
      return c.json(
        {
          ...(MAP_TILES === "" ? {} : { mapTiles: MAP_TILES }),
          ...(ACCESS_TEAM_URL === "" || ACCESS_AUD === "" ? {} : { access: true as const }),
          ...(oidc === undefined ? {} : { oidc: new URL(oidc.issuer).host }),
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/ops/advice",
      summary: "Limits of the engine that come near, and what to change, for organisers and ops tokens",
      role: ops,
      responses: { 200: { description: "The nearest limit first", schema: advice } },
      errors: ["unavailable"],
    }),
    async (c) => c.json({ advice: await calling(() => adviceOf(c.env, c.get("now"))) }, 200),
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/ops/origin",
      summary: "The origin: its gate, and what it has not yet of the shards' logs",
      role: organiser,
      responses: { 200: { description: "State, the last ten seconds, backlog", schema: originState } },
      errors: ["unavailable"],
    }),
    async (c) => {
      const [{ state, since, window }, backlog] = await Promise.all([
        calling(() => gateOf(c.env).status()),
        calling(() => backlogOf(c.env, c.get("now"))),
      ]);
      return c.json(
        {
          state,
          since: iso(since),
          window,
          driver: configOf(c.env).ORIGIN,
          backlog,
          // Of the isolate that responds, since it started.
          lookups: { ...lookupCounts() },
        },
        200,
      );
    },
  );

  app.openapi(
    declared({
      method: "get",
      path: "/v1/ops/keys",
      summary: "Keys that hunts were made with and that the secrets no longer have",
      role: organiser,
      responses: { 200: { description: "Per hunt and key", schema: keys } },
      errors: ["unavailable"],
    }),
    async (c) => c.json(await calling(() => missingKeys(c.env)), 200),
  );

  app.openapi(
    declared({
      method: "get",
      path: "/metrics",
      summary: "Metrics as Prometheus text, for organisers and ops tokens",
      role: ops,
      anyQuery: true,
      responses: { 200: { description: "Prometheus text format 0.0.4", type: "text/plain" } },
    }),
    async (c) => {
      const text = await readMetrics(c.env, c.get("now"));
      return c.body(text, 200, { "Content-Type": CONTENT_TYPE });
    },
  );

  const document = documentOf(app);
  /** Made once, as it takes milliseconds and anybody may ask for it. */
  let schemaText: string | undefined;
  app.openapi(
    declared({
      method: "get",
      path: "/openapi.json",
      summary: "This document",
      // A large text: within an address's rate.
      role: anyone,
      anyQuery: true,
      responses: { 200: { description: "OpenAPI 3.1", type: "application/json" } },
    }),
    (c) => c.body(document(publicOrigin(c)), 200, { "Content-Type": "application/json" }),
  );

  app.openapi(
    declared({
      method: "get",
      path: "/schema/hunt.json",
      summary: "The JSON Schema of hunt definitions",
      role: anyone,
      anyQuery: true,
      responses: { 200: { description: "JSON Schema", type: "application/schema+json" } },
    }),
    (c) => {
      schemaText ??= JSON.stringify(huntJsonSchema());
      return c.body(schemaText, 200, { "Content-Type": "application/schema+json" });
    },
  );
}
