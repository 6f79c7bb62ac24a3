/** What the engine's own port does with requests that no client of the pages sends. */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";

let engine: Engine;
const logged: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "on" },
    log: (level, text) => void (level === "error" && logged.push(text)),
  });
});
afterAll(() => engine?.stop());

/** Sends the text on a connection of its own and gives what comes until the connection ends, or nothing has come for `quiet` ms. */
function exchange(text: string, quiet = 300): Promise<string> {
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
    [
      "a header that another server takes for its own",
      `GET /healthz HTTP/1.1\r\n${host}MF-CF-Blob: x\r\n\r\n`,
      200,
    ],
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
    [
      "two lengths",
      `POST /healthz HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde`,
      400,
    ],
  ])("%s", async (_, request, status) => {
    expect(statusOf(await exchange(request))).toBe(status);
  });

  test("a tunnel leads nowhere: it is closed at once, and nothing is logged", async () => {
    const response = await exchange(
      "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\nSSH-2.0-x\r\n",
      5_000,
    );
    expect(statusOf(response)).toBeLessThan(500);
    expect(response.split("\r\n\r\n")[1]).toBe("");
    expect(logged).toEqual([]);
  });
});

describe("[SEC-80] the address of a client", () => {
  /** Before the Worker: notes the addresses that limits are counted for. */
  const NOTING = `
    import worker from "./worker.js";
    export * from "./worker.js";
    const keys = [];
    const ADDRESS_RATE = { limit: async ({ key }) => ({ success: keys.push(key) > 0 }) };
    export default {
      ...worker,
      fetch(request, env, context) {
        if (new URL(request.url).pathname === "/-/keys") return Response.json(keys.splice(0));
        return worker.fetch(request, { ...env, ADDRESS_RATE }, context);
      },
    };
  `;
  const headers = {
    "cf-connecting-ip": "198.51.100.7",
    "x-forwarded-for": "203.0.113.1, 203.0.113.2",
    "mf-cf-blob": JSON.stringify({ clientIp: "198.51.100.8" }),
  };
  const { "cf-connecting-ip": _, ...forwarded } = headers;

  test.each([
    ["off", headers, "127.0.0.1"],
    ["on", headers, "198.51.100.7"],
    ["on", forwarded, "203.0.113.2"],
    ["on", { "x-forwarded-for": "2001:db8:0:17ff::1" }, "2001:db8:0:1700::/56"],
    ["on", { ...forwarded, "cf-connecting-ip": " " }, "203.0.113.2"],
    ["on", {}, "127.0.0.1"],
  ])("with TRUST_PROXY=%s and %o is %s", async (trust, sent, address) => {
    const noting = await startEngine({ vars: { RATE_LIMITS: "on", TRUST_PROXY: trust }, entry: NOTING });
    try {
      await fetch(new URL("/v1/hunts/nowhere", noting.url), { headers: sent });
      const keys = await (await fetch(new URL("/-/keys", noting.url))).json();
      expect(keys).toEqual([address]);
    } finally {
      await noting.stop();
    }
  });

  test("[SEC-40] counts large texts, which anybody may read; they are made once", async () => {
    const noting = await startEngine({ vars: { RATE_LIMITS: "on" }, entry: NOTING });
    try {
      for (const path of ["/openapi.json", "/schema/hunt.json"]) {
        const text = await (await fetch(new URL(path, noting.url))).text();
        expect(() => JSON.parse(text)).not.toThrow();
        expect(await (await fetch(new URL(path, noting.url))).text()).toBe(text);
        const keys = await (await fetch(new URL("/-/keys", noting.url))).json();
        expect(keys).toEqual(["127.0.0.1", "127.0.0.1"]);
      }
    } finally {
      await noting.stop();
    }
  });
});

test("[SEC-50] whatever route asks for a token, a forged one is within the rate of its address; good ones play on", async () => {
  /** Before the Worker: the address is beyond its rate. */
  const BEYOND = `
    import worker from "./worker.js";
    export * from "./worker.js";
    const ADDRESS_RATE = { limit: async () => ({ success: false }) };
    export default { ...worker, fetch: (request, env, context) => worker.fetch(request, { ...env, ADDRESS_RATE }, context) };
  `;
  const paths = (await (await fetch(new URL("/openapi.json", engine.url))).json()) as {
    paths: Record<string, Record<string, { security?: object[] }>>;
  };
  const beyond = await startEngine({ vars: { RATE_LIMITS: "on" }, entry: BEYOND });
  try {
    const send = (method: string, path: string, token: string): Promise<Response> =>
      fetch(new URL(path, beyond.url), { method, headers: { authorization: `Bearer ${token}` } });
    const answers: Record<string, number> = {};
    let asking = 0;
    for (const [path, operations] of Object.entries(paths.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        if (!security?.length) continue;
        asking += 1;
        const response = await send(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "none"), "a.b.c");
        if (response.status !== 429) answers[`${method} ${path}`] = response.status;
        await response.body?.cancel();
      }
    }
    expect(asking).toBeGreaterThan(30);
    expect(answers).toEqual({});
    const good = await send("GET", "/v1/ops/advice", await mintOrganiserToken(beyond.secrets));
    expect(good.status).toBe(200);
  } finally {
    await beyond.stop();
  }
});
