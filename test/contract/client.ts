/**
 * A client of a running engine that checks every answer against the contract:
 * each carries a request id; an error is a problem document whose parts agree;
 * a status and a body are what the engine's own OpenAPI document says of the
 * route. So every test of the engine also tests the document. What players do
 * and look at goes through the client library, one try each [LIB-6].
 */
import { expect } from "vitest";
import { z } from "zod";
import { HuntClient } from "../../client/src/index.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Verification } from "../../src/contract/data.ts";
import { exportLine, type ExportLine as Line } from "../../src/contract/export.ts";
import type { JoinBody, Joined } from "../../src/contract/join.ts";
import type { Me } from "../../src/contract/me.ts";
import type { PlayerEvent, Result, Results } from "../../src/contract/play.ts";
import type { ErrorCode, Problem } from "../../src/contract/problem.ts";
import type { Leaderboard } from "../../src/contract/standings.ts";
import type { Secrets } from "../../src/secrets.ts";

/** Statuses by code, as the contract fixes them: not taken from the code on purpose. */
const STATUS: Record<ErrorCode, number> = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  timeout: 408,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
};

/** The body is JSON as parsed, whatever its form; the text when it is not JSON. */
export interface Answer<Body = unknown> {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

type KeyOf<Union> = Union extends unknown ? keyof Union : never;
type Each<Union, Key extends PropertyKey> = Union extends unknown
  ? Key extends keyof Union
    ? Union[Key]
    : never
  : never;
/** A line with a fact. */
type ExportLine = Exclude<Line, { type: "gap" }>;

/** A line of the export with the fields that any type of line may have. */
export type ExportedFact = Pick<ExportLine, "shard" | "seq" | "at" | "team" | "type"> & {
  [Key in KeyOf<ExportLine>]?: Each<ExportLine, Key>;
};

/** A player that joined, and its hunt. */
export interface Player {
  hunt: string;
  id: string;
  name: string;
  team: Joined["team"];
  token: string;
  /** What it came by, or was told then. */
  returnCode: string;
}

export interface Options {
  token?: string | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, with `type`. */
  body?: string | Uint8Array<ArrayBuffer>;
  type?: string;
  headers?: Record<string, string>;
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const DAY = 86_400_000;

export class Client {
  readonly #url: URL;
  readonly #document: ApiDocument;
  readonly #schemas = new Map<string, z.ZodType>();
  readonly #templates: { path: string; pattern: RegExp }[];
  readonly organiserToken: string;

  private constructor(url: URL, document: ApiDocument, organiserToken: string) {
    this.#url = url;
    this.#document = document;
    this.#templates = Object.keys(document.paths).map((path) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    }));
    this.organiserToken = organiserToken;
  }

  static async of(engine: { url: URL; secrets: Secrets }): Promise<Client> {
    const answer = await fetch(new URL("/openapi.json", engine.url));
    const document = (await answer.json()) as ApiDocument;
    return new Client(engine.url, document, await mintOrganiserToken(engine.secrets));
  }

  get document(): ApiDocument {
    return this.#document;
  }

  get url(): URL {
    return this.#url;
  }

  /** Sends a request and checks its answer's form; any status is returned. */
  async call<Body = unknown>(method: string, path: string, options: Options = {}): Promise<Answer<Body>> {
    const { token, json, body, type, headers } = options;
    const sent = body ?? (json === undefined ? undefined : JSON.stringify(json));
    const contentType = type ?? (json === undefined ? undefined : "application/json");
    const response = await fetch(new URL(path, this.#url), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(contentType === undefined ? {} : { "content-type": contentType }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const answer = answerOf(response.status, response.headers, await response.text());
    if (method !== "OPTIONS" && method !== "HEAD") this.check(method, path, answer);
    return answer as Answer<Body>;
  }

  /** A request with the organiser's token. */
  organise<Body = unknown>(method: string, path: string, json?: unknown): Promise<Answer<Body>> {
    return this.call<Body>(method, path, { token: this.organiserToken, json });
  }

  /** Publishes a definition, and sets the hunt live unless told otherwise. */
  async publish(hunt: string, definition: object, phase: "draft" | "live" = "live"): Promise<void> {
    const published = await this.organise("PUT", `/v1/hunts/${hunt}`, definition);
    expect(published.status, published.text).toBeLessThan(300);
    if (phase === "live") await this.setPhase(hunt, "live");
  }

  /**
   * Publishes a version in which something happens soon, and resolves when that time is over. A busy machine
   * gets as long a time as it needs to publish: what has to be before it has happened by then.
   */
  async publishSoon(hunt: string, definition: (at: string) => object): Promise<string> {
    const begun = Date.now();
    await this.publish(hunt, definition(new Date(begun + DAY).toISOString()), "draft");
    const at = new Date(Date.now() + 500 + 3 * (Date.now() - begun)).toISOString();
    await this.publish(hunt, definition(at), "draft");
    await sleep(Date.parse(at) - Date.now() + 50);
    return at;
  }

  async setPhase(hunt: string, phase: string): Promise<void> {
    const answer = await this.organise("POST", `/v1/hunts/${hunt}/phase`, { phase });
    expect(answer.status, answer.text).toBe(200);
  }

  async join(hunt: string, joining: JoinBody): Promise<Player> {
    const { player, team, returnCode, token } = await this.#by({ hunt }, async (library, signal) => {
      const joined = await library.join(joining, { signal });
      return { ...joined, token: library.token ?? "" };
    });
    return { hunt, id: player.id, name: player.name, team, token, returnCode };
  }

  /** A new team of one. */
  team(hunt: string, name: string, bracket?: string): Promise<Player> {
    return this.join(hunt, {
      name: `${name} player`,
      team: { create: name, ...(bracket === undefined ? {} : { bracket }) },
    });
  }

  /** Sends events as they are and expects each to be answered, in order. */
  async playRaw(player: Player, events: readonly unknown[]): Promise<Result[]> {
    const answer = await this.call<Results>("POST", `/v1/hunts/${player.hunt}/events`, {
      token: player.token,
      json: { events },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body.results).toHaveLength(events.length);
    return answer.body.results;
  }

  play(player: Player, ...events: PlayerEvent[]): Promise<Result[]> {
    return this.#by(player, (library, signal) => library.play(events, { signal }));
  }

  /** Sends one event and gives its result. */
  async playOne(player: Player, event: PlayerEvent): Promise<Result> {
    const [result] = await this.play(player, event);
    if (!result) throw new Error("one event has one result");
    return result;
  }

  async me(player: Player): Promise<Me> {
    return this.#by(player, (library, signal) => library.me({ signal }));
  }

  async board(hunt: string, query = ""): Promise<Leaderboard> {
    const page = Object.fromEntries(new URLSearchParams(query));
    return this.#by({ hunt }, (library, signal) => library.leaderboard({ ...page, signal }));
  }

  async export(hunt: string): Promise<ExportedFact[]> {
    const answer = await this.organise<string>("GET", `/v1/hunts/${hunt}/export`);
    expect(answer.status, answer.text).toBe(200);
    expect(mediaType(answer.headers)).toBe("application/x-ndjson");
    return linesOf(answer.text).map((line) => exportLine.parse(JSON.parse(line)) as ExportedFact);
  }

  /** Verifies the hunt and expects it to be whole. */
  async verify(hunt: string): Promise<{ facts: number; teams: number }> {
    const answer = await this.organise<Verification>("GET", `/v1/hunts/${hunt}/verify`);
    expect(answer.body).toMatchObject({ ok: true, mismatches: [] });
    return answer.body;
  }

  /** Expects the answer to be as the document says of the route, however it was got. */
  check(method: string, path: string, answer: Answer): void {
    const about = `${method} ${path.slice(0, 200)} → ${answer.status} ${answer.text.slice(0, 500)}`;
    expect(answer.headers.get("x-request-id"), about).toMatch(/^[0-9a-f-]{36}$/);
    if (answer.status >= 400 && answer.headers.get("content-type") !== "application/json") {
      checkProblem(answer, about);
    }
    const route = this.#routeOf(method, path);
    if (!route) return;
    const documented = route.operation.responses[answer.status];
    expect(documented, `the document does not know this answer: ${about}`).toBeDefined();
    const schema = documented?.content?.[mediaType(answer.headers)]?.schema;
    // A line of a streamed body is checked where it is read.
    if (!schema || mediaType(answer.headers) === "application/x-ndjson") return;
    const key = `${method} ${route.path} ${answer.status}`;
    let validator = this.#schemas.get(key);
    if (!validator) {
      validator = validatorOf(schema, this.#document);
      this.#schemas.set(key, validator);
    }
    const checked = validator.safeParse(answer.body);
    expect(checked.error, `not as documented: ${about}`).toBeUndefined();
  }

  /** Uses the client library, and throws what is not as documented, or not what was asked for, at once. */
  async #by<Told>(
    { hunt, token }: { hunt: string; token?: string },
    use: (library: HuntClient, signal: AbortSignal) => Promise<Told>,
  ): Promise<Told> {
    const stop = new AbortController();
    const library = new HuntClient({
      url: this.#url,
      hunt,
      ...(token === undefined ? {} : { token }),
      fetch: async (address, init) => {
        try {
          const response = await fetch(address, init);
          const answer = answerOf(response.status, response.headers, await response.text());
          this.check(init.method, address, answer);
          expect(answer.status, answer.text).toBeLessThan(300);
          return { ok: true, statusText: "", ...answer, text: async () => answer.text };
        } catch (error) {
          stop.abort(error);
          throw error;
        }
      },
    });
    try {
      return await use(library, stop.signal);
    } finally {
      library.close();
    }
  }

  #routeOf(method: string, path: string): { path: string; operation: Operation } | undefined {
    const { pathname } = new URL(path, this.#url);
    for (const { path: template, pattern } of this.#templates) {
      const operation = this.#document.paths[template]?.[method.toLowerCase()];
      if (operation && pattern.test(pathname)) return { path: template, operation };
    }
    return undefined;
  }
}

/**
 * What the document says of a response, and nothing more: clients must bear
 * fields that they do not know, but none may come that is not documented.
 */
function validatorOf(schema: object, { components }: ApiDocument): z.ZodType {
  const closed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(closed);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [
      key,
      key === "$ref" ? String(inner).replace("#/components/schemas/", "#/$defs/") : closed(inner),
    ]);
    const made = Object.fromEntries(entries) as Record<string, unknown>;
    if (
      made.type === "object" &&
      typeof made.properties === "object" &&
      made.additionalProperties === undefined
    ) {
      made.additionalProperties = false;
    }
    return made;
  };
  const whole = { ...(closed(schema) as object), $defs: closed(components.schemas) };
  return z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
}

/** Checks that an answer is a problem document whose parts agree with each other and with its headers. */
export function checkProblem(answer: Answer, about = answer.text): Problem {
  expect(answer.headers.get("content-type"), about).toBe("application/problem+json");
  const problem = answer.body as Problem;
  expect(problem, about).toMatchObject({
    type: expect.stringMatching(/^[a-z]+:/),
    title: expect.stringMatching(/./),
    status: answer.status,
    detail: expect.stringMatching(/./),
    requestId: answer.headers.get("x-request-id"),
  });
  expect(STATUS[problem.code], about).toBe(answer.status);
  // What is not there may be there later; its own test says when.
  if (answer.status !== 404) {
    expect(answer.headers.has("retry-after"), about).toBe([429, 500, 503].includes(answer.status));
  }
  for (const issue of problem.issues ?? []) {
    expect(issue).toEqual({
      path: expect.any(String),
      code: expect.stringMatching(/./),
      message: expect.stringMatching(/./),
    });
  }
  return problem;
}

/** Expects an answer to be the error `code`, and gives its problem document. */
export function expectProblem(answer: Answer, code: ErrorCode): Problem {
  const problem = checkProblem(answer);
  expect(problem.code, answer.text).toBe(code);
  return problem;
}

export function answerOf(status: number, headers: Headers, text: string): Answer {
  const isJson = text !== "" && /[/+]json$/.test(mediaType(headers));
  return { status, headers, text, body: isJson ? (JSON.parse(text) as unknown) : text };
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function mediaType(headers: Headers): string {
  return headers.get("content-type")?.split(";", 1)[0] ?? "";
}

/** An error without its issues of unknown keys: they name the keys of the one who is told [API-38], and no values. */
export function withoutNames(text: string): string {
  const error = JSON.parse(text) as { issues?: { code: string }[] };
  return JSON.stringify({
    ...error,
    issues: error.issues?.filter(({ code }) => code !== "unrecognized_keys"),
  });
}
