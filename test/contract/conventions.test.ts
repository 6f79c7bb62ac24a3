import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

/** Every route of the engine. One that is added or goes has to be written here as well: the contract changes with it. */
const ROUTES = [
  "GET /healthz",
  "GET /readyz",
  "GET /v1/pages",
  "GET /v1/ops/advice",
  "GET /v1/ops/origin",
  "GET /v1/ops/keys",
  "GET /metrics",
  "GET /openapi.json",
  "GET /schema/hunt.json",
  "GET /v1/hunts/{hunt}",
  "PUT /v1/hunts/{hunt}",
  "POST /v1/hunts/{hunt}/players",
  "GET /v1/hunts/{hunt}/me",
  "POST /v1/hunts/{hunt}/events",
  "GET /v1/hunts/{hunt}/leaderboard",
  "GET /v1/hunts/{hunt}/leaderboard/{team}/history",
  "POST /v1/hunts/{hunt}/tickets",
  "GET /v1/hunts/{hunt}/live",
  "GET /v1/hunts/{hunt}/definition",
  "GET /v1/hunts",
  "GET /v1/hunts/{hunt}/codes",
  "POST /v1/hunts/{hunt}/phase",
  "POST /v1/hunts/{hunt}/announcements",
  "POST /v1/hunts/{hunt}/shards",
  "POST /v1/hunts/{hunt}/teams/{team}/awards",
  "POST /v1/hunts/{hunt}/teams/{team}/unlocks",
  "POST /v1/hunts/{hunt}/teams/{team}/ban",
  "POST /v1/hunts/{hunt}/teams/{team}/unban",
  "POST /v1/hunts/{hunt}/teams/{team}/hide",
  "POST /v1/hunts/{hunt}/teams/{team}/show",
  "GET /v1/hunts/{hunt}/teams",
  "GET /v1/hunts/{hunt}/stuck",
  "GET /v1/hunts/{hunt}/checkins",
  "GET /v1/hunts/{hunt}/stats",
  "POST /v1/hunts/{hunt}/prizes/{prize}/stock",
  "POST /v1/hunts/{hunt}/prizes/{prize}/withdraw",
  "POST /v1/hunts/{hunt}/prizes/{prize}/restore",
  "POST /v1/hunts/{hunt}/prizes/{prize}/revoke",
  "GET /v1/hunts/{hunt}/prizes/{prize}/winners",
  "GET /v1/hunts/{hunt}/prizes/{prize}/draw",
  "GET /v1/hunts/{hunt}/export",
  "POST /v1/hunts/{hunt}/import",
  "GET /v1/hunts/{hunt}/verify",
  "POST /v1/hunts/{hunt}/rearchive",
  "GET /v1/hunts/{hunt}/announcements",
  "GET /v1/hunts/{hunt}/audit",
  "GET /v1/hunts/{hunt}/dead-letters",
  "POST /v1/hunts/{hunt}/dead-letters/redrive",
  "GET /v1/ops/dead-letters",
  "POST /v1/ops/dead-letters/redrive",
  "POST /v1/registrations",
];

let engine: Engine;
let client: Client;

beforeAll(async () => {
  // Addresses are what this test says: it is the proxy in front.
  engine = await startEngine({ vars: { TRUST_PROXY: "on" } });
  client = await Client.of(engine);
  await client.publish("conventions", manyClues(1));
});
afterAll(() => engine.stop());

/** The operations of the served document as `METHOD /path`. */
function documented(): string[] {
  return Object.entries(client.document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

test("[API-1] every answer carries its own request id, errors the same in the body", async () => {
  const ids = new Set<string | null>();
  for (const path of ["/healthz", "/v1/hunts/conventions", "/v1/hunts/unknown", "/nowhere"]) {
    const answer = await client.call("GET", path, { headers: { "x-request-id": "mine" } });
    ids.add(answer.headers.get("x-request-id"));
  }
  expect(ids.size).toBe(4);
  expect(ids).not.toContain("mine");
});

test("[API-2] an unknown route, hunt or team is a not_found problem", async () => {
  const calls = ["/v1", "/v1/nothing", "/v1/hunts/unknown", "/v1/hunts/Not-A-Slug", "/v1/hunts/%E0%A4%A"];
  for (const path of [
    ...calls,
    "/v1/hunts/unknown/leaderboard",
    "/v1/hunts/conventions/leaderboard/x/history",
  ]) {
    expectProblem(await client.call("GET", path), "not_found");
  }
  for (const method of ["DELETE", "PATCH", "POST"]) {
    expectProblem(await client.call(method, "/v1/hunts/conventions"), "not_found");
  }
});

describe("[API-3] pages of any origin may call public routes", () => {
  test("a preflight is answered without a token", async () => {
    const answer = await client.call("OPTIONS", "/v1/hunts/conventions/events", {
      headers: {
        origin: "https://play.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-methods")).toContain("POST");
    expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("idempotency-key");
  });

  test("answers and errors may be read, with their headers", async () => {
    for (const path of [
      "/v1/hunts/conventions/leaderboard",
      "/v1/hunts/unknown",
      "/v1/hunts/conventions/me",
    ]) {
      const answer = await client.call("GET", path, { headers: { origin: "https://play.example" } });
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect(answer.headers.get("access-control-expose-headers")).toContain("X-Request-Id");
      expect(answer.headers.get("access-control-expose-headers")).toContain("Retry-After");
    }
  });
});

test("[API-4] health and readiness need no token and tell each dependency", async () => {
  expect((await client.call("GET", "/healthz")).body).toEqual({ ok: true });
  expect((await client.call("GET", "/readyz")).body).toEqual({
    ok: true,
    dependencies: { objects: true, kv: true, origin: true, secrets: true },
  });
});

describe("[API-5] the OpenAPI document", () => {
  test("is version 3.1, with a request form, answers and problems for each route", () => {
    expect(client.document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(client.document).toMatchObject({
      info: { title: expect.any(String), version: expect.any(String) },
    });
    const securitySchemes =
      (client.document.components as { securitySchemes?: object }).securitySchemes ?? {};
    for (const [path, operations] of Object.entries(client.document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const about = `${method} ${path}`;
        const { summary, parameters, security, requestBody, responses } = operation as unknown as {
          summary: string;
          parameters: { name: string; in: string; required: boolean; schema: object }[];
          security?: Record<string, string[]>[];
          requestBody?: { content: object };
          responses: Record<string, { description: string }>;
        };
        expect(summary, about).toMatch(/./);
        const inPath = parameters.filter((parameter) => parameter.in === "path");
        expect(inPath.map(({ name }) => name).sort(), about).toEqual(
          [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
        );
        for (const parameter of parameters) expect(parameter, about).toHaveProperty("schema");
        for (const kind of (security ?? []).flatMap((one) => Object.keys(one))) {
          expect(securitySchemes, about).toHaveProperty(kind);
          expect(responses, about).toHaveProperty("401");
        }
        expect(requestBody !== undefined, about).toBe(
          ["put", "post"].includes(method) && !path.endsWith("/tickets"),
        );
        expect(
          Object.keys(responses).some((status) => status.startsWith("2") || status === "101"),
          about,
        ).toBe(true);
        for (const response of Object.values(responses)) expect(response.description, about).toMatch(/./);
      }
    }
  });

  test("refers to nothing that is not in it", () => {
    const references = [...JSON.stringify(client.document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, path] of references) {
      const target = path
        ?.split("/")
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], client.document);
      expect(target, path).toBeDefined();
    }
  });

  test("knows every route of the contract, and each it knows is there", async () => {
    expect(documented().sort()).toEqual([...ROUTES].sort());
    for (const operation of documented()) {
      const [method = "", template = ""] = operation.split(" ");
      const path = template.replace("{hunt}", "unknown").replace(/\{\w+\}/, "x");
      const answer = await client.call(method, path);
      expect(answer.text, operation).not.toContain("no such route");
      expect(answer.status, operation).not.toBe(500);
    }
  });
});

test("[API-6] the schema of hunt definitions is served as published in the project", async () => {
  const answer = await client.call<{ $schema: string }>("GET", "/schema/hunt.json");
  expect(answer.headers.get("content-type")).toBe("application/schema+json");
  expect(answer.body.$schema).toContain("2020-12");
  const published = readFileSync(join(import.meta.dirname, "../../schema/hunt.json"), "utf8");
  expect(answer.body).toEqual(JSON.parse(published));
});

describe("[API-7] beyond its rate a caller gets rate_limited with Retry-After", () => {
  /** Requests that surely pass a limit of wrangler.toml, even when its period ends among them. */
  const PLAYER_REQUESTS_MAX = 700;
  const ADDRESS_REQUESTS_MAX = 9_000;

  test("a player, by token; another player is not held up", async () => {
    const [loud, calm] = [await client.team("conventions", "Loud"), await client.team("conventions", "Calm")];
    const seen = new Set<number>();
    let sent = 0;
    const send = async (): Promise<void> => {
      for (; sent < PLAYER_REQUESTS_MAX && !seen.has(429); sent += 1) {
        const answer = await client.call("GET", "/v1/hunts/conventions/me", { token: loud.token });
        if (answer.status === 429) expectProblem(answer, "rate_limited");
        seen.add(answer.status);
      }
    };
    await Promise.all(Array.from({ length: 16 }, send));
    expect(seen).toEqual(new Set([200, 429]));
    expect((await client.call("GET", "/v1/hunts/conventions/me", { token: calm.token })).status).toBe(200);
  });

  test("a reader without a token, by address; another address is not held up", async () => {
    const read = (address: string) =>
      client.call("GET", "/v1/hunts/conventions", { headers: { "cf-connecting-ip": address } });
    for (let sent = 0; sent < ADDRESS_REQUESTS_MAX; sent += 1_000) {
      await pipeline(1_000, "/v1/hunts/No-Slug", "198.51.100.7");
      if ((await read("198.51.100.7")).status === 429) break;
    }
    expectProblem(await read("198.51.100.7"), "rate_limited");
    // It asks the directory and the gate, of which there is one each.
    const headers = { "cf-connecting-ip": "198.51.100.7" };
    expectProblem(await client.call("GET", "/readyz", { headers }), "rate_limited");
    expect((await read("198.51.100.8")).status).toBe(200);
  });

  /** Sends `requests` at once on one connection, without waiting for answers in between. */
  function pipeline(requests: number, path: string, address: string): Promise<void> {
    const { hostname, port } = client.url;
    const request = `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nCF-Connecting-IP: ${address}\r\n`;
    const socket = connect(Number(port), hostname);
    socket.write(`${`${request}\r\n`.repeat(requests - 1)}${request}Connection: close\r\n\r\n`);
    return new Promise((done, fail) =>
      socket
        .resume()
        .once("close", () => done())
        .once("error", fail),
    );
  }
});
