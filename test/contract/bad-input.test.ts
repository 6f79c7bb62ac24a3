/** Hostile input (SPEC, SEC-10 and on): each gets a clear response, never a 5xx and never a hang. */
import { isUtf8 } from "node:buffer";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { type Answer, Client, checkProblem, expectProblem, type Player } from "./client.ts";
import { everyOutcome } from "./hunts.ts";
import { JSON_SUITE } from "./json-suite.ts";
import { Socket, ticketOf } from "./socket.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 400);

/** Longest frame of a client, bytes. */
const FRAME_BYTES = 4_096;

/** Fewer frames than a spectator may send at once. */
const PER_SOCKET = 10;

/** All of their keys may be absent: that JSON is good there. */
const TAKES_NOTHING = /\/(?:redrive|redeliver|rehearsal)$/;

let engine: Engine;
let client: Client;
let player: Player;
/** Every route that takes a body, by the engine's own document. */
let routes: Route[];
/** Errors and warnings the engine logged: input is no reason for one. */
const logged: string[] = [];

interface Route {
  method: "POST" | "PUT";
  path: string;
  token?: string;
  type: string;
  kind: "json" | "text" | "lines";
  maxBytes: number;
}

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off" },
    log: (level, text) => {
      if (level === "error" || level === "warn") logged.push(text);
    },
  });
  client = await Client.of(engine);
  const prizes = [{ id: "voucher", title: "A voucher", mode: "first-come", stock: 2 }];
  const webhooks = [{ url: "https://receiver.example/", on: ["won"] }];
  await client.publish("bad", everyOutcome({ prizes, webhooks }));
  // One that can still be imported into.
  await client.publish("bad-draft", everyOutcome(), "draft");
  player = await client.team("bad", "Fuzzers");
  routes = routesOf(client.document.paths as unknown as Record<string, Record<string, Declared>>);
  expect(routes.length).toBeGreaterThan(20);
});
afterAll(async () => {
  await engine.stop();
});

interface Declared {
  security?: Record<string, unknown>[];
  requestBody?: { content: Record<string, object>; "x-max-bytes": number };
}

function routesOf(paths: Record<string, Record<string, Declared>>): Route[] {
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, { security, requestBody }]): Route[] => {
      if (!requestBody) return [];
      const types = Object.keys(requestBody.content);
      // A file may be of any bytes (test/contract/assets.test.ts).
      if (!types.some((type) => /json|yaml/.test(type))) return [];
      const opens = security?.flatMap((one) => Object.keys(one)) ?? [];
      const route = {
        method: method.toUpperCase() as Route["method"],
        path: template
          .replace("{hunt}", template.endsWith("/import") ? "bad-draft" : "bad")
          .replace("{team}", player.team.id)
          .replace("{prize}", "voucher")
          .replace("{webhook}", "hook-1")
          .replace("{clue}", "cave"),
        ...(opens.length === 0
          ? {}
          : { token: opens.includes("player") ? player.token : client.organiserToken }),
        maxBytes: requestBody["x-max-bytes"],
      };
      if (types.includes("application/x-ndjson")) {
        return [{ ...route, type: "application/x-ndjson", kind: "lines" }];
      }
      if (!types.includes("application/yaml")) {
        return [{ ...route, type: "application/json", kind: "json" }];
      }
      return ["application/json", "application/yaml"].map((type) => ({
        ...route,
        type,
        kind: "text",
      }));
    }),
  );
}

function send(route: Route, body: string | Uint8Array<ArrayBuffer>, type = route.type) {
  const { token } = route;
  return client.call(route.method, route.path, { body, type, ...(token === undefined ? {} : { token }) });
}

/** Lines that were taken, as the routes that take lines tell it. */
interface Taken {
  accepted?: number;
  created?: number;
  existing?: number;
}
const takenOf = (body: Taken): number => body.accepted ?? (body.created ?? 0) + (body.existing ?? 0);

/** What a request that cannot be meant must come to: a problem, or import lines that are all rejected. */
function expectRefused(answer: Answer, about: string): void {
  if (answer.status === 200 || answer.status === 202) {
    const body = answer.body as Taken & { lines?: number; rejected: object[] };
    expect(takenOf(body), about).toBe(0);
    expect(body.rejected.length, about).toBe(body.lines ?? body.rejected.length);
    return;
  }
  expect(answer.status, about).toBeGreaterThanOrEqual(400);
  expect(answer.status, about).toBeLessThan(500);
  checkProblem(answer, about);
}

describe("[SEC-10] every text of the JSON parsing suite", () => {
  test("is refused by every route that takes a body: what is no JSON as such, the rest for its content", {
    timeout: 720_000,
  }, async () => {
    expect(JSON_SUITE.length).toBeGreaterThan(300);
    for (const route of routes) {
      const work = [...JSON_SUITE];
      const worker = async (): Promise<void> => {
        for (let next = work.pop(); next !== undefined; next = work.pop()) {
          const { name, bytes } = next;
          const answer = await send(route, bytes);
          const about = `${route.method} ${route.path} ${name} → ${answer.status} ${answer.text.slice(0, 300)}`;
          if (/object_empty$|empty_object$/.test(name) && TAKES_NOTHING.test(route.path)) {
            expect([200, 201], about).toContain(answer.status);
            continue;
          }
          expectRefused(answer, about);
          const text = new TextDecoder().decode(bytes).trim();
          if (text.length > 8) expect(answer.text, about).not.toContain(text);
          if (route.kind !== "json") continue;
          const { code } = checkProblem(answer, about);
          if (bytes.length > route.maxBytes) expect(code, about).toBe("payload_too_large");
          else if (name.startsWith("n_")) expect(code, about).toBe("bad_request");
          else if (name.startsWith("y_")) expect(code, about).toBe("invalid");
          else expect(["bad_request", "invalid"], about).toContain(code);
        }
      };
      await Promise.all(Array.from({ length: 8 }, worker));
    }
  });

  test("spoils no other line among which it stands", async () => {
    const good = {
      "/v1/hunts/bad-draft/import": `{"at":"2026-06-06T18:30:00Z","team":"Liners","type":"join"}`,
      "/v1/registrations": `{"externalId":"C-1"}`,
      "/v1/hunts/bad/teams": `{"name":"Liners"}`,
    };
    const texts = JSON_SUITE.filter(({ bytes }) => !bytes.some((byte) => byte === 0x0a || byte === 0x0d));
    for (const route of routes.filter(({ kind }) => kind === "lines")) {
      const line = good[route.path as keyof typeof good];
      // In parts, so that each is told: the response names so many rejected lines and no more.
      for (let from = 0; from < texts.length; from += 40) {
        // A list of teams is read as one text.
        const isOneText = route.path.endsWith("/teams");
        const part = texts
          .slice(from, from + 40)
          .filter(({ bytes }) => bytes.length < 10_000 && !(isOneText && !isUtf8(bytes)));
        const body = Buffer.concat([
          ...part.flatMap(({ bytes }) => [bytes, Buffer.from("\n")]),
          Buffer.from(line),
        ]);
        const answer = await send(route, new Uint8Array(body));
        const about = `${route.path} from ${from} → ${answer.status} ${answer.text.slice(0, 300)}`;
        expect([200, 202], about).toContain(answer.status);
        expect(takenOf(answer.body as Taken), about).toBe(1);
      }
    }
  });

  test("is refused as a frame of a live socket, or closes it", { timeout: 360_000 }, async () => {
    for (const ticketed of [true, false]) {
      const open = async () =>
        Socket.open(client, "bad", ticketed ? await ticketOf(client, player) : undefined);
      let socket = await open();
      let sent = 0;
      for (const { name, bytes } of JSON_SUITE) {
        const text = Buffer.from(bytes).toString();
        const isText = Buffer.from(text).equals(Buffer.from(bytes));
        socket.send(isText ? text : bytes);
        const marker = `after-${name}`;
        socket.send({ ping: marker });
        await expect
          .poll(() => socket.closed ?? socket.frames.find(({ pong }) => pong === marker), {
            interval: 2,
            message: name,
          })
          .toBeDefined();
        if (socket.closed) {
          expect(bytes.length > FRAME_BYTES || !isText, `${name} closed the socket`).toBe(true);
        } else {
          const refused = socket.frames.some(
            ({ error, results }) => error !== undefined || results !== undefined,
          );
          expect(refused, name).toBe(true);
          socket.frames.length = 0;
          sent += 1;
          if (sent % PER_SOCKET > 0) continue;
          await socket.close();
        }
        socket = await open();
      }
      await socket.close();
    }
  });
});

describe("[SEC-11] hostile JSON", () => {
  const MARK = "zq-marker-zq";
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

  test.each([
    ["a prototype key", `{"__proto__":{"name":"${MARK}"}}`],
    ["an escaped prototype key", `{"\\u005f_proto__":{"${MARK}":1}}`],
    ["a constructor key", `{"constructor":{"prototype":{"${MARK}":1}}}`],
    ["an unknown key", `{"${MARK}":"${MARK}"}`],
    ["duplicate keys", `{"phase":"${MARK}","phase":"${MARK}"}`],
    [
      "a lone surrogate",
      `{"name":"\\ud800 ${MARK}","team":{"create":"\\udfff"},"text":"\\ud800","reason":"\\ud800"}`,
    ],
    ["NUL", `{"name":"\\u0000${MARK}","team":{"create":"x"},"text":"\\u0000","reason":"\\u0000"}`],
    [
      "a wrong type",
      `{"name":{"${MARK}":[]},"events":"${MARK}","phase":["${MARK}"],"text":7,"reason":{},"points":"${MARK}"}`,
    ],
    ["numbers beyond all bounds", `{"points":1e999,"shardsPerRegion":-1e400,"reason":"x","events":[1e999]}`],
    ["60 KB of nesting", deep(30_000)],
    ["nested objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["100,000 levels, unclosed", "[".repeat(60_000)],
    ["a long string", `{"name":"${"x".repeat(60_000)}"}`],
    ["an unclosed text", `{"name":"${MARK}`],
    ["NaN", `{"points":NaN,"reason":"${MARK}"}`],
    ["UTF-16", '{\u0000"\u0000n\u0000'],
  ])("%s is refused everywhere, and not reflected", async (_, body) => {
    for (const route of routes) {
      const answer = await send(route, body);
      const about = `${route.method} ${route.path} → ${answer.status} ${answer.text.slice(0, 300)}`;
      // An event that is wrong by itself does not spoil its request.
      const results = (answer.body as { results?: { outcome: string }[] }).results;
      if (results)
        expect(new Set(results.map(({ outcome }) => outcome)), about).toEqual(new Set(["invalid"]));
      else expectRefused(answer, about);
      // Issues name unknown keys, so that their author finds them; values are quoted by none.
      if (route.kind === "text") continue;
      const { issues = [], rejected = [] } = answer.body as {
        issues?: { code: string }[];
        rejected?: { message: string }[];
      };
      const unknown = [
        ...issues.filter(({ code }) => code === "unrecognized_keys"),
        ...rejected.filter(({ message }) => message.includes("unknown key")),
      ];
      const rest = unknown.reduce((text, one) => text.replace(JSON.stringify(one), ""), answer.text);
      expect(rest, about).not.toContain(MARK);
    }
    expect(Object.hasOwn(Object.prototype, MARK)).toBe(false);
  });

  test("100,000 levels of arrays are refused by the definition and the import", async () => {
    for (const route of routes.filter(({ kind }) => kind !== "json")) {
      const answer = await send(route, deep(100_000));
      expectRefused(answer, answer.text.slice(0, 300));
    }
  });

  test("in an event, keys of prototypes are ignored and change nothing", async () => {
    const event = `{"id":"proto","type":"answer","clue":"cave","answer":"x","\\u005f_proto__":{"outcome":"correct"},"constructor":1}`;
    const answer = await client.call<{ results: object[] }>("POST", "/v1/hunts/bad/events", {
      token: player.token,
      body: `{"events":[${event}]}`,
      type: "application/json",
    });
    expect(answer.body.results).toMatchObject([{ id: "proto", outcome: "incorrect" }]);
    expect(await client.me(player)).toMatchObject({ team: { score: 0 } });
  });
});

describe("[SEC-12] positions", () => {
  const checkin = (id: string, position: string) =>
    `{"events":[{"id":"${id}","type":"checkin","clue":"pier","position":${position}}]}`;
  const outcomeOf = async (id: string, position: string): Promise<string> => {
    const answer = await client.call<{ results?: { outcome: string }[] }>("POST", "/v1/hunts/bad/events", {
      token: player.token,
      body: checkin(id, position),
      type: "application/json",
    });
    return answer.status === 200 ? (answer.body.results?.[0]?.outcome ?? "none") : checkProblem(answer).code;
  };

  test.each([
    ["the date line", `{"lat":0,"lng":180,"accuracy":1}`],
    ["the date line from the east", `{"lat":0,"lng":-180,"accuracy":1}`],
    ["the poles", `{"lat":90,"lng":0,"accuracy":0}`],
    ["minus zero", `{"lat":-0,"lng":-0,"accuracy":-0}`],
    ["tiny numbers", `{"lat":1e-308,"lng":5e-324,"accuracy":1e-9}`],
  ])("%s is a position", async (name, position) => {
    expect(["out_of_range", "implausible"]).toContain(
      await outcomeOf(`ok-${name.replaceAll(" ", "-")}`, position),
    );
  });

  test.each([
    ["latitude beyond 90", `{"lat":90.0000001,"lng":0,"accuracy":1}`, "invalid"],
    ["longitude beyond 180", `{"lat":0,"lng":-180.0000001,"accuracy":1}`, "invalid"],
    ["infinite", `{"lat":1e999,"lng":0,"accuracy":1}`, "invalid"],
    ["negative accuracy", `{"lat":0,"lng":0,"accuracy":-1}`, "invalid"],
    ["null", `{"lat":null,"lng":0,"accuracy":1}`, "invalid"],
    ["text", `{"lat":"53.5","lng":"9.9","accuracy":"1"}`, "invalid"],
    ["NaN", `{"lat":NaN,"lng":0,"accuracy":1}`, "bad_request"],
    ["no accuracy", `{"lat":0,"lng":0}`, "invalid"],
    ["a list", `[0,0,1]`, "invalid"],
  ])("%s is not", async (name, position, expected) => {
    expect(await outcomeOf(`no-${name.replaceAll(" ", "-")}`, position)).toBe(expected);
  });
});

describe("[SEC-13] bodies of the wrong type or size", () => {
  const TYPES = [
    "text/plain",
    "text/html",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "a",
    ";",
    "application/json-seq",
  ];

  test("other media types are refused by every route that takes JSON", async () => {
    for (const route of routes.filter(({ kind }) => kind === "json")) {
      for (const type of TYPES) expectProblem(await send(route, "{}", type), "unsupported_media_type");
    }
  });

  test("too large is too large: announced, before it is sent; not announced, when it is", async () => {
    for (const route of routes.filter(({ kind }) => kind !== "lines")) {
      const limit = route.maxBytes;
      const chunk = (size: number) => `${size.toString(16)}\r\n${" ".repeat(size)}\r\n`;
      expect(await statusOf(route, `Content-Length: ${limit + 1}\r\n\r\n{`), route.path).toBe(413);
      expect(await statusOf(route, `Transfer-Encoding: chunked\r\n\r\n${chunk(limit + 1)}`), route.path).toBe(
        413,
      );
      const whole = `Transfer-Encoding: chunked\r\n\r\n${chunk(limit)}0\r\n\r\n`;
      expect(await statusOf(route, whole), route.path).toBe(400);
    }
  });

  test("cut off, harms nobody else and is no failure of the engine", async () => {
    for (const route of routes) {
      await cutOff(route, 'Content-Length: 500\r\n\r\n{"events":');
      await cutOff(route, 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"eve');
    }
    await expect.poll(async () => (await client.call("GET", "/readyz")).status).toBe(200);
    expect((await client.me(player)).player.id).toBe(player.id);
    expect(logged).toEqual([]);
  });
});

test("[SEC-14] headers and paths of 10,000 characters are answered", async () => {
  const long = "x".repeat(10_000);
  for (const path of [`/${long}`, `/v1/hunts/${long}`, `/v1/hunts/bad/leaderboard/${long}/history`]) {
    expectProblem(await client.call("GET", path), "not_found");
  }
  expectProblem(await client.call("GET", `/v1/hunts/bad/leaderboard?around=${long}`), "invalid");
  expectProblem(await client.call("GET", "/v1/hunts/bad/me", { token: long }), "unauthenticated");
  expectProblem(
    await client.call("GET", "/v1/hunts/bad/me", { headers: { authorization: `${long} ${long}` } }),
    "unauthenticated",
  );
  const joined = await client.call("POST", "/v1/hunts/bad/players", {
    json: { name: "Ann", team: { create: "Long header" } },
    headers: { "idempotency-key": long, "x-forwarded-for": long, cookie: long },
  });
  expectProblem(joined, "bad_request");
  const put = await client.call("PUT", "/v1/hunts/bad", {
    token: client.organiserToken,
    json: everyOutcome(),
    headers: { "if-match": long },
  });
  expectProblem(put, "precondition_failed");
});

describe("[SEC-15] random requests", () => {
  const segment = fc.oneof(
    fc.constantFrom(
      "v1",
      "hunts",
      "bad",
      "bad-draft",
      "me",
      "events",
      "players",
      "leaderboard",
      "history",
      "teams",
      "awards",
      "stats",
    ),
    fc.constantFrom(
      "..",
      ".",
      "",
      "%",
      "%00",
      "%zz",
      "%E0%A4%A",
      "%2e%2e%2f",
      "*",
      ":hunt",
      "{hunt}",
      "//",
      "a".repeat(300),
    ),
    fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => encodeURIComponent(text)),
  );
  const path = fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join("/")}`);
  const query = fc.oneof(
    fc.constant(""),
    fc.webQueryParameters().map((text) => `?${text}`),
    fc.constantFrom(
      "?limit=1e9",
      "?limit=",
      "?offset=NaN",
      "?cursor=.",
      "?around=%00",
      "?dryRun",
      "?bracket[]=x",
    ),
  );

  test("of any method and path get an answer below 500, errors as problems", {
    timeout: 360_000,
  }, async () => {
    const tokens = [undefined, player.token, client.organiserToken];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
        path,
        query,
        fc.constantFrom(...tokens),
        fc.option(fc.json({ maxDepth: 3 }), { nil: undefined }),
        async (method, at, search, token, body) => {
          // The start page is a static asset: it never reaches the Worker.
          fc.pre(new URL(`${at}${search}`.replace(/^\/+/, "/"), client.url).pathname !== "/");
          const takesBody = method !== "GET" && method !== "HEAD" && body !== undefined;
          const answer = await client.call(method, `${at}${search}`.replace(/^\/+/, "/"), {
            ...(token === undefined ? {} : { token }),
            ...(takesBody ? { body, type: "application/json" } : {}),
          });
          expect(answer.status).toBeLessThan(500);
          expect(answer.headers.get("x-request-id")).toMatch(/./);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("of any JSON to the routes that take a body get an answer below 500", {
    timeout: 360_000,
  }, async () => {
    const event = fc.record(
      {
        id: fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), fc.string()),
        type: fc.oneof(fc.constantFrom("answer", "scan", "checkin", "hint", "claim"), fc.string()),
        clue: fc.oneof(
          fc.constantFrom("cave", "chest", "pier", "flag", "toString", "constructor"),
          fc.jsonValue(),
        ),
        answer: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
        code: fc.oneof(fc.string(), fc.jsonValue()),
        hint: fc.oneof(fc.constantFrom("free", "late", "hasownproperty"), fc.jsonValue()),
        prize: fc.jsonValue(),
        position: fc.oneof(
          fc.record({ lat: fc.double(), lng: fc.double(), accuracy: fc.double() }),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ["id", "type"] },
    );
    const body = fc.oneof(
      fc.record({ events: fc.array(fc.oneof(event, fc.jsonValue()), { maxLength: 5 }) }),
      fc.record({
        name: fc.string({ unit: "binary" }),
        team: fc.oneof(fc.record({ create: fc.string() }), fc.record({ join: fc.string() })),
      }),
      fc.record({
        points: fc.oneof(fc.integer(), fc.double()),
        reason: fc.string({ unit: "binary" }),
        clue: fc.string(),
        text: fc.string(),
      }),
      fc.jsonValue(),
    );
    // Not the phase and the shards: they are tested elsewhere, and would end this hunt.
    const chosen = routes.filter(({ path: at }) => !/phase|shards|\/ban$/.test(at));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...chosen), body, async (route, value) => {
        const answer = await send(route, JSON.stringify(value));
        expect(answer.status, answer.text).toBeLessThan(500);
      }),
      { numRuns: RUNS },
    );
  });
});

/** A request's first bytes, `rest` being the last header, the blank line and the body. */
function head(route: Route, rest: string): string {
  return [
    `${route.method} ${route.path} HTTP/1.1`,
    `Host: ${client.url.host}`,
    `Content-Type: ${route.type}`,
    ...(route.token === undefined ? [] : [`Authorization: Bearer ${route.token}`]),
    rest,
  ].join("\r\n");
}

/** Sends exactly these bytes and resolves with the status as soon as it comes. */
function statusOf(route: Route, rest: string): Promise<number> {
  const socket = connect(Number(client.url.port), client.url.hostname);
  return new Promise((done, fail) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
      if (status === undefined) return;
      done(Number(status));
      socket.destroy();
    });
    // The engine may close before it has read everything.
    socket.once("close", () => fail(new Error("closed without an answer"))).on("error", () => undefined);
    socket.write(head(route, rest));
  });
}

/** Sends these bytes and goes away. */
function cutOff(route: Route, rest: string): Promise<void> {
  const socket = connect(Number(client.url.port), client.url.hostname);
  return new Promise((done, fail) => {
    socket.once("error", fail).once("close", () => done());
    socket.write(head(route, rest), () => setTimeout(() => socket.destroy(), 20));
  });
}

test("[SEC-16] after all of it the hunt is whole, and nothing was logged as a failure", async () => {
  await client.verify("bad");
  await client.verify("bad-draft");
  expect(logged).toEqual([]);
});
