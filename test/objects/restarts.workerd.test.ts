/**
 * Every object restarts under every route. A route is called as it should be,
 * and the object stops at its first call, with the work done but the result
 * lost, or at every call, before the work. The client gets a result all the
 * same, or is told to come back.
 */
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { publicKey } from "../../src/cache/entry.ts";
import { HuntDirectory } from "../../src/control/directory.ts";
import { NameRegistry } from "../../src/control/names.ts";
import { HuntControl } from "../../src/control/object.ts";
import { signPlayerToken, signTicket } from "../../src/edge/auth.ts";
import { LiveBoard } from "../../src/leaderboard/live-object.ts";
import { Leaderboard } from "../../src/leaderboard/object.ts";
import { OriginGate } from "../../src/origin/gate/object.ts";
import { openOrigin } from "../../src/origin/open.ts";
import { PrizeVault } from "../../src/prizes/object.ts";
import { DeadLetters } from "../../src/queue/dead-letters-object.ts";
import { currentKey } from "../../src/secrets.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { MetricsHub } from "../../src/telemetry/object.ts";
import {
  command,
  control,
  join,
  makeOrigin,
  type Playing,
  play,
  publish,
  setParameters,
  setPhase,
} from "../shard/workerd.ts";

const DAY = 86_400_000;

/** Nothing is answered from memory or KV, and one spectator fills a leaderboard's object. */
setParameters({
  HUNT_MEMORY_MS: 0,
  LEADERBOARD_MEMORY_MS: 0,
  LEADERBOARD_KV_MAX_AGE_MS: 0,
  LIVE_SOCKETS_PER_OBJECT: 1,
  SHIP_DELAY_MS: 10,
  REPORT_DELAY_MS: 10,
});

const CLASSES: Record<string, { prototype: object }> = {
  HuntShard,
  Leaderboard,
  LiveBoard,
  HuntControl,
  NameRegistry,
  HuntDirectory,
  PrizeVault,
  DeadLetters,
  OriginGate,
  MetricsHub,
};

/** Methods that are no calls: the platform's own, those that tests replace, and the gate library's. */
const NO_CALLS = /^(constructor|now|clock|alarm|webSocket\w+|getPersistable)$/;

const HUNT = "restarted";
const ENDED = "restarted-ended";
const DRAFT = "restarted-draft";
const REGISTERED = "restarted-registered";
const FROZEN = "restarted-frozen";
const TEAMS = { mode: "teams", maxSize: 100 };
const PRIZE = { id: "shell", title: "Shell", mode: "odds", odds: 1, stock: 5, perTeam: 5 };

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}
type Token = "organiser" | "player" | "ops";

let tokens: Record<Token, string>;
let member: Playing;
let marked: Playing;
let frozen: Playing;
let asked = 0;

async function mint(audience: string): Promise<string> {
  const key = currentKey("ORGANISER_TOKEN_KEYS", env.ORGANISER_TOKEN_KEYS);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience(audience)
    .setSubject("tests")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key.bytes);
}

beforeAll(async () => {
  await makeOrigin();
  for (const hunt of [HUNT, ENDED]) {
    await publish(hunt, 10, { prizes: [PRIZE], teams: TEAMS });
    await setPhase(hunt, "live");
  }
  await publish(DRAFT);
  await publish(REGISTERED, 10, { players: { require: "registered", whenOriginDown: "refuse" } });
  await setPhase(REGISTERED, "live");
  const origin = openOrigin(env);
  await origin.register([{ externalId: "C-1", name: "Cyd", at: Date.now() }]);
  const scoring = { decay: { kind: "linear", minimum: 5, solves: 5 } };
  await publish(FROZEN, 10, { scoring, freeze: new Date(Date.now() - 1_000).toISOString() });
  await setPhase(FROZEN, "live");
  frozen = await join(FROZEN, "Frozen");
  member = await join(HUNT, "Members");
  marked = await join(HUNT, "Marked");
  await play(member, command(HUNT, { id: "claim", type: "claim", prize: "shell" }));
  const winner = await join(ENDED, "Winners");
  await play(winner, command(ENDED, { id: "claim", type: "claim", prize: "shell" }));
  await setPhase(ENDED, "ended");
  const claims = { hunt: HUNT, team: member.team.id, player: member.player.id };
  const now = Date.now();
  tokens = {
    organiser: await mint("hunt-organiser"),
    ops: await mint("hunt-ops"),
    player: await signPlayerToken(env, claims, now, now + DAY),
  };
});
afterEach(() => vi.restoreAllMocks());

/** One valid request a route, by the route's name; more where a route has more ways through the objects. */
const ROUTES: Record<string, (() => Promise<Asked> | Asked)[]> = {
  "GET /healthz": [() => get("/healthz")],
  "GET /readyz": [() => get("/readyz")],
  "GET /metrics": [() => get("/metrics", "ops")],
  "GET /openapi.json": [() => get("/openapi.json")],
  "GET /schema/hunt.json": [() => get("/schema/hunt.json")],
  "GET /v1/pages": [() => get("/v1/pages")],
  "GET /v1/ops/origin": [() => get("/v1/ops/origin", "organiser")],
  "GET /v1/ops/keys": [() => get("/v1/ops/keys", "organiser")],
  "GET /v1/ops/advice": [() => get("/v1/ops/advice", "organiser")],
  "GET /v1/ops/dead-letters": [() => get("/v1/ops/dead-letters", "organiser")],
  "POST /v1/ops/dead-letters/redrive": [() => post("/v1/ops/dead-letters/redrive", {})],
  "POST /v1/registrations": [() => lines("/v1/registrations", { externalId: "C-1", name: "Ada" })],
  "GET /v1/hunts": [() => get("/v1/hunts", "organiser")],
  "GET /v1/hunts/{hunt}": [() => get(of(HUNT))],
  "PUT /v1/hunts/{hunt}": [() => republish()],
  "GET /v1/hunts/{hunt}/definition": [() => get(of(HUNT, "definition"), "organiser")],
  "GET /v1/hunts/{hunt}/codes": [() => get(of(HUNT, "codes"), "organiser")],
  "POST /v1/hunts/{hunt}/phase": [
    async () => {
      const entry = await control(HUNT).publicEntry();
      const paused = "phase" in entry && entry.phase.paused;
      return post(of(HUNT, "phase"), { phase: paused ? "live" : "paused" });
    },
  ],
  "POST /v1/hunts/{hunt}/announcements": [() => post(of(HUNT, "announcements"), { text: "Hear!" })],
  "GET /v1/hunts/{hunt}/announcements": [
    () => get(of(HUNT, "announcements"), "organiser"),
    () => get(of(HUNT, "announcements"), "player"),
  ],
  "POST /v1/hunts/{hunt}/shards": [() => post(of(HUNT, "shards"), { shardsPerRegion: 8 })],
  "POST /v1/hunts/{hunt}/players": [
    () => joining(HUNT, { name: "Ann", team: { create: `Team ${asked}` } }),
    () => joining(HUNT, { name: "Bob", team: { join: member.team.joinCode } }),
    async () => {
      // Its shards ask control for the hunt.
      const hunt = `restarted-${asked}`;
      await publish(hunt);
      await setPhase(hunt, "live");
      return joining(hunt, { name: "Dee", team: { create: "First" } });
    },
    () => joining(REGISTERED, { name: "Cyd", externalId: "C-1", team: { create: `Team ${asked}` } }),
  ],
  "GET /v1/hunts/{hunt}/me": [() => get(of(HUNT, "me"), "player")],
  "POST /v1/hunts/{hunt}/events": [
    () => {
      const answer = { id: `a-${asked}`, type: "answer", clue: "a", answer: "wrong" };
      return post(of(HUNT, "events"), { events: [answer] }, "player");
    },
    () => {
      const claim = { id: `c-${asked}`, type: "claim", prize: "shell" };
      return post(of(HUNT, "events"), { events: [claim] }, "player");
    },
  ],
  "GET /v1/hunts/{hunt}/leaderboard": [
    () => get(of(HUNT, "leaderboard")),
    () => get(of(HUNT, "leaderboard"), "organiser"),
  ],
  "GET /v1/hunts/{hunt}/leaderboard/{team}/history": [
    () => get(of(HUNT, `leaderboard/${member.team.id}/history`)),
    // The shard asks the leaderboard how clues stood at the freeze.
    () => get(of(FROZEN, `leaderboard/${frozen.team.id}/history`)),
  ],
  "POST /v1/hunts/{hunt}/tickets": [() => post(of(HUNT, "tickets"), undefined, "player")],
  "GET /v1/hunts/{hunt}/live": [
    () => upgrade(of(HUNT, "live")),
    async () => {
      await fillLeaderboard();
      return upgrade(of(HUNT, "live"));
    },
    async () => {
      const exp = Math.floor(Date.now() / 1_000) + 3_600;
      const claims = { hunt: HUNT, team: member.team.id, player: member.player.id, exp };
      const { ticket } = await signTicket(env, claims, Date.now());
      return upgrade(`${of(HUNT, "live")}?ticket=${ticket}`);
    },
  ],
  "GET /v1/hunts/{hunt}/teams": [() => get(of(HUNT, "teams"), "organiser")],
  "GET /v1/hunts/{hunt}/stuck": [() => get(of(HUNT, "stuck"), "organiser")],
  "GET /v1/hunts/{hunt}/checkins": [() => get(of(HUNT, "checkins"), "organiser")],
  "GET /v1/hunts/{hunt}/stats": [() => get(of(HUNT, "stats"), "organiser")],
  "GET /v1/hunts/{hunt}/export": [() => get(of(HUNT, "export"), "organiser")],
  "GET /v1/hunts/{hunt}/verify": [() => get(of(ENDED, "verify"), "organiser")],
  "GET /v1/hunts/{hunt}/audit": [() => get(of(HUNT, "audit"), "organiser")],
  "GET /v1/hunts/{hunt}/dead-letters": [() => get(of(HUNT, "dead-letters"), "organiser")],
  "POST /v1/hunts/{hunt}/dead-letters/redrive": [() => post(of(HUNT, "dead-letters/redrive"), {})],
  "POST /v1/hunts/{hunt}/rearchive": [() => post(of(HUNT, "rearchive"), { reason: "a test" })],
  "POST /v1/hunts/{hunt}/import": [
    () => {
      const at = "2026-06-06T18:30:00Z";
      return lines(of(DRAFT, "import"), { at, team: `Old ${asked}`, type: "join", player: "Eve" });
    },
  ],
  "POST /v1/hunts/{hunt}/teams/{team}/awards": [() => post(team("awards"), { points: 5, reason: "a test" })],
  "POST /v1/hunts/{hunt}/teams/{team}/unlocks": [
    () => post(team("unlocks"), { clue: "b", reason: "a test" }),
  ],
  ...Object.fromEntries(
    ["ban", "unban", "hide", "show"].map((mark) => [
      `POST /v1/hunts/{hunt}/teams/{team}/${mark}`,
      [() => post(team(mark), { reason: "a test" })],
    ]),
  ),
  "POST /v1/hunts/{hunt}/prizes/{prize}/stock": [() => post(prize("stock"), { add: 1, reason: "a test" })],
  ...Object.fromEntries(
    ["withdraw", "restore"].map((change) => [
      `POST /v1/hunts/{hunt}/prizes/{prize}/${change}`,
      [() => post(prize(change), { reason: "a test" })],
    ]),
  ),
  "POST /v1/hunts/{hunt}/prizes/{prize}/revoke": [() => post(prize("revoke"), { unit: 0, reason: "a test" })],
  "GET /v1/hunts/{hunt}/prizes/{prize}/winners": [() => get(prize("winners"), "organiser")],
  "GET /v1/hunts/{hunt}/prizes/{prize}/draw": [
    () => get(prize("draw")),
    () => get(of(ENDED, "prizes/shell/draw")),
  ],
};

const of = (hunt: string, rest = ""): string => `/v1/hunts/${hunt}${rest === "" ? "" : `/${rest}`}`;
const team = (action: string): string => of(HUNT, `teams/${marked.team.id}/${action}`);
const prize = (action: string): string => of(HUNT, `prizes/shell/${action}`);

const bearer = (token?: Token): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${tokens[token]}` };
const get = (path: string, token?: Token): Asked => ({ method: "GET", path, headers: bearer(token) });
const upgrade = (path: string): Asked => ({ method: "GET", path, headers: { Upgrade: "websocket" } });

function post(path: string, body: object | undefined, token: Token = "organiser"): Asked {
  const headers = { ...bearer(token), "Content-Type": "application/json" };
  return { method: "POST", path, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
}

function joining(hunt: string, body: object): Asked {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": `key-${asked}` };
  return { method: "POST", path: of(hunt, "players"), headers, body: JSON.stringify(body) };
}

function lines(path: string, line: object): Asked {
  const headers = { ...bearer("organiser"), "Content-Type": "application/x-ndjson" };
  return { method: "POST", path, headers, body: `${JSON.stringify(line)}\n` };
}

async function republish(): Promise<Asked> {
  const definition = await control(HUNT).definition();
  if ("refused" in definition) throw new Error(definition.detail);
  const headers = { ...bearer("organiser"), "Content-Type": "application/json" };
  return { method: "PUT", path: of(HUNT), headers, body: definition.source };
}

/** A spectator takes the leaderboard's one place, so that the next is sent to a child. */
async function fillLeaderboard(): Promise<void> {
  const { webSocket } = await env.LEADERBOARD.getByName(HUNT).fetch("https://leaderboard/live", {
    headers: { Upgrade: "websocket" },
  });
  if (!webSocket) return;
  webSocket.accept();
  open.push(webSocket);
}

/** Sockets of the request under way. */
let open: WebSocket[] = [];

type Stop = "after its first call" | "at every call";

/** From now on objects of the class stop so; the result says how often they did. */
function stopping(prototype: object, stop: Stop): () => number {
  let stops = 0;
  const holder = prototype as Record<string, (...args: unknown[]) => unknown>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const original = holder[name];
    if (NO_CALLS.test(name) || typeof original !== "function") continue;
    vi.spyOn(holder, name).mockImplementation(async function (this: unknown, ...args: unknown[]) {
      if (stop === "after its first call") {
        const first = stops === 0;
        if (first) stops += 1;
        const result = await original.apply(this, args);
        if (!first) return result;
      } else stops += 1;
      // The gate's library keeps under `state` what others have under `ctx`.
      const { ctx, state } = this as { ctx?: DurableObjectState; state?: DurableObjectState };
      (ctx ?? state)?.abort("restarted by a test");
      throw new Error("restarted by a test");
    });
  }
  return () => stops;
}

/** Sends the request, reads the whole response, and closes what it opened. */
async function send({ method, path, headers, body }: Asked): Promise<{ status: number; headers: Headers }> {
  const response = await exports.default.fetch(`https://hunt.example${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  if (response.webSocket) {
    response.webSocket.accept();
    open.push(response.webSocket);
  } else await response.text(); // a response that was begun is complete
  for (const socket of open) {
    try {
      socket.close(1000, "the test has seen it");
    } catch {
      // Its object has stopped.
    }
  }
  open = [];
  return response;
}

test("the routes below are those of the document", async () => {
  const response = await exports.default.fetch("https://hunt.example/openapi.json");
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
  const declared = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(Object.keys(ROUTES).sort()).toEqual(declared.sort());
});

test("without a restart every request below succeeds", { timeout: 60_000 }, async () => {
  for (const [route, requests] of Object.entries(ROUTES)) {
    for (const [index, request] of requests.entries()) {
      asked += 1;
      const { status } = await send(await request());
      expect([101, 200, 201, 202], `${route} ${index}: ${status}`).toContain(status);
    }
  }
});

describe.each(Object.keys(CLASSES))("[FAULT-12] when %s stops", (name) => {
  test.each<Stop>(["after its first call", "at every call"])(
    "%s, every route succeeds or says when to come back",
    { timeout: 60_000 },
    async (stop) => {
      const prototype = CLASSES[name]?.prototype ?? {};
      const wrong: string[] = [];
      let stops = 0;
      for (const [route, requests] of Object.entries(ROUTES)) {
        for (const [index, request] of requests.entries()) {
          asked += 1;
          const valid = await request();
          await env.CACHE.delete(publicKey(HUNT));
          const stopped = stopping(prototype, stop);
          const { status, headers } = await send(valid);
          const type = headers.get("Content-Type");
          const retry = headers.get("Retry-After");
          stops += stopped();
          vi.restoreAllMocks();
          const succeeded = [101, 200, 201, 202].includes(status);
          // Readiness is its response, not a problem.
          const unready = route === "GET /readyz" && status === 503;
          const comeBack = status === 503 && type === "application/problem+json" && retry !== null;
          if (!succeeded && !unready && !comeBack)
            wrong.push(`${route} ${index}: ${status} ${type} ${retry}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(stops, "it was stopped under some route").toBeGreaterThan(0);
    },
  );
});
