/**
 * Routes with their documentation: what is registered here is what
 * `/openapi.json` says, because both come from the same call.
 */
import type { Context, Hono } from "hono";
import { z } from "zod";
import { ERRORS, type ErrorCode } from "../errors.ts";
import type { Env } from "../objects/env.ts";
import { meterOf } from "./measure.ts";
import { identify, prepare } from "./prepare.ts";
import { problem } from "./schemas.ts";

export type App = Hono<{ Bindings: Env; Variables: { requestId: string; now: number } }>;
export type Request$ = Context<{ Bindings: Env; Variables: { requestId: string; now: number } }>;

export interface RouteSpec {
  method: "get" | "put" | "post";
  /** With `{name}` parameters, as OpenAPI writes them. */
  path: string;
  summary: string;
  auth: "none" | "player" | "organiser" | "ops";
  query?: z.ZodObject;
  body?: { types: string[]; schema?: z.ZodType };
  answers: Record<number, { description: string; schema?: z.ZodType; type?: string }>;
  errors?: ErrorCode[];
  /** The handler makes its answer with `jsonText`: for the routes that carry the crowd. */
  hot?: true;
}

/** The tokens that open a route. */
const ACCEPTED = { player: ["player"], organiser: ["organiser"], ops: ["ops", "organiser"] } as const;

const specs: RouteSpec[] = [];

/** Registers a route and documents it. */
export function route(
  app: App,
  spec: RouteSpec,
  handler: (c: Request$) => Response | Promise<Response>,
): void {
  specs.push(spec);
  const begin = spec.hot ? identify : prepare;
  const requests = meterOf(spec.method.toUpperCase(), spec.path);
  const counted = (c: Request$, answer: Response): Response => {
    requests.answered(c, answer.status);
    return answer;
  };
  app.on(
    spec.method.toUpperCase(),
    spec.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    (c: Request$): Response | Promise<Response> => {
      begin(c);
      const answer = handler(c);
      return answer instanceof Promise ? answer.then((response) => counted(c, response)) : counted(c, answer);
    },
  );
}

let document: object | undefined;

/** The OpenAPI 3.1 document of every registered route. */
export function openapi(): object {
  document ??= {
    openapi: "3.1.0",
    info: {
      title: "Treasure-hunt engine",
      version: "1",
      description:
        "Hunts, players, events and standings at the edge. Every error is application/problem+json; 429 and 503 carry Retry-After and may be sent again unchanged.",
    },
    paths: pathsOf(specs),
    components: {
      schemas: { Problem: schemaOf(problem) },
      securitySchemes: {
        organiser: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-organiser" },
        player: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-player" },
        ops: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-ops" },
      },
    },
  };
  return document;
}

function pathsOf(routes: readonly RouteSpec[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const spec of routes) {
    paths[spec.path] ??= {};
    const path = paths[spec.path] ?? {};
    path[spec.method] = operationOf(spec);
  }
  return paths;
}

function operationOf(spec: RouteSpec): object {
  const errors: ErrorCode[] = [
    ...(spec.auth === "none" ? [] : (["unauthenticated", "forbidden"] as const)),
    // A name that is no slug is an unknown hunt on every route.
    ...(spec.path.includes("{hunt}") ? (["not_found"] as const) : []),
    ...(spec.body
      ? (["bad_request", "payload_too_large", "unsupported_media_type", "invalid"] as const)
      : []),
    ...(spec.errors ?? []),
    "rate_limited",
    "overloaded",
  ];
  const responses: Record<string, object> = {};
  for (const [status, answer] of Object.entries(spec.answers)) {
    const type = answer.type ?? "application/json";
    responses[status] = {
      description: answer.description,
      ...(answer.schema || answer.type
        ? { content: { [type]: answer.schema ? { schema: schemaOf(answer.schema) } : {} } }
        : {}),
    };
  }
  for (const code of errors) {
    const { status, title } = ERRORS[code];
    responses[status] = {
      description: title,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  const inPath = [...spec.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  return {
    summary: spec.summary,
    ...(spec.auth === "none" ? {} : { security: ACCEPTED[spec.auth].map((kind) => ({ [kind]: [] })) }),
    parameters: [...inPath, ...queryOf(spec.query)],
    ...(spec.body
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              spec.body.types.map((type) => [
                type,
                spec.body?.schema ? { schema: schemaOf(spec.body.schema) } : {},
              ]),
            ),
          },
        }
      : {}),
    responses,
  };
}

function queryOf(query: z.ZodObject | undefined): object[] {
  if (!query) return [];
  const { properties = {} } = schemaOf(query) as { properties?: Record<string, object> };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}

const schemaOf = (schema: z.ZodType): object =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
