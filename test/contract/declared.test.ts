/**
 * What every route declares, tried on every route: the list is the engine's own
 * OpenAPI document, so a new route is covered as soon as it is registered. Each
 * request here is refused before a handler runs, so nothing is changed.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { createSecrets, mintOpsToken, mintOrganiserToken } from "../../scripts/local/secrets.ts";
import type { Problem } from "../../src/contract/problem.ts";
import { type Answer, Client, checkProblem, type Player } from "./client.ts";
import { manyClues } from "./hunts.ts";

const HUNT = "declared";

/** Longest body that is sent here, bytes; longer ones are only announced. */
const SENT_MAX = 4 * 1_024 * 1_024 + 1;

/** How long a refusal of an announced body may take, ms. */
const REFUSAL_MAX = 5_000;

/** What monitors, scrapers and browsers call: their query is not looked at. */
const ANY_QUERY = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/schema/hunt.json"];

/** Contents that are texts of a form of their own, told elsewhere: they have no schema, every other content has one. */
const OPAQUE = [
  "PUT /v1/hunts/{hunt} body application/json",
  "PUT /v1/hunts/{hunt} body application/yaml",
  "PUT /v1/hunts/{hunt} body application/x-yaml",
  "PUT /v1/hunts/{hunt} body text/yaml",
  "GET /v1/hunts/{hunt}/definition 200 application/yaml",
  "GET /v1/hunts/{hunt}/export 200 text/csv",
  "PUT /v1/hunts/{hunt}/assets/{name} body */*",
  "GET /v1/hunts/{hunt}/assets/{name} 200 application/octet-stream",
  "GET /v1/hunts/{hunt}/assets/{name} 206 application/octet-stream",
  "GET /metrics 200 text/plain",
  "GET /openapi.json 200 application/json",
  "GET /schema/hunt.json 200 application/schema+json",
];

/** Names in paths that may be any short text. */
const IDS = ["team", "player", "announcement", "thread", "regrade"];

/** Takes a token that ended less than 90 days ago [SEC-152]. */
const RENEWS = "POST /v1/hunts/{hunt}/sessions/renew";

type Json = Record<string, unknown>;
type Kind = "organiser" | "player" | "ops" | "ticket";

interface Operation {
  /** `POST /v1/hunts/{hunt}/phase`. */
  name: string;
  method: string;
  template: string;
  /** With names of things that are there. */
  path: string;
  /** The kinds of token that open it; none: it is open to everybody. */
  opens: Kind[];
  query: string[];
  body: { types: string[]; maxBytes: number } | undefined;
}

let engine: Engine;
let client: Client;
let member: Player;
let operations: Operation[];
/** A good token of each kind. */
let tokens: Record<Kind, string>;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  const prizes = [{ id: "lantern", title: "A lantern", mode: "odds", odds: 0.5, stock: 2 }];
  await client.publish(HUNT, manyClues(1, { prizes }));
  member = await client.team(HUNT, "Members");
  const issued = await client.call<{ ticket: string }>("POST", `/v1/hunts/${HUNT}/tickets`, {
    token: member.token,
  });
  tokens = {
    organiser: client.organiserToken,
    player: member.token,
    ops: await mintOpsToken(engine.secrets),
    ticket: issued.body.ticket,
  };
  operations = operationsOf(client.document.paths as unknown as Record<string, Record<string, Json>>);
});
afterAll(() => engine.stop());

function operationsOf(paths: Record<string, Record<string, Json>>): Operation[] {
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const {
        security = [],
        parameters = [],
        requestBody,
      } = operation as {
        security?: Json[];
        parameters?: { name: string; in: string }[];
        requestBody?: { content: object; "x-max-bytes": number };
      };
      return {
        name: `${method.toUpperCase()} ${template}`,
        method: method.toUpperCase(),
        template,
        path: pathOf(template, {
          hunt: HUNT,
          team: member.team.id,
          player: "p-nobody",
          announcement: "a-nothing",
          thread: "weur-0-1-none.1",
          webhook: "hook-1",
          prize: "lantern",
          clue: "old-lamp",
          shard: "weur-0",
          seq: "1",
          job: "d-nothing",
          regrade: "0000000000000000",
          digest: "A".repeat(22),
          page: "rules",
          name: "missing.png",
        }),
        opens: security.flatMap((one) => Object.keys(one) as Kind[]),
        query: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
        body: requestBody && {
          types: Object.keys(requestBody.content),
          maxBytes: requestBody["x-max-bytes"],
        },
      };
    }),
  );
}

function pathOf(template: string, names: Record<string, string>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = names[name];
    if (value === undefined) throw new Error(`${template}: this test has no {${name}}`);
    return value;
  });
}

/** A token that opens the operation; undefined: it needs none. */
const tokenOf = ({ opens }: Operation): string | undefined => opens[0] && tokens[opens[0]];

/** Notes what is not refused with `code`, so that one run tells of every route. */
class Refusals {
  readonly #wrong: string[] = [];
  #tried = 0;

  expect(answer: Answer, code: string, about: string): void {
    this.#tried += 1;
    if (answer.status < 400) this.#wrong.push(`${about}: ${answer.status}, not ${code}`);
    else {
      const problem = checkProblem(answer, about);
      if (problem.code !== code) this.#wrong.push(`${about}: ${problem.code}, not ${code}`);
    }
  }

  note(wrong: string): void {
    this.#wrong.push(wrong);
  }

  /** `least`: fewer requests than this would mean that the test looked at nothing. */
  none(least: number): void {
    expect(this.#wrong).toEqual([]);
    expect(this.#tried).toBeGreaterThanOrEqual(least);
  }
}

/** A body that would be good JSON, if the route took it, of exactly `bytes` bytes. */
const jsonOf = (bytes: number): Uint8Array<ArrayBuffer> => {
  const body = new Uint8Array(bytes).fill(0x78);
  body[0] = 0x22;
  body[bytes - 1] = 0x22;
  return body;
};

describe("[API-8] a route refuses", () => {
  test("a missing token, and every kind that does not open it, before it looks at the rest", async () => {
    const refusals = new Refusals();
    for (const operation of operations.filter(({ opens }) => opens.length > 0)) {
      const { name, method, path, opens, body } = operation;
      // What is wrong with query and body is told to nobody who may not ask.
      const asking = {
        path: `${path}?no-such-key=1`,
        ...(body ? { body: "{", type: body.types[0] ?? "" } : {}),
      };
      refusals.expect(await client.call(method, asking.path, asking), "unauthenticated", `${name}, no token`);
      for (const [kind, token] of Object.entries(tokens)) {
        if (opens.includes(kind as Kind)) continue;
        const answer = await client.call(method, asking.path, { ...asking, token });
        refusals.expect(answer, "unauthenticated", `${name}, token of kind ${kind}`);
      }
    }
    refusals.none(100);
  });

  test("tokens of the right kind that have expired, or that another key signed", async () => {
    const stranger = createSecrets();
    const forged: Record<Exclude<Kind, "ticket">, string[]> = {
      organiser: [
        await mintOrganiserToken(stranger),
        await signed(engine.secrets.ORGANISER_TOKEN_KEYS, "hunt-organiser", -1),
        await signed(engine.secrets.PLAYER_TOKEN_KEYS, "hunt-organiser", 60),
      ],
      ops: [
        await mintOpsToken(stranger),
        await signed(engine.secrets.ORGANISER_TOKEN_KEYS, "hunt-ops", -1),
        await signed(engine.secrets.PLAYER_TOKEN_KEYS, "hunt-ops", 60),
      ],
      player: [
        await signed(stranger.PLAYER_TOKEN_KEYS, "hunt-player", 60),
        await signed(engine.secrets.PLAYER_TOKEN_KEYS, "hunt-player", -1),
        await signed(engine.secrets.ORGANISER_TOKEN_KEYS, "hunt-player", 60),
      ],
    };
    const [head = "", payload = ""] = tokens.organiser.split(".");
    const refusals = new Refusals();
    for (const { name, method, path, opens } of operations) {
      for (const kind of opens) {
        const refused = kind === "ticket" ? [] : forged[kind];
        const bad = name === RENEWS ? refused.filter((_, index) => index !== 1) : refused;
        for (const token of [...bad, `${head}.${payload}.`, randomBytes(32).toString("hex")]) {
          refusals.expect(
            await client.call(method, path, { token }),
            "unauthenticated",
            `${name}, bad token of kind ${kind}`,
          );
        }
      }
    }
    refusals.none(150);
  });

  test("a player's token of another hunt", async () => {
    await client.publish("declared-other", manyClues(1));
    const other = await client.team("declared-other", "Others");
    const refusals = new Refusals();
    for (const { name, method, path, opens } of operations.filter((one) => one.opens.includes("player"))) {
      // Some routes have less for players than for organisers.
      expect(opens).toEqual(/\/(?:announcements$|proof\/)/.test(name) ? ["player", "organiser"] : ["player"]);
      refusals.expect(await client.call(method, path, { token: other.token }), "forbidden", name);
    }
    refusals.none(3);
  });

  test("a body over its limit, announced or not, and none that keeps to it", async () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const operation of operations) {
      const { name, method, path, body } = operation;
      if (!body) continue;
      const { maxBytes, types } = body;
      expect(maxBytes, `${name} tells its limit as x-max-bytes`).toBeGreaterThan(0);
      const token = tokenOf(operation);
      const type = types[0] ?? "";
      tried += 1;
      // Only announced: a refusal may come while the client is still sending, and break its connection.
      const status = await announced(operation, maxBytes + 1, type);
      if (status !== 413) wrong.push(`${name}, announced: ${status ?? "no response"}`);
      if (maxBytes >= SENT_MAX) continue;
      const unannounced = await chunked(operation, jsonOf(maxBytes + 1), type);
      if (unannounced !== 413) wrong.push(`${name}, in chunks: ${unannounced}`);
      const full = await client.call(method, path, { token, type, body: jsonOf(maxBytes) });
      if (full.status === 413) wrong.push(`${name}: a body of exactly ${maxBytes} bytes is refused`);
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(20);
  }, 540_000);

  test("a body of a type it does not declare, and of none", async () => {
    const refusals = new Refusals();
    for (const operation of operations) {
      const { name, method, path, body } = operation;
      // A file is what its bytes are [ASSET-2].
      if (!body || body.types.includes("*/*")) continue;
      const token = tokenOf(operation);
      for (const type of ["image/png", "multipart/form-data; boundary=x", "application/jsonx", undefined]) {
        const answer = await client.call(method, path, {
          token,
          body: new Uint8Array([0x7b, 0x7d]),
          ...(type === undefined ? {} : { type }),
        });
        refusals.expect(answer, "unsupported_media_type", `${name} as ${type ?? "nothing"}`);
      }
    }
    refusals.none(60);
  });

  test("a body that is no JSON, where JSON alone is taken", async () => {
    const refusals = new Refusals();
    for (const operation of operations) {
      const { name, method, path, body } = operation;
      if (body?.types.join() !== "application/json") continue;
      const token = tokenOf(operation);
      for (const text of ["", "{", "{'a':1}", '{"__proto__":{}}']) {
        const answer = await client.call(method, path, { token, type: "application/json", body: text });
        refusals.expect(answer, "bad_request", `${name} with ${JSON.stringify(text)}`);
      }
      for (const text of ["null", "[]", '{"no-such-key":1}']) {
        const answer = await client.call(method, path, { token, type: "application/json", body: text });
        refusals.expect(answer, "invalid", `${name} with ${text}`);
      }
    }
    refusals.none(90);
  });

  test("an unknown key of the query, alone and beside known ones; monitors and browsers may send any", async () => {
    const refusals = new Refusals();
    expect(operations.map(({ template }) => template)).toEqual(expect.arrayContaining(ANY_QUERY));
    for (const operation of operations) {
      const { name, method, path, template, query, body } = operation;
      const sent = {
        token: tokenOf(operation),
        ...(body ? { type: body.types[0] ?? "", body: "{}" } : {}),
      };
      const good = query.includes("limit") ? ["limit=1"] : [];
      for (const keys of [["no-such-key=1"], [...good, "Limit=1"], ["__proto__=1"]]) {
        const about = `${name}?${keys.join("&")}`;
        const answer = await client.call<Partial<Problem>>(method, `${path}?${keys.join("&")}`, sent);
        if (ANY_QUERY.includes(template)) {
          expect(answer.status, about).toBe(200);
          continue;
        }
        refusals.expect(answer, "invalid", about);
        // Of the query, not of the body beside it.
        const codes = (answer.body.issues ?? []).map(({ code }) => code);
        if (!codes.includes("unrecognized_keys")) refusals.note(`${about}: told of ${codes.join()} only`);
      }
    }
    refusals.none(120);
  });

  test("a key of the query that is given twice, though each value is good", async () => {
    const refusals = new Refusals();
    for (const operation of operations) {
      const { name, method, path, query } = operation;
      if (!query.includes("limit")) continue;
      const token = tokenOf(operation);
      for (const keys of ["limit=1&limit=2", "limit=1&limit=1"]) {
        const answer = await client.call(method, `${path}?${keys}`, { token });
        refusals.expect(answer, "invalid", `${name}?${keys}`);
      }
    }
    refusals.none(6);
  });

  test("no way of writing the type of a JSON body", async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      const { name, method, path, body } = operation;
      if (body?.types.join() !== "application/json") continue;
      for (const type of [
        "application/json;",
        "application/json ; charset=utf-8",
        "application/vnd.api2+json",
      ]) {
        const sent = { token: tokenOf(operation), type, body: "null" };
        const { body: told } = await client.call<Partial<Problem>>(method, path, sent);
        if (told.code !== "invalid") wrong.push(`${name} with ${type}: ${told.code}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("a name in its path that nothing can have", async () => {
    const refusals = new Refusals();
    for (const operation of operations) {
      const { name, method, template, body } = operation;
      const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, found]) => found ?? "");
      for (const bad of names) {
        const known = {
          hunt: HUNT,
          team: member.team.id,
          player: "p-nobody",
          announcement: "a-nothing",
          thread: "weur-0-1-none.1",
          webhook: "hook-1",
          prize: "lantern",
          clue: "old-lamp",
          shard: "weur-0",
          seq: "1",
          job: "d-nothing",
          regrade: "0000000000000000",
          digest: "A".repeat(22),
          page: "rules",
          name: "missing.png",
        };
        const path = pathOf(template, { ...known, [bad]: IDS.includes(bad) ? "x".repeat(65) : "Not-A-Slug" });
        // Whoever makes a hunt or a file is told what is wrong with its name.
        const makes = /^PUT \/v1\/hunts\/\{hunt\}(?:\/assets\/\{name\})?$/.test(name);
        const code = makes ? "invalid" : "not_found";
        const token = tokenOf(operation);
        const sent = body ? { type: body.types[0] ?? "", body: "{}" } : {};
        refusals.expect(await client.call(method, path, { token, ...sent }), code, `${name}, bad ${bad}`);
        if (token === undefined) continue;
        refusals.expect(
          await client.call(method, path, sent),
          "unauthenticated",
          `${name}, bad ${bad}, no token`,
        );
      }
    }
    refusals.none(85);
  });
});

describe("[API-9] the OpenAPI document", () => {
  test("describes every field of every schema, with an example", () => {
    const missing: string[] = [];
    const { schemas } = client.document.components;
    for (const [name, schema] of Object.entries(schemas)) {
      missing.push(...undescribed(schema as Json, name));
      if (!hasExample(schema as Json)) missing.push(`${name} has no example`);
    }
    for (const { where, schema, description } of contents()) {
      if (description === "") missing.push(`${where} has no description`);
      if (schema) missing.push(...undescribed(schema, where));
    }
    expect(missing).toEqual([]);
    expect(Object.keys(schemas).length).toBeGreaterThan(50);
  });

  test("gives an example of every parameter, body and response", () => {
    const all = contents();
    expect(all.filter(({ schema }) => !schema).map(({ where }) => where)).toEqual(
      expect.arrayContaining(OPAQUE),
    );
    expect(all.filter(({ schema }) => !schema)).toHaveLength(OPAQUE.length);
    const missing = all.filter(({ schema }) => schema && !hasExample(schema)).map(({ where }) => where);
    expect(missing).toEqual([]);
    expect(all.length).toBeGreaterThan(300);
  });

  test("keeps to its schemas in every example", () => {
    const wrong: string[] = [];
    let checked = 0;
    const check = (schema: Json, where: string): void => {
      const examples = (schema.examples ?? []) as unknown[];
      if (examples.length === 0) return;
      const validator = validatorOf(schema);
      for (const example of examples) {
        checked += 1;
        const { error } = validator.safeParse(example);
        if (error) wrong.push(`${where}: ${JSON.stringify(example)}: ${error.message}`);
      }
    };
    for (const [name, schema] of Object.entries(client.document.components.schemas)) {
      check(schema as Json, name);
      for (const field of fieldsOf(schema as Json, name)) check(field.schema, field.where);
    }
    for (const { where, schema } of contents()) if (schema) check(schema, where);
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(300);
  });

  interface Content {
    where: string;
    description: string;
    /** Undefined: a text of a form of its own. */
    schema: Json | undefined;
  }

  /** Every parameter, body and response of every operation. */
  function contents(): Content[] {
    const { paths } = client.document as unknown as { paths: Record<string, Record<string, Json>> };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) =>
        contentsOf(`${method.toUpperCase()} ${path}`, operation),
      ),
    );
  }

  function contentsOf(name: string, operation: Json): Content[] {
    type Contents = Record<string, { schema?: Json }>;
    const {
      parameters = [],
      requestBody,
      responses,
    } = operation as {
      parameters?: { name: string; description?: string; schema: Json }[];
      requestBody?: { content: Contents };
      responses: Record<string, { description: string; content?: Contents }>;
    };
    const of = (where: string, description: string, content: Contents = {}): Content[] =>
      Object.entries(content).map(([type, { schema }]) => ({
        where: `${name} ${where} ${type}`,
        description,
        schema,
      }));
    return [
      ...parameters.map(({ name: key, description = "", schema }) => ({
        where: `${name} parameter ${key}`,
        description,
        schema,
      })),
      ...of("body", "a body has none of its own", requestBody?.content),
      ...Object.entries(responses).flatMap(([status, { description, content }]) =>
        of(status, description, content),
      ),
    ];
  }

  /** What a schema refers to; itself, if to nothing. */
  function resolved(schema: Json): Json {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema.$ref ?? ""))?.[1];
    return name === undefined ? schema : ((client.document.components.schemas[name] ?? {}) as Json);
  }

  /** The fields of a schema and of what stands in it, each with where it is. */
  function* fieldsOf(schema: Json, where: string): Generator<{ where: string; schema: Json }> {
    for (const [name, inner] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) {
      yield { where: `${where}.${name}`, schema: inner };
      yield* fieldsOf(inner, `${where}.${name}`);
    }
    for (const key of ["items", "additionalProperties", "anyOf", "oneOf", "allOf"]) {
      for (const inner of [schema[key]].flat()) {
        if (typeof inner === "object" && inner !== null) yield* fieldsOf(inner as Json, `${where}/${key}`);
      }
    }
  }

  function undescribed(schema: Json, where: string): string[] {
    return [...fieldsOf(schema, where)].flatMap((field) => {
      const { description } = { ...resolved(field.schema), ...field.schema } as { description?: string };
      return [
        ...(description ? [] : [`${field.where} has no description`]),
        ...(hasExample(field.schema) ? [] : [`${field.where} has no example`]),
      ];
    });
  }

  const hasExample = (schema: Json): boolean =>
    ((schema.examples ?? resolved(schema).examples ?? []) as unknown[]).length > 0;

  /** The document's schemas as Zod takes them, rewritten once. */
  let definitions: Json | undefined;

  function validatorOf(schema: Json): z.ZodType {
    definitions ??= referring(client.document.components.schemas);
    const whole = { ...referring(schema), $defs: definitions };
    return z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
  }

  const referring = (schemas: object): Json =>
    JSON.parse(JSON.stringify(schemas).replaceAll('"#/components/schemas/', '"#/$defs/')) as Json;
});

/** A token with the engine's form but this key ring and life, seconds from now. */
function signed(ring: string, audience: string, expires: number): Promise<string> {
  const [id = "", bytes = ""] = (ring.split(",")[0] ?? "").split(":");
  return new SignJWT({ hunt: HUNT, team: member.team.id })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: id })
    .setAudience(audience)
    .setSubject(member.id)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + expires)
    .sign(Buffer.from(bytes, "base64url"));
}

/** Sends the body without telling its length, and gives the status. */
async function chunked(operation: Operation, body: Uint8Array, type: string): Promise<number> {
  const token = tokenOf(operation);
  const parts = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let from = 0; from < body.length; from += 65_536) {
        controller.enqueue(body.subarray(from, from + 65_536));
      }
      controller.close();
    },
  });
  const response = await fetch(new URL(operation.path, client.url), {
    method: operation.method,
    headers: { "content-type": type, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: parts,
    duplex: "half",
  } as RequestInit);
  await response.text();
  return response.status;
}

/** Announces a body of `length` bytes without sending it; undefined: no response came in time. */
function announced(operation: Operation, length: number, type: string): Promise<number | undefined> {
  const { hostname, port, host } = client.url;
  const socket = connect(Number(port), hostname);
  const token = tokenOf(operation);
  const head = [
    `${operation.method} ${operation.path} HTTP/1.1`,
    `Host: ${host}`,
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
    ...(token ? [`Authorization: Bearer ${token}`] : []),
  ];
  return new Promise((done, fail) => {
    const timer = setTimeout(() => {
      socket.destroy();
      done(undefined);
    }, REFUSAL_MAX);
    socket.once("data", (data) => {
      clearTimeout(timer);
      socket.destroy();
      done(Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString("latin1"))?.[1]));
    });
    socket.once("error", fail);
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
  });
}
