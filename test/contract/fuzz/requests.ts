/**
 * Requests made from the document: for each operation one that is good, or good
 * but for one to three faults in path, query, headers, token, body or framing.
 * Which one is a matter of the draws alone.
 */
import type { Draw } from "../../hunt/random.ts";
import { pick } from "../../hunt/random.ts";
import type { ApiDocument } from "../client.ts";
import { type Known, type Schema, Values } from "./values.ts";

export interface Member {
  hunt: string;
  token: string;
  team: string;
}

/** What there is for requests to be about. */
export interface World {
  /** By what is done to them: some acts would end the game for all others. */
  hunts: { played: readonly string[]; changed: readonly string[]; imported: readonly string[] };
  members: readonly Member[];
  /** Teams that may be banned and hidden, and whose players may be signed out. */
  spared: readonly Member[];
  definitions: readonly object[];
  organiser: string;
  /** Good for something else, or no longer good for anything. */
  otherTokens: readonly string[];
  known: Known;
}

export interface Sent {
  /** `POST /v1/hunts/{hunt}/events`. */
  operation: string;
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer | undefined;
  framing: "length" | "chunked" | "short" | "long" | "cut" | "broken";
  /** Its form is none of HTTP: the platform may refuse it before the engine sees it, or close. */
  malformed: boolean;
  /** A good token of an organiser was sent. */
  organiser: boolean;
}

interface Content {
  type: string;
  schema: Schema | undefined;
}

interface Operation {
  name: string;
  method: string;
  template: string;
  opens: string[];
  query: { name: string; schema: Schema }[];
  headers: string[];
  contents: Content[];
}

/** What costs as much as all of the hunt's log is asked more rarely, by this factor. */
const DEAR = /\/(?:export|verify|rearchive|stats|codes)$/;
const DEAR_FACTOR = 8;

/** Acts that end or rebuild a hunt: on hunts that are there for it. */
const CHANGING = /^(?:POST .*\/(?:phase|shards)|PUT .*)$/;
const IMPORTING = /\/import$/;
const BANNING = /\/(?:ban|hide|return)$/;
/** Its player is signed out by it. */
const ENDING = /\/sessions\/end$/;

/** Longest frame of a client. */
const FRAME_BYTES = 4_096;

const MEDIA_TYPES = [
  ...["", ";", "a", "text/plain", "text/html", "application/json; charset=utf-16", "application/JSON"],
  ...["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json, text/plain"],
  ...[
    "application/problem+json",
    "application/x-ndjson",
    "application/yaml",
    "\u00ff/\u00ff",
    "x".repeat(3_000),
  ],
];

const METHODS = [
  "HEAD",
  "OPTIONS",
  "PATCH",
  "DELETE",
  "PUT",
  "POST",
  "GET",
  "TRACE",
  "PROPFIND",
  "BREW",
  "QUERY",
];

/** workerd refuses these by itself. */
const UNKNOWN_METHODS = ["BREW"];

const ODD_PATHS: ((path: string) => string)[] = [
  (path) => path.replace(/(?<=.)\/(?=[^/]*$)/, "%2F"),
  (path) => path.replace(/(?<=.)\/(?=[^/]*$)/, "%2f%2e%2e%2f"),
  (path) => `${path}%00`,
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.replaceAll("/", "//"),
  (path) => `${path}/..`,
  (path) => path.replace("/v1/", "/v1/x/../"),
  (path) => path.replace("/v1/", "/%76%31/"),
  (path) => `${path}%zz`,
  (path) => `${path}%`,
  (path) => `${path}%c0%af`,
  (path) => `${path}%ff%fe`,
  (path) => `${path};a=b`,
  (path) => `${path}%0d%0aX-Injected:%201`,
  (path) => `${path}/${"x".repeat(3_000)}`,
  (path) => path.toUpperCase(),
  (path) => path.replace(/[^/]+$/, "__proto__"),
  (path) => path.replace(/[^/]+$/, "%F0%9F%A7%AD"),
  (path) => path.replace(/[^/]+$/, "constructor"),
  (path) => path.split("/").slice(0, -1).join("/") || "/",
  (path) => path.replaceAll(/[a-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
];

const ODD_QUERIES = [
  ...["?", "?&&&", "?=", "?a", "?__proto__=1", "?constructor[prototype]=1", "?limit=1&limit=2", "?limit[]=1"],
  ...[
    "?limit=1e9",
    "?limit=-1",
    "?limit=NaN",
    "?offset=99999999999999999999",
    "?cursor=%00",
    "?cursor=__proto__",
  ],
  ...[
    "?around=%F0%9F%A7%AD",
    "?bracket=",
    "?dryRun=maybe",
    "?%ff=%fe",
    "?%",
    "?a=%zz",
    `?a=${"x".repeat(5_000)}`,
  ],
  ...[
    "?search=%25%27%22",
    "?minutes=1e400",
    "?active=%0a",
    "?since=0.0",
    "?ticket=x",
    "?token=x",
    "?limit=0x10",
  ],
];

const ODD_HEADERS: [string, string][] = [
  ["Origin", "https://evil.example"],
  ["Origin", "null"],
  ["X-Forwarded-For", "127.0.0.1"],
  ["X-Forwarded-For", `${"1.2.3.4, ".repeat(200)}::1`],
  ["Forwarded", "for=1;host=evil"],
  ["X-HTTP-Method-Override", "PUT"],
  ["X-Original-URL", "/v1/hunts"],
  ["Accept", "text/html"],
  ["Accept", "\u00ff"],
  ["Accept-Encoding", "gzip, br, zstd"],
  ["Content-Encoding", "gzip"],
  ["Content-Encoding", "br"],
  ["Range", "bytes=0-1,5-"],
  ["If-None-Match", "*"],
  ["If-None-Match", '"1'],
  ["If-Modified-Since", "Sat, 29 Feb 2099 25:61:61 GMT"],
  ["If-Match", "*"],
  ["If-Match", 'W/"0"'],
  ["If-Match", '"99999999999999999999"'],
  ["Cookie", `a=${"b".repeat(4_000)}`],
  ["Idempotency-Key", "short"],
  ["Idempotency-Key", "a key with spaces, and more than 16"],
  ["Idempotency-Key", "k".repeat(5_000)],
  [
    "Idempotency-Key",
    "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
  ],
  ["X-Request-Id", "../../x"],
  ["Upgrade-Insecure-Requests", "1"],
  ["Sec-Fetch-Site", "cross-site"],
  ["Access-Control-Request-Method", "PUT"],
  ["Access-Control-Request-Headers", "x-evil"],
  ["__proto__", "x"],
  ["constructor", "x"],
];

const YAML = [
  "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]",
  "--- !!js/function 'function(){}'",
  "a: 1\na: 2",
  "? {a: 1}\n: b",
  "a: *missing",
  "<<: {format: 1}",
  "%YAML 9.9\n---\n",
  "format: 1\n---\nformat: 1",
  "\t- a",
  `${"- ".repeat(3_000)}x`,
  `${"[".repeat(2_000)}`,
  "format: !!binary abc=",
  "format: .inf",
  "title: 2026-02-30",
  "__proto__: {format: 1}",
];

export class Requests {
  readonly operations: readonly Operation[];
  readonly #schemas: Record<string, object>;
  readonly #definition: { schema: Schema; schemas: Record<string, object> };

  constructor(document: ApiDocument, definitionSchema: object) {
    this.#schemas = document.components.schemas;
    const { $defs = {}, ...schema } = definitionSchema as { $defs?: Record<string, object> };
    this.#definition = { schema: schema as Schema, schemas: $defs };
    this.operations = operationsOf(document);
  }

  /** Seldom too long: such a frame closes its socket, and those after it come to nothing. */
  frame(draw: Draw, world: World): string | Uint8Array {
    const frame = this.#frame(draw, world);
    return frame.length <= FRAME_BYTES || draw(6) === 0 ? frame : this.frame(draw, world);
  }

  #frame(draw: Draw, world: World): string | Uint8Array {
    const values = new Values(this.#schemas, draw, world.known);
    const schema = { $ref: "#/components/schemas/ClientFrame" };
    switch (draw(10)) {
      case 0:
        return values.hostile();
      case 1:
        return mangled(draw, values.valid(schema));
      case 2:
      case 3:
      case 4:
        return values.valid(schema);
      default:
        return values.broken(schema);
    }
  }

  make(draw: Draw, world: World): Sent {
    let operation = pick(draw, this.operations);
    if (DEAR.test(operation.template) && draw(DEAR_FACTOR) > 0) operation = pick(draw, this.operations);
    const values = new Values(this.#schemas, draw, world.known);
    const faults = draw(10) < 4 ? 0 : 1 + draw(3);
    const kinds = [
      "body",
      "body",
      "body",
      "path",
      "query",
      "headers",
      "token",
      "method",
      "framing",
      "type",
    ] as const;
    const wrong = new Set(Array.from({ length: faults }, () => pick(draw, kinds)));

    const hunt = pick(draw, huntsOf(operation, world));
    const members = world.members.filter((member) => member.hunt === hunt);
    const path = operation.template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      if (name === "hunt") return hunt;
      if (name === "team") {
        const teams = BANNING.test(operation.template) ? world.spared : [...members, ...world.spared];
        return pick(draw, teams.length > 0 ? teams : world.spared).team;
      }
      return encodeURIComponent(String(pick(draw, world.known[name] ?? ["x"])));
    });
    const token = wrong.has("token")
      ? { value: brokenToken(draw, world), organiser: true }
      : tokenOf(draw, operation, world, ENDING.test(operation.template) ? sparedIn(world, hunt) : members);
    const headers: [string, string][] = token.value === undefined ? [] : [["Authorization", token.value]];
    if (token.value !== undefined && wrong.has("token") && draw(8) === 0)
      headers.push(["Authorization", token.value]);
    for (const name of operation.headers) {
      if (draw(3) === 0) headers.push([name, pick(draw, HEADER_VALUES[name] ?? ["x"])]);
    }
    if (wrong.has("headers")) {
      for (let more = 1 + draw(3); more > 0; more -= 1) headers.push(pick(draw, ODD_HEADERS));
    }
    const content = operation.contents.length > 0 ? pick(draw, operation.contents) : undefined;
    let body = content && this.#bodyOf(draw, values, world, content, wrong.has("body"));
    if (!content && wrong.has("body")) body = Buffer.from(values.hostile());
    if (body) {
      const type = wrong.has("type") ? pick(draw, MEDIA_TYPES) : (content?.type ?? "application/json");
      headers.push(["Content-Type", type]);
      if (wrong.has("type") && draw(6) === 0) headers.push(["Content-Type", pick(draw, MEDIA_TYPES)]);
    }
    const framing =
      body && wrong.has("framing")
        ? pick(draw, ["chunked", "chunked", "short", "long", "cut", "broken"] as const)
        : "length";
    const method = wrong.has("method") ? pick(draw, METHODS) : operation.method;
    return {
      operation: operation.name,
      method,
      target:
        (wrong.has("path") ? pick(draw, ODD_PATHS)(path) : path) +
        (wrong.has("query") ? brokenQuery(draw, values, operation) : queryOf(draw, values, operation)),
      headers,
      body,
      framing,
      malformed: (framing !== "length" && framing !== "chunked") || UNKNOWN_METHODS.includes(method),
      organiser: token.organiser,
    };
  }

  #bodyOf(draw: Draw, values: Values, world: World, { type, schema }: Content, broken: boolean): Buffer {
    const one = (): string => {
      if (!schema) return this.#definitionOf(draw, values, world, type, broken);
      return broken && draw(4) > 0 ? values.broken(schema) : values.valid(schema);
    };
    const lines = type === "application/json" || !schema ? 1 : draw(6);
    const text =
      lines === 1 ? one() : Array.from({ length: lines }, one).join(pick(draw, ["\n", "\r\n", "\n\n"]));
    return broken && draw(4) === 0 ? Buffer.from(mangled(draw, text)) : Buffer.from(text);
  }

  /** JSON is YAML as well. */
  #definitionOf(draw: Draw, values: Values, world: World, type: string, broken: boolean): string {
    const known = JSON.stringify(pick(draw, world.definitions));
    if (!broken) return known;
    if (type !== "application/json" && draw(3) === 0) return pick(draw, YAML);
    if (draw(4) === 0) return new Values(this.#definition.schemas, draw, {}).broken(this.#definition.schema);
    return values.broken({ enum: [JSON.parse(known) as object] });
  }
}

const HEADER_VALUES: Record<string, string[]> = {
  "if-match": ['"1"', '"2"', '"999"', "*", '"x"'],
  "idempotency-key": Array.from({ length: 30 }, (_, index) => `fuzz-key-of-a-join-${index}`),
};

function operationsOf(document: ApiDocument): Operation[] {
  const paths = document.paths as unknown as Record<string, Record<string, Record<string, unknown>>>;
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { security, parameters, requestBody } = operation as {
        security?: object[];
        parameters?: { name: string; in: string; schema: Schema }[];
        requestBody?: { content: Record<string, { schema?: Schema }> };
      };
      return {
        name: `${method.toUpperCase()} ${template}`,
        method: method.toUpperCase(),
        template,
        opens: (security ?? []).flatMap((one) => Object.keys(one)),
        query: (parameters ?? []).filter((parameter) => parameter.in === "query"),
        headers: (parameters ?? []).filter((parameter) => parameter.in === "header").map(({ name }) => name),
        contents: Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => ({ type, schema })),
      };
    }),
  );
}

function huntsOf({ name }: Operation, { hunts }: World): readonly string[] {
  if (CHANGING.test(name)) return hunts.changed;
  if (IMPORTING.test(name)) return hunts.imported;
  return hunts.played;
}

interface Token {
  /** The header's. */
  value: string | undefined;
  organiser: boolean;
}

const sparedIn = ({ spared }: World, hunt: string): readonly Member[] =>
  spared.filter((member) => member.hunt === hunt);

function tokenOf(draw: Draw, { opens }: Operation, { organiser }: World, members: readonly Member[]): Token {
  const kind = opens.length > 0 ? pick(draw, opens) : undefined;
  if (kind === undefined) return { value: undefined, organiser: false };
  if (kind === "player" && members.length > 0) {
    return { value: `Bearer ${pick(draw, members).token}`, organiser: false };
  }
  return { value: `Bearer ${organiser}`, organiser: true };
}

function brokenToken(draw: Draw, { organiser, members, otherTokens }: World): string | undefined {
  const token = pick(draw, [organiser, pick(draw, members).token, ...otherTokens]);
  const [head = "", payload = "", signature = ""] = token.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  return pick(draw, [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${token}`,
    `bearer ${token}`,
    `Bearer  ${token}`,
    `Basic ${token}`,
    token,
    `Bearer ${token}.`,
    `Bearer ${token.slice(0, -2)}`,
    `Bearer ${token} ${token}`,
    `Bearer ${none}.${payload}.`,
    `Bearer ${none}.${payload}.${signature}`,
    `Bearer ${head}.${Buffer.from('{"sub":"x","exp":99999999999}').toString("base64url")}.${signature}`,
    `Bearer ${head}.${payload.slice(0, -1)}A.${signature}`,
    `Bearer ${head}..${signature}`,
    "Bearer ..",
    `Bearer ${"x".repeat(5_000)}`,
    "Bearer \u00ff\u00fe",
  ]);
}

function queryOf(draw: Draw, values: Values, { query }: Operation): string {
  const given = query.filter(() => draw(3) === 0);
  if (given.length === 0) return "";
  return `?${given.map(({ name, schema }) => `${name}=${encoded(values.parameter(name, schema))}`).join("&")}`;
}

function brokenQuery(draw: Draw, values: Values, operation: Operation): string {
  const { query } = operation;
  if (query.length === 0 || draw(3) === 0) return pick(draw, ODD_QUERIES);
  const { name } = pick(draw, query);
  const value = encoded(values.hostile().slice(0, 3_000));
  return draw(3) === 0 ? `?${name}=${value}&${name}=${value}` : `?${name}=${value}`;
}

/** Half a surrogate becomes U+FFFD, as in a browser's URL. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** The text as bytes that are no such text any more. */
function mangled(draw: Draw, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const at = draw(bytes.length + 1);
  switch (draw(9)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 2:
      return Buffer.from(text, "utf16le");
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff, 0xc0, 0x80]), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([0xed, 0xa0, 0x80]), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([bytes, bytes]);
    case 6:
      return Buffer.from(Array.from({ length: 1 + draw(300) }, () => draw(256)));
    case 7:
      return Buffer.alloc(0);
    default: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[Math.min(at, changed.length - 1)] = draw(256);
      return changed;
    }
  }
}

/** The request as it goes over a connection of its own. */
export function bytesOf({ method, target, headers, body, framing }: Sent, host: string): Buffer {
  const all = [["Host", host], ...headers];
  let payload = body ?? Buffer.alloc(0);
  const half = payload.subarray(0, payload.length >> 1);
  switch (framing) {
    case "chunked":
      all.push(["Transfer-Encoding", "chunked"]);
      payload = Buffer.concat([chunk(half), chunk(payload.subarray(half.length)), Buffer.from("0\r\n\r\n")]);
      break;
    case "cut":
      all.push(["Transfer-Encoding", "chunked"]);
      payload = Buffer.concat([chunk(payload), chunk(half).subarray(0, 3)]);
      break;
    case "broken":
      all.push(["Transfer-Encoding", "chunked"]);
      payload = Buffer.concat([Buffer.from("zz\r\n"), payload, Buffer.from("\r\n-1\r\n\r\n")]);
      break;
    case "long":
      // More is announced than comes.
      all.push(["Content-Length", String(payload.length + 7)]);
      break;
    case "short":
      all.push(["Content-Length", String(half.length)]);
      break;
    default:
      if (body) all.push(["Content-Length", String(payload.length)]);
  }
  const head = `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), payload]);
}

/** An empty chunk would be the end. */
function chunk(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}
