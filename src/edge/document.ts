/**
 * The OpenAPI 3.1 document of every declared route. Zod itself makes the
 * schemas: the generator of `@hono/zod-openapi` does not know optional keys
 * that may not be `undefined` (`exactOptional`), and calls them required.
 */
import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { clientFrame, serverFrame } from "../contract/live.ts";
import { problem } from "../contract/problem.ts";
import { ERRORS, type ErrorCode } from "../errors.ts";
import { type Extras, extrasOf, writtenPath } from "./declare.ts";
import type { App } from "./request.ts";

type Json = Record<string, unknown>;

/** The document's JSON for clients at `origin`; made once but for that, because the routes do not change. */
export function documentOf(app: App): (origin: string) => string {
  let document: string | undefined;
  return (origin) => {
    document ??= JSON.stringify(makeDocument(app));
    return `${document.slice(0, -1)},"servers":${JSON.stringify([{ url: origin }])}}`;
  };
}

function makeDocument(app: App): object {
  const components: Json = {};
  const problemRef = schemaOf(problem, components, "response");
  schemaOf(clientFrame, components, "request");
  schemaOf(serverFrame, components, "response");
  const paths: Record<string, Json> = {};
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== "route") continue;
    const route = definition.route as RouteConfig;
    const written = writtenPath(route.path);
    const path = paths[written] ?? {};
    paths[written] = path;
    path[route.method] = operationOf(route, extrasOf(route), components, problemRef);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Treasure-hunt engine",
      version: "1",
      description:
        "Hunts, players, events and standings at the edge. Every error is application/problem+json; 429 and 503 carry Retry-After and may be sent again unchanged. Requests are strict; responses may gain fields. Frames of the live socket: ClientFrame and ServerFrame.",
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        organiser: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-organiser" },
        player: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-player" },
        ops: { type: "http", scheme: "bearer", bearerFormat: "JWT, aud hunt-ops" },
      },
    },
  };
}

function operationOf(route: RouteConfig, extras: Extras, components: Json, problemRef: object): Json {
  const { tokens, roles, told } = extras;
  const responses: Record<string, object> = {};
  for (const [status, { description, schema, type, line, also = {} }] of Object.entries(told)) {
    const of = schema ?? line;
    const contentOf = (each: z.ZodType | undefined): Json =>
      each ? { schema: schemaOf(each, components, "response") } : {};
    const others = Object.entries(also).map(([other, each]) => [other, contentOf(each)]);
    responses[status] = {
      description,
      ...(of || type
        ? { content: { [type ?? "application/json"]: contentOf(of), ...Object.fromEntries(others) } }
        : {}),
    };
  }
  for (const code of errorsOf(extras)) {
    const { status, title } = ERRORS[code];
    responses[status] = {
      description: title,
      content: { "application/problem+json": { schema: problemRef } },
    };
  }
  const body = bodyOf(extras, components);
  return {
    tags: [tagOf(tokens, writtenPath(route.path))],
    summary: route.summary,
    ...(tokens.length === 0 ? {} : { security: tokens.map((kind) => ({ [kind]: [] })) }),
    ...(roles === undefined ? {} : { "x-roles": roles }),
    parameters: [
      ...parametersOf(extras.params, "path", components),
      ...parametersOf(extras.query, "query", components),
      ...parametersOf(extras.headers, "header", components),
    ],
    ...(body ? { requestBody: body } : {}),
    responses,
  };
}

/** What a reader looks for it under: who calls it, and of the many routes of organisers what they are about. */
function tagOf(tokens: readonly string[], path: string): string {
  const [kind] = tokens;
  if (kind === undefined) return "Everybody";
  if (kind !== "organiser") return kind === "player" ? "Players" : "Operations";
  const [about] = path.replace(/^\/v1\/(?:hunts\/\{hunt\}\/)?/, "").split("/");
  return `Organisers: ${about?.startsWith("{") ? "hunts" : about}`;
}

function errorsOf({ tokens, names, query, json, body, errors }: Extras): ErrorCode[] {
  const hasBody = json !== undefined || body !== undefined;
  return [
    ...(tokens.length === 0 ? [] : (["unauthenticated", "forbidden"] as const)),
    ...(names.length > 0 ? (["not_found"] as const) : []),
    ...(hasBody ? (["bad_request", "timeout", "payload_too_large", "unsupported_media_type"] as const) : []),
    ...(hasBody || query ? (["invalid"] as const) : []),
    ...errors,
    "rate_limited",
    "overloaded",
  ];
}

function bodyOf({ json, body, emptyBody, maxBytes }: Extras, components: Json): Json | undefined {
  const head = { required: !emptyBody, ...(maxBytes === undefined ? {} : { "x-max-bytes": maxBytes }) };
  if (body) {
    const content = body.line ? { schema: schemaOf(body.line, components, "request") } : {};
    const also = Object.entries(body.also ?? {}).map(([type, schema]) => [
      type,
      { schema: schemaOf(schema, components, "request") },
    ]);
    return { ...head, content: Object.fromEntries([...body.types.map((type) => [type, content]), ...also]) };
  }
  return (
    json && { ...head, content: { "application/json": { schema: schemaOf(json, components, "request") } } }
  );
}

function parametersOf(
  of: z.ZodType | undefined,
  where: "path" | "query" | "header",
  components: Json,
): Json[] {
  if (!of) return [];
  const { properties = {}, required = [] } = schemaOf(of, components, "request") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

/**
 * The JSON Schema of `schema`; those with an id go into `components` and are
 * referred to. Responses may gain fields, so their objects are left open.
 */
function schemaOf(schema: z.ZodType, components: Json, side: "request" | "response"): Json {
  const {
    $schema: _,
    $defs = {},
    ...made
  } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (side === "response" && jsonSchema.additionalProperties === false) {
        delete jsonSchema.additionalProperties;
      }
      // The format says it.
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  }) as Json & { $defs?: Json };
  for (const [id, definition] of Object.entries($defs)) components[id] = referring(definition);
  const { id } = schema.meta() ?? {};
  if (id === undefined || "$ref" in made) return referring(made) as Json;
  components[id] = referring(made);
  return { $ref: `#/components/schemas/${id}` };
}

/** References as the document writes them; ids are the components' names there. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    if (key === "$ref" && typeof inner === "string") {
      return [[key, inner.replace("#/$defs/", "#/components/schemas/")]];
    }
    return [[key, referring(inner)]];
  });
  return Object.fromEntries(entries);
}
