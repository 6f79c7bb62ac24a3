/**
 * A route as it is declared: what stands here is checked before the handler
 * runs, and is what /openapi.json says, because both are the same object.
 *
 *   app.openapi(
 *     declared({
 *       method: "post",
 *       path: "/v1/hunts/{hunt}/phase",
 *       summary: "Start, pause, resume or end the hunt",
 *       role: organiser,
 *       json: phaseBody,
 *       responses: { 200: { description: "In force everywhere", schema: phaseNow } },
 *       errors: ["not_found", "conflict", "unavailable"],
 *     }),
 *     async (c) => c.json({ phase: c.req.valid("json").phase }, 200),
 *   );
 *
 * In this order: token and role, names in the path, size and type of the body,
 * query, headers, the body's schema. `@hono/zod-openapi` checks the schemas and
 * types the handler and its response. What it does not do is done here: tokens,
 * bounded bodies, and refusals as problems of ours.
 */
import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Context, Handler, MiddlewareHandler, ValidationTargets } from "hono";
import { z } from "zod";
import { id, slug } from "../contract/basics.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import { check, issuesOf } from "../intake/check.ts";
import { BODY_BYTES, mediaType, readJsonText } from "./body.ts";
import { identify, prepare } from "./headers.ts";
import { meterOf } from "./measure.ts";
import type { App, AppEnv, Asked, Request$ } from "./request.ts";
import { playerOf, type Role } from "./roles.ts";

export interface ResponseOf {
  description: string;
  /** Of a JSON response. */
  schema?: z.ZodType;
  /** Of any other: its media type. */
  type?: string;
  /** Of a streamed response: a line of it. */
  line?: z.ZodType;
}

type Responses = Record<number, ResponseOf>;

interface Declaration<
  Path extends string,
  Variables extends object,
  Query extends z.ZodType | undefined,
  Headers extends z.ZodType | undefined,
  Json extends z.ZodType | undefined,
  Told extends Responses,
> {
  method: "get" | "put" | "post";
  /** With `{name}` parameters, as OpenAPI writes them. */
  path: Path;
  summary: string;
  role: Role<Variables>;
  /** Strict: an unknown key is `invalid`. Default: the route has no query. */
  query?: Query;
  /** The query is not looked at: what monitors and browsers call. */
  anyQuery?: true;
  headers?: Headers;
  /** A JSON body. */
  json?: Json;
  /** A body of another type, which the handler reads. `line`: one of its lines, if it is NDJSON. */
  body?: { types: readonly string[]; line?: z.ZodType };
  /** Longest body, bytes. Default: 64 KiB. */
  maxBytes?: number;
  responses: Told;
  /** Beyond those that follow from token, path, query and body. */
  errors?: readonly ErrorCode[];
}

/** What the document tells of a route beside what the library keeps of it. */
export interface Extras {
  tokens: Role["tokens"];
  errors: readonly ErrorCode[];
  maxBytes: number | undefined;
  body: { types: readonly string[]; line?: z.ZodType } | undefined;
  told: Responses;
}

/** By the responses, the one object that the library keeps as it was. */
const extras = new WeakMap<object, Extras>();

/** What was declared of a route, by its path's operation as the registry has it. */
export const extrasOf = (route: RouteConfig): Extras => {
  const known = extras.get(route.responses);
  if (!known) throw new Error(`${route.method} ${route.path} was not declared here`);
  return known;
};

type JsonOf<Schema extends z.ZodType> = { "application/json": { schema: Schema } };
type TypedResponses<Told extends Responses> = {
  [Status in keyof Told]: Told[Status] extends { schema: infer Schema extends z.ZodType }
    ? { description: string; content: JsonOf<Schema> }
    : { description: string };
};
type NamesOf<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesOf<Rest> : never;
type TypedRequest<Path, Query, Headers, Json> = {
  params: z.ZodObject<Record<NamesOf<Path>, z.ZodString>>;
} & (Query extends z.ZodType ? { query: Query } : object) &
  (Headers extends z.ZodType ? { headers: Headers } : object) &
  (Json extends z.ZodType ? { body: { required: true; content: JsonOf<Json> } } : object);

/** What names in a path must be: of what is no such name there is nothing. */
const PARAMETERS: Record<string, { schema: z.ZodType; missing: string }> = {
  hunt: { schema: slug.describe("The hunt"), missing: "no such hunt" },
  prize: { schema: slug.meta({ description: "The prize", examples: ["lantern"] }), missing: "no such prize" },
  team: { schema: id.describe("The team"), missing: "no such team" },
};

/** No key is known. */
const NO_QUERY = z.strictObject({});

/** The route's configuration for `app.openapi`. */
export function declared<
  const Path extends string,
  Variables extends object,
  const Told extends Responses,
  Query extends z.ZodType | undefined = undefined,
  Headers extends z.ZodType | undefined = undefined,
  Json extends z.ZodType | undefined = undefined,
>(declaration: Declaration<Path, Variables, Query, Headers, Json, Told>) {
  const { method, path, summary, role, query, anyQuery, headers, json, body, responses } = declaration;
  const maxBytes = declaration.maxBytes ?? (json || body ? BODY_BYTES : undefined);
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const request = {
    ...(names.length > 0 ? { params: z.object(Object.fromEntries(names.map(parameterOf))) } : {}),
    ...(query ? { query } : anyQuery ? {} : { query: NO_QUERY }),
    ...(headers ? { headers } : {}),
    ...(json ? { body: { required: true, content: { "application/json": { schema: json } } } } : {}),
  };
  const config = {
    method,
    path,
    summary,
    request: request as unknown as TypedRequest<Path, Query, Headers, Json>,
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { description, schema }]) => [
        status,
        schema ? { description, content: { "application/json": { schema } } } : { description },
      ]),
    ) as TypedResponses<Told>,
    middleware: [
      entered(method, path),
      role.check,
      named(names, method),
      ...(json ? [jsonBody(maxBytes ?? BODY_BYTES)] : body ? [typedBody(body.types)] : []),
    ] as unknown as [Role<Variables>["check"]],
  };
  extras.set(config.responses, {
    tokens: role.tokens,
    errors: declaration.errors ?? [],
    maxBytes,
    body,
    told: responses,
  });
  return createRoute(config);
}

const parameterOf = (name: string): [string, z.ZodType] => {
  const known = PARAMETERS[name];
  if (!known) throw new Error(`a path names {${name}}, and nothing says what that may be`);
  return [name, known.schema];
};

/**
 * Registers a route that carries the crowd: declared like the others, but its
 * one handler runs without middleware and makes its own response (`jsonText`),
 * because every layer costs as much as a small route. The handler asks for the
 * token itself (`playerOf`); an unknown key of the query is refused here.
 */
export function crowd(app: App, route: RouteConfig, handler: (c: Request$) => Promise<Response>): void {
  const { middleware: _, ...documented } = route;
  app.openAPIRegistry.registerPath(documented);
  const method = route.method.toUpperCase();
  const requests = meterOf(method, route.path);
  // A route with a query of its own reads it in its handler, which may know the text already.
  const noQuery = route.request?.query === NO_QUERY;
  const { tokens } = extrasOf(route);
  const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
  app.on(method, path, ((c: Request$) => {
    identify(c);
    const asked = noQuery && c.req.raw.url.includes("?") ? refuseQuery(c, tokens) : undefined;
    return (asked ? asked.then(() => handler(c)) : handler(c)).then((response) => {
      requests.answered(c, response.status);
      return response;
    });
  }) as Handler);
}

/** Refuses a query where none is known; a wrong token is told before it. */
async function refuseQuery(c: Request$, tokens: Role["tokens"]): Promise<void> {
  if (tokens.includes("player")) await playerOf(c);
  check(NO_QUERY, c.req.query());
}

/** Gives the request its id, its time and the response's headers, and counts it. */
function entered(method: string, path: string): MiddlewareHandler<AppEnv> {
  const requests = meterOf(method.toUpperCase(), path);
  return async (c, next) => {
    prepare(c);
    await next();
    // An error was counted where it became a problem.
    if (c.error === undefined) requests.answered(c, c.res.status);
  };
}

/** A name that nothing can have is not there. Whoever makes a hunt is told what is wrong with its name instead. */
function named(names: readonly string[], method: string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    for (const name of names) {
      const parameter = PARAMETERS[name];
      const value = c.req.param(name as never) as string | undefined;
      if (parameter && !parameter.schema.safeParse(value).success) {
        if (method === "put" && name === "hunt") check(z.object({ hunt: slug }), { hunt: value });
        throw new RequestError("not_found", parameter.missing);
      }
    }
    await next();
  };
}

/** Reads the JSON body within its bound, before the library parses it. */
function jsonBody(maxBytes: number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    c.req.bodyCache.text = Promise.resolve(await readJsonText(c.req.raw, maxBytes)) as never;
    await next();
  };
}

function typedBody(types: readonly string[]): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!types.includes(mediaType(c.req.raw))) {
      throw new RequestError("unsupported_media_type", `send ${types.join(" or ")}`);
    }
    await next();
  };
}

/** What fails a schema, as a problem: the hook of every declared route. */
export function refuseInvalid(
  result: { target: keyof ValidationTargets; success: boolean; error?: z.ZodError },
  _: Context<{ Bindings: AppEnv["Bindings"]; Variables: Asked }>,
): void {
  if (result.success || !result.error) return;
  const issues = issuesOf(result.error);
  if (result.target === "header") {
    throw new RequestError("bad_request", `${issues[0]?.path}: ${issues[0]?.message}`);
  }
  if (result.target === "param") throw new RequestError("not_found", "no such thing");
  throw new RequestError("invalid", "the content does not have the right form", issues);
}
