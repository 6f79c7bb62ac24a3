/** What the engine's own port does with requests that no client of the pages sends. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;
const logged: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "on" },
    log: (level, text) => void (level === "error" && logged.push(text)),
  });
  client = await Client.of(engine);
  await client.publish("front", manyClues(1));
});
afterAll(() => engine?.stop());

/** Sends the text on a connection of its own and gives what comes until the connection ends, or nothing has come for `quiet` ms. */
function exchange(text: string, quiet = 1_000): Promise<string> {
  const socket = connect(Number(engine.url.port), engine.url.hostname);
  socket.setTimeout(quiet, () => socket.destroy());
  let got = "";
  socket.on("data", (data) => {
    got += String(data);
  });
  socket.write(text, "latin1");
  return new Promise((done, fail) => socket.once("close", () => done(got)).once("error", fail));
}

const statusOf = (response: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(response)?.[1]);

describe("[SEC-81] a request that no server has to understand is refused or served, never a failure", () => {
  const host = "Host: engine.test\r\n";
  test.each<[string, string, number]>([
    ["a header that another server takes for its own", `GET /healthz HTTP/1.1\r\n${host}MF-CF-Blob: x\r\n\r\n`, 200],
    ["a target with a host", `GET http://elsewhere.test/healthz HTTP/1.1\r\n${host}\r\n`, 200],
    ["two Host headers", `GET /healthz HTTP/1.1\r\n${host}Host: b.test\r\n\r\n`, 400],
    ["two Host headers, for a page", `GET /play/ HTTP/1.1\r\n${host}${host}\r\n`, 400],
    ["a Host that is none", "GET /play/ HTTP/1.1\r\nHost: a b<c>\r\n\r\n", 400],
    ["a Host with an impossible port", "GET /play/ HTTP/1.1\r\nHost: engine.test:99999\r\n\r\n", 400],
    ["a Host with an impossible address", "GET /play/ HTTP/1.1\r\nHost: 1.2.3.999\r\n\r\n", 400],
    ["no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
    ["the target *", `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 400],
    ["TRACE", `TRACE /healthz HTTP/1.1\r\n${host}\r\n`, 404],
    ["headers of a megabyte", `GET /healthz HTTP/1.1\r\n${host}X-A: ${"a".repeat(1_000_000)}\r\n\r\n`, 431],
    ["a target of 300,000 characters", `GET /${"a".repeat(300_000)} HTTP/1.1\r\n${host}\r\n`, 414],
    ["a folded header", `GET /healthz HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`, 400],
    ["two lengths", `POST /healthz HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`, 400],
  ])("%s", async (_, request, status) => {
    expect(statusOf(await exchange(request))).toBe(status);
  });

  test("a tunnel leads nowhere: it is closed at once, and nothing is logged", async () => {
    const response = await exchange("CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\nSSH-2.0-x\r\n", 5_000);
    expect(statusOf(response)).toBeLessThan(500);
    expect(response.split("\r\n\r\n")[1]).toBe("");
    expect(logged).toEqual([]);
  });
});

test("[SEC-80] the address of a client is that of its connection, whatever its headers say", async () => {
  /** Requests that surely pass the limit of wrangler.toml, even when its period ends among them. */
  const requestsMax = 9_000;
  const read = (headers: Record<string, string>) => client.call("GET", "/v1/hunts/front", { headers });
  let refused = false;
  for (let sent = 0; sent < requestsMax && !refused; sent += 1_000) {
    const requests = Array.from(
      { length: 1_000 },
      (_, index) =>
        `GET /v1/hunts/No-Slug HTTP/1.1\r\nHost: engine.test\r\nCF-Connecting-IP: 198.51.${index % 250}.${sent / 1_000}\r\nX-Forwarded-For: 192.0.2.${index % 250}\r\n\r\n`,
    );
    const responses = await exchange(requests.join(""));
    expect(responses.split("HTTP/1.1 ").length - 1).toBe(1_000);
    refused = responses.includes("HTTP/1.1 429 ");
  }
  expectProblem(await read({ "cf-connecting-ip": "203.0.113.9" }), "rate_limited");
  expectProblem(await read({ "x-forwarded-for": "203.0.113.10" }), "rate_limited");
});
