import { readFileSync } from "node:fs";
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
  "DELETE /v1/hunts/{hunt}",
  "GET /v1/jobs/{job}",
  "POST /v1/hunts/{hunt}/sessions",
  "POST /v1/hunts/{hunt}/sessions/renew",
  "POST /v1/hunts/{hunt}/sessions/end",
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/return",
  "GET /v1/hunts/{hunt}/me/data",
  "DELETE /v1/hunts/{hunt}/me",
  "PUT /v1/hunts/{hunt}/me/push",
  "DELETE /v1/hunts/{hunt}/me/push",
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/forget",
  "POST /v1/hunts/{hunt}/teams/{team}/members/{player}/move",
  "POST /v1/hunts/{hunt}/teams/{team}/merge",
  "POST /v1/hunts/{hunt}/players",
  "GET /v1/hunts/{hunt}/me",
  "POST /v1/hunts/{hunt}/events",
  "GET /v1/hunts/{hunt}/leaderboard",
  "GET /v1/hunts/{hunt}/leaderboard/{team}/history",
  "GET /v1/hunts/{hunt}/clues/{clue}/solves",
  "GET /v1/hunts/{hunt}/teams/{team}",
  "POST /v1/hunts/{hunt}/tickets",
  "GET /v1/hunts/{hunt}/live",
  "GET /v1/hunts/{hunt}/definition",
  "GET /v1/hunts",
  "GET /v1/organisers/me",
  "GET /v1/organisers",
  "PUT /v1/organisers",
  "POST /v1/organisers/revoke",
  "GET /v1/session",
  "POST /v1/session",
  "GET /v1/audit",
  "GET /v1/hunts/{hunt}/codes",
  "POST /v1/hunts/{hunt}/preview",
  "POST /v1/hunts/{hunt}/rehearsal",
  "DELETE /v1/hunts/{hunt}/rehearsal",
  "POST /v1/hunts/{hunt}/phase",
  "POST /v1/hunts/{hunt}/results/release",
  "POST /v1/hunts/{hunt}/announcements",
  "PATCH /v1/hunts/{hunt}/announcements/{announcement}",
  "DELETE /v1/hunts/{hunt}/announcements/{announcement}",
  "POST /v1/hunts/{hunt}/shards",
  "POST /v1/hunts/{hunt}/teams/{team}/awards",
  "POST /v1/hunts/{hunt}/teams/{team}/unlocks",
  "POST /v1/hunts/{hunt}/teams/{team}/solves",
  "POST /v1/hunts/{hunt}/teams/{team}/solves/{clue}/undo",
  "POST /v1/hunts/{hunt}/teams/{team}/attempts/reset",
  "POST /v1/hunts/{hunt}/clues/{clue}/nudges",
  "POST /v1/hunts/{hunt}/clues/{clue}/withdraw",
  "POST /v1/hunts/{hunt}/clues/{clue}/restore",
  "POST /v1/hunts/{hunt}/regrade",
  "POST /v1/hunts/{hunt}/regrade/{regrade}/undo",
  "POST /v1/hunts/{hunt}/teams/{team}/ban",
  "POST /v1/hunts/{hunt}/teams/{team}/unban",
  "POST /v1/hunts/{hunt}/teams/{team}/hide",
  "POST /v1/hunts/{hunt}/teams/{team}/show",
  "GET /v1/hunts/{hunt}/teams",
  "PUT /v1/hunts/{hunt}/teams",
  "PATCH /v1/hunts/{hunt}/teams/{team}",
  "DELETE /v1/hunts/{hunt}/teams/{team}/members/{player}",
  "PATCH /v1/hunts/{hunt}/team",
  "POST /v1/hunts/{hunt}/team/code",
  "POST /v1/hunts/{hunt}/team/captain",
  "POST /v1/hunts/{hunt}/team/leave",
  "DELETE /v1/hunts/{hunt}/team/members/{player}",
  "GET /v1/hunts/{hunt}/clues/{clue}/guesses",
  "GET /v1/hunts/{hunt}/facts",
  "GET /v1/hunts/{hunt}/clues/{clue}/wrong",
  "POST /v1/hunts/{hunt}/teams/{team}/view",
  "POST /v1/hunts/{hunt}/threads",
  "GET /v1/hunts/{hunt}/threads",
  "POST /v1/hunts/{hunt}/threads/{thread}/messages",
  "GET /v1/hunts/{hunt}/help",
  "GET /v1/hunts/{hunt}/help/{thread}",
  "POST /v1/hunts/{hunt}/help/{thread}/claim",
  "POST /v1/hunts/{hunt}/help/{thread}/release",
  "POST /v1/hunts/{hunt}/help/{thread}/messages",
  "POST /v1/hunts/{hunt}/help/{thread}/close",
  "POST /v1/hunts/{hunt}/clues/{clue}/uploads",
  "GET /v1/hunts/{hunt}/sent/{upload}",
  "GET /v1/hunts/{hunt}/submissions",
  "POST /v1/hunts/{hunt}/submissions/{submission}/claim",
  "POST /v1/hunts/{hunt}/submissions/{submission}/release",
  "POST /v1/hunts/{hunt}/submissions/{submission}/verdict",
  "DELETE /v1/hunts/{hunt}/submissions/{submission}",
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
  "GET /v1/hunts/{hunt}/bodies/{digest}",
  "GET /v1/hunts/{hunt}/pages/{page}",
  "GET /v1/hunts/{hunt}/assets",
  "GET /v1/hunts/{hunt}/assets/{name}",
  "PUT /v1/hunts/{hunt}/assets/{name}",
  "DELETE /v1/hunts/{hunt}/assets/{name}",
  "GET /v1/hunts/{hunt}/proof",
  "GET /v1/hunts/{hunt}/proof/{shard}/{seq}",
  "POST /v1/hunts/{hunt}/import",
  "GET /v1/hunts/{hunt}/verify",
  "POST /v1/hunts/{hunt}/rearchive",
  "POST /v1/hunts/{hunt}/repair",
  "GET /v1/hunts/{hunt}/announcements",
  "GET /v1/hunts/{hunt}/audit",
  "GET /v1/hunts/{hunt}/dead-letters",
  "POST /v1/hunts/{hunt}/dead-letters/redrive",
  "GET /v1/hunts/{hunt}/webhooks",
  "GET /v1/hunts/{hunt}/webhooks/{webhook}/secret",
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/test",
  "POST /v1/hunts/{hunt}/webhooks/{webhook}/redeliver",
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
  for (const method of ["PATCH", "POST"]) {
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
          ["put", "post", "patch"].includes(method) &&
            !/\/(?:tickets|release|claim|close|renew|end|test|team\/code|team\/leave)$/.test(path),
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
      const path = template.replace("{hunt}", "unknown").replaceAll(/\{\w+\}/g, "x");
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
