/**
 * Random requests and frames, made from the engine's own OpenAPI document: good
 * ones, and good ones with faults, on hunts of several phases, with tokens of
 * each kind.
 *
 *   SEED=7 FUZZ=1000000 npm test -- test/contract/fuzz
 *
 * FUZZ is the number of requests (10,000 without it), SEED tries others: a
 * request follows from the seed and its number.
 */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Pool } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, startEngine } from "../../../scripts/local/engine.ts";
import { mintOpsToken } from "../../../scripts/local/secrets.ts";
import { seeded } from "../../hunt/random.ts";
import { answerOf, Client, linesOf, type Player, sleep } from "../client.ts";
import { everyOutcome, PIER, SECRET_ANSWER } from "../hunts.ts";
import { Socket, ticketOf } from "../socket.ts";
import { bytesOf, type Member, Requests, type Sent, type World } from "./requests.ts";
import { ANSWER_WITHIN, exchange, Hang, type RawResponse } from "./wire.ts";

const SEED = Number(process.env.SEED ?? 20_261_129);
const REQUESTS = Number(process.env.FUZZ ?? 10_000);

/** After so many requests the hunts are verified and others take their place, so that none grows without end. */
const PER_WORLD = 10_000;
/** Sent at the same time. */
const AT_ONCE = 16;
/** A frame for so many requests. */
const REQUESTS_PER_FRAME = 5;
const FRAMES_PER_SOCKET = 25;
/** How long one request may take on average; the whole run's limit follows from it, ms. */
const MEAN_MAX = 12;
/** Failures that are told. */
const TOLD = 15;

/** What only the hunt's author, or its owner, may ever see. */
const CANARIES = {
  answer: "fuzz canary answer okapi",
  hint: "Fuzz canary hint: tapir.",
  locked: "Fuzz canary body of a locked clue: saola.",
  code: "FUZZ-CANARY-CODE-quoll",
  prizeCode: "FUZZ-CANARY-PRIZE-kiwi",
};

/** Traces of what runs inside. */
const INSIDE =
  /\n\s+at |node_modules|\.ts:\d|worker\.js|(?:Type|Range|Reference|Syntax|Zod)Error|SQLITE_|DurableObject/;

/** What workerd itself says to bytes that are no HTTP, before the engine sees them. */
const OF_PLATFORM = [400, 405, 411, 413, 414, 417, 426, 431, 501];

/** workerd closes a connection on which more than this of a body is left unread, and the response may be lost with it. */
const UNREAD_MAX = 30_000;
const CUT = /ContentLengthMismatch|SocketError|ECONNRESET|EPIPE|other side closed/;

interface Failure {
  kind: string;
  index: number;
  about: string;
}

let engine: Engine;
let client: Client;
let requests: Requests;
let pool: Pool;
let opsToken: string;
const logged: string[] = [];
const failures: Failure[] = [];
const statuses = new Map<number, number>();

beforeAll(async () => {
  engine = await startEngine({
    vars: { RATE_LIMITS: "off" },
    log: (level, text) => {
      // An import may have lines of the future; when its hunt then goes live, that is put right, and told.
      const isPutRight = text.includes("the phase had times ahead of the clock");
      if ((level === "error" || level === "warn") && !isPutRight) logged.push(text);
    },
  });
  client = await Client.of(engine);
  opsToken = await mintOpsToken(engine.secrets);
  const schema = await client.call<object>("GET", "/schema/hunt.json");
  requests = new Requests(client.document, schema.body);
  pool = new Pool(engine.url.origin, {
    connections: AT_ONCE,
    headersTimeout: ANSWER_WITHIN,
    bodyTimeout: ANSWER_WITHIN,
  });
});
afterAll(async () => {
  await pool.destroy();
  await engine.stop();
});

/** The clues that the requests know, one that they do not, and a prize that nobody can win. */
const definition = {
  ...(everyOutcome({
    attempts: { burst: 200, refillPerMinute: 200, perClue: 0 },
    prizes: [
      { id: "voucher", title: "A voucher", mode: "first-come", stock: 5 },
      { id: "lantern", title: "A lantern", mode: "odds", odds: 0.2, stock: 5 },
      {
        id: "sealed",
        title: "Never won",
        mode: "first-come",
        stock: 1,
        codes: [CANARIES.prizeCode],
        requires: { solved: "fort" },
      },
    ],
  }) as { clues: object[] }),
};
definition.clues = [
  ...definition.clues,
  {
    id: "fort",
    round: "one",
    title: "The Fort",
    kind: "answer",
    points: 10,
    answers: [CANARIES.answer],
    hints: [{ id: "canary", text: CANARIES.hint, cost: 5 }],
  },
  {
    id: "cell",
    round: "one",
    title: "The Cell",
    body: CANARIES.locked,
    kind: "scan",
    points: 10,
    code: CANARIES.code,
    opens: { solved: "fort" },
  },
];

/** Hunts of their own, and what must not be seen of them. */
async function makeWorld(
  generation: number,
): Promise<{ world: World; hunts: string[]; secrets: Map<string, string> }> {
  const named = (name: string): string => `fuzz-${name}-${generation}`;
  const [live, paused, ended, draft, wild, imported] = [
    "live",
    "paused",
    "ended",
    "draft",
    "wild",
    "imported",
  ].map(named) as [string, string, string, string, string, string];
  const members: Member[] = [];
  const spared: Member[] = [];
  const codes: string[] = [];
  const signedOut: Player[] = [];
  const memberOf = ({ hunt, token, team }: Player): Member => ({ hunt, token, team: team.id });
  for (const hunt of [live, paused, ended, wild]) {
    await client.publish(hunt, definition);
    const first = await client.team(hunt, "First");
    const joined = await client.join(hunt, { name: "Mate", team: { join: first.team.joinCode ?? "" } });
    const second = await client.team(hunt, "Second");
    members.push(...[first, joined, second].map(memberOf));
    codes.push(second.team.joinCode ?? "");
    const banned = await client.team(hunt, "To be banned");
    spared.push(memberOf(banned));
    signedOut.push(banned);
  }
  for (const hunt of [draft, imported]) await client.publish(hunt, definition, "draft");
  const victim = await client.team(live, "Victims");
  await client.setPhase(paused, "paused");
  await client.setPhase(ended, "ended");
  const ticket = await ticketOf(client, victim);
  const world: World = {
    hunts: {
      played: [live, live, live, live, paused, ended, draft, wild, "no-such-hunt"],
      changed: [wild, wild, draft, ...[0, 1].map((index) => named(`new${index}`))],
      imported: [imported, imported, draft, live, "no-such-hunt"],
    },
    members,
    spared,
    definitions: [definition, { ...definition, title: "Another title" }, everyOutcome()],
    organiser: client.organiserToken,
    otherTokens: [ticket, opsToken],
    known: {
      clue: ["cave", "chest", "pier", "flag", "vault", "end", "none"],
      hint: ["free", "late", "dear", "none"],
      prize: ["voucher", "lantern", "none"],
      shard: ["weur-0", "weur-0", "weur-999", "none"],
      seq: ["1", "2", "3", "999999", "0", "none"],
      digest: ["A".repeat(22), "none"],
      page: ["rules", "none"],
      name: ["a.png", "folder/a.txt", "none"],
      answer: [SECRET_ANSWER, "sesame", "blue", "red", "gold", "treasure", "wrong", ""],
      join: [...codes, "WEUR0-1AX7K2QM", "X"],
      create: ["First", "Owls", "Ｏｗｌｓ", "Ab Cd"],
      lat: [PIER.lat, PIER.lat, 90, -90, 0],
      lng: [PIER.lng, PIER.lng, 180, -180, 0],
      accuracy: [PIER.accuracy, 0, 1_000_000],
      id: Array.from({ length: 200 }, (_, index) => `e${index}`),
      team: ["First", "Owls", "Team of an import"],
      at: [new Date().toISOString(), "2026-06-06T20:30:00+02:00", "2040-01-01T00:00:00Z"],
      around: members.map(({ team }) => team),
      shardsPerRegion: [1, 2, 3],
      player: [...signedOut.map(({ id }) => id), "p-none"],
      returnCode: [...signedOut.map(({ returnCode }) => returnCode), "WEUR0-001EX7-K2QM4T-VB9ZCQ", "X"],
      minutes: [0, 5, 60],
      since: ["0.0", "k3v9.42"],
    },
  };
  const key = (ring: string): string => (ring.split(",")[0]?.split(":")[1] ?? "").slice(0, 24);
  const secrets = new Map([
    ...Object.entries(CANARIES),
    ["another's token", victim.token],
    ["another's join code", victim.team.joinCode ?? ""],
    ["another's return code", victim.returnCode],
    ...Object.entries(engine.secrets).map(([name, ring]) => [name, key(String(ring))] as [string, string]),
  ]);
  return { world, hunts: [live, paused, ended, draft, wild, imported], secrets };
}

/** Of these an organiser's responses are free. */
const ORGANISERS_OWN = [...Object.keys(CANARIES), "another's join code"];

async function send(sent: Sent): Promise<RawResponse | undefined> {
  if (sent.framing !== "length") {
    const ends = sent.framing === "long" || sent.framing === "cut" || sent.framing === "broken";
    return exchange(engine.url, bytesOf(sent, engine.url.host), {
      close: ends,
      bodiless: sent.method === "HEAD",
    });
  }
  const response = await pool.request({
    method: sent.method,
    path: sent.target,
    headers: sent.headers.flat(),
    body: sent.body ?? null,
  });
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, one);
  }
  return { status: response.statusCode, headers, body: Buffer.from(await response.body.bytes()) };
}

function textOf({ headers, body }: RawResponse): string {
  const encoding = headers.get("content-encoding");
  if (body.length === 0 || encoding === null) return body.toString();
  return (encoding === "br" ? brotliDecompressSync(body) : gunzipSync(body)).toString();
}

/** What is wrong with the response; undefined: nothing. */
function faultOf(
  sent: Sent,
  response: RawResponse | undefined,
  secrets: Map<string, string>,
): string | undefined {
  if (!response) return sent.malformed ? undefined : "closed without a response";
  const { status, headers } = response;
  const text = textOf(response);
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (INSIDE.test(text) && !sent.target.includes("openapi")) return "tells of what runs inside";
  // What is wrong with a definition is told to its author, in its own words.
  const free = sent.organiser && (status < 300 || sent.operation.startsWith("PUT ")) ? ORGANISERS_OWN : [];
  const all = `${text}\n${JSON.stringify([...headers])}`.toLowerCase();
  for (const [name, secret] of secrets) {
    if (all.includes(secret.toLowerCase()) && !free.includes(name)) return `a secret: ${name}`;
  }
  if (headers.has("x-injected")) return "a header of the client's making";
  if (!headers.has("x-request-id")) {
    if (sent.malformed && OF_PLATFORM.includes(status) && text.length < 200) return undefined;
    // A page or one of its files: served before the engine.
    if (status < 400 && /^\/+$/.test(new URL(sent.target, engine.url).pathname)) return undefined;
    return `${status} without a request id`;
  }
  if (status >= 500 && (status !== 503 || !headers.has("retry-after"))) return `${status}`;
  if (sent.method === "HEAD" || sent.method === "OPTIONS") return undefined;
  // Who asks for a page gets one, with a way on [WEB-24].
  const isPage = headers.get("content-type")?.startsWith("text/html") === true;
  if (status === 404 && isPage && !sent.target.startsWith("/v1")) return undefined;
  // Whether `..` of a path is resolved is a matter of what stands before the engine; if it is not, there is no such route.
  const path = status === 404 && sent.target.includes("/..") ? "/no-such-route" : sent.target;
  try {
    client.check(sent.method, path, answerOf(status, headers, text));
    return undefined;
  } catch (error) {
    // Bytes behind the request are another one to the server, which refuses it and closes, and so it does where much of a
    // body is not read: that may cut a long response.
    const closes = sent.malformed || (sent.body?.length ?? 0) > UNREAD_MAX;
    if (closes && error instanceof SyntaxError) return undefined;
    return `not as documented: ${String((error as Error).message)
      .split("\n")[0]
      ?.slice(0, 160)}`;
  }
}

async function tryOne(sent: Sent, secrets: Map<string, string>, again = false): Promise<string | undefined> {
  try {
    return faultOf(sent, await send(sent), secrets);
  } catch (error) {
    const { name, message } = error as Error;
    if (CUT.test(`${name} ${message}`)) {
      if ((sent.body?.length ?? 0) > UNREAD_MAX) return undefined;
      // The request before it on the connection may have been such a one.
      if (!again) return tryOne(sent, secrets, true);
    }
    if (error instanceof Hang || /Timeout/.test(name)) return `no response in ${ANSWER_WITHIN} ms`;
    return `${name}: ${message.slice(0, 200)}`;
  }
}

const numbersOf = (index: number) => seeded((Math.imul(SEED + 1, 0x9e3779b1) + index) | 0);

/** A smaller request that fails alike: parts are left out as long as it does. */
async function shrink(sent: Sent, kind: string, secrets: Map<string, string>): Promise<Sent> {
  let smallest = sent;
  for (let again = true, tries = 0; again && tries < 60; ) {
    again = false;
    const { headers, body, target } = smallest;
    const smaller: Sent[] = [
      ...(target.includes("?") ? [{ ...smallest, target: target.slice(0, target.indexOf("?")) }] : []),
      ...headers.map((_, index) => ({ ...smallest, headers: headers.toSpliced(index, 1) })),
      ...(body ? [{ ...smallest, body: undefined }] : []),
      ...(body && body.length > 1
        ? [
            { ...smallest, body: body.subarray(0, body.length >> 1) },
            { ...smallest, body: body.subarray(body.length >> 1) },
          ]
        : []),
    ];
    for (const one of smaller) {
      tries += 1;
      if ((await tryOne(one, secrets)) !== kind) continue;
      smallest = one;
      again = true;
      break;
    }
  }
  return smallest;
}

function describe({ method, target, headers, body, framing }: Sent): string {
  const shown = headers.map(([name, value]) => `${name}: ${value.slice(0, 60)}`).join(" | ");
  return `${method} ${target.slice(0, 300)} [${shown}] ${framing} ${JSON.stringify(body?.toString("latin1") ?? "").slice(0, 600)}`;
}

async function fuzzRequests(
  from: number,
  to: number,
  world: World,
  secrets: Map<string, string>,
): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to && failures.length < 500) {
      const index = next++;
      const sent = requests.make(numbersOf(index), world);
      const kind = await tryOne(sent, secrets);
      if (kind === undefined) continue;
      const known = failures.some((failure) => failure.kind === `${sent.operation}: ${kind}`);
      const smallest = known ? sent : await shrink(sent, kind, secrets);
      failures.push({ kind: `${sent.operation}: ${kind}`, index, about: describe(smallest) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Sends frames over sockets of a player and a spectator by turns; each socket must still respond or be closed. */
async function fuzzFrames(
  from: number,
  to: number,
  world: World,
  secrets: Map<string, string>,
): Promise<number> {
  let told = 0;
  const [live = ""] = world.hunts.played;
  const member = world.members.find(({ hunt }) => hunt === live) as Member;
  for (let index = from; index < to; ) {
    const asPlayer = (index / FRAMES_PER_SOCKET) % 2 < 1;
    const ticket = asPlayer
      ? (await client.call<{ ticket: string }>("POST", `/v1/hunts/${live}/tickets`, { token: member.token }))
          .body.ticket
      : undefined;
    // A request beside it may have signed the player out since the ticket was made; a spectator is never refused.
    const opening = Socket.open(client, live, ticket);
    const socket = ticket === undefined ? await opening : await opening.catch(() => undefined);
    if (!socket) {
      index += FRAMES_PER_SOCKET;
      continue;
    }
    const frames: string[] = [];
    for (const end = Math.min(index + FRAMES_PER_SOCKET, to); index < end && !socket.closed; index += 1) {
      const frame = requests.frame(numbersOf(0x40000000 + index), world);
      frames.push(typeof frame === "string" ? frame : Buffer.from(frame).toString("latin1"));
      try {
        socket.send(frame as string);
      } catch {
        break; // it is closing
      }
      // Sixteen may be under way.
      if (frames.length % 8 === 0) await sleep(5);
    }
    const about = `frames up to ${index}: ${JSON.stringify(frames).slice(0, 1_500)}`;
    const marker = `marker-${index}`;
    try {
      socket.send({ ping: marker });
    } catch {
      // Closed: that is a reply as well.
    }
    const deadline = Date.now() + ANSWER_WITHIN;
    const replied = () => socket.closed || socket.frames.some(({ pong }) => pong === marker);
    while (!replied() && Date.now() < deadline) await sleep(5);
    if (!replied()) failures.push({ kind: "frames: no reply", index, about });
    const all = JSON.stringify(socket.frames).toLowerCase();
    for (const [name, secret] of secrets) {
      if (all.includes(secret.toLowerCase()))
        failures.push({ kind: `frames: a secret: ${name}`, index, about });
    }
    if (INSIDE.test(all)) failures.push({ kind: "frames: tells of what runs inside", index, about });
    told += socket.frames.length;
    await socket
      .close()
      .catch((error: Error) => failures.push({ kind: `frames: ${error.message}`, index, about }));
  }
  return told;
}

test(`[SEC-120] [SEC-121] ${REQUESTS} random requests, and frames beside them, by the document`, {
  timeout: 120_000 + REQUESTS * MEAN_MAX,
}, async () => {
  process.stdout.write(`fuzz: SEED=${SEED} FUZZ=${REQUESTS}\n`);
  let frames = 0;
  for (let from = 0; from < REQUESTS; from += PER_WORLD) {
    const to = Math.min(from + PER_WORLD, REQUESTS);
    const { world, hunts, secrets } = await makeWorld(from / PER_WORLD);
    const [, told] = await Promise.all([
      fuzzRequests(from, to, world, secrets),
      fuzzFrames(Math.floor(from / REQUESTS_PER_FRAME), Math.floor(to / REQUESTS_PER_FRAME), world, secrets),
    ]);
    frames += told;
    expect((await client.call("GET", "/readyz")).status).toBe(200);
    for (const hunt of hunts) await client.verify(hunt);
    for (const hunt of hunts)
      linesOf((await client.organise<string>("GET", `/v1/hunts/${hunt}/export`)).text);
    if (failures.length > 0) break;
  }
  const kinds = Map.groupBy(failures, ({ kind }) => kind);
  const report = [...kinds].slice(0, TOLD).map(([kind, all]) => {
    const [{ index, about }] = all.sort((a, b) => a.about.length - b.about.length) as [Failure];
    return `${kind} (${all.length} times), e.g. SEED=${SEED} request ${index}: ${about}`;
  });
  expect(report).toEqual([]);
  // It got behind the checks, and it was refused as well.
  const count = (least: number, most: number) =>
    [...statuses]
      .filter(([status]) => status >= least && status < most)
      .reduce((sum, [, times]) => sum + times, 0);
  process.stdout.write(
    `fuzz: ${JSON.stringify(Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))}, ${frames} frames\n`,
  );
  expect(count(200, 300)).toBeGreaterThan(REQUESTS / 10);
  expect(count(400, 500)).toBeGreaterThan(REQUESTS / 10);
  expect(frames).toBeGreaterThan(REQUESTS / REQUESTS_PER_FRAME / 4);
  // An import may be dated ahead; what is recorded after it says so.
  expect(logged.filter((text) => !text.includes("the clock went back"))).toEqual([]);
});

test("[SEC-120] a request follows from the seed and its number", () => {
  const world: World = {
    hunts: { played: ["a"], changed: ["b"], imported: ["c"] },
    members: [{ hunt: "a", token: "t.t.t", team: "team" }],
    spared: [{ hunt: "a", token: "t.t.t", team: "team" }],
    definitions: [definition],
    organiser: "o.o.o",
    otherTokens: ["x.x.x"],
    known: {},
  };
  for (let index = 0; index < 200; index += 1) {
    expect(requests.make(numbersOf(index), world)).toEqual(requests.make(numbersOf(index), world));
  }
  // Each operation has its turn.
  const met = new Set(
    Array.from({ length: 3_000 }, (_, index) => requests.make(numbersOf(index), world).operation),
  );
  expect([...met].sort()).toEqual(requests.operations.map(({ name }) => name).sort());
});
