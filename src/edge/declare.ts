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
 * query, headers, the body's schema. `@hono/zod-openapi` types the handler and
 * its response and keeps the list of routes. The checks are made here: its own
 * know neither tokens nor bounded bodies, parse JSON a second time, and refuse
 * content types that are JSON.
 */
import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import type { Handler, MiddlewareHandler } from "hono";
import { z } from "zod";
import { assetName } from "../contract/assets.ts";
import { id, slug } from "../contract/basics.ts";
import { type OrganiserRole, rolesOf, routeName } from "../contract/role-table.ts";
import { type ErrorCode, RequestError } from "../errors.ts";
import { check, issuesOf } from "../intake/check.ts";
import { BODY_BYTES, mediaType, readJson } from "./body.ts";
import { identify, prepare } from "./headers.ts";
import { huntEntry, huntOf } from "./hunt.ts";
import { meterOf } from "./measure.ts";
import { type App, type AppEnv, type Audience, queryOf, type Request$ } from "./request.ts";
import { playerOf, type Role } from "./roles.ts";

interface ResponseOf {
  description: string;
  /** Of a JSON response. */
  schema?: z.ZodType;
  /** Of any other: its media type. */
  type?: string;
  /** Of a streamed response: a line of it. */
  line?: z.ZodType;
  /** Other media types that a query asks for, with what they hold where it is JSON. */
  also?: Readonly<Record<string, z.ZodType | undefined>>;
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
  method: "get" | "put" | "post" | "patch" | "delete";
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
  /** A body of another type, which the handler reads. `line`: one of its lines, if it is NDJSON; `also`: as it may be instead. */
  body?: OtherBody;
  /** Longest body, bytes. Default: 64 KiB. */
  maxBytes?: number;
  responses: Told;
  /** Beyond those that follow from token, path, query and body. */
  errors?: readonly ErrorCode[];
  /** The response is one person's, though no token is asked for; of which kind. */
  personal?: "player" | "organiser";
  /** A request without a body counts as one with an empty object. */
  emptyBody?: true;
  /** Default: a hunt that the path names exists, else 404. `unchecked`: the handler looks, or makes it. */
  hunt?: "unchecked";
}

interface OtherBody {
  types: readonly string[];
  line?: z.ZodType;
  also?: Readonly<Record<string, z.ZodType>>;
}

/** What a request is checked by. */
interface Checks {
  method: string;
  /** Names in the path. */
  names: readonly string[];
  /** Undefined: it is not looked at. */
  query: z.ZodType | undefined;
  headers: z.ZodType | undefined;
  json: z.ZodType | undefined;
  emptyBody: boolean;
  body: OtherBody | undefined;
  /** Undefined: there is no body. */
  maxBytes: number | undefined;
  /** Whether the hunt that the path names is looked for, before any object is asked about it. */
  hunt: "surely" | "existing" | "unchecked";
}

/** What was declared of a route, for its checks and for the document. */
export interface Extras extends Checks {
  tokens: Role["tokens"];
  /** Of a route that organisers may call: which. */
  roles: readonly OrganiserRole[] | undefined;
  audience: Audience;
  params: z.ZodType | undefined;
  errors: readonly ErrorCode[];
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
  clue: { schema: slug.meta({ description: "The clue", examples: ["old-lamp"] }), missing: "no such clue" },
  page: { schema: slug.meta({ description: "The page", examples: ["rules"] }), missing: "no such page" },
  player: {
    schema: id.meta({ description: "The player", examples: ["p-3k9x0q2m4t7v"] }),
    missing: "no such player in this team",
  },
  thread: {
    schema: id.meta({ description: "The thread", examples: ["weur-0-1a-x7k2qm4tvb.1"] }),
    missing: "no such request",
  },
  submission: {
    schema: id.meta({ description: "The submission", examples: ["weur-0-1a-x7k2qm4tvb.17"] }),
    missing: "no such submission",
  },
  upload: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-]{22}$/)
      .meta({ description: "The file, as sending it gave it", examples: ["q3Zk0vXn2Wc8yT5bLr1aQg"] }),
    missing: "no such file",
  },
  announcement: {
    schema: id.meta({ description: "The announcement", examples: ["a-4kq0x"] }),
    missing: "no such announcement",
  },
  regrade: {
    schema: id.meta({ description: "The regrade", examples: ["7K2QM4TVBX9R3DEF"] }),
    missing: "there is no such regrade, or it is undone",
  },
  webhook: {
    schema: slug.meta({ description: "The webhook", examples: ["chat"] }),
    missing: "the hunt has no such webhook",
  },
  job: {
    schema: id.meta({
      description: "The job",
      examples: ["d-6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b"],
    }),
    missing: "no such job",
  },
  shard: {
    schema: z
      .string()
      .regex(/^[a-z]{1,8}(?:-[a-z]{1,8})?-\d{1,4}$/)
      .meta({ description: "The shard: the beginning of its teams' ids", examples: ["weur-0"] }),
    missing: "no such fact",
  },
  name: { schema: assetName, missing: "no such file" },
  digest: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-]{22}$/)
      .meta({ description: "The text's digest", examples: ["q3Zk0vXn2Wc8yT5bLr1aQg"] }),
    missing: "no such text",
  },
  seq: {
    schema: z
      .string()
      .regex(/^[1-9]\d{0,14}$/)
      .meta({ description: "The fact's number, as a result of the event tells it", examples: ["4711"] }),
    missing: "no such fact",
  },
};

/** Names that have slashes; the router is told so behind the name. */
const DEEP = /\{(name)\}/g;

/** A route's path as everybody but the router writes it. */
export const writtenPath = (path: string): string => path.replaceAll(/\{(\w+)\{[^{}]*\}\}/g, "{$1}");

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
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  const deep = path.replaceAll(DEEP, "{$1{.+}}") as Path;
  const checks: Checks = {
    method,
    names,
    query: query ?? (anyQuery ? undefined : NO_QUERY),
    headers,
    json,
    emptyBody: declaration.emptyBody ?? false,
    body,
    maxBytes: declaration.maxBytes ?? (json || body ? BODY_BYTES : undefined),
    hunt: huntCheckOf(names, role, declaration.hunt),
  };
  const audience = audienceOf(role, declaration.personal);
  const route = routeName(method, path);
  const config = {
    method,
    path: deep,
    summary,
    // Empty, so that the library checks nothing; its type is what `c.req.valid` gives.
    request: {} as TypedRequest<Path, Query, Headers, Json>,
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { description, schema }]) => [
        status,
        schema ? { description, content: { "application/json": { schema } } } : { description },
      ]),
    ) as TypedResponses<Told>,
    middleware: [entered(method, path, audience), role.checkFor(route), checked(checks)] as unknown as [
      ReturnType<Role<Variables>["checkFor"]>,
    ],
  };
  extras.set(config.responses, {
    ...checks,
    tokens: role.tokens,
    roles: role.tokens.includes("organiser") ? rolesOf(route) : undefined,
    audience,
    params: names.length > 0 ? z.object(Object.fromEntries(names.map(parameterOf))) : undefined,
    errors: declaration.errors ?? [],
    told: responses,
  });
  return createRoute(config);
}

function audienceOf(
  { tokens }: Pick<Role, "tokens">,
  personal: "player" | "organiser" | undefined,
): Audience {
  if (tokens.includes("player")) return "player";
  if (tokens.length > 0) return "organiser";
  return personal ?? "everyone";
}

/** A player's token names a hunt that there is. */
function huntCheckOf(
  names: readonly string[],
  { tokens }: Pick<Role, "tokens">,
  declared: "unchecked" | undefined,
): Checks["hunt"] {
  if (!names.includes("hunt") || tokens.includes("player")) return "unchecked";
  return declared ?? (tokens.length > 0 ? "surely" : "existing");
}

/** Whom the route's response is for that a preflight announces. */
export function audienceAt(app: App, method: string, path: string): Audience {
  const found = routesOf(app).find((route) => route.method === method.toUpperCase() && route.path.test(path));
  return found?.audience ?? "everyone";
}

interface RoutePattern {
  method: string;
  path: RegExp;
  audience: Audience;
}

const patterns = new WeakMap<App, RoutePattern[]>();

/** The declared routes, those with fewer names first: `/teams` is no `{team}`. */
function routesOf(app: App): RoutePattern[] {
  const known = patterns.get(app);
  if (known) return known;
  const made = app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== "route") return [];
    const { method, path } = definition.route;
    const { audience, names } = extrasOf(definition.route as RouteConfig);
    const written = writtenPath(path).replaceAll(".", "\\.");
    const pattern = new RegExp(`^${written.replaceAll(DEEP, ".+").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
    return [{ method: method.toUpperCase(), path: pattern, audience, names: names.length }];
  });
  made.sort((a, b) => a.names - b.names);
  patterns.set(app, made);
  return made;
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
  const { tokens, query, audience } = extrasOf(route);
  const noQuery = query === NO_QUERY;
  const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
  app.on(method, path, ((c: Request$) => {
    identify(c, audience);
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
  check(NO_QUERY, queryOf(c));
}

/** Gives the request its id, its time and the response's headers, and counts it. */
function entered(method: string, path: string, audience: Audience): MiddlewareHandler<AppEnv> {
  const requests = meterOf(method.toUpperCase(), path);
  return async (c, next) => {
    prepare(c, audience);
    await next();
    // An error was counted where it became a problem.
    if (c.error === undefined) requests.answered(c, c.res.status);
  };
}

/** Checks what was declared beside the token, and leaves it for `c.req.valid`. */
function checked({
  method,
  names,
  query,
  headers,
  json,
  emptyBody,
  body,
  maxBytes = 0,
  hunt,
}: Checks): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const makes = method === "put" && hunt === "unchecked";
    for (const name of names) checkName(name, c.req.param(name as never), makes);
    if (names.length > 0) c.req.addValidatedData("param", c.req.param());
    if (body) requireType(c.req.raw, [...body.types, ...Object.keys(body.also ?? {})]);
    const sent = json && (emptyBody && isEmpty(c.req.raw) ? {} : await readJson(c.req.raw, maxBytes));
    if (query) c.req.addValidatedData("query", check(query, queryOf(c)) as object);
    if (headers) c.req.addValidatedData("header", checkHeaders(headers, c.req.header()));
    if (json) c.req.addValidatedData("json", check(json, sent) as object);
    if (hunt !== "unchecked") await huntEntry(c.env, huntOf(c), c.get("now"), hunt === "surely");
    await next();
  };
}

/** Of no type and no length: what says that it is JSON must be. */
const isEmpty = ({ body, headers }: Request): boolean =>
  !headers.has("content-type") && (!body || headers.get("content-length") === "0");

/** A name that nothing can have is not there. Whoever makes a hunt is told what is wrong with its name instead. */
function checkName(name: string, value: unknown, makes: boolean): void {
  const parameter = PARAMETERS[name];
  if (!parameter || parameter.schema.safeParse(value).success) return;
  if (makes && (name === "hunt" || name === "name"))
    check(z.object({ [name]: parameter.schema }), { [name]: value });
  throw new RequestError("not_found", parameter.missing);
}

/** A body of any type: the handler looks at its bytes. */
export const ANY_TYPE = "*/*";

function requireType(request: Request, types: readonly string[]): void {
  if (types.includes(ANY_TYPE) || types.includes(mediaType(request))) return;
  throw new RequestError("unsupported_media_type", `send ${types.join(" or ")}`);
}

function checkHeaders(schema: z.ZodType, headers: Record<string, string>): object {
  const parsed = schema.safeParse(headers);
  if (parsed.success) return parsed.data as object;
  const [issue] = issuesOf(parsed.error);
  throw new RequestError("bad_request", `${issue?.path}: ${issue?.message}`);
}
