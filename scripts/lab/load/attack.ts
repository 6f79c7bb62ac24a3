/**
 * An attacker of the siege: one address and one team that flood the engine by
 * every means, as an open loop. What became of each means is counted.
 */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool, WebSocket } from "undici";
import type { Ticket } from "../../../src/contract/live.ts";
import { below, type Chance } from "../measure/chance.ts";
import { arrivals, atTheirTimes } from "../measure/open-loop.ts";

/** Connections of the attacker. */
const CONNECTIONS = 64;

/** Bodies that never end, at the same time. */
const SLOW_BODIES = 20;

/** Sockets that flood frames, at the same time. */
const SOCKETS = 5;
const FRAMES_AT_ONCE = 50;

/** How long the attacker waits for a response, ms. */
const PATIENCE = 10_000;

export interface Attacked {
  origin: string;
  hunt: string;
  /** Of the attacker's player. */
  token: string;
  address: string;
  random: Chance;
}

interface Blow {
  method: "GET" | "POST";
  path: string;
  token?: string;
  body?: string;
  headers?: Record<string, string>;
}

/** What expands to eighteen characters each when it is normalised (U+FDFA). */
const EXPANDING = "\u{fdfa}".repeat(1_000);

/** The means, by name. `number` is another one each time. */
const MEANS: Record<string, (attacked: Attacked, number: number) => Blow> = {
  join: ({ hunt }, number) =>
    post(`/v1/hunts/${hunt}/players`, {
      name: `Throw-away ${number}`,
      team: { create: `Throw-away ${number}` },
    }),
  "join by guessed code": ({ hunt, random }, number) =>
    post(`/v1/hunts/${hunt}/players`, {
      name: `Guest ${number}`,
      team: { join: `WEUR${below(random, 999)}-1${randomCode(random)}` },
    }),
  "wrong answers": (attacked, number) =>
    batch(attacked, number, (index) => ({ answer: `guess ${number} ${index}` })),
  nudges: (attacked, number) => batch(attacked, number, () => ({ answer: "nearly" })),
  "expensive answers": (attacked, number) => batch(attacked, number, () => ({ answer: EXPANDING }), 1),
  "check-ins": (attacked, number) =>
    batch(attacked, number, (index) => ({
      type: "checkin",
      clue: "pier",
      position: { lat: 53 + index / 1_000, lng: 10, accuracy: 10 },
    })),
  "unknown codes": (attacked, number) =>
    batch(attacked, number, (index) => ({ type: "scan", code: `code ${number} ${index}` })),
  "own page": ({ hunt, token }) => ({ method: "GET", path: `/v1/hunts/${hunt}/me`, token }),
  tickets: ({ hunt, token }) => ({ ...post(`/v1/hunts/${hunt}/tickets`, {}), token }),
  "unknown hunts": (_, number) => ({ method: "GET", path: `/v1/hunts/no-such-hunt-${number}` }),
  "unknown histories": ({ hunt, random }, number) => ({
    method: "GET",
    path: `/v1/hunts/${hunt}/leaderboard/weur-${below(random, 999)}-${number.toString(36)}-abcde/history`,
  }),
  "bad tokens": ({ hunt }) => ({
    method: "GET",
    path: `/v1/hunts/${hunt}/me`,
    token: "eyJhbGciOiJub25lIn0.e30.",
  }),
  "large bodies": ({ hunt }) => post(`/v1/hunts/${hunt}/players`, { name: "x".repeat(200_000) }),
  "organiser's routes": ({ hunt, token }) => ({ method: "GET", path: `/v1/hunts/${hunt}/export`, token }),
};

const post = (path: string, body: object): Blow => ({
  method: "POST",
  path,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

function batch(
  { hunt, token }: Attacked,
  number: number,
  event: (index: number) => object,
  length = 100,
): Blow {
  const events = Array.from({ length }, (_, index) => ({
    id: `x-${number}-${index}`,
    type: "answer",
    clue: "clue-0",
    ...event(index),
  }));
  return { ...post(`/v1/hunts/${hunt}/events`, { events }), token };
}

const randomCode = (random: Chance): string =>
  Array.from({ length: 6 }, () => "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[below(random, 32)]).join("");

/** Attacks for `seconds` at `rate` requests a second. Gives how often each means ended with which status. */
export async function attack(
  attacked: Attacked,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<Map<string, Map<string, number>>> {
  const { origin, address, random } = attacked;
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const ended = new Map<string, Map<string, number>>();
  const count = (means: string, status: string): void => {
    const own = ended.get(means) ?? new Map<string, number>();
    own.set(status, (own.get(status) ?? 0) + 1);
    ended.set(means, own);
  };
  const over = AbortSignal.timeout(Math.round(seconds * 1_000));
  const beside = [
    ...Array.from({ length: SLOW_BODIES }, () => trickle(attacked, over)),
    ...Array.from({ length: SOCKETS }, () => floodFrames(attacked, pool, over, count)),
  ];
  const names = Object.keys(MEANS);
  let number = Math.floor(random() * 1e9);
  await atTheirTimes(arrivals(rate, seconds, random), async () => {
    number += 1;
    const name = names[number % names.length] ?? "";
    const blow = MEANS[name]?.(attacked, number);
    if (!blow) return;
    try {
      const { statusCode, body } = await pool.request({
        method: blow.method,
        path: blow.path,
        headers: {
          "cf-connecting-ip": address,
          ...blow.headers,
          ...(blow.token === undefined ? {} : { authorization: `Bearer ${blow.token}` }),
        },
        body: blow.body ?? null,
        signal: AbortSignal.timeout(PATIENCE),
      });
      await body.dump();
      count(name, String(statusCode));
    } catch (error) {
      count(name, (error as Error).name);
    }
  });
  await Promise.all(beside);
  await pool.destroy();
  return ended;
}

/** Sends a byte of a body a second, on a connection of its own. */
async function trickle({ origin, hunt, address }: Attacked, over: AbortSignal): Promise<void> {
  const { hostname, port, host } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined); // the engine closed it, as it should
  socket.write(
    `POST /v1/hunts/${hunt}/players HTTP/1.1\r\nhost: ${host}\r\ncf-connecting-ip: ${address}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
  );
  while (!over.aborted && !socket.destroyed) {
    socket.write(" ");
    await sleep(1_000);
  }
  socket.destroy();
}

/** Opens sockets and floods them with frames. */
async function floodFrames(
  { origin, hunt, token, address }: Attacked,
  pool: Pool,
  over: AbortSignal,
  count: (means: string, status: string) => void,
): Promise<void> {
  let frame = 0;
  while (!over.aborted) {
    await sleep(200);
    try {
      const response = await pool.request({
        method: "POST",
        path: `/v1/hunts/${hunt}/tickets`,
        headers: { authorization: `Bearer ${token}`, "cf-connecting-ip": address },
      });
      const text = await response.body.text();
      if (response.statusCode !== 201 && response.statusCode !== 200) continue;
      const url = new URL(`/v1/hunts/${hunt}/live`, origin.replace(/^http/, "ws"));
      url.searchParams.set("ticket", (JSON.parse(text) as Ticket).ticket);
      const socket = new WebSocket(url, { headers: { "cf-connecting-ip": address } });
      const closed = new Promise<void>((done) => {
        socket.addEventListener("close", ({ code }) => {
          count("frames", `closed ${code}`);
          done();
        });
        socket.addEventListener("error", () => done());
      });
      socket.addEventListener("open", () => {
        for (let sent = 0; sent < FRAMES_AT_ONCE; sent += 1) {
          frame += 1;
          const events = [
            { id: `f-${Date.now()}-${frame}`, type: "answer", clue: "clue-1", answer: `frame ${frame}` },
          ];
          socket.send(JSON.stringify({ events }));
        }
      });
      await Promise.race([closed, sleep(2_000)]);
      socket.close();
    } catch (error) {
      count("frames", (error as Error).name);
    }
  }
}
