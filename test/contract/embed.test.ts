/** Pages in frames of other sites, and a host name of a hunt's own. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

let engine: Engine;
let client: Client;

const MUSEUM = "https://museum.example";
const LOCAL = "http://localhost:3000";

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  await client.publish("shown", manyClues(1, { embed: [MUSEUM, LOCAL] }));
  await client.publish("closed", manyClues(1));
});
afterAll(() => engine.stop());

const framesOf = async (path: string): Promise<string | undefined> => {
  const { headers } = await fetch(new URL(path, engine.url));
  return /frame-ancestors ([^;]*)/.exec(headers.get("content-security-policy") ?? "")?.[1];
};

describe("[WEB-104] frames", () => {
  test("are open to the sites that a hunt names, for its own pages alone", async () => {
    for (const path of ["/play/shown", "/board/shown"])
      expect(await framesOf(path), path).toBe(`${MUSEUM} ${LOCAL}`);
    for (const path of [
      "/",
      "/play",
      "/organise",
      "/organise/shown",
      "/board",
      "/play/closed",
      "/board/closed",
      "/play/missing",
    ]) {
      expect(await framesOf(path), path).toBe("'none'");
    }
  });

  test.each([
    "http://museum.example",
    "https://museum.example/",
    "https://museum.example; script-src *",
    "https://*.example",
    "https://Museum.example",
    "*",
    "'self'",
    "https://",
    "https://a..b",
    "data:",
  ])("are for origins: %s is refused", async (origin) => {
    const refused = await client.organise("PUT", "/v1/hunts/refused", manyClues(1, { embed: [origin] }));
    expect(expectProblem(refused, "invalid").issues?.[0]?.path).toBe("embed.0");
  });
});

describe("[WEB-101] imprint and privacy", () => {
  const pages = [{ id: "imprint", title: "Imprint", body: "The museum." }];

  test("are told of the hunt, as its own page or an address", async () => {
    const legal = { imprint: "page:imprint", privacy: "https://museum.example/privacy" };
    await client.publish("legal", manyClues(1, { pages, legal }));
    expect((await client.call<{ legal: object }>("GET", "/v1/hunts/legal")).body.legal).toEqual(legal);
  });

  test.each([
    ["page:missing", "no-such-page"],
    ["javascript:alert(1)", "format"],
    ["http://museum.example", "format"],
  ])("%s is refused", async (imprint, code) => {
    const refused = await client.organise(
      "PUT",
      "/v1/hunts/refused",
      manyClues(1, { pages, legal: { imprint } }),
    );
    expect(expectProblem(refused, "invalid").issues).toEqual([
      expect.objectContaining({ path: "legal.imprint", code }),
    ]);
  });
});

/** The response to a request of another Host. */
const asHost = (host: string, path: string): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const { hostname, port } = engine.url;
    request({ hostname, port, path, headers: { host } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
      );
    })
      .on("error", fail)
      .end();
  });

test("[WEB-105] a second host name serves the same hunt, and its links stay there", async () => {
  const host = "trail.museum.example";
  expect((await asHost(host, "/play/shown")).status).toBe(200);
  const { hunt } = JSON.parse((await asHost(host, "/v1/hunts/shown")).body);
  expect(hunt).toBe("shown");
  const { servers } = JSON.parse((await asHost(host, "/openapi.json")).body);
  expect(servers).toEqual([{ url: `http://${host}` }]);
});
