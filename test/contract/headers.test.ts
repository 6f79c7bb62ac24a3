/** What caches, browsers and pages of other origins are told of each response. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, type Player } from "./client.ts";
import { everyOutcome } from "./hunts.ts";

const NAMED = "https://pages.example";
const OTHER = "https://evil.example";
const PUBLIC_URL = "https://hunt.example";

let engine: Engine;
let listed: Engine;
let client: Client;
let listedClient: Client;
let player: Player;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  listed = await startEngine({ vars: { RATE_LIMITS: "off", CORS_ORIGINS: NAMED, PUBLIC_URL } });
  client = await Client.of(engine);
  listedClient = await Client.of(listed);
  await client.publish("told", everyOutcome());
  await listedClient.publish("told", everyOutcome());
  player = await client.team("told", "Owls");
});
afterAll(() => Promise.all([engine.stop(), listed.stop()]));

/** Every declared operation with its kinds of token, its path filled in. */
function operations(): { method: string; path: string; tokens: string[] }[] {
  return Object.entries(client.document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: template
        .replace("{hunt}", "told")
        .replace("{team}", "weur-0-0-abcde")
        .replace("{prize}", "lantern")
        .replace("{clue}", "old-lamp")
        .replace("{shard}", "weur-0")
        .replace("{seq}", "1")
        .replace("{digest}", "A".repeat(22)),
      tokens: ((operation as { security?: object[] }).security ?? []).flatMap((one) => Object.keys(one)),
    })),
  );
}

const raw = (at: Engine, method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, at.url), { method, headers, redirect: "manual" });

test("[SEC-66] every response says nosniff, also errors, pages and files", async () => {
  const paths = [
    "/play/told",
    "/organise",
    "/play/service-worker.js",
    "/icon.svg",
    "/nothing",
    "/v1/nothing",
  ];
  for (const path of paths) {
    const answer = await raw(engine, "GET", path);
    expect(answer.headers.get("x-content-type-options"), path).toBe("nosniff");
    await answer.arrayBuffer();
  }
  for (const { method, path } of operations()) {
    for (const [token, kind] of [
      [client.organiserToken, "organiser"],
      [player.token, "player"],
      ["x", "no"],
    ]) {
      const answer = await raw(engine, method, path, { authorization: `Bearer ${token}` });
      expect(answer.headers.get("x-content-type-options"), `${method} ${path}, ${kind}`).toBe("nosniff");
      await answer.arrayBuffer();
    }
  }
});

test("[SEC-66] what needs a token, a joining and every error is not stored by any cache", async () => {
  for (const { method, path, tokens } of operations()) {
    const asked = {
      authorization: `Bearer ${tokens.includes("player") ? player.token : client.organiserToken}`,
    };
    const answer = await raw(engine, method, path, asked);
    await answer.arrayBuffer();
    const closed = tokens.length > 0 || answer.status >= 400 || path === "/v1/hunts/told/players";
    if (closed) expect(answer.headers.get("cache-control"), `${method} ${path}`).toBe("no-store");
  }
  const joined = await client.call("POST", "/v1/hunts/told/players", {
    json: { name: "Ann", team: { create: "Private" } },
  });
  expect(joined.headers.get("cache-control")).toBe("no-store");
  const seen = await raw(engine, "GET", "/v1/hunts/told/leaderboard");
  expect(seen.headers.get("cache-control"), "of everybody").toBeNull();
  const through = await raw(engine, "GET", "/v1/hunts/told/leaderboard", {
    authorization: `Bearer ${client.organiserToken}`,
  });
  expect(through.headers.get("cache-control"), "through a freeze").toBe("no-store");
});

describe("[SEC-67] organisers' and operators' routes are not for pages of other origins", () => {
  test("with CORS_ORIGINS *, neither the response nor the preflight lets a page in", async () => {
    for (const { method, path, tokens } of operations()) {
      // Signing in asks no token, and is organisers' all the same.
      const isOrganisers = path === "/v1/session";
      const isPublic = !isOrganisers && (tokens.length === 0 || tokens.includes("player"));
      const preflight = await raw(engine, "OPTIONS", path, {
        origin: OTHER,
        "access-control-request-method": method,
      });
      const answer = await raw(engine, method, path, { origin: OTHER });
      await answer.arrayBuffer();
      for (const { headers } of [preflight, answer]) {
        expect(headers.get("access-control-allow-origin"), `${method} ${path}`).toBe(isPublic ? "*" : null);
      }
    }
  });

  test("with a list, only those it names", async () => {
    for (const [origin, allowed] of [
      [NAMED, NAMED],
      [OTHER, null],
    ] as const) {
      for (const [method, path] of [
        ["PUT", "/v1/hunts/told"],
        ["GET", "/metrics"],
        ["GET", "/v1/hunts/told"],
      ] as const) {
        const preflight = await raw(listed, "OPTIONS", path, {
          origin,
          "access-control-request-method": method,
        });
        const answer = await raw(listed, method, path, { origin });
        await answer.arrayBuffer();
        for (const { headers } of [preflight, answer]) {
          expect(headers.get("access-control-allow-origin"), `${method} ${path} from ${origin}`).toBe(
            allowed,
          );
        }
      }
    }
  });
});

test("[SEC-68] PUBLIC_URL begins every absolute link, whatever Host a request names", async () => {
  const asked = (at: Engine, path: string, token: string): Promise<string> =>
    new Promise((done, fail) => {
      const socket = connect(Number(at.url.port), at.url.hostname);
      let text = "";
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
      );
      socket.on("data", (data) => {
        text += data.toString();
      });
      socket.on("end", () => done(text)).on("error", fail);
    });
  for (const path of ["/v1/hunts/told/codes", "/openapi.json"]) {
    const text = await asked(listed, path, listedClient.organiserToken);
    expect(text, path).toContain(PUBLIC_URL);
    expect(text, path).not.toContain("evil.example");
  }
  const { body } = await client.organise<{ codes: { url: string }[] }>("GET", "/v1/hunts/told/codes");
  expect(new URL(body.codes[0]?.url ?? "").origin).toBe(engine.url.origin);
});

/**
 * Sends pieces until the response is there, as clients do that look for one while they send,
 * and `total` bytes at most. Throws where the connection breaks.
 */
async function sendLong(path: string, type: string, piece: Uint8Array, total: number) {
  let sent = 0;
  let heard = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (heard || sent >= total) return controller.close();
      sent += piece.byteLength;
      controller.enqueue(piece);
      // A turn of the loop: a sender that never looks up would not hear.
      await new Promise((next) => setImmediate(next));
    },
  });
  const answer = await fetch(new URL(path, engine.url), {
    method: "POST",
    headers: { authorization: `Bearer ${client.organiserToken}`, "content-type": type },
    body,
    duplex: "half",
  } as RequestInit);
  heard = true;
  return { status: answer.status, body: await answer.json(), sent };
}

/** Below what is read on after a refusal, bytes. */
const LONG = 40_000_000;

test("[SEC-69] a line without an end is refused before its sender is done, and the connection does not break", async () => {
  const piece = new Uint8Array(500_000).fill(0x61);
  for (const path of ["/v1/hunts/told/import", "/v1/registrations"]) {
    const { status, body, sent } = await sendLong(path, "application/x-ndjson", piece, LONG);
    expect(status, path).toBe(413);
    expect(body).toMatchObject({ code: "payload_too_large" });
    expect(sent, "it was told while it was sending").toBeLessThan(LONG);
  }
});

test("[SEC-69] a long body that is refused for another reason hears it as well", async () => {
  const blanks = new Uint8Array(200_000).fill(0x20);
  // The first says that it is no backup, which may come where there is no hunt yet.
  const lines = new TextEncoder().encode('{"at":1}\n'.repeat(20_000));
  for (const [path, type, piece, code] of [
    ["/v1/hunts/nobodys/import", "application/x-ndjson", lines, 404],
    ["/v1/hunts/told/players", "application/json", blanks, 413],
  ] as const) {
    const { status } = await sendLong(path, type, piece, LONG);
    expect(status, path).toBe(code);
  }
});
